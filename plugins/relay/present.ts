import type { Clock, Temporal } from '../../core/index.ts';

/** The time, asked once in a turn of the loop: all that comes in one turn came at the same time. */
export function createPresent(clock: Clock): () => Temporal.Instant {
  let now: Temporal.Instant | null = null;
  const forget = (): void => {
    now = null;
  };
  return () => {
    if (!now) {
      now = clock.now();
      setImmediate(forget);
    }
    return now;
  };
}
