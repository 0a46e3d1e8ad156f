import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Db,
  type MigrationFolder,
  migrate,
  openDatabase,
  type RunningPostgres,
  startPostgres,
} from '../../core/db/index.ts';

/*
 * One throw-away cluster for the whole run, one template database with every migration in it, and a clone of the
 * template for each test file that asks. Loaded by mocha before the files.
 */

let running: Promise<{ server: RunningPostgres; home: string }> | null = null;
const templates = new Map<string, Promise<void>>();

/** Memory where it can be had, with room to spare: a clone of the template is eleven megabytes in hundreds of files. */
export function roomForTests(): string {
  const memory = '/dev/shm';
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize > 4 * 2 ** 30 ? memory : tmpdir();
  } catch {
    return tmpdir(); // a system without it
  }
}

function server(): Promise<{ server: RunningPostgres; home: string }> {
  running ??= (async () => {
    const home = mkdtempSync(join(roomForTests(), 'srok-test-'));
    return { server: await startPostgres({ home, durable: false }), home };
  })();
  return running;
}

/** Every migration of the core and of these plugins (of all, unless told), found on disk: a new one needs no list. */
export function allMigrations(plugins?: readonly string[]): MigrationFolder[] {
  const root = new URL('../../', import.meta.url);
  const folder = (prefix: string, path: string): MigrationFolder => {
    const url = new URL(path, root);
    let names: string[] = [];
    try {
      names = readdirSync(url).filter((name) => name.endsWith('.ts'));
    } catch {
      // a plugin without tables has no folder
    }
    return { prefix, folder: url, names };
  };
  const names = readdirSync(new URL('plugins/', root)).filter((name) => plugins?.includes(name) ?? true);
  return [folder('core', 'migrations/'), ...names.map((name) => folder(name, `plugins/${name}/migrations/`))];
}

async function admin<T>(work: (db: Db) => Promise<T>): Promise<T> {
  const db = openDatabase((await server()).server.url, { max: 1 });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

async function urlOf(name: string): Promise<string> {
  const url = new URL((await server()).server.url);
  url.pathname = `/${name}`;
  return url.href;
}

/** The template with the tables of the core and of these plugins; made once. */
async function templateOf(plugins?: readonly string[]): Promise<string> {
  const folders = allMigrations(plugins);
  const name = ['srok_template', ...folders.map(({ prefix }) => prefix)].join('_');
  const made =
    templates.get(name) ??
    (async () => {
      await admin((db) => db.raw(`create database ${name}`));
      const db = openDatabase(await urlOf(name), { max: 1 });
      try {
        await migrate(db, folders);
      } finally {
        await db.destroy();
      }
    })();
  templates.set(name, made);
  await made;
  return name;
}

/** A fresh database of this file's own, with all tables, or with those of some plugins. Call `drop` when done. */
export async function cloneDatabase({
  plugins,
}: {
  plugins?: readonly string[];
} = {}): Promise<{ db: Db; url: string; drop(): Promise<void> }> {
  const template = await templateOf(plugins);
  const name = `t_${randomBytes(6).toString('hex')}`;
  await admin((db) => db.raw(`create database ${name} template ${template} strategy file_copy`));
  const url = await urlOf(name);
  const db = openDatabase(url);
  return {
    db,
    url,
    async drop() {
      await db.destroy();
      await admin((owner) => owner.raw(`drop database if exists ${name} with (force)`));
    },
  };
}

/** The server of this run, for tests that stop and start it: a cluster of their own. */
export async function ownCluster(): Promise<{ home: string; server: RunningPostgres; remove(): Promise<void> }> {
  const home = mkdtempSync(join(tmpdir(), 'srok-own-'));
  const own = await startPostgres({ home, durable: false });
  return {
    home,
    server: own,
    async remove() {
      await own.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export const mochaHooks = {
  async afterAll() {
    if (!running) return;
    const { server: mine, home } = await running;
    await mine.stop();
    rmSync(home, { recursive: true, force: true });
  },
};
