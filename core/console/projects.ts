import { randomUUID } from 'node:crypto';
import { Refusal } from '../base/index.ts';
import { type Call, page, type RouteDefinition, redirect, route } from '../http/index.ts';
import { hasGreater, requisites } from '../law/index.ts';
import type { IssuedTokenView, ProjectPages, ProjectView } from './ports.ts';
import { by, form, line, type Shared, subjectOf } from './shared.ts';
import { periodPrices } from './views/plans.ts';
import { cut, daysChart, hoursChart, remainRows, stateOf, tokenRow, usageModel, whyStill } from './views/projects.ts';

export const users = ['relay-user'] as const;

/** It has been paid for once, or needs no payment, and is not deleted. */
export const isLiving = ({ state }: Pick<ProjectView, 'state'>): boolean => ['active', 'suspended'].includes(state);

/** What pages of one project share. A project of somebody else is not there. */
export function projectParts({ law, words, invoices }: Shared, pages: ProjectPages) {
  return {
    own: (call: Pick<Call, 'params' | 'actor'>): Promise<ProjectView> =>
      pages.project(call.params.id ?? '', subjectOf(call)),
    planTitle: (id: string): string => law.operator.plans.find((plan) => plan.id === id)?.title ?? id,
    /** Is it a project whose limits payments can raise? */
    mayRaise: ({ plan: id, state }: ProjectView): boolean => {
      const plan = law.operator.plans.find((one) => one.id === id && one.priceKopecks > 0);
      return (
        invoices !== undefined && isLiving({ state }) && plan !== undefined && hasGreater(plan, law.operator.plans)
      );
    },
    /** What its first payment may be for, while it waits for that. */
    firstPayment: ({ plan: id, state }: ProjectView, call: Call) => {
      const plan = law.operator.plans.find((one) => one.id === id);
      if (!invoices || !plan || state !== 'waiting') return null;
      return {
        periods: periodPrices(plan, words(call)),
        contact: requisites(law.operator, call.locale).contact,
      };
    },
    /** The page that shows a secret, this once: it is kept nowhere, so there is nothing to redirect to. */
    tokenPage: (call: Call, project: ProjectView, token: IssuedTokenView) =>
      page('my/token', {
        project,
        token,
        rights: tokenRow(token, words(call)).rights,
        example: pages.examples(project, exampleChannel)[0]?.text ?? '',
      }),
  };
}

export const exampleChannel = 'events';
const listSize = 20;
const tokensShown = 5;
const deliveriesShown = 10;

/** A person's projects: the list, a new one, the overview of one, and its end. */
export function projectRoutes(shared: Shared, pages: ProjectPages): RouteDefinition[] {
  const { law, story, words } = shared;
  const { own, planTitle, mayRaise, firstPayment, tokenPage } = projectParts(shared, pages);

  return [
    route<Record<string, unknown>, { before?: string }>({
      method: 'get',
      path: '/my/projects',
      roles: users,
      query: form({}, { before: line(64) }),
      handler: (call) => listPage(call as unknown as Call, {}, call.query.before),
    }),
    route<{ name: string; plan: string; key: string }>({
      method: 'post',
      path: '/my/projects',
      roles: users,
      body: form({ name: line(100), plan: line(64), key: line(64) }),
      redraw: (call, problems) => listPage(call as Call, { values: call.body, problems }),
      async handler(call) {
        const { account } = by(call);
        const made = await story((trx) =>
          pages.createProject(trx, { ...call.body, subject: subjectOf(call), account }),
        );
        if (made.token) return tokenPage(call as unknown as Call, made.project, made.token);
        call.flash(words(call).t('Проект создан.'));
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
          pages.tokensPage(project.id, { limit: tokensShown }),
          pages.deliveries(project.id, { limit: deliveriesShown }),
        ]);
        return page('my/project', {
          project,
          plan: planTitle(project.plan),
          state: stateOf(project.state, w),
          why: whyStill(project, w),
          raise: mayRaise(project),
          firstPayment: firstPayment(project, call),
          usage: usageModel(usage, w),
          days: daysChart(usage, w),
          hours: hoursChart(usage.hours, w),
          tokens: tokens.map((token) => tokenRow(token, w)),
          deliveries: deliveries.map((one) => ({
            ...one,
            at: w.dateTime(one.acceptedAt),
            bytes: w.bytes(one.bytes),
          })),
        });
      },
    }),
    route({
      method: 'get',
      path: '/my/projects/:id/delete',
      roles: users,
      handler: (call) => deletePage(call),
    }),
    route<{ name: string }>({
      method: 'post',
      path: '/my/projects/:id/delete',
      roles: users,
      body: form({ name: line(100) }),
      redraw: (call, problems) => deletePage(call as Call, { problems }),
      async handler(call) {
        const project = await own(call);
        if (call.body.name.trim() !== project.name)
          throw new Refusal('project.other-name', 'invalid', { field: 'name' });
        await story((trx) => pages.deleteProject(trx, project.id));
        call.flash(words(call).t('Проект удалён. Токены больше не действуют.'));
        return redirect('/my/projects');
      },
    }),
  ];

  async function deletePage(call: Call, more: object = {}) {
    const project = await own(call);
    if (project.state === 'deleted') throw new Refusal('project.deleted-already', 'conflict');
    return page('my/project-delete', {
      project,
      remains: remainRows(await pages.remains(project.id), words(call)),
      labels: { name: words(call).t('Название проекта') },
      ...more,
    });
  }

  async function listPage(call: Call, more: object = {}, before?: string) {
    const w = words(call);
    const found = await pages.projectsPage(subjectOf(call), { limit: listSize + 1, ...(before ? { before } : {}) });
    const { rows, next } = cut(found, listSize, ({ id }) => id);
    const shown = await Promise.all(
      rows.map(async (project) => ({
        ...project,
        plan: planTitle(project.plan),
        state: stateOf(project.state, w),
        usage: isLiving(project) ? usageModel(await pages.usage(project.id), w) : null,
      })),
    );
    return page('my/projects', {
      rows: shown,
      older: next ? `/my/projects?before=${next}` : null,
      plans: law.operator.plans.map(({ id, title, priceKopecks, limits }) => [
        id,
        [
          `${title}: ${w.t('{{price}} в месяц', { price: w.money(priceKopecks) })}`,
          w.t('{{shown}} сообщение в сутки', { count: limits.messagesPerDay, shown: w.number(limits.messagesPerDay) }),
          ...(limits.messagesPerSecond === undefined
            ? []
            : [w.t('не больше {{shown}} в секунду', { shown: w.number(limits.messagesPerSecond) })]),
        ].join(', '),
      ]),
      labels: { name: w.t('Название') },
      values: {},
      // Of this one form: sent twice, it makes one project.
      key: randomUUID(),
      ...more,
    });
  }
}
