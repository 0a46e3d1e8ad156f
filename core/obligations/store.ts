import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Opened, Running } from './ledger.ts';
import type { ObligationFilter } from './obligations.ts';

export interface ObligationRow extends Running {
  id: string;
  fact_id: string;
  extension_reason: string | null;
  discharged_by: string | null;
}

const facts = 'core.facts';
const obligations = 'core.obligations';

export async function insertFact(
  trx: Trx,
  row: {
    id: string;
    name: string;
    about: string;
    subject_id: string | null;
    at: Temporal.Instant;
    happened_on: Temporal.PlainDate;
    fields: Record<string, unknown>;
  },
): Promise<void> {
  await trx(facts).insert({ ...row, fields: JSON.stringify(row.fields) });
}

export interface FactRow {
  id: string;
  name: string;
  about: string;
  subject_id: string | null;
  at: Temporal.Instant;
  fields: Record<string, unknown>;
}

/** One fact by its id, or what happened to a thing, in order. */
export async function listFacts(db: Trx | Db, where: { id: string } | { about: string }): Promise<FactRow[]> {
  return db<FactRow>(facts)
    .where(where)
    .orderBy([{ column: 'at' }, { column: 'id' }])
    .select('id', 'name', 'about', 'subject_id', 'at', 'fields');
}

export interface EventRow {
  id: string;
  number: string;
  fact: string;
  fact_id: string;
  subject_id: string | null;
  at: Temporal.Instant;
}

export interface StaffReportRow {
  fact_id: string;
  about: string;
  by: string;
  reported_at: Temporal.Instant;
  key: Buffer;
  said: Buffer;
  contains: string[];
}

/** Reports about one thing wait for each other. */
export async function lockAbout(trx: Trx, about: string): Promise<void> {
  await trx.raw('select pg_advisory_xact_lock(hashtextextended(?, 60))', [about]);
}

export async function insertEvent(trx: Trx, row: EventRow): Promise<void> {
  await trx('core.events').insert(row);
}

export async function findEvent(db: Trx | Db, idOrNumber: string): Promise<EventRow | undefined> {
  return db<EventRow>('core.events').where({ id: idOrNumber }).orWhere({ number: idOrNumber }).first();
}

/** The newest events, and those of these ids. */
export async function listEvents(db: Trx | Db, ids: readonly string[], newest: number): Promise<EventRow[]> {
  const known = await db<EventRow>('core.events').whereIn('id', ids);
  const fresh = newest > 0 ? await db<EventRow>('core.events').orderBy('at', 'desc').limit(newest) : [];
  return [...new Map([...known, ...fresh].map((row) => [row.id, row])).values()];
}

/** Takes a key. @returns null, or the report that has taken it before */
export async function takeKey(trx: Trx, row: StaffReportRow): Promise<StaffReportRow | null> {
  const reports = () => trx<StaffReportRow>('core.staff_reports');
  // A second one with the same key waits here until the first is written or given up.
  const added = await reports()
    .insert({ ...row, contains: JSON.stringify(row.contains) as never })
    .onConflict('key')
    .ignore()
    .returning('fact_id');
  return added.length > 0 ? null : ((await reports().where({ key: row.key }).first()) as StaffReportRow);
}

export async function listReports(db: Trx | Db, about: string): Promise<StaffReportRow[]> {
  return db<StaffReportRow>('core.staff_reports').where({ about });
}

/** The duties of these things, the most urgent first. */
export async function obligationsOf(db: Trx | Db, abouts: readonly string[]): Promise<ObligationRow[]> {
  return db(obligations).whereIn('about', abouts).orderByRaw('late_from nulls first, id');
}

/** What happened to these things, in order. */
export async function factsOf(db: Trx | Db, abouts: readonly string[]): Promise<FactRow[]> {
  return db<FactRow>(facts)
    .whereIn('about', abouts)
    .orderBy([{ column: 'at' }, { column: 'id' }])
    .select('id', 'name', 'about', 'subject_id', 'at', 'fields');
}

/** Things with an open duty that staff have to do with; requests and accounts have screens of their own. */
export async function aboutsToWatch(db: Trx | Db, duties: readonly string[], limit: number): Promise<string[]> {
  return db(obligations)
    .where({ state: 'open' })
    .where((either) => {
      either.whereNotIn('about_kind', ['request', 'account']).orWhere((own) => {
        own.whereIn('duty', duties).whereNot({ about_kind: 'request' });
      });
    })
    .groupBy('about')
    .orderByRaw('min(late_from) nulls first, about')
    .limit(limit)
    .pluck('about');
}

/** Who sent a request is known only after it came: from then on its earlier records are about that person too. */
export async function adopt(trx: Trx, about: string, subject: string): Promise<void> {
  for (const table of [facts, obligations]) {
    await trx(table).where({ about }).whereNull('subject_id').update({ subject_id: subject });
  }
}

type NewObligation = Opened & { id: string; fact_id: string };

export async function insertObligation(trx: Trx, row: NewObligation): Promise<void> {
  await trx(obligations).insert({
    ...row,
    state: 'open',
    query: JSON.stringify(row.query),
    because: row.because && JSON.stringify(row.because),
  });
}

/** Open duties of one kind that are of this very thing or of this person. Locked. */
export async function lockOpen(
  trx: Trx,
  duties: readonly string[],
  { about, subject }: { about: string; subject: string | null },
): Promise<ObligationRow[]> {
  return trx(obligations)
    .where({ state: 'open' })
    .whereIn('duty', duties)
    .where((either) => {
      either.where({ about });
      if (subject) either.orWhere({ subject_id: subject });
    })
    .orderBy('id')
    .forUpdate();
}

export async function updateObligation(trx: Trx | Db, id: string, change: Record<string, unknown>): Promise<void> {
  await trx(obligations).where({ id }).update(change);
}

export async function listObligations(db: Trx | Db, filter: ObligationFilter): Promise<ObligationRow[]> {
  const query = db(obligations)
    .orderByRaw('late_from nulls first, id')
    .limit(filter.limit ?? 500);
  if (filter.id) query.where({ id: filter.id });
  if (filter.fact) query.where({ fact_id: filter.fact });
  if (filter.about) query.where({ about: filter.about });
  if (filter.subject) query.where({ subject_id: filter.subject });
  if (filter.duty) query.where({ duty: filter.duty });
  if (filter.state) query.where({ state: filter.state });
  if (filter.overdue !== undefined) filter.overdue ? query.whereNotNull('overdue_at') : query.whereNull('overdue_at');
  if (filter.lateBefore) query.where('late_from', '<=', filter.lateBefore);
  return query;
}

/** Open duties whose term could not be computed. */
export async function listProblems(trx: Trx): Promise<ObligationRow[]> {
  return trx(obligations).where({ state: 'open' }).whereNotNull('problem').forUpdate();
}

export async function markOverdue(trx: Trx, now: Temporal.Instant): Promise<ObligationRow[]> {
  return trx(obligations)
    .where({ state: 'open' })
    .whereNull('overdue_at')
    .where('late_from', '<=', now)
    .update({ overdue_at: now })
    .returning('*');
}

export async function earliestLate(db: Db): Promise<Temporal.Instant | null> {
  const row = await db(obligations).where({ state: 'open' }).whereNull('overdue_at').min('late_from as at').first();
  return row?.at ?? null;
}
