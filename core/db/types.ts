import pg from 'pg';
import { Temporal } from '../base/index.ts';

const keptDays = 50_000; // more than a century

/** Days come back again and again in rows by the thousand, and to read one costs far more than to look it up. */
const days = new Map<string, Temporal.PlainDate>();

function dayOf(text: string): Temporal.PlainDate {
  const known = days.get(text);
  if (known) return known;
  const day = Temporal.PlainDate.from(text);
  if (days.size < keptDays) days.set(text, day);
  return day;
}

/**
 * Days and instants cross the border to PostgreSQL as Temporal values in both directions: `date` is a PlainDate,
 * `timestamptz` an Instant, `bigint` a safe integer. Set on our own connections only, so that a library that brings
 * its own pool keeps what it expects.
 */
const parsers = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.DATE, dayOf],
  [pg.types.builtins.TIMESTAMPTZ, (text) => Temporal.Instant.from(text)],
  [
    pg.types.builtins.INT8,
    (text) => {
      const value = Number(text);
      if (!Number.isSafeInteger(value)) throw new RangeError(`The integer ${text} is larger than JavaScript can hold.`);
      return value;
    },
  ],
]);

export const typeParsers = {
  // biome-ignore lint/suspicious/noExplicitAny: the shape that pg gives to its parsers
  getTypeParser(oid: number, format?: any): any {
    return (format !== 'binary' && parsers.get(oid)) || pg.types.getTypeParser(oid, format);
  },
};

// pg asks a bound value for `toPostgres` before it falls back to JSON, which would wrap a day in quotes.
for (const type of [Temporal.PlainDate, Temporal.Instant]) {
  Object.defineProperty(type.prototype, 'toPostgres', {
    value(this: { toString(): string }) {
      return this.toString();
    },
    configurable: true,
  });
}
