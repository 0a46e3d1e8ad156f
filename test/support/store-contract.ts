import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MovableClock } from '../../core/base/index.ts';
import {
  type Collected,
  type DataMap,
  type DateRange,
  type EraseReceipt,
  type EraseScope,
  isUnsupported,
  type RegisteredStore,
  type Store,
  type StoreContext,
  toRanges,
} from '../../core/datamap/index.ts';
import { type Db, openDatabase, type Trx } from '../../core/db/index.ts';
import { createJournal, loadSigningKeys } from '../../core/journal/index.ts';
import type { Engine } from '../../core/plugin/index.ts';
import { createVault, type Vault } from '../../core/vault/index.ts';
import { createApp } from '../../main.ts';
import { moscow, startApp } from './app.ts';
import {
  aCrew,
  asksWhatIsHeld,
  aUser,
  type Crew,
  isErased,
  isNotified,
  leaves,
  looksAtTheLog,
  type Planted,
  publishEditions,
  settle,
  wasLookedUpByHand,
  wasOnHold,
} from './people.ts';

const silent = { info() {}, warn() {}, error() {} };

/** Two people who went the same way: what is done to the first must not touch the second. */
export interface Couple {
  way: 'living' | 'left' | 'erased' | 'staff';
  anna: Planted;
  boris: Planted;
}

interface Original {
  home: string;
  url: string;
  clock: MovableClock;
}

/** A house as it stood when everyone had been planted; of one's own, to be destroyed. */
export interface Copy {
  db: Db | Trx;
  vault: Vault;
  datamap: DataMap;
  /** Runs work of one store in a transaction that is committed. */
  story<T>(runId: string, work: (context: StoreContext) => Promise<T>): Promise<T>;
  /** The same, and rolls back whatever was done. */
  trial<T>(work: (context: StoreContext) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface PlantedHouse {
  couples: Couple[];
  datamap: DataMap;
  copy(): Promise<Copy>;
  /**
   * Lends a house to work on and takes everything back: a transaction that is rolled back, and keys of its own. Work of
   * a store that asks for the pool cannot be taken back; it is begun again in a copy.
   */
  lend(work: (copy: Copy) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Plants couples of people in a whole installation: some live, some have left, of some the data were erased, and two
 * members of the staff have looked at the log. Then the house is closed; whoever wants to try something takes a copy.
 */
export async function plantHouse(): Promise<PlantedHouse> {
  const test = await startApp({ at: '2026-05-12T10:00' });
  const { app, clock } = test;
  await publishEditions(app);
  const crew = await aCrew(app);
  const couples = await plantCouples(test, crew);
  await settle(test);
  for (const { anna, boris } of couples) for (const person of [anna, boris]) await learnIds(app.engine.db, person);
  await app.engine.journal.sealUp();
  await app.close();
  // Years later: what a run writes of itself is not of the days that it destroys.
  clock.moveTo(moscow('2033-01-10T10:00'));
  const original = { home: test.home, url: app.databaseUrl, clock };
  const files = await copyFiles(original);
  const { engine, close } = await createApp({
    ...{ home: files.home, databaseUrl: files.url, operator: 'qsockets', clock, cron: false },
    ...{ mode: 'command', log: silent },
  });
  return {
    couples,
    datamap: engine.datamap,
    copy: () => openCopy(original, engine),
    async lend(work) {
      if (!(await inTransaction({ ...original, home: files.home }, engine, work))) {
        const copy = await openCopy(original, engine);
        await work(copy).finally(() => copy.close());
      }
    },
    async close() {
      await close();
      await files.drop();
      await test.close();
    },
  };
}

async function plantCouples(test: Awaited<ReturnType<typeof startApp>>, crew: Crew): Promise<Couple[]> {
  const [anna, boris, vera, gleb, dina, egor] = (await Promise.all(
    [
      ['anna', 'Антонова Анна Игоревна'],
      ['boris', 'Борисов Борис Львович'],
      ['vera', 'Власова Вера Петровна'],
      ['gleb', 'Громов Глеб Ильич'],
      ['dina', 'Дёмина Дина Олеговна'],
      ['egor', 'Егоров Егор Маркович'],
    ].map(([key, name]) => aUser(test, crew, key as string, name as string)),
  )) as [Planted, Planted, Planted, Planted, Planted, Planted];
  await settle(test);
  for (const person of [anna, boris]) {
    await asksWhatIsHeld(test, crew, person);
    await isNotified(test, person);
    await wasOnHold(crew, person);
    await wasLookedUpByHand(test, person);
  }
  const [kim, lavrova] = crew.specialists;
  await looksAtTheLog(test, crew, kim, anna);
  await looksAtTheLog(test, crew, lavrova, boris);
  for (const person of [vera, gleb]) await leaves(person);
  for (const person of [dina, egor]) await isErased(test, crew, person);
  return [
    { way: 'living', anna, boris },
    { way: 'left', anna: vera, boris: gleb },
    { way: 'erased', anna: dina, boris: egor },
    { way: 'staff', anna: kim, boris: lavrova },
  ];
}

/** Ids of everything that stands under this person, wherever it is. */
async function learnIds(db: Db, person: Planted): Promise<void> {
  const { rows } = await db.raw(`
    select c.table_schema as schema, c.table_name as name from information_schema.columns c
    where c.column_name in ('id', 'subject_id') and c.data_type = 'text'
      and c.table_schema not in ('pg_catalog', 'information_schema', 'pgboss')
    group by 1, 2 having count(*) = 2`);
  for (const { schema, name } of rows as { schema: string; name: string }[]) {
    const found: string[] = await db(`${schema}.${name}`).where({ subject_id: person.subject }).pluck('id');
    person.ids.push(...found.filter((id) => !person.ids.includes(id)));
  }
}

const notLock = (path: string): boolean => !/[/\\]lock(\.\d+)?$/.test(path);

/** A database of its own with everything in it, and its keys. */
async function copyFiles(of: Original): Promise<{ home: string; url: string; drop(): Promise<void> }> {
  const home = mkdtempSync(join(tmpdir(), 'srok-copy-'));
  cpSync(of.home, home, { recursive: true, filter: notLock });
  const url = new URL(of.url);
  const template = url.pathname.slice(1);
  const name = `c_${randomBytes(6).toString('hex')}`;
  const asOwner = async (sql: string): Promise<void> => {
    const owner = openDatabase(new URL('/postgres', of.url).href, { max: 1 });
    await owner.raw(sql).finally(() => owner.destroy());
  };
  await asOwner(`create database ${name} template ${template}`);
  url.pathname = `/${name}`;
  return {
    home,
    url: url.href,
    async drop() {
      await asOwner(`drop database ${name} with (force)`);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The stores are those of one app; what they work on is the copy's: transaction, pool, keys, journal. */
async function openCopy(of: Original, { law, datamap }: Pick<Engine, 'law' | 'datamap'>): Promise<Copy> {
  const { clock } = of;
  const { home, url, drop } = await copyFiles(of);
  const db = openDatabase(url);
  const vault = createVault({ folder: join(home, 'keystore'), clock });
  const { seal, open } = vault;
  const journal = createJournal({ db, clock, zone: law.zone, seal, open, keys: loadSigningKeys(join(home, 'keys')) });
  const contextOf = (trx: Trx, runId: string): StoreContext => ({ trx, db, vault, clock, law, journal, runId });
  return {
    ...{ db, vault, datamap },
    story: (runId, work) => db.transaction((trx) => work(contextOf(trx, runId))),
    async trial(work) {
      const trx = await db.transaction();
      try {
        return await work(contextOf(trx, 'trial'));
      } finally {
        await trx.rollback();
      }
    },
    async close() {
      await db.destroy();
      await vault.close();
      await drop();
    },
  };
}

class NeedsPool extends Error {}

/** @returns false, with nothing done, when the work needs more than a transaction */
async function inTransaction(
  { home, clock }: Original,
  { db, law, datamap }: Pick<Engine, 'db' | 'law' | 'datamap'>,
  work: (copy: Copy) => Promise<void>,
): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'srok-keys-'));
  cpSync(join(home, 'keystore'), folder, { recursive: true, filter: notLock });
  const vault = createVault({ folder, clock });
  const { seal, open } = vault;
  const journal = createJournal({ db, clock, zone: law.zone, seal, open, keys: loadSigningKeys(join(home, 'keys')) });
  const trx = await db.transaction();
  const run: Copy['story'] = (runId, inStore) =>
    inStore({
      ...{ trx, vault, clock, law, journal, runId },
      get db(): Db {
        throw new NeedsPool();
      },
    });
  try {
    await work({
      ...{ db: trx, vault, datamap },
      story: run,
      trial: (inStore) => run('trial', inStore),
      async close() {},
    });
    return true;
  } catch (error) {
    if (error instanceof NeedsPool) return false;
    throw error;
  } finally {
    await trx.rollback();
    await vault.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How much a store shows of a person: lines, and what stands in the lines about much data. */
export function amountOf({ rows, summary = [] }: Collected): number {
  return rows.length + summary.reduce((sum, { count }) => sum + count, 0);
}

/** What every store shows of this person, as text. */
export async function shownOf(copy: Copy, subject: string): Promise<Record<string, string>> {
  const shown: Record<string, string> = {};
  for (const { key, store } of copy.datamap.stores()) {
    shown[key] = JSON.stringify(await copy.trial((context) => store.collect(subject, context)));
  }
  return shown;
}

/** The days on which records of a store begin their term; of one person, or of all. */
export async function daysOf(copy: Copy, { anchors }: Store, subject?: string): Promise<DateRange[]> {
  const found = (await copy.trial(async ({ trx }) => anchors?.(trx, subject))) ?? [];
  return toRanges(found.flatMap(({ day, count }) => (day && count > 0 ? [day] : [])));
}

/** The first couple of which both are known to the store; with `dated`, by records whose term has begun. */
export async function coupleIn(
  house: PlantedHouse,
  copy: Copy,
  { store }: RegisteredStore,
  { dated = false } = {},
): Promise<Couple | null> {
  for (const couple of house.couples) {
    const amounts = await Promise.all(
      [couple.anna, couple.boris].map(async ({ subject }) =>
        dated
          ? (await daysOf(copy, store, subject)).length
          : amountOf(await copy.trial((context) => store.collect(subject, context))),
      ),
    );
    if (amounts.every((amount) => amount > 0)) return couple;
  }
  return null;
}

/** Carries an erasure out under a run of its own. */
export async function erase(
  copy: Copy,
  { key, store }: RegisteredStore,
  scope: EraseScope,
  runId: string,
): Promise<EraseReceipt> {
  const work = store.erase;
  if (isUnsupported(work)) throw new Error(`${key} cannot erase: ${work.unsupported}`);
  return copy.story(runId, (context) => work(scope, context));
}

/** `text` as it may stand in a row that is printed as text: as such, and as bytes of a bytea column. */
const formsOf = (text: string): string[] => [
  text.toLowerCase(),
  Buffer.from(text, 'utf8').toString('hex'),
  Buffer.from(text, 'utf8').toString('base64').replace(/=+$/, '').toLowerCase(),
];

/** Rows of tables, printed as text and sorted. */
export type Rows = Map<string, string[]>;

/** Every row of these tables, or of all. */
export async function rowsOf(db: Db | Trx, tables?: readonly string[]): Promise<Rows> {
  const found: Rows = new Map();
  for (const table of tables ?? (await ourTables(db))) {
    const [schema, name] = table.split('.') as [string, string];
    const { rows } = await db.raw('select x::text as row from ??.?? x', [schema, name]);
    found.set(table, rows.map(({ row }: { row: string }) => row).sort());
  }
  return found;
}

/** Those in which one of these words or ids stands, readable or as bytes; tables without any are left out. */
export function rowsWith(all: Rows, texts: readonly string[]): Rows {
  const wanted = [...new Set(texts.flatMap(formsOf))];
  const found: Rows = new Map();
  for (const [table, rows] of all) {
    const hits = rows.filter((row) => {
      const low = row.toLowerCase();
      return wanted.some((text) => low.includes(text));
    });
    if (hits.length > 0) found.set(table, hits);
  }
  return found;
}

/** Every row there is, and the names of all keys: what a repeated call must not change. */
export async function stateOf(copy: Copy): Promise<{ rows: Rows; keys: string[] }> {
  return { rows: await rowsOf(copy.db), keys: copy.vault.names().sort() };
}

/** Tables of ours and of the plugins; a table in parts is seen through its parent. */
export async function ourTables(db: Db | Trx): Promise<string[]> {
  const { rows } = await db.raw(`
    select n.nspname || '.' || c.relname as name
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition
      and n.nspname not in ('pg_catalog', 'information_schema', 'pgboss')
    order by 1`);
  return rows.map(({ name }: { name: string }) => name);
}
