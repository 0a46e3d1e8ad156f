import type { Temporal } from '../base/index.ts';
import { type Period, parseDay } from '../calendar/index.ts';
import type { PolicyFile } from './files.ts';
import type { Citation, LawItem, Rule } from './types.ts';

// The shapes below were checked against policies/schema; only what the code names is written out.
export type RawPeriod = { hours?: number; working_days?: number; days?: number; months?: number; years?: number };
export type RawCite = { act: string; article?: string; part?: string | number; point?: string | number; text?: string };
export type RawValue = RawPeriod & {
  from: string;
  until?: string;
  governs?: 'new' | 'open';
  transition?: 'A' | 'B' | 'C' | 'D';
  review_by?: string;
  cite: RawCite;
  certainty: 'A' | 'B' | 'C' | 'D';
  day_of_next_month?: number;
  extension?: RawPeriod;
  items?: RawItem[];
};
export type RawFine = { rub: [number, number]; percent?: [number, number] };
export type RawItem = Omit<LawItem, 'fine'> & { legal?: RawFine; officials?: RawFine };
export type RawRule = {
  id: string;
  title: string;
  kind: Rule['kind'];
  direction?: Rule['direction'];
  keep?: Rule['direction'] | RawPeriod;
  duty?: string[];
  for?: { category: string };
  starts?: string[];
  after?: string;
  counting?: string;
  opens_on?: Rule['opensOn'];
  customer?: 'business' | 'consumer';
  ori_status?: string[];
  implements?: string[];
  note?: string;
  successor?: string;
  restates?: string[];
  period?: RawValue[];
  content?: RawValue[];
  term?: RawPeriod;
  extension?: RawPeriod;
  clause?: string;
  from?: string;
  system?: string;
  destroyed_by?: string;
  on_erasure?: 'goes' | 'stays';
  own?: boolean;
  why?: string;
};

export function keyed(file: PolicyFile, key: string): Map<string, never> {
  const map = new Map<string, never>();
  for (const [index, item] of (file.data as Record<string, unknown>[]).entries()) {
    const id = String(item[key]);
    if (map.has(id)) throw file.fail([index, key], `${key}: "${id}" is already taken`);
    map.set(id, item as never);
  }
  return map;
}

export function need(
  file: PolicyFile,
  path: (string | number)[],
  known: Map<string, unknown>,
  id: string,
  what: string,
): void {
  if (known.has(id)) return;
  const near = nearest(id, [...known.keys()]);
  const hint = near.length > 0 ? `; near: ${near.join(', ')}` : '';
  throw file.fail(path, `${path.findLast((part) => typeof part === 'string')}: unknown ${what} "${id}"${hint}`);
}

export function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camelWord(key), camel(inner)]));
}

export function camelWord(key: string): string {
  return key.replace(/_(\w)/g, (_all, letter) => letter.toUpperCase());
}

export function periodOf(raw: RawPeriod): Period {
  const period: Period = {};
  if (raw.years !== undefined) period.years = raw.years;
  if (raw.months !== undefined) period.months = raw.months;
  if (raw.days !== undefined) period.days = raw.days;
  if (raw.working_days !== undefined) period.workingDays = raw.working_days;
  if (raw.hours !== undefined) period.hours = raw.hours;
  return period;
}

export function citation(raw: RawCite, certainty: Citation['certainty']): Citation {
  return {
    act: raw.act,
    ...(raw.article ? { article: raw.article } : {}),
    ...(raw.part ? { part: String(raw.part) } : {}),
    ...(raw.point ? { point: String(raw.point) } : {}),
    ...(raw.text ? { text: raw.text } : {}),
    certainty,
  };
}

export function day(iso: string): Temporal.PlainDate {
  return parseDay(iso);
}

/** Up to three known names, or `most`, that look like the one that was asked for, or that hold it as a part; else the least unlike. */
export function nearest(wanted: string, known: readonly string[], most = 3): string[] {
  const asked = wanted.toLowerCase();
  const far = (name: string) => (asked.length > 2 && name.includes(asked) ? 0 : distance(asked, name));
  const ranked = known
    .map((name) => ({ name, far: far(name.toLowerCase()) }))
    .sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1));
  const alike = ranked.filter(({ name, far }) => far <= Math.max(3, Math.ceil(name.length / 3)));
  return (alike.length > 0 ? alike : ranked).slice(0, most).map(({ name }) => name);
}

export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(
        Math.min((row[j + 1] as number) + 1, (next[j] as number) + 1, (row[j] as number) + (letter === other ? 0 : 1)),
      );
    }
    row = next;
  }
  return row.at(-1) as number;
}
