import { Refusal, type Temporal } from '../base/index.ts';
import type { Law } from '../law/index.ts';
import { type Term, termOf } from './due.ts';

/*
 * What facts do to duties, without a place to keep them: the running service writes it to its tables, a timeline plays
 * it in memory, and both decide here.
 */

/** A fact as far as duties care: its name and fields, what it is about and of which kind that is, whose it is. */
export interface Told {
  name: string;
  about: string;
  aboutKind: string;
  subject: string | null;
  at: Temporal.Instant;
  fields: Readonly<Record<string, unknown>>;
}

/** What the law is asked, so that the answer can be replayed. */
export interface Query {
  from: string;
  customer?: 'business' | 'consumer';
}

/** A duty that a fact has opened. */
export interface Opened extends Term {
  duty: string;
  about: string;
  about_kind: string;
  subject_id: string | null;
  query: Query;
  opened_at: Temporal.Instant;
}

/** What decides the fate of an open duty. */
export interface Running extends Opened {
  state: 'open' | 'discharged';
  extended_at: Temporal.Instant | null;
  discharged_at: Temporal.Instant | null;
  overdue_at: Temporal.Instant | null;
}

/** The duties a fact opens, each with its term. A permission obliges nobody: whoever may take the step asks the law. */
export function openedBy(law: Law, fact: Told): Opened[] {
  const query = { from: fact.at.toString(), ...customerOf(fact.fields) };
  return law
    .duties(fact.name, fact.fields)
    .filter((duty) => law.dutyType(duty).kind === 'act')
    .map((duty) => ({
      duty,
      about: fact.about,
      about_kind: fact.aboutKind,
      subject_id: fact.subject,
      query,
      opened_at: fact.at,
      ...termOf(law, duty, query),
    }));
}

/** Read once from the law: fact → the duties it discharges. */
export function dischargesOf(law: Law): ReadonlyMap<string, readonly string[]> {
  const discharges = new Map<string, string[]>();
  for (const { id } of law.dutyTypes()) {
    for (const fact of law.dischargedBy(id)) discharges.set(fact, [...(discharges.get(fact) ?? []), id]);
  }
  return discharges;
}

/**
 * Does a fact speak of a duty? Of this very thing; or, being about another kind of thing, of the same person: the
 * destruction of a person's data discharges what was opened by the withdrawal of a consent.
 */
export function speaksOf(
  fact: Pick<Told, 'about' | 'aboutKind' | 'subject'>,
  duty: Pick<Opened, 'about' | 'about_kind' | 'subject_id'>,
): boolean {
  if (duty.about === fact.about) return true;
  return fact.subject !== null && duty.subject_id === fact.subject && duty.about_kind !== fact.aboutKind;
}

/** Who sent a request is known only after it came: from then on its earlier records are about that person too. */
export function adopts(fact: Pick<Told, 'aboutKind' | 'subject'>): fact is { aboutKind: 'request'; subject: string } {
  return fact.aboutKind === 'request' && fact.subject !== null;
}

/**
 * What a discharge changes. Late is late, also when nobody had looked before; what was done in time and told of later
 * was in time.
 */
export function discharged(
  duty: Pick<Running, 'late_from' | 'overdue_at'>,
  at: Temporal.Instant,
): Pick<Running, 'state' | 'discharged_at' | 'overdue_at'> {
  return { state: 'discharged', discharged_at: at, overdue_at: isLate(duty, at) ? (duty.overdue_at ?? at) : null };
}

/**
 * The longer term of a duty whose notice of extension was sent at an instant: once, before its base term has ended.
 * @throws Refusal `obligation.extended-already`, `obligation.extension-late`, `obligation.not-extendable`
 */
export function extended(
  law: Law,
  row: Pick<Running, 'duty' | 'about' | 'query' | 'late_from' | 'extended_at'>,
  at: Temporal.Instant,
): Term {
  const { duty, about } = row;
  if (row.extended_at) throw new Refusal('obligation.extended-already', 'conflict', { about, duty });
  if (isLate(row, at)) throw new Refusal('obligation.extension-late', 'conflict', { about, duty });
  const term = termOf(law, duty, { ...row.query, extended: at });
  if (!term.late_from || !row.late_from || !isLater(term.late_from, row.late_from)) {
    throw new Refusal('obligation.not-extendable', 'conflict', { about, duty });
  }
  return term;
}

/** Is it too late at an instant? A term that could not be computed is never too late. */
export function isLate({ late_from }: Pick<Running, 'late_from'>, at: Temporal.Instant): boolean {
  return late_from !== null && !isLater(late_from, at);
}

function customerOf(fields: Readonly<Record<string, unknown>>): { customer?: 'business' | 'consumer' } {
  const { customer } = fields;
  return customer === 'business' || customer === 'consumer' ? { customer } : {};
}

function isLater(a: Temporal.Instant, b: Temporal.Instant): boolean {
  return a.epochNanoseconds > b.epochNanoseconds;
}
