import type { Temporal } from '../base/index.ts';
import {
  type Anchor,
  type EraseScope,
  lastOf,
  type Store,
  type StoreContext,
  whereAnchored,
} from '../datamap/index.ts';
import { type Db, spanOf, type Trx } from '../db/index.ts';

type Day = Temporal.PlainDate;

const system = { ru: 'ИСПДн «Обращения и уничтожение»', en: 'Requests and destruction' };

/** Tables of evidence and the day from which each row's term counts. */
const dated = [
  { table: 'core.destruction_acts', day: 'made_on', subject: 'subject_id' },
  { table: 'core.destruction_ledger', day: 'made_on', subject: 'subject_id' },
  { table: 'core.erasure_plans', day: 'executed_on', subject: 'subject_id' },
  { table: 'core.tombstones', day: 'made_on', subject: 'subject_id' },
  { table: 'core.sweep_runs', day: 'started_on', subject: null },
] as const;

/** Counts of rows by day over several tables. */
async function countByDay(
  trx: Trx,
  tables: readonly { table: string; day: string; subject: string | null }[],
  subject?: string,
  until?: Day,
): Promise<Anchor[]> {
  const counts = new Map<string, { day: Day; count: number }>();
  for (const one of tables) {
    if (subject && !one.subject) continue;
    const query = trx(one.table).select(`${one.day} as day`).count('* as count').whereNotNull(one.day).groupBy(one.day);
    if (subject && one.subject) query.where({ [one.subject]: subject });
    if (until) query.where(one.day, '<=', until);
    for (const { day, count } of (await query) as unknown as { day: Day; count: number }[]) {
      const known = counts.get(day.toString());
      counts.set(day.toString(), { day, count: count + (known?.count ?? 0) });
    }
  }
  return [...counts.values()];
}

function spanOfDays(db: Db | Trx, tables: readonly { table: string; day: string }[], from?: Day) {
  return spanOf(
    db,
    tables.map(({ table, day }) => ({ rows: db(table), day })),
    from,
  );
}

/** Narrows a query to whose records may go. */
function whose<Q extends ReturnType<Trx>>(query: Q, scope: EraseScope, column: string | null): Q {
  if (!column) return scope.why === 'request' ? (query.whereRaw('false') as Q) : query;
  if (scope.why === 'request') query.where({ [column]: scope.subject });
  else if (scope.held.length > 0) query.where((q) => q.whereNull(column).orWhereNotIn(column, scope.held));
  return query;
}

/**
 * Acts, extracts, the ledger, plans and tombstones. When their own term ends, the keys of what is sealed in them are
 * shredded first, then the rows go.
 */
const evidence: Store = {
  title: { ru: 'Доказательства уничтожения', en: 'Evidence of destruction' },
  system,
  subject: 'any',
  tables: [
    'core.destruction_acts',
    'core.destruction_ledger',
    'core.erasure_plans',
    'core.erasure_items',
    'core.tombstones',
    'core.sweep_runs',
    'core.sweep_targets',
  ],
  columns: {
    'core.destruction_acts.number': 'technical',
    'core.destruction_acts.system': 'technical',
    'core.destruction_acts.run': 'technical',
    'core.destruction_acts.basis': 'technical',
    'core.destruction_acts.sealed': 'destruction.evidence',
    'core.destruction_acts.signed_by': 'destruction.evidence',
    'core.destruction_acts.subject_id': 'destruction.evidence',
    'core.destruction_ledger.run': 'technical',
    'core.destruction_ledger.store': 'technical',
    'core.destruction_ledger.system': 'technical',
    'core.destruction_ledger.outcome': 'technical',
    'core.destruction_ledger.because': 'technical',
    'core.destruction_ledger.subject_id': 'destruction.evidence',
    'core.erasure_plans.cause_kind': 'destruction.evidence',
    'core.erasure_plans.cause_about': 'destruction.evidence',
    'core.erasure_plans.state': 'technical',
    'core.erasure_plans.due': 'technical',
    'core.erasure_plans.lost_paid_time': 'destruction.evidence',
    'core.erasure_plans.person': 'destruction.evidence',
    'core.erasure_plans.made_by': 'destruction.evidence',
    'core.erasure_plans.checked_by': 'destruction.evidence',
    'core.erasure_plans.job': 'technical',
    'core.erasure_items.store': 'technical',
    'core.erasure_items.outcome': 'technical',
    'core.erasure_items.title': 'technical',
    'core.erasure_items.system': 'technical',
    'core.erasure_items.categories': 'technical',
    'core.erasure_items.because': 'technical',
    'core.erasure_items.anchored': 'technical',
    'core.erasure_items.receipt': 'destruction.evidence',
    'core.tombstones.mark': 'destruction.evidence',
    'core.sweep_runs.state': 'technical',
    'core.sweep_runs.job': 'technical',
    'core.sweep_targets.store': 'technical',
    'core.sweep_targets.anchored': 'technical',
    'core.sweep_targets.state': 'technical',
    'core.sweep_targets.receipt': 'destruction.evidence',
  },
  purposes: ['compliance'],
  schedule: 'destruction.evidence',

  anchors: (trx, subject, until) => countByDay(trx, dated, subject, until),
  span: (db, from) => spanOfDays(db, dated, from),

  async locate(trx, id) {
    const act = await trx('core.destruction_acts').where({ id }).first('made_on', 'subject_id');
    return act ? { from: act.made_on, subject: act.subject_id } : null;
  },

  async collect(subject, { trx }) {
    const acts = await trx('core.destruction_acts').where({ subject_id: subject }).orderBy('made_at');
    // A plan that is not carried out yet is work in progress, not evidence.
    const plans = await trx('core.erasure_plans').where({ subject_id: subject, state: 'executed' }).orderBy('made_at');
    return {
      rows: [
        ...acts.map((act) => ({ document: 'акт об уничтожении', number: act.number, madeOn: String(act.made_on) })),
        ...plans.map((plan) => ({ document: 'план уничтожения', state: plan.state, eraseBy: String(plan.erase_by) })),
      ],
      source: 'созданы оператором при уничтожении данных',
    };
  },

  async erase(scope, { trx, vault, runId }) {
    const going = <T extends string>(table: T, day: string, subject: string | null) =>
      whereAnchored(whose(trx(table), scope, subject), day, scope.anchored).whereNotNull(day);
    const acts: { id: string; subject_id: string | null }[] = await going(
      'core.destruction_acts',
      'made_on',
      'subject_id',
    ).select('id', 'subject_id');
    const plans: { id: string }[] = await going('core.erasure_plans', 'executed_on', 'subject_id').select('id');
    const names = [...acts, ...plans].map(({ id }) => `evidence/${id}`);
    const shredded = names.length > 0 ? await vault.shred(names, { runId }) : null;
    let affected = 0;
    for (const { table, day, subject } of dated) {
      const query = going(table, day, subject);
      if (table === 'core.sweep_runs') query.where({ state: 'done' });
      affected += await query.delete();
    }
    const [subject, until] = scope.why === 'request' ? [scope.subject] : [undefined, lastOf(scope.anchored)];
    let remaining = 0;
    for (const { day, count } of await countByDay(trx, dated, subject, until)) {
      if (day && (scope.anchored === 'all' || within(day, scope.anchored))) remaining += count;
    }
    return {
      outcome: affected > 0 ? 'erased' : 'not_found',
      affected,
      remaining,
      ...(shredded ? { keys: shredded.keys, keyNames: names } : {}),
      tables: dated.map(({ table }) => table),
      // An act of an automatic sweep names nobody: its end needs no further act, or they would never end.
      impersonal: plans.length === 0 && acts.every(({ subject_id }) => subject_id === null),
    };
  },

  rectify: { unsupported: 'Акт подтверждает то, что было сделано; ошибка исправляется новым актом.' },
  restrict: { unsupported: 'Доказательства уничтожения хранятся по закону и больше ни для чего не используются.' },
};

/** Legal holds: who may not be erased, why, until when. */
const holds: Store = {
  title: { ru: 'Запреты уничтожения', en: 'Legal holds' },
  system,
  subject: 'any',
  tables: ['core.holds'],
  columns: {
    'core.holds.categories': 'technical',
    'core.holds.because': 'request.case-file',
    'core.holds.owner': 'request.case-file',
    'core.holds.released_by': 'request.case-file',
    'core.holds.subject_id': 'request.case-file',
  },
  purposes: ['compliance'],
  schedule: 'request.case-file',

  anchors: (trx, subject, until) =>
    countByDay(trx, [{ table: 'core.holds', day: 'closed_on', subject: 'subject_id' }], subject, until),
  span: (db, from) => spanOfDays(db, [{ table: 'core.holds', day: 'closed_on' }], from),

  async collect(subject, { trx }) {
    const rows = await trx('core.holds').where({ subject_id: subject }).orderBy('placed_at');
    return {
      rows: rows.map((row) => ({
        because: row.because,
        categories: row.categories.join(', '),
        from: String(row.starts_on),
        until: String(row.ends_on),
      })),
      source: 'созданы оператором',
    };
  },

  async erase(scope: EraseScope, { trx }: StoreContext) {
    const affected = await whereAnchored(
      whose(trx('core.holds'), scope, 'subject_id'),
      'closed_on',
      scope.anchored,
    ).delete();
    const left = trx('core.holds').count('* as count');
    if (scope.why === 'request') left.where({ subject_id: scope.subject });
    else whereAnchored(left, 'closed_on', scope.anchored);
    const [row] = (await left) as unknown as { count: number }[];
    return {
      outcome: affected > 0 ? 'erased' : 'not_found',
      affected,
      remaining: row?.count ?? 0,
      tables: ['core.holds'],
    };
  },

  rectify: { unsupported: 'Запрет снимается и накладывается заново.' },
  restrict: { unsupported: 'Запрет уничтожения служит доказательством и больше ни для чего не используется.' },
};

function within(day: Day, ranges: readonly { from: Day; before: Day }[]): boolean {
  const text = day.toString();
  return ranges.some(({ from, before }) => from.toString() <= text && text < before.toString());
}

export const retentionStores: Record<string, Store> = { evidence, holds };

/** Tables that are about no one. */
export const retentionImpersonal: Record<string, string> = {
  'core.sweep_deferrals': 'Days of stores that are looked at again later; names no one.',
  'core.tombstone_key': 'The sealed key of the tombstones.',
};
