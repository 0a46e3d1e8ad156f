import type { Because, Temporal, Trx } from '../../core/index.ts';

/** Who paid, as an invoice names them; nothing else does. */
export interface InvoicedTo {
  name: string;
  inn?: string;
}

/** The address is where the invoice goes. It is no part of a document: nothing keeps it with the payment. */
export interface Payer extends InvoicedTo {
  email: string;
}

/** What a payment is for: `period` opens a paid period, `change` has more limits in those that are paid for. */
export type PaymentKind = 'period' | 'change';

/** A payment for a period, as the provider (or the bookkeeper) reports it. */
export interface PaymentFact {
  externalId: string; // of the provider; the same id is the same payment
  project: string; // prj_…
  plan: string;
  months: number;
  kopecks: number;
  payer: Payer;
  paidAt: Temporal.Instant;
  by?: string; // acc_… of who entered it by hand
}

/** A payment for more limits within time that is paid for: `plan` is the new one, and no months are bought. */
export type ChangeFact = Omit<PaymentFact, 'months'>;

/** What another plan would cost a project now. */
export interface ChangeOffer {
  plan: string;
  kopecks: number;
  lastDay: Temporal.PlainDate; // until then the new limits would be paid for
  because: Because;
}

export interface Period {
  id: string; // prd_…
  project: string;
  plan: string;
  /** The day of payment: the period is counted from the day after it (ГК РФ ст. 191). */
  anchor: Temporal.PlainDate;
  from: Temporal.Instant;
  lastDay: Temporal.PlainDate; // paid to 24:00 of this day
  endsAt: Temporal.Instant; // 00:00 of the next day
  endedAt: Temporal.Instant | null;
}

export interface Invoice {
  id: string; // inv_…
  number: string; // СЧ-2026-0001
  project: string;
  kopecks: number;
  issuedOn: Temporal.PlainDate;
  document: string; // doc_…
}

export interface Paid {
  payment: string; // pay_…
  period: Period;
  invoice: Invoice;
  repeated: boolean; // it had been recorded before
}

/** The use cases of billing. Get it by `billingOf(engine)`. */
export interface Billing {
  /**
   * Takes a payment in: period, invoice, facts. The same external id again answers the same. Where no paid period runs
   * any more, it may be for another plan, which then begins with it.
   * @throws Refusal `payment.wrong-amount` | `payment.wrong-period` | `payment.not-a-paid-plan` | `payment.wrong-plan` |
   *   `payment.period-runs` (it runs on another plan) | `payment.not-yet` | `payment.before-project` (invalid) |
   *   `payment.unknown-project` (not-found) | `payment.free-project` | `payment.differs` (conflict: the id is taken by
   *   another payment)
   */
  recordPayment(trx: Trx, payment: PaymentFact): Promise<Paid>;
  /**
   * Takes in a payment for more limits: in force with it, until the end of what is paid for. Answers with the period
   * that ends last. The price is that of the day of `paidAt`.
   * @throws Refusal `payment.wrong-amount` (with the `expected` kopecks) | `payment.not-a-paid-plan` | `payment.not-yet` |
   *   `payment.before-project` | `payment.unknown-project` | `payment.free-project` | `payment.differs` | what `law.planChange` throws: `law.no-paid-period` | `law.plan-not-more` | `law.nothing-to-pay`
   */
  recordChange(trx: Trx, payment: ChangeFact): Promise<Paid>;
  /**
   * What another plan would cost within the time that is paid for, today.
   * @throws Refusal what `law.planChange` throws
   */
  changeOffer(project: string, plan: string): Promise<ChangeOffer>;
  /** The last day paid for over all projects of a person, or null. */
  paidUntil(trx: Trx, subject: string): Promise<Temporal.PlainDate | null>;
  /** Paid time that would be lost if the contract ended at `at`: one line per project. */
  lostPaidTime(
    trx: Trx,
    subject: string,
    at: Temporal.Instant,
  ): Promise<{ project: string; plan: string; until: Temporal.PlainDate; days: number }[]>;
  periods(project: string): Promise<Period[]>;
  invoices(subject: string): Promise<Invoice[]>;
  /** Ends the periods whose last day is over: suspends by the fact `period.ended`. @returns how many */
  endPeriods(): Promise<number>;
}
