import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { createBrowser } from '../http/house.ts';
import { startApp, type TestApp } from '../support/app.ts';

const json = { accept: 'application/json' };
const password = 'correct horse battery staple';

describe('the settings of a project, for its owner', function () {
  this.timeout(60_000);
  let test: TestApp;
  let call: ReturnType<typeof createBrowser>;
  let csrf: string;
  let project: string;
  let token: string;

  before(async () => {
    test = await startApp({ at: '2026-05-05T10:00' });
    const { db, consents } = test.app.engine;
    for (const document of ['offer', 'policy']) {
      const published = Temporal.PlainDate.from('2026-04-30');
      const edition = { document, bytes: Buffer.from('Текст'), mime: 'text/plain', published, effective: published };
      await db.transaction((trx) => consents.editions.add(trx, edition));
    }
    call = createBrowser(test.app.url);
    ({ csrf } = await register('owner@mail.example'));
    const made = await api('POST', '/api/v1/projects', { name: 'Чат', plan: 'free' });
    project = made.json().project.id;
    token = made.json().token.token;
  });
  after(() => test.close());

  async function register(email: string, browser = call): Promise<{ csrf: string }> {
    const editions = (await browser('GET', '/api/v1/editions/current', { headers: json })).json();
    const of = (kind: string) =>
      editions.filter((one: { kind: string }) => one.kind === kind).map((one: { id: string }) => one.id);
    const body = { email, password, name: 'Новый Человек', accepts: of('contract'), acquaints: of('policy') };
    await browser('POST', '/api/v1/accounts', { body, headers: json });
    return (await browser('POST', '/api/v1/session', { body: { email, password }, headers: json })).json();
  }

  function api(method: string, path: string, body?: unknown) {
    const headers = { ...json, 'x-csrf-token': csrf };
    return call(method, path, { headers, ...(body === undefined ? {} : { body }) });
  }

  async function send(form: Record<string, string>) {
    const { token: _csrf } = await call('GET', `/my/projects/${project}/settings`);
    return call('POST', `/my/projects/${project}/settings`, { form: { _csrf: String(_csrf), ...form } });
  }

  it('are read and written over the API, by nobody but the owner', async () => {
    const path = `/api/v1/projects/${project}/settings`;
    const first = { origins: [], maxPayloadBytes: null, clientPublishing: true };
    expect((await api('GET', path)).json()).to.deep.equal(first);
    const next = { origins: ['https://app.example.org'], maxPayloadBytes: 2048, clientPublishing: false };
    const answer = await api('PUT', path, next);
    expect(answer.status).to.equal(200);
    expect((await api('GET', path)).json()).to.deep.equal(next);
    const wrong = await api('PUT', path, { ...next, maxPayloadBytes: 1024 * 1024 + 1 });
    expect([wrong.status, wrong.json().code]).to.deep.equal([400, 'settings.payload-over-plan']);
    expect((await api('PUT', path, { ...next, origin: 'x' })).status).to.equal(400);

    const stranger = createBrowser(test.app.url);
    const other = await register('other@mail.example', stranger);
    const theirs = { headers: { ...json, 'x-csrf-token': other.csrf }, body: first };
    expect((await stranger('PUT', path, theirs)).status).to.equal(404);
    expect((await stranger('GET', path, { headers: json })).status).to.equal(404);
    expect((await api('GET', path)).json()).to.deep.equal(next);
  });

  it('are a form that shows what is, takes what is new, and says what is wrong beside its field', async () => {
    const page = await call('GET', `/my/projects/${project}/settings`);
    expect(page.status).to.equal(200);
    expect(page.text).to.contain('https://app.example.org').and.to.contain('value="2048"');
    expect(page.text).not.to.match(/name="clientPublishing"[^>]* checked/);

    const form = { origins: 'https://a.example\r\nhttps://b.example:8443\r\n', maxPayloadBytes: '1 024' };
    expect((await send({ ...form, clientPublishing: 'yes' })).status).to.equal(303);
    expect((await api('GET', `/api/v1/projects/${project}/settings`)).json()).to.deep.equal({
      origins: ['https://a.example', 'https://b.example:8443'],
      maxPayloadBytes: 1024,
      clientPublishing: true,
    });

    const wrong = await send({ origins: 'b.example', maxPayloadBytes: '' });
    expect(wrong.status).to.equal(422);
    expect(wrong.text).to.contain('id="origins-error"').and.to.contain('b.example</textarea>');
    const tooLarge = await send({ origins: '', maxPayloadBytes: '99999999' });
    expect(tooLarge.text).to.contain('id="maxPayloadBytes-error"').and.to.contain('1048576');
    expect((await send({ origins: '', maxPayloadBytes: '' })).status).to.equal(303);
    expect((await api('GET', `/api/v1/projects/${project}/settings`)).json()).to.deep.equal({
      origins: [],
      maxPayloadBytes: null,
      clientPublishing: false,
    });
  });

  it('hold at the door of the service, and the document of the API tells of both', async () => {
    const publish = (origin?: string) =>
      fetch(`${test.app.url}/relay/v1/channels/x/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, ...(origin ? { origin } : {}) },
        body: 'x',
      });
    expect((await publish()).status).to.equal(202);
    expect((await publish('https://a.example')).status).to.equal(403);
    const document = (await call('GET', '/api/openapi.json')).json();
    expect(Object.keys(document.paths)).to.include.members([
      '/api/v1/projects/{id}/settings',
      '/relay/v1/channels/{channel}/messages',
      '/relay/v1/batches',
      '/relay/v1/tickets',
      '/relay/v1/connect',
      '/apps/{id}/events',
      '/apps/{id}/channels/{name}',
    ]);
    const refs = [...JSON.stringify(document.paths).matchAll(/"(\/relay\/v1\/schema\/[\w.-]+)/g)].map(([, at]) => at);
    expect(refs.length).to.be.greaterThan(8);
    for (const at of new Set(refs)) {
      const answer = await fetch(`${test.app.url}${at}`);
      expect(answer.headers.get('content-type')).to.equal('application/schema+json');
      expect(await answer.json()).to.include({ $id: at });
    }
  });
});
