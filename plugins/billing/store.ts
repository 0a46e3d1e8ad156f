import type { Db, Temporal, Trx } from '../../core/index.ts';
import type { Invoice, PaymentKind, Period } from './types.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

export interface ProjectRow {
  project_id: string;
  subject_id: string;
  plan: string;
  created_at: Instant | null; // null: of a project of old whose fact is gone
}

export interface PeriodRow {
  id: string;
  project_id: string;
  subject_id: string;
  plan: string;
  paid_on: Day;
  anchor_on: Day;
  months: number; // since the anchor
  own_months: number;
  price_kopecks: number; // of its present plan, from end to end
  starts_at: Instant;
  last_on: Day;
  ends_at: Instant;
  ended_at: Instant | null;
  noticed_days: number[];
}

export interface PaymentRow {
  id: string;
  external_id: string;
  project_id: string;
  subject_id: string;
  period_id: string;
  kind: PaymentKind;
  plan: string;
  months: number | null; // null: of a change
  kopecks: number;
  payer: Buffer; // sealed, see payer.ts
  paid_at: Instant;
  paid_on: Day;
  recorded_by: string;
}

export interface InvoiceRow {
  id: string;
  payment_id: string;
  number: string;
  project_id: string;
  subject_id: string;
  kopecks: number;
  issued_on: Day;
  paid_on: Day;
  document_id: string;
}

export function periodOf(row: PeriodRow): Period {
  return {
    id: row.id,
    project: row.project_id,
    plan: row.plan,
    anchor: row.anchor_on,
    from: row.starts_at,
    lastDay: row.last_on,
    endsAt: row.ends_at,
    endedAt: row.ended_at,
  };
}

export function invoiceOf(row: InvoiceRow): Invoice {
  return {
    id: row.id,
    number: row.number,
    project: row.project_id,
    kopecks: row.kopecks,
    issuedOn: row.issued_on,
    document: row.document_id,
  };
}

export async function rememberProject(trx: Trx, row: ProjectRow): Promise<void> {
  await trx('billing.projects').insert(row).onConflict('project_id').ignore();
}

/** Payments of one project take turns: each sees the period that the one before has opened. */
export async function lockProject(trx: Trx, project: string): Promise<ProjectRow | null> {
  return (
    ((await trx('billing.projects').where({ project_id: project }).forUpdate().first()) as ProjectRow | undefined) ??
    null
  );
}

export async function projectById(db: Db, project: string): Promise<ProjectRow | null> {
  return ((await db('billing.projects').where({ project_id: project }).first()) as ProjectRow | undefined) ?? null;
}

export async function putOnPlan(trx: Trx, project: string, plan: string): Promise<void> {
  await trx('billing.projects').where({ project_id: project }).update({ plan });
}

export async function paymentByExternalId(trx: Trx, id: string): Promise<PaymentRow | null> {
  await trx.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`billing.payments/${id}`]);
  return ((await trx('billing.payments').where({ external_id: id }).first()) as PaymentRow | undefined) ?? null;
}

export async function insertPayment(trx: Trx, row: PaymentRow): Promise<void> {
  await trx('billing.payments').insert(row);
}

export async function insertPeriod(trx: Trx, row: Omit<PeriodRow, 'noticed_days'>): Promise<void> {
  await trx('billing.periods').insert(row);
}

export async function insertInvoice(trx: Trx, row: InvoiceRow): Promise<void> {
  await trx('billing.invoices').insert(row);
}

/** The period of a project that ends last. */
export async function newestPeriod(trx: Trx, project: string): Promise<PeriodRow | null> {
  return (
    ((await trx('billing.periods').where({ project_id: project }).orderBy('ends_at', 'desc').first()) as
      | PeriodRow
      | undefined) ?? null
  );
}

/** Paid periods of a project that were not over at an instant, in their order; none that ended with the contract. */
export async function periodsAfter(db: Db | Trx, project: string, at: Instant): Promise<PeriodRow[]> {
  return db('billing.periods')
    .where({ project_id: project })
    .where('ends_at', '>', at as never)
    .where((lived) => lived.whereNull('ended_at').orWhereRaw('ended_at >= ends_at'))
    .orderBy('ends_at');
}

/** From here on a period is one of another plan, at the price of that; it is kept as long as its last payment. */
export async function repricePeriod(
  trx: Trx,
  id: string,
  { plan, kopecks, paidOn }: { plan: string; kopecks: number; paidOn: Day },
): Promise<void> {
  const paid_on = trx.raw('greatest(paid_on, ?::date)', [paidOn.toString()]);
  await trx('billing.periods').where({ id }).update({ plan, price_kopecks: kopecks, paid_on });
}

export async function periodById(trx: Trx, id: string): Promise<PeriodRow> {
  return (await trx('billing.periods').where({ id }).first()) as PeriodRow;
}

export async function invoiceOfPayment(trx: Trx, payment: string): Promise<InvoiceRow> {
  return (await trx('billing.invoices').where({ payment_id: payment }).first()) as InvoiceRow;
}

export async function periodsOf(db: Db, project: string): Promise<PeriodRow[]> {
  return db('billing.periods').where({ project_id: project }).orderBy('starts_at');
}

export async function invoicesOf(db: Db, subject: string): Promise<InvoiceRow[]> {
  return db('billing.invoices').where({ subject_id: subject }).orderBy('id');
}

/** The last paid day of each project of a person whose period has not ended. */
export async function lastPaidDays(
  trx: Trx,
  subject: string,
): Promise<{ project_id: string; plan: string; last_on: Day }[]> {
  return trx('billing.periods')
    .where({ subject_id: subject })
    .whereNull('ended_at')
    .orderBy([{ column: 'project_id' }, { column: 'ends_at', order: 'desc' }])
    .distinctOn('project_id')
    .select('project_id', 'plan', 'last_on');
}

/** A period that is over and not marked so, locked; other processes pass it over. */
export async function lockEnded(trx: Trx, at: Instant): Promise<PeriodRow | null> {
  const row = await trx('billing.periods')
    .whereNull('ended_at')
    .where('ends_at', '<=', at as never)
    .orderBy('ends_at')
    .forUpdate()
    .skipLocked()
    .first();
  return (row as PeriodRow | undefined) ?? null;
}

export async function endPeriod(trx: Trx, id: string, at: Instant): Promise<void> {
  await trx('billing.periods').where({ id }).update({ ended_at: at });
}

/** The contract is over: what was still paid for ends with it. */
export async function endPeriodsOf(trx: Trx, subject: string, at: Instant): Promise<number> {
  return trx('billing.periods').where({ subject_id: subject }).whereNull('ended_at').update({ ended_at: at });
}

export async function isProlonged(trx: Trx, row: PeriodRow): Promise<boolean> {
  const later = await trx('billing.periods')
    .where({ project_id: row.project_id })
    .where('ends_at', '>', row.ends_at as never)
    .first('id');
  return Boolean(later);
}

/** Periods that run, the one that ends first before the others. */
export async function runningPeriods(db: Db | Trx): Promise<PeriodRow[]> {
  return db('billing.periods').whereNull('ended_at').orderBy('ends_at');
}

export async function noteNoticed(trx: Trx, id: string, days: number): Promise<boolean> {
  const touched = await trx('billing.periods')
    .where({ id })
    .whereRaw('not (? = any(noticed_days))', [days])
    .update({ noticed_days: trx.raw('noticed_days || ?::integer', [days]) });
  return touched > 0;
}
