import type { Db, Trx } from '../../core/index.ts';

/** Runs one statement with bound values (days and instants go as they are) and answers its rows. */
export async function ask<Row>(db: Db | Trx, sql: string, values: readonly unknown[]): Promise<Row[]> {
  // knex does not know Temporal, and hands what it does not know to pg untouched, which does.
  const { rows } = await db.raw(sql, values as string[]);
  return rows;
}
