import { createHash, createHmac } from 'node:crypto';
import type { Client } from 'pg';
import {
  type Clock,
  countedAnew,
  dayOf,
  type Engine,
  newId,
  Refusal,
  type Sealer,
  sectionOf,
  type Temporal,
  type Trx,
} from '../../core/index.ts';
import { copyInto, copyWriter, pgDay, pgMicros } from './copy.ts';
import type { createNotices } from './notices.ts';
import { ensurePartitions } from './partitions.ts';
import { ask } from './sql.ts';

/** A message at the door, not yet in the log. */
export interface Incoming {
  project: string;
  channel: string;
  payload: Buffer;
  type: string | null;
  door: 'http' | 'ws';
  connection: string;
  ip: string;
  userAgent: string;
  key?: string; // idempotency
  except?: string; // the socket of the one reader that is not to be told
}

/** What is known of a message once it is durable. `repeated`: it had been before, under the same key. */
export interface Accepted {
  id: string;
  channel: string;
  offset: number;
  repeated: boolean;
}

/** A message that has just become durable, for its readers. */
export interface Logged extends Incoming {
  id: string;
  offset: number;
  receivedAt: Temporal.Instant;
  processedOn: Temporal.PlainDate;
}

/** What readers are told of a message, on whichever node they are. */
export type Told = Pick<
  Logged,
  'project' | 'channel' | 'offset' | 'id' | 'receivedAt' | 'processedOn' | 'type' | 'payload' | 'except'
>;

interface Waiting {
  message: Incoming;
  receivedAt: Temporal.Instant;
  done(accepted: Accepted): void;
  fail(error: Error): void;
}

/** One try to write a batch. Once it is over, its connection is cut and nothing of it may still be committed. */
interface Attempt {
  over: boolean;
  connection: Client | null;
}

interface ProjectUse {
  project_id: string;
  subject_id: string;
  account_id: string | null;
  messages: number;
  fitted: number;
  daily_limit: number;
  notices: Record<string, string>;
}

interface KeyRow {
  project_id: string;
  key_hash: Buffer;
  body_digest: Buffer;
  message_id: string;
  channel: string;
  offset: number;
}

const rowsPerBatch = 1000;
const bytesPerBatch = 16 * 1024 * 1024;
const waitingBytes = 64 * 1024 * 1024;
const patienceMs = 10_000;
/** How long one batch may take: a database that hangs must not hold up the batches behind it for minutes. */
const batchMs = 15_000;
const daysAhead = 8;
/** How long a key of the native API protects from a second copy: a promise of the protocol, not a legal term. */
export const keyHours = 24;

/*
 * One statement takes the lock of every project's day in sorted order and cuts what passes its limit: two nodes
 * never deadlock, and never accept one message too many between them. A project that is not active gets no row.
 */
const takeUsage = `
  insert into relay.usage as u (project_id, subject_id, used_on, daily_limit, messages, fitted, dropped)
  select p.id, p.subject_id, $3, l.daily, least(w.wanted, l.daily), least(w.wanted, l.daily), greatest(w.wanted - l.daily, 0)
  from (select id, subject_id, plan from relay.projects where id = any($1) and state = 'active' order by id for share) p
  join unnest($1::text[], $2::bigint[]) as w (id, wanted) on w.id = p.id
  join unnest($4::text[], $5::bigint[]) as l (plan, daily) on l.plan = p.plan
  order by p.id
  on conflict (project_id, used_on) do update set
    daily_limit = excluded.daily_limit,
    fitted = greatest(0, least(excluded.fitted + excluded.dropped, excluded.daily_limit - u.messages)),
    messages = u.messages + greatest(0, least(excluded.fitted + excluded.dropped, excluded.daily_limit - u.messages)),
    dropped = u.dropped + excluded.fitted + excluded.dropped
      - greatest(0, least(excluded.fitted + excluded.dropped, excluded.daily_limit - u.messages))
  returning u.project_id, u.subject_id, u.messages, u.fitted, u.daily_limit, u.notices,
    (select account_id from relay.projects where id = u.project_id) as account_id`;

const takeOffsets = `
  with volume as (
    insert into relay.volumes as v (processed_on, project_id, subject_id, messages, bytes, payloads_left, messages_left)
    select $1, project, subject, n, bytes, n, n
    from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) as w (project, subject, n, bytes) order by project
    on conflict (processed_on, project_id) do update set
      messages = v.messages + excluded.messages, bytes = v.bytes + excluded.bytes,
      payloads_left = v.payloads_left + excluded.messages, messages_left = v.messages_left + excluded.messages
  ), used as (
    update relay.usage u set bytes = u.bytes + w.bytes, hours[$10] = u.hours[$10] + w.n
    from unnest($2::text[], $4::bigint[], $5::bigint[]) as w (project, n, bytes)
    where u.project_id = w.project and u.used_on = $6
  )
  insert into relay.channels as c (project_id, name, last_offset)
  select project, channel, n from unnest($7::text[], $8::text[], $9::bigint[]) as w (project, channel, n)
  order by project, channel
  on conflict (project_id, name) do update set last_offset = c.last_offset + excluded.last_offset
  returning project_id, name, last_offset`;

/**
 * The way of a message into the log, for all callers together (group commit): what comes while one batch is being
 * written is the next. Nobody is told anything before the commit; `after` gets what has just become durable, in order.
 */
export function createLog(
  engine: Engine,
  {
    after,
    doubtful,
    notices,
    measure,
    limitMs = batchMs,
  }: {
    after(messages: Logged[]): void;
    /** The outcome of a commit is not known: readers of these channels must look for themselves. */
    doubtful(channels: { project: string; channel: string }[]): void;
    notices: ReturnType<typeof createNotices>;
    measure?(batch: { messages: number; seconds: number; ok: boolean }): void;
    limitMs?: number; // for one batch
  },
) {
  const { clock, db, law, vault } = engine;
  const plans = law.operator.plans;
  const planNames = plans.map((plan) => plan.id);
  const planLimits = plans.map((plan) => plan.limits.messagesPerDay);
  const { dayZone, overClause } = sectionOf(law.operator, 'limits');
  const recovery = { minutes: sectionOf(law.operator, 'recovery').minutes };

  let queue: Waiting[] = [];
  let queued = 0; // bytes
  let running: Promise<void> | null = null;
  let stopped = false;
  let failing = false;
  const knownDays = new Set<string>();
  let looking: Promise<void> | null = null;
  const sealers = new Map<string, Promise<Sealer>>();
  const personal = new Map<string, Buffer>();
  let sealersDay = '';

  function sealerOf(kind: 'payload' | 'metadata', day: string, project: string): Promise<Sealer> {
    if (day !== sealersDay) {
      sealers.clear();
      personal.clear();
      sealersDay = day;
    }
    const name = `${kind}/${day}/${project}`;
    const known = sealers.get(name);
    if (known) return known;
    const made = vault.sealer(name);
    sealers.set(name, made);
    made.catch(() => sealers.delete(name));
    return made;
  }

  async function ensureDay(day: Temporal.PlainDate): Promise<void> {
    if (!knownDays.has(day.toString())) {
      await ensurePartitions(db, [day]);
      knownDays.add(day.toString());
    }
    const ahead = Array.from({ length: daysAhead + 2 }, (_, index) => day.add({ days: index - 1 })).filter(
      (one) => !knownDays.has(one.toString()),
    );
    if (ahead.length === 0 || looking) return;
    // The days to come are made beside the traffic, so that midnight finds them there.
    looking = ensurePartitions(db, ahead)
      .then(() => {
        for (const one of ahead) knownDays.add(one.toString());
      })
      .catch((error: Error) => {
        engine.log.warn({ error: error.message }, 'The partitions of the coming days could not be made.');
      })
      .finally(() => {
        looking = null;
      });
  }

  /** IP and user agent are sealed once for a connection and day: the same box in each of its rows. */
  function personalBox(sealer: Sealer, day: string, message: Incoming): Buffer {
    const id = `${message.project}|${message.connection}|${message.ip}|${message.userAgent}`;
    let box = personal.get(id);
    if (!box) {
      const plain = Buffer.from(JSON.stringify({ ip: message.ip, userAgent: message.userAgent }));
      box = sealer(plain, metadataAad(day, message.project, message.connection));
      if (personal.size > 50_000) personal.clear();
      personal.set(id, box);
    }
    return box;
  }

  /**
   * Writes a batch or gives it up when its time is over. The server ends a statement that waits for a lock; a server
   * that says nothing at all is left by cutting the connection, which also undoes what was not committed.
   */
  async function writeInTime(batch: Waiting[]): Promise<void> {
    const attempt: Attempt = { over: false, connection: null };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => {
        attempt.over = true;
        attempt.connection?.connection.stream.destroy();
        fail(new Error('The database did not answer in time.'));
      }, limitMs);
    });
    try {
      await Promise.race([writeBatch(batch, attempt), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async function writeBatch(batch: Waiting[], attempt: Attempt): Promise<void> {
    const now = clock.now();
    const usedOn = dayOf(now, dayZone);
    const processedOn = processedOnOf(now);
    const day = processedOn.toString();
    await ensureDay(processedOn);
    const projects = [...new Set(batch.map(({ message }) => message.project))].sort();
    const sealersOf = new Map(
      await Promise.all(
        projects.map(async (project) => {
          const both = [sealerOf('payload', day, project), sealerOf('metadata', day, project)] as const;
          return [project, await Promise.all(both)] as const;
        }),
      ),
    );

    const settle: (() => void)[] = [];
    const logged: Logged[] = [];
    await db.transaction(async (trx) => {
      const connection = (await trx.client.acquireConnection()) as Client;
      if (attempt.over) throw unavailable();
      attempt.connection = connection;
      await connection.query(`set local statement_timeout = ${Math.ceil(limitMs * 0.9)}`);
      const fresh = await withoutRepeated(trx, batch, settle);
      if (fresh.length === 0) return;

      const wanted = count(fresh, ({ message }) => message.project);
      const names = [...wanted.keys()].sort();
      const { rows: uses } = await connection.query<ProjectUse>({
        name: 'relay-usage',
        text: takeUsage,
        values: [names, names.map((name) => wanted.get(name)), usedOn, planNames, planLimits],
      });
      const useOf = new Map(uses.map((use) => [use.project_id, use]));
      const left = new Map(uses.map((use) => [use.project_id, use.fitted]));
      const accepted: (Waiting & { id: string })[] = [];
      for (const waiting of fresh) {
        const { project } = waiting.message;
        const room = left.get(project);
        if (room === undefined) settle.push(() => waiting.fail(new Refusal('project.not-active', 'forbidden', {})));
        else if (room === 0) {
          const limit = useOf.get(project)?.daily_limit ?? 0;
          settle.push(() => waiting.fail(overLimit(limit, usedOn)));
        } else {
          left.set(project, room - 1);
          accepted.push({ ...waiting, id: newId('msg', waiting.receivedAt) });
        }
      }
      if (accepted.length > 0) {
        const use = { on: usedOn, hour: now.toZonedDateTimeISO(dayZone).hour };
        const offsets = await take(connection, accepted, useOf, processedOn, use);
        await writeRows(connection, accepted, offsets);
      }
      for (const use of uses) await notices.messages(trx, use, { at: now, on: usedOn });

      async function writeRows(to: Client, rows: typeof accepted, next: Map<string, number>): Promise<void> {
        const payloads = copyWriter(8);
        const messages = copyWriter(12);
        const days = int4(pgDay(processedOn));
        const storedAt = pgMicros(now);
        for (const waiting of rows) {
          const { message, id, receivedAt } = waiting;
          const key = channelKey(message);
          const offset = next.get(key) as number;
          next.set(key, offset + 1);
          const [sealPayload, sealMetadata] = sealersOf.get(message.project) as [Sealer, Sealer];
          const at = pgMicros(receivedAt);
          payloads.row().bytes(days).text(message.project).text(message.channel).int8(BigInt(offset)).text(id).int8(at);
          payloads.text(message.type).bytes(sealPayload(message.payload, payloadAad(day, message.project, id)));
          messages.row().bytes(days).text(message.project).text(message.channel).int8(BigInt(offset)).text(id).int8(at);
          messages.int8(storedAt).int4(message.payload.length).text(message.type).text(message.door);
          messages.text(message.connection).bytes(personalBox(sealMetadata, day, message));
          const entry: Logged = { ...message, id, offset, receivedAt, processedOn };
          logged.push(entry);
          settle.push(() => waiting.done({ id, channel: message.channel, offset, repeated: false }));
        }
        await copyInto(to, copyStatement('payloads', 'content_type, box'), payloads.finish());
        await copyInto(
          to,
          copyStatement('messages', 'stored_at, bytes, content_type, door, connection, personal'),
          messages.finish(),
        );
        await rememberKeys(trx, logged, now);
      }
    });
    // Committed: from here on it may be told.
    after(logged);
    for (const tell of settle) tell();
  }

  async function take(
    connection: Client,
    accepted: readonly Waiting[],
    useOf: Map<string, ProjectUse>,
    processedOn: Temporal.PlainDate,
    used: { on: Temporal.PlainDate; hour: number },
  ): Promise<Map<string, number>> {
    const perProject = count(accepted, ({ message }) => message.project);
    const bytes = count(
      accepted,
      ({ message }) => message.project,
      ({ message }) => message.payload.length,
    );
    const perChannel = count(accepted, ({ message }) => channelKey(message));
    const names = [...perProject.keys()].sort();
    const channels = [...perChannel.keys()].map((key) => key.split(' ') as [string, string]);
    const { rows } = await connection.query<{ project_id: string; name: string; last_offset: number }>({
      name: 'relay-offsets',
      text: takeOffsets,
      values: [
        processedOn,
        names,
        names.map((name) => useOf.get(name)?.subject_id),
        names.map((name) => perProject.get(name)),
        names.map((name) => bytes.get(name)),
        used.on,
        channels.map(([project]) => project),
        channels.map(([, channel]) => channel),
        [...perChannel.values()],
        used.hour + 1, // arrays of PostgreSQL begin at 1
      ],
    });
    return new Map(
      rows.map(({ project_id: project, name, last_offset: last }) => {
        const key = `${project} ${name}`;
        return [key, last - (perChannel.get(key) as number) + 1];
      }),
    );
  }

  /** Takes out what was published before under the same key: the same body gets the same answer, another is refused. */
  async function withoutRepeated(trx: Trx, batch: Waiting[], settle: (() => void)[]): Promise<Waiting[]> {
    const keyed = batch.filter(({ message }) => message.key !== undefined);
    if (keyed.length === 0) return batch;
    const projects = [...new Set(keyed.map(({ message }) => message.project))].sort();
    for (const project of projects) {
      await trx.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`relay.idempotency/${project}`]);
    }
    const salts = new Map<string, Buffer>(
      (await trx('relay.projects').whereIn('id', projects).select('id', 'salt')).map((row) => [row.id, row.salt]),
    );
    const found = new Map<string, { digest: Buffer; accepted?: Accepted; first?: Waiting }>();
    const hashes = keyed.map(({ message }) => keyHash(salts.get(message.project), message));
    const rows = await ask<KeyRow>(
      trx,
      `select project_id, key_hash, body_digest, message_id, channel, "offset" from relay.idempotency
       where (project_id, key_hash) in (select * from unnest(?::text[], ?::bytea[])) and accepted_at > ?`,
      [keyed.map(({ message }) => message.project), hashes, clock.now().subtract({ hours: keyHours })],
    );
    for (const row of rows) {
      found.set(`${row.project_id} ${row.key_hash.toString('hex')}`, {
        digest: row.body_digest,
        accepted: { id: row.message_id, channel: row.channel, offset: row.offset, repeated: true },
      });
    }
    const fresh: Waiting[] = [];
    for (const waiting of batch) {
      const { message } = waiting;
      if (message.key === undefined) {
        fresh.push(waiting);
        continue;
      }
      const salt = salts.get(message.project);
      const name = `${message.project} ${keyHash(salt, message).toString('hex')}`;
      const digest = bodyDigest(salt, message);
      const before = found.get(name);
      if (!before) {
        found.set(name, { digest, first: waiting });
        fresh.push(waiting);
      } else if (!before.digest.equals(digest)) {
        settle.push(() => waiting.fail(new Refusal('idempotency.other-body', 'conflict', {})));
      } else if (before.accepted) {
        const { accepted } = before;
        settle.push(() => waiting.done(accepted));
      } else if (before.first) {
        // Twice in one batch: the second shares whatever becomes of the first.
        const { first } = before;
        const { done, fail } = first;
        first.done = (accepted) => {
          done(accepted);
          waiting.done({ ...accepted, repeated: true });
        };
        first.fail = (error) => {
          fail(error);
          waiting.fail(error);
        };
      }
    }
    return fresh;
  }

  async function rememberKeys(trx: Trx, logged: readonly Logged[], at: Temporal.Instant): Promise<void> {
    const keyed = logged.filter((message) => message.key !== undefined);
    if (keyed.length === 0) return;
    const ids = [...new Set(keyed.map((message) => message.project))];
    const salts = new Map<string, Buffer>(
      (await trx('relay.projects').whereIn('id', ids).select('id', 'salt')).map((row) => [row.id, row.salt]),
    );
    const rows = keyed.map((message) => ({
      project_id: message.project,
      key_hash: keyHash(salts.get(message.project), message),
      body_digest: bodyDigest(salts.get(message.project), message),
      message_id: message.id,
      channel: message.channel,
      offset: message.offset,
      accepted_at: at,
    }));
    await trx('relay.idempotency').insert(rows).onConflict(['project_id', 'key_hash']).merge();
  }

  function overLimit(limit: number, usedOn: Temporal.PlainDate): Refusal {
    const resetsAt = countedAnew(usedOn, dayZone);
    return new Refusal('limit.messages', 'limit', {
      limit: { name: 'messages-per-day', value: limit },
      clause: overClause,
      resetsAt: resetsAt.toString(),
      retryAfter: Math.max(1, Math.ceil(clock.now().until(resetsAt).total('seconds'))),
      message: `Лимит сообщений в сутки (${limit}) исчерпан; сообщение не принято (${overClause}).`,
    });
  }

  function processedOnOf(at: Temporal.Instant): Temporal.PlainDate {
    return dayOf(at.add(recovery), law.zone);
  }

  async function run(): Promise<void> {
    try {
      while (queue.length > 0) await runBatch(nextBatch());
    } finally {
      // In the same turn as the last look: whoever publishes in the next one finds nobody running and starts anew.
      running = null;
    }
  }

  async function runBatch(batch: Waiting[]): Promise<void> {
    const begun = performance.now();
    try {
      await writeInTime(batch).catch((error: unknown) => {
        // Two nodes at midnight may meet in the wrong order: the database ends one of them, and it simply tries again.
        if ((error as { code?: string }).code === '40P01') return writeInTime(batch);
        throw error;
      });
      failing = false;
    } catch (error) {
      failing = true;
      const why = error instanceof Error ? error : new Error(String(error));
      engine.log.error({ error: why.message, messages: batch.length }, 'A batch could not be written to the log.');
      // A sealer whose key has been destroyed refuses for ever: the next batch asks for new ones.
      sealers.clear();
      personal.clear();
      for (const waiting of batch) waiting.fail(unavailable());
      doubtful(batch.map(({ message }) => ({ project: message.project, channel: message.channel })));
    }
    measure?.({ messages: batch.length, seconds: (performance.now() - begun) / 1000, ok: !failing });
  }

  /** Puts messages into the queue together. A database that neither works nor fails keeps none of them waiting for ever. */
  function enqueue(messages: readonly Incoming[], answer: (index: number) => Pick<Waiting, 'done' | 'fail'>): void {
    const answers = messages.map((_, index) => answer(index));
    if (stopped || queued > waitingBytes) {
      for (const { fail } of answers) fail(unavailable());
      return;
    }
    const receivedAt = clock.now();
    let open = messages.length;
    const timer = setTimeout(() => {
      for (const { fail } of answers) fail(unavailable());
    }, patienceMs);
    timer.unref();
    const settled = (): void => {
      if (--open === 0) clearTimeout(timer);
    };
    for (const [index, message] of messages.entries()) {
      const { done, fail } = answers[index] as (typeof answers)[number];
      queued += weightOf(message);
      queue.push({
        message,
        receivedAt,
        done(accepted) {
          settled();
          done(accepted);
        },
        fail(error) {
          settled();
          fail(error);
        },
      });
    }
    // All that arrives in one turn of the loop goes together.
    running ??= new Promise<void>((start) => setImmediate(start)).then(run);
  }

  function nextBatch(): Waiting[] {
    let rows = 0;
    let bytes = 0;
    while (rows < queue.length && rows < rowsPerBatch && (rows === 0 || bytes < bytesPerBatch)) {
      bytes += weightOf((queue[rows] as Waiting).message);
      rows++;
    }
    const batch = queue.slice(0, rows);
    queue = queue.slice(rows);
    queued -= bytes;
    return batch;
  }

  return {
    /**
     * Writes a message to the log. Resolves once it is durable.
     * @throws Refusal `limit.messages` | `idempotency.other-body` | `project.not-active` | `log.unavailable`
     */
    publish(message: Incoming): Promise<Accepted> {
      return new Promise((done, fail) => enqueue([message], () => ({ done, fail })));
    },
    /**
     * Writes messages as one group, in their order. Resolves once what becomes of each is known and durable.
     * @returns for each message what `publish` would have answered or thrown
     */
    publishAll(messages: readonly Incoming[]): Promise<(Accepted | Error)[]> {
      const outcomes: (Accepted | Error)[] = [];
      let open = messages.length;
      if (open === 0) return Promise.resolve(outcomes);
      return new Promise((done) => {
        enqueue(messages, (index) => {
          const settle = (outcome: Accepted | Error): void => {
            if (outcomes[index]) return;
            outcomes[index] = outcome;
            if (--open === 0) done(outcomes);
          };
          return { done: settle, fail: settle };
        });
      });
    },
    processedOnOf,
    /** How many messages wait for their batch. */
    waiting: (): number => queue.length,
    /** Whether the last batch was written. */
    healthy: (): boolean => !failing,
    /**
     * Whether the log can be written, as far as is known: after a batch that failed it is tried, because nobody may
     * publish any more to a node that says it is not ready.
     */
    async writable(): Promise<boolean> {
      if (!failing) return true;
      try {
        await ensurePartitions(db, [processedOnOf(clock.now())]);
        // A server that only reads gives no transaction a number.
        await ask(db, 'select pg_current_xact_id()', []);
        failing = false;
      } catch {
        // Still away: the next look tries again.
      }
      return !failing;
    },
    /** Partitions for yesterday and the week to come. */
    async prepare(): Promise<void> {
      await ensureDay(processedOnOf(clock.now()));
      await looking;
    },
    async stop(): Promise<void> {
      stopped = true;
      await running;
      await looking;
    },
  };
}

export function payloadAad(day: string, project: string, id: string): string {
  return `relay.payloads|${day}|${project}|${id}`;
}

export function metadataAad(day: string, project: string, connection: string): string {
  return `relay.messages|${day}|${project}|${connection}`;
}

/** The log cannot be written now; the caller may try again. */
export function unavailable(): Refusal {
  return new Refusal('log.unavailable', 'unavailable', {
    retryAfter: 1,
    message: 'Журнал сейчас недоступен для записи; сообщение не принято. Повторите попытку.',
  });
}

/** The window in which a missed message is still redelivered: since when, and from which day's partitions. */
export function recoveryWindow(clock: Clock, minutes: number, zone: string) {
  const now = clock.now();
  // What was accepted inside the window is processed today or later: older partitions need no look.
  return { since: now.subtract({ minutes }), day: dayOf(now, zone) };
}

function copyStatement(table: string, more: string): string {
  const at = table === 'payloads' ? 'at' : 'received_at';
  return `copy relay.${table} (processed_on, project_id, channel, "offset", id, ${at}, ${more}) from stdin with (format binary)`;
}

/** What a waiting message takes of memory, about: an empty one is not nothing. */
function weightOf({ payload }: Incoming): number {
  return payload.length + 512;
}

function int4(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

// A channel name has no space: the two parts come apart again.
function channelKey(message: Incoming): string {
  return `${message.project} ${message.channel}`;
}

function keyHash(salt: Buffer | undefined, message: Incoming): Buffer {
  return createHmac('sha256', salt ?? '')
    .update(`key ${message.key}`)
    .digest();
}

/** Of everything that makes a message this message: channel, type, body. */
function bodyDigest(salt: Buffer | undefined, message: Incoming): Buffer {
  const body = createHash('sha256').update(message.payload).digest('hex');
  return createHmac('sha256', salt ?? '')
    .update(`${message.channel} ${message.type} ${body}`)
    .digest();
}

function count<T>(items: readonly T[], key: (item: T) => string, weight: (item: T) => number = () => 1) {
  const sums = new Map<string, number>();
  for (const item of items) sums.set(key(item), (sums.get(key(item)) ?? 0) + weight(item));
  return sums;
}
