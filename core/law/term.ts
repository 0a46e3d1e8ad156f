import { Temporal } from '../base/index.ts';
import {
  addMonths,
  type Calendar,
  dayAt,
  dayNumber,
  describePeriod,
  endOfMonth,
  endOfYear,
  lastNumber,
  startOfMonth,
  type Zone,
  zoneOf,
} from '../calendar/index.ts';
import { cite } from './cite.ts';
import type { Certainty, Citation, DatedValue, LawStep, Rule } from './types.ts';

type Day = Temporal.PlainDate;

/** What a term is counted from: the number of its day, and the instant. */
export interface Anchor {
  readonly on: number;
  readonly ms: number; // with a half where the instant has less than milliseconds: enough to tell which of two comes first
  readonly at: Temporal.Instant | null; // null: exactly `ms`
}

export interface TermContext {
  calendar: Calendar;
  zone: string;
  rules: Map<string, Rule>;
}

/** The same made ready for sums. */
export interface Sums {
  calendar: Calendar;
  zone: Zone;
  rules: Map<string, Rule>;
}

/** What is asked beside the anchor, days by their numbers. */
export interface TermQuery {
  asOf?: number | undefined; // only values in force by then
  extendedOn?: number | undefined; // the day the notice of extension was sent; `inTime`: known to have been in time
}

/** A notice of extension of which only is known that it was in time. */
export const inTime = Number.NEGATIVE_INFINITY;

/** Where a rule's term ends. Hours have an instant and no last day. */
export interface End {
  readonly rule: Rule;
  readonly value: DatedValue;
  readonly cite: Citation; // with the certainty of the transition, where a later value reached a running term
  readonly clause: string; // the citation in Russian
  readonly text: string; // the value in Russian
  readonly lastOn: number | null;
  readonly last: Day | null;
  readonly lateMs: number;
  readonly lateFrom: Temporal.Instant;
  readonly extended: boolean;
}

const certainties: Certainty[] = ['A', 'B', 'C', 'D'];
const msOfHour = 3_600_000;

/** An anchor from what the caller has: a day means its noon. */
export function anchorOf(from: Temporal.Instant | Day, zone: string): Anchor {
  if (!(from instanceof Temporal.Instant)) return dayAnchor(dayNumber(from), zoneOf(zone));
  const ms = from.epochMilliseconds;
  const exact = from.epochNanoseconds % 1_000_000n === 0n;
  return { on: zoneOf(zone).dayOf(ms), ms: exact ? ms : ms + 0.5, at: exact ? null : from };
}

/** The noon of a day as an anchor. */
export function dayAnchor(on: number, zone: Zone): Anchor {
  return new Noon(on, zone);
}

/** Which instant the noon is matters only where hours are counted from it. */
class Noon implements Anchor {
  readonly on: number;
  readonly at = null;
  private readonly zone: Zone;

  constructor(on: number, zone: Zone) {
    this.on = on;
    this.zone = zone;
  }

  get ms(): number {
    return this.zone.noonOf(this.on);
  }
}

/** The value in force on a day; null when the rule is silent about it. */
export function valueOn(rule: Rule, on: Day): DatedValue | null {
  const day = dayNumber(on);
  const term = readyOf(rule).terms.findLast((one) => one.from <= day);
  return term && day <= term.until ? term.value : null;
}

/**
 * Where the term of a rule ends for an anchor; null when the rule has no value for it. The value in force on the
 * anchor's day governs, and then every later one that reaches terms still running on its first day.
 *
 * @param query.asOf       only values in force by then
 * @param query.extendedOn the day the notice of extension was sent: no later than the last day, or it has no effect;
 *                         true when it is known to have been in time
 * @throws Refusal `calendar.missing`
 */
export function endOf(
  rule: Rule,
  anchor: Anchor,
  context: TermContext,
  query: { asOf?: Day; extendedOn?: Day | true } = {},
): End | null {
  const { asOf, extendedOn } = query;
  return termEnd(rule, anchor, context, {
    asOf: asOf && dayNumber(asOf),
    extendedOn: extendedOn === true ? inTime : extendedOn && dayNumber(extendedOn),
  });
}

/** The same with days by their numbers. @throws Refusal `calendar.missing` */
export function termEnd(rule: Rule, anchor: Anchor, context: TermContext, query: TermQuery): End | null {
  return endFrom(readyOf(rule), anchor, { ...context, zone: zoneOf(context.zone) }, query);
}

/** The same for a rule made ready: what every answer is made of. @throws Refusal `calendar.missing` */
export function endFrom({ rule, terms }: Ready, anchor: Anchor, sums: Sums, query: TermQuery): TermEnd | null {
  const { asOf = Number.POSITIVE_INFINITY, extendedOn } = query;
  const start = rule.after === null ? anchor : startAfter(rule.after, anchor, sums, asOf);
  if (!start) return null;
  let index = terms.length - 1;
  while (index >= 0 && !isKnown(terms[index] as Term, start.on, asOf)) index--;
  const first = terms[index];
  if (!first || start.on > first.until) return null;
  let end = new TermEnd(first, first.value.cite, start, sums);
  for (index++; index < terms.length; index++) {
    const next = terms[index] as Term;
    if (next.value.governs !== 'open' || next.from > asOf) continue;
    if ((end.lastOn ?? sums.zone.dayOf(Math.floor(end.lateMs))) < next.from) continue;
    end = new TermEnd(next, next.reached, start, sums);
  }
  if (extendedOn !== undefined && end.lastOn !== null && extendedOn <= end.lastOn) end.extend(sums.calendar);
  return end;
}

function isKnown(term: Term, on: number, asOf: number): boolean {
  return term.from <= on && term.from <= asOf;
}

function startAfter(id: string, anchor: Anchor, sums: Sums, asOf: number): Anchor | null {
  const before = endFrom(readyOf(sums.rules.get(id) as Rule), anchor, sums, { asOf });
  return before && before.lastOn !== null ? dayAnchor(before.lastOn, sums.zone) : null;
}

/** A dated value made ready for sums: its days as numbers, its words once. */
class Term {
  readonly rule: Rule;
  readonly value: DatedValue;
  readonly from: number;
  readonly until: number;
  readonly hours: number | null;
  readonly reached: Citation; // as cited where it reaches a term that was running
  readonly clause: string; // the citation in Russian
  readonly text: string; // the value in Russian
  readonly extendedText: string; // … with its extension

  constructor(rule: Rule, value: DatedValue) {
    this.rule = rule;
    this.value = value;
    this.from = dayNumber(value.from);
    this.until = value.until ? dayNumber(value.until) : Number.POSITIVE_INFINITY;
    this.hours = value.period?.hours ?? null;
    const { cite: own, transition } = value;
    this.clause = cite(own, 'ru');
    this.text = describeValue(rule, value);
    this.extendedText = describeValue(rule, value, true);
    this.reached = transition ? { ...own, certainty: worse(own.certainty, transition) } : own;
  }

  /** The last day for an anchor's day. */
  lastOn(from: number, calendar: Calendar): number {
    const period = this.value.period ?? {};
    switch (this.rule.counting) {
      case 'day-of-next-month':
        return endOfMonth(from) + (this.value.day ?? 1);
      case 'after-year-end':
        return lastNumber(endOfYear(from), period, calendar);
      case 'calendar-months':
        // Whole months only: the month of the event does not count.
        return endOfMonth(addMonths(startOfMonth(from), (period.years ?? 0) * 12 + (period.months ?? 0)));
      default:
        return lastNumber(from, period, calendar);
    }
  }
}

/** A rule made ready for sums. */
export interface Ready {
  rule: Rule;
  terms: readonly Term[];
}

const ready = new WeakMap<Rule, Ready>();

export function readyOf(rule: Rule): Ready {
  let made = ready.get(rule);
  if (!made) {
    made = { rule, terms: rule.values.map((value) => new Term(rule, value)) };
    ready.set(rule, made);
  }
  return made;
}

/** An end that makes its day and its instants only when they are asked for. */
export class TermEnd implements End {
  readonly rule: Rule;
  readonly value: DatedValue;
  readonly cite: Citation;
  lastOn: number | null;
  extended = false;
  private readonly term: Term;
  private readonly start: Anchor;
  private readonly zone: Zone;

  constructor(term: Term, citation: Citation, start: Anchor, { calendar, zone }: Sums) {
    this.rule = term.rule;
    this.value = term.value;
    this.cite = citation;
    this.lastOn = term.hours === null ? term.lastOn(start.on, calendar) : null;
    this.term = term;
    this.start = start;
    this.zone = zone;
  }

  get last(): Day | null {
    return this.lastOn === null ? null : dayAt(this.lastOn);
  }

  get lateMs(): number {
    return this.lastOn === null
      ? this.start.ms + (this.term.hours ?? 0) * msOfHour
      : this.zone.startOf(this.lastOn + 1);
  }

  get lateFrom(): Temporal.Instant {
    if (this.lastOn !== null) return this.zone.startAt(this.lastOn + 1);
    if (this.start.at) return this.start.at.add({ hours: this.term.hours ?? 0 });
    return Temporal.Instant.fromEpochMilliseconds(this.lateMs);
  }

  get clause(): string {
    return this.term.clause;
  }

  get text(): string {
    return this.extended ? this.term.extendedText : this.term.text;
  }

  extend(calendar: Calendar): void {
    const { extension } = this.value;
    if (!extension || this.lastOn === null) return;
    this.lastOn = lastNumber(this.lastOn, extension, calendar);
    this.extended = true;
  }
}

/** Which of two ends comes first: less than nothing for the first, nothing where it is too late for both at once. */
export function compareEnds(a: End, b: End): number {
  return a.lastOn !== null && b.lastOn !== null ? a.lastOn - b.lastOn : a.lateMs - b.lateMs;
}

/** A value in Russian: «10 рабочих дней», «5 лет после окончания года», «15-е число следующего месяца». */
export function describeValue(rule: Rule, value: DatedValue, extended = false): string {
  if (rule.counting === 'day-of-next-month') return `${value.day}-е число следующего месяца`;
  const text = describePeriod(value.period ?? {}, 'ru');
  if (rule.counting === 'after-year-end') return `${text} после окончания года`;
  if (rule.counting === 'calendar-months') return `${text}, полных календарных`;
  return extended && value.extension ? `${text} и ещё ${describePeriod(value.extension, 'ru')}` : text;
}

/** The part a rule's end plays in an answer. */
export function stepOf(end: End, on: Day | null, why?: string): LawStep {
  const step: LawStep = { rule: end.rule.id, value: end.text, cite: end.cite };
  if (on) step.on = on;
  if (why) step.why = why;
  return step;
}

/** The less certain of two. */
export function worse(a: Certainty, b: Certainty): Certainty {
  return certainties.indexOf(a) > certainties.indexOf(b) ? a : b;
}
