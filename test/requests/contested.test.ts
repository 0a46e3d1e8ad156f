import { expect } from 'chai';
import type { Person } from '../../core/cli/demo/client.ts';
import { moscow, startApp, type TestApp } from '../support/app.ts';
import { aCrew, aUser, type Crew, expectStatus, type Planted, publishEditions } from '../support/people.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever the server says
type Shown = any;

describe('data that a request says are wrong', function () {
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

  async function asks(kind: string): Promise<(path: string, body?: object, who?: Person) => Promise<Shown>> {
    const letter = { channel: 'post', kind, email: vera.email, name: vera.name, text: 'Моя фамилия указана неверно' };
    const { number } = expectStatus(await crew.dpo.send('POST', '/api/v1/requests', letter), 201);
    const path = `/api/v1/requests/${encodeURIComponent(number)}`;
    expectStatus(await crew.dpo.send('POST', `${path}/identify`, { subject: vera.subject, method: 'document' }), 200);
    return (rest, body, who = crew.dpo) => (body ? who.send('POST', path + rest, body) : who.get(path + rest));
  }
  const owed = async (call: (path: string) => Promise<Shown>) =>
    expectStatus(await call('/duties'), 200).map((one: Shown) => [one.duty, one.state, one.dueOn, one.late]);

  it('are to be blocked at once, and corrected in seven working days from the evidence', async () => {
    const call = await asks('rectification');
    expect(await owed(call)).to.deep.equal([
      ['blocking.apply', 'open', '2026-05-05', false],
      ['request.answer', 'open', '2026-05-20', false],
    ]);
    expectStatus(await call('/restrict', { on: true }), 200);
    expect((await owed(call))[0]).to.deep.equal(['blocking.apply', 'discharged', '2026-05-05', false]);

    await test.advance('2026-05-06T12:00');
    expectStatus(await call('/evidence', { at: moscow('2026-05-06T11:30').toString() }), 200);
    expect((await call('/evidence', {})).status).to.equal(409);
    expect((await owed(call)).find(([duty]: string[]) => duty === 'rectification.apply')).to.deep.equal([
      ...['rectification.apply', 'open', '2026-05-18', false],
    ]);
    const changes = { 'core.profiles.name': 'Верная Вера Васильевна' };
    expectStatus(await call('/rectify', { changes }), 200);
    expect((await owed(call)).find(([duty]: string[]) => duty === 'rectification.apply')?.[1]).to.equal('discharged');
    const { profile } = expectStatus(await vera.browser.get('/api/v1/account'), 200);
    expect(profile.name).to.equal('Верная Вера Васильевна');
    expectStatus(await call('/restrict', { on: false }), 200);
    expectStatus(await call('/answer', { text: 'Фамилия исправлена.' }), 200);
    expect((await owed(call)).every(([, state]: string[]) => state === 'discharged')).to.equal(true);
  });

  it('are not blocked where a block would do harm, and nobody waits for one any more', async () => {
    test.clock.moveTo(moscow('2026-05-12T10:00'));
    const call = await asks('rectification');
    expect((await call('/decline-blocking', { reason: ' ' })).status).to.equal(400);
    expectStatus(await call('/decline-blocking', { reason: 'Остановятся оплаченные проекты самого заявителя' }), 200);
    expect((await owed(call))[0]).to.deep.equal(['blocking.apply', 'discharged', '2026-05-12', false]);
    expect((await call('/decline-blocking', { reason: 'Ещё раз' })).status).to.equal(409);
    const { history } = expectStatus(await call(''), 200);
    expect(history.at(-1)).to.deep.include({ step: 'blocking-declined' });
    // Corrected by hand, where no program reaches: that ends the duty too.
    expectStatus(await call('/evidence', {}), 200);
    expectStatus(await call('/rectify', { elsewhere: 'Бумажный договор № 12' }), 200);
    expect((await owed(call)).find(([duty]: string[]) => duty === 'rectification.apply')?.[1]).to.equal('discharged');
  });

  it('that nobody has blocked or corrected are late, and a refusal ends the wait', async () => {
    test.clock.moveTo(moscow('2026-05-13T10:00'));
    const call = await asks('rectification');
    expectStatus(await call('/evidence', {}), 200);
    await test.advance('2026-05-25T10:00');
    expect(await owed(call)).to.deep.include.members([
      ['blocking.apply', 'open', '2026-05-13', true],
      ['rectification.apply', 'open', '2026-05-22', true],
    ]);
    const { code } = test.app.engine.requests.grounds().find(({ cite }) => cite) ?? {};
    expectStatus(await call('/refuse', { ground: code, reasoning: 'Фамилия указана верно.' }), 200);
    expect((await owed(call)).map(([duty, state]: string[]) => [duty, state])).to.deep.include.members([
      ['blocking.apply', 'discharged'],
      ['rectification.apply', 'discharged'],
    ]);
  });

  it('are proved neither before the request nor tomorrow, nor by a request that says nothing of the kind', async () => {
    const call = await asks('rectification');
    for (const at of ['2026-01-01T10:00', '2027-01-01T10:00']) {
      expect((await call('/evidence', { at: moscow(at).toString() })).status).to.equal(400);
    }
    expect((await call('/rectify', {})).status).to.equal(400);
    for (const who of [crew.auditor, crew.cashier, vera.browser]) {
      for (const [path, body] of [
        ['/evidence', {}],
        ['/rectify', { elsewhere: 'x' }],
        ['/decline-blocking', { reason: 'x' }],
      ] as const) {
        expect((await call(path, body, who)).status).to.equal(403);
      }
    }
    const other = await asks('access');
    expect((await other('/evidence', {})).status).to.equal(409);
    expect((await owed(other)).map(([duty]: string[]) => duty)).to.not.include('blocking.apply');
  });

  it('that are not needed are destroyed in seven working days from the evidence', async () => {
    const call = await asks('erasure');
    expectStatus(await call('/evidence', {}), 200);
    expect((await owed(call)).find(([duty]: string[]) => duty === 'unneeded.destroy')).to.deep.equal([
      ...['unneeded.destroy', 'open', '2026-06-03', false],
    ]);
    const { plan } = expectStatus(await call(''), 200);
    expectStatus(await crew.second.send('POST', `/api/v1/erasures/${plan}/check`, {}), 200);
    await test.app.engine.jobs.idle();
    expect((await owed(call)).find(([duty]: string[]) => duty === 'unneeded.destroy')?.[1]).to.equal('discharged');
  });
});
