import { Refusal, Temporal } from '../base/index.ts';
import { type DayOff, dayAt, dayNumber, zoneOf } from '../calendar/index.ts';
import { cite } from './cite.ts';
import type { Pack } from './pack.ts';
import { nearest } from './raw.ts';
import { type Anchor, anchorOf, type End, inTime, stepOf, termEnd } from './term.ts';
import type { Because, Due, DueQuery, LawStep, Rule } from './types.ts';

type Day = Temporal.PlainDate;

/** Why a step that leads to the same day is not the winner. */
export const sameEnd = 'совпадает с действующим';

/**
 * When a duty is due and from when a step may be taken. Of the terms that bound an act the earliest wins, of those that
 * hold a step back the latest; the rest are the losers, each with why.
 *
 * @throws Refusal `law.unknown-duty` (near names), `law.no-value` (no rule reaches that day), `calendar.missing`
 */
export function dueOf(pack: Pack, duty: string, query: DueQuery): Due {
  return dueFrom(pack, duty, anchorOf(query.from, pack.calendar.zone), {
    extendedOn: extensionDay(query.extended, pack.calendar.zone),
    customer: query.customer,
    asOf: query.asOf && dayNumber(query.asOf),
  });
}

/** The rest of a question about a duty, days by their numbers. */
interface DutyQuery {
  extendedOn?: number | undefined;
  customer?: DueQuery['customer'];
  asOf?: number | undefined;
}

/** The same for an anchor. @throws Refusal as {@link dueOf} */
export function dueFrom(pack: Pack, duty: string, anchor: Anchor, query: DutyQuery): Due {
  if (!pack.duties.has(duty)) {
    throw new Refusal('law.unknown-duty', 'not-found', {
      duty,
      near: nearest(duty, [...pack.duties.keys()]),
      message: `There is no duty "${duty}".`,
    });
  }
  const context = { calendar: pack.calendar, zone: pack.calendar.zone, rules: pack.rules };
  const acts: End[] = [];
  const floors: End[] = [];
  let anyCustomer = true;
  for (const rule of pack.byDuty.get(duty) ?? []) {
    if (!applies(rule, pack, query.customer)) continue;
    const end = termEnd(rule, anchor, context, query);
    if (!end) continue;
    (rule.direction === 'at-most' ? acts : floors).push(end);
    if (rule.customer) anyCustomer = false;
  }
  acts.sort(earliestFirst);
  floors.sort(latestFirst);
  const act = acts.find((end) => !givesWay(end, acts)) ?? acts[0];
  const [floor] = floors;
  const winner = act ?? floor;
  if (!winner) {
    throw new Refusal('law.no-value', 'unavailable', {
      duty,
      day: dayAt(anchor.on).toString(),
      message: `No rule sets a term for "${duty}" on ${dayAt(anchor.on)}.`,
    });
  }

  const notes: string[] = [];
  const dueOn = act?.last ?? null;
  const mayFrom = floor ? opening(floor) : null;
  const outerOn = act ? otherReading(pack, act, anchor.on, notes) : null;
  if (query.customer === undefined && !anyCustomer) {
    notes.push('Вид заказчика не известен: взят более ранний срок.');
  }
  if (query.extendedOn !== undefined && act?.value.extension && !act.extended) {
    notes.push('Уведомление о продлении отправлено позже срока и его не продлило.');
  }
  if (floor && act) notes.push(`Шаг возможен с ${mayFrom}: ${floor.clause}.`);
  return {
    duty,
    dueOn,
    lateFrom: act?.lateFrom ?? null,
    outerOn,
    mayFrom,
    because: because(
      pack,
      stepOf(winner, act ? dueOn : mayFrom),
      [...losers(acts, act), ...losers(floors, act ? undefined : floor)],
      notes,
    ),
    skipped: skipped(pack, winner, anchor.on),
  };
}

/** A promise that repeats the law's term without its extension does not shorten the extended term. */
function givesWay(end: End, acts: End[]): boolean {
  return acts.some((law) => law.extended && end.rule.restates.includes(law.rule.id));
}

/** Does a rule speak about this operator and this customer? An unknown customer may be either. */
export function applies(rule: Rule, pack: Pack, customer?: 'business' | 'consumer'): boolean {
  if (rule.oriStatus && !rule.oriStatus.includes(pack.operator.oriStatus)) return false;
  return !rule.customer || !customer || rule.customer === customer;
}

/** Puts an explanation together: the winner, the losers, every citation once, the digest. */
export function because(pack: Pack, winner: LawStep, losing: LawStep[], notes: string[] = []): Because {
  const citations = new Map([[cite(winner.cite, 'ru'), winner.cite]]);
  for (const step of losing) citations.set(cite(step.cite, 'ru'), step.cite);
  const found: Because = { winner, losers: losing, citations: [...citations.values()], digest: pack.digest };
  if (notes.length > 0) found.note = notes.join(' ');
  return found;
}

function earliestFirst(a: End, b: End): number {
  return a.lateMs - b.lateMs || namedFirst(a, b);
}

function latestFirst(a: End, b: End): number {
  return b.lateMs - a.lateMs || namedFirst(a, b);
}

/** On a tie the law is named before the promise, whichever way the terms are ranked. */
function namedFirst(a: End, b: End): number {
  if (a.rule.layer !== b.rule.layer) return a.rule.layer === 'law' ? -1 : 1;
  return a.rule.id < b.rule.id ? -1 : 1;
}

function losers(ends: End[], winner: End | undefined): LawStep[] {
  const steps: LawStep[] = [];
  for (const end of ends) {
    if (end !== winner) steps.push(stepOf(end, opening(end), whyNot(end, ends, winner)));
  }
  return steps;
}

function whyNot(end: End, ends: End[], winner: End | undefined): string {
  if (!winner) return 'определяет первый день, а не последний';
  if (givesWay(end, ends)) return `повторяет срок закона, а он продлён: ${winner.clause}`;
  if (end.lateMs === winner.lateMs) return sameEnd;
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
