import { expect } from 'chai';
import { aUser, type House, openHouse, refusalOf } from '../accounts/house.ts';

describe('data that a person contests', () => {
  let house: House;
  before(async () => {
    house = await openHouse('2026-05-05T10:00');
  });
  after(() => house.close());

  it('are blocked at once in every store that can, on record, and freed again when the check is over', async () => {
    const user = await aUser(house);
    const { id } = await house.story((trx) =>
      house.requests.receive(trx, {
        ...{ channel: 'dashboard', kind: 'rectification', receivedAt: house.clock.now() },
        from: { email: user.email, subject: user.subject },
        identified: { method: 'session', by: user.account },
      }),
    );
    const rename = (name: string) =>
      house.story((trx) => house.accounts.changeProfile(trx, user.account, { name })).then(() => null);
    const outcomes = await house.story((trx) => house.requests.restrict(trx, id, { on: true, by: 'acc_dpo' }));
    expect(outcomes.map(({ store }) => store)).to.include('accounts.profiles');
    expect((await house.requests.get(id)).blocked).to.equal(true);
    expect(await refusalOf(rename('Новая Фамилия'))).to.equal('account.restricted');
    const blocked = house.facts.find(({ name, about }) => name === 'data.blocked' && about === id);
    expect(blocked?.at.toString()).to.equal(house.clock.now().toString());

    await house.story((trx) => house.requests.restrict(trx, id, { on: false, by: 'acc_dpo' }));
    expect(await refusalOf(rename('Новая Фамилия'))).to.equal(null);
    const steps = (await house.requests.history(id)).map(({ step }) => step);
    expect(steps.filter((step) => step.endsWith('blocked'))).to.deep.equal(['blocked', 'unblocked']);
  });
});
