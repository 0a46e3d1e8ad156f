import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { createBrowser } from '../http/house.ts';
import { startApp, type TestApp } from '../support/app.ts';

const json = { accept: 'application/json' };

describe('a visitor', function () {
  this.timeout(60_000);
  let test: TestApp;
  const person = { email: 'new@mail.example', password: 'correct horse battery staple', name: 'Новый Человек' };

  before(async () => {
    test = await startApp({ at: '2026-05-05T10:00' });
    const { db, consents } = test.app.engine;
    for (const document of ['offer', 'policy']) {
      const published = Temporal.PlainDate.from('2026-04-30');
      const edition = { document, bytes: Buffer.from('Текст'), mime: 'text/plain', published, effective: published };
      await db.transaction((trx) => consents.editions.add(trx, edition));
    }
  });
  after(() => test.close());

  it('who has just registered enters an empty cabinet: no project and no token yet', async () => {
    const call = createBrowser(test.app.url);
    const editions = (await call('GET', '/api/v1/editions/current', { headers: json })).json();
    const of = (kind: string) =>
      editions.filter((one: { kind: string }) => one.kind === kind).map((one: { id: string }) => one.id);
    const body = { ...person, accepts: of('contract'), acquaints: of('policy') };
    expect((await call('POST', '/api/v1/accounts', { body, headers: json })).status).to.equal(201);
    const { token: _csrf } = await call('GET', '/auth/login');
    const form = { _csrf, email: person.email, password: person.password };
    expect((await call('POST', '/auth/login', { form })).status).to.equal(303);
    const cabinet = await call('GET', '/my/projects');
    expect(cabinet.status).to.equal(200);
    expect(cabinet.text).to.not.include('/my/projects/prj_');
    expect(await test.app.engine.db('relay.projects')).to.deep.equal([]);
    expect(await test.app.engine.db('relay.tokens')).to.deep.equal([]);
  });

  it('gets only the cookies that a form, a session and a choice of language and theme need, each with its term', async () => {
    const call = createBrowser(test.app.url);
    const lines: string[] = [];
    const visit = async (method: string, path: string, form?: Record<string, string>) => {
      const answer = await call(method, path, form ? { form } : {});
      lines.push(...answer.headers.getSetCookie());
      return answer;
    };
    for (const path of ['/', '/documents', '/help', '/notices']) await visit('GET', path);
    expect(lines).to.deep.equal([]);
    await visit('POST', '/settings', { lang: 'en', theme: 'dark', back: '/' });
    const { token: _csrf } = await visit('GET', '/auth/login');
    await visit('POST', '/auth/login', { _csrf, email: person.email, password: person.password });
    const names = new Set(lines.map((line) => line.slice(0, line.indexOf('='))));
    expect([...names].sort()).to.deep.equal(['srok.lang', 'srok.sid', 'srok.sid.sig', 'srok.theme']);
    for (const line of lines) expect(line).to.match(/; expires=.+; httponly/i);
  });

  it('is shown pages that load nothing from anywhere else: no counter, no statistics', async () => {
    const call = createBrowser(test.app.url);
    for (const path of ['/', '/documents', '/help', '/notices', '/register', '/auth/login']) {
      const { text, headers } = await call('GET', path);
      expect(text, path).to.not.match(/<(?:script|img|iframe|link)[^>]+(?:src|href)="(?:https?:)?\/\//);
      expect(headers.get('content-security-policy'), path).to.include("default-src 'none'");
    }
  });
});
