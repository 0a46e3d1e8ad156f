import { expect } from 'chai';
import { type Refusal, Temporal } from '../../core/base/index.ts';
import { isUnsupported, type Store, type StoreContext } from '../../core/datamap/index.ts';
import type { Trx } from '../../core/db/index.ts';
import { aUser, type House, openHouse, refusalOf } from '../accounts/house.ts';

describe('consents and proofs', () => {
  let house: House;
  let analytics: string;
  beforeEach(async () => {
    house = await openHouse('2026-05-05T10:00');
    analytics = house.law.operator.purposes.find(({ consent }) => consent)?.id as string;
  });
  afterEach(() => house.close());

  const context = (trx: Trx): StoreContext => {
    const { db, vault, clock, law, journal } = house;
    return { trx, db, vault, clock, law, journal, runId: 'swp_test' };
  };
  const give = (subject: string, purpose = analytics) =>
    house.story((trx) =>
      house.consents.give(trx, { subject, purpose, text: 'Согласен на статистику', via: 'cookies' }),
    );

  it('a consent is an act of its own, on its own text, and is withdrawn at once', async () => {
    const user = await aUser(house);
    const consent = await give(user.subject);
    expect(consent.sha256).to.match(/^[0-9a-f]{64}$/);
    expect((await give(user.subject)).id).to.equal(consent.id);
    house.at('2026-05-06T10:00');
    const withdrawn = await house.story((trx) =>
      house.consents.withdraw(trx, user.subject, analytics, { via: 'dashboard' }),
    );
    expect(withdrawn?.withdrawnAt?.toString()).to.equal(house.clock.now().toString());
    const again = await house.story((trx) =>
      house.consents.withdraw(trx, user.subject, analytics, { via: 'dashboard' }),
    );
    expect(again).to.equal(null);
    expect((await give(user.subject)).id).to.not.equal(consent.id);
    expect(await house.consents.given(house.db, user.subject)).to.have.length(2);
    const names = house.facts.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('consent.'))).to.deep.equal([
      'consent.given',
      'consent.withdrawn',
      'consent.given',
    ]);
  });

  it('nobody is asked to consent to what rests on the contract', async () => {
    const user = await aUser(house);
    expect(await refusalOf(give(user.subject, 'access'))).to.equal('consent.not-asked');
    expect(await refusalOf(give(user.subject, 'нет такой'))).to.equal('consent.unknown-purpose');
  });

  it('is not given by the text of the contract or of the policy: it is a document of its own', async () => {
    const user = await aUser(house);
    const publish = (document: string) =>
      house.story((trx) =>
        house.consents.editions.add(trx, {
          ...{ document, bytes: Buffer.from(`${document}, текст`), mime: 'text/plain' },
          published: Temporal.PlainDate.from('2026-04-30'),
        }),
      );
    const by = async (document: string) => {
      const { id } = await publish(document);
      return house.story((trx) =>
        house.consents.give(trx, { subject: user.subject, purpose: analytics, edition: id, via: 'registration' }),
      );
    };
    for (const document of ['offer', 'policy']) {
      const refusal = (await by(document).catch((error) => error)) as Refusal;
      expect(refusal.code).to.equal('consent.not-separate');
      expect(String(refusal.details.clause)).to.include('152-ФЗ от 27.07.2006');
    }
    expect(await house.consents.given(house.db, user.subject)).to.have.length(0);
    expect((await by('cookies')).sha256).to.match(/^[0-9a-f]{64}$/);
  });

  it('the proof of an acceptance starts its term with the end of the contract and then goes, but for those held', async () => {
    const edition = await house.story((trx) =>
      house.consents.editions.add(trx, {
        document: 'offer',
        bytes: Buffer.from('Оферта'),
        mime: 'text/plain',
        published: Temporal.PlainDate.from('2026-04-30'),
        effective: Temporal.PlainDate.from('2026-04-30'),
      }),
    );
    const people = [await aUser(house), await aUser(house), await aUser(house)] as const;
    for (const { account } of people) await house.story((trx) => house.consents.accept(trx, account, edition.id));
    const store = house.consents.stores.acceptances as Store;
    const anchors = () => house.story(async (trx) => (await store.anchors?.(trx)) ?? []);
    expect(await anchors()).to.deep.equal([{ day: null, count: 3 }]);

    house.at('2026-06-12T11:00');
    for (const { account } of people.slice(0, 2)) await house.story((trx) => house.accounts.deletion(trx, account));
    expect((await anchors()).map(({ day, count }) => [day?.toString() ?? null, count])).to.deep.equal([
      ['2026-06-12', 2],
      [null, 1],
    ]);
    const keep = house.law.keep('acceptance', { from: Temporal.PlainDate.from('2026-06-12') });
    expect(keep.keepUntil.toString()).to.equal('2029-06-12');

    const { erase } = store;
    if (isUnsupported(erase)) throw new Error(erase.unsupported);
    const anchored = [{ from: Temporal.PlainDate.from('2026-06-12'), before: Temporal.PlainDate.from('2026-06-13') }];
    const held = [people[0].subject];
    const expire = () => house.story((trx) => erase({ why: 'expiry', anchored, held }, context(trx)));
    expect(await expire()).to.deep.include({ outcome: 'erased', affected: 1, remaining: 1 });
    expect(await expire()).to.deep.include({ outcome: 'not_found', affected: 0, remaining: 1 });
    expect(await house.consents.acceptances(house.db, people[0].account)).to.have.length(1);
    expect(await house.consents.acceptances(house.db, people[1].account)).to.have.length(0);
    expect(await house.consents.acceptances(house.db, people[2].account)).to.have.length(1);
  });
});
