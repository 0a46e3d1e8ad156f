import { Refusal, Temporal } from '../base/index.ts';
import { type DayOff, dayAt, dayNumber, zoneOf } from '../calendar/index.ts';
import { cite } from './cite.ts';
import type { Pack } from './pack.ts';
import { nearest } from './raw.ts';
import {
  type Anchor,
  anchorOf,
  compareEnds,
  type End,
  endFrom,
  inTime,
  type Ready,
  readyOf,
  type Sums,
  stepOf,
  type TermQuery,
} from './term.ts';
import type { Because, Citation, Due, DueQuery, LawStep, Rule } from './types.ts';

type Day = Temporal.PlainDate;

/** Why a step that leads to the same day is not the winner. */
export const sameEnd = 'совпадает с действующим';

/**
 * When a duty is due and from when a step may be taken. Of the terms that bound an act the earliest wins, of those that
 * hold a step back the latest; the rest are the losers, each with why.
 *
 * @throws Refusal `law.unknown-duty` (near names), `law.no-value` (no rule reaches that day), `calendar.missing`
 */
export function dueOf(pack: Pack, duty: string, { from, extended, customer, asOf }: DueQuery): Due {
  const anchor = anchorOf(from, pack.calendar.zone);
  const query = { extendedOn: extensionDay(extended, pack.calendar.zone), customer, asOf: asOf && dayNumber(asOf) };
  const ends = endsOf(planOf(pack, duty), anchor, query);
  const { dueOn, outerOn, mayFrom, because } = explained(pack, ends, anchor, query);
  return {
    duty,
    dueOn,
    lateFrom: ends.act?.lateFrom ?? null,
    outerOn,
    mayFrom,
    because,
    skipped: skipped(pack, ends.winner, anchor.on),
  };
}

/** The rest of a question about a duty, days by their numbers. */
interface DutyQuery extends TermQuery {
  customer?: DueQuery['customer'];
}

/** Where the terms of a duty end: those that bound the act and those that hold it back, in the order of their rank. */
export interface DutyEnds {
  acts: End[];
  floors: End[];
  act: End | undefined;
  floor: End | undefined;
  winner: End;
  asksCustomer: boolean; // does one of the terms depend on who the customer is?
}

/** The terms of a duty, ranked. @throws Refusal `law.no-value`, `calendar.missing` */
export function endsOf({ duty, rules, sums, asksCustomer }: DutyPlan, anchor: Anchor, query: DutyQuery): DutyEnds {
  const acts: End[] = [];
  const floors: End[] = [];
  for (const ready of rules) {
    if (asksCustomer && !isFor(ready.rule, query.customer)) continue;
    const end = endFrom(ready, anchor, sums, query);
    if (!end) continue;
    if (ready.rule.direction === 'at-most') place(end, acts, earliestFirst);
    else place(end, floors, latestFirst);
  }
  const [floor] = floors;
  const act = firstOf(acts);
  const winner = act ?? floor;
  if (winner) return { acts, floors, act, floor, winner, asksCustomer };
  throw new Refusal('law.no-value', 'unavailable', {
    duty,
    day: dayAt(anchor.on).toString(),
    message: `No rule sets a term for "${duty}" on ${dayAt(anchor.on)}.`,
  });
}

/** What the ends of a duty's terms mean, and why. */
export function explained(pack: Pack, ends: DutyEnds, anchor: Anchor, query: DutyQuery) {
  const { acts, floors, act, floor, winner } = ends;
  const notes: string[] = [];
  const dueOn = act?.last ?? null;
  const mayFrom = floor ? opening(floor) : null;
  const outerOn = act ? otherReading(pack, act, anchor.on, notes) : null;
  if (ends.asksCustomer && query.customer === undefined && (acts.some(ofCustomer) || floors.some(ofCustomer))) {
    notes.push('Вид заказчика не известен: взят более ранний срок.');
  }
  if (query.extendedOn !== undefined && act?.value.extension && !act.extended) {
    notes.push('Уведомление о продлении отправлено позже срока и его не продлило.');
  }
  if (floor && act) notes.push(`Шаг возможен с ${mayFrom}: ${floor.clause}.`);
  const losing: LawStep[] = [];
  addLosers(losing, acts, act);
  addLosers(losing, floors, act ? undefined : floor);
  return { dueOn, outerOn, mayFrom, because: because(pack, stepOf(winner, act ? dueOn : mayFrom), losing, notes) };
}

/** The rules of a duty that speak about this operator, made ready. */
export interface DutyPlan {
  duty: string;
  rules: Ready[];
  sums: Sums;
  asksCustomer: boolean;
}

const plans = new WeakMap<Pack, Map<string, DutyPlan>>();

/** @throws Refusal `law.unknown-duty` with the nearest names */
export function planOf(pack: Pack, duty: string): DutyPlan {
  const ofPack = plans.get(pack) ?? new Map<string, DutyPlan>();
  plans.set(pack, ofPack);
  const known = ofPack.get(duty);
  if (known) return known;
  if (!pack.duties.has(duty)) {
    throw new Refusal('law.unknown-duty', 'not-found', {
      duty,
      near: nearest(duty, [...pack.duties.keys()]),
      message: `There is no duty "${duty}".`,
    });
  }
  const rules = readyFor(pack, pack.byDuty.get(duty));
  const asksCustomer = rules.some(({ rule }) => rule.customer !== null);
  const plan = { duty, rules, sums: sumsOf(pack), asksCustomer };
  ofPack.set(duty, plan);
  return plan;
}

/** Those of some rules that speak about the operator of a pack, made ready for sums. */
export function readyFor(pack: Pack, rules: readonly Rule[] = []): Ready[] {
  return rules.filter((rule) => applies(rule, pack)).map(readyOf);
}

export function sumsOf({ calendar, rules }: Pack): Sums {
  return { calendar, zone: zoneOf(calendar.zone), rules };
}

/** Puts an end where it belongs by its rank: there are two or three of them, too few to be sorted. */
function place(end: End, ends: End[], rank: (a: End, b: End) => number): void {
  let at = ends.length;
  for (; at > 0 && rank(end, ends[at - 1] as End) < 0; at--) ends[at] = ends[at - 1] as End;
  ends[at] = end;
}

function firstOf(acts: End[]): End | undefined {
  for (const act of acts) if (!givesWay(act, acts)) return act;
  return acts[0];
}

const ofCustomer = (end: End) => end.rule.customer !== null;

/** A promise that repeats the law's term without its extension does not shorten the extended term. */
function givesWay(end: End, acts: End[]): boolean {
  for (const law of acts) if (law.extended && end.rule.restates.includes(law.rule.id)) return true;
  return false;
}

/** Does a rule speak about this operator and this customer? An unknown customer may be either. */
export function applies(rule: Rule, pack: Pack, customer?: 'business' | 'consumer'): boolean {
  if (rule.oriStatus && !rule.oriStatus.includes(pack.operator.oriStatus)) return false;
  return isFor(rule, customer);
}

function isFor(rule: Rule, customer: DueQuery['customer']): boolean {
  return !rule.customer || !customer || rule.customer === customer;
}

/** Puts an explanation together: the winner, the losers, every citation once, the digest. */
export function because(pack: Pack, winner: LawStep, losers: LawStep[], notes: string[] = []): Because {
  const found: Because = { winner, losers, citations: citationsOf(winner, losers), digest: pack.digest };
  if (notes.length > 0) found.note = notes.join(' ');
  return found;
}

function citationsOf(winner: LawStep, losers: LawStep[]): Citation[] {
  const citations = [winner.cite];
  for (const { cite: one } of losers) {
    const clause = cite(one, 'ru');
    let at = 0;
    while (at < citations.length && cite(citations[at] as Citation, 'ru') !== clause) at++;
    citations[at] = one;
  }
  return citations;
}

function earliestFirst(a: End, b: End): number {
  return compareEnds(a, b) || namedFirst(a, b);
}

function latestFirst(a: End, b: End): number {
  return compareEnds(b, a) || namedFirst(a, b);
}

/** On a tie the law is named before the promise, whichever way the terms are ranked. */
function namedFirst(a: End, b: End): number {
  if (a.rule.layer !== b.rule.layer) return a.rule.layer === 'law' ? -1 : 1;
  return a.rule.id < b.rule.id ? -1 : 1;
}

function addLosers(steps: LawStep[], ends: End[], winner: End | undefined): void {
  for (const end of ends) {
    if (end !== winner) steps.push(stepOf(end, opening(end), whyNot(end, ends, winner)));
  }
}

function whyNot(end: End, ends: End[], winner: End | undefined): string {
  if (!winner) return 'определяет первый день, а не последний';
  if (givesWay(end, ends)) return `повторяет срок закона, а он продлён: ${winner.clause}`;
  if (compareEnds(end, winner) === 0) return sameEnd;
  const strict = end.rule.direction === 'at-most' ? 'действует более ранний срок' : 'действует более поздний срок';
  return `${strict}: ${winner.clause}`;
}

/** The day a term leads to: its last day, or the first on which a step that it holds back may be taken. */
function opening(end: End): Day | null {
  if (end.lastOn === null || end.rule.direction === 'at-most' || end.rule.opensOn === 'last-day') return end.last;
  return dayAt(end.lastOn + 1);
}

function extensionDay(extended: DueQuery['extended'], zone: string): number | undefined {
  if (extended === undefined || extended === false) return undefined;
  if (extended === true) return inTime;
  return extended instanceof Temporal.Instant ? zoneOf(zone).dayOf(extended.epochMilliseconds) : dayNumber(extended);
}

/** A term in calendar units that ends on a day off has a second reading; working days, hours and "at once" have none. */
function otherReading(pack: Pack, end: End, from: number, notes: string[]): Day | null {
  const unit = end.extended ? end.value.extension : end.value.period;
  return end.lastOn === null || end.lastOn === from || unit?.workingDays ? null : shifted(pack, end.lastOn, notes);
}

/** The day to which ГК 193 would move a day off; null when it is a working day or the calendar is missing (noted). */
export function shifted(pack: Pack, last: number, notes: string[]): Day | null {
  const outer = pack.calendar.workingDayFrom(last);
  if (outer !== null) return outer === last ? null : dayAt(outer);
  const { year } = dayAt(last);
  const missing = pack.calendar.knows(year) ? year + 1 : year;
  notes.push(`Другое чтение срока не вычислено: нет производственного календаря на ${missing} год.`);
  return null;
}

function skipped(pack: Pack, end: End, from: number): DayOff[] {
  if (end.lastOn === null || !end.value.period?.workingDays || end.rule.after) return [];
  return pack.calendar.daysOff(from + 1, end.lastOn);
}
