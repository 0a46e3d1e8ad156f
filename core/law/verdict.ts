import { Refusal, Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import type { Pack } from './pack.ts';
import { valueOn } from './term.ts';
import type { Citation, LawStep, Rule } from './types.ts';

export type Day = Temporal.PlainDate;
export type When = Temporal.Instant | Day;

/** What a predicate says: yes or no, a word for the reason, the reason in Russian, and what it rests on. */
export interface Verdict {
  allowed: boolean;
  reason: string;
  why: string;
  rule: string;
  cite: Citation;
  from?: Day; // the first day on which it is allowed
  losers?: LawStep[];
  note?: string;
}

/** What is decided from the packs and the facts of one case; no clock, no database. */
export type Predicate<Input> = (pack: Pack, input: Input) => Verdict;

export function yes(reason: string, why: string, on: { rule: string; cite: Citation }, more: Partial<Verdict> = {}) {
  return { allowed: true, reason, why, rule: on.rule, cite: on.cite, ...more };
}

export function no(reason: string, why: string, on: { rule: string; cite: Citation }, more: Partial<Verdict> = {}) {
  return { allowed: false, reason, why, rule: on.rule, cite: on.cite, ...more };
}

/** A clause of the operator's documents. */
export function own(rule: string, clause: string): { rule: string; cite: Citation } {
  return { rule, cite: { act: 'документы оператора', clause, certainty: 'A' } };
}

/** What the operator's documents say nothing about. */
export function silence(rule: string): { rule: string; cite: Citation } {
  return { rule, cite: { act: 'документы оператора', certainty: 'C' } };
}

/** A rule of law with its value of a day; outside its values, with the nearest one. */
export function byLaw(pack: Pack, id: string, on: Day): { rule: string; cite: Citation; inForce: boolean } {
  const rule = pack.rules.get(id) as Rule | undefined;
  const value = rule && valueOn(rule, on);
  const nearby = value ?? rule?.values.findLast((one) => Temporal.PlainDate.compare(one.from, on) <= 0);
  const shown = nearby ?? rule?.values[0];
  if (!shown) throw new Refusal('law.unknown-rule', 'not-found', { rule: id });
  return { rule: id, cite: shown.cite, inForce: Boolean(value) };
}

/** A field of the case that the predicate cannot do without. @throws Refusal `law.permission-input` */
export function needed<T>(value: T | undefined, field: string): T {
  if (value !== undefined) return value;
  throw new Refusal('law.permission-input', 'invalid', { field, message: `Для ответа нужно поле ${field}.` });
}

export function dayIn(pack: Pack, when: When): Day {
  return when instanceof Temporal.Instant ? dayOf(when, pack.calendar.zone) : when;
}

/** Not after: a day is compared by its day, two instants by the moment. */
export function notAfter(pack: Pack, a: When, b: When): boolean {
  if (a instanceof Temporal.Instant && b instanceof Temporal.Instant) return Temporal.Instant.compare(a, b) <= 0;
  return Temporal.PlainDate.compare(dayIn(pack, a), dayIn(pack, b)) <= 0;
}
