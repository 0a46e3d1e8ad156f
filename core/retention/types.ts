import type { Temporal } from '../base/index.ts';
import type { EraseOutcome, EraseReceipt, Store, Words } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Due } from '../law/index.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

/** A legal hold: these records of this person may not be destroyed; both days belong to it. */
export interface LegalHold {
  id: string;
  subject: string;
  categories: string[]; // schedules, by whole segments: 'message' covers 'message.payload'
  because: string;
  owner: string; // acc_…
  from: Day;
  until: Day;
  placedAt: Instant;
  releasedAt: Instant | null;
}

export interface HoldOrder {
  subject: string;
  categories: string[];
  because: string;
  owner: string;
  from: Day;
  until: Day;
}

export interface Cause {
  kind: 'account-deleted' | 'inactivity' | 'request';
  about: string; // acc_… or req_…
}

/** One line of a plan: what goes or stays, on which ground, until when. */
export interface PlanItem {
  store: string;
  title: string;
  system: string;
  categories: string[]; // titles, as the act prints them
  count: number;
  bytes?: number;
  outcome: 'erase' | 'retain';
  because?: string; // why it stays, with the citation
  until?: Day; // kept to the end of this day
  receipt?: EraseReceipt; // once carried out
}

/** Whose data go: for the act, sealed until the evidence goes. */
export interface Person {
  name?: string;
  email?: string;
  caseNumber?: string; // «ЗС-2026-0001»
}

export interface PlanOptions {
  cause: Cause;
  /** Who made it: acc_… or 'system' (unless told). */
  by?: string;
  /**
   * When the term began: the account was deleted, the account was blocked for inactivity (the promise counts from
   * there), the person was identified. Now, unless told.
   */
  at?: Instant;
  person?: Person;
  /** Another last day that must also be kept, when it is earlier. */
  notLaterThan?: Day;
}

export type PlanState = 'waiting' | 'approved' | 'executing' | 'partly' | 'executed' | 'cancelled';

export interface Plan {
  id: string;
  subject: string;
  cause: Cause;
  state: PlanState;
  items: PlanItem[];
  lostPaidTime?: { until: Day; days: number };
  eraseBy: Day; // the last day, by the promise and the law
  lateFrom: Instant;
  due: Due; // the promise and the law behind `eraseBy`, with why
  autoAt: Instant; // carried out by itself from here, so that the promised day is kept
  madeAt: Instant;
  madeBy: string; // acc_… or 'system'
  checkedAt: Instant | null;
  checkedBy: string | null; // null after execution: nobody checked, the last day came
  executedAt: Instant | null;
  /** Did the last day come before a second person had looked? */
  unchecked: boolean;
  job: string | null;
  act: string | null;
}

export interface Preview {
  items: PlanItem[];
  lostPaidTime?: { until: Day; days: number };
  eraseBy: Day;
}

/** One line of the ledger: a store, a run, what was done. */
export interface LedgerEntry {
  id: number;
  run: string; // swp_… or pln_…
  act: string | null;
  store: string;
  system: string;
  subject: string | null;
  outcome: EraseOutcome;
  affected: number;
  remaining: number;
  keys: number;
  from: Day | null;
  to: Day | null;
  because: string | null;
  until: Day | null;
  at: Instant;
}

export interface Act {
  id: string;
  number: string;
  system: string;
  run: string;
  plan: string | null;
  subject: string | null;
  madeAt: Instant;
  madeOn: Day;
  records: number;
  keys: number;
  document: string; // doc_…
  basis: string; // what the act rests on, as it prints it
  keepUntil: Day | null; // evidence goes after this day; null: nothing says how long, so it stays
  signed: { at: Instant; by: string; name: string; post: string } | null;
}

export interface SweepResult {
  run: string | null; // null: nothing to do
  acts: string[];
  receipts: { store: string; receipt: EraseReceipt }[];
}

/** Records of a store that stay although nothing asks to keep them any longer: a person has to decide first. */
export interface Frozen {
  store: string;
  title: Words;
  system: Words;
  records: number;
  from: Day; // the days from which their terms count, both inclusive
  to: Day;
  because: string; // with the name of the finding that the decision is about
}

/** Told in the transaction that closes a plan, after the data have gone. */
export type PlanListener = (trx: Trx, plan: Plan, acts: Act[]) => Promise<void>;

export interface Retention {
  /** The first instant at which something of this room falls due: a term ends, a plan must run, evidence goes. */
  next(db: Db): Promise<Instant | null>;
  /** What no sweep destroys until a person decides. Reads every store's days: for screens, not for every minute. */
  frozen(): Promise<Frozen[]>;
  /** Destroys everything whose term has ended, store by store, minus holds. Safe to run again after a crash. */
  sweep(run: { jobId: string }): Promise<SweepResult>;
  holds: {
    place(trx: Trx, order: HoldOrder): Promise<string>;
    release(trx: Trx, id: string, by: string): Promise<void>;
    active(subject?: string): Promise<LegalHold[]>;
  };
  /** What would go and what would stay if this person were erased today. Writes nothing. */
  preview(subject: string, cause?: Cause['kind']): Promise<Preview>;
  /** Makes the plan, or returns the one already open for this person. `by`: who made it, acc_… or 'system'. */
  plan(trx: Trx, subject: string, options: PlanOptions): Promise<Plan>;
  plans: {
    get(id: string, trx?: Trx): Promise<Plan>;
    list(filter?: { open?: boolean; subject?: string; about?: string; limit?: number }): Promise<Plan[]>;
  };
  /** The second person's yes: never the one who made the plan, never the subject. Starts the job. */
  check(trx: Trx, planId: string, by: string): Promise<Plan>;
  /** Takes a plan back before anything was destroyed. */
  cancel(trx: Trx, planId: string, by: string): Promise<Plan>;
  /** Carries the plan out: frozen targets, store by store, receipts, act. Repeats only what is not done. */
  execute(planId: string, run: { jobId: string }): Promise<Plan>;
  onPlanDone(listener: PlanListener): void;
  acts: {
    list(filter?: { unsigned?: boolean; plan?: string; run?: string; limit?: number }): Promise<Act[]>;
    get(id: string, trx?: Trx): Promise<Act>;
    sign(trx: Trx, id: string, signature: { by: string; name: string; post: string }): Promise<Act>;
  };
  ledger(filter?: { run?: string; act?: string; store?: string; limit?: number }): Promise<LedgerEntry[]>;
  tombstones: {
    /** Has this id of a source system (an account, an external customer) been erased? */
    has(trx: Trx, sourceId: string): Promise<boolean>;
    /** Records the ids of an erased person's things, as keyed hashes. Part of `execute`; plugins may add theirs. */
    add(trx: Trx, subject: string, sourceIds: string[]): Promise<void>;
  };
  /** The stores of this room: evidence and holds. */
  stores: Record<string, Store>;
}
