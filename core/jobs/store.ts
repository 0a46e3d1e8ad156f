import type { Db, Trx } from '../db/index.ts';

export interface FailedJob {
  id: string;
  name: string;
  output: unknown;
}

/** How many jobs still have to run or are running, and those that have used up their retries. pg-boss drops them after their retention. */
export async function listUnsettled(db: Db): Promise<{ open: number; failed: FailedJob[] }> {
  const { rows } = await db.raw(
    `select id, name, state, output from pgboss.job
     where state in ('created', 'retry', 'active', 'failed') order by completed_on`,
  );
  const failed = rows.filter(({ state }: { state: string }) => state === 'failed');
  return { open: rows.length - failed.length, failed };
}

/**
 * The job that waits under this key. Locked until the caller's transaction ends, so that no worker takes it away
 * before what the caller wrote can be seen; the worker is woken again at the commit.
 */
export async function holdWaiting(trx: Trx, name: string, key: string): Promise<string | null> {
  const { rows } = await trx.raw(
    `select id from pgboss.job where name = ? and singleton_key = ? and state = 'created' for update`,
    [name, key],
  );
  return rows[0]?.id ?? null;
}

/** Wakes the workers of a queue when the transaction commits, on the channel that pg-boss listens to. */
export async function notifyQueue(trx: Trx, name: string): Promise<void> {
  await trx.raw(`select pg_notify('pgboss_' || left(encode(sha224('pgboss'::bytea), 'hex'), 24), ?)`, [name]);
}

export interface QueueCount {
  queue: string;
  queued: number;
  active: number;
  failed: number;
  oldest: { epochMilliseconds: number } | null;
}

export async function countQueues(db: Db): Promise<QueueCount[]> {
  const { rows } = await db.raw(`
    select q.name as queue,
      count(j.id) filter (where j.state in ('created', 'retry'))::int as queued,
      count(j.id) filter (where j.state = 'active')::int as active,
      count(j.id) filter (where j.state = 'failed')::int as failed,
      min(j.created_on) filter (where j.state in ('created', 'retry')) as oldest
    from pgboss.queue q left join pgboss.job j on j.name = q.name
    where q.name not like '\\_\\_pgboss\\_\\_%'
    group by q.name order by q.name`);
  return rows;
}
