import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { Refusal } from '../../core/base/index.ts';
import type { Db } from '../../core/db/index.ts';
import { addressOf, json, page, type RouteDefinition, redirect, route } from '../../core/http/index.ts';
import { createUi } from '../../core/http/ui.ts';
import { cloneDatabase } from '../support/database.ts';
import { anna, boris, createBrowser, type House, openHouse } from './house.ts';

const person = {
  type: 'object',
  properties: {
    email: { type: 'string', format: 'email' },
    address: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
  required: ['email'],
  additionalProperties: false,
};

const routes: RouteDefinition[] = [
  route<{ email: string }>({
    method: 'post',
    path: '/api/v1/echo',
    roles: 'public',
    body: person,
    handler: ({ body }) => json(body, 201),
  }),
  route<{ as: string }>({
    method: 'post',
    path: '/api/v1/enter',
    roles: 'public',
    body: { type: 'object', properties: { as: { type: 'string' } }, required: ['as'] },
    async handler(call) {
      await call.signIn(call.body.as);
      return { csrf: await call.token() };
    },
  }),
  route({ method: 'get', path: '/api/v1/cases', roles: ['dpo'], handler: ({ actor }) => ({ by: actor?.account }) }),
  route({ method: 'post', path: '/api/v1/cases/:no', roles: ['dpo'], handler: ({ params }) => ({ no: params.no }) }),
  route({
    method: 'get',
    path: '/api/v1/refused/:kind',
    roles: 'public',
    handler({ params }) {
      throw new Refusal('test.refused', params.kind as never, {
        clause: 'Оферта 4.4.2',
        message: 'No.',
        retryAfter: 7,
      });
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/broken',
    roles: 'public',
    handler() {
      throw new Error('secret-of-the-database ivanov@mail.ru');
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/gone',
    roles: 'public',
    handler() {
      throw Object.assign(new Error('terminating connection'), { code: '57P01' });
    },
  }),
  route({ method: 'post', path: '/api/v1/anything', roles: 'public', handler: () => ({}) }),
  route({
    method: 'get',
    path: '/api/v1/refused-by-database',
    roles: 'public',
    handler() {
      throw Object.assign(new Error('date out of range: "0000-01-01"'), { code: '22008' });
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/narrow',
    roles: 'public',
    limit: { name: 'narrow', points: 2, seconds: 60 },
    handler: () => ({}),
  }),
  route({ method: 'get', path: '/form', roles: 'public', form: true, handler: () => page('auth/login', { next: '' }) }),
  route({
    method: 'post',
    path: '/form',
    roles: 'public',
    form: true,
    body: { type: 'object', properties: { email: { type: 'string', format: 'email' } }, required: ['email'] },
    redraw: ({ body }, problems) => page('auth/login', { email: body.email, next: '', problems }),
    handler: () => redirect('/form'),
  }),
];

describe('the front door', () => {
  let db: Db;
  let drop: () => Promise<void>;
  let house: House;
  before(async () => {
    ({ db, drop } = await cloneDatabase());
    house = await openHouse(db, routes);
  });
  after(async () => {
    await house.close();
    await drop();
  });
  const browser = () => createBrowser(house.url);
  const entered = async (as: string) => {
    const call = browser();
    const { csrf } = (await call('POST', '/api/v1/enter', { body: { as } })).json();
    return { call, csrf };
  };

  it('does not let a route in that forgot to say who may call it', () => {
    const forgotten = { method: 'get', path: '/x', handler: () => null } as unknown as RouteDefinition;
    expect(() => house.http.route(forgotten)).to.throw('GET /x does not say who may call it');
    expect(() => house.http.route({ ...forgotten, roles: [] })).to.throw('does not say');
    expect(() => house.http.route({ ...forgotten, roles: ['king'] as never })).to.throw('does not say');
  });

  it('answers nobody 401, the wrong role 403 and the right one', async () => {
    expect((await browser()('GET', '/api/v1/cases')).status).to.equal(401);
    const { call: asBoris } = await entered(boris.account);
    expect((await asBoris('GET', '/api/v1/cases')).status).to.equal(403);
    const { call: asAnna } = await entered(anna.account);
    const answer = await asAnna('GET', '/api/v1/cases');
    expect(answer.json()).to.deep.equal({ by: 'acc_anna' });
    expect(answer.headers.get('cache-control')).to.equal('no-store');
  });

  it('names the field that is wrong, in problem details', async () => {
    const answer = await browser()('POST', '/api/v1/echo', { body: { email: 'ivanov@', address: {}, more: 1 } });
    expect(answer.status).to.equal(400);
    expect(answer.headers.get('content-type')).to.match(/^application\/problem\+json/);
    const { errors, title, status, code } = answer.json();
    expect({ title, status, code }).to.deep.equal({
      title: 'The input is not valid',
      status: 400,
      code: 'input.invalid',
    });
    expect(errors.map((error: { field: string }) => error.field)).to.have.members(['email', 'address.city', 'more']);
  });

  it('says which body is not JSON at all', async () => {
    const answer = await browser()('POST', '/api/v1/echo', { body: '{"email": ' });
    expect(answer.status).to.equal(400);
    expect(answer.json().errors[0].field).to.equal('body');
    expect(answer.json().errors[0].message).to.match(/^is not valid JSON/);
  });

  it('refuses text that no column can hold in path, query and body, wherever it hides', async () => {
    const browser = createBrowser(house.url);
    const inside = await browser('POST', '/api/v1/anything', { body: { a: [{ b: 'x\0y' }] } });
    expect(inside.status).to.equal(400);
    expect(inside.json().errors).to.deep.equal([{ field: 'a', message: 'holds the character U+0000' }]);
    expect((await browser('GET', '/api/v1/refused/%00')).status).to.equal(400);
    expect((await browser('GET', '/api/v1/gone?q=%00')).status).to.equal(400);
    const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect((await browser('POST', '/api/v1/anything', { body: deep })).status).to.equal(200);
  });

  it('says 400 for a value that the database refuses, and notes it', async () => {
    const answer = await createBrowser(house.url)('GET', '/api/v1/refused-by-database');
    expect(answer.status).to.equal(400);
    expect(answer.json().code).to.equal('input.not-storable');
    expect(JSON.stringify(house.log)).to.contain('input.not-storable').and.not.to.contain('0000-01-01');
  });

  it('refuses a body over the limit with 413, before it is read', async () => {
    const answer = await browser()('POST', '/api/v1/echo', { body: { email: 'a'.repeat(1024 * 1024 + 1) } });
    expect(answer.status).to.equal(413);
  });

  it('turns each kind of refusal into its status, with the clause and without a stack', async () => {
    const kinds = {
      invalid: 400,
      unauthenticated: 401,
      forbidden: 403,
      'not-found': 404,
      conflict: 409,
      'too-large': 413,
      limit: 429,
      unavailable: 503,
    };
    for (const [kind, status] of Object.entries(kinds)) {
      const answer = await browser()('GET', `/api/v1/refused/${kind}`);
      expect(answer.status, kind).to.equal(status);
      expect(answer.json()).to.include({ code: 'test.refused', clause: 'Оферта 4.4.2', detail: 'No.' });
      expect(answer.headers.get('retry-after')).to.equal('7');
    }
  });

  it('says nothing of what broke but a reference, and logs no message that could hold data', async () => {
    const answer = await browser()('GET', '/api/v1/broken');
    expect(answer.status).to.equal(500);
    expect(answer.text).to.not.contain('secret');
    expect(JSON.stringify(house.log)).to.not.contain('ivanov@mail.ru');
    const reference = answer.json().instance.split(':').at(-1);
    expect(house.log.some(({ fields }) => (fields as { reference?: string }).reference === reference)).to.equal(true);
  });

  it('says 503 while the database is away', async () => {
    const answer = await browser()('GET', '/api/v1/gone');
    expect(answer.status).to.equal(503);
    expect(answer.headers.get('retry-after')).to.equal('5');
  });

  it('asks a signed-in browser for its token, and refuses another site', async () => {
    const { call, csrf } = await entered(anna.account);
    expect((await call('POST', '/api/v1/cases/7', { body: {} })).status).to.equal(403);
    const good = { 'x-csrf-token': csrf };
    expect((await call('POST', '/api/v1/cases/7', { body: {}, headers: good })).json()).to.deep.equal({ no: '7' });
    const foreign = { ...good, 'sec-fetch-site': 'cross-site' };
    expect((await call('POST', '/api/v1/cases/7', { body: {}, headers: foreign })).json().code).to.equal(
      'csrf.foreign',
    );
    const older = { ...good, origin: 'https://evil.example' };
    expect((await call('POST', '/api/v1/cases/7', { body: {}, headers: older })).status).to.equal(403);
  });

  it('takes no form from a page that did not get its token here', async () => {
    const call = browser();
    expect((await call('POST', '/form', { form: { email: 'a@b.ru' } })).status).to.equal(403);
    const { token } = await call('GET', '/form');
    expect((await call('POST', '/form', { form: { email: 'a@b.ru', _csrf: token } })).status).to.equal(303);
    const stranger = browser();
    expect((await stranger('POST', '/form', { form: { email: 'a@b.ru', _csrf: token } })).status).to.equal(403);
  });

  it('draws a wrong form again with 422, what was typed and what is wrong', async () => {
    const call = browser();
    const { token } = await call('GET', '/form');
    const answer = await call('POST', '/form', { form: { email: 'ivanov@', _csrf: token } });
    expect(answer.status).to.equal(422);
    expect(answer.text)
      .to.contain('value="ivanov@"')
      .and.contain('Укажите адрес почты полностью')
      .and.contain('<title>Ошибка: ');
  });

  it('gives a new session at sign-in, so that a planted one is worth nothing', async () => {
    const call = browser();
    const before = (await call('GET', '/form')).headers.getSetCookie().find((line) => line.startsWith('srok.sid='));
    const answer = await call('POST', '/api/v1/enter', { body: { as: anna.account } });
    const after = answer.headers
      .getSetCookie()
      .filter((line) => line.startsWith('srok.sid='))
      .at(-1);
    expect(before)
      .to.match(/httponly/i)
      .and.match(/samesite=lax/i);
    expect(after).to.not.equal(undefined);
    expect(after?.split(';')[0]).to.not.equal(before?.split(';')[0]);
  });

  it('forgets visitors who do not come back', async () => {
    await db('core.visits').update({ expires_at: '2020-01-01' });
    expect((await createBrowser(house.url)('GET', '/form')).status).to.equal(200);
    expect(await db('core.visits').where('expires_at', '<', '2021-01-01')).to.have.length(0);
    expect(await db('core.visits')).not.to.have.length(0);
  });

  it('keeps to strict headers: nothing inline, nothing from elsewhere', async () => {
    const { headers, text } = await browser()('GET', '/form');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).to.contain("default-src 'none'").and.contain("frame-ancestors 'none'");
    expect(policy).to.not.contain('unsafe');
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1];
    expect(text).to.contain(`nonce="${nonce}"`);
    expect(text).to.not.match(/ style="| on[a-z]+="/);
    expect(headers.get('referrer-policy')).to.equal('no-referrer');
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
    expect(headers.get('strict-transport-security')).to.equal(null);
  });

  it('marks cookies secure and asks for HTTPS once the public address is https', async () => {
    const safe = await openHouse(db, routes, { publicUrl: 'https://srok.example' });
    const answer = await createBrowser(safe.url)('GET', '/healthz');
    expect(answer.headers.get('strict-transport-security')).to.match(/^max-age=\d+/);
    const form = await createBrowser(safe.url)('GET', '/form');
    expect(form.status).to.equal(200);
    expect(form.headers.getSetCookie().filter((line) => !/; secure/i.test(line))).to.deep.equal([]);
    expect(form.headers.getSetCookie()).to.not.deep.equal([]);
    await safe.close();
  });

  it('answers only for its own hosts', async () => {
    expect(house.http.knowsHost('evil.example')).to.equal(false);
    expect(house.http.knowsHost('127.0.0.1:3000')).to.equal(true);
    expect(house.http.knowsHost(undefined)).to.equal(false);
  });

  it('counts calls from one address and says when to come back', async () => {
    const call = browser();
    expect((await call('GET', '/api/v1/narrow')).status).to.equal(200);
    expect((await call('GET', '/api/v1/narrow')).status).to.equal(200);
    const third = await call('GET', '/api/v1/narrow');
    expect(third.status).to.equal(429);
    expect(Number(third.headers.get('retry-after'))).to.be.within(1, 60);
  });

  it('tells callers apart behind a proxy that is trusted, by what it has seen itself', async () => {
    const narrow = { ...routes.find(({ path }) => path === '/api/v1/narrow'), path: '/api/v1/hops' } as RouteDefinition;
    const limit = (name: string) => [{ ...narrow, limit: { name, points: 2, seconds: 60 } }];
    const from = (url: string, hops: string) =>
      createBrowser(url)('GET', '/api/v1/hops', { headers: { 'x-forwarded-for': hops } }).then(({ status }) => status);

    const proxied = await openHouse(db, limit('proxied'), { behindProxy: true });
    const statuses = [];
    for (const hops of ['9.9.9.1, 203.0.113.7', '9.9.9.2, 203.0.113.7', '9.9.9.3, 203.0.113.7', '203.0.113.8']) {
      statuses.push(await from(proxied.url, hops));
    }
    expect(statuses).to.deep.equal([200, 200, 429, 200]);
    await proxied.close();

    const bare = await openHouse(db, limit('bare'));
    for (const [hops, status] of [
      ['203.0.113.1', 200],
      ['203.0.113.2', 200],
      ['203.0.113.3', 429],
    ] as const) {
      expect(await from(bare.url, hops)).to.equal(status);
    }
    await bare.close();

    const request = {
      headers: { 'x-forwarded-for': '9.9.9.9, 203.0.113.7' },
      socket: { remoteAddress: '127.0.0.1' },
    } as unknown as IncomingMessage;
    expect(addressOf(request, true)).to.equal('203.0.113.7');
    expect(addressOf(request, false)).to.equal('127.0.0.1');
    expect(addressOf({ ...request, headers: {} } as IncomingMessage, true)).to.equal('127.0.0.1');
  });

  it('does not start with a page template that is none, and names it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'srok-pages-'));
    try {
      writeFileSync(join(folder, 'fine.eta'), '<p><%= it.name %></p>');
      writeFileSync(join(folder, 'torn.eta'), '<% if (it.name) { %><p>');
      const parts = { dictionary: {}, assets: {} } as never as Omit<Parameters<typeof createUi>[0], 'folder'>;
      expect(() => createUi({ folder: pathToFileURL(`${folder}/`), ...parts })).to.throw(/torn\.eta/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('logs the template of a path, never the path nor the query', async () => {
    const { call, csrf } = await entered(anna.account);
    house.log.length = 0;
    await call('POST', '/api/v1/cases/ivanov%40mail.ru?name=Ivanov', { body: {}, headers: { 'x-csrf-token': csrf } });
    const told = JSON.stringify(house.log);
    expect(told).to.contain('/api/v1/cases/:no');
    expect(told).to.not.match(/ivanov/i);
  });

  it('serves only the assets of its list, for ever under their hash', async () => {
    const { text } = await browser()('GET', '/form');
    const css = /href="(\/assets\/srok\.[0-9a-f]{12}\.css)"/.exec(text)?.[1] ?? '';
    const answer = await browser()('GET', css);
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('cache-control')).to.contain('immutable');
    const again = await new Promise<number | undefined>((done) => {
      get(house.url + css, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } }, (response) => {
        response.resume();
        done(response.statusCode);
      });
    });
    expect(again).to.equal(304);
    expect((await browser()('GET', '/assets/../package.json')).status).to.equal(404);
    expect((await browser()('GET', '/assets/srok.css')).status).to.equal(404);
  });

  it('is alive, and ready only when every check says so', async () => {
    expect((await browser()('GET', '/healthz')).json().status).to.equal('ok');
    const unwell = await openHouse(
      db,
      [],
      {},
      { letters: async () => 'letters wait: no transport', database: async () => null },
    );
    const answer = await createBrowser(unwell.url)('GET', '/readyz');
    expect(answer.status).to.equal(503);
    expect(answer.json()).to.deep.equal({
      status: 'not-ready',
      checks: { letters: 'letters wait: no transport', database: 'ok' },
    });
    await unwell.close();
  });

  it('stays ready over what people should only know, and says it', async () => {
    const house = await openHouse(
      db,
      [],
      {},
      { database: async () => null },
      { notes: () => ['NATS does not answer'] },
    );
    const answer = await createBrowser(house.url)('GET', '/readyz');
    expect(answer.status).to.equal(200);
    expect(answer.json()).to.deep.equal({
      status: 'ready',
      checks: { database: 'ok' },
      notes: ['NATS does not answer'],
    });
    await house.close();
  });

  it('shows its figures to whoever says the token, and to nobody where there is none', async () => {
    const metrics = { token: 'a-token-of-the-operator', text: async () => 'srok_relay_nodes 1\n' };
    const house = await openHouse(db, [], {}, {}, { metrics });
    const call = createBrowser(house.url);
    const ask = (said?: string) =>
      call('GET', '/metrics', { headers: { accept: '*/*', ...(said ? { authorization: `Bearer ${said}` } : {}) } });
    for (const wrong of [undefined, 'a-token-of-the-operatos', 'a', `${metrics.token}x`]) {
      const refused = await ask(wrong);
      expect(refused.status).to.equal(401);
      expect(refused.text).not.to.include('srok_relay');
    }
    const shown = await ask(metrics.token);
    expect([shown.status, shown.text]).to.deep.equal([200, 'srok_relay_nodes 1\n']);
    await house.close();
    expect((await browser()('GET', '/metrics')).status).to.equal(404);
  });

  it('makes the OpenAPI document from the schemas that check', async () => {
    const document = (await browser()('GET', '/api/openapi.json')).json();
    expect(document.openapi).to.equal('3.1.0');
    expect(document.paths['/api/v1/echo'].post.requestBody.content['application/json'].schema).to.deep.equal(person);
    expect(document.paths['/api/v1/cases/{no}'].post.parameters[0]).to.include({ name: 'no', in: 'path' });
    expect(document.paths['/api/v1/cases'].get['x-roles']).to.deep.equal(['dpo']);
    expect(document.paths).to.not.have.property('/form');
  });

  it('draws a whole page for people who went wrong, with a code to name', async () => {
    const answer = await browser()('GET', '/nothing-here');
    expect(answer.status).to.equal(404);
    expect(answer.text)
      .to.contain('Страница не найдена')
      .and.match(/<code>[0-9a-f]{10}<\/code>/);
    expect((await browser()('PUT', '/form')).status).to.equal(405);
  });

  it('speaks English by a switch that needs no account', async () => {
    const call = browser();
    const switched = await call('POST', '/settings', { form: { lang: 'en', back: '/form' } });
    expect(switched.status).to.equal(303);
    expect((await call('GET', '/form')).text)
      .to.contain('lang="en"')
      .and.contain('Sign in');
    expect((await call('GET', '/form?plan=business')).text).to.contain('name="back" value="/form?plan=business"');
    const kept = await browser()('POST', '/settings', { form: { lang: 'ru', back: '/form?plan=business' } });
    expect(kept.headers.get('location')).to.equal('/form?plan=business');
    for (const back of ['//evil.example', '/form?to=//evil.example', '/form?\r\nx']) {
      expect((await browser()('POST', '/settings', { form: { lang: 'en', back } })).status).to.equal(422);
    }
  });
});
