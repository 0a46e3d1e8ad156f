import type { Temporal } from '../base/index.ts';
import { type DateRange, whereAnchored } from '../datamap/index.ts';
import { type Db, spanOf, type Trx } from '../db/index.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

// Editions

export interface EditionRow {
  id: string;
  document: string;
  sha256: string;
  mime: string;
  size: number;
  published_on: Day;
  effective_on: Day;
  added_at: Instant;
}

const editionColumns = ['id', 'document', 'sha256', 'mime', 'published_on', 'effective_on', 'added_at'];

const selectEditions = (db: Db | Trx) =>
  db('core.editions').select(...editionColumns, db.raw('octet_length(bytes) as size'));

/** One at a time: two editions of a document added at once must see each other. */
export async function lockDocument(trx: Trx, document: string): Promise<void> {
  await trx.raw('select pg_advisory_xact_lock(hashtextextended(?, 100))', [document]);
}

export async function insertEdition(trx: Trx, row: Omit<EditionRow, 'size'> & { bytes: Buffer }): Promise<void> {
  await trx('core.editions').insert(row);
}

export async function findEdition(db: Db | Trx, id: string): Promise<EditionRow | null> {
  return (await selectEditions(db).where({ id }).first()) ?? null;
}

export async function listEditions(db: Db | Trx, document?: string): Promise<EditionRow[]> {
  const query = selectEditions(db).orderBy(['document', 'published_on']);
  return document === undefined ? query : query.where({ document });
}

export async function editionBytes(db: Db | Trx, id: string): Promise<Buffer | null> {
  const row = await db('core.editions').where({ id }).first('bytes');
  return (row?.bytes as Buffer | undefined) ?? null;
}

// Announcements

export async function insertAnnouncement(trx: Trx, edition: string, at: Instant): Promise<void> {
  await trx('core.edition_announcements').insert({ edition_id: edition, due_at: at });
}

export async function firstAnnouncement(db: Db | Trx): Promise<Instant | null> {
  const row = await db('core.edition_announcements').whereNull('done_at').orderBy('due_at').first('due_at');
  return (row?.due_at as Instant | undefined) ?? null;
}

export async function openAnnouncements(db: Db | Trx): Promise<{ id: string; due: Instant }[]> {
  return db('core.edition_announcements')
    .whereNull('done_at')
    .orderBy('due_at')
    .select({ id: 'edition_id', due: 'due_at' });
}

export async function closeAnnouncement(trx: Trx, edition: string, at: Instant): Promise<void> {
  await trx('core.edition_announcements').where({ edition_id: edition }).update({ done_at: at });
}

/** The publication is for everyone. */
const everyone = '';

/** Accounts of these that have been told of an edition; null stands for the publication. */
export async function toldAccounts(
  trx: Trx,
  edition: string,
  accounts: (string | null)[],
): Promise<Set<string | null>> {
  const found: string[] = await trx('core.edition_notices')
    .where({ edition_id: edition })
    .whereIn(
      'account_id',
      accounts.map((account) => account ?? everyone),
    )
    .pluck('account_id');
  return new Set(found.map((account) => account || null));
}

/** Two processes that announce one edition wait for each other, so that nobody is told twice. */
export async function lockAnnouncement(trx: Trx, edition: string): Promise<void> {
  await trx('core.edition_announcements').where({ edition_id: edition }).forUpdate().first('edition_id');
}

export async function insertNotice(
  trx: Trx,
  notice: { edition: string; account: string | null; letter: string; at: Instant },
): Promise<void> {
  await trx('core.edition_notices').insert({
    edition_id: notice.edition,
    account_id: notice.account ?? everyone,
    letter_id: notice.letter,
    at: notice.at,
  });
}

export async function listNotices(
  db: Db | Trx,
  edition: string,
): Promise<{ account: string | null; letter: string }[]> {
  const rows = await db('core.edition_notices').where({ edition_id: edition }).orderBy('account_id').select('*');
  return rows.map(({ account_id, letter_id }) => ({ account: account_id || null, letter: letter_id }));
}

// Acceptances

export interface AcceptanceRow {
  id: string;
  subject_id: string;
  account_id: string;
  edition_id: string;
  kind: 'acceptance' | 'acquaintance';
  sha256: string;
  at: Instant;
  via: string;
}

/** The first act counts: repeating it changes nothing. @returns whether it was the first */
export async function insertAcceptance(trx: Trx, row: AcceptanceRow): Promise<boolean> {
  const inserted = await trx('core.acceptances')
    .insert(row)
    .onConflict(['account_id', 'edition_id', 'kind'])
    .ignore()
    .returning('id');
  return inserted.length > 0;
}

export async function findAcceptance(
  db: Db | Trx,
  { account, edition, kind }: { account: string; edition: string; kind: string },
): Promise<AcceptanceRow | null> {
  const row = await db('core.acceptances').where({ account_id: account, edition_id: edition, kind }).first();
  return (row as AcceptanceRow | undefined) ?? null;
}

export async function listAcceptances(
  db: Db | Trx,
  of: { account: string } | { subject: string },
): Promise<(AcceptanceRow & { document: string })[]> {
  const mine = 'account' in of ? { 'acceptances.account_id': of.account } : { 'acceptances.subject_id': of.subject };
  return db('core.acceptances as acceptances')
    .join('core.editions as editions', 'editions.id', 'acceptances.edition_id')
    .where(mine)
    .orderBy('acceptances.id')
    .select('acceptances.*', 'editions.document');
}

/** The term of the proof begins. */
export async function endAcceptances(trx: Trx, account: string, day: Day): Promise<void> {
  await trx('core.acceptances').where({ account_id: account }).update({ contract_ended_on: day });
}

// Consents

export interface ConsentRow {
  id: string;
  subject_id: string;
  purpose: string;
  edition_id: string | null;
  wording: string | null;
  sha256: string;
  given_at: Instant;
  given_via: string;
  withdrawn_at: Instant | null;
  withdrawn_via: string | null;
}

export async function insertConsent(trx: Trx, row: ConsentRow): Promise<boolean> {
  const { rowCount } = await trx.raw(
    `insert into core.consents (id, subject_id, purpose, edition_id, wording, sha256, given_at, given_via)
     values (?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (subject_id, purpose) where withdrawn_at is null do nothing`,
    [
      row.id,
      row.subject_id,
      row.purpose,
      row.edition_id,
      row.wording,
      row.sha256,
      row.given_at,
      row.given_via,
    ] as never,
  );
  return rowCount > 0;
}

export async function findLiveConsent(db: Db | Trx, subject: string, purpose: string): Promise<ConsentRow | null> {
  const row = await db('core.consents').where({ subject_id: subject, purpose }).whereNull('withdrawn_at').first();
  return (row as ConsentRow | undefined) ?? null;
}

export async function withdrawConsent(
  trx: Trx,
  id: string,
  withdrawal: { withdrawn_at: Instant; withdrawn_on: Day; withdrawn_via: string },
): Promise<void> {
  await trx('core.consents').where({ id }).update(withdrawal);
}

export async function listConsents(db: Db | Trx, subject: string): Promise<ConsentRow[]> {
  return db('core.consents').where({ subject_id: subject }).orderBy('id').select('*');
}

// For the stores

type Table = 'core.acceptances' | 'core.consents';

const anchorOf: Record<Table, string> = {
  'core.acceptances': 'contract_ended_on',
  'core.consents': 'withdrawn_on',
};

export async function countByDay(
  trx: Trx,
  table: Table,
  subject?: string,
  until?: Day,
): Promise<{ day: Day | null; count: number }[]> {
  const column = anchorOf[table];
  const query = trx(table).select({ day: column }).count('* as count').groupBy(column).orderBy(column);
  if (until) query.where(column, '<=', until);
  const rows: unknown = await (subject === undefined ? query : query.where({ subject_id: subject }));
  return rows as { day: Day | null; count: number }[];
}

/** The first and the last of the days of `countByDay`, of all people. */
export function spanOfDays(db: Db | Trx, table: Table, from?: Day) {
  return spanOf(db, [{ rows: db(table), day: anchorOf[table] }], from);
}

/** Deletes records of one person, or of everyone whose days have come but for those held. */
export async function deleteAnchored(
  trx: Trx,
  table: Table,
  anchored: DateRange[] | 'all',
  whose: { subject: string } | { except: string[] },
): Promise<{ affected: number; remaining: number }> {
  const mine = () => {
    const query = trx(table);
    return 'subject' in whose ? query.where({ subject_id: whose.subject }) : query;
  };
  const going = whereAnchored(mine(), anchorOf[table], anchored);
  const affected = await ('except' in whose ? going.whereNotIn('subject_id', whose.except) : going).delete();
  const left = 'subject' in whose ? mine() : whereAnchored(mine(), anchorOf[table], anchored);
  const [row] = await left.count('* as count');
  return { affected, remaining: Number(row?.count ?? 0) };
}
