import { Refusal, type Temporal } from '../base/index.ts';
import { dayAt, dayNumber, numberOf, parseDay, weekdayOf, yearOf } from './days.ts';

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

/** A day that is not worked, and why. */
export interface DayOff {
  day: Temporal.PlainDate;
  why: string;
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
  /** How sure the year is. @throws Refusal `calendar.missing` */
  certainty(year: number): CalendarYear['certainty'];
  /** So many working days after a day, by numbers of days. @throws Refusal `calendar.missing` */
  workingDayAfter(day: number, count: number): number;
  /** The day itself when it is worked, or the next that is; null where that needs a year without a calendar. */
  workingDayFrom(day: number): number | null;
  /** The days off between two days, both included. @throws Refusal `calendar.missing` */
  daysOff(first: number, last: number): DayOff[];
}

const weekdays = ['', 'понедельник', 'вторник', 'среда', 'четверг', 'пятница', 'суббота', 'воскресенье'];

/**
 * Builds a calendar and adds up every year.
 * @throws RangeError when a day lies in another year, contradicts the weekend, or the total of working days differs
 */
export function createCalendar(data: CalendarData): Calendar {
  const weekend = new Set(data.weekend);
  const years = new Map<number, Year>();
  for (const [key, year] of Object.entries(data.years)) {
    const number = Number(key);
    const off = new Set(year.nonworking.map((iso) => listed(iso, number, weekend, false)));
    const on = new Set(year.working.map((iso) => listed(iso, number, weekend, true)));
    const found = countWorkingDays(number, weekend, off.size, on.size);
    if (found !== year.workdays) {
      throw new RangeError(`${key}: the listed days make ${found} working days, the source says ${year.workdays}`);
    }
    years.set(number, { source: year.source, certainty: year.certainty, off, on });
  }
  const known = [...years.keys()].sort((a, b) => a - b);
  const runs = runsOf(known, years, weekend);

  const runOf = (day: number) => {
    for (const run of runs) if (day >= run.first && day <= run.last) return run;
    return undefined;
  };
  const runWith = (day: number) => runOf(day) ?? missing(yearOf(day));
  const worksOn = (run: Run, day: number) => run.worked[run.rank[day - run.first] as number] === day;
  const isWorkingDay = (day: Temporal.PlainDate) => worksOn(runWith(dayNumber(day)), dayNumber(day));
  const source = (year: number) => (years.get(year) ?? missing(year)).source;

  const reasons = new Map<number, DayOff>();
  const dayOff = (number: number): DayOff => {
    let said = reasons.get(number);
    if (!said) {
      const weekday = weekdayOf(number);
      const why = weekend.has(weekday)
        ? (weekdays[weekday] as string)
        : `нерабочий день по производственному календарю (${source(yearOf(number))})`;
      said = Object.freeze({ day: dayAt(number), why });
      reasons.set(number, said);
    }
    return said;
  };

  return {
    zone: data.zone,
    knows: (year) => years.has(year),
    years: () => [...known],
    isWorkingDay,
    whyOff: (day) => (isWorkingDay(day) ? null : dayOff(dayNumber(day)).why),
    source,
    certainty: (year) => (years.get(year) ?? missing(year)).certainty,
    workingDayAfter(day, count) {
      const run = runWith(day + 1);
      const rank = run.rank[day + 1 - run.first] as number;
      return run.worked[rank + count - 1] ?? missing(yearOf(run.last) + 1);
    },
    workingDayFrom(day) {
      const run = runOf(day);
      return run?.worked[run.rank[day - run.first] as number] ?? null;
    },
    daysOff(first, last) {
      const found: DayOff[] = [];
      for (let day = first; day <= last; ) {
        const run = runWith(day);
        for (; day <= last && day <= run.last; day++) if (!worksOn(run, day)) found.push(dayOff(day));
      }
      return found;
    },
  };
}

interface Year {
  source: string;
  certainty: CalendarYear['certainty'];
  off: Set<number>;
  on: Set<number>;
}

/** Years that follow one another: their working days in order, and for each day how many of them came before it. */
interface Run {
  first: number;
  last: number;
  worked: number[];
  rank: Uint32Array;
}

function runsOf(known: readonly number[], years: Map<number, Year>, weekend: Set<number>): Run[] {
  const runs: Run[] = [];
  for (const first of known.filter((year) => !years.has(year - 1))) {
    let end = first;
    while (years.has(end)) end++;
    const start = numberOf(first, 1, 1);
    const size = numberOf(end, 1, 1) - start;
    const run: Run = { first: start, last: start + size - 1, worked: [], rank: new Uint32Array(size) };
    for (let year = first; year < end; year++) {
      const { off, on } = years.get(year) as Year;
      const next = numberOf(year + 1, 1, 1);
      for (let day = numberOf(year, 1, 1); day < next; day++) {
        run.rank[day - run.first] = run.worked.length;
        if (weekend.has(weekdayOf(day)) ? on.has(day) : !off.has(day)) run.worked.push(day);
      }
    }
    runs.push(run);
  }
  return runs;
}

function missing(year: number): never {
  throw new Refusal('calendar.missing', 'unavailable', {
    year,
    message: `There is no production calendar for ${year}: add it to policies/calendars.`,
  });
}

/** A day that a year lists against its weekday: worked though it is a weekend, or off though it is not. */
function listed(iso: string, year: number, weekend: Set<number>, worked: boolean): number {
  const day = dayNumber(parseDay(iso));
  if (yearOf(day) !== year) throw new RangeError(`${iso} does not lie in ${year}`);
  if (weekend.has(weekdayOf(day)) !== worked) {
    throw new RangeError(`${iso} is already a ${worked ? 'working day' : 'day off'} by its weekday`);
  }
  return day;
}

function countWorkingDays(year: number, weekend: Set<number>, off: number, on: number): number {
  const next = numberOf(year + 1, 1, 1);
  let count = 0;
  for (let day = numberOf(year, 1, 1); day < next; day++) if (!weekend.has(weekdayOf(day))) count++;
  return count - off + on;
}
