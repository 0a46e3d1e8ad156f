import { Refusal, Temporal } from '../base/index.ts';
import { dayAt, dayNumber } from '../calendar/index.ts';
import type { Anchor } from '../datamap/index.ts';
import { cite, goesFrom, type HoldDays, type Keep, type Law, type LawStep } from '../law/index.ts';

type Day = Temporal.PlainDate;
const compare = Temporal.PlainDate.compare;

/** Asks the law how long; null where it cannot be computed: such a class is frozen and nothing of it goes. */
export interface Keeper {
  (category: string, from: Day, holds?: readonly HoldDays[], erasedOn?: Day): Keep | null;
  /**
   * The first day on which records that begin on a day may go, by the numbers of the days; never before that day. Null:
   * frozen, because nothing says how long they are kept or a person has to decide first.
   */
  goesOn(category: string, from: number): number | null;
}

/** Remembers answers: the packs do not change while the process runs. */
export function createKeeper(law: Law): Keeper {
  const known = new Map<string, Map<number, number | null>>();
  const keeper = (category: string, from: Day, holds: readonly HoldDays[] = [], erasedOn?: Day): Keep | null => {
    try {
      return law.keep(category, { from, hold: holds, ...(erasedOn ? { erasedOn } : {}) });
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  };
  const goesOn = (category: string, from: number): number | null => {
    let days = known.get(category);
    if (!days) {
      days = new Map();
      known.set(category, days);
    }
    let goes = days.get(from);
    if (goes === undefined) {
      const keep = keeper(category, dayAt(from));
      const day = keep && goesFrom(keep);
      goes = day ? dayNumber(day) : null;
      days.set(from, goes);
    }
    return goes;
  };
  return Object.assign(keeper, { goesOn });
}

/** Does a hold on `held` categories cover a schedule? By whole segments: 'message' covers 'message.payload'. */
export function covers(held: readonly string[], schedule: string): boolean {
  return held.some((category) => category === schedule || schedule.startsWith(`${category}.`));
}

export interface Decision {
  go: Day[];
  goCount: number;
  /** Records whose term had not begun and that may go all the same, now that the purpose has ended. */
  openCount: number;
  stayCount: number;
  until: Day | null; // the last day to which something stays; null: unknown, frozen
  because: string | null;
  /** No law asks to keep it: the term is the operator's own choice. */
  byChoice: boolean;
  /** Something stays only because of a legal hold, to the end of this day. */
  heldUntil: Day | null;
}

/**
 * What of one person's records in a store may go with the person today. A record whose term has not begun is treated
 * as if it began today: the purpose ends with the erasure. Where the schedule says that records go with the profile,
 * their own term ends today too.
 */
export function decide(
  keeper: Keeper,
  schedule: string,
  anchors: readonly Anchor[],
  today: Day,
  holds: readonly HoldDays[],
): Decision {
  const decision: Decision = {
    go: [],
    goCount: 0,
    openCount: 0,
    stayCount: 0,
    until: null,
    because: null,
    byChoice: false,
    heldUntil: null,
  };
  let frozen = false;
  for (const { day, count } of anchors) {
    if (count === 0) continue;
    const keep = keeper(schedule, day ?? today, holds, today);
    const from = keep && goesFrom(keep);
    if (from && compare(from, today) <= 0) {
      if (day) decision.go.push(day);
      if (day) decision.goCount += count;
      else decision.openCount += count;
      continue;
    }
    decision.stayCount += count;
    const waits = frozenBecause(keep, today);
    frozen ||= waits !== null;
    const held =
      keep?.heldBy
        .map(({ until }) => until)
        .sort(compare)
        .at(-1) ?? null;
    if (held && (!decision.heldUntil || compare(held, decision.heldUntil) > 0)) decision.heldUntil = held;
    if (waits) {
      decision.because = waits;
      decision.byChoice = false;
    } else if (keep && !frozen && (!decision.until || compare(keep.keepUntil, decision.until) > 0)) {
      decision.until = keep.keepUntil;
      decision.because = reasonOf(keep);
      decision.byChoice = saying(keep).every(({ cite }) => cite.clause !== undefined);
    }
  }
  if (frozen) decision.until = null;
  return decision;
}

/** Why records do not go although nobody knows their term or it has ended; null where they wait for no decision. */
export function frozenBecause(keep: Keep | null, today: Day): string | null {
  if (!keep) return 'Срок хранения не установлен: до решения оператора записи не уничтожаются';
  const goes = goesFrom(keep);
  if (!keep.doubt || compare(keep.destroyFrom, today) > 0 || (goes && compare(goes, today) <= 0)) return null;
  return `${reasonOf(keep)}; применимость нормы не подтверждена (достоверность D): записи не уничтожаются до решения оператора (settles.yaml, ${keep.doubt.finding})`;
}

/** Why records stay, in words with the citation. */
export function reasonOf(keep: Keep): string {
  const held = keep.heldBy.length > 0 ? '; действует запрет уничтожения' : '';
  const cites = new Set(saying(keep).map((step) => cite(step.cite, 'ru')));
  return `${keep.because.winner.value}: ${[...cites].join('; ')}${held}`;
}

/** The winning rule and those that lead to the same day. */
function saying({ keepUntil, because: { winner, losers } }: Keep): LawStep[] {
  const last = winner.on ?? keepUntil;
  return [winner, ...losers.filter((step) => step.on && compare(step.on, last) === 0)];
}
