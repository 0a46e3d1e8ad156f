import { expect } from 'chai';
import { type DataMap, isUnsupported, type Store, type StoreContext } from '../../core/datamap/index.ts';
import type { Trx } from '../../core/db/index.ts';

/** What the suite needs of a house: two planted people, and how a store is handed its context. */
export interface Planted {
  datamap: DataMap;
  ada: string;
  bob: string;
  /** Words that only Bob's records hold. */
  bobsMarks: string[];
  story<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
  context(trx: Trx, runId: string): StoreContext;
}

/**
 * The contract of every store, with two planted people: nothing of the other person shows up, erasing twice is erasing
 * once, a person on hold survives a sweep, and anchors of one person count that person alone. Call inside `describe`.
 *
 * @param plant makes a fresh house with both people in every store named
 * @param keys  the stores to hold to it
 */
export function holdsTheStoreContract(
  plant: () => Promise<Planted & { close(): Promise<void> }>,
  keys: readonly string[],
): void {
  for (const key of keys) {
    describe(`the store ${key}`, () => {
      let house: Awaited<ReturnType<typeof plant>>;
      let store: Store;

      beforeEach(async () => {
        house = await plant();
        store = house.datamap.store(key).store;
      });
      afterEach(() => house.close());

      const countOf = (subject: string): Promise<number> =>
        house.story(async (trx) => {
          const { rows, summary = [] } = await store.collect(subject, house.context(trx, 'count'));
          return rows.length + summary.reduce((sum, { count }) => sum + count, 0);
        });

      it('shows a person their own data and nothing of the other', async () => {
        const shown = await house.story((trx) => store.collect(house.ada, house.context(trx, 'look')));
        expect(shown.rows.length + (shown.summary ?? []).length).to.be.greaterThan(0);
        expect(shown.source).to.have.length.greaterThan(0);
        for (const mark of [house.bob, ...house.bobsMarks]) expect(JSON.stringify(shown)).to.not.include(mark);
      });

      it('counts the anchors of one person alone', async () => {
        if (!store.anchors) return;
        const all = await house.story((trx) => store.anchors?.(trx) ?? Promise.resolve([]));
        const mine = await house.story((trx) => store.anchors?.(trx, house.ada) ?? Promise.resolve([]));
        const sum = (list: { count: number }[]): number => list.reduce((total, { count }) => total + count, 0);
        expect(sum(mine)).to.be.greaterThan(0);
        expect(sum(mine)).to.be.lessThan(sum(all));
      });

      it('erases one person, once, and leaves the other', async () => {
        const { erase } = store;
        if (isUnsupported(erase)) return expect(erase.unsupported).to.have.length.greaterThan(0);
        const before = await countOf(house.bob);
        const run = (): Promise<unknown> =>
          house.story((trx) =>
            erase({ why: 'request', subject: house.ada, anchored: 'all' }, house.context(trx, 'pln_1')),
          );
        const first = (await run()) as { outcome: string; affected: number; remaining: number };
        expect(first).to.include({ outcome: 'erased', remaining: 0 });
        expect(first.affected).to.be.greaterThan(0);
        const second = (await run()) as { outcome: string; affected: number };
        expect(second.outcome).to.equal('not_found');
        expect(await countOf(house.ada)).to.equal(0);
        expect(await countOf(house.bob)).to.equal(before);
      });

      it('lets a held person survive a sweep', async () => {
        const { erase, anchors } = store;
        if (isUnsupported(erase) || !anchors) return;
        const days = await house.story((trx) => anchors(trx));
        const anchored = days.flatMap(({ day }) => (day ? [{ from: day, before: day.add({ days: 1 }) }] : []));
        await house.story((trx) => erase({ why: 'expiry', anchored, held: [house.bob] }, house.context(trx, 'swp_1')));
        expect(await countOf(house.ada)).to.equal(0);
        expect(await countOf(house.bob)).to.be.greaterThan(0);
      });

      it('declares its columns inside its own tables', () => {
        expect(store.tables.length).to.be.greaterThan(0);
        for (const column of Object.keys(store.columns)) {
          expect(store.tables).to.include(column.split('.').slice(0, 2).join('.'));
        }
      });
    });
  }
}
