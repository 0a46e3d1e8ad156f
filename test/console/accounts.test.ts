import { expect } from 'chai';
import { createPerson, type Person, publish } from '../../core/cli/demo/client.ts';
import { createBrowser } from '../http/house.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { aCrew, aUser, type Crew, expectStatus, type Planted, publishEditions, settle } from '../support/people.ts';

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

describe('one project that staff suspend', function () {
  this.timeout(60_000);
  let test: TestApp;
  let crew: Crew;
  let vera: Planted;
  let project: string;
  let beside: string;
  let tokens: string[];

  before(async () => {
    test = await startApp({ at: '2026-05-05T10:00' });
    await publishEditions(test.app);
    crew = await aCrew(test.app);
    vera = await aUser(test, crew, 'vera', 'Верина Вера Васильевна');
    [beside = '', project = ''] = vera.ids.filter((id) => id.startsWith('prj_'));
    const issued = [project, beside].map((id) => vera.browser.send('POST', `/api/v1/projects/${id}/tokens`, {}));
    tokens = (await Promise.all(issued)).map((answer) => expectStatus(answer, 201).token);
  });
  after(() => test.close());

  const act = (what: 'block' | 'unblock', body: object, who: Person = crew.dpo, id = project) =>
    who.send('POST', `/api/v1/projects/${id}/${what}`, body);
  const publishing = async () =>
    Promise.all(tokens.map(async (token) => (await publish(test.app.url, token, 'a', Buffer.from('1'))).status));

  it('is not suspended on another ground, without a reason, or by anybody else', async () => {
    for (const body of [{ ground: 'inactivity', reason: 'Не заходит' }, { ground: 'bypass', reason: ' ' }, {}]) {
      expect((await act('block', body)).status, JSON.stringify(body)).to.equal(400);
    }
    const order = { ground: 'violation', reason: 'Жалоба' };
    for (const who of [crew.auditor, crew.cashier, crew.specialists[0].browser, vera.browser]) {
      expect((await act('block', order, who)).status).to.equal(403);
      expect((await act('unblock', { reason: 'Всё' }, who)).status).to.equal(403);
    }
    const nobody = `prj_${'0'.repeat(26)}`;
    expect((await act('block', order, crew.dpo, nobody)).status).to.equal(404);
    expect((await act('unblock', { reason: 'Нет такого' }, crew.dpo, nobody)).status).to.equal(404);
    expect((await act('unblock', { reason: 'Не приостановлен' })).status).to.equal(409);
  });

  it('stands still at once on a coded ground with a reason, its owner is told, and it comes back', async () => {
    const blocked = expectStatus(await act('block', { ground: 'unlawful', reason: 'Фишинг, жалоба № 8' }), 200);
    expect(blocked).to.deep.include({ id: project, plan: 'start', state: 'suspended', grounds: ['violation'] });
    expect(Object.keys(blocked).sort()).to.deep.equal([
      'activatedAt',
      'blockGround',
      'createdAt',
      'grounds',
      'id',
      'plan',
      'state',
    ]);
    expect(await publishing()).to.deep.equal([403, 202]);
    expect((await act('block', { ground: 'bypass', reason: 'Ещё раз' })).status).to.equal(409);
    await settle(test);
    const notices = expectStatus(await vera.browser.get('/api/v1/notices'), 200);
    const told = JSON.stringify(notices.filter(({ template }: { template: string }) => template === 'project.blocked'));
    expect(told).to.include('Проект vera start').and.to.include('в противоправных целях').and.to.include('возразить');

    expectStatus(await act('unblock', { reason: 'Страница удалена' }), 200);
    expect(await publishing()).to.deep.equal([202, 202]);
    await settle(test);
    const [last] = expectStatus(await vera.browser.get('/api/v1/notices'), 200);
    expect(last.template).to.equal('project.unblocked');
    expect(JSON.stringify(last)).to.include('Приостановление проекта').and.to.include('снова можно передавать');
    await test.app.engine.journal.sealUp();
    const said = await test.app.engine.journal.list({ about: project, prefix: 'project.', order: 'oldest' });
    const acts = said.filter(({ action }) => ['project.blocked', 'project.unblocked'].includes(action));
    expect(acts.map(({ action, body }) => [action, body?.reason])).to.deep.equal([
      ['project.blocked', 'Фишинг, жалоба № 8'],
      ['project.unblocked', 'Страница удалена'],
    ]);
    expect(new Set(acts.map(({ actor }) => actor)).size).to.equal(1);
  });

  it('is suspended and resumed by forms on the account’s page, which names projects by their ids alone', async () => {
    const staff = createBrowser(test.app.url);
    const email = 'orlov@staff.example.org';
    const entry = { body: { email, password: `pass-${email}` }, headers: { accept: 'application/json' } };
    expect((await staff('POST', '/api/v1/session', entry)).status).to.equal(200);
    const main = (html: string): string =>
      (html.split('<main')[1] ?? '').replaceAll(/<[^>]*>/g, ' ').replaceAll(/[\s\u00a0]+/g, ' ');
    const account = `/admin/accounts/${vera.account}`;
    const card = (await staff('GET', account)).text;
    for (const id of [project, beside]) expect(card).to.include(`${account}/projects/${id}/block"`);
    expect(main(card)).to.not.match(/Проект vera|Верин/);

    const form = `${account}/projects/${project}/block`;
    const { token: _csrf, text } = await staff('GET', form);
    expect(main(text))
      .to.include(project)
      .and.to.not.match(/Проект vera|Верин/);
    const other = await aUser(test, crew, 'boris', 'Борисов Борис Борисович');
    expect((await staff('GET', `/admin/accounts/${other.account}/projects/${project}/block`)).status).to.equal(404);
    const empty = await staff('POST', form, { form: { _csrf, ground: '', reason: '' } });
    expect(main(empty.text)).to.include('Выберите значение из списка');
    expect(empty.text.match(/href="#reason"/g)).to.have.length(1);
    expect(main(empty.text)).to.include('Заполните это поле').and.not.to.include('в нужном виде');
    const done = await staff('POST', form, { form: { _csrf, ground: 'security', reason: 'Перебор токенов' } });
    expect([done.status, done.headers.get('location')]).to.deep.equal([303, account]);
    const after = (await staff('GET', account)).text;
    expect(main(after)).to.include('Проект приостановлен, письмо владельцу поставлено в очередь.');
    expect(after)
      .to.include(`${account}/projects/${project}/unblock"`)
      .and.to.include(`${account}/projects/${beside}/block"`);
    expect(main(after)).to.include('по решению сотрудника: угроза безопасности сервиса');
    const again = await staff('POST', form, { form: { _csrf, ground: 'security', reason: 'Ещё раз' } });
    expect([again.status, main(again.text)]).to.satisfy(
      ([status, said]: [number, string]) => status === 409 && said.includes('Проект уже приостановлен'),
    );

    const lift = `${account}/projects/${project}/unblock`;
    expect(main((await staff('GET', lift)).text)).to.include('по решению сотрудника: угроза безопасности сервиса');
    const lifted = await staff('POST', lift, { form: { _csrf, reason: 'Токены отозваны' } });
    expect([lifted.status, lifted.headers.get('location')]).to.deep.equal([303, account]);
    expect(main((await staff('GET', account)).text)).to.include(
      'Приостановление снято, письмо владельцу поставлено в очередь.',
    );
    expect(await publishing()).to.deep.equal([202, 202]);
  });
});
