import { randomBytes } from 'node:crypto';
import { type Engine, keyedDigest, type Temporal } from '../../core/index.ts';
import { keepPseudonymKey, lockDayKeys, pseudonymKey } from './store.ts';

type Day = Temporal.PlainDate;
/** A sender's name instead of the address; null when the day's key has been destroyed. */
export type Pseudonym = (address: string) => string | null;

const length = 16;

/**
 * What stands for an address in everything that leaves the log: the same for one address within a project's day, and
 * not to be turned back or carried over to another day. The key is rotated with every day and project, lies sealed
 * under the key of that day's metadata and is destroyed with it. (Политика 6: обезличивание до передачи в аналитику)
 */
export function createPseudonyms({ db, vault }: Pick<Engine, 'db' | 'vault'>) {
  async function boxOf(project: string, on: Day): Promise<Buffer | null> {
    const known = await pseudonymKey(db, project, on);
    const name = `metadata/${on}/${project}`;
    if (known) return known;
    return db.transaction(async (trx) => {
      // Sealing would make the day's key anew if it were destroyed just now.
      await lockDayKeys(trx, { shared: true });
      if (!vault.has(name)) return null;
      return keepPseudonymKey(trx, project, on, await vault.seal(name, randomBytes(32), aadOf(project, on)));
    });
  }

  return {
    async of(project: string, on: Day): Promise<Pseudonym> {
      const box = await boxOf(project, on);
      const key = box && vault.openable(box) ? await vault.open(box, aadOf(project, on)) : null;
      return (address) => key && keyedDigest(key, address).slice(0, length);
    },
  };
}

const aadOf = (project: string, on: Day): string => `relay.volumes|${on}|${project}`;
