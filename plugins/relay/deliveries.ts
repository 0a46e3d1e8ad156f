import type { Engine } from '../../core/index.ts';
import { addDeliveries, type DeliveryCount } from './store.ts';

const writeMs = 1000;
const messagesKept = 100_000;

/** Messages of one channel and day, one after another without a gap, as they were handed to readers together. */
export type Run = Omit<DeliveryCount, 'firstAt' | 'lastAt' | 'delivered' | 'failed'>;

/** Counts deliveries, and writes them down together: one row a message, however many read it. */
export function createDeliveries({ clock, db, log }: Engine) {
  const counts = new Map<Run, DeliveryCount>();
  let messages = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();

  /** Counts are a service to the user, not proof: when the log cannot take them, the oldest are given up. */
  function makeRoom(): void {
    for (const run of counts.keys()) {
      if (messages < messagesKept) return;
      messages -= run.last - run.first + 1;
      counts.delete(run);
    }
  }

  function write(): Promise<void> {
    if (timer) clearTimeout(timer);
    timer = null;
    writing = writing.then(async () => {
      const written = [...counts.values()];
      counts.clear();
      messages = 0;
      if (written.length === 0) return;
      try {
        await addDeliveries(db, written);
      } catch (error) {
        log.warn({ error: String(error), runs: written.length }, 'Counts of deliveries could not be written.');
      }
    });
    return writing;
  }

  return {
    /** So many readers got this run, and so many did not. The same run is counted together. */
    add(run: Run, delivered: number, failed: number): void {
      const at = clock.now().epochMilliseconds;
      const known = counts.get(run);
      if (known) {
        known.lastAt = at;
        known.delivered += delivered;
        known.failed += failed;
      } else {
        makeRoom();
        counts.set(run, { ...run, firstAt: at, lastAt: at, delivered, failed });
        messages += run.last - run.first + 1;
      }
      timer ??= setTimeout(write, writeMs).unref();
    },
    /** Writes down what is still in memory. */
    write,
  };
}
