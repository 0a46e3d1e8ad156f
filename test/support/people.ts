import { readFileSync } from 'node:fs';
import { generate } from 'otplib';
import { Temporal } from '../../core/base/index.ts';
import { createPerson, type Person, publish, subscribe } from '../../core/cli/demo/client.ts';
import { advanceTo } from '../../core/cli/index.ts';
import { type Connectors, createConnectors } from '../../core/connectors/index.ts';
import type { TestApp } from './app.ts';

/*
 * Makers of people. Everything is done as the world does it: through the JSON API, the relay's door and the use cases
 * that screens call. Nobody writes into a table here.
 */

/** Someone who left something behind in many places. */
export interface Planted {
  name: string;
  email: string;
  password: string;
  account: string;
  subject: string;
  browser: Person;
  /** Words that only this person's records hold: name, address, what was sent and asked. */
  words: string[];
  /** Ids of what belongs to this person, as far as the makers know them. */
  ids: string[];
  /** What must never be shown, not even to the person: passwords, tokens, secrets of the second factor. */
  secrets: string[];
}

export interface Crew {
  dpo: Person;
  second: Person;
  cashier: Person;
  auditor: Person;
  /** Two people who look at the log. */
  specialists: [Planted, Planted];
}

type Answer = Awaited<ReturnType<Person['get']>>;

/** Fails with the answer when it is not one of these. */
export function expectStatus(answer: Answer, ...statuses: number[]): Answer['body'] {
  if (statuses.includes(answer.status)) return answer.body;
  throw new Error(`Expected ${statuses.join(' or ')}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}

/** Does what is due now, and waits until the queues are empty. */
export function settle({ app, clock }: TestApp): Promise<unknown> {
  return advanceTo({ clock, jobs: app.engine.jobs }, clock.now());
}

const editions = new URL('../../core/cli/demo/editions/', import.meta.url);
const passwordOf = (email: string): string => `pass-${email}`;

async function signIn(app: TestApp['app'], email: string, password: string): Promise<Person> {
  const browser = createPerson(app.url);
  browser.useCsrf(expectStatus(await browser.send('POST', '/api/v1/session', { email, password }), 200).csrf);
  return browser;
}

/** An offer and a policy in force, so that people may register. */
export async function publishEditions({ engine }: TestApp['app']): Promise<void> {
  const day = Temporal.PlainDate.from('2026-04-30');
  for (const document of ['offer', 'policy']) {
    const bytes = readFileSync(new URL(`${document}-2026-04-30.md`, editions));
    const days = { published: day, effective: day };
    await engine.db.transaction((trx) =>
      engine.consents.editions.add(trx, { document, bytes, mime: 'text/markdown; charset=utf-8', ...days }),
    );
  }
}

/** The first administrator invites the others; each sets a password by the link. */
export async function aCrew(app: TestApp['app']): Promise<Crew> {
  const token = new URL((await app.setupLink()) as string).pathname.split('/').at(-1);
  const chief = { name: 'Гарипова Алсу Маратовна', email: 'garipova@staff.example.org', password: 'pass-garipova-1' };
  expectStatus(await createPerson(app.url).send('POST', '/api/v1/links', { token, ...chief }), 200, 201);
  const admin = await signIn(app, chief.email, chief.password);

  async function member(name: string, email: string, role: string): Promise<Planted> {
    const invited = expectStatus(await admin.send('POST', '/api/v1/staff', { name, email, roles: [role] }), 201);
    const password = passwordOf(email);
    const answer = { token: invited.token, password };
    expectStatus(await createPerson(app.url).send('POST', '/api/v1/links', answer), 200, 201);
    const account = await app.engine.accounts.get(app.engine.db, invited.account);
    return {
      ...{ name, email, password, account: invited.account, subject: account?.subject ?? '' },
      browser: await signIn(app, email, password),
      words: [name, email],
      ids: [],
      secrets: [password, invited.token],
    };
  }

  return {
    dpo: (await member('Соколова Инна Викторовна', 'sokolova@staff.example.org', 'dpo')).browser,
    second: (await member('Орлов Дмитрий Сергеевич', 'orlov@staff.example.org', 'dpo')).browser,
    cashier: (await member('Лебедева Полина Павловна', 'lebedeva@staff.example.org', 'billing')).browser,
    auditor: (await member('Мельникова Ольга Андреевна', 'melnikova@staff.example.org', 'auditor')).browser,
    specialists: [
      await member('Ким Андрей Олегович', 'kim@staff.example.org', 'specialist'),
      await member('Лаврова Нина Петровна', 'lavrova@staff.example.org', 'specialist'),
    ],
  };
}

/**
 * A user who registers, turns on the second factor, has a free project with a message in it and a paid one with its
 * invoice, and has given and withdrawn a consent.
 * @param key Latin letters; makes the address and the words unlike anybody else's
 */
export async function aUser(test: TestApp, crew: Crew, key: string, name: string): Promise<Planted> {
  const { app, clock } = test;
  const { engine } = app;
  const story = engine.db.transaction.bind(engine.db);
  const email = `${key}@users.example.org`;
  const password = passwordOf(email);
  const current = expectStatus(await createPerson(app.url).get('/api/v1/editions/current'), 200);
  const of = (kind: string): string[] =>
    current.filter((edition: { kind: string }) => edition.kind === kind).map(({ id }: { id: string }) => id);
  const form = { name, email, password, accepts: of('contract'), acquaints: of('policy') };
  const { account, subject } = expectStatus(await createPerson(app.url).send('POST', '/api/v1/accounts', form), 201);
  const browser = await signIn(app, email, password);

  const { secret } = await story((trx) => engine.accounts.totp.begin(trx, account));
  const code = await generate({ secret });
  const { recoveryCodes } = await story((trx) => engine.accounts.totp.confirm(trx, account, code));
  const text = `Согласие на аналитику, ${key}`;
  await story((trx) => engine.consents.give(trx, { subject, purpose: 'analytics', text, via: 'api' }));
  await story((trx) => engine.consents.withdraw(trx, subject, 'analytics', { via: 'api' }));

  const canary = `canary-of-${key}`;
  const make = (plan: string) => browser.send('POST', '/api/v1/projects', { name: `Проект ${key} ${plan}`, plan });
  const free = expectStatus(await make('free'), 201);
  const pusher = expectStatus(await browser.send('POST', `/api/v1/projects/${free.project.id}/pusher-keys`, {}), 201);
  const listener = await subscribe(app.url, free.token.token, `channel-${key}`);
  const sent = await publish(app.url, free.token.token, `channel-${key}`, Buffer.from(`{"note":"${canary}"}`));
  const message = expectStatus(sent, 202);
  await listener.until(1);
  listener.close();
  await listener.closed;

  const paid = expectStatus(await make('start'), 201);
  const payment = expectStatus(
    await crew.cashier.send('POST', '/api/v1/payments', {
      ...{ externalId: `bank-${key}`, project: paid.project.id, plan: 'start', months: 1 },
      kopecks: engine.law.operator.plans.find(({ id }) => id === 'start')?.priceKopecks,
      payer: { name, email },
      paidAt: clock.now().toString(),
    }),
    200,
    201,
  );
  return {
    ...{ name, email, password, account, subject, browser },
    words: [name, email, canary, `Проект ${key}`, `channel-${key}`, `bank-${key}`, text],
    ids: [subject, account, free.project.id, paid.project.id, message.id, payment.payment, payment.invoice.number],
    secrets: [password, free.token.token, pusher.secret, secret, ...recoveryCodes],
  };
}

/** A letter that asks what is held, answered with the package; the case is closed. */
export async function asksWhatIsHeld(test: TestApp, { dpo }: Crew, person: Planted): Promise<void> {
  const { name, email, subject } = person;
  const words = `Прошу сообщить, что обо мне известно: ${email}`;
  const letter = { channel: 'email', kind: 'access', email, name, text: words };
  const { id, number } = expectStatus(await dpo.send('POST', '/api/v1/requests', letter), 201);
  const path = `/api/v1/requests/${encodeURIComponent(number)}`;
  expectStatus(await dpo.send('POST', `${path}/identify`, { subject, method: 'registered-email' }), 200);
  await settle(test);
  expectStatus(await dpo.send('POST', `${path}/answer`, {}), 200);
  await settle(test);
  if (expectStatus(await dpo.get(path), 200).state !== 'closed') {
    expectStatus(await dpo.send('POST', `${path}/close`), 200, 204);
  }
  person.ids.push(id, number);
  person.words.push(words);
}

/** A letter that also stands on the dashboard. */
export async function isNotified(test: TestApp, { name, email, subject, ids }: Planted): Promise<void> {
  const { db, letters } = test.app.engine;
  const data = {
    project: `Проект ${email}`,
    endsOn: '2026-06-12',
    url: 'https://example.org/',
    clause: 'Оферта, п. 4.2',
  };
  const order = { template: 'billing.period-ending', to: { name, email, subject }, data } as const;
  ids.push(await db.transaction((trx) => letters.queue(trx, { ...order, channels: ['email', 'dashboard'] })));
  await settle(test);
}

/** A hold that has been placed and released. */
export async function wasOnHold({ dpo }: Crew, { subject, email }: Planted): Promise<void> {
  const order = {
    subject,
    categories: ['message'],
    because: `Спор с ${email}`,
    from: '2026-05-01',
    until: '2026-06-01',
  };
  const { id } = expectStatus(await dpo.send('POST', '/api/v1/holds', order), 201);
  expectStatus(await dpo.send('DELETE', `/api/v1/holds/${id}`), 204);
}

/** A task for a person, who looked and wrote down what was there. The packs of the house name no such system. */
export async function wasLookedUpByHand({ app }: TestApp, { subject, name }: Planted): Promise<void> {
  const { db, clock, law, vault, journal } = app.engine;
  const paper = {
    ...{ id: 'paper', kind: 'manual', title: { ru: 'Бумажный архив', en: 'Paper archive' } },
    ...{ system: { ru: 'Архив', en: 'Archive' }, subject: 'relay-user', purposes: ['compliance'] },
    schedule: 'request.case-file',
    fields: { folder: 'request.case-file' },
    instructions: { ru: 'Посмотрите в папке.', en: 'Look into the folder.' },
  };
  const connectors: Connectors = createConnectors({
    ...{ db, clock, zone: law.zone, vault, journal, datamap: { register() {} }, connectors: [paper], env: {} },
  });
  const runId = `req_hand_${subject}`;
  const collect = (): Promise<unknown> =>
    db.transaction(async (trx) =>
      connectors.stores.paper?.collect(subject, { trx, db, vault, clock, law, journal, runId }),
    );
  await collect().catch(() => {}); // it waits for the person
  const [task] = await connectors.tasks.list({ run: runId });
  if (!task) throw new Error('No task was opened.');
  await db.transaction((trx) =>
    connectors.tasks.done(trx, task.id, { by: 'acc_archivist', records: 1, rows: [{ name }] }),
  );
  await connectors.close();
}

/** The click on "delete my account". @returns the plan */
export async function leaves({ browser }: Planted): Promise<string> {
  return expectStatus(await browser.send('DELETE', '/api/v1/account'), 200, 202).plan;
}

/** Leaves, a second person checks, and the plan is carried out. */
export async function isErased(test: TestApp, crew: Crew, person: Planted): Promise<void> {
  const plan = await leaves(person);
  expectStatus(await crew.second.send('POST', `/api/v1/erasures/${plan}/check`), 200);
  await settle(test);
  const { state } = expectStatus(await crew.dpo.get(`/api/v1/erasures/${plan}`), 200);
  if (state !== 'executed') throw new Error(`The plan is ${state}.`);
}

/** A specialist asks for a look at somebody's log, is allowed to, and looks. Both know of the look and of the project. */
export async function looksAtTheLog({ app }: TestApp, { dpo }: Crew, who: Planted, at: Planted): Promise<void> {
  const purpose = app.engine.law.operator.logAccess?.purposes[0]?.id;
  const project = at.ids.find((id) => id.startsWith('prj_')) as string;
  const scope = { project, from: '2026-05-01', before: '2026-06-01' };
  const order = { purpose, need: `Служебная записка от ${who.email}`, scope };
  const { id } = expectStatus(await who.browser.send('POST', '/api/v1/log-access', order), 200, 201);
  expectStatus(await dpo.send('POST', `/api/v1/log-access/${id}/grant`), 200);
  expectStatus(await who.browser.get(`/api/v1/log-access/${id}/rows`), 200);
  who.ids.push(id, project);
  at.ids.push(id);
}
