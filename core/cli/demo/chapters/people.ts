import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Temporal } from '../../../base/index.ts';
import { createPerson, publish } from '../client.ts';
import {
  type DemoStaff,
  dayIn,
  expectStatus,
  register,
  type Scene,
  save,
  sha256,
  signIn,
  staffBrowser,
  user,
  type World,
} from '../world.ts';

const editions = new URL('../editions/', import.meta.url);

/** Adds an edition as `srok edition add` does. */
export async function addEdition(
  world: World,
  file: string,
  document: string,
  published: string,
  effective: string,
): Promise<{ id: string; sha256: string }> {
  const { engine } = world.app;
  const bytes = readFileSync(fileURLToPath(new URL(file, editions)));
  return engine.db.transaction((trx) =>
    engine.consents.editions.add(trx, {
      document,
      bytes,
      mime: 'text/markdown; charset=utf-8',
      published: Temporal.PlainDate.from(published),
      effective: Temporal.PlainDate.from(effective),
    }),
  );
}

const crew = [
  ['dpo', 'Соколова Анна Викторовна', 'sokolova@staff.example.org', ['dpo']],
  ['second', 'Орлов Дмитрий Сергеевич', 'orlov@staff.example.org', ['dpo']],
  ['specialist', 'Ким Андрей Олегович', 'kim@staff.example.org', ['specialist']],
  ['auditor', 'Мельникова Ольга Андреевна', 'melnikova@staff.example.org', ['auditor']],
  ['billing', 'Лебедева Вера Павловна', 'lebedeva@staff.example.org', ['billing']],
] as const;

/** Chapters 1 and 2: the packs, the editions, the staff, the users and their projects. */
export const beginnings: Scene[] = [
  {
    at: '2026-05-04T09:00',
    chapter: 1,
    title: 'пакеты права и оператора, редакции документов',
    async play(world) {
      const { engine } = world.app;
      const { law } = engine;
      const findings = law.lint(dayIn(world));
      const offer = await addEdition(world, 'offer-2026-04-30.md', 'offer', '2026-04-30', '2026-04-30');
      const policy = await addEdition(world, 'policy-2026-04-30.md', 'policy', '2026-04-30', '2026-04-30');
      const again = await addEdition(world, 'offer-2026-04-30.md', 'offer', '2026-04-30', '2026-04-30');
      world.kept.offer = offer.id;
      world.kept.policy = policy.id;
      world.report.check(
        1,
        'the packs of law and operator are loaded',
        law.operator.id === 'qsockets' && /^[0-9a-f]{64}$/.test(law.digest),
      );
      world.report.check(
        1,
        'the linter reports the contradictions of the documents',
        ['C-01', 'C-02', 'C-03'].every((name) => findings.some(({ inventory }) => inventory.includes(name))),
      );
      world.report.check(1, 'the same edition added twice is one edition', again.id === offer.id);
      const summary = await engine.consents.summary(offer.id);
      world.report.check(
        1,
        'a summary of the rules really applied stands beside the edition and says it is not the document',
        summary.sections.length > 0 && summary.text.includes(summary.mark.ru),
      );
      const bytes = readFileSync(fileURLToPath(new URL('offer-2026-04-30.md', editions)));
      world.report.check(1, 'an edition keeps its bytes and its digest', offer.sha256 === sha256(bytes));
      world.report.figures(1, {
        packs: { digest: law.digest, operator: law.operator.id },
        findings: findings.map(({ id, inventory, severity, settled }) => ({ id, inventory, severity, settled })),
        editions: [offer, policy].map((edition) => ({ id: edition.id, sha256: edition.sha256 })),
      });
    },
  },
  {
    at: '2026-05-04T09:30',
    chapter: 2,
    title: 'сотрудники',
    async play(world) {
      const link = await world.app.setupLink();
      if (!link) throw new Error('There is no link for the first administrator.');
      const admin = {
        name: 'Гарипова Алсу Маратовна',
        email: 'garipova@staff.example.org',
        password: 'demo-admin-4f2a91c07d',
      };
      const newcomer = createPerson(world.app.url);
      const token = new URL(link).pathname.split('/').at(-1);
      const { body } = expectStatus(await newcomer.send('POST', '/api/v1/links', { token, ...admin }), 200, 201);
      const browser = await signIn(world, admin);
      world.staff.set('admin', { ...admin, account: body.account, browser });
      world.report.check(
        2,
        'the link of the first administrator works once',
        (await newcomer.send('POST', '/api/v1/links', { token, ...admin })).status >= 400 &&
          (await world.app.setupLink()) === null,
      );
      for (const [key, name, email, roles] of crew) {
        const invited = expectStatus(await browser.send('POST', '/api/v1/staff', { name, email, roles }), 201).body as {
          account: string;
          token: string;
        };
        const password = `demo-${sha256(Buffer.from(email)).slice(0, 16)}`;
        const person = createPerson(world.app.url);
        expectStatus(await person.send('POST', '/api/v1/links', { token: invited.token, password }), 200, 201);
        const member: DemoStaff = {
          name,
          email,
          password,
          account: invited.account,
          browser: await signIn(world, { email, password }),
        };
        world.staff.set(key, member);
      }
      world.report.check(
        2,
        'the administrator sees no request of a subject',
        (await browser.get('/api/v1/requests')).status === 403,
      );
      world.report.figures(2, { staff: world.staff.size });
    },
  },
  {
    at: '2026-05-05T10:00',
    chapter: 2,
    title: 'пользователи, акцепт и ознакомление',
    async play(world) {
      const people: [string, { name: string; email: string; position?: string }][] = [
        ['anna', { name: 'Антонова Анна Игоревна', email: 'anna@users.example.org', position: 'инженер' }],
        ['boris', { name: 'Борисов Борис Львович', email: 'boris@users.example.org' }],
        ['vera', { name: 'Власова Вера Петровна', email: 'vera@users.example.org' }],
        ['grigory', { name: 'Громов Григорий Ильич', email: 'grigory@users.example.org' }],
        ['dina', { name: 'Дёмина Дина Олеговна', email: 'dina@users.example.org' }],
        ['zoya', { name: 'Зуева Зоя Марковна', email: 'zoya@users.example.org' }],
        ['lev', { name: 'Левин Лев Ефимович', email: 'lev@users.example.org' }],
      ];
      for (const [key, who] of people) await register(world, key, who);
      for (const letter of [...world.letters, ...world.ours]) {
        if (![...world.users.values()].some(({ email }) => email === letter.email)) {
          await register(world, `letter:${letter.email}`, { name: letter.name, email: letter.email });
        }
      }
      const { engine } = world.app;
      const anna = user(world, 'anna');
      const acts = await engine.consents.acceptances(engine.db, anna.account);
      world.report.check(
        2,
        'the offer is accepted and the policy read, by digest',
        acts.some(({ kind, edition }) => kind === 'acceptance' && edition === world.kept.offer) &&
          acts.some(({ kind, edition }) => kind === 'acquaintance' && edition === world.kept.policy),
      );
      world.report.check(
        2,
        'registration writes no consent',
        (await engine.consents.given(engine.db, anna.subject)).length === 0,
      );
      const nameless = createPerson(world.app.url);
      world.report.check(
        2,
        'a registration without a name is refused and names the field',
        await refusesNameless(nameless, world),
      );
      world.report.figures(2, { users: world.users.size });
    },
  },
  {
    at: '2026-05-05T11:00',
    chapter: 2,
    title: 'проекты и оплата',
    async play(world) {
      const anna = user(world, 'anna');
      const made = expectStatus(
        await anna.browser.send('POST', '/api/v1/projects', { name: 'Чат поддержки', plan: 'free' }),
        201,
      ).body;
      world.kept.annaProject = made.project.id;
      world.kept.annaToken = made.token.token;
      const second = await anna.browser.send('POST', '/api/v1/projects', { name: 'Второй бесплатный', plan: 'free' });
      world.report.check(
        2,
        'a second active free project is refused, naming the clause',
        second.status >= 400 && JSON.stringify(second.body).includes('4.4.2'),
        second.body,
      );
      for (const key of free(world)) {
        const { browser } = user(world, key);
        const own = expectStatus(
          await browser.send('POST', '/api/v1/projects', { name: `Проект: ${user(world, key).name}`, plan: 'free' }),
          201,
        ).body;
        world.kept[`${key}Project`] = own.project.id;
        world.kept[`${key}Token`] = own.token.token;
      }
      const boris = user(world, 'boris');
      const paid = expectStatus(
        await boris.browser.send('POST', '/api/v1/projects', { name: 'Биржа', plan: 'start' }),
        201,
      ).body;
      world.kept.borisProject = paid.project.id;
      world.report.check(
        2,
        'a paid project waits for its payment and has no token',
        paid.project.state === 'waiting' && !paid.token,
      );
      const lev = user(world, 'lev');
      const small = expectStatus(
        await lev.browser.send('POST', '/api/v1/projects', { name: 'Малый', plan: 'mini' }),
        201,
      ).body;
      world.kept.levProject = small.project.id;
    },
  },
  {
    at: '2026-05-06T12:00',
    chapter: 2,
    title: 'оплата на месяц',
    async play(world) {
      const cashier = await staffBrowser(world, 'billing');
      const { plans } = world.app.engine.law.operator;
      const priceOf = (id: string): number => plans.find((plan) => plan.id === id)?.priceKopecks ?? 0;
      const pay = (externalId: string, project: string, plan: string, who: string) =>
        cashier.send('POST', '/api/v1/payments', {
          externalId,
          project,
          plan,
          months: 1,
          kopecks: priceOf(plan),
          payer: { name: user(world, who).name, email: user(world, who).email },
          paidAt: world.clock.now().toString(),
        });
      const lev = expectStatus(await pay('demo-pay-1', world.kept.levProject as string, 'mini', 'lev'), 200, 201).body;
      const again = expectStatus(
        await pay('demo-pay-1', world.kept.levProject as string, 'mini', 'lev'),
        200,
        201,
      ).body;
      world.report.check(
        2,
        'the same payment told twice is one payment',
        again.payment === lev.payment && again.repeated === true,
      );
      world.report.check(
        2,
        'one month paid on 2026-05-06 lasts to 2026-06-06 24:00',
        String(lev.period.lastDay) === '2026-06-06',
        lev.period,
      );
      const issued = expectStatus(
        await user(world, 'lev').browser.send('POST', `/api/v1/projects/${world.kept.levProject}/tokens`, {
          name: 'demo',
        }),
        201,
      ).body;
      world.kept.levToken = issued.token;
      world.kept.invoice = lev.invoice.document;
      const digest = await save(world, await staffBrowser(world, 'dpo'), lev.invoice.document, 'invoice.pdf');
      world.report.figures(2, {
        payments: [{ payment: lev.payment, invoice: lev.invoice.number, lastDay: lev.period.lastDay }],
        invoiceSha256: digest,
      });
    },
  },
  {
    at: '2026-05-25T12:00',
    chapter: 2,
    title: 'вторая оплата: её время потом пропадёт',
    async play(world) {
      const cashier = await staffBrowser(world, 'billing');
      const boris = user(world, 'boris');
      const plan = world.app.engine.law.operator.plans.find(({ id }) => id === 'start');
      const { body } = expectStatus(
        await cashier.send('POST', '/api/v1/payments', {
          externalId: 'demo-pay-2',
          project: world.kept.borisProject,
          plan: 'start',
          months: 1,
          kopecks: plan?.priceKopecks,
          payer: { name: boris.name, email: boris.email },
          paidAt: world.clock.now().toString(),
        }),
        200,
        201,
      );
      world.kept.borisPaidTo = String(body.period.lastDay);
      const issued = expectStatus(
        await boris.browser.send('POST', `/api/v1/projects/${world.kept.borisProject}/tokens`, { name: 'demo' }),
        201,
      ).body;
      world.kept.borisToken = issued.token;
      const note = Buffer.from(JSON.stringify({ from: 'boris', note: world.canary }));
      expectStatus(await publish(world.app.url, issued.token, 'events', note), 202);
    },
  },
  {
    at: '2026-06-07T00:10',
    chapter: 2,
    title: 'период кончился',
    async play(world) {
      const lev = user(world, 'lev');
      const { body } = expectStatus(await lev.browser.get('/api/v1/projects'), 200);
      const project = body.projects.find(({ id }: { id: string }) => id === world.kept.levProject);
      world.report.check(
        2,
        'the project is suspended when the paid period has ended',
        project.state === 'suspended',
        project,
      );
    },
  },
];

/** Who else has a free project: some of the cast, and everybody who will write a letter. */
export function free(world: World): string[] {
  return ['vera', 'grigory', 'zoya', ...[...world.users.keys()].filter((key) => key.startsWith('letter:'))];
}

async function refusesNameless(person: ReturnType<typeof createPerson>, world: World): Promise<boolean> {
  const answer = await person.send('POST', '/api/v1/accounts', {
    email: 'nobody@users.example.org',
    password: 'long-enough-password',
    accepts: [world.kept.offer],
    acquaints: [world.kept.policy],
  });
  return answer.status === 400 && JSON.stringify(answer.body).includes('name');
}
