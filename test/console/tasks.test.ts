import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createConnectors } from '../../core/connectors/index.ts';
import { taskRoutes } from '../../core/console/index.ts';
import { route } from '../../core/http/index.ts';
import { anna, boris, createBrowser, type House as Door, openHouse as openDoor } from '../http/house.ts';
import { type House, openHouse } from '../retention/house.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { settle } from '../support/people.ts';

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
        {
          ...{ id: 'folder', kind: 'manual', title: words('Папка'), system: words('Бумажный архив') },
          ...{ subject: 'customer', purposes: [], schedule: 'account.profile', automation: 'none' },
          ...{ fields: { paper: 'support.letter' }, instructions: words('Откройте папку.') },
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
    const [task, folder] = (await call('GET', '/api/v1/tasks?open=true')).json();
    expect(task).to.include({ connector: 'cupboard', action: 'erase', run: plan, subject: ada, doneAt: null });
    await call('POST', `/api/v1/tasks/${folder.id}/done`, { records: 0 });
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

  it('papers are done only with their carriers and sheets, over the API', async () => {
    const subject = await house.aPerson();
    const cause = { kind: 'request', about: 'req_1' } as const;
    const plan = await house.story((trx) => house.retention.plan(trx, subject, { cause, by: boris.account }));
    await house.story((trx) => house.retention.check(trx, plan.id, anna.account));
    await house.jobs.idle();
    const call = await signedIn(anna.account);
    const open = (await call('GET', '/api/v1/tasks?open=true')).json() as { id: string; automation: string | null }[];
    const path = `/api/v1/tasks/${open.find(({ automation }) => automation === 'none')?.id}/done`;
    const carriers = {
      list: [{ name: 'Договор № 7', sheets: 12 }],
      way: 'сжигание',
      by: { name: 'Архивов Пётр Ильич', post: 'архивариус' },
    };
    const wrong: [string, object][] = [
      ['carriers', { records: 1 }],
      ['carriers.list', { records: 1, carriers: { ...carriers, list: [] } }],
      ['carriers.list.0.sheets', { records: 1, carriers: { ...carriers, list: [{ name: 'Договор', sheets: 0 }] } }],
      ['carriers.list.0.sheets', { records: 1, carriers: { ...carriers, list: [{ name: 'Договор', sheets: '12' }] } }],
      ['carriers.list.0.name', { records: 1, carriers: { ...carriers, list: [{ name: ' ', sheets: 2 }] } }],
      ['carriers.way', { records: 1, carriers: { list: carriers.list, by: carriers.by } }],
      ['carriers', { records: 0, carriers }],
    ];
    for (const [field, body] of wrong) {
      const answer = await call('POST', path, body);
      expect(answer.status, JSON.stringify(body)).to.equal(400);
      expect(answer.json().errors[0].field, JSON.stringify(body)).to.equal(field);
    }
    expect((await call('POST', path, { records: 1, carriers })).json()).to.include({ records: 1 });
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

describe('tasks for people on their pages', () => {
  let test: TestApp;
  let browser: ReturnType<typeof createBrowser>;

  beforeEach(async () => {
    test = await startApp({ at: '2026-05-15T10:00', operator: 'chat2desk' });
    const { db, accounts, datamap, retention } = test.app.engine;
    const link = new URL((await test.app.setupLink()) as string).pathname.split('/').at(-1) as string;
    const chief = { email: 'chief@example.org', name: 'Первый Пётр', password: 'chief of the house' };
    const { account } = await accounts.staff.setPassword(link, chief);
    const officer = { email: 'dpo@example.org', name: 'Соколова Инна Викторовна', position: 'архивариус' };
    const { token } = await db.transaction((trx) =>
      accounts.staff.invite(trx, { ...officer, roles: ['dpo'], by: account }),
    );
    await accounts.staff.setPassword(token, { password: 'officer of the house' });
    const subject = await db.transaction((trx) => datamap.subjects.create(trx, { kind: 'relay-user' }));
    const cause = { kind: 'request', about: 'req_1' } as const;
    const plan = await db.transaction((trx) => retention.plan(trx, subject, { cause }));
    await db.transaction((trx) => retention.check(trx, plan.id, account));
    await settle(test);
    browser = createBrowser(test.app.url);
    const signIn = { email: officer.email, password: 'officer of the house' };
    const { token: csrf } = await browser('GET', '/auth/login');
    await browser('POST', '/auth/login', { form: { ...signIn, _csrf: csrf } });
  });
  afterEach(() => test.close());

  /** The page of the task for papers. */
  async function papers(): Promise<string> {
    const list = await browser('GET', '/dpo/tasks');
    expect(list.status).to.equal(200);
    const row = list.text.split('<tr>').find((one) => one.includes('Документы на бумаге')) ?? '';
    expect(row).to.include('бумаги: нужны носители и листы');
    return /href="(\/dpo\/tasks\/tsk_\w+)"/.exec(row)?.[1] ?? '';
  }
  const done = { way: 'измельчение в шредере', name: 'Соколова Инна Викторовна', post: 'архивариус' };

  it('papers are done in the form of the page, which keeps what was typed', async () => {
    const path = await papers();
    const { text, token } = await browser('GET', path);
    expect(text).to.include('value="Соколова Инна Викторовна"').and.include('value="архивариус"');
    expect(text.match(/name="carrier"/g)).to.have.length(3);
    const send = (fields: [string, string][]) =>
      browser('POST', path, { form: [...Object.entries(done), ...fields, ['_csrf', token]] });

    const more = await send([
      ['carrier', 'Договор № 7'],
      ['sheets', '12'],
      ['more', '1'],
    ]);
    expect(more.status).to.equal(200);
    expect(more.text).to.include('value="Договор № 7"').and.not.include('class="summary"');
    expect(more.text.match(/name="carrier"/g)).to.have.length(4);

    const zero = await send([
      ['records', '2'],
      ['carrier', 'Договор № 7'],
      ['sheets', '0'],
      ['carrier', ''],
      ['sheets', '4'],
    ]);
    expect(zero.status).to.equal(422);
    expect(zero.text).to.include('Носитель 1: укажите число листов, не меньше одного');
    expect(zero.text).to.include('Носитель 2: укажите название').and.include('value="Договор № 7"');
    const none = await send([['records', '2']]);
    expect(none.status).to.equal(422);
    expect(none.text).to.include('Назовите каждый уничтоженный носитель и число его листов');
    expect((await send([['records', 'две']])).text).to.include('Укажите число записей');

    const sent = await send([
      ['records', '2'],
      ['carrier', 'Договор № 7'],
      ['sheets', '12'],
      ['carrier', ''],
      ['sheets', ''],
    ]);
    expect(sent.status).to.equal(303);
    const closed = await browser('GET', path);
    expect(closed.text).to.include('Задача исполнена.').and.not.include('name="carrier"');
  });

  it('another system asks for no carriers', async () => {
    const list = await browser('GET', '/dpo/tasks');
    const row = list.text.split('<tr>').find((one) => one.includes('Списки рассылки')) ?? '';
    const path = /href="(\/dpo\/tasks\/tsk_\w+)"/.exec(row)?.[1] ?? '';
    const { text, token } = await browser('GET', path);
    expect(text).to.include('Вместе с записями уничтожены и бумаги');
    const form = { records: '1', way: '', ...{ name: '', post: '' }, _csrf: token };
    expect((await browser('POST', path, { form })).status).to.equal(303);
    expect((await browser('GET', '/dpo/tasks?view=done')).text).to.include('Списки рассылки');
  });

  it('what is found for an answer is a line each, and stands in the package', async () => {
    const { db, requests, datamap, clock } = test.app.engine;
    const subject = await db.transaction((trx) => datamap.subjects.create(trx, { kind: 'relay-user' }));
    const intake = { channel: 'post', kind: 'access', receivedAt: clock.now(), from: { name: 'Ада' } } as const;
    const { id } = await db.transaction((trx) => requests.receive(trx, intake));
    const identity = { subject, method: 'in-person', by: 'acc_dpo' };
    await db.transaction((trx) => requests.identify(trx, id, identity));
    await requests.collect(id).catch(() => {}); // it waits for people
    const { text } = await browser('GET', '/dpo/tasks');
    const rows = text.split('<tr>').filter((one) => one.includes('Найти и выписать данные'));
    expect(rows.length).to.be.greaterThan(5);
    for (const row of rows) {
      const path = /href="(\/dpo\/tasks\/tsk_\w+)"/.exec(row)?.[1] ?? '';
      const { token } = await browser('GET', path);
      const found = row.includes('Документы на бумаге') ? 'Договор от 03.02.2024\n\nЗаявление' : '';
      expect((await browser('POST', path, { form: { found, _csrf: token } })).status).to.equal(303);
    }
    const parts = await requests.collect(id);
    const papersPart = parts.find(({ store }) => store === 'connectors.papers');
    expect(papersPart).to.include({ outcome: 'collected', rows: 2 });
    expect(parts.find(({ store }) => store === 'connectors.mailings')).to.include({ outcome: 'not_found' });
    // The answer tells of papers, too: they are processed without automation (152-ФЗ ст. 14 ч. 7 п. 3).
    const { answerDocument } = await db.transaction((trx) => requests.answer(trx, id, { by: 'acc_dpo' }));
    const folder = mkdtempSync(join(tmpdir(), 'srok-answer-'));
    const file = join(folder, 'answer.pdf');
    writeFileSync(file, await test.app.engine.letters.documents.pdf(answerDocument ?? ''));
    const words = execFileSync('pdftotext', [file, '-'], { encoding: 'utf8' }).replace(/\s+/g, ' ');
    rmSync(folder, { recursive: true });
    expect(words).to.include('смешанная обработка, с использованием средств автоматизации и без них');
  });
});
