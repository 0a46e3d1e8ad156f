import { expect } from 'chai';
import fc from 'fast-check';
import { Temporal } from '../../core/base/index.ts';
import { startOf } from '../../core/calendar/index.ts';
import { goesFrom } from '../../core/law/index.ts';
import { earliestOf, hasCome, latestDue } from '../../core/retention/search.ts';
import { day, type House, openHouse } from './house.ts';

const compare = Temporal.PlainDate.compare;

/** A store with these days, whose records of each day go so much later; null: frozen. */
function aStore(days: readonly number[], later: readonly (number | null)[]) {
  let questions = 0;
  return {
    questions: () => questions,
    async span(from: number | null) {
      questions++;
      const mine = days.filter((one) => from === null || one >= from);
      return mine.length > 0 ? { first: Math.min(...mine), last: Math.max(...mine) } : null;
    },
    all: async (until: number | null) => days.filter((one) => until === null || one <= until),
    goesOn(one: number) {
      const wait = later[one] ?? null;
      return wait === null ? null : one + wait;
    },
  };
}

const length = 60;
const days = fc.uniqueArray(fc.nat(length - 1), { maxLength: length });
const terms = fc.array(fc.option(fc.nat(40), { freq: 6 }), { minLength: length, maxLength: length });

describe('the search for the next day on which something of a store may go', () => {
  it('finds what asking for all days finds, in whatever order terms end', () =>
    fc.assert(
      fc.asyncProperty(days, terms, fc.boolean(), async (some, later, knowsSpan) => {
        const store = aStore(some, later);
        const goes = some.map(store.goesOn).filter((one) => one !== null);
        const expected = goes.length > 0 ? Math.min(...goes) : null;
        const found = await earliestOf({ ...store, span: knowsSpan ? store.span : null });
        expect(found).to.equal(expected);
      }),
      { numRuns: 2_000 },
    ));

  it('knows from the rules alone to which day something is due', () =>
    fc.assert(
      fc.property(days, terms, fc.nat(length - 1), (some, later, now) => {
        const { goesOn } = aStore(some, later);
        const due = some.filter((one) => hasCome(goesOn(one), now));
        fc.pre(due.length > 0);
        const until = latestDue(goesOn, now);
        expect(until).to.be.at.least(Math.max(...due));
        expect(hasCome(goesOn(until), now)).to.equal(true);
      }),
    ));

  it('asks once where terms end in the order in which they began', () =>
    fc.assert(
      fc.asyncProperty(days, fc.array(fc.nat(3), { minLength: length, maxLength: length }), async (some, steps) => {
        let at = 0;
        const later = steps.map((step, one) => {
          at = Math.max(at + step, one);
          return at - one;
        });
        const store = aStore(some, later);
        await earliestOf(store);
        expect(store.questions()).to.equal(1);
      }),
    ));
});

describe('the next day on which something of the whole house may go', function () {
  this.timeout(60_000);
  let house: House;
  let subjects: string[];

  before(async () => {
    house = await openHouse('2026-05-15T10:00');
    subjects = [];
    for (const key of ['ada', 'bob', 'eva']) {
      subjects.push(await house.aPerson({ email: `${key}@example.ru`, name: key }));
    }
  });
  after(() => house.close());

  /** Every day of every store, asked of the law one by one. */
  async function exhaustive(): Promise<string | null> {
    const waiting = new Map<string, Temporal.PlainDate>();
    for (const row of await house.db('core.sweep_deferrals')) {
      waiting.set(`${row.store} ${row.anchored_on}`, row.until_on.add({ days: 1 }));
    }
    const all: Temporal.PlainDate[] = [];
    await house.story(async (trx) => {
      for (const { key, store } of house.datamap.stores()) {
        for (const { day: on, count } of (await store.anchors?.(trx)) ?? []) {
          const goes = on && count > 0 ? goesFrom(house.law.keep(store.schedule, { from: on })) : null;
          const after = waiting.get(`${key} ${on}`);
          if (goes) all.push(after && compare(after, goes) > 0 ? after : goes);
        }
      }
    });
    const first = all.sort(compare)[0];
    return first ? startOf(first, house.law.zone).toString() : null;
  }

  it('is the same as every day of every store says, whatever lies there and whatever is held', async () => {
    const dates = fc.integer({ min: 0, max: 1_500 }).map((back) => day('2026-05-14').subtract({ days: back }));
    const some = (most: number) => fc.array(fc.tuple(dates, fc.nat(2)), { maxLength: most });
    await fc.assert(
      fc.asyncProperty(some(12), some(6), some(5), async (logged, paid, deferred) => {
        for (const table of ['payloads', 'metadata', 'invoices']) await house.db(`shop.${table}`).delete();
        await house.db('core.sweep_deferrals').delete();
        for (const [on, who] of logged) {
          const row = { id: crypto.randomUUID(), subject_id: subjects[who], processed_on: on };
          await house.db('shop.payloads').insert({ ...row, sealed: Buffer.from('x') });
          await house.db('shop.metadata').insert({ ...row, ip: '192.0.2.1' });
        }
        for (const [on, who] of paid) await house.paid(subjects[who] ?? '', on.toString());
        for (const [on, length] of [...deferred, ...logged.slice(0, 4)]) {
          const until = day('2026-05-20').add({ days: length * 200 });
          await house
            .db('core.sweep_deferrals')
            .insert({ store: 'shop.metadata', anchored_on: on, until_on: until })
            .onConflict(['store', 'anchored_on'])
            .merge();
        }
        const next = await house.retention.next(house.db);
        expect(next?.toString() ?? null).to.equal(await exhaustive());
      }),
      { numRuns: 40 },
    );
  });
});
