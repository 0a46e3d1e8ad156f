import { Temporal } from '../base/index.ts';
import { startOf } from '../calendar/index.ts';
import { isUnsupported } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Room } from './room.ts';
import {
  itemsOf,
  lockPlan,
  lockRun,
  type PlanRow,
  plansToMiss,
  type RunRow,
  runningRuns,
  targetsOf,
  updatePlan,
  updateRun,
} from './store.ts';

type Instant = Temporal.Instant;

/** The job that looks for destructions whose last day has gone by. */
export const missedJob = 'retention.missed';

/**
 * What could not be destroyed in time is blocked, and has a last term of its own from the end of the one it missed
 * (152-ФЗ ст. 21 ч. 6). Records of one person are blocked store by store; a sweep is of many people, and its records
 * stay as they are until the next attempt.
 */
export function createMissed(room: Room) {
  const { db, clock, law, journal, datamap, report, keeper } = room;

  /** The last moment of a term: from there the next one counts, not from whenever somebody looked. */
  const endOf = (lateFrom: Instant): Instant => lateFrom.subtract({ milliseconds: 1 });

  /** When the first of the days that an unfinished sweep has to destroy is missed; null where nothing sets a last day. */
  async function runLateFrom(source: Db | Trx, { id }: RunRow): Promise<Instant | null> {
    const days = (await targetsOf(source, id)).flatMap(({ state, store, anchored }) => {
      const [first] = anchored;
      if (state === 'done' || !first) return [];
      const keep = keeper(datamap.store(store).store.schedule, Temporal.PlainDate.from(first[0]));
      return keep ? [keep.destroyBy] : [];
    });
    const [last] = days.sort(Temporal.PlainDate.compare);
    return last ? startOf(last.add({ days: 1 }), law.zone) : null;
  }

  async function unfinished(source: Db | Trx): Promise<{ run: RunRow; lateFrom: Instant }[]> {
    const found: { run: RunRow; lateFrom: Instant }[] = [];
    for (const run of await runningRuns(source)) {
      const lateFrom = run.missed_at ? null : await runLateFrom(source, run);
      if (lateFrom) found.push({ run, lateFrom });
    }
    return found;
  }

  /** Blocks what of the person is still there. Each store by itself: one that fails leaves the others blocked. */
  async function block({ id, subject_id }: PlanRow): Promise<{ blocked: string[]; open: string[] }> {
    const outcome = { blocked: [] as string[], open: [] as string[] };
    const left = (await itemsOf(db, [id])).filter((item) => item.outcome === 'erase' && !item.done_at);
    for (const key of new Set(left.map(({ store }) => store))) {
      const { restrict } = datamap.store(key).store;
      const done = isUnsupported(restrict)
        ? false
        : await db
            .transaction((trx) => restrict(subject_id, true, room.context(trx, `${id}-missed`)))
            .then(
              (receipt) => receipt.outcome === 'done',
              () => false,
            );
      outcome[done ? 'blocked' : 'open'].push(key);
    }
    return outcome;
  }

  async function missPlan(found: PlanRow): Promise<void> {
    const outcome = await block(found);
    await db.transaction(async (trx) => {
      const row = await lockPlan(trx, found.id);
      if (!row || row.missed_at || row.state === 'executed' || row.state === 'cancelled') return;
      await updatePlan(trx, row.id, { missed_at: clock.now() });
      await journal.append(trx, { action: 'erasure.missed', about: row.id, body: outcome });
      await report(trx, {
        ...{ name: 'destruction.missed', about: row.id, at: endOf(row.late_from), subject: row.subject_id },
      });
    });
  }

  async function missRun(id: string, lateFrom: Instant): Promise<void> {
    await db.transaction(async (trx) => {
      const row = await lockRun(trx, id);
      if (!row || row.missed_at || row.state === 'done') return;
      const open = (await targetsOf(trx, id)).filter(({ state }) => state !== 'done').map(({ store }) => store);
      await updateRun(trx, id, { missed_at: clock.now() });
      await journal.append(trx, { action: 'sweep.missed', about: id, body: { open } });
      await report(trx, { name: 'destruction.missed', about: id, at: endOf(lateFrom) });
    });
  }

  return {
    async look(): Promise<void> {
      const now = clock.now();
      for (const row of await plansToMiss(db, now)) await missPlan(row);
      for (const { run, lateFrom } of await unfinished(db)) {
        if (Temporal.Instant.compare(lateFrom, now) <= 0) await missRun(run.id, lateFrom);
      }
    },

    /** When the last day of something that is still there will have gone by. */
    async next(source: Db): Promise<Instant | null> {
      const plans = (await plansToMiss(source)).map(({ late_from }) => late_from);
      const runs = (await unfinished(source)).map(({ lateFrom }) => lateFrom);
      return [...plans, ...runs].sort(Temporal.Instant.compare)[0] ?? null;
    },
  };
}
