import { type Calendar, dayOf, lastDay, startOf, Temporal } from '../../core/index.ts';

/** The newest period of a project, as far as a renewal needs it. */
export interface Running {
  anchor: Temporal.PlainDate;
  months: number; // since the anchor
  lastDay: Temporal.PlainDate;
  endsAt: Temporal.Instant;
}

export interface NextPeriod extends Running {
  from: Temporal.Instant;
}

/**
 * The period that a payment opens. It is counted from the day after the payment (ГК РФ ст. 191) and ends at 24:00 of
 * its last day (ст. 192, 194): a month from the 31st of January is the last day of February. A payment before the end
 * prolongs, and the whole chain is counted from its first day, so that a short February costs nobody days in March.
 */
export function nextPeriod(
  paidAt: Temporal.Instant,
  months: number,
  running: Running | null,
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

/** Whole days that are paid for and not begun at an instant: those after its own day, up to the last. */
export function daysLeft(lastPaid: Temporal.PlainDate, at: Temporal.Instant, zone: string): number {
  return Math.max(0, dayOf(at, zone).until(lastPaid).days);
}
