import { Refusal } from '../base/index.ts';
import { dayAt, dayNumber } from '../calendar/index.ts';
import { doubtOf } from './doubt.ts';
import {
  because,
  type DutyPlan,
  planOf as dutyPlanOf,
  endsOf as endsOfDuty,
  explained,
  readyFor,
  sameEnd,
  shifted,
  sumsOf,
} from './due.ts';
import type { Pack } from './pack.ts';
import { nearest } from './raw.ts';
import { type Anchor, anchorOf, dayAnchor, type End, endFrom, type Ready, type Sums, stepOf } from './term.ts';
import type { Category, Doubt, HoldDays, Keep, KeepQuery, LawStep, Rule } from './types.ts';

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
  const plan = planOf(pack, category);
  const anchor = anchorOf(query.from, pack.calendar.zone);
  const asOf = query.asOf && dayNumber(query.asOf);
  const ends = endsOf(plan, anchor, asOf, query.erasedOn && dayNumber(query.erasedOn));
  const bounds = boundsOf(ends);
  const { floor, choice, ceiling } = bounds;
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
  // Who is erased goes by the promise, whatever the value is worth that would have kept the record.
  const doubt = winner.cut ? null : doubtOf(pack, winner.end, anchor, query.asOf && { asOf: query.asOf });
  if (doubt) notes.push(sayDoubt(doubt));

  let until = winner.on;
  // Where nothing asks to keep it beyond the event, or beyond the erasure, it may go on that very day.
  let from = winner.cut || until === anchor.on ? until : until + 1;
  let ended = dayAnchor(until, plan.sums.zone);
  let destroy = endsOfDuty(plan.destroys, ended, { asOf });
  const heldBy: HoldDays[] = [];
  for (const hold of query.hold ? holdsInOrder(query.hold) : []) {
    const stillThere = dayNumber(hold.from) <= (destroy.act?.lastOn ?? until);
    if (!stillThere || dayNumber(hold.until) < from) continue;
    heldBy.push(hold);
    until = dayNumber(hold.until);
    from = until + 1;
    ended = dayAnchor(until, plan.sums.zone);
    destroy = endsOfDuty(plan.destroys, ended, { asOf });
    notes.push(`Запрет уничтожения с ${hold.from} по ${hold.until} отодвинул уничтожение.`);
  }
  const keepUntil = dayAt(until);
  const destroyed = explained(pack, destroy, ended, { asOf });
  return {
    category,
    keepUntil,
    destroyFrom: dayAt(from),
    destroyBy: destroyed.dueOn ?? keepUntil,
    outerOn: shifted(pack, until, notes),
    because: because(pack, stepOf(winner.end, dayAt(winner.on)), losing(ends, winner, bounds), notes),
    destroyBecause: destroyed.because,
    heldBy,
    doubt,
  };
}

function sayDoubt({ finding, decidedOn }: Doubt): string {
  return decidedOn
    ? `Срок держится на норме с достоверностью D: уничтожение — по решению оператора от ${decidedOn} (settles.yaml, ${finding}).`
    : `Срок держится на норме с достоверностью D: до решения оператора ничего не уничтожается (settles.yaml, ${finding}).`;
}

/** The rules of a category that speak about this operator, made ready, and the duty to destroy what was kept. */
interface KeepPlan {
  rules: { ready: Ready; endsWithPerson: boolean }[];
  destroys: DutyPlan;
  sums: Sums;
}

const plans = new WeakMap<Pack, Map<string, KeepPlan>>();

function planOf(pack: Pack, category: string): KeepPlan {
  const ofPack = plans.get(pack) ?? new Map<string, KeepPlan>();
  plans.set(pack, ofPack);
  const known = ofPack.get(category);
  if (known) return known;
  categoryOf(pack, category);
  const plan: KeepPlan = {
    rules: readyFor(pack, pack.byCategory.get(category)).map((ready) => ({
      ready,
      endsWithPerson: endsWithPerson(pack, ready.rule),
    })),
    destroys: dutyPlanOf(pack, pack.scheduleOf.get(category)?.destroyedBy ?? 'purpose-reached.destroy'),
    sums: sumsOf(pack),
  };
  ofPack.set(category, plan);
  return plan;
}

/** Every term that speaks about the category, the shortest first; on a tie the law before the operator, then the surer. */
function endsOf(
  { rules, sums }: KeepPlan,
  anchor: Anchor,
  asOf: number | undefined,
  erasedOn: number | undefined,
): Ended[] {
  const ends: Ended[] = [];
  for (const { ready, endsWithPerson } of rules) {
    const end = endFrom(ready, anchor, sums, { asOf });
    if (!end || end.lastOn === null) continue;
    const cut = erasedOn !== undefined && end.lastOn > erasedOn && endsWithPerson;
    place({ end, on: cut ? Math.max(erasedOn, anchor.on) : end.lastOn, cut }, ends);
  }
  return ends;
}

function place(one: Ended, ends: Ended[]): void {
  let at = ends.length;
  for (; at > 0 && isBefore(one, ends[at - 1] as Ended); at--) ends[at] = ends[at - 1] as Ended;
  ends[at] = one;
}

function isBefore(a: Ended, b: Ended): boolean {
  return (a.on - b.on || tied(a.end, b.end)) < 0;
}

/** What bounds the keeping: the latest floor, the first ceiling, and the shortest choice that the floor allows. */
interface Bounds {
  floor: Ended | undefined;
  choice: Ended | undefined;
  ceiling: Ended | undefined;
}

function boundsOf(ends: Ended[]): Bounds {
  const bounds: Bounds = { floor: undefined, choice: undefined, ceiling: undefined };
  for (const one of ends) {
    if (one.end.rule.layer !== 'law') continue;
    if (one.end.rule.direction === 'at-most') bounds.ceiling ??= one;
    else if (!bounds.floor || one.on > bounds.floor.on) bounds.floor = one;
  }
  for (const one of ends) {
    if (one.end.rule.layer === 'operator' && (!bounds.floor || one.on >= bounds.floor.on)) bounds.choice ??= one;
  }
  return bounds;
}

function tied(a: End, b: End): number {
  if (a.rule.layer !== b.rule.layer) return a.rule.layer === 'law' ? -1 : 1;
  return a.cite.certainty < b.cite.certainty ? -1 : Number(a.cite.certainty > b.cite.certainty);
}

/** Only the operator's own choice ends with the person; what the law or a promise asks for stands. */
function endsWithPerson(pack: Pack, rule: Rule): boolean {
  return rule.role === 'schedule' && pack.scheduleOf.get(rule.category ?? '')?.onErasure === 'goes';
}

function holdsInOrder(holds: readonly HoldDays[]): HoldDays[] {
  return holds.toSorted((a, b) => dayNumber(a.from) - dayNumber(b.from));
}

function strictest(floor: Ended | undefined, choice: Ended | undefined, ceiling: Ended | undefined): Ended {
  const wanted = !choice || (floor && floor.on >= choice.on) ? (floor as Ended) : choice;
  if (!ceiling || wanted.on <= ceiling.on) return wanted;
  return floor && ceiling.on < floor.on ? floor : ceiling;
}

function losing(ends: Ended[], winner: Ended, bounds: Bounds): LawStep[] {
  const steps: LawStep[] = [];
  for (const one of ends) {
    if (one !== winner) steps.push(stepOf(one.end, dayAt(one.on), whyNot(one, winner, bounds)));
  }
  return steps;
}

function whyNot(one: Ended, winner: Ended, { floor, ceiling }: Bounds): string {
  if (one.on > winner.on) {
    if (ceiling && one.on > ceiling.on) return `дольше, чем допускает ${ceiling.end.clause}`;
    return 'применяется более короткий срок оператора';
  }
  if (one.on === winner.on) return sameEnd;
  return floor === winner ? `короче обязательного срока: ${winner.end.clause}` : 'действует более долгий срок';
}
