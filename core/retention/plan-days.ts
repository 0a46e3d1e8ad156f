import { Temporal } from '../base/index.ts';
import { dayOf, startOf } from '../calendar/index.ts';
import type { Due, Law } from '../law/index.ts';

type Day = Temporal.PlainDate;

/** The days of an erasure plan. */
export interface PlanDays {
  eraseBy: Day; // the last day
  lateFrom: Temporal.Instant;
  autoAt: Temporal.Instant; // carried out by itself from here
  due: Due; // what the last day rests on
}

/**
 * When the data of somebody whose contract ended at an instant are erased: the promise counts from there, another term
 * may end sooner. A plan that nobody checked runs with the first minute of its last day, so that the whole day is left
 * for a second try.
 */
export function planDays(law: Law, endedAt: Temporal.Instant, notLaterThan?: Day): PlanDays {
  const due = law.due('account-deleted.erase', { from: endedAt });
  const promised = due.dueOn ?? dayOf(endedAt, law.zone);
  const sooner = notLaterThan && Temporal.PlainDate.compare(notLaterThan, promised) < 0;
  return { ...daysOf(sooner ? notLaterThan : promised, law.zone), due };
}

/** What a hold kept goes on the day after the hold, by a plan of its own. */
export function planDaysAfterHold(heldUntil: Day, zone: string): Omit<PlanDays, 'due'> {
  return daysOf(heldUntil.add({ days: 1 }), zone);
}

function daysOf(eraseBy: Day, zone: string): Omit<PlanDays, 'due'> {
  return { eraseBy, lateFrom: startOf(eraseBy.add({ days: 1 }), zone), autoAt: startOf(eraseBy, zone) };
}
