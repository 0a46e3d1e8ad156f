import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { aUser, type House, openHouse } from '../accounts/house.ts';

describe('what runs by itself', () => {
  let house: House;
  before(async () => {
    house = await openHouse('2026-05-04T09:00', { jobs: true });
  });
  after(() => house.close());

  it('the job announces a new edition as soon as it is added, and the sweep wakes for the life cycle', async () => {
    const user = await aUser(house);
    house.at('2026-06-01T09:00');
    const edition = await house.story((trx) =>
      house.consents.editions.add(trx, {
        document: 'offer',
        bytes: Buffer.from('Оферта'),
        mime: 'text/plain',
        published: Temporal.PlainDate.from('2026-06-01'),
        effective: Temporal.PlainDate.from('2026-06-16'),
      }),
    );
    await house.jobs?.idle();
    const notices = await house.consents.notices(house.db, edition.id);
    expect(notices.map(({ account }) => account)).to.have.members([null, user.account]);
    const [notice] = await house.letters.list({ subject: user.subject, template: 'document.changed' });
    expect(notice?.deliveries.map(({ channel }) => channel)).to.have.members(['email', 'dashboard']);

    house.at('2027-06-01T00:00');
    expect((await house.jobs?.agenda())?.[0]?.at.toString()).to.satisfy((due: string) => due <= '2027-05-31T21:00:00Z');
    await house.jobs?.wake(house.clock.now());
    await house.jobs?.idle();
    expect((await house.accounts.get(house.db, user.account))?.state).to.equal('noticed');
  });
});
