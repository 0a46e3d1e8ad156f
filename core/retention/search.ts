/** What is asked of one store, days by their numbers. */
export interface DaysOfStore {
  /** The first and the last of its days, of those from a day on; null: the store only answers with all of them. */
  span: ((from: number | null) => Promise<{ first: number; last: number } | null>) | null;
  /** Every one of its days; those after `until` may be left out. */
  all(until: number | null): Promise<readonly number[]>;
  /** From when the records of a day may go: never before that day; null: not in sight. */
  goesOn(day: number): number | null;
}

/** After so many questions about the next day it is quicker to ask for all that matter: each is a way to the database. */
const fewQuestions = 2;

/**
 * The earliest day on which something of a store may go, exactly, without asking for all of its days. The earliest day
 * of the store gives a first answer; after it only a day matters whose records may go sooner still: one that is found
 * from the rules alone, before the store is asked whether it has it. Terms mostly end in the order in which they began,
 * so that nothing is left to ask; changes of the law, decisions and holds put them out of order.
 */
export async function earliestOf({ span, all, goesOn }: DaysOfStore): Promise<number | null> {
  let best: number | null = null;
  let from: number | null = null;
  let until: number | null = null;
  for (let questions = 0; span && questions < fewQuestions; questions++) {
    const found = await span(from);
    if (!found) return best;
    best = earlier(best, goesOn(found.first));
    from = sooner(found.first + 1, found.last, best, goesOn);
    if (from === null) return best;
    until = best === null ? found.last : latestDue(goesOn, best - 1, found.last);
  }
  for (const day of await all(until)) best = earlier(best, goesOn(day));
  return best;
}

/** The first day of a range whose records may go before `than`; nothing goes before its own day, so few are looked at. */
function sooner(first: number, last: number, than: number | null, goesOn: DaysOfStore['goesOn']): number | null {
  const end = than === null ? last : Math.min(last, than - 1);
  for (let day = first; day <= end; day++) {
    const goes = goesOn(day);
    if (goes !== null && (than === null || goes < than)) return day;
  }
  return null;
}

/** The latest day, of those to `last`, whose records may go by now: from the rules alone. Some day has to be one. */
export function latestDue(goesOn: DaysOfStore['goesOn'], now: number, last = now): number {
  let day = Math.min(now, last);
  while (!hasCome(goesOn(day), now)) day--;
  return day;
}

/** Has a day come on which something may go? */
export function hasCome(goes: number | null, now: number): boolean {
  return goes !== null && goes <= now;
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
