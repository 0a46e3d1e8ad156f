import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type MovableClock, movableClock, Temporal } from '../../../core/base/index.ts';
import { dayOf } from '../../../core/calendar/index.ts';
import { createPerson, type Person, publish } from '../../../core/cli/demo/client.ts';
import { type App, advanceTo } from '../../../core/cli/index.ts';
import { createApp } from '../../../main.ts';
import { moscow } from '../../support/app.ts';
import { cloneDatabase, roomForTests } from '../../support/database.ts';
import { aCrew, type Crew, expectStatus, publishEditions } from '../../support/people.ts';
import { makeUpLaw } from './law.ts';
import { type Deed, type Dice, dice, drawSoul, type Soul } from './people.ts';

type Day = Temporal.PlainDate;

/** A message as the test remembers it. */
export interface Sent {
  soul: Soul;
  project: string;
  offset: number;
  processed: Day;
}

/** A payment as the test remembers it. */
export interface Paid {
  soul: Soul;
  payment: string;
  paid: Day;
}

export interface World {
  app: App;
  clock: MovableClock;
  souls: Soul[];
  sent: Sent[];
  paid: Paid[];
  first: Day;
  today(): Day;
  /** Lives to the morning of a day: time moves on past everything that fell due, then people do what they do at ten in the morning. */
  live(day: Day): Promise<void>;
  close(): Promise<void>;
}

const channel = 'decade';
const silent = { info() {}, warn() {}, error() {} };

/** An installation on made-up law with people drawn by lot, before its first day. */
export async function openWorld(options: {
  first: string;
  days: number;
  people: number;
  seed: number;
  /** only these of all who were drawn, to look at their lives alone */
  only?: readonly string[];
}): Promise<World> {
  const first = Temporal.PlainDate.from(options.first);
  const home = mkdtempSync(join(roomForTests(), 'srok-decade-'));
  const policies = join(home, 'made-up-policies');
  makeUpLaw(policies);
  const { url, drop } = await cloneDatabase();
  const clock = movableClock(moscow(`${options.first}T00:30`));
  const app = await createApp({
    ...{ home, policies, databaseUrl: url, operator: 'qsockets', clock, cron: false, port: 0, mode: 'service' },
    ...{ log: silent, durable: false },
  });
  const { engine } = app;
  await publishEditions(app);
  const crew = await aCrew(app);
  const luck = dice(options.seed);
  const drawn = Array.from({ length: options.people }, (_, number) => drawSoul(number, options.days, first, luck));
  const souls = drawn.filter(({ key }) => !options.only || options.only.includes(key));
  const calendar = new Map<string, (() => Promise<void>)[]>();
  const sent: Sent[] = [];
  const paid: Paid[] = [];
  const today = (): Day => dayOf(clock.now(), engine.law.zone);
  const later = (days: number, deed: () => Promise<void>): void => {
    const day = today().add({ days }).toString();
    calendar.set(day, [...(calendar.get(day) ?? []), deed]);
  };
  const deeds = createDeeds({ app, clock, crew, luck, later, today, sent, paid });
  for (const soul of souls) {
    for (const [day, list] of soul.deeds) {
      const acts = list.map((deed) => () => deeds(soul, deed));
      calendar.set(day, [...(calendar.get(day) ?? []), ...acts]);
    }
  }
  return {
    ...{ app, clock, souls, sent, paid, first, today },
    async live(day) {
      const morning = day.toZonedDateTime({ timeZone: engine.law.zone, plainTime: '10:00' }).toInstant();
      await advanceTo({ clock, jobs: engine.jobs }, morning);
      for (const deed of calendar.get(day.toString()) ?? []) await deed();
      if (luck.chance(0.3)) await checkPlans(crew.second);
      await engine.jobs.idle(); // what was asked for today is done before anybody looks
      // The queue drops what is done after a day of the machine; here days go by in less than a second.
      await engine.db('pgboss.job').where({ state: 'completed' }).delete();
    },
    async close() {
      await app.close();
      await drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The second person says yes to every plan that waits; the others run by themselves on their last day. */
async function checkPlans(second: Person): Promise<void> {
  const plans = expectStatus(await second.get('/api/v1/erasures'), 200) as { id: string; state: string }[];
  for (const { id, state } of plans) {
    if (state === 'waiting') expectStatus(await second.send('POST', `/api/v1/erasures/${id}/check`), 200, 409);
  }
}

interface Hands {
  app: App;
  clock: MovableClock;
  crew: Crew;
  luck: Dice;
  later(days: number, deed: () => Promise<void>): void;
  today(): Day;
  sent: Sent[];
  paid: Paid[];
}

/** How each deed is done: by the JSON API and the relay's door, as people and programs outside do it. */
function createDeeds({ app, clock, crew, later, today, sent, paid }: Hands) {
  const { engine } = app;
  let terms: { accepts: string[]; acquaints: string[] } | null = null;

  async function currentTerms(): Promise<{ accepts: string[]; acquaints: string[] }> {
    if (terms) return terms;
    const current = expectStatus(await createPerson(app.url).get('/api/v1/editions/current'), 200);
    const of = (kind: string): string[] =>
      current.filter((edition: { kind: string }) => edition.kind === kind).map(({ id }: { id: string }) => id);
    terms = { accepts: of('contract'), acquaints: of('policy') };
    return terms;
  }

  async function signIn(soul: Soul): Promise<Person | null> {
    const browser = createPerson(app.url);
    const answer = await browser.send('POST', '/api/v1/session', { email: soul.email, password: soul.password });
    if (answer.status !== 200) return null; // blocked or gone
    browser.useCsrf(answer.body.csrf);
    soul.lastActive = today();
    return browser;
  }

  const alive = async (soul: Soul): Promise<boolean> => {
    const account = soul.account ? await engine.accounts.get(engine.db, soul.account) : null;
    return account !== null && ['active', 'noticed'].includes(account.state);
  };

  async function register(soul: Soul): Promise<void> {
    const { email, password, key } = soul;
    const form = { name: `Житель ${key}`, email, password, ...(await currentTerms()) };
    const made = expectStatus(await createPerson(app.url).send('POST', '/api/v1/accounts', form), 201);
    soul.account = made.account;
    soul.subject = made.subject;
    soul.lastActive = today();
  }

  async function visit(soul: Soul): Promise<void> {
    if (!(await alive(soul))) return;
    await engine.db.transaction((trx) => engine.accounts.activity(trx, soul.account, 'login'));
    soul.lastActive = today();
  }

  async function project(soul: Soul, plan: string): Promise<{ id: string; token: string } | null> {
    const browser = await signIn(soul);
    if (!browser) return null;
    const made = expectStatus(
      await browser.send('POST', '/api/v1/projects', { name: `${soul.key} ${plan}`, plan }),
      201,
    );
    return { id: made.project.id, token: made.token?.token ?? '' };
  }

  async function send(soul: Soul, messages: number): Promise<void> {
    if (!(await alive(soul))) return;
    if (!soul.token) {
      const made = await project(soul, 'free');
      if (!made) return;
      soul.token = made.token;
      soul.project = made.id;
    }
    const answers = await Promise.all(
      Array.from({ length: messages }, (_, n) =>
        publish(app.url, soul.token as string, channel, Buffer.from(`${soul.key} says ${n}`), 'text/plain'),
      ),
    );
    const ends = clock.now().add({ minutes: engine.law.operator.recovery?.minutes ?? 0 });
    for (const answer of answers) {
      const { offset } = expectStatus(answer, 202);
      sent.push({ soul, project: soul.project as string, offset, processed: dayOf(ends, engine.law.zone) });
    }
    soul.lastActive = today();
  }

  async function pay(soul: Soul): Promise<void> {
    if (!(await alive(soul))) return;
    soul.paidProject ??= (await project(soul, 'start'))?.id ?? null;
    if (!soul.paidProject) return;
    const plan = engine.law.operator.plans.find(({ id }) => id === 'start');
    const payment = {
      ...{ externalId: `bank-${soul.key}-${today()}`, project: soul.paidProject, plan: 'start', months: 1 },
      ...{ kopecks: plan?.priceKopecks, payer: { name: `Житель ${soul.key}`, email: soul.email } },
      paidAt: clock.now().toString(),
    };
    const done = expectStatus(await crew.cashier.send('POST', '/api/v1/payments', payment), 200, 201);
    paid.push({ soul, payment: done.payment, paid: today() });
    soul.lastActive = today();
  }

  async function ask(soul: Soul, kind: string, answerIn: number | null): Promise<void> {
    const { email, key } = soul;
    const letter = { channel: 'email', kind, email, name: `Житель ${key}`, text: `Прошу рассмотреть: ${kind}` };
    const { number } = expectStatus(await crew.dpo.send('POST', '/api/v1/requests', letter), 201);
    const path = `/api/v1/requests/${encodeURIComponent(number)}`;
    const known = soul.account ? await engine.accounts.get(engine.db, soul.account) : null;
    const subject = known && known.state !== 'erased' ? soul.subject : null;
    expectStatus(await crew.dpo.send('POST', `${path}/identify`, { subject, method: 'registered-email' }), 200);
    if (kind === 'erasure' && subject) {
      soul.askedErasure = true;
      return; // the plan answers
    }
    if (answerIn === null) return; // forgotten: it becomes overdue
    later(answerIn, async () => {
      if (expectStatus(await crew.dpo.get(path), 200).answeredAt) return;
      const text = kind === 'access' ? {} : { text: 'Рассмотрено, сообщаем о результате.' };
      expectStatus(await crew.dpo.send('POST', `${path}/answer`, text), 200, 409);
    });
  }

  async function hold(soul: Soul, deed: Deed & { do: 'hold' }): Promise<void> {
    if (!soul.subject) return;
    const from = today();
    const until = from.add({ days: deed.days });
    const order = { subject: soul.subject, categories: deed.categories, because: 'Спор', from, until };
    const { id } = expectStatus(await crew.dpo.send('POST', '/api/v1/holds', order), 201);
    const held = { from, until, categories: deed.categories };
    soul.holds.push(held);
    if (deed.releaseIn === null) return;
    later(deed.releaseIn, async () => {
      expectStatus(await crew.dpo.send('DELETE', `/api/v1/holds/${id}`), 204);
      held.until = today().subtract({ days: 1 }); // from the release on nothing is held
    });
  }

  async function leave(soul: Soul): Promise<void> {
    if (!(await alive(soul))) return;
    const browser = await signIn(soul);
    if (!browser) return;
    expectStatus(await browser.send('DELETE', '/api/v1/account'), 200, 202);
    soul.left = today();
  }

  return async (soul: Soul, deed: Deed): Promise<void> => {
    switch (deed.do) {
      case 'register':
        return register(soul);
      case 'visit':
        return visit(soul);
      case 'send':
        return send(soul, deed.messages);
      case 'pay':
        return pay(soul);
      case 'ask':
        return ask(soul, deed.kind, deed.answerIn);
      case 'hold':
        return hold(soul, deed);
      case 'leave':
        return leave(soul);
    }
  };
}
