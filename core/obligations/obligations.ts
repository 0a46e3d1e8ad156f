import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Because } from '../law/index.ts';

/** Something that happened, in the closed vocabulary of `policies/taxonomy/facts.yaml`. Ids only, no names. */
export interface Fact {
  name: string;
  about: string;
  at: Temporal.Instant;
  subject?: string;
  fields?: Record<string, unknown>;
}

/** Tells the house that something happened, in the caller's transaction. */
export type Report = (trx: Trx, fact: Fact) => Promise<void>;

export type ObligationState = 'open' | 'discharged';

export interface Obligation {
  id: string;
  duty: string;
  about: string;
  subject: string | null;
  fact: string; // fct_… that opened it
  openedAt: Temporal.Instant;
  dueOn: Temporal.PlainDate | null;
  lateFrom: Temporal.Instant | null; // null when it could not be computed: see `problem`
  outerOn: Temporal.PlainDate | null;
  because: Because | null;
  digest: string;
  state: ObligationState;
  extended: { at: Temporal.Instant; reason: string } | null;
  dischargedAt: Temporal.Instant | null;
  dischargedBy: string | null; // fct_…
  overdueAt: Temporal.Instant | null; // set when it was still open at `lateFrom`; stays after a late discharge
  problem: string | null; // 'calendar.missing' …: nothing is guessed, the DPO is told
}

export interface ObligationFilter {
  about?: string;
  subject?: string;
  duty?: string;
  state?: ObligationState;
  overdue?: boolean;
  lateBefore?: Temporal.Instant;
  limit?: number;
}

export interface Obligations {
  /** Writes the fact, opens the duties it opens and discharges those it discharges. @returns fct_… */
  report(trx: Trx, fact: Fact): Promise<string>;
  /** Moves the term of an open duty, once, before its base term has ended. @throws Refusal `obligation.*` */
  extend(
    trx: Trx,
    extension: { about: string; duty: string; at: Temporal.Instant; reason: string },
  ): Promise<Obligation>;
  list(filter?: ObligationFilter, trx?: Trx): Promise<Obligation[]>;
  /** Marks what is overdue now and computes what could not be computed before. @returns how many became overdue */
  sweep(): Promise<number>;
  /** When the next open duty becomes late. */
  next(db: Db): Promise<Temporal.Instant | null>;
}
