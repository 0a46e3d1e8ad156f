import { expect } from 'chai';
import { Refusal, systemClock } from '../../core/base/index.ts';
import { createDataMap, type Store, toRanges } from '../../core/datamap/index.ts';
import { day, type House, openHouse } from '../retention/house.ts';

const message = (work: () => void): string => {
  try {
    work();
    return '';
  } catch (error) {
    return error instanceof Refusal ? error.message : String(error);
  }
};

describe('the data map', () => {
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  it('finds every table of its schemas declared, and names what is not', async () => {
    const mine = (what: string): boolean =>
      /^(shop|core\.(subjects|facts|obligations|holds|requests|erasure|destruction|tombstone|sweep_))/.test(what);
    const problems = async () => (await house.datamap.check(house.db)).filter(({ what }) => mine(what));
    expect(await problems()).to.deep.equal([]);
    await house.db.raw('create table shop.complaints (id text primary key, words text, at timestamptz)');
    await house.db.raw('alter table shop.metadata add column agent text, add column seen_at timestamptz');
    expect((await problems()).map(({ what }) => what).sort()).to.deep.equal(['shop.complaints', 'shop.metadata.agent']);
    await house.db.raw('drop table shop.complaints');
    await house.db.raw('alter table shop.metadata drop column agent, drop column seen_at');
  });

  it('names what is declared and does not exist', async () => {
    house.datamap.register('ghost', {}, { sheets: 'Never was.' });
    const problems = await house.datamap.check(house.db);
    expect(problems.find(({ what }) => what === 'ghost.sheets')?.why).to.equal('is declared and does not exist');
  });

  it('refuses a store with a category, a purpose or a column that nobody knows', () => {
    const map = createDataMap({ law: house.law, clock: systemClock });
    const { store } = house.datamap.store('shop.profiles');
    const register = (change: Partial<Store>) => message(() => map.register('shop', { x: { ...store, ...change } }));
    expect(register({ schedule: 'account.dossier' })).to.match(/store shop\.x: law\.unknown-category/);
    expect(register({ purposes: ['curiosity'] })).to.match(/no purpose "curiosity"/);
    expect(register({ columns: { 'other.table.name': 'account.profile' } })).to.match(/in none of its tables/);
    expect(register({})).to.equal('');
    expect(register({})).to.match(/registered twice/);
  });

  it('prints the record of processing with bases, terms and recipients', () => {
    const entry = house.datamap.record().find(({ store }) => store === 'shop.payloads');
    expect(entry?.schedule.keep?.replaceAll('\u00a0', ' ')).to.equal('6 месяцев');
    expect(entry?.schedule.clause).to.match(/Оферта/);
    expect(entry?.purposes[0]?.bases.join().replaceAll('\u00a0', ' ')).to.match(/152-ФЗ/);
    expect(entry?.categories.map(({ id }) => id)).to.deep.equal(['message.payload']);
    expect(entry?.recipients.length).to.be.greaterThan(0);
  });

  it('joins days into half-open ranges', () => {
    const ranges = toRanges([day('2026-03-01'), day('2026-02-28'), day('2026-03-05'), day('2026-03-01')]);
    expect(ranges.map(({ from, before }) => [from.toString(), before.toString()])).to.deep.equal([
      ['2026-02-28', '2026-03-02'],
      ['2026-03-05', '2026-03-06'],
    ]);
  });
});
