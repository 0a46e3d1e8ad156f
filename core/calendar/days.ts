import { Temporal } from '../base/index.ts';

/*
 * Sums are made with numbers of days, 1970-01-01 being 0: a comparison of two numbers costs a hundredth of a comparison
 * of two PlainDates. A PlainDate is what comes in and what goes out.
 */

const msOfDay = 86_400_000;
const kept = 50_000; // days that are kept as objects: more than a century

/** The days between 1970-01-01 and a day. */
export function dayNumber(day: Temporal.PlainDate): number {
  return numberOf(day.year, day.month, day.day);
}

/** The number of a day of the proleptic Gregorian calendar; days past the end of a month run on. */
export function numberOf(year: number, month: number, day: number): number {
  return yearsBefore(month > 2 ? year : year - 1) + Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 719_469;
}

// The year of these sums begins in March, so that the leap day is its last.
function yearsBefore(year: number): number {
  return year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
}

/** The year, month and day of a number. */
export function civilOf(number: number): { year: number; month: number; day: number } {
  const era = Math.floor((number + 719_468) / 146_097);
  const dayOfEra = number + 719_468 - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  };
}

export function yearOf(number: number): number {
  return civilOf(number).year;
}

/** ISO weekday, Monday is 1. */
export function weekdayOf(number: number): number {
  return ((((number + 3) % 7) + 7) % 7) + 1;
}

/** So many months later; where the month has no such day, its last day (ГК РФ ст. 192 п. 3). */
export function addMonths(number: number, months: number): number {
  const { year, month, day } = civilOf(number);
  const count = year * 12 + month - 1 + months;
  const first = numberOf(Math.floor(count / 12), (count % 12) + 1, 1);
  return Math.min(first + day - 1, endOfMonth(first));
}

export function startOfMonth(number: number): number {
  return number - civilOf(number).day + 1;
}

export function endOfMonth(number: number): number {
  const { year, month } = civilOf(number);
  return (month === 12 ? numberOf(year + 1, 1, 1) : numberOf(year, month + 1, 1)) - 1;
}

export function endOfYear(number: number): number {
  return numberOf(yearOf(number) + 1, 1, 1) - 1;
}

/** The day of a number. Days never change, so one object serves all who ask. */
export const dayAt = remembered((number): Temporal.PlainDate => {
  const { year, month, day } = civilOf(number);
  return new Temporal.PlainDate(year, month, day);
});

/** The day that a date in figures names: `2026-05-15`. @throws RangeError when there is no such day */
export function parseDay(iso: string): Temporal.PlainDate {
  const number = isoNumber(iso);
  return number === null ? Temporal.PlainDate.from(iso) : dayAt(number);
}

/** The same as a number; null where there is no such day, or it is written in another way. */
export function isoNumber(iso: string): number | null {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(iso);
  if (!found) return null;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  if (month < 1 || month > 12 || day < 1) return null;
  const number = numberOf(year, month, day);
  return day <= 28 || civilOf(number).day === day ? number : null;
}

/** Where days begin in a zone, in milliseconds since 1970. */
export interface Zone {
  startOf(day: number): number;
  /** The same as an instant. */
  startAt(day: number): Temporal.Instant;
  noonOf(day: number): number;
  dayOf(ms: number): number;
}

const zones = new Map<string, Zone>();

export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const zone = createZone(name);
  zones.set(name, zone);
  return zone;
}

// No zone changes its clocks twice within a week: where the week lasts as long as it should, so does each of its days.
const week = 7;

/** Seven days: where they begin, and whether each of them lasts as long as a day does. */
interface Week {
  ms: number;
  even: boolean;
}

function createZone(name: string): Zone {
  const asked = (day: number) => dayAt(day).toZonedDateTime(name).toInstant().epochMilliseconds;
  const weeks = remembered((index): Week => {
    const ms = asked(index * week);
    return { ms, even: asked((index + 1) * week) - ms === week * msOfDay };
  });
  const uneven = remembered(asked);
  const startOf = (day: number) => {
    const index = Math.floor(day / week);
    const { ms, even } = weeks(index);
    return even ? ms + (day - index * week) * msOfDay : uneven(day);
  };
  return {
    startOf,
    startAt: remembered((day) => Temporal.Instant.fromEpochMilliseconds(startOf(day))),
    noonOf(day) {
      const ms = startOf(day);
      if (startOf(day + 1) - ms === msOfDay) return ms + msOfDay / 2;
      return dayAt(day).toZonedDateTime({ timeZone: name, plainTime: '12:00' }).toInstant().epochMilliseconds;
    },
    dayOf(ms) {
      let day = Math.floor(ms / msOfDay);
      while (startOf(day) > ms) day--;
      while (startOf(day + 1) <= ms) day++;
      return day;
    },
  };
}

/** What is worked out once for a number; after too many of them it begins anew. */
function remembered<T>(work: (number: number) => T): (number: number) => T {
  const found = new Map<number, T>();
  return (number) => {
    const known = found.get(number);
    if (known !== undefined) return known;
    const made = work(number);
    if (found.size >= kept) found.clear();
    found.set(number, made);
    return made;
  };
}
