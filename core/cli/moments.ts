import { systemClock, Temporal } from '../base/index.ts';
import type { HoldDays } from '../law/index.ts';
import { UsageError } from './output.ts';

/*
 * Days and instants as people and programs write them. Days are Moscow days; instants carry an offset, because a time
 * without one is a different day for somebody else.
 */

const dayShape = /^\d{4}-\d\d-\d\d$/;
const clockShape = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?/;
const offsetShape = /([Zz]|[+-]\d\d(:?\d\d)?)$/;

/** @throws UsageError `day.malformed` for what is not a day, or a day that does not exist */
export function parseDay(text: string): Temporal.PlainDate {
  if (!dayShape.test(text)) {
    throw new UsageError(`«${text}» — не день. Дни пишутся так: 2026-05-15.`, [], 'day.malformed');
  }
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' });
  } catch {
    throw new UsageError(`Дня ${text} не существует.`, [], 'day.malformed');
  }
}

/** @throws UsageError `instant.no-offset`, `instant.malformed` */
export function parseInstant(text: string): Temporal.Instant {
  const clock = clockShape.exec(text)?.[0];
  if (!clock || (clock !== text && !offsetShape.test(text))) {
    throw new UsageError(
      `«${text}» — не момент времени. Моменты пишутся так: 2026-05-15T10:00:00+03:00.`,
      [],
      'instant.malformed',
    );
  }
  if (clock === text) {
    throw new UsageError(
      `«${text}»: у момента времени должно быть смещение (instants carry an offset), например ${text}+03:00.`,
      [],
      'instant.no-offset',
    );
  }
  parseDay(text.slice(0, 10));
  try {
    // A leap second has no place on the civil clock that terms are counted by.
    if (/^.{16}:60/.test(text)) throw new RangeError('leap second');
    return Temporal.Instant.from(text);
  } catch {
    throw new UsageError(`Момента ${text} не существует.`, [], 'instant.malformed');
  }
}

/** A day, or an instant with its offset: when something happened. */
export function parseMoment(text: string): Temporal.Instant | Temporal.PlainDate {
  return text.length > 10 ? parseInstant(text) : parseDay(text);
}

/** «A..B», both days included. @throws UsageError `hold.malformed`, `day.malformed` */
export function parseHold(text: string): HoldDays {
  const [from, until, more] = text.split('..');
  if (!from || !until || more !== undefined) {
    throw new UsageError(
      `«${text}» — не промежуток. Промежутки пишутся так: 2026-11-01..2027-02-01.`,
      [],
      'hold.malformed',
    );
  }
  const hold = { from: parseDay(from), until: parseDay(until) };
  if (Temporal.PlainDate.compare(hold.until, hold.from) < 0) {
    throw new UsageError(`«${text}»: конец промежутка раньше его начала.`, [], 'hold.malformed');
  }
  return hold;
}

export function todayOf(zone: string): Temporal.PlainDate {
  return systemClock.now().toZonedDateTimeISO(zone).toPlainDate();
}

/** An instant with the offset of the zone: 2026-05-19T00:00:00+03:00. */
export function withOffset(at: Temporal.Instant, zone: string): string {
  return at.toZonedDateTimeISO(zone).toString({ timeZoneName: 'never' });
}

/** 18.05.2026 */
export function inRussian(day: Temporal.PlainDate): string {
  return `${pad(day.day)}.${pad(day.month)}.${day.year}`;
}

/** 19.05.2026 00:00 МСК */
export function momentInRussian(at: Temporal.Instant, zone: string): string {
  const local = at.toZonedDateTimeISO(zone);
  return `${inRussian(local.toPlainDate())} ${pad(local.hour)}:${pad(local.minute)} МСК`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
