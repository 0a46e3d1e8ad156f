import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { Refusal, Temporal } from '../../core/base/index.ts';
import { type CalendarData, createCalendar } from '../../core/calendar/index.ts';

const data = parse(readFileSync(new URL('../../policies/calendars/ru.yaml', import.meta.url), 'utf8')) as CalendarData;
const calendar = createCalendar(data);
const day = (iso: string) => Temporal.PlainDate.from(iso);
const totals: [year: number, workingDays: number][] = [
  [2022, 247],
  [2023, 247],
  [2024, 248],
  [2025, 247],
  [2026, 247],
  [2027, 247],
];

function daysOf(year: number): Temporal.PlainDate[] {
  const first = Temporal.PlainDate.from({ year, month: 1, day: 1 });
  return Array.from({ length: first.daysInYear }, (_, days) => first.add({ days }));
}

describe('the years of the production calendar', () => {
  for (const [year, workingDays] of totals) {
    it(`${year} has ${workingDays} working days, counted one by one, and names its decree`, () => {
      expect(daysOf(year).filter((one) => calendar.isWorkingDay(one))).to.have.length(workingDays);
      expect(calendar.source(year)).to.match(/^ПП РФ от \d\d\.\d\d\.\d{4} № \d+/);
      expect(calendar.source(year)).to.include(`.${year - 1} `);
    });
  }

  it('no holiday of the Labour Code is ever worked', () => {
    const holidays = ['01-01', '01-02', '01-03', '01-04', '01-05', '01-06', '01-07', '01-08'];
    holidays.push('02-23', '03-08', '05-01', '05-09', '06-12', '11-04');
    for (const year of calendar.years()) {
      for (const holiday of holidays) expect(calendar.isWorkingDay(day(`${year}-${holiday}`)), holiday).to.equal(false);
    }
  });

  it('the days that the decrees moved', () => {
    const off = ['2025-05-02', '2025-12-31', '2025-05-08', '2025-06-13', '2025-11-03', '2026-01-09', '2026-12-31'];
    for (const iso of [...off, '2027-11-05', '2027-12-31', '2027-02-22']) {
      expect(calendar.isWorkingDay(day(iso)), iso).to.equal(false);
    }
    for (const iso of ['2022-03-05', '2024-04-27', '2024-11-02', '2024-12-28', '2025-11-01', '2027-02-20']) {
      expect(calendar.isWorkingDay(day(iso)), iso).to.equal(true);
    }
    // A preview of the decree for 2027 had named this Saturday; the decree did not.
    expect(calendar.isWorkingDay(day('2027-11-13'))).to.equal(false);
  });

  it('a year without a calendar is an error that names the year, also for a Sunday', () => {
    for (const [iso, year] of [
      ['2021-12-31', 2021],
      ['2028-01-02', 2028],
    ] as const) {
      expect(() => calendar.isWorkingDay(day(iso)))
        .to.throw(Refusal, String(year))
        .that.includes({ code: 'calendar.missing' })
        .with.nested.property('details.year', year);
    }
  });
});
