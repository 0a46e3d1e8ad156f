import { newId, Refusal } from '../base/index.ts';
import { type Anchor, type DestroyedCarriers, type Store, type StoreContext, whereAnchored } from '../datamap/index.ts';
import { spanOf } from '../db/index.ts';
import { commonOf } from './pack.ts';
import { type TaskRow, taskOf } from './store.ts';
import type { ManualAction, ManualConnector } from './types.ts';

export const taskKey = (id: string): string => `case/${id}`;

/**
 * A place that only a person can reach. Each order opens a task; until somebody says that it is done the outcome is
 * `not_attempted`, and nothing can be closed over it.
 */
export function createManualStore(connector: ManualConnector): Store {
  const waits = 'Ждёт работника: задача открыта, но ещё не выполнена.';

  function task(action: ManualAction, subject: string, { trx, clock, runId }: StoreContext): Promise<TaskRow> {
    const opened_at = clock.now();
    return taskOf(trx, {
      id: newId('tsk', opened_at),
      connector: connector.id,
      run: runId,
      action,
      subject_id: subject,
      opened_at,
    });
  }

  /** What the person named; nothing for a system of records. */
  async function carriersOf(row: TaskRow, { vault }: StoreContext): Promise<DestroyedCarriers | null> {
    if (!row.sealed) return null;
    return JSON.parse((await vault.open(row.sealed, row.id)).toString('utf8'));
  }

  async function order(action: 'rectify' | 'restrict' | 'lift', subject: string, context: StoreContext) {
    const row = await task(action, subject, context);
    return row.done_at
      ? ({ outcome: 'done', affected: row.records ?? 0 } as const)
      : ({ outcome: 'not_attempted', affected: 0, because: waits } as const);
  }

  return {
    ...commonOf(connector),
    ...(connector.automation ? { automation: connector.automation } : {}),

    /** Only a request sends somebody to look; a plan counts the place as one thing that must be gone through. */
    async collect(subject, context) {
      const source = connector.title.ru;
      if (!context.runId.startsWith('req_'))
        return { rows: [], summary: [{ what: connector.title.ru, count: 1 }], source };
      const row = await context.db.transaction((trx) => task('collect', subject, { ...context, trx }));
      if (!row.done_at) throw new Refusal('connector.waits-for-person', 'unavailable', { task: row.id });
      const rows = row.sealed ? JSON.parse((await context.vault.open(row.sealed, row.id)).toString('utf8')) : [];
      return { rows, source };
    },

    async erase(scope, context) {
      if (scope.why === 'expiry') {
        return { outcome: 'not_attempted', affected: 0, remaining: 0, because: 'Срок этих записей считает работник.' };
      }
      const row = await task('erase', scope.subject, context);
      if (!row.done_at) return { outcome: 'not_attempted', affected: 0, remaining: 1, because: waits };
      const affected = row.records ?? 0;
      const carriers = await carriersOf(row, context);
      return {
        ...{ outcome: affected > 0 ? 'erased' : 'not_found', affected, remaining: 0, ids: [row.id] },
        ...(row.done_on ? { doneOn: row.done_on } : {}),
        ...(connector.automation ? { automation: connector.automation } : {}),
        ...(carriers ? { carriers } : {}),
      };
    },

    rectify: (subject, _changes, context) => order('rectify', subject, context),
    restrict: (subject, on, context) => order(on ? 'restrict' : 'lift', subject, context),
  };
}

/**
 * The tasks themselves: who was sent to look where, and what was found.
 * @param titleOf what people call a system; it may have been taken off the list since
 */
export const createTaskStore = (titleOf: (connector: string) => string): Store => ({
  title: { ru: 'Задачи работникам', en: 'Tasks for people' },
  system: { ru: 'ИСПДн «Обращения и уничтожение»', en: 'Requests and destruction' },
  subject: 'any',
  tables: ['core.manual_tasks'],
  columns: {
    'core.manual_tasks.connector': 'technical',
    'core.manual_tasks.run': 'technical',
    'core.manual_tasks.action': 'technical',
    'core.manual_tasks.subject_id': 'request.case-file',
    'core.manual_tasks.done_by': 'request.case-file',
    'core.manual_tasks.sealed': 'request.case-file',
  },
  purposes: ['compliance'],
  schedule: 'request.case-file',

  async anchors(trx, subject) {
    const query = trx('core.manual_tasks').select('done_on as day').count('* as count').groupBy('done_on');
    if (subject) query.where({ subject_id: subject });
    return (await query) as unknown as Anchor[];
  },

  span: (db, from) => spanOf(db, [{ rows: db('core.manual_tasks'), day: 'done_on' }], from),

  async collect(subject, { trx }) {
    const rows = await trx('core.manual_tasks').where({ subject_id: subject }).orderBy('opened_at');
    return {
      rows: rows.map((row) => ({ kind: row.action, title: titleOf(row.connector), created_at: String(row.opened_at) })),
      source: 'созданы оператором при работе с обращением',
    };
  },

  async erase(scope, { trx, vault, runId }) {
    const going = whereAnchored(trx('core.manual_tasks'), 'done_on', scope.anchored).whereNotNull('done_on');
    if (scope.why === 'request') going.where({ subject_id: scope.subject });
    else if (scope.held.length > 0) going.whereNotIn('subject_id', scope.held);
    const ids: string[] = await going.clone().forUpdate().pluck('id');
    const names = ids.map(taskKey);
    const shredded = names.length > 0 ? await vault.shred(names, { runId }) : null;
    const affected = await going.delete();
    const left = trx('core.manual_tasks');
    if (scope.why === 'request') left.where({ subject_id: scope.subject });
    else whereAnchored(left, 'done_on', scope.anchored).whereNotNull('done_on');
    const [row] = (await left.count('* as count')) as unknown as { count: number }[];
    return {
      outcome: affected > 0 ? 'erased' : 'not_found',
      affected,
      remaining: row?.count ?? 0,
      ...(shredded ? { keys: shredded.keys, keyNames: names } : {}),
      tables: ['core.manual_tasks'],
    };
  },

  rectify: { unsupported: 'Задача хранится такой, какой была дана.' },
  restrict: { unsupported: 'Задача нужна, чтобы ответить на обращение.' },
});
