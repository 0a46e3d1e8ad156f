import { expect } from 'chai';
import { generate } from 'otplib';
import { Temporal } from '../../core/base/index.ts';
import { isUnsupported, type StoreContext } from '../../core/datamap/index.ts';
import type { Trx } from '../../core/db/index.ts';
import { aUser, type House, ip, openHouse, refusalOf, signIn } from './house.ts';

describe('deleting an account', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse('2026-06-12T11:00');
  });
  afterEach(() => house.close());

  const context = (trx: Trx, runId = 'pln_test'): StoreContext => {
    const { db, vault, clock, law, journal } = house;
    return { trx, db, vault, clock, law, journal, runId };
  };

  async function erase(name: string, subject: string): Promise<unknown> {
    const { erase: go } = house.accounts.stores[name] as (typeof house.accounts.stores)[string];
    if (isUnsupported(go)) throw new Error(go.unsupported);
    return house.story((trx) => go({ why: 'request', subject, anchored: 'all' }, context(trx)));
  }

  it('shows first what goes, until when, and what paid time is lost', async () => {
    const user = await aUser(house);
    house.paid.set(user.subject, Temporal.PlainDate.from('2026-07-31'));
    const preview = await house.accounts.previewDeletion(user.account);
    expect(preview.items.find(({ store }) => store === 'accounts.profiles')).to.deep.include({
      outcome: 'erase',
      count: 1,
    });
    expect(String(preview.eraseBy)).to.equal('2026-06-19');
    expect(preview.lostPaidTime).to.deep.include({ days: 49 });
    expect((await house.accounts.get(house.db, user.account))?.state).to.equal('active');
  });

  it('ends the contract and the sessions at the click, makes the plan and opens a request', async () => {
    const user = await aUser(house);
    await signIn(house, user);
    await house.accounts.sessions.set('key', { account: user.account }, undefined, { fresh: true });
    const deletion = await house.story((trx) => house.accounts.deletion(trx, user.account));
    expect(String(deletion.eraseBy)).to.equal('2026-06-19');
    expect(await house.accounts.sessions.get('key')).to.equal(null);
    expect(await house.accounts.actor(user.account)).to.equal(null);
    expect(await refusalOf(signIn(house, user))).to.equal('sign-in.refused');
    expect((await house.accounts.get(house.db, user.account))?.state).to.equal('deleted');
    const ended = house.facts.filter(({ about, name }) => about === user.account && name !== 'account.active');
    expect(ended.map(({ name, fields }) => [name, fields])).to.deep.equal([
      ['account.registered', undefined],
      ['contract.terminated', { ground: 'account-deleted' }],
      ['account.deleted', { by: 'user' }],
    ]);
    expect(house.received).to.have.length(1);
    expect(house.received[0]).to.deep.include({ channel: 'dashboard', kind: 'erasure' });
    expect(house.received[0]?.identified).to.deep.equal({ method: 'session', by: user.account });
    const letter = house.sent.find(({ template }) => template === 'account.deletion-started');
    expect(letter?.to.email).to.equal(user.email);
    const [plan] = await house.retention.plans.list({ subject: user.subject });
    expect([plan?.id, plan?.cause]).to.deep.equal([deletion.plan, { kind: 'account-deleted', about: user.account }]);
    const twice = house.story((trx) => house.accounts.deletion(trx, user.account));
    expect(await refusalOf(twice)).to.equal('account.wrong-state');
  });

  it('leaves no row that holds the person once the plan is carried out; the address may register anew', async () => {
    const user = await aUser(house, { email: 'gone@example.org', name: 'Исчезнувшая Ольга Петровна' });
    const { secret } = await house.story((trx) => house.accounts.totp.begin(trx, user.account));
    await house.story(async (trx) => house.accounts.totp.confirm(trx, user.account, await generate({ secret })));
    await refusalOf(house.accounts.signIn({ email: user.email, password: 'мимо мимо мимо', ip }));
    const { plan } = await house.story((trx) => house.accounts.deletion(trx, user.account));
    house.at('2026-06-19T00:00');
    await house.retention.execute(plan, { jobId: 'test' });
    expect((await house.accounts.get(house.db, user.account))?.state).to.equal('erased');
    const tables: string[] = await house
      .db('information_schema.tables')
      .where({ table_schema: 'core', table_type: 'BASE TABLE' })
      .pluck('table_name');
    for (const table of tables) {
      const rows = JSON.stringify(await house.db.raw(`select row_to_json(t)::text as row from core.${table} t`));
      expect(rows, table).to.not.contain(user.email);
      expect(rows, table).to.not.contain('Исчезнувшая');
    }
    expect(house.vault.has(`account/${user.account}`)).to.equal(false);
    expect(await refusalOf(aUser(house, { email: user.email }))).to.equal(null);
  });

  it('erasing twice equals erasing once, and nothing of another person goes', async () => {
    const [one, other] = [await aUser(house), await aUser(house)];
    for (const person of [one, other]) {
      await signIn(house, person);
      await house.accounts.sessions.set(`key-${person.account}`, { account: person.account }, undefined, {
        fresh: true,
      });
    }
    for (const name of ['sessions', 'security', 'profiles']) {
      expect(await erase(name, one.subject), name).to.deep.include({ outcome: 'erased', affected: 1, remaining: 0 });
      expect(await erase(name, one.subject), name).to.deep.include({ outcome: 'not_found', affected: 0 });
      const store = house.accounts.stores[name] as (typeof house.accounts.stores)[string];
      const { rows } = await house.story((trx) => store.collect(other.subject, context(trx)));
      expect(rows, name).to.have.length(1);
    }
  });

  it('a person asked for by letter loses the contract before the data go', async () => {
    const user = await aUser(house);
    await erase('profiles', user.subject);
    const facts = house.facts.filter(({ about }) => about === user.account).map(({ name }) => name);
    expect(facts.slice(-3)).to.deep.equal(['contract.terminated', 'account.deleted', 'account.erased']);
  });

  it('shows the person the own profile, corrects it, and blocks changes while something is checked', async () => {
    const user = await aUser(house);
    const store = house.accounts.stores.profiles as (typeof house.accounts.stores)[string];
    if (isUnsupported(store.rectify) || isUnsupported(store.restrict)) throw new Error('profiles can be corrected');
    const { rectify, restrict } = store;
    await house.story((trx) => rectify(user.subject, { 'core.profiles.name': 'Новая Фамилия' }, context(trx)));
    const { rows } = await house.story((trx) => store.collect(user.subject, context(trx)));
    expect(rows[0]).to.deep.include({ email: user.email, name: 'Новая Фамилия' });
    expect(JSON.stringify(rows)).to.not.contain('argon2');
    await house.story((trx) => restrict(user.subject, true, context(trx)));
    const change = house.story((trx) => house.accounts.changeProfile(trx, user.account, { name: 'Ещё Одна' }));
    expect(await refusalOf(change)).to.equal('account.restricted');
    expect(await store.find?.(house.db as unknown as Trx, { email: user.email })).to.deep.equal([user.subject]);
  });

  it('every column of the room is in its part of the data map', async () => {
    const problems = await house.datamap.check(house.db);
    const mine =
      /core\.(accounts|profiles|staff_|one_time|sessions|second|recovery|sign_in|edition|acceptances|consents)/;
    expect(problems.filter(({ what }) => mine.test(what))).to.deep.equal([]);
  });
});
