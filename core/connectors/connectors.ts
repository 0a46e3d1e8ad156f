import { type Clock, Refusal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import type { DataMap, Store } from '../datamap/index.ts';
import { type Db, openDatabase } from '../db/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Vault } from '../vault/index.ts';
import { checkHttp, createHttpStore } from './http.ts';
import { createManualStore, createTaskStore, taskKey } from './manual.ts';
import { readConnectors } from './pack.ts';
import { checkPostgres, createPostgresStore } from './postgres.ts';
import { checkResult } from './result.ts';
import { findTask, listTasks, lockTask, type TaskRow, updateTask } from './store.ts';
import type { Connectors, ManualConnector, ManualTask, PostgresConnector, TaskResult } from './types.ts';

/**
 * Builds the stores of the operator's `connectors:` and registers them.
 * @param deps.connectors as read from the pack
 * @param deps.env        where addresses and tokens come from; they never stand in a pack
 * @throws Refusal `connector.malformed` | `connector.no-address`, with what is wrong
 */
export function createConnectors(deps: {
  db: Db;
  clock: Clock;
  zone: string;
  vault: Vault;
  journal: Pick<Journal, 'append'>;
  datamap: Pick<DataMap, 'register'>;
  connectors?: unknown;
  env?: Readonly<Record<string, string | undefined>>;
}): Connectors {
  const { db, clock, zone, vault, journal, env = process.env } = deps;
  const list = readConnectors(deps.connectors ?? []);
  const pools = new Map<string, Db>();
  const stores: Record<string, Store> = {};

  function poolOf({ id, urlFrom }: PostgresConnector): Db {
    let pool = pools.get(id);
    if (!pool) {
      pool = openDatabase(env[urlFrom] as string, { max: 2 });
      pools.set(id, pool);
    }
    return pool;
  }

  for (const connector of list) {
    const variable =
      connector.kind === 'postgres' ? connector.urlFrom : connector.kind === 'http' ? connector.tokenFrom : null;
    if (variable && !env[variable]) {
      throw new Refusal('connector.no-address', 'unavailable', {
        message: `The connector "${connector.id}" needs the environment variable ${variable}.`,
      });
    }
    if (connector.kind === 'postgres')
      stores[connector.id] = createPostgresStore(connector, () => poolOf(connector), zone);
    else if (connector.kind === 'http')
      stores[connector.id] = createHttpStore(connector, () => (variable ? (env[variable] ?? null) : null));
    else stores[connector.id] = createManualStore(connector);
  }
  const manual = new Map(
    list.filter((one): one is ManualConnector => one.kind === 'manual').map((one) => [one.id, one]),
  );
  const titleOf = (id: string): string => manual.get(id)?.title.ru ?? 'Система, которой больше нет в перечне';
  deps.datamap.register('connectors', { ...stores, tasks: createTaskStore(titleOf) });
  const toTask = (row: TaskRow): ManualTask => {
    const connector = manual.get(row.connector);
    const unknown = { ru: row.connector, en: row.connector };
    return {
      id: row.id,
      connector: row.connector,
      title: connector?.title ?? unknown,
      system: connector?.system ?? unknown,
      instructions: connector?.instructions ?? unknown,
      automation: connector?.automation ?? null,
      action: row.action,
      run: row.run,
      subject: row.subject_id,
      openedAt: row.opened_at,
      doneAt: row.done_at,
      doneBy: row.done_by,
      records: row.records,
    };
  };

  return {
    stores,
    tasks: {
      async list(filter = {}) {
        return (await listTasks(db, filter)).map(toTask);
      },
      async get(id) {
        const row = await findTask(db, id);
        if (!row) throw new Refusal('task.unknown', 'not-found', { task: id });
        return toTask(row);
      },
      async done(trx, id, result) {
        const row = await lockTask(trx, id);
        if (!row) throw new Refusal('task.unknown', 'not-found', { task: id });
        if (row.done_at) throw new Refusal('task.done-already', 'conflict', { task: id });
        const { by, records } = result;
        const found = checkResult(toTask(row), result);
        const at = clock.now();
        const change = {
          done_at: at,
          done_on: dayOf(at, zone),
          done_by: by,
          records,
          sealed: found ? await vault.seal(taskKey(id), Buffer.from(JSON.stringify(found)), id) : null,
        };
        await updateTask(trx, id, change);
        await journal.append(trx, { action: 'task.done', about: id, actor: by, body: bodyOf(row, result) });
        return toTask({ ...row, ...change });
      },
    },
    async check() {
      const problems: { connector: string; problem: string }[] = [];
      for (const connector of list) {
        let problem: string | null = null;
        if (connector.kind === 'postgres') problem = await checkPostgres(connector, poolOf(connector));
        if (connector.kind === 'http') problem = await checkHttp(connector, stores[connector.id] as Store);
        if (problem) problems.push({ connector: connector.id, problem });
      }
      return problems;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

/** In the journal: how many records and sheets, not what lay on them. */
function bodyOf({ run }: TaskRow, { records, carriers }: TaskResult): Record<string, unknown> {
  if (!carriers) return { run, records };
  const sheets = carriers.list.reduce((sum, { sheets }) => sum + sheets, 0);
  return { run, records, carriers: carriers.list.length, sheets };
}
