import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Because, Citation, FactType, IncidentClass, LawItem } from '../law/index.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

/** What a person of the staff reports. */
export interface StaffReport {
  fact: string;
  /** The event it belongs to, or anything else that has a fact it may follow; without it a new event begins. */
  about?: string;
  /** Whose the new event is: acc_… or sub_… */
  person?: string;
  at: Instant;
  fields?: Record<string, unknown>;
  /** Points of the list of the duty that it discharges: what was told or done. */
  contains?: readonly string[];
  /** In the reporter's words; kept sealed in the journal, nowhere else. */
  note?: string;
  /** Reports with the same key are one report; without a key those that say the same of the same moment are. */
  key?: string;
  by: { account: string; roles: readonly string[] };
}

/** What the law wants told or done. */
export interface DutyList {
  title: string;
  cite: Citation;
  items: readonly LawItem[];
}

/** A duty of an event, with the sum behind its term. */
export interface EventDuty {
  id: string; // obl_…
  duty: string;
  title: string;
  openedBy: string; // the fact's title
  openedAt: Instant;
  dueOn: Day | null;
  lateFrom: Instant | null; // null: see `problem`
  outerOn: Day | null;
  state: 'open' | 'discharged';
  late: boolean; // open and too late, or discharged too late
  dischargedAt: Instant | null;
  extendedAt: Instant | null;
  extendable: boolean; // a notice sent now would make the term longer
  problem: string | null;
  because: Because | null;
  skipped: { day: Day; why: string }[];
  explained: string[]; // in Russian
  list: DutyList | null;
}

/** A step that may be taken from a day on. */
export interface EventPermission {
  duty: string;
  title: string;
  mayFrom: Day;
  because: Because;
}

export interface EventFact {
  id: string; // fct_…
  fact: string;
  title: string;
  at: Instant;
  fields: Readonly<Record<string, unknown>>;
  by: string | null; // acc_…; null: the service itself
  reportedAt: Instant | null;
  contains: readonly string[];
}

/** A fact that staff may report next. `discharges`: open duties that it ends. */
export interface EventStep {
  fact: FactType;
  discharges: string[];
}

/** Something that staff have to do with, from the fact it began with: an incident, a claim, a missed destruction. */
export interface StaffEvent {
  id: string;
  number: string | null; // «ИН-2026-0001»; null for what the service reported itself
  fact: string; // the one it began with
  title: string;
  kind: string; // what the fact is about
  at: Instant;
  subject: string | null;
  open: boolean;
  lateFrom: Instant | null; // of the open duty that ends first
  duties: EventDuty[]; // open ones first, the most urgent first
}

export interface StaffEventPage extends StaffEvent {
  may: EventPermission[];
  facts: EventFact[];
  steps: EventStep[];
  /** What the leak falls under; null for anything else, and while nobody knows how large it is. */
  incident: { fields: Readonly<Record<string, unknown>>; class: IncidentClass | null } | null;
}

export interface Events {
  /**
   * Tells what staff have learnt, and writes it to the journal. Told twice it is told once.
   * @returns the event's id, and whether it was told before
   * @throws Refusal `fact.*`, `role.missing`, `event.*`
   */
  report(trx: Trx, report: StaffReport): Promise<{ id: string; again: boolean }>;
  /** Moves the term of a duty of an event, once, where the law lets a motivated notice do so. */
  extend(trx: Trx, order: { id: string; duty: string; reason: string; by: string }): Promise<void>;
  /** Facts with which staff may begin an event: those that duties or permissions of this operator follow from. */
  beginnings(): FactType[];
  /** Open events first, the most urgent first; then the newest. */
  list(filter?: { open?: boolean; limit?: number }): Promise<StaffEvent[]>;
  /** @throws Refusal `event.unknown` */
  get(idOrNumber: string, source?: Trx | Db): Promise<StaffEventPage>;
  /** The notes of an event, by the fact they belong to. Journaled before they are shown. */
  notes(id: string, by: string): Promise<ReadonlyMap<string, string>>;
}
