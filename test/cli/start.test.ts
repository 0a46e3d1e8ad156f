import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { end, startService } from '../support/service.ts';

const srok = fileURLToPath(new URL('../../bin/srok.js', import.meta.url));
const policies = fileURLToPath(new URL('../../policies/', import.meta.url));

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command as a person would, in an environment that says nothing of a database. */
function run(args: string[], env: Record<string, string> = {}): Ended {
  const { DATABASE_URL: _, ...clean } = process.env;
  return spawnSync(process.execPath, [srok, ...args], { encoding: 'utf8', env: { ...clean, ...env }, timeout: 60_000 });
}

describe('starting the service', () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'srok-start-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('serves, answers its health, keeps one process to a folder, and stops in order', async () => {
    const service = await startService(home);
    const { url, setup } = service;
    expect(setup).to.match(/^http/);
    expect((await fetch(`${url}/healthz`)).status).to.equal(200);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status, await ready.text()).to.equal(200);

    const second = run(['serve', '--home', home, '--port', '0']);
    expect(second.status).to.equal(1);
    expect(second.stderr.trim()).to.match(/^Another Srok \(process \d+\) already works in .+--home DIR\.$/);

    const beside = run(['journal', 'verify', '--home', home, '--json']);
    expect(JSON.parse(beside.stdout).ok, beside.stderr).to.equal(true);
    const why = run(['why', 'msg_00000000000000000000000000', '--home', home, '--json']);
    expect(why.status, why.stderr).to.equal(2);
    expect(JSON.parse(why.stdout).error.code).to.equal('why.unknown');

    expect(await end(service, 'SIGTERM')).to.equal(0);
  });

  it('begins nothing in a folder that a command only looks into', () => {
    const empty = join(home, 'nothing');
    for (const command of [
      ['why', 'req_1'],
      ['journal', 'verify'],
      ['journal', 'export', join(home, 'journal.ndjson')],
    ]) {
      const { status, stdout } = run([...command, '--home', empty, '--json']);
      expect(status).to.equal(2);
      expect(JSON.parse(stdout).error.code).to.equal('home.empty');
    }
    expect(readdirSync(home)).to.deep.equal([]);
  });

  it('says in one line that the port is in use', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as { port: number };
    try {
      const { status, stderr } = run(['serve', '--home', home, '--port', String(port)]);
      expect(status).to.equal(1);
      expect(stderr.trim()).to.equal(`The port ${port} is in use. Choose another with PORT or --port.`);
    } finally {
      other.close();
    }
  });

  it('says in one line that DATABASE_URL is wrong, without its password', () => {
    const { status, stderr } = run(['serve', '--home', home, '--port', '0'], {
      DATABASE_URL: 'postgresql://me:geheim@127.0.0.1:9/x',
    });
    expect(status).to.equal(1);
    expect(stderr.trim().split('\n')).to.have.length(1);
    expect(stderr).to.include('127.0.0.1:9/x does not answer').and.not.include('geheim');
  });

  it('says in one line that the data folder cannot be written', () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o400);
    const { status, stderr } = run(['serve', '--home', join(file, 'var'), '--port', '0']);
    expect(status).to.equal(1);
    expect(stderr.trim()).to.match(/^The data folder .+ cannot be written .+--home DIR\.$/);
  });

  it('a broken policy file stops the start with file, line and reason', () => {
    const copy = join(home, 'policies');
    cpSync(policies, copy, { recursive: true });
    const file = join(copy, 'operators/qsockets/schedules.yaml');
    const text = readFileSync(file, 'utf8');
    const broken = text.replace(/keep: \{ months: /, 'keep: { monthz: ');
    expect(broken).to.not.equal(text);
    writeFileSync(file, broken);
    const { status, stderr } = run(['serve', '--home', join(home, 'var'), '--port', '0'], { SROK_POLICIES: copy });
    expect(status).to.equal(1);
    expect(stderr.trim()).to.match(/schedules\.yaml:\d+: .*monthz/);
  });

  it('lists its commands, and answers a wrong one with exit code 2 and the nearest names', () => {
    const help = run(['--help']);
    expect(help.status).to.equal(0);
    for (const command of ['serve', 'demo', 'edition', 'journal', 'due', 'keep', 'lint'])
      expect(help.stdout).to.include(command);
    expect(run(['serv']).status).to.equal(2);
    const unknown = run(['due', 'acess.answer', '--from', '2026-05-05', '--json']);
    expect(unknown.status).to.equal(2);
    expect(JSON.parse(unknown.stdout).error.near).to.include('access.answer');
  });

  it('answers a question to the law without the installation: no database, no web server', () => {
    const watch = `import { registerHooks } from 'node:module';
      const found = new Set();
      registerHooks({ load(url, context, next) {
        found.add(/node_modules\\/([^/]+)/.exec(url)?.[1] ?? 'own');
        return next(url, context);
      } });
      process.on('exit', () => process.stderr.write([...found].sort().join()));`;
    const hook = `data:text/javascript,${encodeURIComponent(watch)}`;
    for (const question of ['due access.answer --from 2026-05-05', 'keep message.payload --from 2026-05-05']) {
      const { stderr } = run(question.split(' '), { NODE_OPTIONS: `--import ${hook}` });
      expect(stderr.split(',')).to.include('own').and.include('commander');
      for (const heavy of ['knex', 'pg', 'ws', 'pdfkit', 'ajv', 'yaml', 'nodemailer']) {
        expect(stderr.split(','), question).to.not.include(heavy);
      }
    }
  });

  it('ends in silence when its reader has gone', async () => {
    const asked = spawn(process.execPath, [srok, 'lint', '--operator', 'qsockets'], { timeout: 60_000 });
    asked.stdout.destroy();
    let said = '';
    asked.stderr.on('data', (bytes) => {
      said += bytes;
    });
    const code = await new Promise((done) => asked.on('close', done));
    expect(said).to.equal('');
    expect(code).to.equal(1);
  });

  it('answers when an access request has to be answered, with its reasons', () => {
    const { stdout } = run(['due', 'access.answer', '--from', '2026-04-30T10:00:00+03:00', '--json']);
    const due = JSON.parse(stdout);
    expect(due.dueOn).to.equal('2026-05-18');
    expect(due.lateFrom).to.equal('2026-05-19T00:00:00+03:00');
    expect(due.because.winner.rule).to.be.a('string');
  });
});
