import { Temporal } from '../../../core/index.ts';
import type { Forecast } from '../types.ts';

/** Less than this says nothing of a pace. */
const leastMinutes = 15;

export interface DayUse {
  on: Temporal.PlainDate;
  used: number;
  limit: number;
  /** Messages by hour of the day. */
  hours: readonly number[];
}

/**
 * When the messages of a day reach their limit if they go on coming as in this hour and the one before it; that pace is
 * all that is known, and the day counts anew at `resetsAt`.
 * @param zone in which the day is counted
 */
export function forecastOf(
  { on, used, limit, hours }: DayUse,
  { now, zone, resetsAt }: { now: Temporal.Instant; zone: string; resetsAt: Temporal.Instant },
): Forecast {
  const here = now.toZonedDateTimeISO(zone);
  const begun = on.toZonedDateTime(zone);
  const before = here.round({ smallestUnit: 'hour', roundingMode: 'floor' }).subtract({ hours: 1 });
  const since = Temporal.ZonedDateTime.compare(before, begun) > 0 ? before : begun;
  const nothing = { at: null, total: null, perHour: 0, since: since.toInstant() };
  if (used >= limit) return { ...nothing, kind: 'reached' };
  const minutes = since.until(here).total('minutes');
  if (minutes < leastMinutes) return { ...nothing, kind: 'early' };
  const counted = hours.slice(since.hour, here.hour + 1).reduce((sum, count) => sum + count, 0);
  if (counted === 0) return { ...nothing, kind: 'quiet' };
  const perMinute = counted / minutes;
  const pace = { since: since.toInstant(), perHour: Math.round(perMinute * 60) };
  const at = now.add({ seconds: Math.ceil(((limit - used) / perMinute) * 60) });
  if (Temporal.Instant.compare(at, resetsAt) < 0) return { ...pace, kind: 'reaches', at, total: null };
  const left = now.until(resetsAt).total('minutes');
  return { ...pace, kind: 'lasts', at: null, total: Math.min(limit, Math.round(used + perMinute * left)) };
}
