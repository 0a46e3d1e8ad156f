import { expect } from 'chai';
import type { BlockGround } from '../../core/accounts/index.ts';
import { aUser, type House, openHouse, refusalOf, signIn } from './house.ts';

type Ground = Exclude<BlockGround, 'inactivity'>;

describe('an account that a person blocks', () => {
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  const block = (account: string, ground: Ground, reason: string) =>
    house.story((trx) => house.accounts.block(trx, account, { ground, reason, by: 'acc_dpo' }));
  const entriesOf = async (account: string, action: string) => {
    await house.journal.sealUp();
    return house.journal.list({ action, about: account });
  };

  const grounds: { ground: Ground; says: string }[] = [
    { ground: 'violation', says: 'нарушение условий договора' },
    { ground: 'unlawful', says: 'использование сервиса в противоправных целях' },
    { ground: 'third-party-rights', says: 'нарушение прав третьих лиц' },
    { ground: 'security', says: 'угроза безопасности сервиса' },
    { ground: 'bypass', says: 'обход ограничений сервиса' },
  ];
  for (const { ground, says } of grounds) {
    it(`for «${says}» shuts the door, tells its holder at once how to object, and keeps the reason on record`, async () => {
      const user = await aUser(house);
      await block(user.account, ground, 'Жалоба № 7 с приложением');
      expect(await refusalOf(signIn(house, user))).to.equal('account.blocked');
      const letter = house.sent.find(({ template, about }) => template === 'account.blocked' && about === user.account);
      const data = letter?.data as unknown as Record<string, unknown>;
      expect([letter?.to.email, letter?.channels]).to.deep.equal([user.email, ['email', 'dashboard']]);
      expect(data).to.include({ ground: says, clause: house.law.operator.inactivity?.clause });
      expect(String(data.blockedAt)).to.equal(house.clock.now().toString());
      expect(data.how).to.contain('возразить').and.to.contain(house.law.operator.email);
      const fact = house.facts.find(({ name, about }) => name === 'account.blocked' && about === user.account);
      expect(fact?.fields).to.deep.equal({ ground });
      const [entry] = await entriesOf(user.account, 'account.blocked');
      expect(entry?.actor).to.equal('acc_dpo');
      expect(entry?.body).to.include({ ground, reason: 'Жалоба № 7 с приложением' });
    });
  }

  it('comes back when the violation is over, and the record says why', async () => {
    const user = await aUser(house);
    await block(user.account, 'violation', 'Рассылка без согласия');
    const order = { reason: 'Рассылка прекращена, подтверждено письмом', by: 'acc_dpo' };
    await house.story((trx) => house.accounts.restore(trx, user.account, order));
    expect(await refusalOf(signIn(house, user))).to.equal(null);
    const [entry] = await entriesOf(user.account, 'account.restored');
    expect(entry?.body).to.deep.equal({ ground: 'violation', reason: order.reason });
  });
});
