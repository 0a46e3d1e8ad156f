import { type MovableClock, Temporal } from '../base/index.ts';
import type { Jobs } from '../jobs/index.ts';

/** How often work may be due at one and the same instant before something is wrong with its source. */
const mostRounds = 50;

/**
 * Moves time to `to` as the years would: visits, in order, every instant at which something falls due, wakes the
 * sweeps that have work then, and waits until the queues are idle.
 *
 * @returns how many instants were visited and the ids of the jobs that ran
 * @throws RangeError when `to` lies in the past of the clock; Error when a source never gets done
 */
export async function advanceTo(
  { clock, jobs }: { clock: MovableClock; jobs: Jobs },
  to: Temporal.Instant,
  visited?: (at: Temporal.Instant) => void,
): Promise<{ stops: number; jobs: string[] }> {
  let stops = 0;
  let rounds = 0;
  const ids: string[] = [];
  await jobs.idle();
  for (;;) {
    const agenda = await jobs.agenda();
    const next = agenda[0]?.at;
    if (!next || Temporal.Instant.compare(next, to) > 0) break;
    if (Temporal.Instant.compare(next, clock.now()) > 0) {
      clock.moveTo(next);
      stops++;
      rounds = 0;
      visited?.(next);
    } else if (++rounds > mostRounds) {
      throw new Error(
        `Something has been due since ${next} and does not get done: ${JSON.stringify(await jobs.counts())}`,
      );
    }
    const due = agenda.filter(({ at }) => Temporal.Instant.compare(at, clock.now()) <= 0);
    ids.push(...(await jobs.rouse(due.map(({ source }) => source))));
    await jobs.idle();
  }
  clock.moveTo(to);
  return { stops, jobs: ids };
}
