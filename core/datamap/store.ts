import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';

export interface SubjectRow {
  id: string;
  kind: string;
  created_at: Temporal.Instant;
  erased_at: Temporal.Instant | null;
}

const subjects = 'core.subjects';

export async function insertSubject(trx: Trx, row: Omit<SubjectRow, 'erased_at'>): Promise<void> {
  await trx(subjects).insert(row);
}

export async function findSubject(db: Trx | Db, id: string): Promise<SubjectRow | undefined> {
  return db(subjects).where({ id }).first();
}

/** The row lock makes writers and the erasure of one person take turns. */
export async function shareSubject(trx: Trx, id: string): Promise<SubjectRow | undefined> {
  return trx(subjects).where({ id }).forShare().first();
}

export async function markErased(trx: Trx, id: string, at: Temporal.Instant): Promise<void> {
  await trx(subjects).where({ id }).whereNull('erased_at').update({ erased_at: at });
}

export interface ColumnRow {
  schema: string;
  table: string;
  column: string;
  type: string;
}

/** Every column of every table of ours; partitions are seen through their parent. */
export async function allColumns(db: Db): Promise<ColumnRow[]> {
  const { rows } = await db.raw(`
    select n.nspname as schema, c.relname as "table", a.attname as "column", t.typname as type
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_catalog.pg_type t on t.oid = a.atttypid
    where c.relkind in ('r', 'p') and not c.relispartition
      and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pgboss')
    order by 1, 2, a.attnum`);
  return rows;
}
