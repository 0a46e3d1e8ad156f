import { setTimeout as delay } from 'node:timers/promises';
import { schedule } from 'node-cron';
import { fromKnex, PgBoss } from 'pg-boss';
import { systemClock, Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import { countQueues, holdWaiting, listUnsettled, notifyQueue } from './store.ts';

/** Ids and flags. Never a date of the domain, never personal data. */
export type JobData = Record<string, unknown>;

export type JobHandler = (data: JobData, job: { jobId: string }) => Promise<void>;

/** A sweep and when it has something to do. */
export interface Source {
  /** Also the key under which its job is queued: at most one waits. */
  name: string;
  job: string;
  /** When the next work falls due; null when there is none in sight. May lie in the past: then it is late. */
  next(db: Db): Promise<Temporal.Instant | null>;
}

/** A source and when its next work falls due. */
export interface Appointment {
  source: string;
  at: Temporal.Instant;
}

export interface QueueState {
  queue: string;
  queued: number;
  active: number;
  failed: number;
  /** age of the oldest waiting job, in seconds of the machine's time; 0 when nothing waits */
  oldestSeconds: number;
}

export interface Jobs {
  /** Names a job and what it does. The handler may run twice: it must be idempotent. */
  define(name: string, handler: JobHandler): void;
  /**
   * Queues a job; it runs once the transaction has committed. With a `key`, a job that already waits under it is
   * answered instead of a second one.
   * @returns the job's id
   */
  enqueue(trx: Trx, name: string, data?: JobData, options?: { key?: string }): Promise<string>;
  source(source: Source): void;
  /**
   * Queues the job of every source whose next work is due, at most one waiting per source.
   * A source that fails does not keep the others from being woken; its error is thrown at the end.
   * @param now domain time
   * @returns the ids of the jobs
   */
  wake(now: Temporal.Instant): Promise<string[]>;
  /** When each source has its next work, the earliest first; sources that have none in sight are not in it. */
  agenda(): Promise<Appointment[]>;
  /**
   * Queues the jobs of these sources without asking them again, at most one waiting per source.
   * @returns the ids of the jobs
   */
  rouse(sources: readonly string[]): Promise<string[]>;
  /**
   * Resolves when no job waits or runs. Needs a process whose jobs are started.
   * @throws Error when a job has failed for good since the last call: its name, id and error text
   */
  idle(): Promise<void>;
  /**
   * Starts the workers. Without `cron`, sources are woken every minute; with `cron: null` only by hand.
   * @param options.now what `wake` is called with at each minute; the machine's time unless told
   */
  start(options?: { cron?: string | null; now?: () => Temporal.Instant }): Promise<void>;
  /** Lets running jobs finish, up to half a minute, and closes the queue's own connections. */
  stop(): Promise<void>;
  counts(): Promise<QueueState[]>;
}

export interface JobsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const everyMinute = '* * * * *';

/** The wake-up comes by NOTIFY; polling is the net below it, and what a retry waits for. */
const polling = { pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 2 };
const shortestPollSeconds = 0.5;

/** A worker that died is noticed by its silence, within about a minute and a half. */
const queueOptions = {
  policy: 'short',
  notify: true,
  retryLimit: 3,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 60,
  expireInSeconds: 6 * 3600,
  heartbeatSeconds: 60,
  deleteAfterSeconds: 86_400,
};

const idlePollMs = 2;

/**
 * @param deps.db          the pool of the application: `enqueue` writes through the caller's transaction
 * @param deps.url         for pg-boss's own pool; it keeps to the machine's time
 * @param deps.concurrency workers per queue in this process, 1 unless told
 * @param deps.retryAtOnce a job that failed is tried again with the next look into the queue, and looks are frequent:
 *                         for whoever waits for it to fail for good
 */
export function createJobs(deps: {
  db: Db;
  url: string;
  log: JobsLog;
  concurrency?: number;
  retryAtOnce?: boolean;
}): Jobs {
  const { db, log } = deps;
  const patience = deps.retryAtOnce
    ? {
        queue: { ...queueOptions, retryDelayMax: 0 },
        polling: { pollingIntervalSeconds: shortestPollSeconds, notifyPollingIntervalSeconds: shortestPollSeconds },
      }
    : { queue: queueOptions, polling };
  const handlers = new Map<string, JobHandler>();
  const sources = new Map<string, Source>();
  const queues = new Map<string, Promise<void>>();
  const known = new Set<string>();
  const running = new Set<Promise<void>>(); // the handlers at work in this process
  let opening: Promise<PgBoss> | null = null;
  let working = false;
  let cron: { stop(): unknown } | null = null;

  /** The queue itself, without workers: a process that only enqueues needs no more. */
  function open(): Promise<PgBoss> {
    opening ??= (async () => {
      const boss = new PgBoss({
        connectionString: deps.url,
        application_name: 'srok-jobs',
        max: 4,
        schedule: false,
        useListenNotify: true,
        superviseIntervalSeconds: 30,
        monitorIntervalSeconds: 30,
        notifyHeartbeatIntervalMs: 5_000,
      });
      boss.on('error', (error) =>
        log.warn({ error: error.message }, 'The job queue reports an error; it goes on by itself.'),
      );
      boss.on('warning', (warning) => log.warn({ warning: warning.message }, 'The job queue warns.'));
      await boss.start();
      for (const { id } of (await listUnsettled(db)).failed) known.add(id);
      return boss;
    })().catch((error) => {
      opening = null;
      throw error;
    });
    return opening;
  }

  function queue(boss: PgBoss, name: string): Promise<void> {
    let made = queues.get(name);
    if (!made) {
      made = boss.createQueue(name, patience.queue).catch((error) => {
        queues.delete(name);
        throw error;
      });
      queues.set(name, made);
    }
    return made;
  }

  async function work(boss: PgBoss, name: string, handler: JobHandler): Promise<void> {
    await queue(boss, name);
    const options = { ...patience.polling, batchSize: 1, localConcurrency: deps.concurrency ?? 1 };
    const worker: string = await boss.work<JobData>(name, options, async ([job]) => {
      if (!job) return;
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      running.add(ended);
      try {
        await handler(job.data ?? {}, { jobId: job.id });
      } catch (error) {
        log.warn({ job: name, jobId: job.id, error: wordsOf(error) }, 'A job failed; it is tried again.');
        throw bare(error);
      } finally {
        running.delete(ended);
        end();
        // Several jobs of one transaction wake the worker once: it looks for the next one by itself.
        boss.notifyWorker(worker);
      }
    });
  }

  async function enqueue(trx: Trx, name: string, data: JobData = {}, { key }: { key?: string } = {}): Promise<string> {
    const boss = await open();
    await queue(boss, name);
    // The queue keeps one waiting job per key; a job without a key gets one of its own.
    const singletonKey = key ?? `once/${crypto.randomUUID()}`;
    for (;;) {
      const id = await boss.send(name, data, { singletonKey, db: fromKnex(trx) });
      if (id) return id;
      const waiting = await holdWaiting(trx, name, singletonKey);
      if (waiting) {
        await notifyQueue(trx, name);
        return waiting;
      }
    }
  }

  async function rouse(names: readonly string[]): Promise<string[]> {
    const roused = names.map((name) => {
      const source = sources.get(name);
      if (!source) throw new Error(`There is no source "${name}".`);
      return source;
    });
    if (roused.length === 0) return [];
    roused.sort((a, b) => (a.name < b.name ? -1 : 1));
    return db.transaction(async (trx) => {
      const ids: string[] = [];
      for (const source of roused) ids.push(await enqueue(trx, source.job, {}, { key: source.name }));
      return ids;
    });
  }

  async function wake(now: Temporal.Instant): Promise<string[]> {
    const failures: unknown[] = [];
    const due: string[] = [];
    await Promise.all(
      [...sources.values()].map(async (source) => {
        try {
          const next = await source.next(db);
          if (next && Temporal.Instant.compare(next, now) <= 0) due.push(source.name);
        } catch (error) {
          log.error({ source: source.name, error: wordsOf(error) }, 'A source of work could not be asked.');
          failures.push(error);
        }
      }),
    );
    const ids = await rouse(due);
    if (failures.length) throw failures[0];
    return ids;
  }

  return {
    define(name, handler) {
      if (handlers.has(name)) throw new Error(`The job "${name}" is defined twice.`);
      handlers.set(name, handler);
      if (working) {
        void open()
          .then((boss) => work(boss, name, handler))
          .catch((error) => log.error({ job: name, error: wordsOf(error) }, 'A job could not be given a worker.'));
      }
    },
    enqueue,
    source(source) {
      if (sources.has(source.name)) throw new Error(`The source "${source.name}" is named twice.`);
      sources.set(source.name, source);
    },
    wake,
    rouse,
    async agenda() {
      const all = await Promise.all(
        [...sources.values()].map(async (source) => ({ source: source.name, at: await source.next(db) })),
      );
      return all
        .filter((one): one is Appointment => one.at !== null)
        .sort((a, b) => Temporal.Instant.compare(a.at, b.at));
    },
    async idle() {
      await open();
      let unsettled = await listUnsettled(db);
      while (unsettled.open > 0) {
        if (running.size > 0) await Promise.race(running);
        else await delay(idlePollMs);
        unsettled = await listUnsettled(db);
      }
      const failed = unsettled.failed.filter(({ id }) => !known.has(id));
      for (const { id } of failed) known.add(id);
      if (failed.length) {
        throw new Error(
          failed.map(({ name, id, output }) => `The job ${name} (${id}) failed: ${wordsOf(output)}`).join('\n'),
        );
      }
    },
    async start({ cron: when = everyMinute, now = () => systemClock.now() } = {}) {
      const boss = await open();
      working = true;
      await Promise.all([...handlers].map(([name, handler]) => work(boss, name, handler)));
      if (when === null) return;
      cron = schedule(
        when,
        () =>
          wake(now()).then(
            () => {},
            (error) => log.error({ error: wordsOf(error) }, 'Waking the sweeps failed; the next minute tries again.'),
          ),
        { noOverlap: true },
      );
    },
    async stop() {
      working = false;
      await cron?.stop();
      cron = null;
      if (!opening) return;
      const boss = await opening.catch(() => null);
      opening = null;
      queues.clear();
      await boss?.stop({ graceful: true, timeout: 30_000 });
    },
    async counts() {
      const nowMs = systemClock.now().epochMilliseconds;
      return (await countQueues(db)).map(({ oldest, ...count }) => ({
        ...count,
        oldestSeconds: oldest ? Math.max(0, Math.round((nowMs - oldest.epochMilliseconds) / 1000)) : 0,
      }));
    },
  };
}

/**
 * The queue keeps what was thrown beside the job. An error of the database carries the values that it refused
 * (`detail`), and a wrapped one its cause: only words and frames may be kept.
 */
function bare(error: unknown): Error {
  const kept = new Error(wordsOf(error));
  if (error instanceof Error && error.stack) kept.stack = error.stack;
  return kept;
}

/** What an error says, without its stack. */
function wordsOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (error && typeof error === 'object') {
    const { message, value } = error as { message?: unknown; value?: unknown };
    if (typeof message === 'string') return message;
    if (value !== undefined) return wordsOf(value);
    return JSON.stringify(error);
  }
  return String(error);
}
