import { existsSync } from 'node:fs';
import knex, { type Knex } from 'knex';
import { Refusal } from '../base/index.ts';
import { typeParsers } from './types.ts';

export type Db = Knex;
export type Trx = Knex.Transaction;

/** The oldest PostgreSQL that has everything we use. */
const oldestVersion = 15;

/** Opens a pool. Nothing is connected before the first query. */
export function openDatabase(url: string, { max = 20 }: { max?: number } = {}): Db {
  return knex({
    client: 'pg',
    connection: {
      connectionString: url,
      types: typeParsers,
      options: '-c timezone=UTC',
      // A server whose machine is gone says nothing: without this a query that waits for it would wait for ever.
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    } as Knex.PgConnectionConfig,
    pool: { min: 0, max },
    acquireConnectionTimeout: 5_000,
    // Whoever asked gets the error; knex would also print it, once for every attempt to connect.
    log: { warn() {}, error() {}, debug() {}, deprecate() {} },
  });
}

/**
 * Says in one line whether this is a PostgreSQL we can work with.
 * @throws Refusal `database.unreachable` | `database.too-old`; the message never holds the password
 */
export async function checkDatabase(db: Db, url: string): Promise<void> {
  const where = describeUrl(url);
  let version: number;
  try {
    const { rows } = await db.raw('show server_version_num');
    version = Math.floor(Number(rows[0].server_version_num) / 10_000);
  } catch (error) {
    const why = error instanceof Error ? error.message || (error as { code?: string }).code : String(error);
    throw new Refusal('database.unreachable', 'unavailable', {
      message: `The database ${where} does not answer: ${why}. Check DATABASE_URL, or leave it out to use the embedded PostgreSQL.`,
    });
  }
  if (version < oldestVersion) {
    throw new Refusal('database.too-old', 'unavailable', {
      message: `The database ${where} is PostgreSQL ${version}; Srok needs ${oldestVersion} or newer.`,
    });
  }
}

/** host:port/name of a connection string, or the folder of its socket in place of the host, without user and password. */
export function describeUrl(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${decodeURIComponent(host)}${pathname}`;
  } catch {
    return 'given by DATABASE_URL';
  }
}

/** A folder of migrations: a room of ours or a plugin's. Names are kept apart by the prefix. */
export interface MigrationFolder {
  prefix: string;
  folder: URL;
  names: readonly string[];
}

/**
 * Brings the schema up to date. Migrations run in the order of the folders, then of their names.
 * Two processes that start at once wait for each other (knex's lock row).
 */
export async function migrate(db: Db, folders: readonly MigrationFolder[]): Promise<string[]> {
  await db.raw('create schema if not exists core');
  const all = folders.flatMap(({ prefix, folder, names }) =>
    [...names].sort().map((name) => ({ name: `${prefix}/${name}`, url: new URL(name, folder) })),
  );
  for (const { url } of all) {
    if (url.protocol === 'file:' && !existsSync(url)) throw new Error(`The migration ${url.pathname} is missing.`);
  }
  const [, done] = await db.migrate.latest({
    schemaName: 'core',
    tableName: 'migrations',
    migrationSource: {
      getMigrations: async () => all,
      getMigrationName: (migration: (typeof all)[number]) => migration.name,
      getMigration: async (migration: (typeof all)[number]) => import(migration.url.href),
    },
  });
  return done as string[];
}
