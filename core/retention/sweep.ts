import { newId, Refusal, Temporal } from '../base/index.ts';
import { startOf } from '../calendar/index.ts';
import {
  type DateRange,
  type EraseReceipt,
  inRanges,
  isUnsupported,
  lastOf,
  type RegisteredStore,
  toRanges,
} from '../datamap/index.ts';
import type { Trx } from '../db/index.ts';
import { cite, type Keep } from '../law/index.ts';
import { type ActLine, ru } from './act.ts';
import type { Acts } from './acts.ts';
import { createDays } from './days.ts';
import { covers } from './keeping.ts';
import { categoryTitles, ledgerRow, periodOf, receiptFrom, settled } from './receipts.ts';
import type { Room } from './room.ts';
import {
  beginAttempt,
  clearDeferrals,
  defer,
  holdsOn,
  insertLedger,
  insertRun,
  insertTargets,
  lockRun,
  lockStore,
  lockTarget,
  nameAct,
  runningRuns,
  storesUnderWay,
  type TargetRow,
  targetsOf,
  updateRun,
  updateTarget,
} from './store.ts';
import type { Retention, SweepResult } from './types.ts';

type Day = Temporal.PlainDate;
const compare = Temporal.PlainDate.compare;

/** As often as the queue repeats a job by itself. */
const quickAttempts = 4;

export function createSweep(room: Room, acts: Acts): Pick<Retention, 'sweep' | 'next' | 'frozen'> {
  const { db, clock, law, journal, datamap, report, keeper } = room;
  const days = createDays(room);

  /**
   * Runs to work on: those that were not finished, and a new one with its targets frozen. A store that an unfinished
   * run could not deal with is that run's: it does not keep the others waiting.
   */
  async function begin(jobId: string): Promise<string[]> {
    return db.transaction(async (trx) => {
      await lockStore(trx, 'sweep');
      const now = clock.now();
      const runs = (await runningRuns(trx))
        .filter(({ retry_at }) => !retry_at || Temporal.Instant.compare(retry_at, now) <= 0)
        .map(({ id }) => id);
      const busy = await storesUnderWay(trx);
      const today = room.today();
      const targets = (await days.due(trx, today, busy)).map(({ key, days: due }) => ({
        store: key,
        anchored: toRanges(due.map(({ day }) => day)).map(({ from, before }): [string, string] => [
          from.toString(),
          before.toString(),
        ]),
        records: due.reduce((sum, { count }) => sum + count, 0),
      }));
      if (targets.length === 0) return runs;
      const id = newId('swp', clock.now());
      await insertRun(trx, { id, state: 'running', job: jobId, started_at: clock.now(), started_on: today });
      await insertTargets(trx, id, targets);
      await journal.append(trx, {
        action: 'sweep.started',
        about: id,
        body: { job: jobId, targets: targets.map(({ store, records }) => ({ store, records })) },
      });
      return [...runs, id];
    });
  }

  /** Destroys one target. The holds are read under the lock that placing a hold takes. */
  async function destroy(runId: string, key: string): Promise<EraseReceipt> {
    const { store } = datamap.store(key);
    const { erase } = store;
    if (isUnsupported(erase)) {
      return { outcome: 'not_attempted', affected: 0, remaining: 0, because: erase.unsupported };
    }
    await beginAttempt(db, runId, key);
    return db.transaction(async (trx) => {
      await lockStore(trx, key);
      const target = await lockTarget(trx, runId, key);
      if (!target || (target.state === 'done' && target.receipt)) return receiptFrom(target?.receipt);
      const today = room.today();
      const holds = (await holdsOn(trx, today)).filter(({ categories }) => covers(categories, store.schedule));
      const held = [...new Set(holds.map(({ subject_id }) => subject_id))];
      const anchored = rangesOf(target.anchored);
      let receipt = await erase({ why: 'expiry', anchored, held }, room.context(trx, runId));
      if (receipt.outcome === 'failed' || receipt.outcome === 'not_attempted') {
        await updateTarget(trx, runId, key, { state: 'failed', receipt });
        return receipt;
      }
      receipt = { ...periodOf(anchored), ...settled(receipt, target) };
      await leaveForLater(trx, store, key, anchored, today, holds);
      await updateTarget(trx, runId, key, { state: 'done', receipt, done_at: clock.now() });
      await insertLedger(trx, ledgerRow(runId, { key, store }, receipt, clock.now(), today));
      return receipt;
    });
  }

  /** Days of which something had to stay come up again when the first of their holds ends, at the latest tomorrow. */
  async function leaveForLater(
    trx: Trx,
    store: RegisteredStore['store'],
    key: string,
    anchored: DateRange[],
    today: Day,
    holds: readonly { ends_on: Day }[],
  ): Promise<void> {
    const left = ((await store.anchors?.(trx, undefined, lastOf(anchored))) ?? [])
      .map(({ day }) => day)
      .filter((day) => day !== null && inRanges(day, anchored)) as Day[];
    await clearDeferrals(trx, [key], daysOf(anchored));
    const until = holds.map(({ ends_on }) => ends_on).sort(compare)[0] ?? today;
    await defer(trx, key, left, until);
  }

  /** One act per information system, from the receipts; only of what was about people. */
  async function finish(runId: string): Promise<string[]> {
    return db.transaction(async (trx) => {
      const run = await lockRun(trx, runId);
      if (!run || run.state === 'done') return [];
      const targets = await targetsOf(trx, runId);
      const made: string[] = [];
      const bySystem = new Map<string, { target: TargetRow; line: ActLine }[]>();
      for (const target of targets) {
        if (target.state !== 'done' || target.act_id) continue;
        const entry = datamap.store(target.store);
        const receipt = receiptFrom(target.receipt);
        if (receipt.affected === 0 && !receipt.keys) continue;
        await report(trx, {
          name: 'data.destroyed',
          about: runId,
          at: clock.now(),
          fields: { category: entry.store.schedule },
        });
        if (receipt.impersonal) continue;
        const system = entry.store.system.ru;
        const line = {
          store: entry.key,
          title: entry.store.title.ru,
          system,
          categories: categoryTitles(datamap, entry),
          receipt,
        };
        bySystem.set(system, [...(bySystem.get(system) ?? []), { target, line }]);
      }
      for (const group of bySystem.values()) {
        const act = await acts.make(trx, {
          run: runId,
          matter: {
            lines: group.map(({ line }) => line),
            stays: [],
            reason: reasonOf(group.map(({ line }) => line)),
            checked: 'Не требуется: срок хранения истёк, уничтожение выполнено по графику сроков хранения.',
          },
        });
        for (const { target } of group) await updateTarget(trx, runId, target.store, { act_id: act.id });
        await nameAct(
          trx,
          runId,
          group.map(({ target }) => target.store),
          act.id,
        );
        made.push(act.id);
      }
      const open = targets.filter(({ state }) => state !== 'done');
      // The queue tries again at once a few times; then a day passes.
      const tired = open.some(({ attempts }) => attempts >= quickAttempts);
      await updateRun(
        trx,
        runId,
        open.length > 0 ? { retry_at: tired ? tomorrow() : null } : { state: 'done', finished_at: clock.now() },
      );
      await journal.append(trx, {
        action: open.length > 0 ? 'sweep.partly' : 'sweep.done',
        about: runId,
        body: { acts: made, open: open.map(({ store }) => store) },
      });
      return made;
    });
  }

  /** The ended terms, with what each rests on. */
  function reasonOf(lines: readonly ActLine[]): string {
    const reasons = lines.flatMap(({ store, receipt }) =>
      [receipt.from ?? room.today(), receipt.to ?? room.today()].flatMap((day) => {
        const keep = keeper(datamap.store(store).store.schedule, day);
        return keep ? [endedBecause(keep)] : [];
      }),
    );
    return `Истёк срок хранения: ${[...new Set(reasons)].join('; ')}`;
  }

  const tomorrow = (): Temporal.Instant => startOf(room.today().add({ days: 1 }), law.zone);

  async function sweep({ jobId }: { jobId: string }): Promise<SweepResult> {
    const result: SweepResult = { run: null, acts: [], receipts: [] };
    const failures: string[] = [];
    let cause: unknown;
    for (const runId of await begin(jobId)) {
      result.run = runId;
      for (const { store: key, state } of await targetsOf(db, runId)) {
        if (state === 'done') continue;
        try {
          const receipt = await destroy(runId, key);
          result.receipts.push({ store: key, receipt });
          if (receipt.outcome === 'failed' || receipt.outcome === 'not_attempted') failures.push(key);
        } catch (error) {
          failures.push(key);
          cause = error;
          const because = error instanceof Refusal ? error.code : error instanceof Error ? error.name : 'unknown';
          const receipt: EraseReceipt = { outcome: 'failed', affected: 0, remaining: 0, because };
          await updateTarget(db, runId, key, { state: 'failed', receipt });
        }
      }
      result.acts.push(...(await finish(runId)));
    }
    if (failures.length > 0) {
      throw new Error(`The sweep ${result.run} could not destroy in: ${failures.join(', ')}.`, { cause });
    }
    return result;
  }

  return {
    sweep,
    /** Exact: the first instant of the earliest day on which something of any store may go. */
    async next(source) {
      const [runs, busy] = await Promise.all([runningRuns(source), storesUnderWay(source)]);
      const unfinished = runs.map(({ retry_at, started_at }) => retry_at ?? started_at);
      const first = await days.first(source, busy);
      const all = first ? [...unfinished, startOf(first, law.zone)] : unfinished;
      return all.sort(Temporal.Instant.compare)[0] ?? null;
    },
    frozen: days.frozen,
  };
}

function endedBecause({ because: { winner }, doubt }: Keep): string {
  const decided = doubt?.decidedOn ? `, по решению оператора от ${ru(doubt.decidedOn)} (${doubt.finding})` : '';
  return `${winner.value} (${cite(winner.cite, 'ru')})${decided}`;
}

function rangesOf(anchored: readonly [string, string][]): DateRange[] {
  return anchored.map(([from, before]) => ({
    from: Temporal.PlainDate.from(from),
    before: Temporal.PlainDate.from(before),
  }));
}

function daysOf(ranges: readonly DateRange[]): Day[] {
  const days: Day[] = [];
  for (const { from, before } of ranges) {
    for (let day = from; compare(day, before) < 0; day = day.add({ days: 1 })) days.push(day);
  }
  return days;
}
