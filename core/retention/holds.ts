import { newId, Refusal, Temporal } from '../base/index.ts';
import type { Trx } from '../db/index.ts';
import { covers } from './keeping.ts';
import type { Room } from './room.ts';
import { clearDeferrals, type HoldRow, holdsOn, insertHold, lockHold, lockStore, releaseHold } from './store.ts';
import type { HoldOrder, LegalHold, Retention } from './types.ts';

const compare = Temporal.PlainDate.compare;

/** @param afterRelease told in the transaction of the release, when the hold no longer stands */
export function createHolds(
  room: Room,
  afterRelease: (trx: Trx, subject: string) => Promise<void>,
): Retention['holds'] {
  const { db, clock, journal, datamap } = room;
  const touched = (categories: readonly string[]): string[] =>
    datamap
      .stores()
      .filter(({ store }) => covers(categories, store.schedule))
      .map(({ key }) => key)
      .sort();

  return {
    /**
     * From the moment the caller's transaction commits nothing of these records goes. Waits for a destruction that is
     * under way in the same stores: the hold then sees what is left.
     */
    async place(trx, order) {
      check(order, room.today());
      const stores = touched(order.categories);
      if (stores.length === 0) throw new Refusal('hold.covers-nothing', 'invalid', { field: 'categories' });
      for (const key of stores) await lockStore(trx, key);
      if (!(await datamap.subjects.get(trx, order.subject))) {
        throw new Refusal('subject.unknown', 'not-found', { subject: order.subject });
      }
      const id = newId('hld', clock.now());
      await insertHold(trx, {
        id,
        subject_id: order.subject,
        categories: order.categories,
        because: order.because,
        owner: order.owner,
        starts_on: order.from,
        ends_on: order.until,
        placed_at: clock.now(),
        closed_on: order.until,
      });
      await journal.append(trx, {
        action: 'hold.placed',
        about: id,
        actor: order.owner,
        body: { subject: order.subject, categories: order.categories, until: order.until.toString() },
      });
      return id;
    },

    async release(trx, id, by) {
      const hold = await lockHold(trx, id);
      if (!hold) throw new Refusal('hold.unknown', 'not-found', { hold: id });
      if (hold.released_at) return;
      const stores = touched(hold.categories);
      for (const key of stores) await lockStore(trx, key);
      const today = room.today();
      await releaseHold(trx, id, clock.now(), by, compare(today, hold.ends_on) < 0 ? today : hold.ends_on);
      // What the sweeps left behind is looked at again at once.
      await clearDeferrals(trx, stores);
      await afterRelease(trx, hold.subject_id);
      await journal.append(trx, { action: 'hold.released', about: id, actor: by, body: { subject: hold.subject_id } });
    },

    async active(subject) {
      return (await holdsOn(db, room.today(), subject)).map(toHold);
    },
  };
}

function check(order: HoldOrder, today: Temporal.PlainDate): void {
  for (const field of ['subject', 'because', 'owner'] as const) {
    if (!order[field].trim()) throw new Refusal('hold.incomplete', 'invalid', { field });
  }
  if (order.categories.length === 0) throw new Refusal('hold.incomplete', 'invalid', { field: 'categories' });
  if (compare(order.until, order.from) < 0 || compare(order.until, today) < 0) {
    throw new Refusal('hold.incomplete', 'invalid', { field: 'until' });
  }
}

function toHold(row: HoldRow): LegalHold {
  return {
    id: row.id,
    subject: row.subject_id,
    categories: row.categories,
    because: row.because,
    owner: row.owner,
    from: row.starts_on,
    until: row.ends_on,
    placedAt: row.placed_at,
    releasedAt: row.released_at,
  };
}
