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

  const api = (call: Call, method: string, path: string, body: unknown, headers = {}) =>
    call(method, path, { headers: { ...json, 'x-csrf-token': csrf.get(call) ?? '', ...headers }, body });

  async function make(name: string, plan: string): Promise<string> {
    return (await api(owner, 'POST', '/api/v1/projects', { name, plan })).json().project.id;
  }

  let payments = 0;
  const pay = (order: object, headers = {}) => {
    const payer = { name: 'ООО «Пример»', email: 'buh@example.org' };
    const body = { externalId: `bank-${++payments}`, project, payer, ...order };
    return api(cashier, 'POST', '/api/v1/payments', body, headers);
  };
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
    }
    expect((await show('', { id: project })).words).to.include('Проект ждёт первой оплаты');
    const { words, text } = await show('', { id: free });
    expect(words).to.include('оплаченного периода у него нет').and.not.to.include('Как оплатить');
    expect(text).to.include('href="/my/projects#new">Создать проект</a>');
    expect((await owner('GET', '/my/projects')).text).to.include('id="new"');
    expect(main((await owner('GET', `/my/projects/${free}`)).text)).not.to.include('Как оплатить');
    expect((await show('', { call: stranger })).status).to.equal(404);
    expect((await show('', { call: createBrowser(test.app.url) })).status).to.equal(302);
  });

  it('says how to pay for the first time while the project waits for that, with the sums of its plan', async () => {
    for (const page of ['', '/plan']) {
      const words = main((await owner('GET', `/my/projects/${project}${page}`)).text);
      expect(words.match(/Как оплатить Платёж принимает оператор/g)).to.have.length(1);
      for (const said of ['1 месяц: 990 ₽', '3 месяца: 2 970 ₽', '12 месяцев: 11 880 ₽', project, 'help@qsockets.ru']) {
        expect(words).to.include(said);
      }
    }
    await speak('en');
    const english = main((await owner('GET', `/my/projects/${project}`)).text);
    expect(english).to.include('3 months: RUB 2,970');
    await speak('ru');
  });

  it('is refused to bookkeepers in the language that they ask for, with sums in roubles', async () => {
    const wrong = { ...period, kopecks: 99_050 };
    for (const [language, said] of [
      ['ru', 'Тариф «Старт»: полагается 990 ₽, пришло 990,50 ₽.'],
      ['en-GB, ru;q=0.5', 'Plan “Старт”: RUB 990 is due, and RUB 990.50 came.'],
      ['*', 'Тариф «Старт»: полагается 990,00 ₽, пришло 990,50 ₽.'],
    ] as const) {
      const { detail, errors, ...rest } = (await pay(wrong, { 'accept-language': language })).json();
      const plain = (text: string) => text.replaceAll('\u00a0', ' ');
      expect([plain(detail), plain(errors[0].message)]).to.deep.equal([said, said]);
      expect(rest).to.include({ code: 'payment.wrong-amount', expected: 99_000, kopecks: 99_050 });
    }
    const early = await pay({ ...period, paidAt: '2026-05-04T23:59:59+03:00' }, { 'accept-language': 'en' });
    expect(early.json()).to.include({ code: 'payment.before-project', createdOn: '2026-05-05' });
    expect(early.json().detail).to.include('created on 2026-05-05');
    const asOwner = await api(owner, 'POST', '/api/v1/payments', {});
    expect([asOwner.status, asOwner.json().detail]).to.deep.equal([403, 'This takes one of the roles: billing.']);
    const inRussian = await api(owner, 'POST', '/api/v1/payments', {}, { 'accept-language': 'ru' });
    expect(inRussian.json().detail).to.equal('Для этого нужна другая роль.');
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
      '(4 900,00 ₽ − 990,00 ₽) × 16 / 31 день',
      'по документам (Оферта, п. 4.1.3); цены в них нет, порядок её расчёта установил сам оператор',
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
    const english = await show('?plan=business');
    expect(english.words)
      .to.include('Raise the limits')
      .and.not.match(/доплат|Лимит/i);
    // What is left in Russian is marked so, and another language is one of the same choice.
    expect(main(english.text.replaceAll(/<span lang="ru">[^<]*<\/span>/g, ''))).not.to.include('31 день');
    const back = `/my/projects/${project}/plan?plan=business`;
    expect(english.text).to.include(`name="back" value="${back}"`);
    const { token: _csrf } = await owner('GET', '/my/projects');
    const changed = await owner('POST', '/settings', { form: { _csrf, lang: 'ru', back } });
    expect([changed.status, changed.headers.get('location')]).to.deep.equal([303, back]);
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
      expect((await pay(order)).json()).to.include({ code: 'payment.months' });
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
      .to.include('У проекта уже наибольший тариф.')
      .and.not.to.include('Показать цену');
    for (const page of ['', '/usage']) {
      expect((await owner('GET', `/my/projects/${project}${page}`)).text).not.to.include('/plan"');
    }
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
