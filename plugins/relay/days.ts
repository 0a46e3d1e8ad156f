import type { Engine, Temporal } from '../../core/index.ts';
import { ensurePartitions } from './partitions.ts';

const daysAhead = 8;

/** Keeps the partitions of the log ahead of the days: midnight finds them there. */
export function createDays({ db, log }: Engine) {
  const known = new Set<string>();
  let looking: Promise<void> | null = null;
  let seen = '';

  function lookAhead(day: Temporal.PlainDate): void {
    const ahead = Array.from({ length: daysAhead + 2 }, (_, index) => day.add({ days: index - 1 })).filter(
      (one) => !known.has(one.toString()),
    );
    if (ahead.length === 0 || looking) return;
    looking = ensurePartitions(db, ahead)
      .then(() => {
        for (const one of ahead) known.add(one.toString());
        seen = day.toString();
      })
      .catch((error: Error) => {
        log.warn({ error: error.message }, 'The partitions of the coming days could not be made.');
      })
      .finally(() => {
        looking = null;
      });
  }

  return {
    /** Makes the partition of a day if it is missing; those of the days around it are made beside the traffic. */
    async ensure(day: Temporal.PlainDate): Promise<void> {
      const name = day.toString();
      if (name === seen) return;
      if (!known.has(name)) {
        await ensurePartitions(db, [day]);
        known.add(name);
      }
      lookAhead(day);
    },
    /** Makes sure of a day, whatever is known of it. */
    check: (day: Temporal.PlainDate): Promise<void> => ensurePartitions(db, [day]),
    settled: async (): Promise<void> => {
      await looking;
    },
  };
}
