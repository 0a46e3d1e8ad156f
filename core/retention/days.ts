import { Temporal } from '../base/index.ts';
import { dayAt, dayNumber } from '../calendar/index.ts';
import { type Anchor, isUnsupported, type RegisteredStore } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import { frozenBecause } from './keeping.ts';
import type { Room } from './room.ts';
import { earliestOf, hasCome, latestDue } from './search.ts';
import { deferrals } from './store.ts';
import type { Frozen } from './types.ts';

type Day = Temporal.PlainDate;
const compare = Temporal.PlainDate.compare;

/** Days that were looked at, by store: until which day each waits for a hold to end, all by their numbers. */
export type Waiting = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** A store and those of its days whose records may go. */
export interface DueStore {
  key: string;
  days: { day: Day; count: number }[];
}

/** The days of the stores, as a sweep sees them: which may go, when the next one may, which wait for a decision. */
export function createDays({ db, datamap, keeper, today }: Room) {
  const stores = (): RegisteredStore[] =>
    datamap.stores().filter(({ store }) => store.anchors && !isUnsupported(store.erase));

  async function waiting(source: Db | Trx): Promise<Waiting> {
    const found = new Map<string, Map<number, number>>();
    for (const { store, anchored_on, until_on } of await deferrals(source)) {
      const days = found.get(store) ?? new Map<number, number>();
      found.set(store, days.set(dayNumber(anchored_on), dayNumber(until_on)));
    }
    return found;
  }

  /** From when the records of a store's day go: their term has ended, a person has decided, a hold is over. */
  function goingOf({ key, store }: RegisteredStore, deferred: Waiting): (day: number) => number | null {
    const mine = deferred.get(key);
    return (day) => {
      const goes = keeper.goesOn(store.schedule, day);
      const until = mine?.get(day);
      return goes === null || until === undefined ? goes : Math.max(goes, until + 1);
    };
  }

  /** Another system that does not answer must not keep ours from being swept; its own check says that it is silent. */
  async function anchorsOf(
    source: Db | Trx,
    { store }: RegisteredStore,
    until?: Day,
  ): Promise<(Anchor & { day: Day })[]> {
    const asked = store.anchors?.(source as Trx, undefined, until) ?? Promise.resolve([]);
    const anchors = await (store.elsewhere ? asked.catch(() => []) : asked);
    return anchors.filter((anchor): anchor is Anchor & { day: Day } => anchor.day !== null && anchor.count > 0);
  }

  /** The first day on which something of a store may go, by its number; null when none is in sight. */
  function firstOf(source: Db, entry: RegisteredStore, deferred: Waiting): Promise<number | null> {
    const { store } = entry;
    const first = earliestOf({
      span: store.span
        ? async (from) => {
            const span = await store.span?.(source, from === null ? undefined : dayAt(from));
            return span ? { first: dayNumber(span.first), last: dayNumber(span.last) } : null;
          }
        : null,
      all: async (until) =>
        (await anchorsOf(source, entry, until === null ? undefined : dayAt(until))).map(({ day }) => dayNumber(day)),
      goesOn: goingOf(entry, deferred),
    });
    return store.elsewhere ? first.catch(() => null) : first;
  }

  return {
    stores,

    /** The stores that have records which may go today, each with their days; but for the busy ones. */
    async due(source: Trx, on: Day, busy: ReadonlySet<string>): Promise<DueStore[]> {
      const deferred = await waiting(source);
      const now = dayNumber(on);
      const free = stores().filter(({ key }) => !busy.has(key));
      // Only of a store whose first day has come all days are read. All are asked at once: not a transaction's to do.
      const firsts = await Promise.all(free.map((entry) => firstOf(db, entry, deferred)));
      const due: DueStore[] = [];
      for (const [index, entry] of free.entries()) {
        const first = firsts[index] ?? null;
        if (first === null || first > now) continue;
        const goesOn = goingOf(entry, deferred);
        const until = dayAt(latestDue(goesOn, now));
        const days = (await anchorsOf(source, entry, until)).filter(({ day }) => hasCome(goesOn(dayNumber(day)), now));
        if (days.length > 0) due.push({ key: entry.key, days });
      }
      return due;
    },

    /** The first day on which something of any store may go, but for the busy ones. */
    async first(source: Db, busy: ReadonlySet<string>): Promise<Day | null> {
      const deferred = await waiting(source);
      const free = stores().filter(({ key }) => !busy.has(key));
      // All at once: what is asked in one turn goes to the database in one statement.
      const days = await Promise.all(free.map((entry) => firstOf(source, entry, deferred)));
      const known = days.filter((day) => day !== null);
      return known.length > 0 ? dayAt(Math.min(...known)) : null;
    },

    async frozen(): Promise<Frozen[]> {
      const frozen: Frozen[] = [];
      for (const entry of stores()) {
        const { key, store } = entry;
        for (const { day, count } of await anchorsOf(db, entry)) {
          const because = frozenBecause(keeper(store.schedule, day), today());
          if (!because) continue;
          const known = frozen.find((one) => one.store === key && one.because === because);
          if (known) widen(known, day, count);
          else {
            const { title, system } = store;
            frozen.push({ store: key, title, system, records: count, from: day, to: day, because });
          }
        }
      }
      return frozen;
    },
  };
}

function widen(frozen: Frozen, day: Day, count: number): void {
  frozen.records += count;
  if (compare(day, frozen.from) < 0) frozen.from = day;
  if (compare(day, frozen.to) > 0) frozen.to = day;
}
