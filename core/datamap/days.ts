import { Temporal } from '../base/index.ts';
import type { DateRange } from './types.ts';

type Day = Temporal.PlainDate;

/** Days as the fewest half-open ranges. */
export function toRanges(days: readonly Day[]): DateRange[] {
  const ranges: DateRange[] = [];
  for (const day of [...days].sort(Temporal.PlainDate.compare)) {
    const last = ranges.at(-1);
    if (last && Temporal.PlainDate.compare(day, last.before) <= 0) {
      if (day.equals(last.before)) last.before = day.add({ days: 1 });
    } else ranges.push({ from: day, before: day.add({ days: 1 }) });
  }
  return ranges;
}

/** Is a day in one of the ranges? */
export function inRanges(day: Day, ranges: readonly DateRange[]): boolean {
  return ranges.some(
    ({ from, before }) => Temporal.PlainDate.compare(from, day) <= 0 && Temporal.PlainDate.compare(day, before) < 0,
  );
}

/** The latest day of ranges in any order; undefined when there are none. */
export function lastOf(ranges: readonly DateRange[]): Day | undefined {
  const [latest] = ranges.map(({ before }) => before).sort((a, b) => Temporal.PlainDate.compare(b, a));
  return latest?.subtract({ days: 1 });
}

interface Filterable<Q> {
  where(filter: (this: Q, query: Q) => void): Q;
}

/**
 * Narrows a knex query to the days that may go. `column` is a `date`; for 'all' the query stays as it is; no ranges
 * match nothing.
 */
// biome-ignore lint/suspicious/noExplicitAny: knex's builder types differ with every query; only `where` is used
export function whereAnchored<Q extends Filterable<any>>(query: Q, column: string, anchored: DateRange[] | 'all'): Q {
  if (anchored === 'all') return query;
  return query.where((inner) => {
    if (anchored.length === 0) inner.whereRaw('false');
    for (const { from, before } of anchored) {
      // biome-ignore lint/suspicious/noExplicitAny: as above
      inner.orWhere((range: any) => range.where(column, '>=', from).where(column, '<', before));
    }
  });
}
