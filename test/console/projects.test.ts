import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { relayOf } from '../../plugins/relay/index.ts';
import { createBrowser } from '../http/house.ts';
import { pathOf, peerOf, serverOf } from '../relay/pusher.ts';
import { moscow, startApp, type TestApp } from '../support/app.ts';

const json = { accept: 'application/json' };
const password = 'correct horse battery staple';
type Call = ReturnType<typeof createBrowser>;

describe('the pages of a project', function () {
  this.timeout(60_000);
  let test: TestApp;
  let owner: Call;
  let stranger: Call;
  let csrf: string;
  let project: string;
  let token: string;
  let first: string; // the id of the token that came with the project

  before(async () => {
    test = await startApp({ at: '2026-05-12T14:30' });
    const { db, consents } = test.app.engine;
    for (const document of ['offer', 'policy']) {
      const published = Temporal.PlainDate.from('2026-04-30');
      const edition = { document, bytes: Buffer.from('Текст'), mime: 'text/plain', published, effective: published };
      await db.transaction((trx) => consents.editions.add(trx, edition));
    }
    owner = createBrowser(test.app.url);
    stranger = createBrowser(test.app.url);
    csrf = await register('owner@mail.example', owner);
    await register('other@mail.example', stranger);
    const made = (await api('POST', '/api/v1/projects', { name: 'Чат', plan: 'free' })).json();
    project = made.project.id;
    token = made.token.token;
    first = made.token.id;
  });
  after(() => test.close());

  async function register(email: string, call: Call): Promise<string> {
    const editions = (await call('GET', '/api/v1/editions/current', { headers: json })).json();
    const of = (kind: string) =>
      editions.filter((one: { kind: string }) => one.kind === kind).map((one: { id: string }) => one.id);
    const body = { email, password, name: 'Новый Человек', accepts: of('contract'), acquaints: of('policy') };
    await call('POST', '/api/v1/accounts', { body, headers: json });
    return (await call('POST', '/api/v1/session', { body: { email, password }, headers: json })).json().csrf;
  }

  const api = (method: string, path: string, body?: unknown) =>
    owner(method, path, { headers: { ...json, 'x-csrf-token': csrf }, ...(body === undefined ? {} : { body }) });
  const at = (page: string): string => `/my/projects/${project}${page}`;
  const main = (html: string): string =>
    (html.split('<main')[1] ?? '').replaceAll(/<[^>]*>/g, ' ').replaceAll(/[\s\u00a0]+/g, ' ');

  async function publish(channel: string, body: string | Uint8Array, type = 'text/plain'): Promise<number> {
    const answer = await fetch(`${test.app.url}/relay/v1/channels/${encodeURIComponent(channel)}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      body: body as never,
    });
    expect(answer.status).to.equal(202);
    return ((await answer.json()) as { offset: number }).offset;
  }

  /** Sends a form of the page with the token that the page carries. */
  async function send(
    page: string,
    path: string,
    form: Record<string, string> | [string, string][] = {},
    call = owner,
  ) {
    const { token: _csrf } = await owner('GET', at(page));
    const fields = Array.isArray(form) ? form : Object.entries(form);
    return call('POST', at(path), { form: [['_csrf', _csrf], ...fields] });
  }

  const idIn = (html: string): string =>
    /name="id" value="(tok_[^"]+)"/.exec(html.split('Новый токен')[1] ?? '')?.[1] ?? '';

  it('are each the owner’s: for anybody else there is no such project, for a visitor a sign-in', async () => {
    const pages = [
      '',
      '/usage',
      '/usage.csv',
      '/events',
      '/debug?channel=a',
      '/code',
      '/tokens',
      '/tokens/pusher',
      '/delete',
      '/settings',
    ];
    const visitor = createBrowser(test.app.url);
    for (const page of pages) {
      expect((await owner('GET', at(page))).status, page).to.equal(200);
      expect((await stranger('GET', at(page))).status, page).to.equal(404);
      expect((await visitor('GET', at(page))).status, page).to.equal(302);
    }
    const { token: _csrf } = await stranger('GET', '/my/projects');
    const forms: [string, Record<string, string>][] = [
      ['/tokens', { id: `tok_${'0'.repeat(26)}`, rights: 'read' }],
      ['/tokens', { id: 'x' }],
      [`/tokens/${first}/rotate`, { id: `tok_${'0'.repeat(26)}`, overlap: '0' }],
      [`/tokens/${first}/revoke`, {}],
      ['/tokens/pusher', { id: `tok_${'0'.repeat(26)}`, rights: 'read' }],
      [`/tokens/pusher/${first}/revoke`, {}],
      ['/delete', { name: 'Чат' }],
    ];
    for (const [path, form] of forms) {
      expect((await stranger('POST', at(path), { form: { _csrf, ...form } })).status, path).to.equal(404);
      expect((await owner('POST', at(path), { form })).status, `${path} without a token`).to.equal(403);
      expect((await owner('POST', at(path), { form: { _csrf: 'wrong', ...form } })).status, path).to.equal(403);
    }
    const theirs = (await stranger('GET', '/api/v1/session', { headers: json })).json().csrf;
    const order = { token: first, channels: ['*'], rights: ['subscribe'] };
    const ticket = (call: Call, header: string) =>
      call('POST', `/api/v1/projects/${project}/tickets`, {
        body: order,
        headers: { ...json, 'x-csrf-token': header },
      });
    expect((await ticket(stranger, theirs)).status).to.equal(404);
    expect((await ticket(owner, theirs)).status).to.equal(403);
    expect((await api('GET', `/api/v1/projects/${project}`)).json().tokens).to.have.length(1);
  });

  describe('and the same form or call sent twice', () => {
    const oneTime = (html: string): string => /name="key" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const tokenIn = (html: string): string => /srok_[0-9a-z]{26}_[\w-]{43}/.exec(html)?.[0] ?? '';
    const projectsOf = async (call: Call) =>
      (await call('GET', '/api/v1/projects', { headers: json })).json().projects as { id: string; name: string }[];

    it('makes one project that waits for its payment, and shows it both times', async () => {
      const buyer = createBrowser(test.app.url);
      await register('buyer@mail.example', buyer);
      const { text, token: _csrf } = await buyer('GET', '/my/projects');
      const form = { _csrf, name: 'Магазин', plan: 'start', key: oneTime(text) };
      const answers = await Promise.all([1, 2, 3].map(() => buyer('POST', '/my/projects', { form })));
      const [only, ...others] = await projectsOf(buyer);
      expect(others).to.deep.equal([]);
      for (const { status, headers } of answers) {
        expect([status, headers.get('location')]).to.deep.equal([303, `/my/projects/${only?.id}`]);
      }
      const waiting = main((await buyer('GET', `/my/projects/${only?.id}`)).text);
      expect(waiting).to.contain('Проект ждёт оплаты.').and.contain('Оплата и документы');
      expect(waiting).not.to.match(/Попробовать|прогнозировать/);
      for (const page of ['/tokens', '/tokens/pusher', '/debug']) {
        const { text: shown } = await buyer('GET', `/my/projects/${only?.id}${page}`);
        expect(main(shown), page).to.contain('Проект ждёт оплаты: ');
      }
      const nameless = await buyer('POST', '/my/projects', { form: { ...form, name: '' } });
      expect(main(nameless.text)).to.contain('Название: Заполните это поле');
      // Gone back to, filled in anew and sent, it is told apart; sent from the page that says so, it is a new one.
      const other = await buyer('POST', '/my/projects', { form: { ...form, name: 'Склад' } });
      expect(other.status).to.equal(422);
      expect(main(other.text)).to.contain('Это уже отправлено с другим содержанием.');
      expect(await projectsOf(buyer)).to.have.length(1);
      const again = { _csrf: other.token, name: 'Склад', plan: 'start', key: oneTime(other.text) };
      expect((await buyer('POST', '/my/projects', { form: again })).status).to.equal(303);
      expect((await projectsOf(buyer)).map(({ name }) => name)).to.have.members(['Магазин', 'Склад']);
    });

    it('makes one free project with one token, which is shown both times', async () => {
      const newcomer = createBrowser(test.app.url);
      await register('newcomer@mail.example', newcomer);
      const { text, token: _csrf } = await newcomer('GET', '/my/projects');
      const form = { _csrf, name: 'Проба', plan: 'free', key: oneTime(text) };
      const pages = await Promise.all([1, 2].map(() => newcomer('POST', '/my/projects', { form })));
      expect(pages.map(({ status }) => status)).to.deep.equal([200, 200]);
      const [one, two] = pages.map((page) => tokenIn(page.text));
      expect(one).to.match(/^srok_/);
      expect(two).to.equal(one);
      expect(await projectsOf(newcomer)).to.have.length(1);
      const publishWith = (bearer: string) =>
        fetch(`${test.app.url}/relay/v1/channels/a/messages`, {
          method: 'POST',
          headers: { authorization: `Bearer ${bearer}` },
          body: 'x',
        });
      expect((await publishWith(one as string)).status).to.equal(202);
    });

    it('is known by its Idempotency-Key, which says nothing to anybody else, and shows a token for a day', async () => {
      const caller = createBrowser(test.app.url);
      const csrfOf = await register('caller@mail.example', caller);
      const body = { name: 'Проба', plan: 'free' };
      const make = (key: string, more = body, as = caller, header = csrfOf) =>
        as('POST', '/api/v1/projects', {
          body: more,
          headers: { ...json, 'x-csrf-token': header, 'idempotency-key': key },
        });
      const key = '0198f5a2-7c3e-7d41-9c1b-5b1f0f6f2a77';
      const [first, second] = [await make(key), await make(key)];
      expect([first.status, second.status]).to.deep.equal([201, 201]);
      expect(second.json()).to.deep.equal(first.json());
      expect(first.json().token.token).to.match(/^srok_/);
      const other = await make(key, { ...body, name: 'Другое' });
      expect([other.status, other.json().code]).to.deep.equal([422, 'idempotency.other-body']);
      expect((await make('short')).json().code).to.equal('idempotency.bad-key');
      // Of what is kept neither the key nor the token can be told.
      const { db, clock } = test.app.engine;
      const { id } = first.json().project;
      const kept = [await db('relay.projects').where({ id }), await db('relay.tokens').where({ project_id: id })];
      const secret = first.json().token.token.slice(-43);
      for (const words of [key, secret]) expect(JSON.stringify(kept)).not.to.contain(words);
      // The same key of somebody else is another one.
      const stranger = createBrowser(test.app.url);
      const theirs = await make(key, body, stranger, await register('third@mail.example', stranger));
      expect(theirs.json().project.id).not.to.equal(id);
      expect(theirs.json().token.token.slice(-43)).not.to.equal(secret);
      // A day later the project is still the same, and its token is not shown again.
      await db('relay.projects')
        .where({ id })
        .update({ created_at: clock.now().subtract({ hours: 25 }) });
      expect((await make(key)).json()).to.nested.include({ token: null, 'project.id': id });
    });
  });

  it('show use against the limit, and say when the limit is reached if it goes on like this', async () => {
    expect(main((await owner('GET', at(''))).text)).to.contain('С 13:00 МСК сообщений не было: прогнозировать нечего.');
    const { db } = test.app.engine;
    const seven = Array.from({ length: 24 }, (_, hour) => (hour === 13 ? 4000 : hour === 14 ? 2000 : 0));
    await publish('заказы', 'первое');
    const row = () => db('relay.usage').where({ project_id: project });
    expect((await row().first()).hours.map(Number)[14]).to.equal(1);
    await row().update({ messages: 6000, hours: seven });
    const usage = (await api('GET', `/api/v1/projects/${project}/usage`)).json();
    // 6000 in an hour and a half, 4000 left: an hour more.
    expect(usage.forecast).to.deep.equal({
      ...{ kind: 'reaches', at: '2026-05-12T12:30:00Z', total: null, perHour: 4000, since: '2026-05-12T10:00:00Z' },
    });
    const page = await owner('GET', at(''));
    expect(main(page.text))
      .to.contain('около 4 000 в час, как с 13:00 МСК, лимит кончится примерно в 15:30 МСК.')
      .and.to.contain('Письма уходят на 80 и 100 %');
    expect(page.text).to.match(/<svg role="img" aria-label="Сообщения по часам; больше всего — 4\s000, с 13 часов"/);
    await row().update({ messages: 600, hours: seven.map((count) => count / 10) });
    expect(main((await owner('GET', at('/usage'))).text)).to.match(
      /лимита хватит: к концу суток — около 4 400 \(44 %\)/,
    );
  });

  it('count by hour and day, with a table, a file, and the days before', async () => {
    const { db } = test.app.engine;
    const [today] = await db('relay.usage').where({ project_id: project });
    const days = Array.from({ length: 40 }, (_, back) => ({
      ...today,
      notices: '{}',
      used_on: Temporal.PlainDate.from('2026-05-11').subtract({ days: back }),
      messages: back + 1,
      dropped: back === 3 ? 5 : 0,
      connections_peak: 2,
      hours: Array.from({ length: 24 }, (_, hour) => (hour === 9 ? back + 1 : 0)),
    }));
    await db('relay.usage').insert(days as never);
    const page = await owner('GET', at('/usage'));
    expect(page.text.match(/<th scope="row"><a/g)).to.have.length(30);
    const older = /href="([^"]*before=[^"]*)"/.exec(page.text)?.[1] ?? '';
    const before = await owner('GET', older);
    expect(before.text.match(/<th scope="row"><a/g)).to.have.length(11);
    expect(before.text).not.to.match(/href="[^"]*before=/);
    const day = await owner('GET', at('/usage?day=2026-05-08'));
    expect(main(day.text)).to.contain('08.05.2026 по часам').and.to.contain('09:00–09:59 4');
    expect(main((await owner('GET', at('/usage?day=2020-01-01'))).text)).to.contain('В этот день сообщений не было');
    expect((await owner('GET', at('/usage?day=2026-02-30'))).status).to.equal(422);
    const file = await owner('GET', at('/usage.csv'));
    expect(file.headers.get('content-type')).to.contain('text/csv');
    const lines = file.text.trim().split('\r\n');
    expect(lines).to.have.length(42);
    expect(lines[0]).to.match(/^\uFEFF?День;Сообщений;Лимит;/);
    expect(lines[5]).to.match(/^2026-05-08;4;10000;5;\d+;2;0;0;0;0;0;0;0;0;0;0;4;0;/);
    await db('relay.usage').where({ project_id: project }).where('used_on', '<', '2026-05-12').delete();
  });

  it('list deliveries without contents, page by page, and those of one channel', async () => {
    for (let n = 0; n < 60; n++) await publish(n % 6 === 0 ? 'редкий' : 'частый', `тайна ${n}`);
    const page = await owner('GET', at('/events'));
    expect(page.text).not.to.contain('тайна');
    const rows = (html: string) => [...html.matchAll(/<\/a> · (\d+)<\/td>/g)].map(([, offset]) => Number(offset));
    expect(rows(page.text)).to.have.length(50);
    const older = (/href="([^"]*before=msg_[^"]*)"/.exec(page.text)?.[1] ?? '').replaceAll('&amp;', '&');
    const rest = await owner('GET', older);
    expect(rows(rest.text)).to.have.length(11);
    expect(rest.text).not.to.match(/href="[^"]*before=/);
    const rare = await owner('GET', at(`/events?channel=${encodeURIComponent('редкий')}`));
    expect(rows(rare.text)).to.deep.equal([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const none = main((await owner('GET', at('/events?channel=other'))).text);
    expect(none).to.contain('Для этих фильтров сообщений нет.').and.to.contain('Сбросить фильтры');
    const listed = (await api('GET', `/api/v1/projects/${project}/deliveries?channel=other`)).json();
    expect(listed.deliveries).to.deep.equal([]);
    expect((await api('GET', `/api/v1/projects/${project}/deliveries?before=x`)).status).to.equal(400);
  });

  it('pull what a channel still hands out, as text, and say what it does not any more', async () => {
    await publish('pull', '<b>текст</b>');
    await publish('pull', new Uint8Array([0, 255]), 'image/png');
    const page = await owner('GET', at('/debug?channel=pull'));
    expect(page.text).to.contain('<pre>&lt;b&gt;текст&lt;/b&gt;</pre>').and.to.contain('двоичные данные, 2');
    expect(main((await owner('GET', at('/debug?channel=pull&after=2'))).text)).to.contain('ничего не отдаёт');
    const typed = await owner('GET', at('/debug?channel=pull&after=%D0%B4%D0%B2%D0%B0'));
    expect(typed.status).to.equal(422);
    expect(typed.text).to.contain('href="#after"').and.contain('value="два"').and.contain('целое число');
    const wrong = await owner('GET', at('/debug?channel=a%20b'));
    expect([wrong.status, main(wrong.text).includes('В названии канала от 1 до 200 букв')]).to.deep.equal([422, true]);
    for (let n = 0; n < 25; n++) await publish('pull', `ещё ${n}`);
    const many = await owner('GET', at('/debug?channel=pull'));
    expect(many.text).to.contain('channel=pull&amp;after=20');
    await test.advance('2026-05-12T14:40');
    expect(main((await owner('GET', at('/debug?channel=pull'))).text)).to.contain('получить уже нельзя');
  });

  it('give a ticket for the page, once and for no more than the token; the page holds no token', async () => {
    const page = await owner('GET', at('/debug'));
    expect(page.text).not.to.contain(token);
    expect(page.headers.get('content-security-policy')).to.contain("connect-src 'self'").and.to.not.contain('unsafe');
    const order = { token: first, channels: ['*'], rights: ['subscribe', 'publish'] };
    const path = `/api/v1/projects/${project}/tickets`;
    const [one, two] = [await api('POST', path, order), await api('POST', path, order)];
    expect([one.status, two.status]).to.deep.equal([201, 201]);
    expect(one.json().ticket).to.match(/^tkt_/).and.to.not.equal(two.json().ticket);
    expect((await api('POST', path, { ...order, seconds: 901 })).status).to.equal(400);
    expect((await api('POST', path, { ...order, channels: ['a b'] })).json().code).to.equal('channel.bad-name');
    expect((await api('POST', path, { ...order, token: `tok_${'0'.repeat(26)}` })).status).to.equal(404);
    const narrow = (await api('POST', `/api/v1/projects/${project}/tokens`, { rights: ['read'] })).json();
    expect((await api('POST', path, { ...order, token: narrow.id })).json().code).to.equal('token.no-right');
    await api('DELETE', `/api/v1/projects/${project}/tokens/${narrow.id}`);
  });

  it('issue a token with the rights that were chosen, once however often the form is sent', async () => {
    const shown = await owner('GET', at('/tokens'));
    const form: [string, string][] = [
      ['id', idIn(shown.text)],
      ['name', 'стенд'],
      ['rights', 'read'],
      ['rights', 'publish'],
    ];
    const made = await send('/tokens', '/tokens', form);
    expect(made.status).to.equal(200);
    expect(made.headers.get('cache-control')).to.contain('no-store');
    const secret = /<code id="token">(srok_[^<]+)</.exec(made.text)?.[1] ?? '';
    expect(secret).to.have.length.greaterThan(40);
    expect(main(made.text)).to.contain('публикация, чтение');
    const again = await send('/tokens', '/tokens', form);
    expect([again.status, again.text.includes('srok_')]).to.deep.equal([409, false]);
    expect(main(again.text)).to.contain('Этот токен уже выпущен и показан');
    const { tokens } = (await api('GET', `/api/v1/projects/${project}`)).json();
    expect(tokens.map(({ name }: { name: string }) => name)).to.deep.equal(['Токен', 'стенд']);
    expect((await owner('GET', at('/tokens'))).text).not.to.contain(secret);

    const none = await send('/tokens', '/tokens', { id: idIn(again.text), name: 'без прав' });
    expect([none.status, none.text.includes('<a href="#rights">Выберите хотя бы одно право</a>')]).to.deep.equal([
      422,
      true,
    ]);
    expect((await send('/tokens', '/tokens', { id: 'tok_1', rights: 'read' })).status).to.equal(422);
  });

  it('issue a key of the Pusher protocol, show its secret once, and revoke it', async () => {
    const keys = async () => (await api('GET', `/api/v1/projects/${project}/pusher-keys`)).json().keys;
    const shown = await owner('GET', at('/tokens/pusher'));
    const id = /name="id" value="(tok_[^"]+)"/.exec(shown.text)?.[1] ?? '';
    const form: [string, string][] = [
      ['id', id],
      ['name', 'страница'],
      ['rights', 'subscribe'],
    ];
    const made = await send('/tokens/pusher', '/tokens/pusher', form);
    const secret = /<code id="secret">([\w-]{43})</.exec(made.text)?.[1] ?? '';
    expect([made.status, secret.length]).to.deep.equal([200, 43]);
    expect(main(made.text)).to.contain(`appId: '${project}'`).and.to.contain(id.slice('tok_'.length));
    const again = await send('/tokens/pusher', '/tokens/pusher', form);
    expect([again.status, again.text.includes(secret)]).to.deep.equal([409, false]);
    expect((await owner('GET', at('/tokens/pusher'))).text)
      .to.contain(id.slice('tok_'.length))
      .and.not.to.contain(secret);
    expect((await send('/tokens/pusher', '/tokens/pusher', { id: `tok_${'0'.repeat(26)}` })).status).to.equal(422);

    const second = (await api('POST', `/api/v1/projects/${project}/pusher-keys`, { rights: ['read'] })).json();
    expect(second).to.include.keys('appId', 'key', 'secret');
    const asked = await serverOf(test.app.url, second).get({ path: '/channels' });
    expect(await asked.json()).to.deep.equal({ channels: {} });
    const peer = await peerOf(test.app.url, pathOf(second));
    await peer.next(({ event }) => event === 'pusher:connection_established');
    peer.socket.terminate();
    expect((await keys()).map(({ name, rights }: Record<string, unknown>) => [name, rights])).to.deep.equal([
      ['страница', ['subscribe']],
      ['Ключ Pusher', ['read']],
    ]);
    expect(JSON.stringify(await keys())).not.to.contain(second.secret);
    // They are no tokens: neither listed among them nor shown on their page.
    expect((await owner('GET', at('/tokens'))).text).not.to.contain('страница');
    expect((await api('DELETE', `/api/v1/projects/${project}/pusher-keys/${second.id}`)).status).to.equal(204);
    const revoked = await send('/tokens/pusher', `/tokens/pusher/${id}/revoke`);
    expect([revoked.status, await keys()]).to.deep.equal([303, []]);
    const late = await send('/tokens/pusher', `/tokens/pusher/${id}/revoke`);
    expect(main((await owner('GET', late.headers.get('location') ?? '')).text)).to.contain(
      'Этот ключ уже не действует.',
    );
  });

  it('replace one token while the old one goes on, leave the others alone, and revoke', async () => {
    const tokens = async () => (await api('GET', `/api/v1/projects/${project}`)).json().tokens;
    const stand = (await tokens()).find(({ name }: { name: string }) => name === 'стенд');
    const offered = (await owner('GET', at('/tokens'))).text;
    expect(main(offered)).to.contain('Прежний токен сразу перестаёт действовать действует ещё 1 час');
    const fresh = idIn(offered);
    const path = `/tokens/${stand.id}/rotate`;
    const made = await send('/tokens', path, { id: fresh, overlap: '24' });
    expect(made.status).to.equal(200);
    expect(main(made.text)).to.contain('стенд · публикация, чтение');
    const after = await tokens();
    expect(after.map(({ name, expiresAt }: { name: string; expiresAt: string }) => [name, expiresAt])).to.deep.equal([
      ['Токен', null],
      ['стенд', '2026-05-13T11:40:00Z'],
      ['стенд', null],
    ]);
    expect((await send('/tokens', path, { id: fresh, overlap: '24' })).status).to.equal(409);
    expect(await tokens()).to.have.length(3);
    expect((await send('/tokens', path, { id: fresh, overlap: '25' })).status).to.equal(422);
    expect(main((await owner('GET', at('/tokens'))).text)).to.contain('до 13.05.2026, 14:40 МСК');

    for (const said of ['Токен отозван.', 'Этот токен уже не действует.']) {
      const gone = await send('/tokens', `/tokens/${fresh}/revoke`);
      expect([gone.status, gone.headers.get('location')]).to.deep.equal([303, at('/tokens')]);
      expect(main((await owner('GET', at('/tokens'))).text)).to.contain(said);
    }
    await api('DELETE', `/api/v1/projects/${project}/tokens/${stand.id}`);
    const over = await api('POST', `/api/v1/projects/${project}/tokens`, { replaces: first, overlapSeconds: 60 });
    expect(over.status).to.equal(201);
    expect((await tokens()).map(({ expiresAt }: { expiresAt: string }) => expiresAt)).to.deep.equal([
      '2026-05-12T11:41:00Z',
      null,
    ]);
  });

  it('list many tokens and many projects page by page', async () => {
    const { db } = test.app.engine;
    const [like] = await db('relay.tokens').where({ id: first });
    const letters = '0123456789abcdefghjkmnpqrstvwxyz';
    const tokens = Array.from({ length: 25 }, (_, n) => ({ ...like, id: `tok_${'0'.repeat(25)}${letters[n]}` }));
    await db('relay.tokens').insert(tokens.map((row) => ({ ...row, expires_at: null })) as never);
    const page = await owner('GET', at('/tokens'));
    expect(page.text.match(/\/revoke"/g)).to.have.length(20);
    const older = /href="([^"]*before=tok_[^"]*)"/.exec(page.text)?.[1] ?? '';
    expect((await owner('GET', older)).text.match(/\/revoke"/g)).to.have.length(7);
    await db('relay.tokens')
      .whereIn(
        'id',
        tokens.map(({ id }) => id),
      )
      .delete();

    const [own] = await db('relay.projects').where({ id: project });
    const more = Array.from({ length: 21 }, (_, n) => ({
      ...own,
      id: `prj_${'0'.repeat(25)}${letters[n]}`,
      state: 'deleted',
    }));
    await db('relay.projects').insert(more as never);
    const list = await owner('GET', '/my/projects');
    expect(list.text.match(/<th scope="row">/g)).to.have.length(20);
    const next = /href="([^"]*before=prj_[^"]*)"/.exec(list.text)?.[1] ?? '';
    expect((await owner('GET', next)).text.match(/<th scope="row">/g)).to.have.length(2);
    await db('relay.projects')
      .whereIn(
        'id',
        more.map(({ id }) => id),
      )
      .delete();
  });

  it('say on what ground staff have suspended it', async () => {
    const { db } = test.app.engine;
    const relay = relayOf(test.app.engine);
    const why = { reason: 'Жалоба', by: 'acc_dpo' };
    await db.transaction((trx) => relay.block(trx, project, { ...why, ground: 'third-party-rights' }));
    try {
      const page = main((await owner('GET', at(''))).text);
      expect(page).to.contain(
        'Его приостановил оператор, основание: нарушение прав третьих лиц. Порядок возражения — ',
      );
    } finally {
      await db.transaction((trx) => relay.unblock(trx, project, why));
    }
  });

  it('say of a suspended project that it stands still, and offer nothing that would not work', async () => {
    const { db } = test.app.engine;
    const relay = relayOf(test.app.engine);
    await db.transaction((trx) => relay.suspend(trx, project, 'violation'));
    try {
      const page = main((await owner('GET', at(''))).text);
      expect(page).to.contain('Проект приостановлен. Сообщения не принимаются и не отдаются, соединения закрыты.');
      expect(page).to.contain('Его приостановил оператор: основание и порядок возражения — в письме и в уведомлениях.');
      expect(page).not.to.match(/Попробовать|Если и дальше|прогнозировать/);
      expect(main((await owner('GET', at('/tokens'))).text)).to.contain('Проект не работает: токен выпустить нельзя.');
      expect(main((await owner('GET', at('/debug'))).text)).to.contain('Проект не работает: ');
    } finally {
      await db.transaction((trx) => relay.activate(trx, project, 'violation'));
    }
    expect(main((await owner('GET', at(''))).text)).to.contain('Попробовать');
  });

  it('have a menu of their own, and others do not', async () => {
    const titles = ['Обзор', 'Ключи и токены', 'Расход и лимиты', 'Журнал доставки', 'Отладка', 'Примеры кода'];
    const nav = (html: string): string =>
      /<nav class="side" aria-label="Разделы">[\s\S]*?<\/nav>/.exec(html)?.[0] ?? '';
    const menu = nav((await owner('GET', at('/usage'))).text);
    for (const title of [...titles, 'Проект «Чат»']) expect(menu).to.contain(title);
    expect(menu).to.contain(`<a href="${at('/usage')}" aria-current="page">`);
    expect(nav((await owner('GET', '/my/projects')).text)).not.to.contain('Проект «');
    expect(nav((await stranger('GET', at('/usage'))).text)).not.to.contain('Чат');
  });

  it('say before a deletion that a hold keeps records longer than their term', async () => {
    const { db, retention } = test.app.engine;
    const { subject_id: subject } = await db('relay.projects').where({ id: project }).first();
    const from = Temporal.PlainDate.from('2026-05-12');
    const hold = { subject, categories: ['message'], because: 'Судебный спор', owner: 'acc_dpo', from };
    const until = Temporal.PlainDate.from('2035-01-31');
    const id = await db.transaction((trx) => retention.holds.place(trx, { ...hold, until }));
    const held = main((await owner('GET', at('/delete'))).text);
    expect(held.match(/до 31\.01\.2035/g)).to.have.length(2);
    expect(held).to.contain('действует запрет уничтожения').and.to.not.contain('Судебный спор');
    await db.transaction((trx) => retention.holds.release(trx, id, 'acc_dpo'));
    expect(main((await owner('GET', at('/delete'))).text)).not.to.contain('2035');
  });

  it('are deleted by name: first it says what stays, on which ground and until when; then the rest is closed', async () => {
    const { law } = test.app.engine;
    const page = main((await owner('GET', at('/delete'))).text);
    const day = Temporal.PlainDate.from('2026-05-12');
    const shown = (category: string) => {
      const { keepUntil, because } = law.keep(category, { from: day });
      return [
        keepUntil.toLocaleString('ru-RU', { day: '2-digit', month: '2-digit', year: 'numeric' }),
        because.winner.value.replaceAll('\u00a0', ' '),
      ];
    };
    for (const category of ['message.payload', 'message.metadata', 'usage']) {
      const [until = '', value = ''] = shown(category);
      expect(page).to.contain(`до ${until}`).and.to.contain(value);
    }
    expect(page).to.contain('до прекращения договора, дальше — по основанию').and.to.contain('Оферта, п. 8.3.1');

    const wrong = await send('/delete', '/delete', { name: 'Не тот' });
    expect([wrong.status, main(wrong.text).includes('Название не совпадает')]).to.deep.equal([422, true]);
    const { token: _csrf } = await owner('GET', at('/delete'));
    const form = { _csrf, name: 'Чат' };
    expect((await owner('POST', at('/delete'), { form })).status).to.equal(303);
    expect((await owner('POST', at('/delete'), { form })).status).to.equal(303);
    expect((await owner('GET', at('/delete'))).status).to.equal(409);
    const over = await owner('GET', at(''));
    expect(main(over.text)).to.contain('Проект удалён');
    expect(over.text).not.to.contain(`${at('/tokens')}"`);
    expect(main((await owner('GET', at('/debug?channel=pull'))).text)).to.contain('Проект не работает');
    expect((await owner('GET', at('/usage.csv'))).status).to.equal(200);
    const fresh = `tok_${'0'.repeat(26)}`;
    const refused = await owner('POST', at('/tokens'), { form: { _csrf, id: fresh, rights: 'read' } });
    expect(refused.status).to.equal(409);
    const rows = await test.app.engine.db('relay.messages').where({ project_id: project }).count({ n: '*' });
    expect(Number(rows[0]?.n)).to.be.greaterThan(60);
    expect(test.clock.now().toString()).to.equal(moscow('2026-05-12T14:40').toString());
  });
});
