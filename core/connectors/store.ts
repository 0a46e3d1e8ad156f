import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { ManualAction } from './types.ts';

export interface TaskRow {
  id: string;
  connector: string;
  run: string;
  action: ManualAction;
  subject_id: string;
  opened_at: Temporal.Instant;
  done_at: Temporal.Instant | null;
  done_on: Temporal.PlainDate | null;
  done_by: string | null;
  records: number | null;
  sealed: Buffer | null;
}

const tasks = 'core.manual_tasks';

/** The task of a run, made when it is not there: asking twice opens one. */
export async function taskOf(
  trx: Trx,
  task: Pick<TaskRow, 'id' | 'connector' | 'run' | 'action' | 'subject_id' | 'opened_at'>,
): Promise<TaskRow> {
  const { connector, run, action, subject_id } = task;
  await trx(tasks).insert(task).onConflict(['connector', 'run', 'action', 'subject_id']).ignore();
  return trx(tasks).where({ connector, run, action, subject_id }).first();
}

export async function lockTask(trx: Trx, id: string): Promise<TaskRow | undefined> {
  return trx(tasks).where({ id }).forUpdate().first();
}

export async function findTask(db: Db, id: string): Promise<TaskRow | undefined> {
  return db(tasks).where({ id }).first();
}

export async function updateTask(trx: Trx, id: string, change: Partial<TaskRow>): Promise<void> {
  await trx(tasks).where({ id }).update(change);
}

export async function listTasks(db: Db, filter: { open?: boolean; run?: string }): Promise<TaskRow[]> {
  const query = db(tasks).orderBy('opened_at').orderBy('id').limit(500);
  if (filter.open === true) query.whereNull('done_at');
  if (filter.open === false) query.whereNotNull('done_at');
  if (filter.run) query.where({ run: filter.run });
  return query;
}
