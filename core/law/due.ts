import { Refusal, Temporal } from '../base/index.ts';
import { dayOf, outerDay, skippedDays } from '../calendar/index.ts';
import { cite } from './cite.ts';
import type { Pack } from './pack.ts';
import { nearest } from './raw.ts';
import { anchorOf, type End, endOf, stepOf } from './term.ts';
import type { Because, Citation, Due, DueQuery, LawStep, Rule } from './types.ts';

type Day = Temporal.PlainDate;
const compare = Temporal.PlainDate.compare;

/** Why a step that leads to the same day is not the winner. */
export const sameEnd = 'совпадает с действующим';

/**
 * When a duty is due and from when a step may be taken. Of the terms that bound an act the earliest wins, of those that
 * hold a step back the latest; the rest are the losers, each with why.
 *
 * @throws Refusal `law.unknown-duty` (near names), `law.no-value` (no rule reaches that day), `calendar.missing`
 */
export function dueOf(pack: Pack, duty: string, query: DueQuery): Due {
  if (!pack.duties.has(duty)) {
    throw new Refusal('law.unknown-duty', 'not-found', {
      duty,
      near: nearest(duty, [...pack.duties.keys()]),
      message: `There is no duty "${duty}".`,
    });
  }
  const zone = pack.calendar.zone;
  const context = { calendar: pack.calendar, zone, rules: pack.rules };
  const anchor = anchorOf(query.from, zone);
  const extendedOn = extensionDay(query.extended, zone);
  const ends = (pack.byDuty.get(duty) ?? [])
    .filter((rule) => applies(rule, pack, query.customer))
    .map((rule) =>
      endOf(rule, anchor, context, {
        ...(query.asOf ? { asOf: query.asOf } : {}),
        ...(extendedOn ? { extendedOn } : {}),
      }),
    )
    .filter((end) => end !== null);
  const acts = ends.filter((end) => end.rule.direction === 'at-most').sort(earliestFirst);
  const floors = ends.filter((end) => end.rule.direction === 'at-least').sort(latestFirst);
  const act = acts.find((end) => !givesWay(end, acts)) ?? acts[0];
  const [floor] = floors;
  const winner = act ?? floor;
  if (!winner) {
    throw new Refusal('law.no-value', 'unavailable', {
      duty,
      day: anchor.day.toString(),
      message: `No rule sets a term for "${duty}" on ${anchor.day}.`,
    });
  }

  const notes: string[] = [];
  const dueOn = act?.last ?? null;
  const mayFrom = floor?.last ? opening(floor, floor.last) : null;
  const outerOn = dueOn && act ? otherReading(pack, act, dueOn, notes) : null;
  if (query.customer === undefined && ends.some((end) => end.rule.customer)) {
    notes.push('Вид заказчика не известен: взят более ранний срок.');
  }
  if (extendedOn && act?.value.extension && !act.extended) {
    notes.push('Уведомление о продлении отправлено позже срока и его не продлило.');
  }
  if (floor && act) notes.push(`Шаг возможен с ${mayFrom}: ${cite(floor.cite, 'ru')}.`);
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
    skipped: skipped(pack, winner, anchor.day),
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
  const citations = new Map<string, Citation>();
  for (const step of [winner, ...losing]) citations.set(cite(step.cite, 'ru'), step.cite);
  return {
    winner,
    losers: losing,
    citations: [...citations.values()],
    digest: pack.digest,
    ...(notes.length > 0 ? { note: notes.join(' ') } : {}),
  };
}

export function earliestFirst(a: End, b: End): number {
  return Temporal.Instant.compare(a.lateFrom, b.lateFrom) || namedFirst(a, b);
}

function latestFirst(a: End, b: End): number {
  return Temporal.Instant.compare(b.lateFrom, a.lateFrom) || namedFirst(a, b);
}

/** On a tie the law is named before the promise, whichever way the terms are ranked. */
function namedFirst(a: End, b: End): number {
  if (a.rule.layer !== b.rule.layer) return a.rule.layer === 'law' ? -1 : 1;
  return a.rule.id < b.rule.id ? -1 : 1;
}

function losers(ends: End[], winner: End | undefined): LawStep[] {
  return ends
    .filter((end) => end !== winner)
    .map((end) => {
      const on = end.last && end.rule.direction === 'at-least' ? opening(end, end.last) : end.last;
      if (!winner) return stepOf(end, on, 'определяет первый день, а не последний');
      if (givesWay(end, ends))
        return stepOf(end, on, `повторяет срок закона, а он продлён: ${cite(winner.cite, 'ru')}`);
      if (Temporal.Instant.compare(end.lateFrom, winner.lateFrom) === 0) return stepOf(end, on, sameEnd);
      const strict = end.rule.direction === 'at-most' ? 'действует более ранний срок' : 'действует более поздний срок';
      return stepOf(end, on, `${strict}: ${cite(winner.cite, 'ru')}`);
    });
}

function opening(end: End, last: Day): Day {
  return end.rule.opensOn === 'last-day' ? last : last.add({ days: 1 });
}

function extensionDay(extended: DueQuery['extended'], zone: string): Day | true | null {
  if (extended === undefined || extended === false) return null;
  if (extended === true) return true;
  return extended instanceof Temporal.Instant ? dayOf(extended, zone) : extended;
}

/** A term in calendar units that ends on a day off has a second reading; working days and hours have none. */
function otherReading(pack: Pack, end: End, last: Day, notes: string[]): Day | null {
  const unit = end.extended ? end.value.extension : end.value.period;
  if (unit?.workingDays) return null;
  return shifted(pack, last, notes);
}

/** The day to which ГК 193 would move a day off; null when it is a working day or the calendar is missing (noted). */
export function shifted(pack: Pack, last: Day, notes: string[]): Day | null {
  const outer = outerDay(pack.calendar, last);
  if (outer === null) {
    const year = pack.calendar.knows(last.year) ? last.year + 1 : last.year;
    notes.push(`Другое чтение срока не вычислено: нет производственного календаря на ${year} год.`);
    return null;
  }
  return compare(outer, last) === 0 ? null : outer;
}

function skipped(pack: Pack, end: End, from: Day): Due['skipped'] {
  if (!end.last || !end.value.period?.workingDays || end.rule.after) return [];
  return skippedDays(from, end.last, pack.calendar);
}
