import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { aUser, type House, openHouse, refusalOf, signIn } from './house.ts';

describe('an account that nobody uses', () => {
  let house: House;
  const sweep = () => house.accounts.sweep({ jobId: 'test' });
  const stateOf = async (account: string) => (await house.accounts.get(house.db, account))?.state;
  const next = async () => (await house.accounts.next(house.db))?.toZonedDateTimeISO('Europe/Moscow').toString();

  beforeEach(async () => {
    house = await openHouse('2025-05-14T12:00');
  });
  afterEach(() => house.close());

  it('is noticed, blocked and erased, each step on the right day and none before', async () => {
    const vera = await aUser(house);
    expect(await next()).to.contain('2026-06-01T00:00:00+03:00');

    house.at('2026-05-31T23:59');
    expect(await sweep()).to.deep.equal({ noticed: 0, blocked: 0, ended: 0 });
    house.at('2026-06-01T00:00');
    expect(await sweep()).to.deep.equal({ noticed: 1, blocked: 0, ended: 0 });
    expect(await sweep()).to.deep.equal({ noticed: 0, blocked: 0, ended: 0 });
    const notice = house.sent.find(({ template }) => template === 'account.inactivity-notice');
    expect(notice?.to.email).to.equal(vera.email);
    expect(notice?.channels).to.deep.equal(['email', 'dashboard']);
    expect(String((notice as { data: { blockFrom?: unknown } }).data.blockFrom)).to.equal('2026-07-02');
    expect(await next()).to.contain('2026-07-02T00:00:00');

    house.at('2026-07-01T23:59');
    expect((await sweep()).blocked).to.equal(0);
    house.at('2026-07-02T00:00');
    expect((await sweep()).blocked).to.equal(1);
    const block = house.sent.find(({ template }) => template === 'account.blocked');
    const data = block?.data as unknown as Record<string, unknown>;
    expect([data.terminatesOn, data.eraseFrom].map(String)).to.deep.equal(['2026-09-30', '2026-10-01']);
    expect(data.terminationClause).to.contain('8.2.1');
    expect(await refusalOf(signIn(house, vera))).to.equal('account.blocked');
    expect(house.facts.map(({ name }) => name)).to.include.members(['account.blocked', 'termination.noticed']);

    expect(await next()).to.contain('2026-10-01T00:00:00');
    house.at('2026-09-30T23:59');
    expect((await sweep()).ended).to.equal(0);
    house.at('2026-10-01T00:00');
    expect((await sweep()).ended).to.equal(1);
    expect(await stateOf(vera.account)).to.equal('deleted');
    const [plan] = await house.retention.plans.list({ subject: vera.subject });
    expect(plan?.cause).to.deep.equal({ kind: 'inactivity', about: vera.account });
    expect(String(plan?.eraseBy)).to.equal('2026-10-07');
    const ended = house.facts.filter(({ name }) => ['contract.terminated', 'account.deleted'].includes(name));
    expect(ended.map(({ fields }) => fields)).to.deep.equal([{ ground: 'operator-notice' }, { by: 'inactivity' }]);
    expect(await next()).to.equal(undefined);

    house.at('2026-10-07T00:00');
    await house.retention.execute(plan?.id as string, { jobId: 'test' });
    expect(await stateOf(vera.account)).to.equal('erased');
    expect(await house.accounts.profile(house.db, vera.account)).to.equal(null);
    const farewell = house.sent.find(({ template }) => template === 'account.erased');
    expect(farewell?.to).to.deep.equal({ email: vera.email, name: vera.name });
    expect(farewell?.forgetOnceSent).to.equal(true);
    const row = await house.db('core.accounts').where({ id: vera.account }).first();
    expect(JSON.stringify(row)).to.not.contain(vera.email);
    expect(row.farewell).to.equal(null);
    expect(house.facts.some(({ name, about }) => name === 'account.erased' && about === vera.account)).to.equal(true);
  });

  it('is left alone when its holder signs in after the notice', async () => {
    const grigory = await aUser(house);
    house.at('2026-06-01T08:00');
    await sweep();
    expect(await stateOf(grigory.account)).to.equal('noticed');
    house.at('2026-06-20T12:00');
    await signIn(house, grigory);
    expect(await stateOf(grigory.account)).to.equal('active');
    house.at('2026-07-02T00:00');
    expect(await sweep()).to.deep.equal({ noticed: 0, blocked: 0, ended: 0 });
    expect(await next()).to.contain('2027-07-01T00:00:00');
  });

  it('is left alone while a paid period runs', async () => {
    const payer = await aUser(house);
    house.paid.set(payer.subject, Temporal.PlainDate.from('2026-08-31'));
    expect(await next()).to.contain('2026-09-01T00:00:00');
    house.at('2026-06-01T08:00');
    expect((await sweep()).noticed).to.equal(0);
    house.at('2026-09-01T00:00');
    expect((await sweep()).noticed).to.equal(1);
  });

  it('does not wait behind an account whose paid time runs', async () => {
    const payer = await aUser(house);
    house.at('2025-07-20T12:00');
    const other = await aUser(house);
    house.paid.set(payer.subject, Temporal.PlainDate.from('2026-12-31'));
    expect(await next()).to.contain('2026-08-01T00:00:00');
    house.at('2026-08-01T00:00');
    expect((await sweep()).noticed).to.equal(1);
    expect(await stateOf(other.account)).to.equal('noticed');
  });

  it('comes back when support restores it within ninety days, and its counters begin anew', async () => {
    const person = await aUser(house);
    house.at('2026-06-01T00:00');
    await sweep();
    house.at('2026-07-02T00:00');
    await sweep();
    house.at('2026-09-15T11:00');
    await house.story((trx) => house.accounts.restore(trx, person.account, { reason: 'Письмо', by: 'acc_dpo' }));
    await signIn(house, person);
    house.at('2026-10-01T00:00');
    expect(await sweep()).to.deep.equal({ noticed: 0, blocked: 0, ended: 0 });
    expect(await next()).to.contain('2027-10-01T00:00:00');
  });

  it('counts what plugins report as activity, once a day', async () => {
    const person = await aUser(house);
    house.at('2025-11-03T10:00');
    const fact = { about: 'prj_x', subject: person.subject, at: house.clock.now(), fields: { plan: 'free' } };
    await house.story((trx) => house.accounts.heard(trx, { ...fact, name: 'project.created' }));
    await house.story((trx) => house.accounts.heard(trx, { ...fact, name: 'project.created' }));
    const seen = house.facts.filter(({ name, about }) => name === 'account.active' && about === person.account);
    expect(seen.map(({ fields }) => fields)).to.deep.equal([{ kind: 'project' }]);
    expect(String((await house.accounts.get(house.db, person.account))?.lastActiveOn)).to.equal('2025-11-03');
  });

  it('counts the day of activity in Moscow, not in UTC', async () => {
    const person = await aUser(house);
    house.at('2025-11-03T01:30'); // still 2 November in UTC
    await signIn(house, person);
    expect(String((await house.accounts.get(house.db, person.account))?.lastActiveOn)).to.equal('2025-11-03');
  });
});
