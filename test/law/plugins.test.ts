import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type Document, parseDocument } from 'yaml';
import { Refusal } from '../../core/base/index.ts';
import { type Law, loadLaw, type PolicyError, sectionOf } from '../../core/law/index.ts';

const own = 'operators/qsockets';

describe('the plugins of a pack', () => {
  let root: string;
  before(() => {
    root = join(mkdtempSync(join(tmpdir(), 'srok-plugins-')), 'policies');
    cpSync(fileURLToPath(new URL('../../policies/', import.meta.url)), root, { recursive: true });
  });
  after(() => rmSync(join(root, '..'), { recursive: true, force: true }));

  /** Loads the pack with these files changed, and puts them back. */
  async function loaded(changes: Record<string, (file: Document) => void>): Promise<Law> {
    const before = Object.keys(changes).map((name) => [name, readFileSync(join(root, own, name), 'utf8')] as const);
    try {
      for (const [name, text] of before) {
        const document = parseDocument(text);
        changes[name]?.(document);
        writeFileSync(join(root, own, name), document.toString());
      }
      return await loadLaw({ root, operator: 'qsockets' });
    } finally {
      for (const [name, text] of before) writeFileSync(join(root, own, name), text);
    }
  }
  const refusal = (changes: Record<string, (file: Document) => void>): Promise<string> =>
    loaded(changes).then(
      () => 'nothing',
      (error: PolicyError) => error.message,
    );
  const plugins =
    (...names: string[]) =>
    (file: Document) =>
      file.set('plugins', file.createNode(names));
  const without = (section: string) => (file: Document) => void file.delete(section);

  it('are known ones: another name is refused, with the nearest', async () => {
    expect(await refusal({ 'operator.yaml': plugins('relay', 'biling', 'notification') })).to.match(
      /^policies\/operators\/qsockets\/operator\.yaml:\d+: plugins: unknown plugin "biling"; near: billing$/,
    );
  });

  it('have the sections they cannot work without', async () => {
    for (const [plugin, section] of [
      ['relay', 'limits'],
      ['relay', 'log_access'],
      ['relay', 'recovery'],
      ['billing', 'paid_period_notices'],
    ] as const) {
      expect(await refusal({ 'process.yaml': without(section) }), section).to.match(
        new RegExp(`process\\.yaml:\\d+: missing "${section}", which the plugin "${plugin}" needs`),
      );
    }
    const unpriced = {
      'plans.yaml': (file: Document) => {
        file.contents = file.createNode([]) as never;
      },
    };
    expect(await refusal(unpriced)).to.match(
      /operator\.yaml:\d+: plugins: "\w+" needs at least one plan in plans\.yaml$/,
    );
  });

  it('need none of the sections that only others need', async () => {
    const law = await loaded({
      'operator.yaml': plugins('notification'),
      'process.yaml': (file) => {
        for (const section of ['limits', 'log_access', 'recovery', 'paid_period_notices', 'inactivity'])
          without(section)(file);
      },
    });
    const { limits, logAccess, recovery, paidPeriodNotices, inactivity } = law.operator;
    expect([limits, logAccess, recovery, paidPeriodNotices, inactivity]).to.deep.equal([null, null, null, null, null]);
    expect(() => sectionOf(law.operator, 'logAccess'))
      .to.throw(Refusal, 'В пакете оператора qsockets нет раздела log_access (process.yaml).')
      .with.property('code', 'law.no-section');
  });

  it('belong to the operator whose folder it is', async () => {
    expect(await refusal({ 'operator.yaml': (file) => file.set('id', 'other') })).to.match(
      /operator\.yaml:\d+: id: must be the name of the folder, not "other"$/,
    );
  });
});
