import { createHmac, randomBytes } from 'node:crypto';
import type { Trx } from '../db/index.ts';
import type { Room } from './room.ts';
import { hasTombstone, insertTombstones, keepTombstoneKey, tombstoneKey } from './store.ts';
import type { Retention } from './types.ts';

const keyName = 'system/tombstones';

/**
 * Marks of what has been erased: keyed hashes of the ids that source systems knew the person by, so that an import or
 * a restored copy cannot bring the person back. Nobody without the key can test an id; the marks go with the evidence.
 */
export function createTombstones({ vault, today }: Room): Retention['tombstones'] {
  let key: Buffer | null = null;

  async function mark(trx: Trx, sourceId: string): Promise<string> {
    if (!key) {
      const sealed =
        (await tombstoneKey(trx)) ?? (await keepTombstoneKey(trx, await vault.seal(keyName, randomBytes(32), keyName)));
      key = await vault.open(sealed, keyName);
    }
    return createHmac('sha256', key).update(sourceId).digest('hex');
  }

  return {
    async has(trx, sourceId) {
      return hasTombstone(trx, await mark(trx, sourceId));
    },
    async add(trx, subject, sourceIds) {
      const rows = [];
      for (const id of new Set(sourceIds)) {
        rows.push({ mark: await mark(trx, id), subject_id: subject, made_on: today() });
      }
      await insertTombstones(trx, rows);
    },
  };
}
