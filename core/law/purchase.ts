import { Refusal, Temporal } from '../base/index.ts';
import { type Calendar, dayOf, describePeriod, lastDay, startOf } from '../calendar/index.ts';
import { because } from './due.ts';
import type { Pack } from './pack.ts';
import { nearest } from './raw.ts';
import type { Because, TariffPlan } from './types.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

/** The newest paid period of something, as far as a renewal needs it. */
export interface PaidPeriod {
  anchor: Day;
  months: number; // since the anchor
  lastDay: Day;
  endsAt: Instant;
}

export interface NextPeriod extends PaidPeriod {
  from: Instant;
}

export interface PurchaseQuery {
  plan: string;
  months: number;
  paidAt: Instant;
  running?: PaidPeriod | null; // what the payment prolongs
}

export interface Purchase extends NextPeriod {
  kopecks: number; // the price, fixed to the end of the period
  notices: { days: number; at: Instant }[]; // from when its owner is told of the end
  because: Because;
}

/**
 * What a payment for a plan buys: the period, its price, the notices of its end. `endsAt` is 00:00 of the day after the
 * last one: from then on the access is suspended.
 *
 * @throws Refusal `law.unknown-plan` (with `near`), `law.no-such-period` (with the `periods` there are)
 */
export function purchaseOf(pack: Pack, { plan: id, months, paidAt, running = null }: PurchaseQuery): Purchase {
  const plan = planOf(pack, id);
  if (!plan.periods.includes(months)) {
    throw new Refusal('law.no-such-period', 'invalid', {
      field: 'months',
      periods: plan.periods,
      ...(plan.clause ? { clause: plan.clause } : {}),
      message: `Тариф «${plan.title}» на ${months} мес. не продаётся.`,
    });
  }
  const { calendar } = pack;
  const next = nextPeriod(paidAt, months, running, { calendar, zone: calendar.zone });
  return {
    ...next,
    kopecks: priceOf(plan, months),
    notices: endingNotices(next, pack.operator.paidPeriodNotices ?? [], calendar.zone),
    because: because(
      pack,
      {
        rule: `plan.${plan.id}`,
        value: describePeriod({ months }, 'ru'),
        cite: { act: 'документы оператора', clause: plan.clause ?? 'Тарифы', certainty: plan.clause ? 'A' : 'C' },
        on: next.lastDay,
      },
      [],
    ),
  };
}

/** What a plan costs for so many months. */
export function priceOf({ priceKopecks }: TariffPlan, months: number): number {
  return priceKopecks * months;
}

/** A plan of the operator. @throws Refusal `law.unknown-plan` (with `near`) */
export function planOf({ operator: { plans } }: Pack, id: string): TariffPlan {
  const plan = plans.find((one) => one.id === id);
  if (plan) return plan;
  const known = plans.map((one) => one.id);
  throw new Refusal('law.unknown-plan', 'not-found', {
    plan: id,
    near: nearest(id, known),
    message: `There is no plan "${id}".`,
  });
}

/**
 * The period that a payment opens. It is counted from the day after the payment (ГК РФ ст. 191) and ends at 24:00 of
 * its last day (ст. 192, 194): a month from the 31st of January is the last day of February. A payment before the end
 * prolongs, and the whole chain is counted from its first day, so that a short February costs nobody days in March.
 */
export function nextPeriod(
  paidAt: Instant,
  months: number,
  running: PaidPeriod | null,
  { calendar, zone }: { calendar: Calendar; zone: string },
): NextPeriod {
  const prolongs = running !== null && Temporal.Instant.compare(paidAt, running.endsAt) < 0;
  const anchor = prolongs ? running.anchor : dayOf(paidAt, zone);
  const total = months + (prolongs ? running.months : 0);
  const last = lastDay(anchor, { months: total }, calendar);
  return {
    anchor,
    months: total,
    from: prolongs ? running.endsAt : paidAt,
    lastDay: last,
    endsAt: startOf(last.add({ days: 1 }), zone),
  };
}

/** The notices of a period's end, each from the first instant of its day. A period shorter than a notice owes none. */
export function endingNotices(
  period: { from: Instant; lastDay: Day },
  daysBefore: readonly number[],
  zone: string,
): { days: number; at: Instant }[] {
  return daysBefore
    .map((days) => ({ days, at: startOf(period.lastDay.subtract({ days }), zone) }))
    .filter(({ at }) => Temporal.Instant.compare(at, period.from) > 0);
}

/** Whole days that are paid for and not begun at an instant: those after its own day, up to the last. */
export function daysLeft(lastPaid: Day, at: Instant, zone: string): number {
  return Math.max(0, dayOf(at, zone).until(lastPaid).days);
}
