import type { Temporal } from '../base/index.ts';
import { type Db, spanOf, type Trx } from '../db/index.ts';
import type { DeliveryState, LetterChannel, Locale } from './types.ts';

type Instant = Temporal.Instant;
type Day = Temporal.PlainDate;

export interface LetterRow {
  id: string;
  template: string;
  version: string;
  locale: Locale;
  subject_id: string | null;
  account_id: string | null;
  about_id: string | null;
  attachments: string[];
  queued_at: Instant;
  key_name: string;
  body: Buffer | null;
  forget_once_sent: boolean;
  settled_on: Day | null;
}

export interface DeliveryRow {
  id: string;
  letter_id: string;
  channel: LetterChannel;
  state: DeliveryState;
  attempts: number;
  next_try_at: Instant | null;
  sent_at: Instant | null;
  received_at: Instant | null;
  bounced_at: Instant | null;
  read_at: Instant | null;
  message_id: string | null;
  code: string | null;
}

export interface DocumentRow {
  id: string;
  kind: string;
  number: string | null;
  name: string;
  type: string;
  about_id: string;
  subject_id: string | null;
  key_name: string;
  body: Buffer;
  sha256: string;
  size: number;
  pages: number;
  version: number;
  made_at: Instant;
  anchored_on: Day | null;
}

export async function insertLetter(trx: Trx, row: LetterRow, deliveries: DeliveryRow[]): Promise<void> {
  await trx('core.letters').insert(row);
  await trx('core.deliveries').insert(deliveries);
}

/** Rows another process works on are skipped. */
export async function lockWaiting(
  trx: Trx,
  channel: LetterChannel,
  now: Instant,
  limit: number,
): Promise<DeliveryRow[]> {
  return trx('core.deliveries')
    .where({ channel })
    .whereIn('state', ['waiting', 'failed'])
    .where('next_try_at', '<=', now)
    .orderBy('next_try_at')
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .skipLocked();
}

export async function firstWaiting(db: Db | Trx): Promise<Instant | null> {
  const row = await db('core.deliveries').whereIn('state', ['waiting', 'failed']).min('next_try_at as at').first();
  return row?.at ?? null;
}

export async function lockDelivery(
  trx: Trx,
  which: { id: string } | { message_id: string },
): Promise<DeliveryRow | undefined> {
  return trx('core.deliveries').where(which).forUpdate().first();
}

export async function updateDelivery(trx: Trx, id: string, change: Partial<DeliveryRow>): Promise<void> {
  await trx('core.deliveries').where({ id }).update(change);
}

export async function hasOpenDelivery(trx: Trx, letter: string): Promise<boolean> {
  const row = await trx('core.deliveries')
    .where({ letter_id: letter })
    .whereIn('state', ['waiting', 'failed'])
    .first('id');
  return row !== undefined;
}

export async function updateLetter(trx: Trx, id: string, change: Partial<LetterRow>): Promise<void> {
  await trx('core.letters').where({ id }).update(change);
}

/** Letters that are to be forgotten once sent stay nobody's. */
export async function adoptLetters(trx: Trx, about: string, subject: string): Promise<number> {
  return trx('core.letters')
    .where({ about_id: about, forget_once_sent: false })
    .whereNull('subject_id')
    .update({ subject_id: subject });
}

export async function findPart(trx: Trx, part: LetterPart, id: string): Promise<LetterRow | undefined> {
  return trx('core.letters').where({ id }).whereExists(deliveriesOf(trx, part)).first();
}

export async function findLetter(db: Db | Trx, id: string): Promise<LetterRow | undefined> {
  return db('core.letters').where({ id }).first();
}

export async function cancelDeliveries(
  trx: Trx,
  which: { about?: string; subject?: string; template?: string },
): Promise<string[]> {
  const letters = trx('core.letters').select('id');
  if (which.about) letters.where({ about_id: which.about });
  if (which.subject) letters.where({ subject_id: which.subject });
  if (which.template) letters.where({ template: which.template });
  const rows = await trx('core.deliveries')
    .whereIn('letter_id', letters)
    .whereIn('state', ['waiting', 'failed'])
    .update({ state: 'cancelled', next_try_at: null })
    .returning('letter_id');
  return [...new Set(rows.map((row) => row.letter_id as string))];
}

export async function listLetters(
  db: Db,
  filter: { about?: string; subject?: string; template?: string; limit?: number },
): Promise<(Omit<LetterRow, 'body'> & { deliveries: DeliveryRow[] })[]> {
  const query = db('core.letters')
    .select('id', 'template', 'version', 'locale', 'subject_id', 'about_id', 'attachments', 'queued_at')
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 100);
  if (filter.about) query.where({ about_id: filter.about });
  if (filter.subject) query.where({ subject_id: filter.subject });
  if (filter.template) query.where({ template: filter.template });
  const letters = await query;
  const deliveries: DeliveryRow[] = await db('core.deliveries')
    .whereIn(
      'letter_id',
      letters.map(({ id }) => id),
    )
    .orderBy('id');
  return letters.map((letter) => ({
    ...letter,
    deliveries: deliveries.filter(({ letter_id }) => letter_id === letter.id),
  }));
}

export type PlacedRow = LetterRow & { placed_at: Instant; read_at: Instant | null };

/** Letters that are placed on a channel and not wiped, newest first. */
export async function listPlaced(
  db: Db,
  filter: { channel: LetterChannel; subject?: string; locale?: Locale; unread?: boolean; limit: number },
): Promise<PlacedRow[]> {
  const query = db('core.letters as l')
    .join('core.deliveries as d', 'd.letter_id', 'l.id')
    .where({ 'd.channel': filter.channel, 'd.state': 'received' })
    .whereNotNull('l.body')
    .orderBy('d.sent_at', 'desc')
    .orderBy('l.id', 'desc')
    .limit(filter.limit)
    .select('l.*', 'd.sent_at as placed_at', 'd.read_at');
  if (filter.subject) query.where({ 'l.subject_id': filter.subject });
  if (filter.locale) query.where({ 'l.locale': filter.locale });
  if (filter.unread) query.whereNull('d.read_at');
  return query;
}

export async function markNoticeRead(trx: Trx, id: string, subject: string, at: Instant): Promise<number> {
  return trx('core.deliveries')
    .where({ letter_id: id, channel: 'dashboard' })
    .whereNull('read_at')
    .whereIn('letter_id', trx('core.letters').select('id').where({ id, subject_id: subject }))
    .update({ read_at: at });
}

/** The next number of a series; the row lock keeps the series without gaps. */
export async function nextNumber(trx: Trx, series: string, year: number): Promise<number> {
  const [row] = await trx('core.counters')
    .insert({ series, year, last: 1 })
    .onConflict(['series', 'year'])
    .merge({ last: trx.raw('core.counters.last + 1') })
    .returning('last');
  return row.last;
}

export async function insertDocument(trx: Trx, row: DocumentRow): Promise<void> {
  await trx('core.documents').insert(row);
}

export async function findDocument(db: Db | Trx, id: string): Promise<DocumentRow | undefined> {
  return db('core.documents').where({ id }).first();
}

export async function lockDocument(trx: Trx, id: string): Promise<DocumentRow | undefined> {
  return trx('core.documents').where({ id }).forUpdate().first();
}

export async function updateDocument(trx: Trx, id: string, change: Partial<DocumentRow>): Promise<void> {
  await trx('core.documents').where({ id }).update(change);
}

export async function listDocuments(
  db: Db | Trx,
  filter: { about?: string; kind?: string; subject?: string },
): Promise<Omit<DocumentRow, 'body'>[]> {
  const query = db('core.documents')
    .select('id', 'kind', 'number', 'name', 'type', 'about_id', 'subject_id', 'key_name', 'sha256', 'size', 'pages')
    .select('version', 'made_at', 'anchored_on')
    .orderBy('id');
  if (filter.about) query.where({ about_id: filter.about });
  if (filter.kind) query.where({ kind: filter.kind });
  if (filter.subject) query.where({ subject_id: filter.subject });
  return query;
}

export async function anchorDocuments(trx: Trx, about: string, day: Day): Promise<number> {
  return trx('core.documents').where({ about_id: about }).whereNull('anchored_on').update({ anchored_on: day });
}

/** A letter on a dashboard is a notice with a term of its own; whatever else was sent of it is the letter. */
export type LetterPart = 'letters' | 'notices';

function deliveriesOf(db: Db | Trx, part: LetterPart) {
  const query = db('core.deliveries').whereRaw('core.deliveries.letter_id = core.letters.id');
  return part === 'notices' ? query.where({ channel: 'dashboard' }) : query.whereNot({ channel: 'dashboard' });
}

export interface ScopeRows {
  subject?: string;
  part?: LetterPart; // of letters
  ranges?: { from: Day; before: Day }[] | 'all';
  until?: Day;
  held?: string[];
  kinds?: readonly string[];
}

function narrow(trx: Trx, table: string, day: string, scope: ScopeRows) {
  const query = trx(table);
  const { ranges = 'all', until, held, kinds, part } = scope;
  if (until) query.where(day, '<=', until);
  if (part) query.whereExists(deliveriesOf(trx, part));
  if (scope.subject) query.where({ subject_id: scope.subject });
  if (kinds) query.whereIn('kind', kinds);
  if (held?.length) query.where((q) => q.whereNull('subject_id').orWhereNotIn('subject_id', held));
  if (ranges !== 'all') {
    query.where((q) => {
      if (ranges.length === 0) q.whereRaw('false');
      for (const { from, before } of ranges) q.orWhere((r) => r.where(day, '>=', from).where(day, '<', before));
    });
  }
  return query;
}

const anchorOf = { 'core.letters': 'settled_on', 'core.documents': 'anchored_on' } as const;
type Table = keyof typeof anchorOf;

export async function countByDay(
  trx: Trx,
  table: Table,
  scope: ScopeRows,
): Promise<{ day: Day | null; count: number }[]> {
  const day = anchorOf[table];
  const query = narrow(trx, table, day, scope).select(`${day} as day`).count('* as count').groupBy(day);
  if (table === 'core.letters') query.whereNotNull('body');
  return query as unknown as Promise<{ day: Day | null; count: number }[]>;
}

/** The first and the last of the days of `countByDay`, of all people; each kind of documents by itself, as its index has it. */
export function spanOfDays(db: Db | Trx, of: LetterPart | readonly string[], from?: Day) {
  const table = typeof of === 'string' ? 'core.letters' : 'core.documents';
  const day = anchorOf[table];
  const rows =
    typeof of === 'string'
      ? [db(table).whereNotNull('body').whereExists(deliveriesOf(db, of))]
      : of.map((kind) => db(table).where({ kind }));
  return spanOf(
    db,
    rows.map((some) => ({ rows: some, day })),
    from,
  );
}

export async function countRows(trx: Trx, table: Table, scope: ScopeRows): Promise<number> {
  const [row] = await narrow(trx, table, anchorOf[table], scope).count('* as count');
  return Number(row?.count ?? 0);
}

/** Deletes and answers the keys that no row uses any more. */
export async function deleteRows(
  trx: Trx,
  table: Table,
  scope: ScopeRows,
): Promise<{ affected: number; keys: string[]; days: Day[] }> {
  const day = anchorOf[table];
  const rows: { key_name: string; day: Day | null }[] = await narrow(trx, table, day, scope)
    .delete()
    .returning(['key_name', `${day} as day`] as string[]);
  const days = rows.map((row) => row.day).filter((d) => d !== null);
  return { affected: rows.length, keys: await unused(trx, table, rows), days };
}

/** Deletes one part of letters; a letter of which nothing is left goes whole. Answers the keys that no letter uses any more. */
export async function deleteParts(
  trx: Trx,
  part: LetterPart,
  scope: ScopeRows,
): Promise<{ affected: number; keys: string[]; days: Day[] }> {
  // Locked first: whoever deletes the other part at the same time sees what is left of them.
  const going: { day: Day | null }[] = await narrow(trx, 'core.letters', 'settled_on', { ...scope, part })
    .forUpdate()
    .select('settled_on as day');
  const letters = () => narrow(trx, 'core.letters', 'settled_on', scope);
  const deliveries = trx('core.deliveries').whereIn('letter_id', letters().select('id'));
  await (part === 'notices'
    ? deliveries.where({ channel: 'dashboard' })
    : deliveries.whereNot({ channel: 'dashboard' })
  ).delete();
  const gone: { key_name: string }[] = await letters()
    .whereNotExists(trx('core.deliveries').whereRaw('core.deliveries.letter_id = core.letters.id'))
    .delete()
    .returning('key_name');
  const days = going.map(({ day }) => day).filter((day) => day !== null);
  return { affected: going.length, keys: await unused(trx, 'core.letters', gone), days };
}

/** Of the keys of deleted rows those that no row uses any more. */
async function unused(trx: Trx, table: Table, gone: readonly { key_name: string }[]): Promise<string[]> {
  const names = [...new Set(gone.map(({ key_name }) => key_name))];
  const used = await trx(table).whereIn('key_name', names).distinct('key_name');
  const still = new Set<string>(used.map(({ key_name }) => key_name));
  return names.filter((name) => !still.has(name)).sort();
}

/** The letters of a person, or the notices with when they were placed and read. */
export async function listOf(trx: Trx, subject: string, part: LetterPart): Promise<(LetterRow & Placed)[]> {
  const query = trx('core.letters').where({ subject_id: subject }).whereNotNull('body').orderBy('core.letters.id');
  if (part === 'letters') return query.whereExists(deliveriesOf(trx, part));
  return query
    .join('core.deliveries as d', 'd.letter_id', 'core.letters.id')
    .where({ 'd.channel': 'dashboard' })
    .select('core.letters.*', 'd.sent_at as placed_at', 'd.read_at');
}

interface Placed {
  placed_at?: Instant | null;
  read_at?: Instant | null;
}
