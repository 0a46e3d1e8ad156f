import { Refusal } from '../base/index.ts';
import { type Call, file, page, type RouteDefinition, redirect, route } from '../http/index.ts';
import { projectDebugRoutes } from './project-debug.ts';
import { projectPlanRoutes } from './project-plan.ts';
import { projectPusherRoutes } from './project-pusher.ts';
import { projectSettingsRoutes } from './project-settings.ts';
import { projectTokenRoutes } from './project-tokens.ts';
import { projectUseRoutes } from './project-use.ts';
import { projectRoutes, users } from './projects.ts';
import { by, form, line, maybe, type Shared, subjectOf } from './shared.ts';
import { planItems } from './views/erasures.ts';

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
    ...(projects
      ? [
          ...projectRoutes(shared, projects),
          ...projectTokenRoutes(shared, projects),
          ...projectPusherRoutes(shared, projects),
          ...projectUseRoutes(shared, projects),
          ...projectDebugRoutes(shared, projects),
          ...projectSettingsRoutes(shared, projects),
          ...(invoices ? projectPlanRoutes(shared, projects, invoices) : []),
        ]
      : []),
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
}
