import { expect } from 'chai';
import { createConnectors } from '../../core/connectors/index.ts';
import { taskRoutes } from '../../core/console/index.ts';
import { route } from '../../core/http/index.ts';
import { anna, boris, createBrowser, type House as Door, openHouse as openDoor } from '../http/house.ts';
import { type House, openHouse } from '../retention/house.ts';

const enter = route<{ as: string }>({
  method: 'post',
  path: '/api/v1/enter',
  roles: 'public',
  body: { type: 'object', properties: { as: { type: 'string' } }, required: ['as'] },
  async handler(call) {
    await call.signIn(call.body.as);
    return { csrf: await call.token() };
  },
});

describe('work that only a person can do, over the API', () => {
  let house: House;
  let door: Door;

  beforeEach(async () => {
    house = await openHouse('2026-05-15T10:00');
    const words = (text: string) => ({ ru: text, en: text });
    const connectors = createConnectors({
      ...{ db: house.db, clock: house.clock, zone: house.law.zone, vault: house.vault },
      ...{ journal: house.journal, datamap: house.datamap },
      connectors: [
        {
          ...{ id: 'cupboard', kind: 'manual', title: words('Шкаф'), system: words('Бумажный архив') },
          ...{ subject: 'customer', purposes: [], schedule: 'account.profile' },
          ...{ fields: { paper: 'support.letter' }, instructions: words('Откройте шкаф.') },
        },
      ],
    });
    door = await openDoor(house.db, [enter, ...taskRoutes({ ...house, connectors })]);
  });
  afterEach(async () => {
    await door.close();
    await house.close();
  });

  async function signedIn(account: string) {
    const call = createBrowser(door.url);
    const headers = { accept: 'application/json' };
    const { csrf } = (await call('POST', '/api/v1/enter', { body: { as: account }, headers })).json();
    return (method: string, path: string, body?: unknown) =>
      call(method, path, { headers: { ...headers, 'x-csrf-token': csrf }, ...(body === undefined ? {} : { body }) });
  }
  async function received(kind: 'access' | 'erasure') {
    return house.story((trx) =>
      house.requests.receive(trx, {
        ...{ channel: 'email', kind, receivedAt: house.clock.now() },
        from: { email: 'ada@example.ru', name: 'Ада Лавлейс' },
      }),
    );
  }

  it('is listed and done by the officer, once, and not by a user', async () => {
    const ada = await house.aPerson();
    const { id } = await received('erasure');
    const { plan } = await house.story((trx) =>
      house.requests.identify(trx, id, { subject: ada, method: 'known-address', by: 'acc_boris' }),
    );
    await house.story((trx) => house.retention.check(trx, plan ?? '', anna.account));
    await house.jobs.idle();
    const call = await signedIn(anna.account);
    const [task] = (await call('GET', '/api/v1/tasks?open=true')).json();
    expect(task).to.include({ connector: 'cupboard', action: 'erase', run: plan, subject: ada, doneAt: null });
    expect((await call('POST', `/api/v1/tasks/${task.id}/done`, { records: -1 })).status).to.equal(400);
    const done = await call('POST', `/api/v1/tasks/${task.id}/done`, { records: 2 });
    expect(done.json()).to.include({ id: task.id, doneBy: anna.account, records: 2 });
    expect((await call('POST', `/api/v1/tasks/${task.id}/done`, { records: 2 })).status).to.equal(409);
    expect((await call('GET', '/api/v1/tasks?open=true')).json()).to.deep.equal([]);
    const user = await signedIn(boris.account);
    expect((await user('GET', '/api/v1/tasks')).status).to.equal(403);
    await house.retention.execute(plan ?? '', { jobId: 'again' });
    expect((await house.retention.plans.get(plan ?? '')).state).to.equal('executed');
  });

  it('a request is taken back by its number, once', async () => {
    const { number } = await received('access');
    const path = `/api/v1/requests/${number.replace('ЗС', 'zs')}/withdraw`;
    const call = await signedIn(anna.account);
    const answer = await call('POST', path, { text: 'Больше не нужно.' });
    expect(answer.status).to.equal(200);
    expect(answer.json()).to.include({ number, state: 'closed', answeredAt: null });
    expect((await call('POST', path, {})).status).to.equal(409);
    expect((await (await signedIn(boris.account))('POST', path, {})).status).to.equal(403);
  });
});
