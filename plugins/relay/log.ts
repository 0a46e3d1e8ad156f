import {
  type Clock,
  countedAnew,
  dayOf,
  type Engine,
  newId,
  Refusal,
  sectionOf,
  type Temporal,
} from '../../core/index.ts';
import { createDays } from './days.ts';
import type { createNotices } from './notices.ts';
import { createPresent } from './present.ts';
import { createQueue, type Part, type Turn } from './queue.ts';
import { ask } from './sql.ts';
import { heldProjects } from './store.ts';
import { createTurns } from './turns.ts';
import { type Accepted, type Incoming, type Settles, Waiting } from './waiting.ts';
import { createWriter, isHeldUp, type Logged, type Written } from './writer.ts';

export { keyHours } from './repeats.ts';
export { metadataAad, payloadAad } from './sealers.ts';
export type { Accepted, Incoming, Settles } from './waiting.ts';
export type { Logged } from './writer.ts';

/** What readers are told of a message, on whichever node they are. */
export type Told = Pick<
  Logged,
  'project' | 'channel' | 'offset' | 'id' | 'receivedAt' | 'processedOn' | 'type' | 'payload' | 'except'
>;

/** How long one batch may take: a database that hangs must not hold up the batches behind it for minutes. */
const batchMs = 15_000;
const deadlock = '40P01';

/**
 * The way of a message into the log, for all callers together. Nobody is told anything before the commit; `after` gets
 * what has just become durable, each channel in its order.
 */
export function createLog(
  engine: Engine,
  {
    after,
    doubtful,
    notices,
    measure,
    limitMs = batchMs,
  }: {
    after(messages: Logged[]): void;
    /** The outcome of a commit is not known: readers of these channels must look for themselves. */
    doubtful(channels: { project: string; channel: string }[]): void;
    notices: ReturnType<typeof createNotices>;
    measure?(batch: { messages: number; seconds: number; ok: boolean }): void;
    limitMs?: number; // for one batch
  },
) {
  const { clock, db, law } = engine;
  const { dayZone, overClause } = sectionOf(law.operator, 'limits');
  const days = createDays(engine);
  const writer = createWriter(engine, { limitMs, ensureDay: days.ensure });
  const queue = createQueue({ write, tooLate: unavailable });
  let stopped = false;
  let failing = false;
  const present = createPresent(clock);
  /** Batches that are held up try one after another: they are to leave connections to others. */
  const inTurn = createTurns(1);

  async function write(batch: Waiting[], { placed, before, locked }: Turn): Promise<Part[]> {
    const begun = performance.now();
    let hasPlace = false;
    const take = (): void => {
      hasPlace = true;
      placed();
    };
    try {
      const attempt = (): Promise<Written> => writer.write(batch, take);
      const written = await (locked ? inTurn(attempt) : attempt()).catch((error: unknown) => {
        // Two nodes at midnight may meet in the wrong order: the database ends one of them, and it simply tries again,
        // unless another batch has gone on behind it.
        if ((error as { code?: string }).code === deadlock && !hasPlace) return writer.write(batch, take);
        throw error;
      });
      failing = false;
      await before;
      await tell(written);
    } catch (error) {
      const parts = isHeldUp(error) && !hasPlace ? await apart(batch).catch(() => null) : null;
      if (parts) return parts;
      failing = true;
      const why = error instanceof Error ? error : new Error(String(error));
      engine.log.error({ error: why.message, messages: batch.length }, 'A batch could not be written to the log.');
      writer.sealers.forget();
      for (const waiting of batch) waiting.fail(unavailable());
      doubtful(batch.map(({ message }) => ({ project: message.project, channel: message.channel })));
    }
    measure?.({ messages: batch.length, seconds: (performance.now() - begun) / 1000, ok: !failing });
    return [];
  }

  /**
   * Nothing of a batch was written, because somebody holds the row of a project: those of other projects go on without
   * it. Null when that has lasted too long.
   */
  async function apart(batch: readonly Waiting[]): Promise<Part[] | null> {
    if (performance.now() - (batch[0] as Waiting).since > limitMs) return null;
    const held = await heldProjects(db, projectsOf(batch), dayOf(clock.now(), dayZone));
    // Whoever was told that it takes too long may have sent it again.
    const open = batch.filter((waiting) => waiting.open);
    const groups = Map.groupBy(open, ({ message }) => held.has(message.project));
    return [...groups].map(([locked, messages]) => ({ messages, locked }));
  }

  /** Committed: from here on it may be told. */
  async function tell({ logged, share, uses, at, usedOn, settle }: Written): Promise<void> {
    after(logged);
    for (const use of uses) await notices.messages(use, { at, on: usedOn });
    for (const settled of settle) settled();
    for (const [index, { id, channel, offset }] of logged.entries()) {
      share.accepted[index]?.done({ id, channel, offset, repeated: false });
    }
    for (const waiting of share.stopped) waiting.fail(new Refusal('project.not-active', 'forbidden', {}));
    for (const { waiting, limit } of share.over) waiting.fail(overLimit(limit, usedOn));
  }

  function overLimit(limit: number, usedOn: Temporal.PlainDate): Refusal {
    const resetsAt = countedAnew(usedOn, dayZone);
    return new Refusal('limit.messages', 'limit', {
      limit: { name: 'messages-per-day', value: limit },
      clause: overClause,
      resetsAt: resetsAt.toString(),
      retryAfter: Math.max(1, Math.ceil(clock.now().until(resetsAt).total('seconds'))),
      message: `Лимит сообщений в сутки (${limit}) исчерпан; сообщение не принято (${overClause}).`,
    });
  }

  function put(message: Incoming, settles: Settles): void {
    if (stopped || queue.full()) {
      settles.fail(unavailable());
      return;
    }
    const receivedAt = present();
    const id = newId('msg', receivedAt);
    const sealed = writer.sealers.ahead(message, id);
    queue.add(new Waiting(message, { id, receivedAt, sealed }, settles));
  }

  return {
    /**
     * Writes a message to the log, and tells whoever waits once it is durable; or why it is not, with a Refusal:
     * `limit.messages` | `idempotency.other-body` | `project.not-active` | `log.unavailable`.
     * @param settles must not throw: others are told after it
     */
    put,
    /** The same as a promise. @throws Refusal as it is told by `put` */
    publish(message: Incoming): Promise<Accepted> {
      return new Promise((done, fail) => put(message, { done, fail }));
    },
    /**
     * Writes messages as one group, in their order. Resolves once what becomes of each is known and durable.
     * @returns for each message what `publish` would have answered or thrown
     */
    publishAll(messages: readonly Incoming[]): Promise<(Accepted | Error)[]> {
      const outcomes: (Accepted | Error)[] = [];
      let open = messages.length;
      if (open === 0) return Promise.resolve(outcomes);
      return new Promise((done) => {
        for (const [index, message] of messages.entries()) {
          const settle = (outcome: Accepted | Error): void => {
            if (outcomes[index]) return;
            outcomes[index] = outcome;
            if (--open === 0) done(outcomes);
          };
          put(message, { done: settle, fail: settle });
        }
      });
    },
    processedOnOf: writer.processedOnOf,
    /** How many messages wait for their batch. */
    waiting: queue.size,
    /** Whether the last batch was written. */
    healthy: (): boolean => !failing,
    /**
     * Whether the log can be written, as far as is known: after a batch that failed it is tried, because nobody may
     * publish any more to a node that says it is not ready.
     */
    async writable(): Promise<boolean> {
      if (!failing) return true;
      try {
        await days.check(writer.processedOnOf(clock.now()));
        // A server that only reads gives no transaction a number.
        await ask(db, 'select pg_current_xact_id()', []);
        failing = false;
      } catch {
        // Still away: the next look tries again.
      }
      return !failing;
    },
    /** Partitions for yesterday and the week to come. */
    async prepare(): Promise<void> {
      await days.ensure(writer.processedOnOf(clock.now()));
      await days.settled();
    },
    async stop(): Promise<void> {
      stopped = true;
      await queue.empty();
      await writer.close();
      await days.settled();
    },
  };
}

/** The log cannot be written now; the caller may try again. */
export function unavailable(): Refusal {
  return new Refusal('log.unavailable', 'unavailable', {
    retryAfter: 1,
    message: 'Журнал сейчас недоступен для записи; сообщение не принято. Повторите попытку.',
  });
}

/** The window in which a missed message is still redelivered: since when, and from which day's partitions. */
export function recoveryWindow(clock: Clock, minutes: number, zone: string) {
  const now = clock.now();
  // What was accepted inside the window is processed today or later: older partitions need no look.
  return { since: now.subtract({ minutes }), day: dayOf(now, zone) };
}

function projectsOf(batch: readonly Waiting[]): string[] {
  return [...new Set(batch.map(({ message }) => message.project))];
}
