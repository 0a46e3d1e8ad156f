import type { Temporal } from '../base/index.ts';
import { type Anchor, type DateRange, type Store, whereAnchored } from '../datamap/index.ts';
import { spanOf, type Trx } from '../db/index.ts';

const columns: Store['columns'] = {
  'core.facts.name': 'technical',
  'core.facts.about': 'journal.entry',
  'core.facts.subject_id': 'journal.entry',
  'core.facts.at': 'journal.entry',
  'core.facts.fields': 'journal.entry',
  'core.events.number': 'journal.entry',
  'core.events.fact': 'technical',
  'core.staff_reports.about': 'journal.entry',
  'core.staff_reports.by': 'journal.entry',
  'core.staff_reports.key': 'technical',
  'core.staff_reports.said': 'technical',
  'core.staff_reports.contains': 'technical',
  'core.obligations.duty': 'technical',
  'core.obligations.about': 'journal.entry',
  'core.obligations.about_kind': 'technical',
  'core.obligations.subject_id': 'journal.entry',
  'core.obligations.query': 'technical',
  'core.obligations.because': 'technical',
  'core.obligations.digest': 'technical',
  'core.obligations.state': 'technical',
  'core.obligations.extension_reason': 'journal.entry',
  'core.obligations.discharged_by': 'technical',
  'core.obligations.problem': 'technical',
};

const tables = ['core.facts', 'core.obligations', 'core.events', 'core.staff_reports'];

/**
 * Facts and duties: when what happened to whom, by ids. A duty's term starts when it is discharged; who reported a fact
 * goes with it.
 */
const facts: Store = {
  title: { ru: 'Записи о событиях и сроках', en: 'Events and deadlines' },
  system: { ru: 'ИСПДн «Журнал учёта»', en: 'Journal' },
  subject: 'any',
  tables,
  columns,
  purposes: ['compliance'],
  schedule: 'journal.entry',

  async anchors(trx, subject, until) {
    const days = trx('core.facts').select('happened_on as day').count('* as count').groupBy('happened_on');
    const done = trx('core.obligations')
      .select('discharged_on as day')
      .count('* as count')
      .whereNotNull('discharged_on')
      .groupBy('discharged_on');
    if (subject) {
      days.where({ subject_id: subject });
      done.where({ subject_id: subject });
    }
    if (until) {
      days.where('happened_on', '<=', until);
      done.where('discharged_on', '<=', until);
    }
    const counts = new Map<string, Anchor & { day: Temporal.PlainDate }>();
    for (const row of [...(await days), ...(await done)] as unknown as { day: Temporal.PlainDate; count: number }[]) {
      const known = counts.get(row.day.toString());
      counts.set(row.day.toString(), { day: row.day, count: row.count + (known?.count ?? 0) });
    }
    return [...counts.values()];
  },

  span: (db, from) =>
    spanOf(
      db,
      [
        { rows: db('core.facts'), day: 'happened_on' },
        { rows: db('core.obligations'), day: 'discharged_on' },
      ],
      from,
    ),

  async collect(subject, { trx, law }) {
    const rows = await trx('core.facts')
      .where({ subject_id: subject })
      .orderBy('id')
      .select('name', 'about', 'at', 'fields');
    const titles = new Map(law.facts().map(({ fact, title }) => [fact, title]));
    return {
      rows: rows.map(({ name, about, at, fields }) => ({
        fact: titles.get(name) ?? name,
        about,
        at: String(at),
        ...fields,
      })),
      source: 'созданы оператором при работе сервиса',
    };
  },

  async erase(scope, { trx }) {
    const whose = <Q extends ReturnType<Trx>>(query: Q): Q => {
      if (scope.why === 'request') query.where({ subject_id: scope.subject });
      else if (scope.held.length > 0)
        query.where((q) => q.whereNull('subject_id').orWhereNotIn('subject_id', scope.held));
      return query;
    };
    const gone = whereAnchored(whose(trx('core.facts')), 'happened_on', scope.anchored).select('id');
    for (const table of ['core.events', 'core.staff_reports']) await trx(table).whereIn('fact_id', gone).delete();
    const affected =
      (await whereAnchored(whose(trx('core.facts')), 'happened_on', scope.anchored).delete()) +
      (await whereAnchored(
        whose(trx('core.obligations')).where({ state: 'discharged' }),
        'discharged_on',
        scope.anchored,
      ).delete());
    const remaining = await remainingOf(trx, scope);
    return {
      outcome: affected > 0 ? 'erased' : 'not_found',
      affected,
      remaining,
      tables,
      impersonal: true, // ids only, of people whose other data have their own acts
    };
  },

  rectify: { unsupported: 'Факт записан таким, каким он был; ошибка исправляется новым фактом.' },
  restrict: { unsupported: 'Записи состоят из идентификаторов и служат доказательством исполнения обязанностей.' },
};

async function remainingOf(
  trx: Trx,
  scope: { why: 'request'; subject: string; anchored: DateRange[] | 'all' } | { why: 'expiry'; anchored: DateRange[] },
): Promise<number> {
  const left = trx('core.facts').count('* as count');
  if (scope.why === 'request') left.where({ subject_id: scope.subject });
  else whereAnchored(left, 'happened_on', scope.anchored);
  const [row] = (await left) as unknown as { count: number }[];
  return row?.count ?? 0;
}

export const obligationStores: Record<string, Store> = { facts };
