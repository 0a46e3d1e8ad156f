import type { Temporal } from '../base/index.ts';
import type { Calendar, DayOff } from './calendar.ts';
import { addMonths, dayAt, dayNumber, zoneOf } from './days.ts';

/** A length of time in the words of law. Hours are counted on instants and never shift. */
export type Period = { years?: number; months?: number; days?: number; workingDays?: number; hours?: number };

/** The day an instant falls on in a zone. */
export function dayOf(at: Temporal.Instant, zone: string): Temporal.PlainDate {
  return dayAt(zoneOf(zone).dayOf(at.epochMilliseconds));
}

/** The first instant of a day. What had to be done on day D is too late from `startOf(D + 1)` (ГК РФ ст. 194). */
export function startOf(day: Temporal.PlainDate, zone: string): Temporal.Instant {
  return zoneOf(zone).startAt(dayNumber(day));
}

/**
 * The last day of a period that begins the day after `anchor` (ГК РФ ст. 191). Years and months end on the same
 * number of the last month; where there is no such day, on the last day of that month (ст. 192 п. 3). Working days
 * are counted after the calendar part.
 *
 * @throws RangeError for hours, which have no last day
 * @throws Refusal `calendar.missing` when working days reach a year without a calendar
 */
export function lastDay(anchor: Temporal.PlainDate, period: Period, calendar: Calendar): Temporal.PlainDate {
  return dayAt(lastNumber(dayNumber(anchor), period, calendar));
}

/** The same with numbers of days. */
export function lastNumber(anchor: number, period: Period, calendar: Calendar): number {
  if (period.hours !== undefined) throw new RangeError('hours are counted on instants: they have no last day');
  const { years = 0, months = 0, days = 0, workingDays = 0 } = period;
  const day = (years || months ? addMonths(anchor, years * 12 + months) : anchor) + days;
  return workingDays > 0 ? calendar.workingDayAfter(day, workingDays) : day;
}

/** The days that a term in working days passes over after `anchor` and up to `last`, each with why it is off. */
export function skippedDays(anchor: Temporal.PlainDate, last: Temporal.PlainDate, calendar: Calendar): DayOff[] {
  return calendar.daysOff(dayNumber(anchor) + 1, dayNumber(last));
}

/**
 * The other reading of a term's end: a last day that is off moves to the next working day (ГК РФ ст. 193). The day
 * itself when it is worked; null when the answer would need a year without a calendar.
 */
export function outerDay(calendar: Calendar, day: Temporal.PlainDate): Temporal.PlainDate | null {
  const outer = calendar.workingDayFrom(dayNumber(day));
  return outer === null ? null : dayAt(outer);
}

const words: Record<keyof Period, Record<'ru' | 'en', Partial<Record<Intl.LDMLPluralRule, string>>>> = {
  years: { ru: { one: 'год', few: 'года', other: 'лет' }, en: { one: 'year', other: 'years' } },
  months: { ru: { one: 'месяц', few: 'месяца', other: 'месяцев' }, en: { one: 'month', other: 'months' } },
  days: { ru: { one: 'день', few: 'дня', other: 'дней' }, en: { one: 'day', other: 'days' } },
  workingDays: {
    ru: { one: 'рабочий день', few: 'рабочих дня', other: 'рабочих дней' },
    en: { one: 'working day', other: 'working days' },
  },
  hours: { ru: { one: 'час', few: 'часа', other: 'часов' }, en: { one: 'hour', other: 'hours' } },
};
const plurals = { ru: new Intl.PluralRules('ru'), en: new Intl.PluralRules('en') };
const noTime = { ru: 'сразу', en: 'at once' };
const nbsp = '\u00a0';

/** A period in words: «10 рабочих дней», «1 год 6 месяцев»; a period of no length is «сразу». */
export function describePeriod(period: Period, locale: 'ru' | 'en'): string {
  const parts: string[] = [];
  for (const unit of ['years', 'months', 'days', 'workingDays', 'hours'] as const) {
    const amount = period[unit];
    if (!amount) continue;
    const forms = words[unit][locale];
    parts.push(`${amount}${nbsp}${forms[plurals[locale].select(amount)] ?? forms.other}`);
  }
  return parts.join(' ') || noTime[locale];
}
