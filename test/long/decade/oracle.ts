import { Temporal } from '../../../core/base/index.ts';
import { changes } from './law.ts';

/*
 * What the years should bring, worked out beside the engine: no pack is read and no room is asked. Terms are written
 * in plain figures, as somebody would check them with a wall calendar.
 */

type Day = Temporal.PlainDate;
const { compare, from: dayFrom } = Temporal.PlainDate;

/** The last day a message's content must be kept, and the last day on which it may still be there. */
export function contentTerm(processed: Day): { floor: Day; last: Day } {
  const usual = processed.add({ months: 6 });
  const floor = compare(usual, dayFrom(changes.content.from)) >= 0 ? processed.add({ months: 8 }) : usual;
  return { floor, last: floor.add({ days: 30 }) };
}

/** The same of its metadata. */
export function metadataTerm(processed: Day): { floor: Day; last: Day } {
  const usual = processed.add({ years: 3 });
  const floor = compare(usual, dayFrom(changes.metadata.from)) >= 0 ? processed.add({ years: 4 }) : usual;
  return { floor, last: floor.add({ days: 30 }) };
}

/** Accounting documents: five years after the year of the payment. */
export function documentTerm(paid: Day): { floor: Day; last: Day } {
  const floor = dayFrom({ year: paid.year + 5, month: 12, day: 31 });
  return { floor, last: floor.add({ days: 30 }) };
}

/** The last day of a profile whose contract has ended. */
export function profileLast(ended: Day): Day {
  return ended.add({ days: 7 });
}

/** The first day on which somebody who did nothing since `active` may lose the profile, and the last day of it. */
export function inactiveTerm(active: Day): { floor: Day } {
  const rolling = active.add({ months: 12 });
  const months = active.with({ day: 1 }).add({ months: 13 }).subtract({ days: 1 });
  const noticed = (compare(rolling, months) >= 0 ? rolling : months).add({ days: 1 });
  return { floor: noticed.add({ days: 31 }).add({ days: 90 }) };
}

export interface Held {
  from: Day;
  until: Day; // as placed, or the eve of the release
}

/**
 * A hold that was in force when the term ended puts the end off to its own last day; one that is placed later, while
 * the records may still be there, gives more time and asks for none of what has gone.
 */
export function withHolds(term: { floor: Day; last: Day }, holds: readonly Held[]): { floor: Day; last: Day } {
  let { floor, last } = term;
  for (const hold of holds.toSorted((a, b) => compare(a.from, b.from))) {
    if (compare(hold.from, last) > 0 || compare(hold.until, floor) <= 0) continue;
    if (compare(hold.from, floor) <= 0) floor = hold.until;
    const ends = hold.until.add({ days: 30 });
    if (compare(ends, last) > 0) last = ends;
  }
  return { floor, last };
}
