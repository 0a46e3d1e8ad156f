import { Refusal, Temporal } from '../base/index.ts';

/** One year of the production calendar, as `policies/calendars/*.yaml` has it. Days are ISO dates. */
export interface CalendarYear {
  source: string;
  certainty: 'A' | 'B' | 'C' | 'D';
  nonworking: readonly string[]; // days off that fall on Monday to Friday
  working: readonly string[]; // Saturdays and Sundays that are worked
  workdays: number; // the year's total, a check sum
}

export interface CalendarData {
  zone: string;
  weekend: readonly number[]; // ISO weekdays, Monday is 1
  years: Readonly<Record<string, CalendarYear>>;
}

/** Which days are worked, in which zone a day is a day. Knows only the years it was given. */
export interface Calendar {
  readonly zone: string;
  knows(year: number): boolean;
  years(): number[];
  /** @throws Refusal `calendar.missing` (unavailable, `{ year }`) for a year without a calendar: never a guess */
  isWorkingDay(day: Temporal.PlainDate): boolean;
  /** Why a day is off, in Russian; null on a working day. @throws Refusal `calendar.missing` */
  whyOff(day: Temporal.PlainDate): string | null;
  /** The decree the year rests on. @throws Refusal `calendar.missing` */
  source(year: number): string;
}

const weekdays = ['', 'понедельник', 'вторник', 'среда', 'четверг', 'пятница', 'суббота', 'воскресенье'];

/**
 * Builds a calendar and adds up every year.
 * @throws RangeError when a day lies in another year, contradicts the weekend, or the total of working days differs
 */
export function createCalendar(data: CalendarData): Calendar {
  const weekend = new Set(data.weekend);
  const years = new Map<number, { source: string; off: Set<string>; on: Set<string> }>();
  for (const [key, year] of Object.entries(data.years)) {
    const number = Number(key);
    const off = new Set(year.nonworking);
    const on = new Set(year.working);
    for (const iso of off)
      check(iso, number, !weekend.has(Temporal.PlainDate.from(iso).dayOfWeek), 'already a day off');
    for (const iso of on)
      check(iso, number, weekend.has(Temporal.PlainDate.from(iso).dayOfWeek), 'already a working day');
    const found = countWorkingDays(number, weekend, off.size, on.size);
    if (found !== year.workdays) {
      throw new RangeError(`${key}: the listed days make ${found} working days, the source says ${year.workdays}`);
    }
    years.set(number, { source: year.source, off, on });
  }

  const yearOf = (year: number) => {
    const known = years.get(year);
    if (!known) {
      throw new Refusal('calendar.missing', 'unavailable', {
        year,
        message: `There is no production calendar for ${year}: add it to policies/calendars.`,
      });
    }
    return known;
  };
  const isWorkingDay = (day: Temporal.PlainDate) => {
    const year = yearOf(day.year);
    return weekend.has(day.dayOfWeek) ? year.on.has(day.toString()) : !year.off.has(day.toString());
  };

  return {
    zone: data.zone,
    knows: (year) => years.has(year),
    years: () => [...years.keys()].sort((a, b) => a - b),
    isWorkingDay,
    whyOff(day) {
      if (isWorkingDay(day)) return null;
      if (weekend.has(day.dayOfWeek)) return weekdays[day.dayOfWeek] as string;
      return `нерабочий день по производственному календарю (${yearOf(day.year).source})`;
    },
    source: (year) => yearOf(year).source,
  };
}

function check(iso: string, year: number, right: boolean, wrong: string): void {
  if (Temporal.PlainDate.from(iso).year !== year) throw new RangeError(`${iso} does not lie in ${year}`);
  if (!right) throw new RangeError(`${iso} is ${wrong} by its weekday`);
}

function countWorkingDays(year: number, weekend: Set<number>, off: number, on: number): number {
  const first = Temporal.PlainDate.from({ year, month: 1, day: 1 });
  let weekday = first.dayOfWeek;
  let count = 0;
  for (let i = 0; i < first.daysInYear; i++, weekday = (weekday % 7) + 1) if (!weekend.has(weekday)) count++;
  return count - off + on;
}
