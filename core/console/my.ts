import { Refusal } from '../base/index.ts';
import { type Call, file, page, type RouteDefinition, redirect, route, type Words } from '../http/index.ts';
import type { IssuedTokenView, ProjectPages, UsageView } from './ports.ts';
import { projectSettingsRoutes } from './project-settings.ts';
import { by, form, line, maybe, type Shared, subjectOf } from './shared.ts';
import { barChart } from './views/chart.ts';
import { planItems } from './views/erasures.ts';

const users = ['relay-user'] as const;

const projectStates: Record<string, { name: string; tone: string }> = {
  waiting: { name: 'Ждёт оплаты', tone: 'amber' },
  active: { name: 'Работает', tone: 'green' },
  suspended: { name: 'Приостановлен', tone: 'red' },
  deleted: { name: 'Удалён', tone: 'grey' },
};

/** The pages of a relay user. */
export function myRoutes(shared: Shared): RouteDefinition[] {
  const { db, accounts, consents, letters, law, projects, invoices, requests, story, words } = shared;

  return [
    route({
      method: 'get',
      path: '/my',
      roles: users,
      handler: () => redirect(projects ? '/my/projects' : '/my/privacy'),
    }),
    ...(projects ? [...projectRoutes(projects), ...projectSettingsRoutes(shared, projects)] : []),
    route({
      method: 'get',
      path: '/my/notices',
      roles: users,
      async handler(call) {
        const w = words(call);
        const notices = await letters.notices(subjectOf(call), { limit: 100 });
        return page('my/notices', {
          rows: notices.map((notice) => ({ ...notice, placedAt: w.dateTime(notice.placedAt) })),
          relays: projects !== undefined,
        });
      },
    }),
    route({
      method: 'post',
      path: '/my/notices/:id/read',
      roles: users,
      async handler(call) {
        await story((trx) => letters.markRead(trx, call.params.id ?? '', subjectOf(call)));
        return redirect('/my/notices');
      },
    }),
    ...(invoices
      ? [
          route({
            method: 'get',
            path: '/my/billing',
            roles: users,
            async handler(call) {
              const w = words(call);
              const found = await invoices.invoices(subjectOf(call));
              return page('my/billing', {
                rows: found.map((invoice) => ({
                  ...invoice,
                  sum: w.money(invoice.kopecks),
                  day: w.date(invoice.issuedOn),
                })),
                plans: law.operator.plans.map((plan) => ({ ...plan, price: w.money(plan.priceKopecks) })),
              });
            },
          }),
          route({
            method: 'get',
            path: '/my/billing/invoices/:id.pdf',
            roles: users,
            async handler(call) {
              const own = (await invoices.invoices(subjectOf(call))).find(({ id }) => id === call.params.id);
              if (!own) throw new Refusal('invoice.not-found', 'not-found');
              return file(await letters.documents.pdf(own.document), 'application/pdf', `${own.number}.pdf`);
            },
          }),
        ]
      : []),
    route({
      method: 'get',
      path: '/my/privacy',
      roles: users,
      async handler(call) {
        const w = words(call);
        const { account } = by(call);
        const [profile, accepted, given, stopped] = await Promise.all([
          accounts.profile(db, account),
          consents.acceptances(db, account),
          consents.given(db, subjectOf(call)),
          requests.stopped(subjectOf(call)),
        ]);
        const editions = new Map((await consents.editions.list(db)).map((edition) => [edition.id, edition]));
        const { today } = shared.today();
        const governing = await Promise.all(
          law.operator.documents.map(async ({ id, title, kind }) => {
            const current = await consents.editions.current(db, id, today);
            if (!current || !['contract', 'policy'].includes(kind)) return null;
            const acted = accepted.some(({ edition }) => edition === current.id);
            return { title, kind, edition: current.id, effective: w.date(current.effectiveOn), acted };
          }),
        );
        return page('my/privacy', {
          profile,
          acts: accepted.map(({ kind, edition, at, sha256 }) => ({
            kind: kind === 'acceptance' ? w.t('Акцепт') : w.t('Ознакомление'),
            title: editions.get(edition)?.title ?? edition,
            edition,
            effective: w.date(editions.get(edition)?.effectiveOn),
            at: w.dateTime(at),
            sha256,
          })),
          governing: governing.filter((one) => one !== null),
          consents: given.map((consent) => ({
            ...consent,
            givenAt: w.dateTime(consent.givenAt),
            withdrawnAt: w.dateTime(consent.withdrawnAt),
          })),
          stopped: stopped.map(({ purpose, at }) => ({
            purpose: law.operator.purposes.find(({ id }) => id === purpose)?.title ?? purpose,
            at: w.dateTime(at),
          })),
        });
      },
    }),
    route<{ edition: string }>({
      method: 'post',
      path: '/my/privacy/accept',
      roles: users,
      body: form({ edition: line(64) }),
      async handler(call) {
        const edition = await consents.editions.get(db, call.body.edition);
        const policy = law.operator.documents.find(({ id }) => id === edition.document)?.kind === 'policy';
        const act = policy ? consents.acquaint : consents.accept;
        await story((trx) => act(trx, by(call).account, edition.id, { via: 'dashboard' }));
        call.flash(policy ? words(call).t('Ознакомление записано.') : words(call).t('Акцепт записан.'));
        return redirect('/my/privacy');
      },
    }),
    route({
      method: 'get',
      path: '/my/account',
      roles: users,
      handler: async (call) => page('my/account', { profile: await accounts.profile(db, by(call).account) }),
    }),
    route<{ name: string; position?: string }>({
      method: 'post',
      path: '/my/account',
      roles: users,
      body: form({ name: line() }, { position: maybe() }),
      redraw: async (call, problems) =>
        page('my/account', { profile: { ...(await accounts.profile(db, by(call).account)), ...call.body }, problems }),
      async handler(call) {
        const { name, position } = call.body;
        await story((trx) => accounts.changeProfile(trx, by(call).account, { name, position: position || null }));
        call.flash(words(call).t('Данные сохранены.'));
        return redirect('/my/account');
      },
    }),
    route({
      method: 'get',
      path: '/my/account/delete',
      roles: users,
      handler: async (call) => page('my/delete', await deletionModel(call)),
    }),
    route<{ email: string }>({
      method: 'post',
      path: '/my/account/delete',
      roles: users,
      body: form({ email: line(254) }),
      redraw: async (call, problems) => page('my/delete', { ...(await deletionModel(call as Call)), problems }),
      async handler(call) {
        const { account } = by(call);
        const profile = await accounts.profile(db, account);
        if (profile?.email.toLowerCase() !== call.body.email.trim().toLowerCase()) {
          throw new Refusal('account.other-email', 'invalid', { field: 'email' });
        }
        const deletion = await story((trx) => accounts.deletion(trx, account));
        call.signOut();
        return page('my/deleted', { number: deletion.number, eraseBy: words(call).date(deletion.eraseBy) });
      },
    }),
  ];

  async function deletionModel(call: Call) {
    const w = words(call);
    const preview = await accounts.previewDeletion(by(call).account);
    return {
      items: planItems(preview.items, w),
      eraseBy: w.date(preview.eraseBy),
      relays: projects !== undefined,
      lost: preview.lostPaidTime
        ? { until: w.date(preview.lostPaidTime.until), days: preview.lostPaidTime.days }
        : null,
    };
  }

  function projectRoutes(pages: ProjectPages): RouteDefinition[] {
    const own = (call: Call) => pages.project(call.params.id ?? '', subjectOf(call));
    const planTitle = (id: string): string => law.operator.plans.find((plan) => plan.id === id)?.title ?? id;
    const tokenPage = (call: Call, project: { id: string; name: string; url: string }, token: IssuedTokenView) =>
      page('my/token', { project, token, origin: originOf(project.url, call) });

    return [
      route({ method: 'get', path: '/my/projects', roles: users, handler: (call) => listPage(call) }),
      route<{ name: string; plan: string }>({
        method: 'post',
        path: '/my/projects',
        roles: users,
        body: form({ name: line(100), plan: line(64) }),
        redraw: (call, problems) => listPage(call as Call, { values: call.body, problems }),
        async handler(call) {
          const { account } = by(call);
          const made = await story((trx) =>
            pages.createProject(trx, { ...call.body, subject: subjectOf(call), account }),
          );
          // The secret is shown in the answer itself: it is kept nowhere, so there is nothing to redirect to.
          if (made.token) return tokenPage(call as unknown as Call, made.project, made.token);
          call.flash(words(call).t('Проект создан и заработает после оплаты.'), 'amber');
          return redirect(`/my/projects/${made.project.id}`);
        },
      }),
      route({
        method: 'get',
        path: '/my/projects/:id',
        roles: users,
        async handler(call) {
          const w = words(call);
          const project = await own(call);
          const [usage, tokens, deliveries] = await Promise.all([
            pages.usage(project.id),
            pages.tokens(project.id),
            pages.deliveries(project.id, { limit: 20 }),
          ]);
          return page('my/project', {
            project,
            plan: planTitle(project.plan),
            state: stateOf(project.state, w),
            usage: usageModel(usage, w),
            chart: usageChart(usage, w),
            connections: await pages.connections(project.id),
            tokens: tokens.map((token) => ({
              ...token,
              rights: token.rights.map((right) => w.t(rightNames[right] ?? right)).join(', '),
              lastUsed: token.lastUsedOn ? w.date(token.lastUsedOn) : w.t('ещё не использован'),
              expires: token.expiresAt ? w.dateTime(token.expiresAt) : w.t('не истекает'),
            })),
            deliveries: deliveries.map((one) => ({
              ...one,
              at: w.dateTime(one.acceptedAt),
              bytes: w.bytes(one.bytes),
            })),
          });
        },
      }),
      route<{ name?: string }>({
        method: 'post',
        path: '/my/projects/:id/tokens',
        roles: users,
        body: form({}, { name: maybe(100) }),
        async handler(call) {
          const project = await own(call as unknown as Call);
          const { name } = call.body;
          const token = await story((trx) => pages.issueToken(trx, project.id, name ? { name } : {}));
          return tokenPage(call as unknown as Call, project, token);
        },
      }),
      route<{ overlap: number }>({
        method: 'post',
        path: '/my/projects/:id/rotate',
        roles: users,
        body: form({ overlap: { type: 'integer', enum: [0, 3_600_000, 86_400_000, 604_800_000] } }),
        async handler(call) {
          const project = await own(call as unknown as Call);
          const token = await story((trx) => pages.rotateToken(trx, project.id, { overlapMs: call.body.overlap }));
          return tokenPage(call as unknown as Call, project, token);
        },
      }),
      route({
        method: 'post',
        path: '/my/projects/:id/tokens/:token/revoke',
        roles: users,
        async handler(call) {
          const project = await own(call);
          await story((trx) => pages.revokeToken(trx, project.id, call.params.token ?? ''));
          call.flash(words(call).t('Токен отозван.'));
          return redirect(`/my/projects/${project.id}`);
        },
      }),
      route({
        method: 'get',
        path: '/my/projects/:id/delete',
        roles: users,
        handler: async (call) => page('my/project-delete', { project: await own(call) }),
      }),
      route<{ name: string }>({
        method: 'post',
        path: '/my/projects/:id/delete',
        roles: users,
        body: form({ name: line(100) }),
        redraw: async (call, problems) => page('my/project-delete', { project: await own(call as Call), problems }),
        async handler(call) {
          const project = await own(call as unknown as Call);
          if (call.body.name.trim() !== project.name)
            throw new Refusal('project.other-name', 'invalid', { field: 'name' });
          await story((trx) => pages.deleteProject(trx, project.id));
          call.flash(words(call).t('Проект удалён. Токены больше не действуют.'));
          return redirect('/my/projects');
        },
      }),
    ];

    async function listPage(call: Call, more: object = {}) {
      const w = words(call);
      const found = await pages.projectsPage(subjectOf(call), { limit: 100 });
      const rows = await Promise.all(
        found.map(async (project) => ({
          ...project,
          plan: planTitle(project.plan),
          state: stateOf(project.state, w),
          usage: ['active', 'suspended'].includes(project.state) ? usageModel(await pages.usage(project.id), w) : null,
          connections: await pages.connections(project.id),
        })),
      );
      return page('my/projects', {
        rows,
        plans: law.operator.plans.map(({ id, title, priceKopecks, limits }) => [
          id,
          `${title}: ${priceKopecks === 0 ? w.t('бесплатно') : w.t('{{price}} в месяц', { price: w.money(priceKopecks) })}, ${w.t('{{count}} сообщение в сутки', { count: limits.messagesPerDay })}`,
        ]),
        values: {},
        ...more,
      });
    }
  }
}

const rightNames: Record<string, string> = { publish: 'публикация', subscribe: 'подписка', read: 'чтение' };

const stateOf = (state: string, { t }: Words) => ({
  name: t(projectStates[state]?.name ?? state),
  tone: projectStates[state]?.tone ?? 'grey',
});

/** Used of limit, with the tone of the progress bar and the words of the warning. */
export function usageModel(usage: UsageView, { t, number, dateTime, percent }: Words) {
  const meter = (used: number, limit: number) => ({
    used,
    limit,
    text: `${number(used)} / ${number(limit)}`,
    percent: percent(used, limit),
    tone: used >= limit ? 'red' : used * 100 >= limit * 80 ? 'amber' : '',
  });
  const messages = meter(usage.messages.used, usage.messages.limit);
  const resets = dateTime(usage.resetsAt);
  const warning =
    messages.tone === 'red'
      ? {
          tone: 'red',
          strong: t('Лимит сообщений исчерпан.'),
          text: t('Новые сообщения получают ответ 429 до {{at}} ({{clause}}).', {
            at: resets,
            clause: usage.clauses.over,
          }),
        }
      : messages.tone === 'amber'
        ? {
            tone: 'amber',
            strong: t('Израсходовано {{percent}} сообщений.', { percent: messages.percent }),
            text: t('После исчерпания лимита новые сообщения получат ответ 429 до {{at}}.', { at: resets }),
          }
        : null;
  return {
    messages,
    connections: meter(usage.connections.used, usage.connections.limit),
    dropped: usage.messages.dropped,
    refused: usage.connections.refused,
    peak: usage.connections.peak,
    resets,
    warning,
    days: usage.days,
  };
}

function usageChart(usage: UsageView, { t, shortDate, number }: Words): string | null {
  if (usage.days.length === 0) return null;
  const most = usage.days.reduce((best, day) => (day.messages > best.messages ? day : best));
  const near = most.messages * 3 >= usage.messages.limit;
  return barChart(
    usage.days.map(({ on, messages, dropped }) => ({
      label: shortDate(on),
      value: messages,
      ...(dropped > 0 ? { tone: 'red' as const } : {}),
    })),
    {
      alt: t('Сообщения по дням; больше всего — {{count}}, {{day}}', {
        count: number(most.messages),
        day: shortDate(most.on),
      }),
      width: 760,
      height: 240,
      axis: true,
      ...(near
        ? {
            limit: {
              value: usage.messages.limit,
              label: t('лимит на сутки: {{limit}}', { limit: number(usage.messages.limit) }),
            },
          }
        : {}),
    },
  );
}

/** Where programs connect: the host of the project's address. */
function originOf(url: string, call: Call): string {
  return URL.canParse(url) ? new URL(url).origin : call.ctx.origin;
}
