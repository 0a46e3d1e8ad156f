import { expect } from 'chai';
import { makeSite, password, type Site } from '../browser/site.ts';
import { createBrowser } from '../http/house.ts';

interface Operation {
  security?: unknown[];
  'x-roles'?: string[];
}

describe('the API over real HTTP', function () {
  this.timeout(120_000);
  let site: Site;
  before(async () => {
    site = await makeSite();
  });
  after(() => site.close());

  const json = { accept: 'application/json' };
  async function enter(email: string) {
    const call = createBrowser(site.url);
    const { csrf } = (await call('POST', '/api/v1/session', { body: { email, password }, headers: json })).json();
    return (method: string, path: string, body?: unknown) =>
      call(method, path, { headers: { ...json, 'x-csrf-token': csrf }, ...(body === undefined ? {} : { body }) });
  }
  async function operations(): Promise<[string, string, Operation][]> {
    const document = (await createBrowser(site.url)('GET', '/api/openapi.json')).json() as {
      paths: Record<string, Record<string, Operation>>;
    };
    return Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
        method.toUpperCase(),
        path.replaceAll(/\{\w+\}/g, 'x'),
        operation,
      ]),
    );
  }

  it('answers a stranger 401 at every door that is not public', async () => {
    const closed = (await operations()).filter(([, , { security }]) => security?.length !== 0);
    expect(closed.length).to.be.greaterThan(40);
    const call = createBrowser(site.url);
    for (const [method, path] of closed) {
      const answer = await call(method, path, { headers: json, ...(method === 'GET' ? {} : { body: {} }) });
      expect(answer.status, `${method} ${path}`).to.equal(401);
    }
  });

  it('answers a relay user 403 at every door of the staff', async () => {
    const call = await enter(site.user);
    const theirs = (await operations()).filter(([, , { 'x-roles': roles }]) => roles && !roles.includes('relay-user'));
    for (const [method, path] of theirs) {
      expect((await call(method, path, method === 'GET' ? undefined : {})).status, `${method} ${path}`).to.equal(403);
    }
  });

  it('registers nobody who has not accepted the offer, and writes no consent for who has', async () => {
    const call = createBrowser(site.url);
    const person = { email: 'new@mail.example', password, name: 'Новый Человек' };
    const refused = await call('POST', '/api/v1/accounts', {
      body: { ...person, accepts: [], acquaints: [] },
      headers: json,
    });
    expect(refused.status).to.equal(400);
    expect(refused.json()).to.include({ code: 'registration.not-accepted' });
    expect(refused.json().errors[0].field).to.equal('accepts');
    const editions = (await call('GET', '/api/v1/editions/current', { headers: json })).json() as {
      id: string;
      kind: string;
    }[];
    const of = (kind: string): string[] => editions.filter((edition) => edition.kind === kind).map(({ id }) => id);
    const body = { ...person, accepts: of('contract'), acquaints: of('policy') };
    expect((await call('POST', '/api/v1/accounts', { body, headers: json })).status).to.equal(201);
    const own = await enter('new@mail.example');
    const account = (await own('GET', '/api/v1/account')).json();
    expect(account.acceptances.map(({ kind }: { kind: string }) => kind)).to.have.members([
      'acceptance',
      'acquaintance',
    ]);
    expect(account.consents).to.deep.equal([]);
  });

  it('carries a request from its number to its answer', async () => {
    const dpo = await enter(site.staff.dpo);
    const path = `/api/v1/requests/${encodeURIComponent(site.requests.access)}`;
    const before = (await dpo('GET', path)).json();
    expect(before.state).to.equal('draft');
    expect(before.deadline.dueOn).to.equal('2026-11-30');
    const answered = await dpo('POST', `${path}/answer`, {});
    expect(answered.status).to.equal(200);
    expect(answered.json().state).to.be.oneOf(['answered', 'closed']);
    const document = await dpo('GET', `/api/v1/documents/${answered.json().answerDocument}`);
    expect(document.headers.get('content-type')).to.equal('application/pdf');
    const assistant = await enter(site.staff.second);
    expect((await assistant('POST', `${path}/answer`, {})).status).to.equal(403);
  });

  it('names the field when a request is said to come from before the law', async () => {
    const dpo = await enter(site.staff.dpo);
    const letter = {
      channel: 'post',
      kind: 'objection',
      receivedAt: '2005-03-01T10:00:00Z',
      email: 'old@mail.example',
    };
    const refused = await dpo('POST', '/api/v1/requests', letter);
    expect(refused.status).to.equal(400);
    expect(refused.json().errors[0].field).to.equal('receivedAt');
    const taken = await dpo('POST', '/api/v1/requests', { ...letter, receivedAt: '2026-10-01T10:00:00Z' });
    expect(taken.status).to.equal(201);
  });

  it('ends every session with a new password, but for the one that set it', async () => {
    const enterByForm = async () => {
      const call = createBrowser(site.url);
      const _csrf = (await call('GET', '/auth/login')).token;
      await call('POST', '/auth/login', { form: { _csrf, email: site.staff.auditor, password } });
      return call;
    };
    const [here, elsewhere] = [await enterByForm(), await enterByForm()];
    const { token: _csrf } = await here('GET', '/auth/security');
    const next = `${password}, anew`;
    const form = { _csrf, present: password, next, again: next };
    expect((await here('POST', '/auth/security/password', { form })).status).to.equal(303);
    const after = await here('GET', '/auth/security');
    expect([after.status, after.text.includes('Пароль изменён.')]).to.deep.equal([200, true]);
    expect((await elsewhere('GET', '/auth/security')).status).to.equal(302);
    const back = { _csrf: after.token, present: next, next: password, again: password };
    expect((await here('POST', '/auth/security/password', { form: back })).status).to.equal(303);
  });

  it('lets bookkeepers record payments, and nobody else', async () => {
    const payments = (await operations()).filter(([method, path]) => method === 'POST' && path === '/api/v1/payments');
    expect(payments.map(([, , { 'x-roles': roles }]) => roles)).to.deep.equal([['billing']]);
    const admin = await enter(site.staff.admin);
    expect((await admin('POST', '/api/v1/payments', {})).status).to.equal(403);
  });

  it('verifies the journal, and lists the looks at it', async () => {
    const auditor = await enter(site.staff.auditor);
    expect((await auditor('POST', '/api/v1/journal/verify', {})).json().ok).to.equal(true);
    const entries = (await auditor('GET', '/api/v1/journal?prefix=request.&limit=3')).json();
    expect(entries).to.have.length(3);
    expect(JSON.stringify(entries)).to.not.contain('ivanov@');
  });
});
