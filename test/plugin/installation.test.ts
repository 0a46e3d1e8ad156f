import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { movableClock, Refusal } from '../../core/base/index.ts';
import { migrate } from '../../core/db/index.ts';
import { type Law, loadLaw } from '../../core/law/index.ts';
import { checkInstallation, loadPlugins, rememberOperator } from '../../core/plugin/index.ts';
import { moscow } from '../support/app.ts';
import { allMigrations, cloneDatabase } from '../support/database.ts';

const policies = fileURLToPath(new URL('../../policies/', import.meta.url));
const clock = movableClock(moscow('2026-05-05T10:00'));

async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then(
    () => null,
    (reason) => reason,
  );
  if (error instanceof Refusal) return error;
  throw error ?? new Error('Nothing was refused.');
}

describe('whose installation it is', () => {
  let folder: string;
  let db: Awaited<ReturnType<typeof cloneDatabase>>;
  let qsockets: Law;

  /** Another operator, made of the same pack, with the plugins that are named. */
  async function another(id: string, plugins: string[]): Promise<Law> {
    const pack = join(folder, 'operators', id);
    cpSync(join(policies, 'operators/qsockets'), pack, { recursive: true });
    const file = join(pack, 'operator.yaml');
    const text = readFileSync(file, 'utf8')
      .replace(/^id: .*/m, `id: ${id}`)
      .replace(/^plugins: \[.*\]/m, `plugins: [${plugins.join(', ')}]`);
    writeFileSync(file, text);
    return loadLaw({ root: pathToFileURL(`${folder}/`), operator: id });
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'srok-packs-'));
    cpSync(policies, folder, { recursive: true });
    qsockets = await loadLaw({ root: pathToFileURL(`${folder}/`), operator: 'qsockets' });
    db = await cloneDatabase({ plugins: ['notification'] });
  });
  after(async () => {
    await db?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is written down at the first start, and stays', async () => {
    const first = await another('first', ['notification']);
    await checkInstallation(db.db, first);
    await rememberOperator(db.db, { clock, law: first, home: folder });
    await checkInstallation(db.db, first);
    await rememberOperator(db.db, { clock, law: first, home: folder });
    expect(await db.db('core.installation').pluck('operator')).to.deep.equal(['first']);
    expect(readFileSync(join(folder, 'operator'), 'utf8')).to.equal('first\n');
  });

  it('is not given to another operator: it is said whose it is, and nothing changes', async () => {
    const second = await another('second', ['notification']);
    const refusal = await refusalOf(checkInstallation(db.db, second));
    expect(refusal.code).to.equal('installation.other-operator');
    expect(refusal.message).to.include('belongs to the operator first, not to second').and.include('--operator first');
    // Also when both began at once and the other was faster.
    expect((await refusalOf(rememberOperator(db.db, { clock, law: second, home: folder }))).code).to.equal(
      refusal.code,
    );
    expect(await db.db('core.installation').pluck('operator')).to.deep.equal(['first']);
  });

  it('a plugin that has left data there cannot be left out of the pack', async () => {
    await migrate(db.db, allMigrations(['billing', 'notification']));
    const refusal = await refusalOf(checkInstallation(db.db, await another('first', ['notification'])));
    expect(refusal.code).to.equal('installation.plugin-left-out');
    expect(refusal.message).to.include('billing');
    await checkInstallation(db.db, await another('first', ['notification', 'billing']));
  });

  it('an empty database belongs to nobody yet', async () => {
    const empty = await cloneDatabase({ plugins: [] });
    try {
      await empty.db.raw('drop schema core cascade');
      await checkInstallation(empty.db, qsockets);
      const { rows } = await empty.db.raw("select 1 from information_schema.schemata where schema_name = 'core'");
      expect(rows).to.deep.equal([]);
    } finally {
      await empty.drop();
    }
  });
});

describe('the plugins of an operator', () => {
  const root = new URL('../../plugins/', import.meta.url);

  it('are those its pack lists, and no other', async () => {
    const names = async (listed: string[]) => (await loadPlugins(root, listed)).map(({ name }) => name);
    expect(await names(['notification'])).to.deep.equal(['notification']);
    expect(await names(['relay', 'notification', 'billing'])).to.deep.equal(['billing', 'notification', 'relay']);
    expect(await names([])).to.deep.equal([]);
  });

  it('one without a folder is refused by its name', async () => {
    const refusal = await refusalOf(loadPlugins(root, ['telepathy']));
    expect(refusal.message).to.equal('plugins/telepathy: there is no such folder.');
  });

  it('every one that the packs may list is there, and every one that is there may be listed', async () => {
    const listed = readFileSync(join(policies, 'taxonomy/plugins.yaml'), 'utf8').matchAll(/\bid: (\w+)/g);
    const plugins = await loadPlugins(
      root,
      [...listed].map(([, id]) => id as string),
    );
    expect(plugins.map(({ name }) => name)).to.deep.equal(
      allMigrations()
        .map(({ prefix }) => prefix)
        .filter((prefix) => prefix !== 'core')
        .sort(),
    );
  });
});
