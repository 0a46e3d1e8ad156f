import { Refusal, Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import { amountOf } from './amount.ts';
import { because } from './due.ts';
import type { Pack } from './pack.ts';
import { planOf, priceOf } from './purchase.ts';
import type { Amount, Because, TariffPlan } from './types.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

/** A period as it was paid for. */
export interface PaidFor {
  anchor: Day; // of the whole chain of renewals
  from: Instant;
  lastDay: Day;
  endsAt: Instant;
  months: number; // of this period alone
  kopecks: number; // its price from end to end: a period whose plan was changed has the price of its present plan
}

export interface PlanChangeQuery {
  plan: string;
  to: string;
  at: Instant; // when it is paid
  periods: readonly PaidFor[]; // in their order; those that are over at `at` are passed over
}

export interface PlanChange {
  kopecks: number; // to be paid for all of them
  lastDay: Day; // the new limits are paid for until then
  periods: { price: number; kopecks: number }[]; // of each that is not over: its new price, and what is paid for it
  because: Because;
}

/**
 * What it costs to have the limits of another plan in time that is paid for. Each period keeps its days; what was paid
 * ahead changes with the one that runs, for a project has one plan at a time. Nothing may become less, so that nothing
 * is ever paid back; on the last day there is nothing left to pay for.
 *
 * @throws Refusal `law.unknown-plan` (with `near`) | `law.no-plan-change` (the operator has no such rule) |
 *   `law.free-plan` | `law.no-paid-period` | `law.plan-not-more` (`less`: what would be less; empty: nothing would be more) |
 *   `law.nothing-to-pay`
 */
export function planChangeOf(pack: Pack, { plan, to, at, periods }: PlanChangeQuery): PlanChange {
  const [now, next] = [planOf(pack, plan), planOf(pack, to)];
  if (now.priceKopecks === 0) {
    throw new Refusal('law.free-plan', 'conflict', {
      title: now.title,
      message: `На тарифе «${now.title}» оплаченного периода нет. Чтобы получить больше, создайте проект на платном тарифе: оплата вносится за каждый проект отдельно.`,
    });
  }
  const rule = pack.operator.amounts.find(({ formula }) => formula === 'difference-for-unused-days');
  if (!rule) {
    throw new Refusal('law.no-plan-change', 'conflict', {
      message: 'Увеличение лимитов внутри оплаченного периода у оператора не предусмотрено.',
    });
  }
  const running = periods.filter(({ endsAt }) => Temporal.Instant.compare(at, endsAt) < 0);
  const last = running.at(-1);
  if (!last) {
    throw new Refusal('law.no-paid-period', 'conflict', {
      message: 'Оплаченного периода нет: новый период можно оплатить сразу на нужном тарифе.',
    });
  }
  mustBeMore(now, next, running);
  const { zone } = pack.calendar;
  const changedOn = dayOf(at, zone);
  const sums = running.map((period): Amount & { price: number } => {
    const price = priceOf(next, period.months);
    const days = { from: countedFrom(period, zone), until: period.lastDay, changedOn };
    return { ...amountOf(pack, rule.id, { paid: period.kopecks, price, ...days }), price };
  });
  const kopecks = sums.reduce((sum, one) => sum + (one.kopecks as number), 0);
  if (kopecks === 0) {
    throw new Refusal('law.nothing-to-pay', 'conflict', {
      clause: rule.clause,
      message: 'Доплачивать нечего: оплаченных дней не осталось. Следующий период можно оплатить на другом тарифе.',
    });
  }
  const { winner } = (sums[0] as Amount).because;
  return {
    kopecks,
    lastDay: last.lastDay,
    periods: sums.map((one) => ({ price: one.price, kopecks: one.kopecks as number })),
    because: because(pack, { ...winner, value: sums.map((one) => one.because.winner.value).join(' + ') }, []),
  };
}

/** Is there a paid plan with more of something than this one, less of nothing, and no lower price? */
export function hasGreater(plan: TariffPlan, plans: readonly TariffPlan[]): boolean {
  return plans.some((other) => {
    const { less, more } = compared(plan, other);
    return more && less.length === 0 && other.priceKopecks > 0 && other.priceKopecks >= plan.priceKopecks;
  });
}

function compared(now: TariffPlan, next: TariffPlan): { less: string[]; more: boolean } {
  const limits = [measures(now), measures(next)] as const;
  const names = Object.keys(limits[0]) as (keyof ReturnType<typeof measures>)[];
  return {
    less: names.filter((name) => limits[1][name] < limits[0][name]),
    more: names.some((name) => limits[1][name] > limits[0][name]),
  };
}

function mustBeMore(now: TariffPlan, next: TariffPlan, running: readonly PaidFor[]): void {
  const { less, more } = compared(now, next);
  if (running.some(({ months, kopecks }) => priceOf(next, months) < kopecks)) less.push('price');
  if (less.length === 0 && more) return;
  throw new Refusal('law.plan-not-more', 'conflict', {
    ...{ less, title: next.title },
    message:
      less.length === 0
        ? `Тариф «${next.title}» лимитов не увеличивает.`
        : `Внутри оплаченного периода лимиты только увеличивают, а у тарифа «${next.title}» не всё больше, чем у «${now.title}». На него можно перейти следующей оплатой, когда период закончится.`,
  });
}

/** What a plan gives, each a number that grows; a rate that is not limited is above all others. */
function measures({ limits: { messagesPerSecond = Number.POSITIVE_INFINITY, ...limits } }: TariffPlan) {
  return { ...limits, messagesPerSecond };
}

/** The day that a period is counted from: of the payment, or the last one of the period that it prolongs. */
function countedFrom({ anchor, from }: PaidFor, zone: string): Day {
  const first = dayOf(from, zone);
  return first.equals(anchor) ? anchor : first.subtract({ days: 1 });
}
