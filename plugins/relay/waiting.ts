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
  key?: string | undefined; // idempotency
  except?: string | undefined; // the mark of the one connection that is not to be told
}

/** What is known of a message once it is durable. `repeated`: it had been before, under the same key. */
export interface Accepted {
  id: string;
  channel: string;
  offset: number;
  repeated: boolean;
}

/** Whoever waits for what becomes of a message: one of the two is called, once. */
export interface Settles {
  done(accepted: Accepted): void;
  fail(error: Error): void;
}

/** A message that waits to be written, and whoever waits for that. */
export class Waiting implements Settles {
  readonly message: Incoming;
  readonly id: string;
  readonly receivedAt: Temporal.Instant;
  /** When it came, on the clock of the process, in milliseconds. */
  readonly since = performance.now();
  /** Sealed while it waited, under the key of a day. */
  readonly sealed: { day: string; box: Buffer } | null;
  #settles: Settles | null;
  #twins: Waiting[] | null = null;

  constructor(
    message: Incoming,
    { id, receivedAt, sealed }: Pick<Waiting, 'id' | 'receivedAt' | 'sealed'>,
    settles: Settles,
  ) {
    this.message = message;
    this.id = id;
    this.receivedAt = receivedAt;
    this.sealed = sealed;
    this.#settles = settles;
  }

  /** Shares with another message, of the same key in the same batch, whatever becomes of this one. */
  takeAlong(twin: Waiting): void {
    this.#twins ??= [];
    this.#twins.push(twin);
  }

  /** Has it not been told anything yet? */
  get open(): boolean {
    return this.#settles !== null;
  }

  done(accepted: Accepted): void {
    const settles = this.#settles;
    this.#settles = null;
    settles?.done(accepted);
    if (this.#twins) for (const twin of this.#twins) twin.done({ ...accepted, repeated: true });
  }

  fail(error: Error): void {
    const settles = this.#settles;
    this.#settles = null;
    settles?.fail(error);
    if (this.#twins) for (const twin of this.#twins) twin.fail(error);
  }
}

/** What a waiting message takes of memory, about: an empty one is not nothing. */
export function weightOf({ payload }: Incoming): number {
  return payload.length + 512;
}
