import { expect } from 'chai';
import { Refusal, Temporal } from '../../core/base/index.ts';
import { type Edition, inForce } from '../../core/consents/index.ts';
import { aUser, type House, openHouse, refusalOf } from '../accounts/house.ts';

const day = (text: string) => Temporal.PlainDate.from(text);

function add(house: House, text: string, published: string, effective?: string, document = 'offer'): Promise<Edition> {
  return house.story((trx) =>
    house.consents.editions.add(trx, {
      document,
      bytes: Buffer.from(text),
      mime: 'text/markdown; charset=utf-8',
      published: day(published),
      ...(effective ? { effective: day(effective) } : {}),
    }),
  );
}

describe('editions of the documents', () => {
  let house: House;
  let first: Edition;
  beforeEach(async () => {
    house = await openHouse('2026-05-04T09:00');
    first = await add(house, 'Оферта, первая редакция', '2026-04-30', '2026-04-30');
  });
  afterEach(() => house.close());

  it('an effect sooner than the offer and the law allow is refused with the clause and the earliest day', async () => {
    house.at('2026-06-01T09:00');
    const refusal = (await add(house, 'Вторая', '2026-06-01', '2026-06-15').catch((error) => error)) as Refusal;
    expect(refusal).to.be.instanceOf(Refusal);
    expect(refusal.code).to.equal('edition.too-early');
    expect(refusal.details.earliest).to.equal('2026-06-16');
    expect(refusal.details.clause).to.match(/5\.1\.2/);
    expect(refusal.message).to.contain('16 июня 2026');
    const taken = await add(house, 'Вторая', '2026-06-01', '2026-06-16');
    expect(String(taken.effectiveOn)).to.equal('2026-06-16');
  });

  it('without a day of effect the earliest allowed one is taken', async () => {
    expect(String((await add(house, 'Вторая', '2026-05-05')).effectiveOn)).to.equal('2026-05-20');
  });

  it('prices keep the same notice', async () => {
    expect(await refusalOf(add(house, 'Тарифы', '2026-05-01', '2026-05-15', 'price'))).to.equal('edition.too-early');
    expect(String((await add(house, 'Тарифы', '2026-05-01', '2026-05-16', 'price')).effectiveOn)).to.equal(
      '2026-05-16',
    );
  });

  it('an edition that the pack does not name as the first has to wait, even when nothing was there before', async () => {
    const early = add(house, 'Cookie', '2026-06-01', '2026-06-15', 'cookies');
    expect(await refusalOf(early)).to.equal('edition.too-early');
  });

  it('the same text with the same days is one edition; another text on that day is refused', async () => {
    const again = await add(house, 'Оферта, первая редакция', '2026-04-30', '2026-04-30');
    expect(again.id).to.equal(first.id);
    expect(await refusalOf(add(house, 'Подмена', '2026-04-30', '2026-05-15'))).to.equal('edition.exists');
    expect(await refusalOf(add(house, 'Что-то', '2026-04-30', undefined, 'нет'))).to.equal('edition.unknown-document');
  });

  it('an edition never changes and never goes, not even in the database', async () => {
    const editions = house.db('core.editions').where({ id: first.id });
    for (const change of [
      editions.clone().update({ mime: 'text/plain' }),
      editions.clone().delete(),
      house.db.raw('truncate core.editions cascade'),
    ]) {
      expect(await refusalOf(Promise.resolve(change))).to.equal('23001');
    }
    expect((await house.consents.editions.bytes(house.db, first.id)).toString()).to.equal('Оферта, первая редакция');
  });

  it('the edition in force is the last whose day has come; the first governs newcomers before its day', () => {
    const edition = (publishedOn: string, effectiveOn: string) => ({
      publishedOn: day(publishedOn),
      effectiveOn: day(effectiveOn),
    });
    const [one, two] = [edition('2026-04-30', '2026-05-15'), edition('2026-06-01', '2026-06-16')];
    expect(inForce([one, two], day('2026-04-29'))).to.equal(null);
    expect(inForce([one, two], day('2026-05-05'))).to.equal(one);
    expect(inForce([one, two], day('2026-06-15'))).to.equal(one);
    expect(inForce([one, two], day('2026-06-16'))).to.equal(two);
  });

  describe('who is governed by which', () => {
    it('whoever accepted the old edition is governed by it to the eve of the new one, then by the new without accepting', async () => {
      house.at('2026-05-05T10:00');
      const anna = await aUser(house);
      const { consents, db, story } = house;
      const accepted = await story((trx) => consents.accept(trx, anna.account, first.id, { via: 'registration' }));
      expect([accepted.sha256, accepted.kind]).to.deep.equal([first.sha256, 'acceptance']);
      house.at('2026-06-01T09:00');
      const second = await add(house, 'Вторая', '2026-06-01', '2026-06-16');
      house.at('2026-06-16T09:00');
      const governing = async (on: string) => {
        const found = await consents.editions.governing(db, anna.account, 'offer', day(on));
        return found && [found.edition.id, found.acceptedAt !== null];
      };
      expect(await governing('2026-05-04')).to.equal(null);
      expect(await governing('2026-06-15')).to.deep.equal([first.id, true]);
      expect(await governing('2026-06-16')).to.deep.equal([second.id, false]);
      expect(await consents.acceptances(db, anna.account)).to.have.length(1);
      await story((trx) => consents.accept(trx, anna.account, second.id));
      expect(await governing('2026-06-16')).to.deep.equal([second.id, true]);
      expect(await refusalOf(story((trx) => consents.accept(trx, anna.account, first.id)))).to.equal(
        'edition.not-in-force',
      );
    });

    it('whoever accepted nothing is governed by nothing', async () => {
      const silent = await aUser(house);
      expect(await house.consents.editions.governing(house.db, silent.account, 'offer', day('2026-05-10'))).to.equal(
        null,
      );
    });

    it('a policy is read, not accepted; repeating an act changes nothing', async () => {
      const user = await aUser(house);
      const policy = await add(house, 'Политика', '2026-04-30', '2026-04-30', 'policy');
      const accept = house.story((trx) => house.consents.accept(trx, user.account, policy.id));
      expect(await refusalOf(accept)).to.equal('edition.not-for-acceptance');
      const one = await house.story((trx) => house.consents.acquaint(trx, user.account, policy.id));
      house.at('2026-05-06T09:00');
      const two = await house.story((trx) => house.consents.acquaint(trx, user.account, policy.id));
      expect(two).to.deep.equal(one);
      const facts = house.facts.filter(({ about }) => about === user.account).map(({ name }) => name);
      expect(facts).to.deep.equal(['account.registered', 'document.acquainted']);
    });
  });

  describe('a new edition is announced', () => {
    it('to every user once by e-mail and dashboard, and once in public; again changes nothing', async () => {
      const people = [await aUser(house), await aUser(house), await aUser(house)];
      const gone = await aUser(house);
      await house.story((trx) => house.accounts.deletion(trx, gone.account));
      house.at('2026-06-01T09:00');
      const second = await add(house, 'Вторая', '2026-06-01', '2026-06-16');
      expect((await house.consents.next(house.db))?.toString()).to.equal(house.clock.now().toString());
      expect(await house.consents.notifyAll(second.id)).to.equal(4);
      expect(await house.consents.notifyAll(second.id)).to.equal(0);
      expect(await house.consents.next(house.db)).to.equal(null);
      const letters = house.sent.filter(({ template }) => template === 'document.changed');
      expect(letters.map(({ to, channels }) => [to.account ?? null, channels])).to.deep.equal([
        [null, ['publication']],
        ...people.map(({ account }) => [account, ['email', 'dashboard']]),
      ]);
      const data = letters.at(-1)?.data as unknown as Record<string, unknown>;
      expect([data.effective, data.sha256].map(String)).to.deep.equal(['2026-06-16', second.sha256]);
      const notices = await house.consents.notices(house.db, second.id);
      expect(notices.map(({ account }) => account)).to.have.members([null, ...people.map(({ account }) => account)]);
    });

    it('on the day of its publication, not before; an edition of the past is only taken in', async () => {
      await aUser(house);
      await add(house, 'Вторая', '2026-06-01', '2026-06-16');
      expect((await house.consents.next(house.db))?.toString()).to.equal('2026-05-31T21:00:00Z');
      house.at('2026-06-20T09:00');
      await add(house, 'Политика', '2026-04-30', '2026-04-30', 'policy');
      const rows = await house.db('core.edition_announcements');
      expect(rows).to.have.length(1);
    });
  });

  it('a summary of the rules applied stands beside the edition, marked as not the document', async () => {
    const summary = await house.consents.summary(first.id);
    expect(summary.mark.ru).to.contain('не документ');
    expect(summary.text).to.contain(summary.mark.ru);
    expect(summary.html).to.contain('<h2>');
    expect(summary.sections.length).to.be.greaterThan(2);
    expect(summary.digest).to.equal(house.law.digest);
  });
});
