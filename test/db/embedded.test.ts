import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as poll } from 'node:timers/promises';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import {
  checkDatabase,
  describeUrl,
  findPostgres,
  lockHome,
  openDatabase,
  startPostgres,
} from '../../core/db/index.ts';

describe('the embedded PostgreSQL', () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'srok-embedded-'));
    chmodSync(home, 0o700);
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('starts in a folder that only its owner may enter, and keeps its data over a restart', async () => {
    const first = await startPostgres({ home, durable: false });
    const db = openDatabase(first.url);
    await db.raw('create table kept (day date, at timestamptz, many bigint)');
    const day = Temporal.PlainDate.from('2028-02-29');
    const at = Temporal.Instant.from('2026-05-15T20:59:59.123456Z');
    await db('kept').insert({ day, at, many: 2 ** 40 });
    await db.destroy();
    await first.stop();

    const second = await startPostgres({ home, durable: false });
    const again = openDatabase(second.url);
    try {
      const row = await again('kept').where({ day }).first();
      expect(row.day.equals(day)).to.equal(true);
      expect(row.at.equals(at)).to.equal(true);
      expect(row.many).to.equal(2 ** 40);
    } finally {
      await again.destroy();
      await second.stop();
    }
  });

  it('stops a server that a killed process left behind, and starts its own', async () => {
    const script = `
      const { startPostgres } = await import(${JSON.stringify(new URL('../../core/db/index.ts', import.meta.url).href)});
      await startPostgres({ home: ${JSON.stringify(home)}, durable: false });
      process.kill(process.pid, 'SIGKILL');`;
    const killed = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(killed.signal, killed.stderr).to.equal('SIGKILL');
    expect(await findPostgres(home), 'the orphan still answers').to.be.a('string');

    const next = await startPostgres({ home, durable: false });
    const db = openDatabase(next.url);
    try {
      await checkDatabase(db, next.url);
    } finally {
      await db.destroy();
      await next.stop();
    }
    expect(await findPostgres(home)).to.equal(null);
  });

  it('starts again by itself when the server dies under it', async () => {
    const notes: string[] = [];
    const server = await startPostgres({ home, durable: false, onCrash: (note) => notes.push(note) });
    const db = openDatabase(server.url);
    try {
      const pid = Number(readFileSync(join(home, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
      process.kill(pid, 'SIGKILL');
      const answer = (): Promise<number> =>
        db.raw('select 1 as one').then(
          ({ rows }) => (readPid(home) === pid ? 0 : rows[0].one),
          () => 0,
        );
      while ((await answer()) !== 1) await poll();
      expect(notes[0]).to.match(/ended unexpectedly/);
    } finally {
      await db.destroy();
      await server.stop();
    }
  });

  it('answers at a socket in its data folder that only its owner may use, or at its port where the path is too long', async () => {
    const far = join(home, 'x'.repeat(90));
    for (const [folder, way] of [
      [home, '/postgres:'],
      [far, '127.0.0.1:'],
    ] as const) {
      const server = await startPostgres({ home: folder, durable: false });
      const db = openDatabase(server.url);
      try {
        const port = new URL(server.url).port;
        expect(describeUrl(server.url)).to.include(way);
        expect(await findPostgres(folder), 'for a command beside the service').to.equal(server.url);
        const { rows } = await db.raw('select inet_server_port() as port');
        expect(rows[0].port).to.equal(folder === far ? Number(port) : null);
        if (folder === home) {
          expect(statSync(join(folder, 'postgres')).mode & 0o777).to.equal(0o700);
          expect(statSync(join(folder, `postgres/.s.PGSQL.${port}`)).mode & 0o777).to.equal(0o700);
        }
      } finally {
        await db.destroy();
        await server.stop();
      }
    }
  });

  it('says in one line that an outside database does not answer, without the password', async () => {
    const url = 'postgresql://someone:secret-word@127.0.0.1:9/none';
    const db = openDatabase(url);
    try {
      const problem = await checkDatabase(db, url).then(
        () => null,
        (error: Error) => error,
      );
      expect(problem?.message).to.match(/127\.0\.0\.1:9\/none does not answer.*DATABASE_URL/);
      expect(problem?.message).to.not.include('secret-word');
      expect(problem?.message).to.not.include('\n');
    } finally {
      await db.destroy();
    }
  });
});

function readPid(home: string): number {
  const file = join(home, 'postgres/postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
}

describe('the lock of a data folder', () => {
  it('lets one process in, names it to the next, and is taken over when its process is gone', () => {
    const home = mkdtempSync(join(tmpdir(), 'srok-lock-'));
    try {
      const script = `
        const { lockHome } = await import(${JSON.stringify(new URL('../../core/db/index.ts', import.meta.url).href)});
        try { lockHome(${JSON.stringify(home)}); console.log('taken'); } catch (error) { console.log(error.message); }`;
      const other = (): string =>
        spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout.trim();

      const release = lockHome(home);
      expect(other()).to.match(new RegExp(`process ${process.pid}\\) already works in`));
      release();
      expect(other(), 'a process that ended without giving the lock back').to.equal('taken');
      lockHome(home)();
      writeFileSync(join(home, 'srok.lock'), 'nonsense');
      lockHome(home)();
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});
