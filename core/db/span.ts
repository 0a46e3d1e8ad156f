import type { Knex } from 'knex';
import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from './database.ts';

type Day = Temporal.PlainDate;

/** Rows of a table, and their column of days. */
export interface Dated {
  rows: Knex.QueryBuilder;
  day: string;
}

/**
 * The first and the last day of some rows, of those from a day on; null when there are none. Two looks into the index
 * of each column, where there is one for just these rows.
 */
export async function spanOf(
  db: Db | Trx,
  dated: readonly Dated[],
  from?: Day,
): Promise<{ first: Day; last: Day } | null> {
  const spans = dated.map(({ rows, day }) => {
    if (from) rows.where(day, '>=', from);
    return rows.min(`${day} as first`).max(`${day} as last`);
  });
  const [only] = spans;
  const whole: Knex.QueryBuilder =
    spans.length === 1 && only
      ? only
      : db.from(db.unionAll(spans, true).as('spans')).min({ first: 'first' }).max({ last: 'last' });
  const [row]: { first: Day | null; last: Day | null }[] = await whole;
  return row?.first && row.last ? { first: row.first, last: row.last } : null;
}
