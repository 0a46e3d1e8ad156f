import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { Temporal } from '../../../core/base/index.ts';

/*
 * Ten years need calendars that the Government has not made and law that nobody has passed. Both are made up here, say
 * so in every value, and live in a copy of the packs.
 */

const source = 'выдумано для проверки на десять лет';
const fixedHolidays = ['01-01', '01-02', '01-03', '01-04', '01-05', '01-06', '01-07', '01-08'].concat([
  '02-23',
  '03-08',
  '05-01',
  '05-09',
  '06-12',
  '11-04',
]);
const lastYear = 2038;

/** The changes: what they add to which rules. The oracle knows the same days by its own words. */
export const changes = {
  answer: { from: '2030-03-01', workingDays: 15 },
  metadata: { from: '2031-07-01', years: 4 },
  content: { from: '2032-01-01', months: 8 },
} as const;

const additions: [rules: string[], value: Record<string, unknown>][] = [
  [['ru.152-fz.access.answer'], { from: changes.answer.from, working_days: changes.answer.workingDays }],
  [
    ['ru.149-fz.message-facts', 'ru.149-fz.message-facts.personal'],
    { from: changes.metadata.from, years: changes.metadata.years, governs: 'open' },
  ],
  [
    ['ru.149-fz.message-content', 'ru.149-fz.message-content.ceiling'],
    { from: changes.content.from, months: changes.content.months, governs: 'open' },
  ],
];

/** Copies the packs to a folder and adds the made-up years and values. */
export function makeUpLaw(folder: string): void {
  cpSync(fileURLToPath(new URL('../../../policies/', import.meta.url)), folder, { recursive: true });
  addYears(join(folder, 'calendars', 'ru.yaml'));
  for (const [rules, value] of additions) for (const rule of rules) addValue(join(folder, 'laws'), rule, value);
}

function addYears(file: string): void {
  const document = parseDocument(readFileSync(file, 'utf8'));
  const years = document.get('years') as YAMLMap;
  for (let year = 2020; year <= lastYear; year++) {
    if (years.has(year) || years.has(String(year)) || year < 2028) continue;
    years.set(document.createNode(year), document.createNode(madeUpYear(year)));
  }
  writeFileSync(file, document.toString());
}

function madeUpYear(year: number) {
  const nonworking: string[] = [];
  let workdays = 0;
  const first = Temporal.PlainDate.from({ year, month: 1, day: 1 });
  for (let day = first; day.year === year; day = day.add({ days: 1 })) {
    if (day.dayOfWeek > 5) continue;
    if (fixedHolidays.includes(day.toString().slice(5))) nonworking.push(day.toString());
    else workdays++;
  }
  return { source, certainty: 'D', nonworking, working: [], workdays };
}

function addValue(folder: string, rule: string, value: Record<string, unknown>): void {
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.yaml') && !one.endsWith('.test.yaml'))) {
    const file = join(folder, name);
    const document = parseDocument(readFileSync(file, 'utf8'));
    const found = (document.contents as YAMLSeq<YAMLMap>).items.find((one) => one.get('id') === rule);
    if (!found) continue;
    const [year, month, day] = String(value.from).split('-');
    const cite = { act: `выдуманный закон от ${day}.${month}.${year}`, text: source };
    (found.get('period') as YAMLSeq).add(document.createNode({ ...value, cite, certainty: 'C' }));
    writeFileSync(file, document.toString());
    return;
  }
  throw new Error(`No pack has the rule ${rule}.`);
}
