import pg, { type Client } from 'pg';
import { dayOf, type Engine, sectionOf, type Temporal } from '../../core/index.ts';
import { copyAndCommit, copyColumns, copyWriter, pgDay, pgMicros } from './copy.ts';
import { createForesight } from './foresight.ts';
import { connectionOf } from './listener.ts';
import { type Repeats, withoutRepeats } from './repeats.ts';
import { createSealers, payloadAad, type Sealers } from './sealers.ts';
import { channelKey, type ProjectUse, type Share, takeAndCommit, takeShare, type When } from './usage.ts';
import type { Incoming, Waiting } from './waiting.ts';

const connectMs = 5_000;
/** So long a batch waits for a row that somebody else holds. */
const lockMs = 500;
const lockNotAvailable = '55P03';
/** What a row takes beside its payload, about. */
const rowBytes = 320;

/** A message that has just become durable, for its readers. */
export interface Logged extends Incoming {
  id: string;
  offset: number;
  receivedAt: Temporal.Instant;
  processedOn: Temporal.PlainDate;
}

/** What became of a batch, once it is committed. */
export interface Written {
  logged: Logged[];
  share: Pick<Share, 'accepted' | 'over' | 'stopped'>;
  uses: ProjectUse[];
  at: Temporal.Instant;
  usedOn: Temporal.PlainDate;
  /** Tells those that were in the log before, each what it is to be told. */
  settle: (() => void)[];
}

/** One try to write a batch. Once it is over, its connection is cut and nothing of it may still be committed. */
interface Attempt {
  over: boolean;
  client: pg.PoolClient | null;
}

/**
 * Writes batches into the log, each in a transaction of its own, on connections of its own: whoever reads keeps nobody
 * from writing. A batch is two ways to the server: its share of limits and offsets, then its rows and the commit; or one,
 * where its offsets are foreseen.
 */
export function createWriter(
  engine: Engine,
  { limitMs, ensureDay }: { limitMs: number; ensureDay(day: Temporal.PlainDate): Promise<void> },
) {
  const { clock, db, law, vault } = engine;
  const { dayZone } = sectionOf(law.operator, 'limits');
  const recovery = { minutes: sectionOf(law.operator, 'recovery').minutes };
  const limits = new Map(law.operator.plans.map((plan) => [plan.id, plan.limits.messagesPerDay]));
  const sealers = createSealers(vault);
  const foresight = createForesight();
  const pool = new pg.Pool({
    ...connectionOf(db),
    connectionTimeoutMillis: connectMs,
    // The server itself ends a statement that waits for a lock.
    statement_timeout: Math.ceil(limitMs * 0.9),
    lock_timeout: Math.min(lockMs, Math.ceil(limitMs / 2)),
    allowExitOnIdle: true,
  });
  // A connection that is lost fails the batch that it carries, if any; the next batch gets another.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));

  function processedOnOf(at: Temporal.Instant): Temporal.PlainDate {
    return dayOf(at.add(recovery), law.zone);
  }

  function whenOf(at: Temporal.Instant): When {
    const local = at.toZonedDateTimeISO(dayZone);
    return { processedOn: processedOnOf(at), usedOn: local.toPlainDate(), hour: local.hour };
  }

  /** A connection for one attempt; a lost one is not given back. */
  async function connected<T>(attempt: Attempt, work: (client: Client) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    attempt.client = client;
    try {
      if (attempt.over) throw new Error('The attempt was over before it began.');
      const result = await work(client as unknown as Client);
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async function attemptTo(batch: Waiting[], attempt: Attempt, placed: () => void): Promise<Written> {
    const at = clock.now();
    const when = whenOf(at);
    await ensureDay(when.processedOn);
    const keys = await keysFor(batch, when.processedOn.toString());
    return connected(attempt, async (client) => {
      const foreseen = await inOneWay(client, batch, { when, keys, at });
      if (foreseen) return foreseen;
      const repeats = await repeatsOf(client, batch);
      const fresh = repeats?.fresh ?? batch;
      const settle = repeats?.settle ?? [];
      if (fresh.length === 0) {
        await client.query('commit');
        const share = { accepted: [], over: [], stopped: [] };
        return { ...{ logged: [], settle, at, uses: [] }, usedOn: when.usedOn, share };
      }
      const share = await takeShare(client, fresh, { when, limits, begun: repeats !== null });
      placed();
      const logged = loggedOf(share, when.processedOn);
      await repeats?.remember(offsetsBy(share.accepted, logged), at);
      if (logged.length === 0) await client.query('commit');
      else await copyAndCommit(client, rowsOf({ share, logged, keys, when, at }));
      foresight.learn(logged);
      return { ...{ logged, settle, at, share }, uses: share.uses, usedOn: when.usedOn };
    });
  }

  /** Where it is foreseen which offsets a batch gets: all of it in one way; null when it did not come about. */
  async function inOneWay(
    client: Client,
    batch: Waiting[],
    { when, keys, at }: { when: When; keys: Map<string, Sealers>; at: Temporal.Instant },
  ): Promise<Written | null> {
    const first = foresight.of(batch);
    if (!first) return null;
    const share: Share = { accepted: batch, over: [], stopped: [], uses: [], offsets: first };
    const logged = loggedOf(share, when.processedOn);
    const copies = rowsOf({ share, logged, keys, when, at });
    const uses = await takeAndCommit(client, batch, { when, limits, first, copies });
    if (!uses) {
      foresight.forget(first.keys());
      return null;
    }
    foresight.learn(logged);
    return { ...{ logged, settle: [], at, share, uses }, usedOn: when.usedOn };
  }

  /** Begins the transaction when the batch has keys of its senders; null when it has none. */
  async function repeatsOf(client: Client, batch: readonly Waiting[]): Promise<Repeats | null> {
    if (batch.every(({ message }) => message.key === undefined)) return null;
    await client.query('begin');
    return withoutRepeats(client, clock, batch);
  }

  async function keysFor(batch: readonly Waiting[], day: string): Promise<Map<string, Sealers>> {
    const projects = [...new Set(batch.map(({ message }) => message.project))];
    return new Map(
      await Promise.all(projects.map(async (project) => [project, await sealers.of(project, day)] as const)),
    );
  }

  function rowsOf({
    share: { accepted },
    logged,
    keys,
    when,
    at,
  }: {
    share: Share;
    logged: readonly Logged[];
    keys: Map<string, Sealers>;
    when: When;
    at: Temporal.Instant;
  }) {
    const day = when.processedOn.toString();
    const size = accepted.reduce((sum, { message }) => sum + message.payload.length + rowBytes, 0);
    const payloads = copyWriter(9, size);
    const messages = copyWriter(12, accepted.length * rowBytes);
    const begin = beginnings(pgDay(when.processedOn));
    const micros = instants();
    const storedAt = pgMicros(at);
    for (const [index, { message, id, receivedAt, sealed }] of accepted.entries()) {
      const { project, channel, type } = message;
      const { offset } = logged[index] as Logged;
      const { payload, metadata } = keys.get(project) as Sealers;
      const box = sealed?.day === day ? sealed.box : payload(message.payload, payloadAad(day, project, id));
      const beginning = begin(project, channel);
      const received = micros(receivedAt);
      payloads.row().ready(beginning).int8(offset).text(id).int8(received).text(type);
      payloads.text(message.except ?? null).bytes(box);
      messages.row().ready(beginning).int8(offset).text(id).int8(received).int8(storedAt);
      messages.int4(message.payload.length).text(type).text(message.door);
      messages.text(message.connection).bytes(sealers.personal(metadata, day, message));
    }
    return [
      { into: copyStatement('payloads', 'at, content_type, left_out, box'), data: payloads.finish() },
      {
        into: copyStatement('messages', 'received_at, stored_at, bytes, content_type, door, connection, personal'),
        data: messages.finish(),
      },
    ];
  }

  return {
    /**
     * Writes a batch, or gives it up when its time is over: a server that says nothing at all is left by cutting the
     * connection, which also undoes what was not committed.
     * @param placed is called once its messages have their offsets, which nobody else can get any more
     */
    async write(batch: Waiting[], placed: () => void): Promise<Written> {
      const attempt: Attempt = { over: false, client: null };
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, fail) => {
        timer = setTimeout(() => {
          attempt.over = true;
          (attempt.client as unknown as Client | null)?.connection.stream.destroy();
          fail(new Error('The database did not answer in time.'));
        }, limitMs);
      });
      try {
        return await Promise.race([attemptTo(batch, attempt, placed), late]);
      } finally {
        clearTimeout(timer);
      }
    },
    sealers,
    processedOnOf,
    close: () => pool.end(),
  };
}

/** Messages in their order, each with the next offset of its channel. */
function loggedOf({ accepted, offsets }: Share, processedOn: Temporal.PlainDate): Logged[] {
  const next = new Map<string, { offset: number }>();
  let before: Incoming | null = null;
  let place = { offset: 0 };
  return accepted.map(({ message, id, receivedAt }) => {
    const { project, channel } = message;
    // Neighbours often share their channel.
    if (before?.channel !== channel || before.project !== project) {
      const key = channelKey(project, channel);
      place = next.get(key) ?? { offset: offsets.get(key) as number };
      next.set(key, place);
    }
    before = message;
    const { payload, type, door, connection, ip, userAgent, key, except } = message;
    const { offset } = place;
    place.offset++;
    return {
      ...{ project, channel, payload, type, door, connection, ip, userAgent, key, except },
      ...{ id, offset, receivedAt, processedOn },
    };
  });
}

/** The first columns of a row, made once for each channel of a batch. */
function beginnings(day: number): (project: string, channel: string) => Buffer {
  const made = new Map<string, Buffer>();
  let last: { project: string; channel: string; columns: Buffer } | null = null;
  return (project, channel) => {
    if (last?.channel === channel && last.project === project) return last.columns;
    const key = channelKey(project, channel);
    const columns = made.get(key) ?? copyColumns((row) => row.int4(day).text(project).text(channel));
    made.set(key, columns);
    last = { project, channel, columns };
    return columns;
  };
}

/** Instants as PostgreSQL counts them; many of a batch are the same one. */
function instants(): (at: Temporal.Instant) => number {
  let last: Temporal.Instant | null = null;
  let micros = 0;
  return (at) => {
    if (at !== last) {
      last = at;
      micros = pgMicros(at);
    }
    return micros;
  };
}

function offsetsBy(accepted: readonly Waiting[], logged: readonly Logged[]): (waiting: Waiting) => number | undefined {
  const offsets = new Map(accepted.map((waiting, index) => [waiting, logged[index]?.offset]));
  return (waiting) => offsets.get(waiting);
}

function copyStatement(table: string, more: string): string {
  return `copy relay.${table} (processed_on, project_id, channel, "offset", id, ${more}) from stdin with (format binary)`;
}

/** Whether a batch was not written because somebody else holds a row for long. */
export function isHeldUp(error: unknown): boolean {
  return (error as { code?: string }).code === lockNotAvailable;
}
