import { createHash, createHmac } from 'node:crypto';
import type { Client } from 'pg';
import { type Clock, Refusal, type Temporal } from '../../core/index.ts';
import type { Accepted, Incoming, Waiting } from './waiting.ts';

/** How long a key of the native API protects from a second copy: a promise of the protocol, not a legal term. */
export const keyHours = 24;

interface KeyRow {
  project_id: string;
  key_hash: Buffer;
  body_digest: Buffer;
  message_id: string;
  channel: string;
  offset: number;
}

interface Keyed {
  waiting: Waiting;
  hash: Buffer;
  digest: Buffer;
}

/** What was published before under the same key, as far as a batch asks for it. */
export interface Repeats {
  /** Those that are new, in their order. */
  fresh: Waiting[];
  /** Tells those that are not, once the batch is committed. */
  settle: (() => void)[];
  /** Remembers the keys of those that were accepted. */
  remember(offsetOf: (waiting: Waiting) => number | undefined, at: Temporal.Instant): Promise<void>;
}

/**
 * Takes out of a batch, in its transaction, what was published before under the same key: the same body gets the same
 * answer, another is refused.
 */
export async function withoutRepeats(client: Client, clock: Clock, batch: readonly Waiting[]): Promise<Repeats> {
  const keyed = await keysOf(client, batch);
  const found = await knownOf(client, clock, keyed);
  const fresh: Waiting[] = [];
  const settle: (() => void)[] = [];
  const first = new Map<string, Keyed>();
  for (const waiting of batch) {
    const key = keyed.get(waiting);
    if (!key) {
      fresh.push(waiting);
      continue;
    }
    const name = nameOf(waiting.message.project, key.hash);
    const before = found.get(name);
    const twin = first.get(name);
    const digest = before?.body_digest ?? twin?.digest;
    if (!digest) {
      first.set(name, key);
      fresh.push(waiting);
    } else if (!digest.equals(key.digest)) {
      settle.push(() => waiting.fail(otherBody()));
    } else if (before) {
      settle.push(() => waiting.done(acceptedOf(before)));
    } else if (twin) twin.waiting.takeAlong(waiting);
  }
  return {
    ...{ fresh, settle },
    remember: (offsetOf, at) => rememberKeys(client, [...first.values()], offsetOf, at),
  };
}

function otherBody(): Refusal {
  return new Refusal('idempotency.other-body', 'key-reused', {
    message: 'This key has been used for another message: of another channel, type or body.',
  });
}

function acceptedOf(row: KeyRow): Accepted {
  return { id: row.message_id, channel: row.channel, offset: row.offset, repeated: true };
}

const nameOf = (project: string, hash: Buffer): string => `${project} ${hash.toString('hex')}`;

/** Locks the keys of the projects until the transaction ends, in one order for all. */
async function keysOf(client: Client, batch: readonly Waiting[]): Promise<Map<Waiting, Keyed>> {
  const withKey = batch.filter(({ message }) => message.key !== undefined);
  const projects = [...new Set(withKey.map(({ message }) => message.project))].sort();
  for (const project of projects) {
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`relay.idempotency/${project}`]);
  }
  const { rows } = await client.query<{ id: string; salt: Buffer }>(
    'select id, salt from relay.projects where id = any($1)',
    [projects],
  );
  const salts = new Map(rows.map(({ id, salt }) => [id, salt]));
  return new Map(
    withKey.map((waiting) => {
      const salt = salts.get(waiting.message.project) ?? '';
      return [waiting, { waiting, hash: keyHash(salt, waiting.message), digest: bodyDigest(salt, waiting.message) }];
    }),
  );
}

async function knownOf(client: Client, clock: Clock, keyed: Map<Waiting, Keyed>): Promise<Map<string, KeyRow>> {
  const asked = [...keyed.values()];
  const { rows } = await client.query<KeyRow>(
    `select project_id, key_hash, body_digest, message_id, channel, "offset" from relay.idempotency
     where (project_id, key_hash) in (select * from unnest($1::text[], $2::bytea[])) and accepted_at > $3`,
    [
      asked.map(({ waiting }) => waiting.message.project),
      asked.map(({ hash }) => hash),
      clock.now().subtract({ hours: keyHours }),
    ],
  );
  return new Map(rows.map((row) => [nameOf(row.project_id, row.key_hash), row]));
}

async function rememberKeys(
  client: Client,
  keys: readonly Keyed[],
  offsetOf: (waiting: Waiting) => number | undefined,
  at: Temporal.Instant,
): Promise<void> {
  const kept = keys.flatMap((key) => {
    const offset = offsetOf(key.waiting);
    return offset === undefined ? [] : [{ ...key, offset }];
  });
  if (kept.length === 0) return;
  await client.query(
    `insert into relay.idempotency (project_id, key_hash, body_digest, message_id, channel, "offset", accepted_at)
     select *, $7 from unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::bigint[])
     on conflict (project_id, key_hash) do update set body_digest = excluded.body_digest,
       message_id = excluded.message_id, channel = excluded.channel, "offset" = excluded."offset",
       accepted_at = excluded.accepted_at`,
    [
      kept.map(({ waiting }) => waiting.message.project),
      kept.map(({ hash }) => hash),
      kept.map(({ digest }) => digest),
      kept.map(({ waiting }) => waiting.id),
      kept.map(({ waiting }) => waiting.message.channel),
      kept.map(({ offset }) => offset),
      at,
    ],
  );
}

function keyHash(salt: Buffer | string, message: Incoming): Buffer {
  return createHmac('sha256', salt).update(`key ${message.key}`).digest();
}

/** Of everything that makes a message this message: channel, type, body. */
function bodyDigest(salt: Buffer | string, message: Incoming): Buffer {
  const body = createHash('sha256').update(message.payload).digest('hex');
  return createHmac('sha256', salt).update(`${message.channel} ${message.type} ${body}`).digest();
}
