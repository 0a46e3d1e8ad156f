import type { Temporal } from '../base/index.ts';
import type { Db } from '../db/index.ts';

/** Whether a table of the schema `core` is there: before the first start there is none. */
async function has(db: Db, table: string): Promise<boolean> {
  return db.schema.withSchema('core').hasTable(table);
}

/** The operator whose people the database is about; null before the first start. */
export async function findOperator(db: Db): Promise<string | null> {
  if (!(await has(db, 'installation'))) return null;
  const row = await db('core.installation').first<{ operator: string } | undefined>('operator');
  return row?.operator ?? null;
}

/** Writes the operator down once; whoever came first has said it. */
export async function insertOperator(db: Db, row: { operator: string; since_at: Temporal.Instant }): Promise<void> {
  await db('core.installation').insert(row).onConflict('single').ignore();
}

/** Owners of the tables there are, as their migrations are named: `core`, and each plugin that has run here. */
export async function ownersOfTables(db: Db): Promise<string[]> {
  if (!(await has(db, 'migrations'))) return [];
  const names: string[] = await db('core.migrations').pluck('name');
  return [...new Set(names.map((name) => name.slice(0, name.indexOf('/'))))].sort();
}
