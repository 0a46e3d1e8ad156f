import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Trx } from '../../core/db/index.ts';
import { type RequestKind, Temporal } from '../../core/index.ts';
import { billingOf } from '../../plugins/billing/index.ts';
import { relayOf } from '../../plugins/relay/index.ts';
import { moscow, startApp, type TestApp } from '../support/app.ts';

const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where Debian keeps its Chromium, or null. */
export const chromiumPath = paths.find((path) => existsSync(path)) ?? null;

export function openBrowser(): Promise<Browser> {
  if (!chromiumPath) throw new Error('There is no Chromium.');
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

export const password = 'correct horse battery staple';

/** An installation with people in it: staff of every role, relay users, requests at every stage, a deletion. */
export interface Site {
  test: TestApp;
  url: string;
  /** Sign-in addresses by role. */
  staff: Record<'admin' | 'dpo' | 'second' | 'auditor' | 'specialist', string>;
  user: string;
  /** The project that the user has in use; null where nobody relays messages. */
  project: string | null;
  /** The plan that waits for its check, and the request behind it. */
  plan: string;
  requests: { access: string; late: string; deletion: string };
  /** Numbers of events: an incident with one clock still running, a claim that is late. */
  events: { incident: string; claim: string };
  /** Numbers of requests for rights that only the operator's documents give, by their kind; none for most. */
  promised: Partial<Record<RequestKind, string>>;
  close(): Promise<void>;
}

/** @param operator whose pack is served */
export async function makeSite(operator = 'qsockets'): Promise<Site> {
  const test = await startApp({ at: '2026-10-05T10:00', operator });
  const { engine } = test.app;
  const { db, accounts, consents, requests } = engine;
  const story = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => db.transaction(work);

  const first = await accounts.staff.firstLink();
  if (!first) throw new Error('There is an administrator already.');
  const email = (name: string): string => `${name}@operator.example`;
  const admin = await accounts.staff.setPassword(first.token, {
    password,
    email: email('admin'),
    name: 'Зимина Ольга Петровна',
  });
  const people = [
    ['dpo', 'Соколова Анна Викторовна', ['dpo']],
    ['second', 'Орлов Дмитрий Сергеевич', ['dpo-assistant']],
    ['auditor', 'Белова Мария Игоревна', ['auditor']],
    ['specialist', 'Громов Илья Андреевич', ['specialist']],
  ] as const;
  for (const [name, full, roles] of people) {
    const { token } = await story((trx) =>
      accounts.staff.invite(trx, {
        email: email(name),
        name: full,
        position: 'Сотрудник',
        roles: [...roles],
        by: admin.account,
      }),
    );
    await accounts.staff.setPassword(token, { password });
  }

  const day = Temporal.PlainDate.from;
  const texts: Record<string, string> = {
    contract: 'Демонстрационная оферта. Текст составлен для проверки.',
    policy: 'Демонстрационная политика. Текст составлен для проверки.',
  };
  for (const { id: document, kind } of engine.law.operator.documents) {
    const text = texts[kind];
    if (!text) continue;
    await story((trx) =>
      consents.editions.add(trx, {
        document,
        bytes: Buffer.from(text),
        mime: 'text/plain',
        published: day('2026-10-05'),
      }),
    );
  }
  await test.advance('2026-11-06T09:30');

  const join = async (address: string, name: string) => {
    const registered = await story((trx) => accounts.registerUser(trx, { email: address, password, name }));
    for (const edition of await consents.editions.list(db)) {
      const { kind } = engine.law.operator.documents.find(({ id }) => id === edition.document) ?? {};
      const act = kind === 'contract' ? consents.accept : consents.acquaint;
      await story((trx) => act(trx, registered.account, edition.id, { via: 'registration' }));
    }
    return registered;
  };
  const user = 'ivanov@mail.example';
  const ivanov = await join(user, 'Иванов Пётр Сергеевич');
  const melnikova = await join('melnikova@mail.example', 'Мельникова Ольга Алексеевна');
  const receive = (kind: RequestKind, from: { email: string; name: string }) =>
    story((trx) =>
      requests.receive(trx, {
        channel: 'email',
        kind,
        receivedAt: test.clock.now(),
        from,
        text: 'Прошу сообщить, какие мои персональные данные вы обрабатываете.',
      }),
    );
  const late = await receive('rectification', { email: 'kim@corp.example', name: 'Ким Андрей' });
  await test.advance('2026-11-16T11:00');
  const access = await receive('access', { email: user, name: 'Иванов Пётр Сергеевич' });
  await story((trx) =>
    requests.identify(trx, access.id, { subject: ivanov.subject, method: 'письмо с известного адреса', by: 'system' }),
  );
  await test.advance('2026-11-20T15:00');
  await receive('objection', { email: 'tar@mail.example', name: 'Тарасенко Вероника' });
  const promised: Site['promised'] = {};
  for (const kind of ['restriction', 'portability', 'interest-objection'] as const) {
    if (!requests.kinds().includes(kind)) continue;
    const { id, number } = await receive(kind, { email: user, name: 'Иванов Пётр Сергеевич' });
    await story((trx) =>
      requests.identify(trx, id, { subject: ivanov.subject, method: 'registered-email', by: 'system' }),
    );
    promised[kind] = number;
  }
  const deletion = await story((trx) => accounts.deletion(trx, melnikova.account));
  await test.advance('2026-11-20T18:40');
  const events = await tellEvents(test);
  const relays = engine.law.operator.plugins.includes('relay');
  const project = relays ? await useProject(test, ivanov) : null;
  await engine.jobs.idle();
  await engine.journal.sealUp();
  return {
    test,
    url: test.app.url,
    staff: {
      admin: email('admin'),
      dpo: email('dpo'),
      second: email('second'),
      auditor: email('auditor'),
      specialist: email('specialist'),
    },
    user,
    project,
    plan: deletion.plan,
    requests: { access: access.number, late: late.number, deletion: deletion.number },
    promised,
    events,
    close: () => test.close(),
  };
}

/** A paid project that has been in use for weeks: two tokens, messages of today, days before. */
async function useProject({ app, clock }: TestApp, owner: { subject: string; account: string }): Promise<string> {
  const { db } = app.engine;
  const relay = relayOf(app.engine);
  const order = { ...owner, name: 'Заказы', plan: 'start' };
  const { project } = await db.transaction((trx) => relay.createProject(trx, order));
  await db.transaction((trx) =>
    billingOf(app.engine).recordPayment(trx, {
      ...{ externalId: 'bank-1', project: project.id, plan: 'start', months: 1, kopecks: 99_000 },
      ...{ payer: { name: 'ООО «Заказы»', email: 'buh@orders.example' }, paidAt: clock.now() },
    }),
  );
  const { token } = await db.transaction((trx) => relay.issueToken(trx, project.id));
  const stand = { name: 'стенд', rights: ['read', 'subscribe'] } as const;
  await db.transaction((trx) => relay.issueToken(trx, project.id, { ...stand, rights: [...stand.rights] }));
  for (let n = 1; n <= 12; n++) {
    await fetch(`${app.url}/relay/v1/channels/${n % 3 === 0 ? 'склад' : 'заказы'}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ order: n }),
    });
  }
  const [today] = await db('relay.usage').where({ project_id: project.id });
  const dayBefore = clock.now().toZonedDateTimeISO('Europe/Moscow').toPlainDate();
  const days = Array.from({ length: 33 }, (_, back) => {
    const hours = Array.from(
      { length: 24 },
      (_, hour) => Math.max(0, (back + 40 + hour * 7) % 61) * (hour > 7 ? 90 : 10),
    );
    const messages = hours.reduce((sum, count) => sum + count, 0);
    const used = { messages, hours, dropped: back === 4 ? 17 : 0, connections_peak: 20 + back, bytes: messages * 210 };
    return { ...today, ...used, notices: '{}', used_on: dayBefore.subtract({ days: back + 1 }) };
  });
  await db('relay.usage').insert(days as never);
  const { hours, messages } = { hours: [...(days[5]?.hours ?? []).slice(0, 19), 0, 0, 0, 0, 0], messages: 83_200 };
  await db('relay.usage')
    .where({ project_id: project.id, used_on: dayBefore } as never)
    .update({ hours, messages, connections_peak: 41 });
  await askForTheLog(app, project.id);
  return project.id;
}

/** A specialist has asked for two looks at the log, and one of them was allowed. */
async function askForTheLog({ engine }: TestApp['app'], project: string): Promise<void> {
  const { logs } = relayOf(engine);
  const staff = await engine.accounts.staff.list();
  const [specialist, dpo] = await Promise.all(
    (['specialist', 'dpo'] as const).map((role) =>
      engine.accounts.actor(staff.find(({ roles }) => roles.includes(role))?.account ?? ''),
    ),
  );
  if (!specialist || !dpo) throw new Error('Nobody may look at the log.');
  const from = Temporal.PlainDate.from('2026-11-20');
  const scope = { project, from, before: from.add({ days: 1 }) };
  const allowed = await logs.request(specialist, { purpose: 'monitoring', need: 'Служебная записка № 12', scope });
  await logs.request(specialist, { purpose: 'security', need: 'Служебная записка № 13', scope });
  await engine.db.transaction((trx) => logs.grant(trx, allowed.id, dpo));
}

/** What the officer has reported: a leak of two days ago, told of to the regulator, and a claim nobody answered. */
async function tellEvents({ app }: TestApp): Promise<Site['events']> {
  const { events, engine } = app;
  const officer = (await engine.accounts.staff.list()).find(({ roles }) => roles.includes('dpo'));
  const by = { account: officer?.account ?? '', roles: ['dpo'] };
  const tell = async (fact: string, at: string, more: Partial<Parameters<typeof events.report>[1]> = {}) => {
    const order = { fact, at: moscow(at), by, ...more };
    return (await engine.db.transaction((trx) => events.report(trx, order))).id;
  };
  const fields = { subjects: 12_000, identifiers: 15_500 };
  const incident = await tell('incident.detected', '2026-11-18T21:10', {
    fields,
    note: 'Копия базы в открытом доступе',
  });
  await tell('incident.noticed', '2026-11-19T15:00', { about: incident, contains: ['1', '2', '3'] });
  const claim = await tell('claim.received', '2026-11-02T12:00', { fields: { customer: 'consumer' } });
  const numberOf = async (id: string): Promise<string> => (await events.get(id)).number ?? id;
  return { incident: await numberOf(incident), claim: await numberOf(claim) };
}

export { moscow };

/** Signs in by the form, as a person does. */
export async function signIn(context: BrowserContext, site: Site, email: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${site.url}/auth/login`);
  await page.fill('#email', email);
  await page.fill('#password', password);
  await page.click('main button.primary');
  await page.waitForLoadState();
  return page;
}
