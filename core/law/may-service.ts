import { Refusal, Temporal } from '../base/index.ts';
import { dueOf } from './due.ts';
import type { Pack } from './pack.ts';
import { planOf } from './purchase.ts';
import { sectionOf } from './section.ts';
import type { LawStep } from './types.ts';
import { type Day, needed, no, own, type Predicate, silence, type When, yes } from './verdict.ts';

/** Questions about the contract and the service. */
export interface ServiceInputs {
  /** May this edition take effect on that day? */
  edition: { kind?: 'document' | 'price'; published: Day; effective: Day };
  /** May the contract end on that day, after that notice? */
  termination: { noticed: When; on: Day };
  /** May the step of inactivity be taken on that day? `from`: what it is counted from; `paidUntil`: the last paid day. */
  'inactivity-step': { step: 'notice' | 'block' | 'erase'; from: When; on: Day; paidUntil?: Day | null };
  /** May an account that was blocked for inactivity be given back? */
  restoration: { blocked: When; on: Day };
  /** May a person with so many active projects on a plan have one more? */
  project: { plan: string; active: number };
  /** May somebody look into the log? */
  'log-access': { purpose: string; need?: string };
  /** May the log be handed over? */
  'log-export': { purpose: string };
  /** May an order that a client has made alone be called done? */
  'order-done': { checked: boolean };
}

export const service: { [What in keyof ServiceInputs]: Predicate<ServiceInputs[What]> } = {
  edition(pack, { kind = 'document', published, effective }) {
    const { mayFrom: from, rule } = opening(pack, `change.${kind}`, needed(published, 'published'));
    const early = Temporal.PlainDate.compare(needed(effective, 'effective'), from) < 0;
    return early
      ? no('too-early', `вступает в силу раньше ${from}`, rule, { from })
      : yes('in-time', `вступает в силу не раньше ${from}`, rule, { from });
  },

  termination(pack, { noticed, on }) {
    const { mayFrom: from, rule } = opening(pack, 'termination.effective', needed(noticed, 'noticed'));
    const early = Temporal.PlainDate.compare(needed(on, 'on'), from) < 0;
    return early
      ? no('too-early', `договор прекращается не раньше ${from}`, rule, { from })
      : yes('in-time', 'срок предупреждения прошёл', rule, { from });
  },

  'inactivity-step'(pack, { step, from: since, on, paidUntil }) {
    const { clause } = sectionOf(pack.operator, 'inactivity');
    const { mayFrom, rule } = opening(pack, `inactivity.${needed(step, 'step')}`, needed(since, 'from'));
    const from = afterPaidTime(mayFrom, paidUntil ?? null);
    const allowed = Temporal.PlainDate.compare(from, needed(on, 'on')) <= 0;
    if (allowed) return yes('inactive', 'срок без активности прошёл', rule, { from });
    if (paidUntil && !from.equals(mayFrom)) {
      return no('paid', `доступ оплачен по ${paidUntil}`, own('inactivity', clause), { from });
    }
    return no('too-early', `срок без активности ещё идёт, шаг возможен с ${from}`, rule, { from });
  },

  restoration(pack, { blocked, on }) {
    const { mayFrom, rule } = opening(pack, 'inactivity.erase', needed(blocked, 'blocked'));
    const late = Temporal.PlainDate.compare(needed(on, 'on'), mayFrom) >= 0;
    return late
      ? no('too-late', 'срок восстановления прошёл', rule)
      : yes('in-time', 'восстановить можно по решению оператора', rule);
  },

  project(pack, { plan: id, active }) {
    const plan = planOf(pack, needed(id, 'plan'));
    const { freeProjectsClause } = sectionOf(pack.operator, 'limits');
    const rule = plan.activeProjects === null ? silence(`plan.${id}`) : own(`plan.${id}`, freeProjectsClause);
    if (plan.activeProjects !== null && needed(active, 'active') >= plan.activeProjects) {
      return no('too-many', `активных проектов на тарифе «${plan.title}» — не больше ${plan.activeProjects}`, rule);
    }
    return yes('within', 'число активных проектов в пределах тарифа', rule);
  },

  'log-access'(pack, { purpose, need }) {
    const about = purposeOf(pack, purpose);
    if (!about.allowed) return about;
    const { needClause } = sectionOf(pack.operator, 'logAccess');
    if (!need?.trim()) return no('no-need', 'необходимость доступа не подтверждена', own('log-access', needClause));
    return about;
  },

  'log-export': (pack, { purpose }) => purposeOf(pack, purpose),

  'order-done'({ operator }, { checked }) {
    const rules = operator.orders;
    if (!rules) return yes('no-rule', 'проверки заказов документы не требуют', silence('orders'));
    const rule = own('orders', rules.clause);
    return needed(checked, 'checked')
      ? yes('checked', 'заказ проверен человеком', rule)
      : no('not-checked', 'заказ не проверен человеком', rule);
  },
};

/** The first day on which a step may be taken, and the rule that holds it back until then. */
function opening(pack: Pack, duty: string, from: When): { mayFrom: Day; rule: LawStep } {
  const { mayFrom, because } = dueOf(pack, duty, { from });
  const rule = [because.winner, ...because.losers].find(
    (step) => mayFrom && step.on?.equals(mayFrom) && pack.rules.get(step.rule)?.direction === 'at-least',
  );
  if (mayFrom && rule) return { mayFrom, rule };
  throw new Refusal('law.no-value', 'unavailable', { duty, message: `Ни одно правило не открывает шаг «${duty}».` });
}

/** No step of inactivity while somebody has paid for access: the day after the last paid one at the earliest. */
export function afterPaidTime(from: Day, paidUntil: Day | null): Day {
  if (!paidUntil) return from;
  const free = paidUntil.add({ days: 1 });
  return Temporal.PlainDate.compare(from, free) >= 0 ? from : free;
}

/** Logs are for the purposes that the documents list; some others they name in order to forbid them. */
const purposeOf: Predicate<string> = (pack, given) => {
  const { purposes, forbidden, needClause } = sectionOf(pack.operator, 'logAccess');
  const purpose = needed(given, 'purpose').trim();
  const banned = forbidden.find(({ id }) => id === purpose);
  if (banned) return no('purpose-forbidden', `цель под запретом: ${banned.title}`, own('log-access', banned.clause));
  const listed = purposes.find(({ id }) => id === purpose);
  if (listed) return yes('listed', `цель из перечня: ${listed.title}`, own('log-access', listed.clause));
  if (!purpose) return no('no-purpose', 'цель не названа', own('log-access', needClause));
  const clause = purposes[0]?.clause ?? needClause;
  return no('purpose-unknown', 'такой цели нет в перечне целей логирования', own('log-access', clause));
};
