import { Temporal } from '../base/index.ts';
import type { Db } from '../db/index.ts';
import { createActs } from './acts.ts';
import { createHolds } from './holds.ts';
import { createKeeper } from './keeping.ts';
import { createMissed, missedJob } from './missed.ts';
import { createPlans } from './plans.ts';
import { openRoom, type RetentionDeps } from './room.ts';
import { earliestPlan, listLedger } from './store.ts';
import { retentionImpersonal, retentionStores } from './stores.ts';
import { createSweep } from './sweep.ts';
import { createTombstones } from './tombstones.ts';
import type { Retention } from './types.ts';

/**
 * Opens the room: registers its stores, its jobs (`retention.sweep`, `retention.execute-plan`, `retention.missed`) and
 * when each has work. All find their work by predicate; a job that is lost or runs twice changes nothing.
 */
export function createRetention(deps: RetentionDeps): Retention {
  const room = openRoom(deps, createKeeper(deps.law));
  const acts = createActs(room);
  const tombstones = createTombstones(room);
  const { sweep, next: nextTerm, frozen } = createSweep(room, acts);
  const plans = createPlans(room, acts, tombstones);
  const missed = createMissed(room);

  deps.datamap.register('retention', retentionStores, retentionImpersonal);
  deps.jobs.define('retention.sweep', async (_data, { jobId }) => {
    await sweep({ jobId });
  });
  deps.jobs.define('retention.execute-plan', (_data, { jobId }) => plans.executeDue(jobId));
  deps.jobs.define(missedJob, () => missed.look());
  deps.jobs.source({ name: 'retention.terms', job: 'retention.sweep', next: nextTerm });
  deps.jobs.source({ name: 'retention.plans', job: 'retention.execute-plan', next: earliestPlan });
  deps.jobs.source({ name: 'retention.missed', job: missedJob, next: missed.next });

  return {
    async next(db: Db) {
      const all = [await nextTerm(db), await earliestPlan(db)].filter((at) => at !== null);
      return all.sort(Temporal.Instant.compare)[0] ?? null;
    },
    sweep,
    frozen,
    holds: createHolds(room, plans.afterRelease),
    preview: (subject) => plans.preview(subject),
    plan: plans.plan,
    plans: plans.plans,
    check: plans.check,
    cancel: plans.cancel,
    execute: plans.execute,
    onPlanDone: plans.onPlanDone,
    acts: acts.room,
    async ledger(filter = {}) {
      return (await listLedger(deps.db, filter)).map((row) => ({
        id: row.id,
        run: row.run,
        act: row.act_id,
        store: row.store,
        system: row.system,
        subject: row.subject_id,
        outcome: row.outcome,
        affected: row.affected,
        remaining: row.remaining,
        keys: row.keys,
        from: row.from_on,
        to: row.to_on,
        because: row.because,
        until: row.until_on,
        at: row.at,
      }));
    },
    tombstones,
    stores: retentionStores,
  };
}
