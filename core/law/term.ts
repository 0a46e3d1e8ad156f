import { Temporal } from '../base/index.ts';
import { type Calendar, dayOf, describePeriod, lastDay, startOf } from '../calendar/index.ts';
import type { Certainty, Citation, DatedValue, LawStep, Rule } from './types.ts';

type Day = Temporal.PlainDate;

/** What a term is counted from: an instant, and the day it falls on. */
export interface Anchor {
  at: Temporal.Instant;
  day: Day;
}

export interface TermContext {
  calendar: Calendar;
  zone: string;
  rules: Map<string, Rule>;
}

/** Where a rule's term ends. Hours have an instant and no last day. */
export interface End {
  rule: Rule;
  value: DatedValue;
  cite: Citation; // with the certainty of the transition, where a later value reached a running term
  last: Day | null;
  lateFrom: Temporal.Instant;
  extended: boolean;
}

const compare = Temporal.PlainDate.compare;
const certainties: Certainty[] = ['A', 'B', 'C', 'D'];

/** An anchor from what the caller has: a day means its noon. */
export function anchorOf(from: Temporal.Instant | Day, zone: string): Anchor {
  if (from instanceof Temporal.Instant) return { at: from, day: dayOf(from, zone) };
  return { at: from.toZonedDateTime({ timeZone: zone, plainTime: '12:00' }).toInstant(), day: from };
}

/** The value in force on a day; null when the rule is silent about it. */
export function valueOn(rule: Rule, on: Day): DatedValue | null {
  const value = rule.values.findLast((one) => compare(one.from, on) <= 0);
  return value && (!value.until || compare(on, value.until) <= 0) ? value : null;
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
  const start = rule.after ? startAfter(rule.after, anchor, context, query.asOf) : anchor;
  if (!start) return null;
  const known = (value: DatedValue) => !query.asOf || compare(value.from, query.asOf) <= 0;
  let index = rule.values.findLastIndex((value) => compare(value.from, start.day) <= 0 && known(value));
  const first = rule.values[index];
  if (!first || (first.until && compare(start.day, first.until) > 0)) return null;
  let end = endOfValue(rule, first, start, context);
  for (index++; index < rule.values.length; index++) {
    const next = rule.values[index] as DatedValue;
    if (next.governs !== 'open' || !known(next)) continue;
    if (compare(end.last ?? dayOf(end.lateFrom, context.zone), next.from) < 0) continue;
    end = endOfValue(rule, next, start, context);
    if (next.transition) end.cite = { ...end.cite, certainty: worse(end.cite.certainty, next.transition) };
  }
  const { extension } = end.value;
  const inTime =
    query.extendedOn === true || (query.extendedOn && end.last && compare(query.extendedOn, end.last) <= 0);
  if (!extension || !inTime || !end.last) return end;
  const last = lastDay(end.last, extension, context.calendar);
  return { ...end, last, lateFrom: startOf(last.add({ days: 1 }), context.zone), extended: true };
}

function startAfter(id: string, anchor: Anchor, context: TermContext, asOf: Day | undefined): Anchor | null {
  const before = endOf(context.rules.get(id) as Rule, anchor, context, asOf ? { asOf } : {});
  return before?.last ? anchorOf(before.last, context.zone) : null;
}

function endOfValue(rule: Rule, value: DatedValue, start: Anchor, { calendar, zone }: TermContext): End {
  const period = value.period ?? {};
  if (period.hours !== undefined) {
    return {
      rule,
      value,
      cite: value.cite,
      last: null,
      lateFrom: start.at.add({ hours: period.hours }),
      extended: false,
    };
  }
  const last = lastDayOf(rule, value, start.day, calendar);
  return { rule, value, cite: value.cite, last, lateFrom: startOf(last.add({ days: 1 }), zone), extended: false };
}

function lastDayOf(rule: Rule, value: DatedValue, from: Day, calendar: Calendar): Day {
  const period = value.period ?? {};
  switch (rule.counting) {
    case 'day-of-next-month':
      return from
        .with({ day: 1 })
        .add({ months: 1 })
        .with({ day: value.day ?? 1 });
    case 'after-year-end':
      return lastDay(from.with({ month: 12, day: 31 }), period, calendar);
    case 'calendar-months': {
      // Whole months only: the month of the event does not count.
      const month = from.with({ day: 1 }).add({ years: period.years ?? 0, months: period.months ?? 0 });
      return month.with({ day: month.daysInMonth });
    }
    default:
      return lastDay(from, period, calendar);
  }
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
  return {
    rule: end.rule.id,
    value: describeValue(end.rule, end.value, end.extended),
    cite: end.cite,
    ...(on ? { on } : {}),
    ...(why ? { why } : {}),
  };
}

/** The less certain of two. */
export function worse(a: Certainty, b: Certainty): Certainty {
  return certainties.indexOf(a) > certainties.indexOf(b) ? a : b;
}
