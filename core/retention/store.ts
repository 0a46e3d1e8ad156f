import type { Temporal } from '../base/index.ts';
import type { EraseReceipt } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

/**
 * Makes the destruction in one store and the placing of a hold on it take turns, until the transaction ends.
 * `what` is a store's key.
 */
export async function lockStore(trx: Trx, what: string): Promise<void> {
  await trx.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`retention:${what}`]);
}

/**
 * Makes the end of a plan about somebody and the release of a hold on their data take turns, until the transaction
 * ends. Taken after the stores of a hold and before the row of a plan.
 */
export async function lockPerson(trx: Trx, subject: string): Promise<void> {
  await trx.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`retention-of:${subject}`]);
}

/* Holds */

export interface HoldRow {
  id: string;
  subject_id: string;
  categories: string[];
  because: string;
  owner: string;
  starts_on: Day;
  ends_on: Day;
  placed_at: Instant;
  released_at: Instant | null;
  released_by: string | null;
  closed_on: Day;
}

export async function insertHold(trx: Trx, row: Omit<HoldRow, 'released_at' | 'released_by'>): Promise<void> {
  await trx('core.holds').insert(row);
}

export async function lockHold(trx: Trx, id: string): Promise<HoldRow | undefined> {
  return trx('core.holds').where({ id }).forUpdate().first();
}

export async function releaseHold(trx: Trx, id: string, at: Instant, by: string, on: Day): Promise<void> {
  await trx('core.holds').where({ id }).update({ released_at: at, released_by: by, closed_on: on });
}

/** Holds that stand on a day. */
export async function holdsOn(db: Trx | Db, day: Day, subject?: string): Promise<HoldRow[]> {
  const query = db('core.holds').whereNull('released_at').where('starts_on', '<=', day).where('ends_on', '>=', day);
  if (subject) query.where({ subject_id: subject });
  return query.orderBy('id');
}

/** Holds that stand on a day or will stand later. */
export async function holdsFrom(db: Trx | Db, day: Day, subject: string): Promise<HoldRow[]> {
  return db('core.holds')
    .whereNull('released_at')
    .where({ subject_id: subject })
    .where('ends_on', '>=', day)
    .orderBy('id');
}

/* Sweeps */

export interface RunRow {
  id: string;
  state: 'running' | 'done';
  job: string;
  started_at: Instant;
  finished_at: Instant | null;
  retry_at: Instant | null;
  started_on: Day;
  missed_at: Instant | null;
}

export interface TargetRow {
  run_id: string;
  store: string;
  anchored: [string, string][];
  records: number;
  attempts: number;
  state: 'planned' | 'done' | 'failed';
  receipt: EraseReceipt | null;
  done_at: Instant | null;
  act_id: string | null;
}

/** Runs that were not finished, the oldest first. */
export async function runningRuns(db: Trx | Db): Promise<RunRow[]> {
  return db('core.sweep_runs').where({ state: 'running' }).orderBy('started_at').orderBy('id');
}

/** Stores that an unfinished run still has to deal with: a new run leaves them alone. */
export async function storesUnderWay(db: Trx | Db): Promise<Set<string>> {
  const stores: string[] = await db('core.sweep_targets')
    .join('core.sweep_runs', 'core.sweep_runs.id', 'core.sweep_targets.run_id')
    .where('core.sweep_runs.state', 'running')
    .whereNot('core.sweep_targets.state', 'done')
    .pluck('core.sweep_targets.store');
  return new Set(stores);
}

export async function insertRun(trx: Trx, row: Omit<RunRow, 'finished_at' | 'retry_at' | 'missed_at'>): Promise<void> {
  await trx('core.sweep_runs').insert(row);
}

export async function lockRun(trx: Trx, id: string): Promise<RunRow | undefined> {
  return trx('core.sweep_runs').where({ id }).forUpdate().first();
}

export async function updateRun(trx: Trx | Db, id: string, change: Partial<RunRow>): Promise<void> {
  await trx('core.sweep_runs').where({ id }).update(change);
}

export async function insertTargets(
  trx: Trx,
  run: string,
  targets: { store: string; anchored: [string, string][]; records: number }[],
): Promise<void> {
  await trx('core.sweep_targets').insert(
    targets.map(({ store, anchored, records }) => ({
      run_id: run,
      store,
      anchored: JSON.stringify(anchored),
      records,
    })),
  );
}

export async function targetsOf(db: Trx | Db, run: string): Promise<TargetRow[]> {
  return db('core.sweep_targets').where({ run_id: run }).orderBy('store');
}

export async function lockTarget(trx: Trx, run: string, store: string): Promise<TargetRow | undefined> {
  return trx('core.sweep_targets').where({ run_id: run, store }).forUpdate().first();
}

/** Counts an attempt in a transaction of its own, so that a crash in the middle of it is seen afterwards. */
export async function beginAttempt(db: Db, run: string, store: string): Promise<void> {
  await db('core.sweep_targets').where({ run_id: run, store }).increment('attempts', 1);
}

export async function updateTarget(
  trx: Trx | Db,
  run: string,
  store: string,
  change: { state?: TargetRow['state']; receipt?: EraseReceipt; done_at?: Instant; act_id?: string },
): Promise<void> {
  const { receipt, ...rest } = change;
  await trx('core.sweep_targets')
    .where({ run_id: run, store })
    .update({ ...rest, ...(receipt ? { receipt: JSON.stringify(receipt) } : {}) });
}

export async function deferrals(db: Trx | Db): Promise<{ store: string; anchored_on: Day; until_on: Day }[]> {
  return db('core.sweep_deferrals').select('store', 'anchored_on', 'until_on');
}

export async function clearDeferrals(trx: Trx, stores: readonly string[], days?: readonly Day[]): Promise<void> {
  const query = trx('core.sweep_deferrals').whereIn('store', stores);
  if (days) query.whereIn('anchored_on', days);
  await query.delete();
}

export async function defer(trx: Trx, store: string, days: readonly Day[], until: Day): Promise<void> {
  if (days.length === 0) return;
  await trx('core.sweep_deferrals')
    .insert(days.map((day) => ({ store, anchored_on: day, until_on: until })))
    .onConflict(['store', 'anchored_on'])
    .merge();
}

/* Plans */

export interface PlanRow {
  id: string;
  subject_id: string;
  cause_kind: 'account-deleted' | 'inactivity' | 'request';
  cause_about: string;
  state: 'waiting' | 'approved' | 'executing' | 'partly' | 'executed' | 'cancelled';
  erase_by: Day;
  late_from: Instant;
  due: { from: string; digest: string }; // what the law was asked, so that the answer can be replayed
  auto_at: Instant;
  lost_paid_time: { until: string; days: number } | null;
  person: Buffer | null;
  made_at: Instant;
  made_by: string;
  checked_at: Instant | null;
  checked_by: string | null;
  executed_at: Instant | null;
  executed_on: Day | null;
  job: string | null;
  act_id: string | null;
  missed_at: Instant | null;
}

/** A receipt as it lies in a table: what stood on carriers is sealed (base64), for people write it. */
export type KeptReceipt = Omit<EraseReceipt, 'carriers'> & { carriers?: string };

export interface ItemRow {
  plan_id: string;
  position: number;
  store: string;
  outcome: 'erase' | 'retain';
  title: string;
  system: string;
  categories: string[];
  records: number;
  bytes: number | null;
  because: string | null;
  until_on: Day | null;
  held_until: Day | null;
  anchored: [string, string][] | 'all' | null;
  attempts: number;
  receipt: KeptReceipt | null;
  done_at: Instant | null;
}

export type NewItem = Omit<ItemRow, 'attempts' | 'receipt' | 'done_at'>;

const closedStates = ['executed', 'cancelled'];

export async function insertPlan(
  trx: Trx,
  row: Omit<PlanRow, 'checked_at' | 'checked_by' | 'executed_at' | 'executed_on' | 'job' | 'act_id' | 'missed_at'> &
    Partial<Pick<PlanRow, 'checked_at' | 'checked_by' | 'missed_at'>>,
): Promise<void> {
  await trx('core.erasure_plans').insert({
    ...row,
    due: JSON.stringify(row.due),
    lost_paid_time: row.lost_paid_time && JSON.stringify(row.lost_paid_time),
  });
}

export async function findPlan(db: Trx | Db, id: string): Promise<PlanRow | undefined> {
  return db('core.erasure_plans').where({ id }).first();
}

export async function lockPlan(trx: Trx, id: string): Promise<PlanRow | undefined> {
  return trx('core.erasure_plans').where({ id }).forUpdate().first();
}

export async function openPlanOf(trx: Trx, subject: string): Promise<PlanRow | undefined> {
  return trx('core.erasure_plans').where({ subject_id: subject }).whereNotIn('state', closedStates).first();
}

/** Does this plan go on with what an earlier one of the same cause had to leave? */
export async function goesOn(trx: Trx, { subject_id, cause_about }: PlanRow): Promise<boolean> {
  const earlier = await trx('core.erasure_plans').where({ subject_id, cause_about, state: 'executed' }).first('id');
  return earlier !== undefined;
}

export async function listPlans(
  db: Trx | Db,
  filter: { open?: boolean; subject?: string; about?: string; limit?: number },
): Promise<PlanRow[]> {
  const query = db('core.erasure_plans')
    .orderBy('made_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 200);
  if (filter.open === true) query.whereNotIn('state', closedStates);
  if (filter.open === false) query.whereIn('state', closedStates);
  if (filter.subject) query.where({ subject_id: filter.subject });
  if (filter.about) query.where({ cause_about: filter.about });
  return query;
}

/** Plans to carry out now: checked, left unfinished, or come to their last day. */
export async function duePlans(db: Db, now: Instant): Promise<string[]> {
  const rows = await db('core.erasure_plans')
    .whereNotIn('state', closedStates)
    .where('auto_at', '<=', now)
    .orderBy('auto_at')
    .select('id');
  return rows.map(({ id }: { id: string }) => id);
}

/** Open plans whose last day has not been missed yet; with `now` those that have missed it. The earliest first. */
export async function plansToMiss(db: Db, now?: Instant): Promise<PlanRow[]> {
  const query = db('core.erasure_plans').whereNotIn('state', closedStates).whereNull('missed_at').orderBy('late_from');
  return now ? query.where('late_from', '<=', now) : query.limit(1);
}

export async function earliestPlan(db: Db): Promise<Instant | null> {
  const row = await db('core.erasure_plans').whereNotIn('state', closedStates).min('auto_at as at').first();
  return row?.at ?? null;
}

export async function updatePlan(trx: Trx | Db, id: string, change: Partial<PlanRow>): Promise<void> {
  await trx('core.erasure_plans').where({ id }).update(change);
}

export async function replaceItems(trx: Trx, plan: string, items: readonly NewItem[]): Promise<void> {
  await trx('core.erasure_items').where({ plan_id: plan }).delete();
  if (items.length === 0) return;
  await trx('core.erasure_items').insert(
    items.map((item) => ({
      ...item,
      categories: JSON.stringify(item.categories),
      anchored: item.anchored && JSON.stringify(item.anchored),
    })),
  );
}

export async function itemsOf(db: Trx | Db, plans: readonly string[]): Promise<ItemRow[]> {
  return db('core.erasure_items').whereIn('plan_id', plans).orderBy(['plan_id', 'position']);
}

/** Counts an attempt in a transaction of its own, as `beginAttempt` does. */
export async function beginItem(db: Db, plan: string, position: number): Promise<void> {
  await db('core.erasure_items').where({ plan_id: plan, position }).increment('attempts', 1);
}

export async function lockItem(trx: Trx, plan: string, position: number): Promise<ItemRow | undefined> {
  return trx('core.erasure_items').where({ plan_id: plan, position }).forUpdate().first();
}

export async function updateItem(
  trx: Trx | Db,
  plan: string,
  position: number,
  change: { receipt: KeptReceipt; done_at: Instant | null },
): Promise<void> {
  await trx('core.erasure_items')
    .where({ plan_id: plan, position })
    .update({ receipt: JSON.stringify(change.receipt), done_at: change.done_at });
}

/* Acts and the ledger */

export interface ActRow {
  id: string;
  number: string;
  system: string;
  run: string;
  plan_id: string | null;
  subject_id: string | null;
  made_at: Instant;
  made_on: Day;
  records: number;
  keys: number;
  document_id: string;
  basis: string;
  sealed: Buffer;
  signed_at: Instant | null;
  signed_by: string | null;
}

export async function insertAct(trx: Trx, row: Omit<ActRow, 'signed_at' | 'signed_by'>): Promise<void> {
  await trx('core.destruction_acts').insert(row);
}

export async function findAct(db: Trx | Db, id: string): Promise<ActRow | undefined> {
  return db('core.destruction_acts').where({ id }).orWhere({ number: id }).first();
}

export async function lockAct(trx: Trx, id: string): Promise<ActRow | undefined> {
  return trx('core.destruction_acts').where({ id }).forUpdate().first();
}

export async function listActs(
  db: Trx | Db,
  filter: { unsigned?: boolean; plan?: string; run?: string; limit?: number },
): Promise<ActRow[]> {
  const query = db('core.destruction_acts')
    .orderBy('made_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 200);
  if (filter.unsigned) query.whereNull('signed_at');
  if (filter.plan) query.where({ plan_id: filter.plan });
  if (filter.run) query.where({ run: filter.run });
  return query;
}

export async function updateAct(trx: Trx, id: string, change: Partial<ActRow>): Promise<void> {
  await trx('core.destruction_acts').where({ id }).update(change);
}

export interface LedgerRow {
  id: number;
  run: string;
  act_id: string | null;
  store: string;
  system: string;
  subject_id: string | null;
  outcome: EraseReceipt['outcome'];
  affected: number;
  remaining: number;
  keys: number;
  from_on: Day | null;
  to_on: Day | null;
  because: string | null;
  until_on: Day | null;
  at: Instant;
  made_on: Day;
}

export async function insertLedger(trx: Trx, row: Omit<LedgerRow, 'id' | 'act_id'>): Promise<void> {
  await trx('core.destruction_ledger').insert(row);
}

export async function nameAct(trx: Trx, run: string, stores: readonly string[], act: string): Promise<void> {
  await trx('core.destruction_ledger')
    .where({ run })
    .whereIn('store', stores)
    .whereNull('act_id')
    .update({ act_id: act });
}

export async function listLedger(
  db: Db,
  filter: { run?: string; act?: string; store?: string; limit?: number },
): Promise<LedgerRow[]> {
  const query = db('core.destruction_ledger')
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 500);
  if (filter.run) query.where({ run: filter.run });
  if (filter.act) query.where({ act_id: filter.act });
  if (filter.store) query.where({ store: filter.store });
  return query;
}

/* Tombstones */

export async function tombstoneKey(trx: Trx): Promise<Buffer | null> {
  const row = await trx('core.tombstone_key').first();
  return row?.sealed ?? null;
}

/** Two processes may start at once: the first key stays, and is the one returned. */
export async function keepTombstoneKey(trx: Trx, sealed: Buffer): Promise<Buffer> {
  await trx('core.tombstone_key').insert({ only: true, sealed }).onConflict('only').ignore();
  return (await tombstoneKey(trx)) as Buffer;
}

export async function insertTombstones(
  trx: Trx,
  rows: { mark: string; subject_id: string; made_on: Day }[],
): Promise<void> {
  if (rows.length > 0) await trx('core.tombstones').insert(rows).onConflict('mark').ignore();
}

export async function hasTombstone(trx: Trx, mark: string): Promise<boolean> {
  return (await trx('core.tombstones').where({ mark }).first()) !== undefined;
}
