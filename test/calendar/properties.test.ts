import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { parse } from 'yaml';
import { Temporal } from '../../core/base/index.ts';
import {
  addMonths,
  type CalendarData,
  civilOf,
  createCalendar,
  dayAt,
  dayNumber,
  dayOf,
  endOfMonth,
  endOfYear,
  isoNumber,
  lastDay,
  outerDay,
  type Period,
  parseDay,
  skippedDays,
  startOf,
  startOfMonth,
  weekdayOf,
  zoneOf,
} from '../../core/calendar/index.ts';

const data = parse(readFileSync(new URL('../../policies/calendars/ru.yaml', import.meta.url), 'utf8')) as CalendarData;
const calendar = createCalendar(data);
const compare = Temporal.PlainDate.compare;
const first = Temporal.PlainDate.from('2022-01-01');

/** A day of the years that have a calendar, with room for a term behind it. */
const workedDay = fc.integer({ min: 0, max: 365 * 5 }).map((days) => first.add({ days }));
/** Any day of eight centuries. */
const anyDay = fc
  .integer({ min: -135_000, max: 157_000 })
  .map((days) => Temporal.PlainDate.from('1970-01-01').add({ days }));
const calendarPeriod = fc.record({
  years: fc.integer({ min: 0, max: 10 }),
  months: fc.integer({ min: 0, max: 40 }),
  days: fc.integer({ min: 0, max: 400 }),
});
const anyPeriod = fc.oneof(
  calendarPeriod,
  fc.integer({ min: 1, max: 60 }).map((workingDays): Period => ({ workingDays })),
);

/** The calendar with some more days off. */
function withDaysOff(days: Temporal.PlainDate[]) {
  const years = structuredClone(data.years) as unknown as Record<string, { nonworking: string[]; workdays: number }>;
  for (const day of days) {
    const year = years[day.year] as { nonworking: string[]; workdays: number };
    if (!calendar.isWorkingDay(day) || day.dayOfWeek > 5 || year.nonworking.includes(day.toString())) continue;
    year.nonworking.push(day.toString());
    year.workdays--;
  }
  return createCalendar({ ...data, years: years as never });
}

describe('days as numbers', () => {
  it('are the days of Temporal, whatever the century', () => {
    fc.assert(
      fc.property(anyDay, (day) => {
        const number = dayNumber(day);
        expect(number).to.equal(day.since('1970-01-01').days);
        expect(dayAt(number).equals(day)).to.equal(true);
        expect(civilOf(number)).to.deep.equal({ year: day.year, month: day.month, day: day.day });
        expect(weekdayOf(number)).to.equal(day.dayOfWeek);
        expect(dayAt(startOfMonth(number)).equals(day.with({ day: 1 }))).to.equal(true);
        expect(dayAt(endOfMonth(number)).equals(day.with({ day: day.daysInMonth }))).to.equal(true);
        expect(dayAt(endOfYear(number)).equals(day.with({ month: 12, day: 31 }))).to.equal(true);
      }),
    );
  });

  it('add months as Temporal does: where there is no such day, the last of the month', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: -500, max: 500 }), (day, months) => {
        expect(dayAt(addMonths(dayNumber(day), months)).toString()).to.equal(day.add({ months }).toString());
      }),
    );
  });

  it('are read from dates that exist, and only from those', () => {
    const figures = fc.tuple(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 0, max: 14 }),
      fc.integer({ min: 0, max: 33 }),
    );
    fc.assert(
      fc.property(figures, ([year, month, day]) => {
        const pad = (number: number, digits: number) => String(number).padStart(digits, '0');
        const iso = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
        let real: Temporal.PlainDate | null = null;
        try {
          real = Temporal.PlainDate.from(iso);
        } catch {
          // there is no such day
        }
        if (real) expect(parseDay(iso).equals(real)).to.equal(true);
        else expect(() => parseDay(iso)).to.throw(RangeError);
        expect(isoNumber(iso)).to.equal(real && dayNumber(real));
      }),
    );
  });
});

describe('days in a zone', () => {
  // Summer time, half hours, a summer time of Moscow that was never taken back, an island that skipped a day, and clocks
  // that go back for the month of fasting.
  const zone = fc.constantFrom(
    ...['Europe/Moscow', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia', 'Africa/Casablanca', 'Asia/Gaza', 'UTC'],
  );
  const moment = fc
    .integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2045, 0, 1) })
    .map((ms) => Temporal.Instant.fromEpochMilliseconds(ms));

  it('begin where Temporal says, and an instant lies in its own', () => {
    fc.assert(
      fc.property(zone, moment, (name, at) => {
        const day = at.toZonedDateTimeISO(name).toPlainDate();
        expect(dayOf(at, name).toString()).to.equal(day.toString());
        expect(startOf(day, name).toString()).to.equal(day.toZonedDateTime(name).toInstant().toString());
        const noon = day.toZonedDateTime({ timeZone: name, plainTime: '12:00' });
        expect(zoneOf(name).noonOf(dayNumber(day))).to.equal(noon.epochMilliseconds);
      }),
    );
  });

  it('the last instant before a day and its first lie in two days', () => {
    fc.assert(
      fc.property(moment, (at) => {
        const midnight = startOf(dayOf(at, 'Europe/Moscow'), 'Europe/Moscow');
        const late = midnight.subtract({ nanoseconds: 1 });
        expect(dayOf(late, 'Europe/Moscow').add({ days: 1 }).equals(dayOf(midnight, 'Europe/Moscow'))).to.equal(true);
      }),
    );
  });
});

describe('counting, whatever the day and the term', () => {
  it('is what Temporal adds, where the term has no working days', () => {
    fc.assert(
      fc.property(anyDay, calendarPeriod, (from, { years, months, days }) => {
        const end = lastDay(from, { years, months, days }, calendar);
        expect(end.toString()).to.equal(from.add({ years, months }).add({ days }).toString());
      }),
    );
  });

  it('is monotone: a later event never ends earlier', () => {
    fc.assert(
      fc.property(workedDay, fc.integer({ min: 0, max: 90 }), anyPeriod, (from, more, period) => {
        fc.pre(from.add({ days: more }).year < 2027);
        const end = lastDay(from, period, calendar);
        expect(compare(end, lastDay(from.add({ days: more }), period, calendar))).to.be.at.most(0);
      }),
    );
  });

  it('is monotone: a longer term never ends earlier', () => {
    fc.assert(
      fc.property(workedDay, calendarPeriod, fc.constantFrom('days', 'months', 'years'), (from, period, unit) => {
        const longer = { ...period, [unit]: period[unit] + 1 };
        expect(compare(lastDay(from, period, calendar), lastDay(from, longer, calendar))).to.be.at.most(0);
      }),
    );
  });

  it('passes exactly so many working days, and names each of the others', () => {
    fc.assert(
      fc.property(workedDay, fc.integer({ min: 1, max: 60 }), (from, workingDays) => {
        const end = lastDay(from, { workingDays }, calendar);
        expect(calendar.isWorkingDay(end)).to.equal(true);
        const skipped = skippedDays(from, end, calendar);
        expect(end.since(from).days).to.equal(workingDays + skipped.length);
        for (const { day, why } of skipped) {
          expect(calendar.isWorkingDay(day)).to.equal(false);
          expect(calendar.whyOff(day)).to.equal(why);
        }
      }),
    );
  });

  it('more days off never make a term shorter, nor its other reading', () => {
    fc.assert(
      fc.property(workedDay, fc.array(workedDay, { maxLength: 30 }), anyPeriod, (from, off, period) => {
        const more = withDaysOff(off);
        const [before, after] = [lastDay(from, period, calendar), lastDay(from, period, more)];
        expect(compare(before, after)).to.be.at.most(0);
        const [outer, outerAfter] = [outerDay(calendar, before), outerDay(more, after)];
        if (outer && outerAfter) expect(compare(outer, outerAfter)).to.be.at.most(0);
      }),
      { numRuns: 60 },
    );
  });

  it('the two readings of an end never cross: neither in one term nor between two', () => {
    fc.assert(
      fc.property(workedDay, fc.integer({ min: 0, max: 30 }), (end, more) => {
        const [one, other] = [outerDay(calendar, end), outerDay(calendar, end.add({ days: more }))];
        expect(compare(end, one as Temporal.PlainDate)).to.be.at.most(0);
        if (other) expect(compare(one as Temporal.PlainDate, other)).to.be.at.most(0);
        const skipped = skippedDays(
          end.subtract({ days: 1 }),
          (one as Temporal.PlainDate).subtract({ days: 1 }),
          calendar,
        );
        expect(skipped.length).to.equal(end.until(one as Temporal.PlainDate).days);
      }),
    );
  });
});
