import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { openDatabase, startPostgres } from '../../core/db/index.ts';
import { createJobs, type Jobs } from '../../core/jobs/index.ts';
import { cloneDatabase } from '../support/database.ts';

const quiet = { info() {}, warn() {}, error() {} };
const at = (text: string) => Temporal.Instant.from(text);

describe('jobs', () => {
  let database: Awaited<ReturnType<typeof cloneDatabase>>;
  let jobs: Jobs;
  let impatient: Jobs; // the same queue, for jobs that fail for good
  const ran: { data: Record<string, unknown>; jobId: string }[] = [];
  let due: Temporal.Instant | null = null;
  let breakable = 0;

  before(async () => {
    database = await cloneDatabase();
    jobs = createJobs({ db: database.db, url: database.url, log: quiet });
    jobs.define('letters.count', async (data, { jobId }) => {
      ran.push({ data, jobId });
      due = null;
    });
    impatient = createJobs({ db: database.db, url: database.url, log: quiet, retryAtOnce: true });
    impatient.define('letters.break', async () => {
      breakable++;
      throw new Error('the paper is out');
    });
    jobs.define('letters.stumble', async () => {
      if (breakable++ === 0) throw new Error('once');
    });
    impatient.define('letters.leak', async () => {
      const cause = new Error('Key (email)=(ada@example.org) already exists.');
      throw Object.assign(new Error('duplicate key', { cause }), { detail: cause.message });
    });
    jobs.source({ name: 'letters', job: 'letters.count', next: async () => due });
    await jobs.start({ cron: null });
    await impatient.start({ cron: null });
  });
  after(async () => {
    await Promise.all([jobs.stop(), impatient.stop()]);
    await database.drop();
  });
  beforeEach(() => {
    ran.length = 0;
    breakable = 0;
  });

  it('runs what the transaction committed, and tells the handler its id', async () => {
    const id = await database.db.transaction((trx) => jobs.enqueue(trx, 'letters.count', { about: 'ltr_1' }));
    await jobs.idle();
    expect(ran).to.deep.equal([{ data: { about: 'ltr_1' }, jobId: id }]);
  });

  it('forgets what the transaction took back', async () => {
    await database.db
      .transaction(async (trx) => {
        await jobs.enqueue(trx, 'letters.count', { about: 'ltr_2' });
        throw new Error('no');
      })
      .catch(() => {});
    await jobs.idle();
    expect(ran).to.deep.equal([]);
  });

  it('keeps one waiting job per key and answers with it, also within one transaction', async () => {
    const [first, second, other] = await database.db.transaction(async (trx) => [
      await jobs.enqueue(trx, 'letters.count', {}, { key: 'a' }),
      await jobs.enqueue(trx, 'letters.count', {}, { key: 'a' }),
      await jobs.enqueue(trx, 'letters.count', {}, { key: 'b' }),
    ]);
    await jobs.idle();
    expect(first).to.equal(second);
    expect(other).not.to.equal(first);
    expect(ran).to.have.length(2);
  });

  it('shows a waiting job the work of everyone who asked for it', async () => {
    const { db } = database;
    const seen: number[] = [];
    await db.schema.createTable('work', (table) => table.integer('n'));
    jobs.define('work.look', async () => {
      seen.push(Number((await db('work').count('* as n').first())?.n));
    });
    let release = () => {};
    const opened = new Promise<void>((done) => {
      release = done;
    });
    const first = db.transaction(async (trx) => {
      await jobs.enqueue(trx, 'work.look', {}, { key: 'k' });
      await opened;
    });
    await delay(50);
    const second = db.transaction(async (trx) => {
      await trx('work').insert({ n: 1 });
      await jobs.enqueue(trx, 'work.look', {}, { key: 'k' });
      await delay(100);
    });
    await delay(50);
    release();
    await Promise.all([first, second]);
    await jobs.idle();
    expect(seen.at(-1)).to.equal(1);
  });

  it('wakes a source on the instant its work is due, not before', async () => {
    due = at('2026-05-12T09:00:00Z');
    const [next] = await jobs.agenda();
    expect(next?.at).to.deep.equal(due);
    expect(await jobs.wake(at('2026-05-12T08:59:59Z'))).to.deep.equal([]);
    const [id] = await jobs.wake(at('2026-05-12T09:00:00Z'));
    await jobs.idle();
    expect(ran.map(({ jobId }) => jobId)).to.deep.equal([id]);
    expect(await jobs.agenda()).to.deep.equal([]);
  });

  it('rouses just the sources it is told, without asking them again', async () => {
    due = null;
    const [id] = await jobs.rouse(['letters']);
    await jobs.idle();
    expect(ran.map(({ jobId }) => jobId)).to.deep.equal([id]);
    const refused = await jobs.rouse(['letters', 'nothing']).catch((error: Error) => error.message);
    expect(refused).to.match(/no source "nothing"/);
    await jobs.idle();
    expect(ran).to.have.length(1);
  });

  it('walks through a hundred wakes quickly', async () => {
    const start = performance.now();
    for (let n = 0; n < 100; n++) {
      due = at('2026-05-12T09:00:00Z');
      await jobs.wake(at('2026-05-13T09:00:00Z'));
      await jobs.idle();
    }
    const each = (performance.now() - start) / 100;
    expect(ran).to.have.length(100);
    expect(each, `${each.toFixed(1)} ms for a wake`).to.be.below(60);
  });

  it('tries a stumbling job again, and goes on', async () => {
    await database.db.transaction((trx) => jobs.enqueue(trx, 'letters.stumble'));
    await jobs.idle();
    expect(breakable).to.equal(2);
  });

  it('keeps the words of a failure beside the job, not the values that a database refused', async () => {
    const id = await database.db.transaction((trx) => impatient.enqueue(trx, 'letters.leak'));
    await impatient.idle().catch(() => {});
    const { rows } = await database.db.raw('select output::text from pgboss.job where id = ?', [id]);
    expect(rows[0].output).to.contain('duplicate key').and.not.to.contain('ada@example.org');
  });

  it('says which job failed for good, once', async () => {
    const id = await database.db.transaction((trx) => impatient.enqueue(trx, 'letters.break', {}));
    const said = await impatient.idle().then(
      () => '',
      (error) => error.message,
    );
    expect(said).to.equal(`The job letters.break (${id}) failed: the paper is out`);
    expect(breakable).to.equal(4);
    await impatient.idle();
    const counts = await impatient.counts();
    expect(counts.find(({ queue }) => queue === 'letters.break')).to.deep.equal({
      ...{ queue: 'letters.break', queued: 0, active: 0, failed: 1, oldestSeconds: 0 },
    });
  });
});

describe('jobs over a database that goes away', () => {
  it('do not take the process down, and go on when it is back', async () => {
    // A cluster that keeps its promises: the throw-away ones may forget the last half second when killed.
    const home = mkdtempSync(join(tmpdir(), 'srok-jobs-'));
    const server = await startPostgres({ home });
    const db = openDatabase(server.url);
    const jobs = createJobs({ db, url: server.url, log: quiet });
    const ran: string[] = [];
    try {
      jobs.define('after.all', async (_data, { jobId }) => {
        ran.push(jobId);
      });
      await jobs.start({ cron: null });
      const pid = Number(readFileSync(join(home, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
      process.kill(pid, 'SIGKILL');
      await delay(100);
      let id = '';
      for (let tries = 0; !id && tries < 300; tries++) {
        id = await db.transaction((trx) => jobs.enqueue(trx, 'after.all')).catch(() => '');
        if (!id) await delay(100);
      }
      while (!ran.length) await delay(20);
      expect(ran).to.deep.equal([id]);
    } finally {
      await jobs.stop();
      await db.destroy();
      await server.stop();
      rmSync(home, { recursive: true, force: true });
    }
  }).timeout(90_000);
});
