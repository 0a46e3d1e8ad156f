import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { createPerson, type Person } from '../../core/cli/demo/client.ts';
import { toPath } from '../../core/console/numbers.ts';
import { cite } from '../../core/law/index.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { expectStatus, settle } from '../support/people.ts';

const packs = new URL('../../policies/operators/', import.meta.url);
const operators = readdirSync(packs).sort();

/** Names of an operator that no other one may show: the short name without its form, and the domain. */
const namesOf = (operator: string): string[] => {
  const text = readFileSync(new URL(`${operator}/operator.yaml`, packs), 'utf8');
  const short = /^short_name: .*«(.+)»/m.exec(text)?.[1];
  const site = /^site: https?:\/\/(?:www\.)?([^\s/]+)/m.exec(text)?.[1];
  return [short, site].filter((name) => name !== undefined);
};

/** The rights that no law gives, of those that its documents name. */
function promisedBy(operator: string) {
  const text = readFileSync(new URL(`${operator}/rights.yaml`, packs), 'utf8');
  return (['restriction', 'portability', 'interest-objection'] as const).filter((id) => text.includes(`id: ${id}\n`));
}

for (const operator of operators) {
  describe(`the service of ${operator}`, () => {
    let test: TestApp;
    let dpo: Person;

    before(async () => {
      test = await startApp({ at: '2026-05-05T10:00', operator });
      await publishAll(test);
      dpo = await anOfficer(test);
    });
    after(() => test?.close());

    const law = () => test.app.engine.law;

    it('is ready, and has a whole data map', async () => {
      const guest = createPerson(test.app.url);
      expect((await guest.get('/healthz')).status).to.equal(200);
      const ready = await guest.get('/readyz');
      expect(ready.status, JSON.stringify(ready.body)).to.equal(200);
      expect(await test.app.engine.datamap.check(test.app.engine.db)).to.deep.equal([]);
      const owners = new Set(test.app.engine.datamap.stores().map(({ owner }) => owner));
      for (const plugin of ['relay', 'billing']) {
        expect(owners.has(plugin), plugin).to.equal(law().operator.plugins.includes(plugin));
      }
    });

    it('speaks of itself alone on every page, and shows what it has and nothing else', async () => {
      const guest = createPerson(test.app.url);
      const strangers = operators.filter((other) => other !== operator).flatMap(namesOf);
      const [edition] = await test.app.engine.consents.editions.list(test.app.engine.db);
      const pages: [Person, string][] = [
        ...['/', '/help', '/documents', `/documents/${edition?.id}`, '/notices', '/register', '/auth/login'].map(
          (path): [Person, string] => [guest, path],
        ),
        ...[
          '/dpo',
          '/dpo/requests',
          '/dpo/requests/new',
          '/dpo/erasures',
          '/dpo/acts',
          '/dpo/retention',
          '/audit/log',
        ].map((path): [Person, string] => [dpo, path]),
      ];
      for (const [person, path] of pages) {
        const { status, bytes } = await person.get(path);
        const html = bytes.toString('utf8');
        expect(status, path).to.equal(200);
        expect(html, path).to.include(law().operator.shortName.replace(/[«»"]/g, (quote) => quote));
        expect(
          strangers.filter((name) => html.includes(name)),
          path,
        ).to.deep.equal([]);
      }
      const relays = law().operator.plugins.includes('relay');
      for (const path of ['/dpo/log-access', '/my/projects', '/logs', '/audit/reports']) {
        const there = ['/logs', '/my/projects'].includes(path) ? 403 : 200;
        expect((await dpo.get(path)).status, path).to.equal(relays ? there : 404);
      }
    });

    it('takes a request in and says by when it is to be answered, and by which norm', async () => {
      const kinds = test.app.engine.requests.kinds();
      const named = law().operator.rights.map(({ id }) => id);
      for (const kind of ['restriction', 'portability', 'interest-objection'] as const) {
        expect(kinds.includes(kind), kind).to.equal(named.includes(kind));
      }
      const form = (await dpo.get('/dpo/requests/new')).bytes.toString('utf8');
      for (const kind of kinds) {
        expect(form).to.include(`value="${kind}"`);
        const letter = { channel: 'post', kind, name: 'Лидия Письмова', text: 'Прошу.' };
        const made = expectStatus(await dpo.send('POST', '/api/v1/requests', letter), 201);
        const { deadline, dueOn } = expectStatus(
          await dpo.get(`/api/v1/requests/${encodeURIComponent(made.number)}`),
          200,
        );
        expect(dueOn, kind).to.match(/^2026-0[56]-\d\d$/);
        expect(cite(deadline.because.winner.cite, 'ru'), kind).to.match(/152-ФЗ|п\. |Политика|Оферта/);
        const card = await dpo.get(`/dpo/requests/${toPath(made.number)}`);
        expect(card.status, kind).to.equal(200);
      }
      const access = await dpo.send('POST', '/api/v1/requests', { channel: 'post', kind: 'access', name: 'Лидия' });
      expect(access.body.dueOn).to.equal('2026-05-20');
    });

    it('erases an account within the promise, or within the term of the law where there is none', async () => {
      const { engine } = test.app;
      const ours = (store: string): boolean => !engine.datamap.store(store).store.elsewhere;
      const user = await aUser(test);
      const { number } = expectStatus(await user.send('DELETE', '/api/v1/account'), 202);
      const { dueOn } = law().due('account-deleted.erase', { from: test.clock.now() });
      const request = await engine.requests.get(number);
      const plan = await engine.retention.plans.get(request.plan ?? '');
      expect(String(plan.eraseBy) <= String(dueOn), `${plan.eraseBy} by ${dueOn}`).to.equal(true);
      expectStatus(await dpo.send('POST', `/api/v1/erasures/${plan.id}/check`, {}), 200);
      await settle(test);
      const open = await doTasks(dpo, plan.id);
      const elsewhere = plan.items.filter(({ outcome, store }) => outcome === 'erase' && !ours(store));
      expect(open).to.equal(elsewhere.length);
      for (const { outcome, because, until, title } of plan.items) {
        if (outcome === 'retain') expect(because && until, title).to.be.ok;
      }
      if (open > 0) await engine.retention.execute(plan.id, { jobId: 'again' });
      await settle(test);
      expect((await engine.retention.plans.get(plan.id)).state).to.equal('executed');
      expect((await engine.requests.get(number)).state).to.equal('closed');
      const { rows } = await engine.db.raw('select count(*) as count from core.profiles');
      expect(rows[0].count).to.equal(0);
      const [act] = await engine.retention.acts.list({ plan: plan.id });
      expect(act?.number).to.match(/^АУ-2026-/);
    });

    const promised = promisedBy(operator);
    const name = 'carries each right that only its documents give from intake to answer';
    if (promised.length > 0)
      it(name, async () => {
        const { engine } = test.app;
        const user = await aUser(test, 'vera');
        const { subject } = expectStatus(await user.get('/api/v1/account'), 200);
        for (const kind of promised) {
          const letter = { channel: 'email', kind, email: 'vera@users.example.org', name: 'Вера', text: 'Прошу.' };
          const { id, number } = expectStatus(await dpo.send('POST', '/api/v1/requests', letter), 201);
          const path = `/api/v1/requests/${encodeURIComponent(number)}`;
          const step = (name: string, body: object = {}) => dpo.send('POST', `${path}/${name}`, body);
          expectStatus(await step('identify', { subject, method: 'registered-email' }), 200);
          const decide = async (): Promise<void> => {
            if (kind === 'restriction') expectStatus(await step('restrict', { on: true }), 200);
            if (kind === 'portability') expectStatus(await step('collect'), 200);
            const purpose = engine.requests.objectionable()[0]?.id;
            if (kind === 'interest-objection') expectStatus(await step('stop-purpose', { purpose }), 200);
          };
          await decide();
          await doTasks(dpo, id);
          // A collection goes on by itself once the last task is done; an order is given again.
          if (kind === 'portability') expect((await engine.requests.get(id)).state).to.equal('draft');
          else await decide();
          const card = await dpo.get(`/dpo/requests/${toPath(number)}`);
          expect(card.bytes.toString('utf8'), kind).to.include(`/dpo/requests/${toPath(number)}/answer`);
          const answered = expectStatus(await step('answer'), 200);
          expect(answered, kind).to.include({ state: 'closed', overdue: false });
          const late = (await engine.letters.list({ about: id })).filter(
            ({ template }) => template === 'request.answer',
          );
          expect(late, kind).to.have.length(1);
        }
      });

    it('counts the days of an account that nobody uses only where a document speaks of it', () => {
      const opened = law().duties('account.registered');
      expect(opened).to.deep.equal(law().operator.inactivity ? ['inactivity.notice'] : []);
    });
  });
}

/** Every contract and policy of the pack in force, as text. */
async function publishAll({ app }: TestApp): Promise<void> {
  const { engine } = app;
  for (const { id, kind, title } of engine.law.operator.documents) {
    if (kind !== 'contract' && kind !== 'policy') continue;
    const publishedOn = Temporal.PlainDate.from('2026-04-01');
    await engine.db.transaction((trx) =>
      engine.consents.editions.add(trx, {
        ...{ document: id, bytes: Buffer.from(`# ${title}`), mime: 'text/markdown; charset=utf-8' },
        ...{ published: publishedOn, effective: publishedOn.add({ weeks: 3 }) },
      }),
    );
  }
}

/** The first administrator invites an officer, who signs in. */
async function anOfficer({ app }: TestApp): Promise<Person> {
  const token = new URL((await app.setupLink()) as string).pathname.split('/').at(-1);
  const chief = { name: 'Гарипова Алсу Маратовна', email: 'chief@staff.example.org', password: 'pass-garipova-1' };
  expectStatus(await createPerson(app.url).send('POST', '/api/v1/links', { token, ...chief }), 200, 201);
  const admin = await signIn(app.url, chief.email, chief.password);
  const member = { name: 'Соколова Инна Викторовна', email: 'dpo@staff.example.org', roles: ['dpo'] };
  const invited = expectStatus(await admin.send('POST', '/api/v1/staff', member), 201);
  const password = 'pass-sokolova-1';
  expectStatus(await createPerson(app.url).send('POST', '/api/v1/links', { token: invited.token, password }), 200, 201);
  return signIn(app.url, member.email, password);
}

/** What only people can reach is done by people. @returns how many tasks there were */
async function doTasks(dpo: Person, run: string): Promise<number> {
  const open = expectStatus(await dpo.get(`/api/v1/tasks?open=true&run=${run}`), 200);
  for (const { id } of open) expectStatus(await dpo.send('POST', `/api/v1/tasks/${id}/done`, { records: 0 }), 200);
  return open.length;
}

/** Registers by the documents in force, and signs in. */
async function aUser({ app }: TestApp, name = 'julia'): Promise<Person> {
  const guest = createPerson(app.url);
  const current = expectStatus(await guest.get('/api/v1/editions/current'), 200) as { id: string; kind: string }[];
  const of = (kind: string): string[] => current.filter((edition) => edition.kind === kind).map(({ id }) => id);
  const form = {
    ...{ name: 'Юлия Пользователева', email: `${name}@users.example.org`, password: 'pass-julia-long' },
    ...{ accepts: of('contract'), acquaints: of('policy') },
  };
  const { age } = app.engine.law.operator;
  if (age) {
    const refused = await guest.send('POST', '/api/v1/accounts', form);
    expect(refused.body).to.include({ code: 'registration.no-birth-day' });
    const child = await guest.send('POST', '/api/v1/accounts', { ...form, born: '2010-01-01' });
    expect(child.status).to.equal(400);
    expect(child.body).to.include({ code: 'registration.under-age' });
    expect(child.body.clause).to.match(/^Политика, п\.\s7\.1$/);
    expect(JSON.stringify(child.body)).to.not.include('2010-01-01');
  }
  const grown = age ? { born: '1990-02-28' } : {};
  const made = expectStatus(await guest.send('POST', '/api/v1/accounts', { ...form, ...grown }), 201);
  const stored = JSON.stringify((await app.engine.db.raw('select * from core.profiles')).rows);
  expect(stored).to.include(`${name}@`).and.not.include('1990-02-28');
  expect(made.subject).to.match(/^sub_/);
  return signIn(app.url, form.email, form.password);
}

async function signIn(url: string, email: string, password: string): Promise<Person> {
  const browser = createPerson(url);
  browser.useCsrf(expectStatus(await browser.send('POST', '/api/v1/session', { email, password }), 200).csrf);
  return browser;
}
