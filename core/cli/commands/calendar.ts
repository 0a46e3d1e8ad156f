import type { Command } from 'commander';
import { Refusal, Temporal } from '../../base/index.ts';
import type { Calendar } from '../../calendar/index.ts';
import type { CliContext } from '../app.ts';
import { print, UsageError } from '../output.ts';
import { type Asked, openLaw, withLaw } from '../packs.ts';

interface Day {
  day: Temporal.PlainDate;
  working: boolean;
  why: string | null; // why it is off
}

interface Month {
  month: number;
  workdays: number;
  days: Day[];
}

/** `srok calendar YEAR`: the production calendar of a year, with what it rests on. */
export function addCalendarCommand(program: Command, context: CliContext): void {
  withLaw(program.command('calendar <year>'))
    .description('производственный календарь года: рабочие и нерабочие дни, источник')
    .action(async (text: string, options: Asked) => {
      if (!/^\d{4}$/.test(text))
        throw new UsageError(`«${text}» — не год. Год пишется так: 2026.`, [], 'year.malformed');
      const { calendar } = await openLaw(context, options.operator);
      const year = yearOf(calendar, Number(text));
      print(options.json, year, () => inWords(year));
    });
}

/** @throws Refusal `calendar.missing`, with the years there are as `near` */
export function yearOf(calendar: Calendar, year: number) {
  if (!calendar.knows(year)) {
    throw new Refusal('calendar.missing', 'unavailable', { year, near: calendar.years().map(String) });
  }
  const months = Array.from({ length: 12 }, (_, index) => monthOf(calendar, year, index + 1));
  return {
    year,
    source: calendar.source(year),
    certainty: calendar.certainty(year),
    workdays: months.reduce((sum, { workdays }) => sum + workdays, 0),
    months,
  };
}

function monthOf(calendar: Calendar, year: number, month: number): Month {
  const first = Temporal.PlainDate.from({ year, month, day: 1 });
  const days = Array.from({ length: first.daysInMonth }, (_, index) => {
    const day = first.add({ days: index });
    const why = calendar.whyOff(day);
    return { day, working: why === null, why };
  });
  return { month, workdays: days.filter(({ working }) => working).length, days };
}

const names = [
  ...['январь', 'февраль', 'март', 'апрель', 'май', 'июнь'],
  ...['июль', 'август', 'сентябрь', 'октябрь', 'ноябрь', 'декабрь'],
];
const week = ['пн', 'вт', 'ср', 'чт', 'пт', 'сб', 'вс'];
const certainties = {
  A: 'сверено с источником',
  B: 'один источник',
  C: 'не сверено',
  D: 'сомнительно',
};

function inWords({ year, source, certainty, workdays, months }: ReturnType<typeof yearOf>): string {
  return [
    `${year} год: рабочих дней ${workdays}. Источник: ${source} (${certainties[certainty]}).`,
    'Нерабочие дни отмечены звёздочкой.',
    ...months.flatMap((month) => ['', ...gridOf(month)]),
  ].join('\n');
}

function gridOf({ month, workdays, days }: Month): string[] {
  const cells = days.map(({ day, working }) => `${String(day.day).padStart(3)}${working ? ' ' : '*'}`);
  const blank = Array.from({ length: (days[0]?.day.dayOfWeek ?? 1) - 1 }, () => '    ');
  const grid = [...blank, ...cells];
  const rows = Array.from({ length: Math.ceil(grid.length / 7) }, (_, row) => grid.slice(row * 7, row * 7 + 7));
  return [
    `${names[month - 1]}, рабочих дней ${workdays}`,
    week.map((name) => ` ${name} `).join(''),
    ...rows.map((row) => row.join('').trimEnd()),
  ];
}
