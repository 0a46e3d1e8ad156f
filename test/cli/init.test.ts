import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { createPerson } from '../../core/cli/demo/client.ts';
import { checkPolicies, loadLaw } from '../../core/law/index.ts';
import { startApp } from '../support/app.ts';
import { type Said, srok } from './run.ts';

const source = fileURLToPath(new URL('../../policies/', import.meta.url));
const today = Temporal.PlainDate.from('2026-11-20');

describe('a new operator', () => {
  let policies: string;

  before(() => {
    policies = join(mkdtempSync(join(tmpdir(), 'srok-init-')), 'policies');
    cpSync(source, policies, { recursive: true });
    // One operator beside the new ones is enough to be checked with them.
    for (const name of ['activecloud', 'chat2desk', 'x-keeper']) {
      rmSync(join(policies, 'operators', name), { recursive: true });
    }
  });
  after(() => rmSync(join(policies, '..'), { recursive: true, force: true }));

  const init = (...args: string[]): Promise<Said> => srok(['init', ...args], { env: { SROK_POLICIES: policies } });
  const packs = (): string[] => readdirSync(join(policies, 'operators')).sort();
  const left = (): string[] => readdirSync(policies).filter((name) => name.startsWith('.'));
  const findings = async (operator: string) =>
    (await loadLaw({ root: policies, operator }))
      .lint(today)
      .filter(({ severity, settled }) => severity === 'error' && !settled)
      .map(({ id }) => id);

  it('gets a pack that says what its owner has to fill in, and nothing else is wrong with it', async () => {
    const { code, out, err } = await init('romashka', '--json');
    expect(code, err).to.equal(0);
    const made = JSON.parse(out);
    expect(made).to.include({ operator: 'romashka', folder: join(policies, 'operators/romashka') });
    expect(readdirSync(made.folder).sort()).to.deep.equal(made.files);
    const waiting = ['owner-must-fill.name', 'owner-must-fill.shortName', 'owner-must-fill.site', 'requisites-missing'];
    expect(made.fill.map(({ id }: { id: string }) => id)).to.have.members(waiting);
    expect(made.next.join('\n')).to.include('srok serve --operator romashka').and.include('srok lint');
    expect(await findings('romashka')).to.have.members(waiting);
    const { problems } = await checkPolicies(policies);
    expect(problems.map(String)).to.deep.equal([]);
    expect(left()).to.deep.equal([]);
  });

  it('has no inventory of its documents yet, and is told how one begins: the lawyers’ page shows it', async () => {
    const coverage = () => srok(['coverage', '--operator', 'romashka', '--json'], { env: { SROK_POLICIES: policies } });
    const before = await coverage();
    expect(before.code).to.equal(2);
    expect((before.json() as { error: { code: string } }).error.code).to.equal('coverage.no-inventory');
    const page = readFileSync(new URL('../../docs/lawyers.md', import.meta.url), 'utf8');
    const [, shown] = /`policies\/inventory\/ИМЯ\.yaml`[\s\S]+?```yaml\n([\s\S]+?)```/.exec(page) as RegExpExecArray;
    const file = join(policies, 'inventory/romashka.yaml');
    writeFileSync(file, (shown as string).replaceAll('ИМЯ', 'romashka'));
    const after = await coverage();
    rmSync(file);
    const { rows, problems } = after.json() as {
      rows: { id: string | null }[];
      problems: { file: string; reason: string }[];
    };
    expect(rows.map(({ id }) => id)).to.deep.equal(['R-1', null]);
    const own = problems.filter((one) => one.file.endsWith('romashka.yaml')).map(({ reason }) => reason);
    expect(own).to.deep.equal(['R-1: nothing names it']);
    expect(after.code).to.equal(1);
  });

  it('tells a lawyer in every file what the file is for', () => {
    const folder = join(policies, 'operators/romashka');
    for (const name of readdirSync(folder)) {
      expect(readFileSync(join(folder, name), 'utf8'), name).to.match(/^# [А-Я].{60,}/);
    }
  });

  it('with its requisites given has nothing to be filled in, and is served at once', async () => {
    const given = [
      ...['--name', 'Общество «Кавычки "и" прочее: #1»', '--short-name', 'ООО «Василёк»', '--inn', '7707083893'],
      ...['--email', 'privacy@vasilek.example', '--site', 'https://vasilek.ru', '--address', '101000, г. Москва, д. 1'],
    ];
    const { code, out, err } = await init('vasilek-2', ...given);
    expect(code, err).to.equal(0);
    expect(out).to.include('Дальше:').and.not.include('Ждёт владельца');
    expect(await findings('vasilek-2')).to.deep.equal([]);

    const test = await startApp({ operator: 'vasilek-2', policies });
    try {
      const { operator } = test.app.engine.law;
      expect(operator).to.include({ name: 'Общество «Кавычки "и" прочее: #1»', postal: '101000, г. Москва, д. 1' });
      const guest = createPerson(test.app.url);
      expect((await guest.get('/readyz')).status).to.equal(200);
      for (const path of ['/', '/documents', '/register', '/help']) {
        const { status: answer, bytes } = await guest.get(path);
        expect(answer, path).to.equal(200);
        expect(bytes.toString('utf8'), path).to.include('ООО «Василёк»');
      }
      expect(await test.app.engine.datamap.check(test.app.engine.db)).to.deep.equal([]);
      const { engine, url } = test.app;
      expect(url).to.match(/^http/);
      const request = await engine.db.transaction((trx) =>
        engine.requests.receive(trx, {
          ...{ channel: 'post', kind: 'access', receivedAt: test.clock.now(), from: { name: 'Лидия Письмова' } },
        }),
      );
      expect(String(request.dueOn)).to.equal('2026-05-20');
    } finally {
      await test.close();
    }
  });

  it('is not made over one that is there', async () => {
    const before = readFileSync(join(policies, 'operators/qsockets/operator.yaml'), 'utf8');
    const { code, out } = await init('qsockets', '--json');
    expect(code).to.equal(1);
    expect(JSON.parse(out).error).to.include({ code: 'operator.exists' });
    expect(readFileSync(join(policies, 'operators/qsockets/operator.yaml'), 'utf8')).to.equal(before);
  });

  it('has a name that can be a folder and the beginning of rules', async () => {
    const before = packs();
    for (const name of ['Romashka', 'ромашка', '../evil', '1st', 'a--b', '-x', 'x-', 'a b', 'x'.repeat(41), '.']) {
      const { code, out } = await init('--json', '--', name);
      expect(code, name).to.equal(2);
      expect(JSON.parse(out).error.message, name).to.include(name);
    }
    expect(packs()).to.deep.equal(before);
  });

  it('is not made of what a pack cannot hold, and nothing is left of it', async () => {
    const before = packs();
    for (const wrong of [
      ['--inn', '123'],
      ['--email', 'not-an-address'],
      ['--site', 'vasilek'],
    ]) {
      const { code, err } = await init('wrong', ...wrong);
      expect(code, wrong.join(' ')).to.equal(2);
      expect(err.trim(), wrong.join(' ')).to.match(/^(Пакет с такими сведениями не загрузится: (inn|email)|«vasilek»)/);
    }
    expect(packs()).to.deep.equal(before);
    expect(left()).to.deep.equal([]);
  });

  it('is refused in one line where nothing can be written', async () => {
    const nowhere = join(policies, '..', 'nowhere');
    const { code, err } = await srok(['init', 'romashka-3'], { env: { SROK_POLICIES: nowhere } });
    expect(code).to.equal(1);
    expect(err.trim()).to.match(/^В папку \S+nowhere\/ нельзя писать \(ENOENT\)\. .+SROK_POLICIES\.$/);
    expect(existsSync(nowhere)).to.equal(false);
  });
});
