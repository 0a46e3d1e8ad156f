import { Refusal } from '../base/index.ts';
import { type Call, type FieldProblem, page, type RouteDefinition, route } from '../http/index.ts';
import { requisites } from '../law/index.ts';
import type { ChangeOfferView, InvoicePages, ProjectPages, ProjectView } from './ports.ts';
import { isLiving, projectParts, users } from './projects.ts';
import { form, maybe, type Shared } from './shared.ts';
import { limitRows, offerShown } from './views/plans.ts';

/** «Увеличить лимиты»: what another plan costs within the time that is paid for, what it gives, and how to pay. */
export function projectPlanRoutes(shared: Shared, pages: ProjectPages, invoices: InvoicePages): RouteDefinition[] {
  const { law, words } = shared;
  const { own, planTitle, mayRaise, firstPayment } = projectParts(shared, pages);

  /** The plans that can be had now; where none can, the reason that holds for the present period. */
  async function offersFor({ id, plan }: ProjectView): Promise<{ offers: ChangeOfferView[]; refusal: Refusal | null }> {
    const offers: ChangeOfferView[] = [];
    let refusal: Refusal | null = null;
    for (const other of law.operator.plans) {
      if (other.id === plan || other.priceKopecks === 0) continue;
      try {
        offers.push(await invoices.changeOffer(id, other.id));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        // That one plan gives less says nothing of the period.
        if (!refusal || refusal.code === 'law.plan-not-more') refusal = error;
      }
    }
    return { offers, refusal };
  }

  return [
    route<Record<string, unknown>, { plan?: string }>({
      method: 'get',
      path: '/my/projects/:id/plan',
      roles: users,
      query: form({}, { plan: maybe(50) }),
      async handler(call) {
        const w = words(call);
        const project = await own(call as unknown as Call);
        const asked = call.query.plan;
        const { offers, refusal } = mayRaise(project) ? await offersFor(project) : { offers: [], refusal: null };
        const chosen = offers.find(({ plan }) => plan === asked);
        const problems: FieldProblem[] =
          asked && !chosen && offers.length > 0
            ? [{ field: 'plan', message: w.t('Этот тариф сейчас выбрать нельзя: выберите из списка.') }]
            : [];
        const plans = law.operator.plans;
        const now = plans.find(({ id }) => id === project.plan);
        const next = plans.find(({ id }) => id === chosen?.plan);
        return page('my/project-plan', {
          project,
          plan: planTitle(project.plan),
          options: offers.map((offer) => [
            offer.plan,
            w.t('{{plan}}: доплата {{sum}}', { plan: planTitle(offer.plan), sum: w.money(offer.kopecks) }),
          ]),
          chosen: chosen ? offerShown(chosen, planTitle(chosen.plan), law, w) : null,
          rows: now ? limitRows(now, next ?? null, w) : [],
          why: refusal ? w.t(`refusal:${refusal.code}`, refusal.details) : '',
          ...{ free: now?.priceKopecks === 0, greatest: isLiving(project) && !mayRaise(project) },
          firstPayment: firstPayment(project, call as unknown as Call),
          today: w.date(shared.today().today),
          contact: requisites(law.operator, call.locale).contact,
          values: { plan: asked },
          labels: { plan: w.t('Новый тариф') },
          problems,
        });
      },
    }),
  ];
}
