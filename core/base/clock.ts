import { Temporal } from 'temporal-polyfill';

/** Where domain time comes from. Everything that needs an instant is handed one, or a clock. */
export interface Clock {
  now(): Temporal.Instant;
}

/** The time of the machine. The only place of the house that asks it. */
export const systemClock: Clock = { now: () => Temporal.Now.instant() };

/** A clock that stands still until it is moved, and never goes back: for the demo and for tests. */
export interface MovableClock extends Clock {
  /** @throws RangeError when `to` lies before the present of this clock */
  moveTo(to: Temporal.Instant): void;
}

export function movableClock(start: Temporal.Instant): MovableClock {
  let present = start;
  return {
    now: () => present,
    moveTo(to) {
      if (Temporal.Instant.compare(to, present) < 0) {
        throw new RangeError(`The clock stands at ${present} and does not go back to ${to}.`);
      }
      present = to;
    },
  };
}
