import { expect } from 'chai';
import type { Locale } from '../../core/index.ts';
import { createBrowser } from '../http/house.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { publishEditions } from '../support/people.ts';

const json = { accept: 'application/json' };
const password = 'correct horse battery staple';
type Call = ReturnType<typeof createBrowser>;

describe('«Увеличить лимиты», for the owner of a project and for who records payments', function () {
  this.timeout(60_000);
  let test: TestApp;
  let owner: Call;
  let stranger: Call;
  const csrf = new Map<Call, string>();
  let cashier: Call;
  let project: string;

  before(async () => {
    test = await startApp({ at: '2026-05-05T10:00' });
    await publishEditions(test.app);
    const { staff } = test.app.engine.accounts;
    const link = await staff.firstLink();
    const admin = await staff.setPassword(link?.token ?? '', { password, email: 'admin@op.example', name: 'Зимина' });
    const { token } = await test.app.engine.db.transaction((trx) =>
      staff.invite(trx, {
        ...{ email: 'cash@op.example', name: 'Лебедева', position: 'Бухгалтер' },
        ...{ roles: ['billing'], by: admin.account },
      }),
    );
    await staff.setPassword(token, { password });
    [owner, stranger, cashier] = [
      createBrowser(test.app.url),
      createBrowser(test.app.url),
      createBrowser(test.app.url),
    ];
    await register('owner@mail.example', owner);
    await register('other@mail.example', stranger);
    await enter('cash@op.example', cashier);
    project = await make('Магазин', 'start');
  });
  after(() => test.close());

  async function register(email: string, call: Call): Promise<void> {
    const editions = (await call('GET', '/api/v1/editions/current', { headers: json })).json();
    const of = (kind: string) =>
      editions.filter((one: { kind: string }) => one.kind === kind).map((one: { id: string }) => one.id);
    const body = { email, password, name: 'Новый Человек', accepts: of('contract'), acquaints: of('policy') };
    await call('POST', '/api/v1/accounts', { body, headers: json });
    await enter(email, call);
  }

  async function enter(email: string, call: Call): Promise<void> {
    const session = await call('POST', '/api/v1/session', { body: { email, password }, headers: json });
    csrf.set(call, session.json().csrf);
  }

  const api = (call: Call, method: string, path: string, body: unknown) =>
    call(method, path, { headers: { ...json, 'x-csrf-token': csrf.get(call) ?? '' }, body });

  async function make(name: string, plan: string): Promise<string> {
    return (await api(owner, 'POST', '/api/v1/projects', { name, plan })).json().project.id;
  }

  let payments = 0;
  const pay = (order: object) =>
    api(cashier, 'POST', '/api/v1/payments', {
      ...{ externalId: `bank-${++payments}`, project, payer: { name: 'ООО «Пример»', email: 'buh@example.org' } },
      ...order,
    });
  const period = { plan: 'start', months: 1, kopecks: 99_000 };

  const main = (html: string): string =>
    (html.split('<main')[1] ?? '').replaceAll(/<[^>]*>/g, ' ').replaceAll(/[\s\u00a0]+/g, ' ');
  const show = async (query = '', { id = project, call = owner }: { id?: string; call?: Call } = {}) => {
    const { status, text } = await call('GET', `/my/projects/${id}/plan${query}`);
    return { status, text, words: main(text) };
  };
  const speak = async (lang: Locale) => {
    const { token: _csrf } = await owner('GET', '/my/projects');
    await owner('POST', '/settings', { form: { _csrf, lang, back: '/my/projects' } });
  };

  it('is not offered before the first payment, nor for a free project, and nobody else’s project is there', async () => {
    const free = await make('Бесплатный', 'free');
    for (const id of [project, free]) {
      expect(main((await owner('GET', `/my/projects/${id}`)).text)).not.to.include('Увеличить лимиты');
      expect((await show('', { id })).words).to.include('увеличивать нечего');
    }
    expect((await show('', { call: stranger })).status).to.equal(404);
    expect((await show('', { call: createBrowser(test.app.url) })).status).to.equal(302);
  });

  it('says the price, the limits and the last day of the plan that is chosen, and how to pay', async () => {
    expect((await pay(period)).status).to.equal(201);
    await test.advance('2026-05-20T12:00');
    for (const page of ['', '/usage']) {
      const { text } = await owner('GET', `/my/projects/${project}${page}`);
      expect(text).to.include(`href="/my/projects/${project}/plan">Увеличить лимиты</a>`);
    }
    const before = await show();
    expect(before.status).to.equal(200);
    expect(before.text).to.include('<form method="get"').and.not.to.include('value="mini"');
    expect(before.words).to.include('Бизнес: доплата 2 018,06 ₽');
    expect(before.words).not.to.include('Как оплатить');
    const { words } = await show('?plan=business');
    for (const said of [
      'К оплате 2 018,06 ₽',
      'с оплаты и по 05.06.2026 включительно',
      '(4 900,00 ₽ − 990,00 ₽) × 16 / 31 день (Оферта, п. 4.1.3)',
      'Сообщений в сутки 100 000 5 000 000',
      'Соединений 1 000 20 000',
      `Проект ${project}`,
      'Оператор help@qsockets.ru',
      'Цена на 20.05.2026',
    ]) {
      expect(words).to.include(said);
    }
    expect((await show('?plan=mini')).words)
      .to.include('выберите из списка')
      .and.not.to.include('Как оплатить');
    await speak('en');
    expect((await show('?plan=business')).words)
      .to.include('Raise the limits')
      .and.not.match(/доплат|Лимит/i);
    await speak('ru');
  });

  it('begins with the payment that the bookkeeper records, once, and with no other sum', async () => {
    const change = { kind: 'change', plan: 'business', kopecks: 201_806 };
    const wrong = await pay({ ...change, kopecks: 200_000 });
    expect(wrong.status).to.equal(400);
    expect(wrong.json()).to.include({ code: 'payment.wrong-amount', expected: 201_806 });
    for (const order of [
      { ...change, months: 1 },
      { plan: 'business', kopecks: 490_000 },
    ]) {
      expect((await pay(order)).json()).to.include({ code: 'payment.wrong-period' });
    }
    expect((await pay({ ...change, kind: 'gift' })).status).to.equal(400);
    const first = await pay({ ...change, externalId: 'raise' });
    expect(first.status).to.equal(201);
    expect(first.json().period).to.include({ plan: 'business', lastDay: '2026-06-05' });
    const again = await pay({ ...change, externalId: 'raise' });
    expect([again.status, again.json().payment]).to.deep.equal([200, first.json().payment]);
    const twice = await pay(change);
    expect([twice.status, twice.json().code]).to.deep.equal([409, 'law.plan-not-more']);

    expect(main((await owner('GET', `/my/projects/${project}`)).text)).to.include('тариф «Бизнес»');
    expect(main((await owner('GET', '/my/billing')).text)).to.include('2 018,06 ₽');
    expect((await show()).words)
      .to.include('лимиты только увеличивают')
      .and.not.to.include('Показать цену');
  });

  it('has nothing to offer on the last paid day, and after it leads to a new period', async () => {
    const other = await make('Второй', 'start');
    await pay({ ...period, project: other });
    await test.advance('2026-06-20T00:00');
    expect((await show('', { id: other })).words).to.include('Доплачивать нечего');
    await test.advance('2026-06-21T00:10');
    expect((await show('', { id: other })).words).to.include('Оплаченного периода нет');
    const { status, json: body } = await pay({ project: other, plan: 'business', months: 1, kopecks: 490_000 });
    expect([status, body().period.plan]).to.deep.equal([201, 'business']);
    expect(main((await owner('GET', `/my/projects/${other}`)).text)).to.include('Работает');
  });
});
