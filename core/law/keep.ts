import { Refusal, Temporal } from '../base/index.ts';
import { cite } from './cite.ts';
import { applies, because, dueOf, sameEnd, shifted } from './due.ts';
import type { Pack } from './pack.ts';
import { nearest } from './raw.ts';
import { anchorOf, type End, endOf, stepOf } from './term.ts';
import type { Category, HoldDays, Keep, KeepQuery, LawStep, Rule } from './types.ts';

type Day = Temporal.PlainDate;
/** `cut`: the erasure of the person ended the term before its time. */
type Ended = End & { last: Day; cut?: boolean };
const compare = Temporal.PlainDate.compare;

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
  const context = { calendar: pack.calendar, zone, rules: pack.rules };
  const asOf = query.asOf ? { asOf: query.asOf } : {};
  const ends = (pack.byCategory.get(category) ?? [])
    .filter((rule) => applies(rule, pack))
    .map((rule) => endOf(rule, anchor, context, asOf))
    .filter((end): end is Ended => end?.last !== null && end !== null)
    .map((end) => (endsWithPerson(pack, end.rule) ? cutShort(end, anchor.day, query.erasedOn) : end))
    .sort((a, b) => compare(a.last, b.last) || (a.rule.layer === 'law' ? -1 : 1));
  const floor = latest(ends.filter((end) => end.rule.layer === 'law' && end.rule.direction === 'at-least'));
  const ceiling = ends.find((end) => end.rule.layer === 'law' && end.rule.direction === 'at-most');
  const choices = ends.filter((end) => end.rule.layer === 'operator');
  const choice = choices.find((end) => !floor || compare(end.last, floor.last) >= 0);
  if (!floor && !choice) {
    throw new Refusal('law.no-schedule', 'unavailable', {
      category,
      message: `Nothing says how long "${category}" is kept: nothing of it is destroyed until the pack has a schedule.`,
    });
  }
  const winner = strictest(floor, choice, ceiling);
  const notes: string[] = [];
  if (floor && ceiling && compare(ceiling.last, floor.last) < 0) {
    notes.push(
      `Предел ${cite(ceiling.cite, 'ru')} короче обязательного срока ${cite(floor.cite, 'ru')}: применяется обязательный.`,
    );
  }

  if (winner.cut) notes.push('Уничтожается вместе с профилем, не дожидаясь окончания срока.');

  let keepUntil = winner.last;
  // Where nothing asks to keep it beyond the event, or beyond the erasure, it may go on that very day.
  let destroyFrom = winner.cut || compare(keepUntil, anchor.day) === 0 ? keepUntil : keepUntil.add({ days: 1 });
  const duty = pack.scheduleOf.get(category)?.destroyedBy ?? 'purpose-reached.destroy';
  let destroy = dueOf(pack, duty, { from: keepUntil, ...asOf });
  const heldBy: HoldDays[] = [];
  for (const hold of [...(query.hold ?? [])].sort((a, b) => compare(a.from, b.from))) {
    const stillThere = compare(hold.from, destroy.dueOn ?? keepUntil) <= 0;
    if (!stillThere || compare(hold.until, destroyFrom) < 0) continue;
    heldBy.push(hold);
    keepUntil = hold.until;
    destroyFrom = keepUntil.add({ days: 1 });
    destroy = dueOf(pack, duty, { from: keepUntil, ...asOf });
    notes.push(`Запрет уничтожения с ${hold.from} по ${hold.until} отодвинул уничтожение.`);
  }
  const outerOn = shifted(pack, keepUntil, notes);
  return {
    category,
    keepUntil,
    destroyFrom,
    destroyBy: destroy.dueOn ?? keepUntil,
    outerOn,
    because: because(pack, stepOf(winner, winner.last), losing(ends, winner, floor, ceiling), notes),
    destroyBecause: destroy.because,
    heldBy,
  };
}

/** Only the operator's own choice ends with the person; what the law or a promise asks for stands. */
function endsWithPerson(pack: Pack, rule: Rule): boolean {
  return rule.role === 'schedule' && pack.scheduleOf.get(rule.category ?? '')?.onErasure === 'goes';
}

function cutShort(end: Ended, begins: Day, erasedOn: Day | undefined): Ended {
  if (!erasedOn || compare(end.last, erasedOn) <= 0) return end;
  return { ...end, last: compare(erasedOn, begins) < 0 ? begins : erasedOn, cut: true };
}

function strictest(floor: Ended | undefined, choice: Ended | undefined, ceiling: Ended | undefined): Ended {
  const wanted = !choice || (floor && compare(floor.last, choice.last) >= 0) ? (floor as Ended) : choice;
  if (!ceiling || compare(wanted.last, ceiling.last) <= 0) return wanted;
  return floor && compare(ceiling.last, floor.last) < 0 ? floor : ceiling;
}

function latest(ends: Ended[]): Ended | undefined {
  return ends.reduce<Ended | undefined>(
    (best, end) => (!best || compare(end.last, best.last) > 0 ? end : best),
    undefined,
  );
}

function losing(ends: Ended[], winner: Ended, floor: Ended | undefined, ceiling: Ended | undefined): LawStep[] {
  return ends
    .filter((end) => end !== winner)
    .map((end) => {
      const order = compare(end.last, winner.last);
      let why = sameEnd;
      if (order > 0) {
        const over = ceiling && compare(end.last, ceiling.last) > 0;
        why = over ? `дольше, чем допускает ${cite(ceiling.cite, 'ru')}` : 'применяется более короткий срок оператора';
      }
      if (order < 0)
        why =
          floor === winner ? `короче обязательного срока: ${cite(winner.cite, 'ru')}` : 'действует более долгий срок';
      return stepOf(end, end.last, why);
    });
}
