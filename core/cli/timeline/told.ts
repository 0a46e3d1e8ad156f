import type { Temporal } from '../../base/index.ts';
import type { ledger } from '../../obligations/index.ts';

/** A fact as it is told in a timeline. */
export interface Told extends ledger.Told {
  /** When it is known: the end of a contract is told at midnight of the day after. */
  toldAt: Temporal.Instant;
  /** Its place in the scenario; null for what follows by itself. */
  place: number | null;
}

/** Something that happens by itself, and the facts that tell of it. */
export interface Coming {
  at: Temporal.Instant;
  take(): Told[];
}
