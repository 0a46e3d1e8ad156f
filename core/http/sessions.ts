import { createHash } from 'node:crypto';
import { systemClock, type Temporal } from '../base/index.ts';
import type { Db } from '../db/index.ts';
import type { SessionStore } from './ports.ts';

/** Keys of visitors' sessions start with this, so that one cookie serves two stores. */
export const visitorPrefix = 'v.';

/**
 * Sessions of people who have not signed in: the secret of a form's token, half a sign-in, a sentence to show once.
 * About no one; kept for an hour. Real time, like all sessions.
 */
export function visitorSessions(db: Db): SessionStore {
  const hash = (key: string): string => createHash('sha256').update(key).digest('hex');
  return {
    async get(key) {
      const row = await db('core.visits')
        .where({ key_hash: hash(key) })
        .where('expires_at', '>', systemClock.now() as never)
        .first('value');
      return (row?.value as object | undefined) ?? null;
    },
    async set(key, value, maxAgeMs) {
      const now = systemClock.now();
      // Anyone may open a form: what nobody came back to goes with the next visit.
      await sweepVisits(db, now);
      const expires_at = now.add({ milliseconds: Math.min(maxAgeMs, hourMs) });
      const row = { value: JSON.stringify(value), expires_at };
      await db('core.visits')
        .insert({ key_hash: hash(key), ...row })
        .onConflict('key_hash')
        .merge(row);
    },
    async destroy(key) {
      await db('core.visits')
        .where({ key_hash: hash(key) })
        .delete();
    },
  };
}

const hourMs = 3_600_000;

/** Removes the sessions of visitors that are over. */
export async function sweepVisits(db: Db, now: Temporal.Instant = systemClock.now()): Promise<number> {
  return db('core.visits')
    .where('expires_at', '<', now as never)
    .delete();
}

/** Sends a visitor's session to the one store and a signed-in person's to the other, by the key. */
export function eitherStore(visitors: SessionStore, people: SessionStore) {
  const storeOf = (key: string): SessionStore => (key.startsWith(visitorPrefix) ? visitors : people);
  return {
    get: (key: string) => storeOf(key).get(key),
    /** The last argument is what koa-session adds: `entering` is set by the request that signs somebody in. */
    set: (key: string, value: object, maxAgeMs: number, { ctx }: { ctx: { state: { entering?: boolean } } }) =>
      storeOf(key).set(key, value, maxAgeMs, { fresh: ctx.state.entering === true }),
    destroy: (key: string) => storeOf(key).destroy(key),
  };
}

/** The tables of this room, each with why it is about no one; for the data map. */
export const httpImpersonal: Record<string, string> = {
  'core.visits': 'Sessions of visitors who have not signed in: a form token, kept for an hour.',
  'core.rate_limits': 'Counters of calls by hashed address, kept until their window is over.',
};
