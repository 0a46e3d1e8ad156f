import { Temporal } from '../base/index.ts';
import { cite } from './cite.ts';
import type { PermissionInputs } from './may.ts';
import type { PaidFor } from './plan-change.ts';
import type { PaidPeriod } from './purchase.ts';
import { camelWord } from './raw.ts';
import type { ReceiptInput } from './receipt.ts';
import type { Limited, ThresholdInput } from './threshold.ts';
import type { AmountInput, Because, Law } from './types.ts';

/** A sentence about money, a limit, a receipt or a permission: what is asked, and what is known. */
export interface AskedCase {
  amount?: string; // a money rule
  purchase?: string; // a plan
  plan_change?: string; // from a plan
  threshold?: Limited;
  receipt?: string; // a channel
  may?: string;
  input?: Record<string, unknown>;
  customer?: 'business' | 'consumer';
}

type Told = string | number | boolean | null | readonly (string | number)[];

/** Asks the law what the sentence asks. @returns what was found, by the words of `expect`; null: it asks another thing */
export function told(one: AskedCase, law: Law): Record<string, Told> | null {
  const input = read(one.input ?? {}) as Record<string, never>;
  if (one.amount) {
    const customer = one.customer ? { customer: one.customer } : {};
    const { kopecks, decision, because } = law.amount(one.amount, { ...(input as AmountInput), ...customer });
    return { kopecks, decision, ...grounds(because) };
  }
  if (one.purchase) return bought(one.purchase, input, law);
  if (one.plan_change) return changed(one.plan_change, input, law);
  if (one.threshold) {
    const found = law.threshold({ ...(input as unknown as ThresholdInput), what: one.threshold });
    const { accepted, notices, resetsAt, because } = found;
    return { accepted, notices, resets_at: resetsAt?.toString() ?? null, ...grounds(because) };
  }
  if (one.receipt) {
    const { valid, receivedOn, because } = law.receipt(one.receipt, input as ReceiptInput);
    return { valid, received_on: receivedOn?.toString() ?? null, ...grounds(because) };
  }
  if (!one.may) return null;
  const { allowed, reason, from, because } = law.may(one.may as keyof PermissionInputs, input as never);
  return { allowed, reason, from: from?.toString() ?? null, ...grounds(because) };
}

/** One purchase after the other: each prolongs what still runs. */
function bought(plan: string, input: Record<string, unknown>, law: Law): Record<string, Told> {
  const { before = [], ...last } = input as unknown as Bought & { before?: Bought[] };
  let running: PaidPeriod | null = null;
  for (const { months, paidAt } of before) running = law.purchase({ plan, months, paidAt, running });
  const { lastDay, endsAt, kopecks, notices, because } = law.purchase({ plan, ...last, running });
  return {
    kopecks,
    paid_until: lastDay.toString(),
    suspended_from: endsAt.toString(),
    notices: notices.map(({ at }) => at.toZonedDateTimeISO(law.zone).toPlainDate().toString()),
    ...grounds(because),
  };
}

/** What was paid, one after the other, and then another plan. */
function changed(plan: string, input: Record<string, unknown>, law: Law): Record<string, Told> {
  const { to, at, paid } = input as unknown as { to: string; at: Temporal.Instant; paid: Bought[] };
  let running: PaidPeriod | null = null;
  const periods = paid.map(({ months, paidAt, kopecks }): PaidFor => {
    const bought = law.purchase({ plan, months, paidAt, running });
    running = bought;
    return { ...bought, months, kopecks: kopecks ?? bought.kopecks };
  });
  const { kopecks, lastDay, because } = law.planChange({ plan, to, at, periods });
  return { kopecks, paid_until: lastDay.toString(), ...grounds(because) };
}

interface Bought {
  months: number;
  paidAt: Temporal.Instant;
  kopecks?: number;
}

function grounds({ winner }: Because): Record<string, Told> {
  return {
    winner: winner.rule,
    period: winner.value,
    clause: cite(winner.cite, 'ru'),
    certainty: winner.cite.certainty,
  };
}

/** What the sentence knows: keys as the code has them, days and instants as such. */
function read(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(read);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camelWord(key), read(inner)]));
  }
  if (typeof value !== 'string') return value;
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return Temporal.PlainDate.from(value);
  return /^\d{4}-\d\d-\d\dT/.test(value) ? Temporal.Instant.from(value) : value;
}
