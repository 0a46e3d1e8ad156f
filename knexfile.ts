import { readdirSync } from 'node:fs';
import type { Knex } from 'knex';
import { findPostgres } from './core/db/index.ts';

/*
 * For knex's own command line (`npx knex migrate:list`): the outside database of DATABASE_URL, or the embedded one of
 * a service that runs on SROK_HOME (default `var`). The service itself migrates at its start and needs no call.
 */
const url = process.env.DATABASE_URL ?? (await findPostgres(process.env.SROK_HOME ?? 'var'));
if (!url) throw new Error('Start Srok first, or set DATABASE_URL.');

const folders = [
  { prefix: 'core', folder: new URL('migrations/', import.meta.url) },
  ...readdirSync(new URL('plugins/', import.meta.url)).map((name) => ({
    prefix: name,
    folder: new URL(`plugins/${name}/migrations/`, import.meta.url),
  })),
];
const all = folders.flatMap(({ prefix, folder }) => {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.ts'))
      .sort()
      .map((name) => ({ name: `${prefix}/${name}`, url: new URL(name, folder) }));
  } catch {
    return [];
  }
});

export default {
  client: 'pg',
  connection: url,
  migrations: {
    schemaName: 'core',
    tableName: 'migrations',
    migrationSource: {
      getMigrations: async () => all,
      getMigrationName: (migration: { name: string }) => migration.name,
      getMigration: async (migration: { url: URL }) => import(migration.url.href),
    },
  },
} satisfies Knex.Config;
