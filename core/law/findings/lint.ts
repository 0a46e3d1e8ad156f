import { Temporal } from '../../base/index.ts';
import { cite } from '../cite.ts';
import { applies } from '../due.ts';
import type { Pack } from '../pack.ts';
import { anchorOf, type End, endOf, valueOn } from '../term.ts';
import type { Citation, DatedValue, Finding, LintKnown, Rule } from '../types.ts';

type Day = Temporal.PlainDate;

/** A finding before anybody has decided about it. */
export type Found = Omit<Finding, 'settled'>;

/** What a lint rule looks at. */
export interface Lint {
  pack: Pack;
  today: Day;
  known: LintKnown;
  days: readonly Day[]; // on which terms are compared
}

/** Looks for one kind of defect; finds nothing where there is nothing to look at. */
export type LintRule = (lint: Lint) => Found[];

/** Days on which terms are compared: beginning, middle and end of every month of a year whose calendar is known. */
export function sampleDays(pack: Pack, today: Day): Day[] {
  const known = pack.calendar.years().filter((year) => pack.calendar.knows(year + 1));
  const year = known.includes(today.year) ? today.year : known.at(-1);
  if (year === undefined) return [];
  return Array.from({ length: 12 }, (_, month) => Temporal.PlainDate.from({ year, month: month + 1, day: 1 })).flatMap(
    (first) => [first, first.with({ day: 15 }), first.with({ day: first.daysInMonth })],
  );
}

/**
 * The same look at the law of the day of the look alone: whatever day an event is imagined on, today's values govern it,
 * not those that were in force or will be.
 */
export function withTodaysLaw(lint: Lint): Lint {
  const { pack, today } = lint;
  const rules = new Map([...pack.rules].map(([id, rule]) => [id, todays(rule, today)]));
  const grouped = (groups: Pack['byDuty']): Pack['byDuty'] =>
    new Map([...groups].map(([key, group]) => [key, group.map(({ id }) => rules.get(id) as Rule)]));
  return { ...lint, pack: { ...pack, rules, byDuty: grouped(pack.byDuty), byCategory: grouped(pack.byCategory) } };
}

const longAgo = Temporal.PlainDate.from('1900-01-01');

function todays(rule: Rule, today: Day): Rule {
  const value = valueOn(rule, today);
  return { ...rule, values: value ? [{ ...value, from: longAgo, until: null }] : [] };
}

/** Where the terms of these rules end for an event on a day; rules that are silent about it are left out. */
export function endsOn({ pack }: Lint, rules: readonly Rule[], day: Day): End[] {
  const context = { calendar: pack.calendar, zone: pack.calendar.zone, rules: pack.rules };
  return rules
    .filter((rule) => applies(rule, pack))
    .map((rule) => endOf(rule, anchorOf(day, context.zone), context))
    .filter((end) => end !== null);
}

export const isLater = (a: End, b: End): boolean => Temporal.Instant.compare(a.lateFrom, b.lateFrom) > 0;

/** The contradictions and defects of the rule inventory among names: C-01, C2D-C1, XK-C1, AC-C1. */
export function contradictions(...names: (readonly string[] | undefined)[]): string[] {
  return [...new Set(names.flatMap((list) => list ?? []))].filter((id) => /^(C|C2D-C|XK-C|AC-C)-?\d+[a-z]?$/.test(id));
}

/** What an operator's rules stand for among them; the law's own rules belong to every operator and name none. */
export function namesOfRules(...rules: (Rule | undefined)[]): string[] {
  return contradictions(...rules.map((rule) => (rule?.layer === 'operator' ? rule.implements : [])));
}

/** The value of a law rule on the day of the look; null where the packs have none. */
export function valueNow({ pack, today }: Lint, id: string): DatedValue | null {
  const rule = pack.rules.get(id);
  return rule ? valueOn(rule, today) : null;
}

/** How a law rule is cited today, with a point of its list when one is named; an empty list where it is silent. */
export function lawClause(lint: Lint, id: string, point?: string): string[] {
  const value = valueNow(lint, id);
  return value ? [cite(point ? pointed(value.cite, point) : value.cite, 'ru')] : [];
}

/** «ч. 7» of a list about art. 5 is its part, «4» of a list about art. 14 part 7 its point. */
function pointed(citation: Citation, point: string): Citation {
  const part = /^ч\. (\S+)$/.exec(point)?.[1];
  if (!part) return { ...citation, point };
  const { text: _text, ...rest } = citation;
  return { ...rest, part };
}

/** A clause as the pack writes it, printed as citations are: «Оферта, п. 3.5.3», «ст. 21 ч. 4 152-ФЗ от 27.07.2006». */
export function quote(clause: string): string {
  const outside = clause.replace(/\([^)]*\)/g, '');
  if (!/(^|\s)(ст|ч|п)\.|\sот\s\d/.test(outside)) return cite({ act: '', clause, certainty: 'A' }, 'ru');
  return clause
    .split('; ')
    .map((part) => part.replace(/^(\S.* от \d\d\.\d\d\.\d{4}(?: № \S+)?), ((?:ст|п)\..+)$/, '$2 $1'))
    .join('; ')
    .replace(/((?:^|\s)(?:ст|ч|п|№)\.?) (?=\d)/g, '$1\u00a0');
}

/** «а, б и в» in one sentence. */
export function listed(parts: readonly string[]): string {
  return new Intl.ListFormat('ru', { type: 'conjunction' }).format(parts);
}

/** The title of a document or an entry; one that has quotation marks of its own needs no more. */
export function titled(title: string): string {
  return title.includes('«') ? title : `«${title}»`;
}

/** A title in the middle of a sentence. */
export function small(title: string): string {
  return /^\p{Lu}(?=\p{Ll})/u.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title;
}
