import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { parse } from 'yaml';
import { Refusal, Temporal } from '../../core/base/index.ts';
import {
  type CalendarData,
  createCalendar,
  dayOf,
  describePeriod,
  lastDay,
  outerDay,
  type Period,
  skippedDays,
  startOf,
} from '../../core/calendar/index.ts';

const data = parse(readFileSync(new URL('../../policies/calendars/ru.yaml', import.meta.url), 'utf8')) as CalendarData;
const calendar = createCalendar(data);
const day = (iso: string) => Temporal.PlainDate.from(iso);
const last = (from: string, period: Period) => lastDay(day(from), period, calendar).toString();
const zone = 'Europe/Moscow';

describe('the production calendar', () => {
  it('knows the years it was given and refuses others by name', () => {
    expect(calendar.years()).to.deep.equal([2022, 2023, 2024, 2025, 2026, 2027]);
    expect(() => calendar.isWorkingDay(day('2028-01-11')))
      .to.throw(Refusal)
      .with.nested.property('details.year', 2028);
  });

  it('counts working Saturdays and days off that were moved', () => {
    expect(calendar.isWorkingDay(day('2025-11-01'))).to.equal(true);
    expect(calendar.isWorkingDay(day('2025-11-03'))).to.equal(false);
    expect(calendar.isWorkingDay(day('2027-02-20'))).to.equal(true);
    expect(calendar.isWorkingDay(day('2027-02-22'))).to.equal(false);
    expect(calendar.isWorkingDay(day('2026-12-31'))).to.equal(false);
  });

  it('says why a day is off', () => {
    expect(calendar.whyOff(day('2026-05-02'))).to.equal('суббота');
    expect(calendar.whyOff(day('2026-05-11'))).to.include('№ 1466');
    expect(calendar.whyOff(day('2026-05-12'))).to.equal(null);
  });

  it('adds every year up: a day too many is noticed', () => {
    const year = data.years['2026'] as CalendarData['years'][string];
    const wrong = { ...data, years: { 2026: { ...year, nonworking: [...year.nonworking, '2026-05-12'] } } };
    expect(() => createCalendar(wrong)).to.throw('2026: the listed days make 246 working days, the source says 247');
    const twice = { ...data, years: { 2026: { ...year, nonworking: [...year.nonworking, '2026-05-10'] } } };
    expect(() => createCalendar(twice)).to.throw('2026-05-10 is already a day off by its weekday');
  });
});

describe('counting a term', () => {
  it('begins the day after the event and ends in working days', () => {
    expect(last('2026-04-30', { workingDays: 10 })).to.equal('2026-05-18');
    expect(last('2026-05-18', { workingDays: 5 })).to.equal('2026-05-25');
    expect(last('2025-10-31', { workingDays: 10 })).to.equal('2025-11-17');
    expect(last('2026-12-25', { workingDays: 10 })).to.equal('2027-01-19');
    expect(last('2027-02-19', { workingDays: 10 })).to.equal('2027-03-09');
    expect(last('2027-10-29', { workingDays: 10 })).to.equal('2027-11-16');
    expect(last('2024-04-25', { workingDays: 10 })).to.equal('2024-05-15');
    expect(last('2026-06-10', { workingDays: 7 })).to.equal('2026-06-22');
  });

  it('ends on the last day of a month that has no such day', () => {
    expect(last('2026-05-15', { months: 6 })).to.equal('2026-11-15');
    for (const from of ['2026-08-28', '2026-08-29', '2026-08-30', '2026-08-31']) {
      expect(last(from, { months: 6 })).to.equal('2027-02-28');
    }
    expect(last('2026-01-31', { months: 1 })).to.equal('2026-02-28');
    expect(last('2028-02-29', { years: 3 })).to.equal('2031-02-28');
    expect(last('2027-08-31', { months: 6 })).to.equal('2028-02-29');
  });

  it('needs no calendar for calendar days, and refuses to guess working days', () => {
    expect(last('2031-12-31', { days: 30 })).to.equal('2032-01-30');
    expect(() => last('2027-12-30', { workingDays: 1 })).to.throw(Refusal);
    expect(() => last('2026-05-01', { hours: 24 })).to.throw(RangeError);
  });

  it('names the days it passes over', () => {
    const skipped = skippedDays(day('2026-04-30'), day('2026-05-05'), calendar);
    expect(skipped.map((one) => one.day.toString())).to.deep.equal(['2026-05-01', '2026-05-02', '2026-05-03']);
  });

  it('reads a last day that is off in the other way too, where there is a calendar', () => {
    expect(outerDay(calendar, day('2026-05-30'))?.toString()).to.equal('2026-06-01');
    expect(outerDay(calendar, day('2026-06-01'))?.toString()).to.equal('2026-06-01');
    expect(outerDay(calendar, day('2027-12-31'))).to.equal(null);
    expect(outerDay(calendar, day('2029-05-15'))).to.equal(null);
  });

  it('lives by Moscow days', () => {
    expect(dayOf(Temporal.Instant.from('2026-05-14T20:59:59Z'), zone).toString()).to.equal('2026-05-14');
    expect(dayOf(Temporal.Instant.from('2026-05-14T21:00:00Z'), zone).toString()).to.equal('2026-05-15');
    expect(startOf(day('2026-05-15'), zone).toString()).to.equal('2026-05-14T21:00:00Z');
  });

  it('is said in words', () => {
    const say = (period: Period) => describePeriod(period, 'ru').replaceAll('\u00a0', ' ');
    expect([1, 3, 5, 10, 21].map((workingDays) => say({ workingDays }))).to.deep.equal([
      '1 рабочий день',
      '3 рабочих дня',
      '5 рабочих дней',
      '10 рабочих дней',
      '21 рабочий день',
    ]);
    expect(say({ years: 3 })).to.equal('3 года');
    expect(say({ hours: 72 })).to.equal('72 часа');
    expect(say({ days: 0 })).to.equal('сразу');
    expect(describePeriod({ months: 6 }, 'en').replaceAll('\u00a0', ' ')).to.equal('6 months');
  });
});

describe('counting, whatever the day', () => {
  const anyDay = fc.integer({ min: 0, max: 365 * 5 }).map((days) => day('2022-01-01').add({ days }));
  const anyPeriod = fc.oneof(
    fc.integer({ min: 1, max: 60 }).map((days): Period => ({ days })),
    fc.integer({ min: 1, max: 15 }).map((workingDays): Period => ({ workingDays })),
    fc.integer({ min: 1, max: 36 }).map((months): Period => ({ months })),
  );

  it('a later event never ends earlier, and no term ends before it began', () => {
    fc.assert(
      fc.property(anyDay, anyPeriod, (from, period) => {
        const end = lastDay(from, period, calendar);
        const next = lastDay(from.add({ days: 1 }), period, calendar);
        expect(Temporal.PlainDate.compare(end, next)).to.be.at.most(0);
        expect(Temporal.PlainDate.compare(from, end)).to.equal(-1);
      }),
    );
  });

  it('one more day off never makes a term in working days shorter', () => {
    fc.assert(
      fc.property(anyDay, anyDay, fc.integer({ min: 1, max: 15 }), (from, off, workingDays) => {
        const year = data.years[String(off.year)] as CalendarData['years'][string];
        fc.pre(calendar.isWorkingDay(off) && off.dayOfWeek < 6);
        const more = createCalendar({
          ...data,
          years: {
            ...data.years,
            [off.year]: { ...year, nonworking: [...year.nonworking, off.toString()], workdays: year.workdays - 1 },
          },
        });
        const before = lastDay(from, { workingDays }, calendar);
        const after = lastDay(from, { workingDays }, more);
        expect(Temporal.PlainDate.compare(before, after)).to.be.at.most(0);
      }),
    );
  });

  it('the other reading never comes before the strict one', () => {
    fc.assert(
      fc.property(anyDay, anyPeriod, (from, period) => {
        const end = lastDay(from, period, calendar);
        const outer = outerDay(calendar, end);
        if (outer) expect(Temporal.PlainDate.compare(end, outer)).to.be.at.most(0);
      }),
    );
  });
});
