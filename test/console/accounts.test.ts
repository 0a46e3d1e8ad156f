import { expect } from 'chai';
import { createPerson, type Person } from '../../core/cli/demo/client.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { aCrew, aUser, type Crew, expectStatus, type Planted, publishEditions } from '../support/people.ts';

describe('an account that staff block, over the API', function () {
  this.timeout(60_000);
  let test: TestApp;
  let crew: Crew;
  let vera: Planted;

  before(async () => {
    test = await startApp({ at: '2026-05-05T10:00' });
    await publishEditions(test.app);
    crew = await aCrew(test.app);
    vera = await aUser(test, crew, 'vera', 'Верина Вера Васильевна');
  });
  after(() => test.close());

  const act = (what: 'block' | 'restore', body: object, who: Person = crew.dpo) =>
    who.send('POST', `/api/v1/accounts/${vera.account}/${what}`, body);
  const signIn = async () => {
    const entry = { email: vera.email, password: vera.password };
    return (await createPerson(test.app.url).send('POST', '/api/v1/session', entry)).status;
  };

  it('is not shut on another ground, without a reason, or by anybody else', async () => {
    for (const body of [{ ground: 'inactivity', reason: 'Не заходит' }, { ground: 'violation', reason: ' ' }, {}]) {
      expect((await act('block', body)).status, JSON.stringify(body)).to.equal(400);
    }
    const order = { ground: 'violation', reason: 'Жалоба' };
    for (const who of [crew.auditor, crew.cashier, crew.specialists[0].browser, vera.browser]) {
      expect((await act('block', order, who)).status).to.equal(403);
    }
    const staff = crew.specialists[0].account;
    expect((await crew.dpo.send('POST', `/api/v1/accounts/${staff}/block`, order)).status).to.equal(404);
    expect((await crew.dpo.get('/api/v1/accounts/acc_nobody')).status).to.equal(404);
  });

  it('is shut at once on a coded ground with a reason, which is on record, and comes back', async () => {
    const order = { ground: 'violation', reason: 'Рассылка без согласия, жалоба № 7' };
    const blocked = expectStatus(await act('block', order), 200);
    expect(blocked).to.include({ id: vera.account, state: 'blocked', blockGround: 'violation' });
    expect(JSON.stringify(blocked)).to.not.include('Верин');
    expect([await signIn(), (await vera.browser.get('/api/v1/account')).status]).to.deep.equal([403, 401]);
    const list = expectStatus(await crew.dpo.get('/api/v1/accounts/blocked'), 200);
    expect(list.map(({ id }: { id: string }) => id)).to.deep.equal([vera.account]);
    expect((await act('block', order)).status).to.equal(409);

    expectStatus(await act('restore', { reason: 'Рассылка прекращена' }), 200);
    expect((await act('restore', { reason: 'Ещё раз' })).status).to.equal(409);
    expect(await signIn()).to.equal(202);
    expect(expectStatus(await crew.dpo.get(`/api/v1/accounts/${vera.subject}`), 200).state).to.equal('active');
    await test.app.engine.journal.sealUp();
    const said = await test.app.engine.journal.list({ about: vera.account, prefix: 'account.', order: 'oldest' });
    const acts = said.filter(({ action }) => ['account.blocked', 'account.restored'].includes(action));
    expect(acts.map(({ action, body }) => [action, body?.reason])).to.deep.equal([
      ['account.blocked', 'Рассылка без согласия, жалоба № 7'],
      ['account.restored', 'Рассылка прекращена'],
    ]);
    expect(new Set(acts.map(({ actor }) => actor)).size).to.equal(1);
  });
});
