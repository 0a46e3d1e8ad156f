import type { Temporal } from '../../core/index.ts';

/** A message at the door, not yet in the log. */
export interface Incoming {
  project: string;
  channel: string;
  payload: Buffer;
  type: string | null;
  door: 'http' | 'ws';
  connection: string;
  ip: string;
  userAgent: string;
  key?: string; // idempotency
  except?: string; // the mark of the one connection that is not to be told
}

/** What is known of a message once it is durable. `repeated`: it had been before, under the same key. */
export interface Accepted {
  id: string;
  channel: string;
  offset: number;
  repeated: boolean;
}

/** A message that waits to be written, and whoever waits for that. */
export interface Waiting {
  message: Incoming;
  id: string;
  receivedAt: Temporal.Instant;
  /** When it came, on the clock of the process, in milliseconds. */
  since: number;
  /** Sealed while it waited, under the key of a day. */
  sealed: { day: string; box: Buffer } | null;
  done(accepted: Accepted): void;
  fail(error: Error): void;
}

/** What a waiting message takes of memory, about: an empty one is not nothing. */
export function weightOf({ payload }: Incoming): number {
  return payload.length + 512;
}
