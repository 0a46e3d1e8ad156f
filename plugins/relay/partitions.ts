import { type Db, Temporal, type Trx } from '../../core/index.ts';

type Day = Temporal.PlainDate;

/** The tables of the log, one partition a day each. Payloads go earlier than the rest. */
export type LogTable = 'payloads' | 'messages' | 'deliveries';

const tables: readonly LogTable[] = ['payloads', 'messages', 'deliveries'];

// Two numbers of ours that nobody else takes as an advisory lock.
const lockClass = 0x72656c61;
const lockObject = 1;

/** The name of a day's partition, without the schema. Made of digits only: it is put into SQL as it is. */
export function partitionName(table: LogTable, day: Day): string {
  return `${table}_${day.toString().replaceAll('-', '')}`;
}

function dayOfName(table: LogTable, name: string): Day | null {
  const digits = new RegExp(`^${table}_(\\d{4})(\\d\\d)(\\d\\d)$`).exec(name);
  return digits ? Temporal.PlainDate.from(digits.slice(1).join('-')) : null;
}

/** The days that have a partition of a table. */
export async function partitionDays(db: Db | Trx, table: LogTable): Promise<Day[]> {
  const { rows } = await db.raw(
    `select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = ?::regclass order by c.relname`,
    [`relay.${table}`],
  );
  return rows
    .map((row: { relname: string }) => dayOfName(table, row.relname))
    .filter((day: Day | null) => day !== null);
}

/**
 * Makes the partitions of these days where they are missing: by LIKE, CHECK and ATTACH, because
 * `create table … partition of` would wait behind every open reader and stop all inserts meanwhile.
 */
export async function ensurePartitions(db: Db, days: readonly Day[]): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw('select pg_advisory_xact_lock(?, ?)', [lockClass, lockObject]);
    for (const table of tables) {
      const there = new Set((await partitionDays(trx, table)).map(String));
      for (const day of days) {
        if (there.has(day.toString())) continue;
        const name = partitionName(table, day);
        const [from, before] = [day.toString(), day.add({ days: 1 }).toString()];
        // A table of that name that is not attached was left by a destruction that did not end: it goes first.
        await trx.raw(`drop table if exists relay.${name}`);
        await trx.raw(`create table relay.${name} (like relay.${table} including defaults including storage,
          check (processed_on >= '${from}' and processed_on < '${before}'))`);
        await trx.raw(
          `alter table relay.${table} attach partition relay.${name} for values from ('${from}') to ('${before}')`,
        );
      }
    }
  });
}

/**
 * Takes a day's partition away: detached without stopping writers, then dropped. Can be called again after a crash at
 * any point. Must not run inside a transaction, nor while the caller's own transaction has touched the table.
 * @returns whether there was one
 */
export async function dropPartition(db: Db, table: LogTable, day: Day): Promise<boolean> {
  const name = partitionName(table, day);
  const { rows } = await db.raw(
    `select i.inhdetachpending as pending from pg_class c left join pg_inherits i on i.inhrelid = c.oid
     where c.oid = to_regclass(?)`,
    [`relay.${name}`],
  );
  if (rows.length === 0) return false;
  if (rows[0].pending === false) await db.raw(`alter table relay.${table} detach partition relay.${name} concurrently`);
  if (rows[0].pending === true) await db.raw(`alter table relay.${table} detach partition relay.${name} finalize`);
  await db.raw(`drop table relay.${name}`);
  return true;
}
