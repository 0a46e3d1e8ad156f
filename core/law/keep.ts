import { Refusal } from '../base/index.ts';
import { dayAt, dayNumber } from '../calendar/index.ts';
import { applies, because, dueFrom, sameEnd, shifted } from './due.ts';
import type { Pack } from './pack.ts';
import { nearest } from './raw.ts';
import { type Anchor, anchorOf, dayAnchor, type End, stepOf, termEnd } from './term.ts';
import type { Category, HoldDays, Keep, KeepQuery, LawStep, Rule } from './types.ts';

/** One term of keeping: where it ends, and whether the erasure of the person ended it before its time. */
interface Ended {
  end: End;
  on: number;
  cut: boolean;
}

/** @throws Refusal `law.unknown-category` with the nearest names */
export function categoryOf(pack: Pack, id: string): Category {
  const category = pack.categories.get(id);
  if (category) return category;
  throw new Refusal('law.unknown-category', 'not-found', {
    category: id,
    near: nearest(id, [...pack.categories.keys()]),
    message: `There is no category "${id}".`,
  });
}

/**
 * How long a record is kept, and by when it must be gone. Holds go before floors, floors before the operator's choice,
 * the choice before ceilings only inside them: of several statements of one operator the shortest that the floors
 * allow is applied.
 *
 * @throws Refusal `law.unknown-category`, `law.no-schedule`, `law.no-value`
 */
export function keepOf(pack: Pack, category: string, query: KeepQuery): Keep {
  categoryOf(pack, category);
  const zone = pack.calendar.zone;
  const anchor = anchorOf(query.from, zone);
  const asOf = query.asOf && dayNumber(query.asOf);
  const ends = endsOf(pack, category, anchor, asOf, query.erasedOn && dayNumber(query.erasedOn));
  const floor = latest(ends.filter(({ end }) => end.rule.layer === 'law' && end.rule.direction === 'at-least'));
  const ceiling = ends.find(({ end }) => end.rule.layer === 'law' && end.rule.direction === 'at-most');
  const choice = ends.find(({ end, on }) => end.rule.layer === 'operator' && (!floor || on >= floor.on));
  if (!floor && !choice) {
    throw new Refusal('law.no-schedule', 'unavailable', {
      category,
      message: `Nothing says how long "${category}" is kept: nothing of it is destroyed until the pack has a schedule.`,
    });
  }
  const winner = strictest(floor, choice, ceiling);
  const notes: string[] = [];
  if (floor && ceiling && ceiling.on < floor.on) {
    notes.push(
      `Предел ${ceiling.end.clause} короче обязательного срока ${floor.end.clause}: применяется обязательный.`,
    );
  }
  if (winner.cut) notes.push('Уничтожается вместе с профилем, не дожидаясь окончания срока.');

  let until = winner.on;
  // Where nothing asks to keep it beyond the event, or beyond the erasure, it may go on that very day.
  let from = winner.cut || until === anchor.on ? until : until + 1;
  const duty = pack.scheduleOf.get(category)?.destroyedBy ?? 'purpose-reached.destroy';
  const destruction = () => dueFrom(pack, duty, dayAnchor(until, zone), { asOf });
  let destroy = destruction();
  const heldBy: HoldDays[] = [];
  for (const hold of holdsInOrder(query.hold)) {
    const stillThere = dayNumber(hold.from) <= (destroy.dueOn ? dayNumber(destroy.dueOn) : until);
    if (!stillThere || dayNumber(hold.until) < from) continue;
    heldBy.push(hold);
    until = dayNumber(hold.until);
    from = until + 1;
    destroy = destruction();
    notes.push(`Запрет уничтожения с ${hold.from} по ${hold.until} отодвинул уничтожение.`);
  }
  const keepUntil = dayAt(until);
  return {
    category,
    keepUntil,
    destroyFrom: dayAt(from),
    destroyBy: destroy.dueOn ?? keepUntil,
    outerOn: shifted(pack, until, notes),
    because: because(pack, stepOf(winner.end, dayAt(winner.on)), losing(ends, winner, floor, ceiling), notes),
    destroyBecause: destroy.because,
    heldBy,
  };
}

/** Every term that speaks about the category, the shortest first; on a tie the law before the operator, then the surer. */
function endsOf(
  pack: Pack,
  category: string,
  anchor: Anchor,
  asOf: number | undefined,
  erasedOn: number | undefined,
): Ended[] {
  const context = { calendar: pack.calendar, zone: pack.calendar.zone, rules: pack.rules };
  const ends: Ended[] = [];
  for (const rule of pack.byCategory.get(category) ?? []) {
    if (!applies(rule, pack)) continue;
    const end = termEnd(rule, anchor, context, { asOf });
    if (!end || end.lastOn === null) continue;
    const cut = erasedOn !== undefined && end.lastOn > erasedOn && endsWithPerson(pack, rule);
    ends.push({ end, on: cut ? Math.max(erasedOn, anchor.on) : end.lastOn, cut });
  }
  return ends.sort((a, b) => a.on - b.on || tied(a.end, b.end));
}

function tied(a: End, b: End): number {
  if (a.rule.layer !== b.rule.layer) return a.rule.layer === 'law' ? -1 : 1;
  return a.cite.certainty < b.cite.certainty ? -1 : Number(a.cite.certainty > b.cite.certainty);
}

/** Only the operator's own choice ends with the person; what the law or a promise asks for stands. */
function endsWithPerson(pack: Pack, rule: Rule): boolean {
  return rule.role === 'schedule' && pack.scheduleOf.get(rule.category ?? '')?.onErasure === 'goes';
}

function holdsInOrder(holds: readonly HoldDays[] = []): HoldDays[] {
  return holds.toSorted((a, b) => dayNumber(a.from) - dayNumber(b.from));
}

function strictest(floor: Ended | undefined, choice: Ended | undefined, ceiling: Ended | undefined): Ended {
  const wanted = !choice || (floor && floor.on >= choice.on) ? (floor as Ended) : choice;
  if (!ceiling || wanted.on <= ceiling.on) return wanted;
  return floor && ceiling.on < floor.on ? floor : ceiling;
}

function latest(ends: Ended[]): Ended | undefined {
  return ends.reduce<Ended | undefined>((best, one) => (!best || one.on > best.on ? one : best), undefined);
}

function losing(ends: Ended[], winner: Ended, floor: Ended | undefined, ceiling: Ended | undefined): LawStep[] {
  return ends
    .filter((one) => one !== winner)
    .map((one) => stepOf(one.end, dayAt(one.on), whyNot(one, winner, floor, ceiling)));
}

function whyNot(one: Ended, winner: Ended, floor: Ended | undefined, ceiling: Ended | undefined): string {
  if (one.on > winner.on) {
    if (ceiling && one.on > ceiling.on) return `дольше, чем допускает ${ceiling.end.clause}`;
    return 'применяется более короткий срок оператора';
  }
  if (one.on === winner.on) return sameEnd;
  return floor === winner ? `короче обязательного срока: ${winner.end.clause}` : 'действует более долгий срок';
}
