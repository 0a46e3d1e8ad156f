import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Because } from '../law/index.ts';
import type { ObligationFilter } from './obligations.ts';

export interface ObligationRow {
  id: string;
  duty: string;
  about: string;
  about_kind: string;
  subject_id: string | null;
  fact_id: string;
  query: { from: string; customer?: 'business' | 'consumer' };
  opened_at: Temporal.Instant;
  due_on: Temporal.PlainDate | null;
  late_from: Temporal.Instant | null;
  outer_on: Temporal.PlainDate | null;
  because: Because | null;
  digest: string;
  state: 'open' | 'discharged';
  extended_at: Temporal.Instant | null;
  extension_reason: string | null;
  discharged_at: Temporal.Instant | null;
  discharged_by: string | null;
  overdue_at: Temporal.Instant | null;
  problem: string | null;
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

/** Who sent a request is known only after it came: from then on its earlier records are about that person too. */
export async function adopt(trx: Trx, about: string, subject: string): Promise<void> {
  for (const table of [facts, obligations]) {
    await trx(table).where({ about }).whereNull('subject_id').update({ subject_id: subject });
  }
}

type NewObligation = Omit<
  ObligationRow,
  'extended_at' | 'extension_reason' | 'discharged_at' | 'discharged_by' | 'overdue_at' | 'state'
>;

export async function insertObligation(trx: Trx, row: NewObligation): Promise<void> {
  await trx(obligations).insert({
    ...row,
    state: 'open',
    query: JSON.stringify(row.query),
    because: row.because && JSON.stringify(row.because),
  });
}

/** Open duties of one kind: of this very thing, or (`bySubject`) of this person. Locked. */
export async function lockOpen(
  trx: Trx,
  duty: string,
  match: { about: string; aboutKind: string; subject: string | null },
): Promise<ObligationRow[]> {
  return trx(obligations)
    .where({ duty, state: 'open' })
    .where((either) => {
      either.where({ about: match.about });
      // A fact about another kind of thing speaks for the person, not for the thing.
      if (match.subject)
        either.orWhere((q) => q.where({ subject_id: match.subject }).whereNot({ about_kind: match.aboutKind }));
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
