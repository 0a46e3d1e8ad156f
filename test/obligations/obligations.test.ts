import { expect } from 'chai';
import { Refusal } from '../../core/base/index.ts';
import { type House, moscow, openHouse } from '../retention/house.ts';

const code = (error: unknown): string => (error instanceof Refusal ? error.code : String(error));

describe('obligations', () => {
  let house: House;

  beforeEach(async () => {
    house = await openHouse('2026-06-12T12:00');
  });
  afterEach(() => house.close());

  const tell = (name: string, about: string, at: string, rest: { subject?: string; fields?: object } = {}) =>
    house.story((trx) =>
      house.obligations.report(trx, {
        name,
        about,
        at: moscow(at),
        ...(rest.subject ? { subject: rest.subject } : {}),
        ...(rest.fields ? { fields: { ...rest.fields } } : {}),
      }),
    );

  it('are opened by a fact, with the day, the reasons and the digest of the packs', async () => {
    await tell('account.deleted', 'acc_1', '2026-06-12T11:00', { subject: 'sub_1' });
    const [duty] = await house.obligations.list({ about: 'acc_1' });
    expect(duty).to.include({ duty: 'account-deleted.erase', state: 'open', subject: 'sub_1' });
    expect(duty?.dueOn?.toString()).to.equal('2026-06-19');
    expect(duty?.because?.winner.cite.clause).to.match(/Оферта/);
    expect(duty?.digest).to.equal(house.law.digest);
  });

  it('are not opened by a permission: nobody owes a step that may be taken', async () => {
    await tell('account.active', 'acc_1', '2026-06-12T11:00');
    expect(await house.obligations.list({ about: 'acc_1' })).to.deep.equal([]);
  });

  it('are discharged by the fact the law names, of the same thing', async () => {
    await tell('account.deleted', 'acc_1', '2026-06-12T11:00');
    await tell('account.deleted', 'acc_2', '2026-06-12T11:00');
    await tell('account.erased', 'acc_1', '2026-06-12T11:30');
    expect((await house.obligations.list({ about: 'acc_1' }))[0]?.state).to.equal('discharged');
    expect((await house.obligations.list({ about: 'acc_2' }))[0]?.state).to.equal('open');
  });

  it('about an account are discharged by the destruction of the same person, never of another', async () => {
    await tell('consent.withdrawn', 'acc_1', '2026-06-12T11:00', { subject: 'sub_1' });
    await tell('consent.withdrawn', 'acc_2', '2026-06-12T11:00', { subject: 'sub_2' });
    await tell('data.destroyed', 'pln_1', '2026-06-12T11:30', { subject: 'sub_1' });
    expect((await house.obligations.list({ about: 'acc_1' }))[0]?.state).to.equal('discharged');
    expect((await house.obligations.list({ about: 'acc_2' }))[0]?.state).to.equal('open');
  });

  it('about one request are not discharged by the answer to another of the same person', async () => {
    const fields = { kind: 'access', channel: 'email' };
    await tell('request.received', 'req_1', '2026-06-12T11:00', { subject: 'sub_1', fields });
    await tell('request.received', 'req_2', '2026-06-12T11:00', { subject: 'sub_1', fields });
    await tell('request.answered', 'req_2', '2026-06-12T11:30', { subject: 'sub_1' });
    expect((await house.obligations.list({ about: 'req_1' }))[0]?.state).to.equal('open');
  });

  it('become overdue at the first instant that is too late, and stay so after a late discharge', async () => {
    await tell('account.deleted', 'acc_1', '2026-06-12T11:00');
    expect((await house.obligations.next(house.db))?.toString()).to.equal(moscow('2026-06-20T00:00').toString());
    await house.advanceTo('2026-06-19T23:59');
    expect(await house.obligations.list({ overdue: true })).to.deep.equal([]);
    await house.advanceTo('2026-06-20T00:00');
    expect(await house.obligations.list({ overdue: true })).to.have.length(1);
    house.at('2026-06-20T10:00');
    await tell('account.erased', 'acc_1', '2026-06-20T10:00');
    const [duty] = await house.obligations.list({ about: 'acc_1' });
    expect(duty?.state).to.equal('discharged');
    expect(duty?.overdueAt?.toString()).to.equal(moscow('2026-06-20T00:00').toString());
    expect(await house.obligations.next(house.db)).to.equal(null);
  });

  it('count hours without looking at days off', async () => {
    house.at('2027-04-30T22:30');
    await tell('incident.detected', 'inc_1', '2027-04-30T22:15');
    const duties = await house.obligations.list({ about: 'inc_1' });
    expect(duties.map(({ duty, lateFrom, dueOn }) => [duty, lateFrom?.toString(), dueOn])).to.deep.equal([
      ['incident.notice', moscow('2027-05-01T22:15').toString(), null],
      ['incident.result', moscow('2027-05-03T22:15').toString(), null],
    ]);
  });

  it('in a year without a calendar are named as a problem and not guessed', async () => {
    house.at('2028-02-01T12:00');
    await tell('request.received', 'req_1', '2028-02-01T11:00', { fields: { kind: 'access' } });
    const [duty] = await house.obligations.list({ about: 'req_1' });
    expect(duty).to.include({ state: 'open', dueOn: null, lateFrom: null, problem: 'calendar.missing' });
  });

  it('come from a closed vocabulary of facts', async () => {
    expect(await tell('account.vanished', 'acc_1', '2026-06-12T11:00').catch(code)).to.equal('fact.unknown');
    const bad = { fields: { ground: 'a whim' } };
    expect(await tell('account.blocked', 'acc_1', '2026-06-12T11:00', bad).catch(code)).to.equal('fact.malformed');
    expect(await tell('account.blocked', 'acc_1', '2026-06-12T11:00').catch(code)).to.equal('fact.malformed');
    expect(await house.db('core.facts')).to.deep.equal([]);
  });
});
