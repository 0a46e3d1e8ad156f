import { expect } from 'chai';
import { type House, moscow, openHouse } from './house.ts';

describe('a destruction that misses its last day', () => {
  let house: House;

  beforeEach(async () => {
    house = await openHouse('2026-06-12T11:00');
  });
  afterEach(() => house.close());

  const missed = () => house.facts.filter(({ name }) => name === 'destruction.missed');

  it('of one person is blocked where it can be, has six months from the missed day, and ends with the destruction', async () => {
    const ada = await house.aPerson();
    const cause = { kind: 'account-deleted', about: 'acc_ada' } as const;
    const plan = await house.story((trx) => house.retention.plan(trx, ada, { cause, by: 'acc_ada' }));
    const blocked: unknown[] = [];
    house.datamap.store('shop.profiles').store.restrict = async (subject, on) => {
      blocked.push([subject, on]);
      return { outcome: 'done', affected: 1 };
    };
    house.failing.set('profiles', 1_000);
    await house.advanceTo('2026-06-19T23:59');
    expect(missed()).to.deep.equal([]);
    await house.advanceTo('2026-06-20T00:00');
    expect(missed().map(({ about, at }) => [about, at.toString()])).to.deep.equal([
      [plan.id, moscow('2026-06-20T00:00').subtract({ milliseconds: 1 }).toString()],
    ]);
    const [duty] = await house.obligations.list({ about: plan.id });
    expect([duty?.duty, duty?.dueOn?.toString()]).to.deep.equal(['impossible.destroy', '2026-12-19']);
    await house.journal.sealUp();
    const [entry] = await house.journal.list({ action: 'erasure.missed', about: plan.id });
    expect(entry?.body).to.deep.equal({ blocked: ['shop.profiles'], open: [] });
    expect(blocked).to.deep.equal([[ada, true]]);

    house.failing.clear();
    await house.advanceTo('2026-06-22T00:00');
    expect((await house.retention.plans.get(plan.id)).state).to.equal('executed');
    expect((await house.obligations.list({ about: plan.id }))[0]?.state).to.equal('discharged');
    expect(missed()).to.have.length(1);
  });

  it('of a sweep is told once, from the last day of the oldest records', async () => {
    const ada = await house.aPerson();
    await house.logged(ada, '2026-01-15', 2);
    house.failing.set('payloads', 1_000);
    const look = async (at: string): Promise<void> => {
      house.at(at);
      await house.retention.sweep({ jobId: at }).catch(() => {});
      await house.story((trx) => house.jobs.enqueue(trx, 'retention.missed', {}));
      await house.jobs.idle();
    };
    await look('2026-08-14T23:59');
    expect(missed()).to.deep.equal([]);
    await look('2026-08-15T00:00');
    await look('2026-08-16T00:00');
    expect(missed().map(({ at }) => at.toString())).to.deep.equal([
      moscow('2026-08-15T00:00').subtract({ milliseconds: 1 }).toString(),
    ]);
    const about = missed()[0]?.about ?? '';
    expect(about).to.match(/^swp_/);
    expect((await house.obligations.list({ about })).map(({ duty, state }) => [duty, state])).to.deep.equal([
      ['impossible.destroy', 'open'],
    ]);
    house.failing.clear();
    await look('2026-08-18T00:00');
    expect((await house.obligations.list({ about }))[0]?.state).to.equal('discharged');
  });
});
