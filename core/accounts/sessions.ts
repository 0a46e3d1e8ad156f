import { systemClock } from '../base/index.ts';
import type { Db } from '../db/index.ts';
import { digest } from './passwords.ts';
import {
  deleteOldSessions,
  deleteSession,
  deleteSessionsOf,
  readSession,
  updateSession,
  writeSession,
} from './store.ts';
import type { AccountSessions } from './types.ts';

/**
 * Sessions of people who are signed in. The key is a secret: only its hash is kept. The value holds ids and choices.
 * Real time: a session does not jump with the clock of a demo.
 *
 * @param hours how long a session lasts when the caller does not say
 */
export function createSessions(db: Db, hours: number): AccountSessions {
  return {
    get: (key) => readSession(db, digest(key), systemClock.now()),
    async set(key, value, maxAgeMs, { fresh = false } = {}) {
      const now = systemClock.now();
      const { account } = value as { account?: unknown };
      await deleteOldSessions(db, now);
      const write = fresh ? writeSession : updateSession;
      await write(db, {
        key_hash: digest(key),
        account_id: typeof account === 'string' ? account : null,
        value,
        expires_at: maxAgeMs === undefined ? now.add({ hours }) : now.add({ milliseconds: maxAgeMs }),
      });
    },
    destroy: (key) => deleteSession(db, digest(key)),
    revokeAll: (trx, account) => deleteSessionsOf(trx, account),
  };
}
