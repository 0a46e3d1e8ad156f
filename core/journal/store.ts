import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Header } from './entry.ts';
import type { Edge } from './tree.ts';
import type { EntryFilter } from './types.ts';

/** The sealers of all processes take this lock, one after the other. The numbers only have to be ours. */
const sealerLock = [0x5372, 0x6f6b];

export interface InboxRow {
  n: number;
  id: string;
  at: Temporal.Instant;
  action: string;
  about: string | null;
  actor: string | null;
  com: Buffer | null;
  body: Buffer | null;
  erased_with: string | null;
}

/** An entry with what is left of its body. `kept` is false when the row of the body is missing altogether. */
export interface EntryRow extends Header {
  leaf: Buffer;
  body: Buffer | null;
  erased_with: string | null;
  kept: boolean;
}

export interface CheckpointRow {
  size: number;
  at: Temporal.Instant;
  root: Buffer;
  note: string;
}

export async function insertInbox(trx: Trx, row: Omit<InboxRow, 'n' | 'erased_with'>): Promise<void> {
  await trx('core.journal_inbox').insert(row);
}

export async function oldestWaiting(db: Db | Trx): Promise<Temporal.Instant | null> {
  const row = await db('core.journal_inbox').min('at as at').first();
  return (row?.at as Temporal.Instant | null | undefined) ?? null;
}

/** The size and the edge of the chain, with the lock that lets one sealer work at a time. */
export async function lockHead(trx: Trx): Promise<{ size: number; edge: Buffer }> {
  await trx.raw('select pg_advisory_xact_lock(?, ?)', sealerLock);
  return headOf(trx);
}

export async function headOf(db: Db | Trx): Promise<{ size: number; edge: Buffer }> {
  return db('core.journal_head').first('size', 'edge');
}

/** Takes visible rows out of the inbox, oldest first; those of transactions still open come another time. */
export async function takeInbox(trx: Trx, limit: number): Promise<InboxRow[]> {
  const rows: InboxRow[] = await trx('core.journal_inbox')
    .whereIn('n', trx('core.journal_inbox').select('n').orderBy('n').limit(limit))
    .delete()
    .returning(['n', 'id', 'at', 'action', 'about', 'actor', 'com', 'body', 'erased_with']);
  return rows.sort((a, b) => a.n - b.n);
}

export async function insertSealed(
  trx: Trx,
  batch: { header: Header; leaf: Buffer; body: Buffer | null; erasedWith: string | null }[],
  was: number,
  edge: Edge,
  checkpoint: CheckpointRow,
): Promise<void> {
  await trx('core.journal_entries').insert(batch.map(({ header, leaf }) => ({ ...header, leaf })));
  const bodies = batch
    .filter(({ header }) => header.com !== null)
    .map(({ header, body, erasedWith }) => ({ seq: header.seq, body, erased_with: erasedWith }));
  if (bodies.length > 0) await trx('core.journal_bodies').insert(bodies);
  const moved = await trx('core.journal_head')
    .where({ size: was })
    .update({ size: edge.size, edge: Buffer.concat(edge.roots) });
  if (moved !== 1) throw new Error('Another sealer moved the journal under the lock.');
  await trx('core.journal_checkpoints').insert(checkpoint);
}

export async function lastCheckpoint(db: Db | Trx): Promise<CheckpointRow | null> {
  return (await db('core.journal_checkpoints').orderBy('size', 'desc').first()) ?? null;
}

export async function allCheckpoints(db: Db | Trx): Promise<CheckpointRow[]> {
  return db('core.journal_checkpoints').orderBy('size');
}

const entryColumns = ['e.seq', 'e.id', 'e.at', 'e.action', 'e.about', 'e.actor', 'e.com', 'e.leaf'];

export async function entriesAfter(db: Db | Trx, seq: number, limit: number): Promise<EntryRow[]> {
  return db('core.journal_entries as e')
    .leftJoin('core.journal_bodies as b', 'b.seq', 'e.seq')
    .where('e.seq', '>', seq)
    .orderBy('e.seq')
    .limit(limit)
    .select(...entryColumns, 'b.body', 'b.erased_with', db.raw('b.seq is not null as kept'));
}

export async function listEntries(db: Db | Trx, filter: EntryFilter): Promise<EntryRow[]> {
  const query = db('core.journal_entries as e').leftJoin('core.journal_bodies as b', 'b.seq', 'e.seq');
  const { from, to, action, prefix, about, actor, before, after } = filter;
  if (from) query.where('e.at', '>=', from);
  if (to) query.where('e.at', '<', to);
  if (action !== undefined) query.where('e.action', action);
  if (prefix !== undefined) query.whereRaw('starts_with(e.action, ?)', [prefix]);
  if (about !== undefined) query.where('e.about', about);
  if (actor !== undefined) query.where('e.actor', actor);
  if (before !== undefined) query.where('e.seq', '<', before);
  if (after !== undefined) query.where('e.seq', '>', after);
  return query
    .orderBy('e.seq', filter.order === 'oldest' ? 'asc' : 'desc')
    .limit(filter.limit ?? 100)
    .select(...entryColumns, 'b.body', 'b.erased_with', db.raw('b.seq is not null as kept'));
}

/** Entries that record an erasure of bodies: id → seq, or null while it waits to be sealed. */
export async function erasures(db: Db | Trx, action: string): Promise<Map<string, number | null>> {
  const sealed: { id: string; seq: number }[] = await db('core.journal_entries').where({ action }).select('id', 'seq');
  const waiting: { id: string }[] = await db('core.journal_inbox').where({ action }).select('id');
  return new Map([...sealed.map(({ id, seq }) => [id, seq] as const), ...waiting.map(({ id }) => [id, null] as const)]);
}

/** Which bodies: those of entries made in these spans, of one id or of all but some. */
export interface BodyChoice {
  /** half-open; undefined = whenever */
  spans?: { from?: Temporal.Instant; before: Temporal.Instant }[];
  /** the entry is about this id, or its doing */
  of?: string;
  notOf?: readonly string[];
  /** entries left alone by their own id */
  notIds?: readonly string[];
}

/** How many bodies there are to erase. */
export async function countBodies(trx: Trx, choice: BodyChoice): Promise<number> {
  let total = 0;
  for (const table of ['core.journal_bodies', 'core.journal_inbox'] as const) {
    const { rows } = await trx.raw(...chosen(table, choice, 'select count(*) as count from'));
    total += rows[0].count;
  }
  return total;
}

/** Takes body and salt away for good, also of entries that still wait to be sealed. */
export async function eraseChosen(trx: Trx, choice: BodyChoice, erasedWith: string): Promise<number> {
  let total = 0;
  for (const [table, key] of [
    ['core.journal_bodies', 'seq'],
    ['core.journal_inbox', 'n'],
  ] as const) {
    const [select, bindings] = chosen(table, choice, `select x.${key} from`);
    const { rowCount } = await trx.raw(`update ${table} set body = null, erased_with = ? where ${key} in (${select})`, [
      erasedWith,
      ...bindings,
    ]);
    total += rowCount;
  }
  return total;
}

/**
 * Before it lie only entries whose bodies are gone: they are never read again. Entries are numbered in the order in which
 * they were sealed, and a transaction that was open meanwhile comes later: never by a day, so that the search begins a
 * day before the first one by number.
 */
const firstKept = `(select at - interval '1 day' from core.journal_entries
         where seq = (select min(seq) from core.journal_bodies where body is not null))`;

/** The days on which entries with a body were made, in the operator's zone. */
export async function bodyDays(
  trx: Trx,
  zone: string,
  choice: BodyChoice,
): Promise<{ day: Temporal.PlainDate; count: number }[]> {
  const [sealed, bindings] = chosen('core.journal_bodies', choice, 'select (e.at at time zone ?)::date as day from', [
    zone,
  ]);
  const kept = choice.spans ? `${sealed} and e.at >= ${firstKept}` : sealed;
  const { rows } = await trx.raw(`select day, count(*) as count from (${kept}) d group by day order by day`, bindings);
  return rows;
}

/** The first and the last of those days, of those from a day on. */
export async function bodySpan(
  db: Db | Trx,
  zone: string,
  from?: Temporal.PlainDate,
): Promise<{ first: Temporal.PlainDate; last: Temporal.PlainDate } | null> {
  const start = from ? '?::date::timestamp at time zone ?' : firstKept;
  const day = (order: string) => `(select (e.at at time zone ?)::date
      from core.journal_entries e join core.journal_bodies x on x.seq = e.seq
     where x.body is not null and e.at >= ${start} order by e.at ${order} limit 1)`;
  const bindings = [zone, ...(from ? [from, zone] : [])] as string[];
  const { rows } = await db.raw(`select ${day('asc')} as first, ${day('desc')} as last`, [...bindings, ...bindings]);
  const [{ first, last }] = rows;
  return first && last ? { first, last } : null;
}

function chosen(
  table: 'core.journal_bodies' | 'core.journal_inbox',
  { spans, of, notOf, notIds }: BodyChoice,
  head: string,
  headBindings: readonly unknown[] = [],
  // biome-ignore lint/suspicious/noExplicitAny: what knex calls the values of a raw query
): [string, any[]] {
  const from =
    table === 'core.journal_bodies' ? `${table} x join core.journal_entries e on e.seq = x.seq` : `${table} x`;
  const entry = table === 'core.journal_bodies' ? 'e' : 'x';
  const where = ['x.body is not null'];
  const bindings: unknown[] = [...headBindings];
  if (spans) {
    const each = spans.map(({ from: start, before }) => {
      bindings.push(...(start ? [start] : []), before);
      return `(${start ? `${entry}.at >= ? and ` : ''}${entry}.at < ?)`;
    });
    where.push(each.length > 0 ? `(${each.join(' or ')})` : 'false');
  }
  if (of !== undefined) {
    where.push(`(${entry}.about = ? or ${entry}.actor = ?)`);
    bindings.push(of, of);
  }
  if (notOf && notOf.length > 0) {
    const marks = notOf.map(() => '?').join(', ');
    where.push(`coalesce(${entry}.about, '') not in (${marks}) and coalesce(${entry}.actor, '') not in (${marks})`);
    bindings.push(...notOf, ...notOf);
  }
  if (notIds && notIds.length > 0) {
    where.push(`${entry}.id not in (${notIds.map(() => '?').join(', ')})`);
    bindings.push(...notIds);
  }
  return [`${head} ${from} where ${where.join(' and ')}`, bindings];
}
