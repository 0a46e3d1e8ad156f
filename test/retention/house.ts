import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MovableClock, movableClock, newId, Temporal } from '../../core/base/index.ts';
import { advanceTo } from '../../core/cli/index.ts';
import { createDataMap, type DataMap, type EraseScope, type Store, whereAnchored } from '../../core/datamap/index.ts';
import { type Db, spanOf, type Trx } from '../../core/db/index.ts';
import { createJobs, type Jobs } from '../../core/jobs/index.ts';
import {
  createJournal,
  type Journal,
  journalImpersonal,
  journalStores,
  loadSigningKeys,
} from '../../core/journal/index.ts';
import { type Law, loadLaw } from '../../core/law/index.ts';
import { createLetters, type Letters } from '../../core/letters/index.ts';
import { createObligations, type Fact, type Obligations, type Report } from '../../core/obligations/index.ts';
import { createRequests, type Requests } from '../../core/requests/index.ts';
import { createRetention, type Plan, type Retention } from '../../core/retention/index.ts';
import { createVault, type Vault } from '../../core/vault/index.ts';
import { cloneDatabase } from '../support/database.ts';

/** Moscow wall time. */
export function moscow(at: string): Temporal.Instant {
  const time = at.includes('T') ? at : `${at}T12:00`;
  return Temporal.PlainDateTime.from(time).toZonedDateTime('Europe/Moscow').toInstant();
}

export const day = (text: string): Temporal.PlainDate => Temporal.PlainDate.from(text);

/** The rooms up to the requests, real, on a database of its own, with a shop that keeps things about people. */
export interface House {
  db: Db;
  url: string;
  clock: MovableClock;
  law: Law;
  vault: Vault;
  journal: Journal;
  jobs: Jobs;
  letters: Letters;
  datamap: DataMap;
  obligations: Obligations;
  retention: Retention;
  requests: Requests;
  facts: Fact[];
  /** Stores that fail on purpose: name in the shop → how often still; with a «!» only after the rows are gone. */
  failing: Map<string, number>;
  /** What happens elsewhere while a store erases, by its name in the shop. */
  during: Map<string, () => Promise<unknown>>;
  lost: Map<string, NonNullable<Plan['lostPaidTime']>>;
  /** Who works here: account → name and post. */
  staff: Map<string, string>;
  story<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
  /** Visits every instant at which something falls due, as node-cron and the workers would. */
  advanceTo(time: string): Promise<void>;
  at(time: string): void;
  aPerson(person?: { email?: string; name?: string }): Promise<string>;
  logged(subject: string, on: string, count?: number): Promise<void>;
  paid(subject: string, on: string): Promise<void>;
  /** The same house with other packs: the service is stopped and started again. */
  reopen(policies?: string): Promise<House>;
  close(): Promise<void>;
}

const schema = `
  create schema shop;
  create table shop.profiles (subject_id text primary key references core.subjects, email text, name text);
  create table shop.payloads (id text primary key, subject_id text not null, processed_on date not null, sealed bytea not null);
  create table shop.metadata (id text primary key, subject_id text not null, processed_on date not null, ip text not null);
  create table shop.invoices (id text primary key, subject_id text not null, paid_on date not null, payer text not null);
  create table shop.prices (plan text primary key, kopecks int not null);`;

const keyOf = (on: Temporal.PlainDate, subject: string): string => `payload/${on}/prj_${subject.slice(4)}`;

function mine(trx: Trx, table: string, scope: EraseScope) {
  const rows = trx(table);
  if (scope.why === 'request') rows.where({ subject_id: scope.subject });
  else rows.whereNotIn('subject_id', scope.held);
  return rows;
}

async function countOf(query: ReturnType<Trx>): Promise<number> {
  const [row] = (await query.count('* as count')) as unknown as { count: number }[];
  return row?.count ?? 0;
}

/** A store of one table with a subject and perhaps a day. */
function tableStore(
  { failing, during }: Pick<House, 'failing' | 'during'>,
  name: string,
  own: Pick<Store, 'title' | 'system' | 'columns' | 'purposes' | 'schedule'> & { dated?: string; volumes?: boolean },
): Store {
  const table = `shop.${name}`;
  const { dated, volumes, ...rest } = own;
  return {
    ...rest,
    subject: 'customer',
    tables: [table],
    ...(dated
      ? {
          async anchors(trx: Trx, subject?: string) {
            const query = trx(table).select(`${dated} as day`).count('* as count').groupBy(dated);
            if (subject) query.where({ subject_id: subject });
            return (await query) as unknown as { day: Temporal.PlainDate; count: number }[];
          },
          span: (db: Db | Trx, from?: Temporal.PlainDate) => spanOf(db, [{ rows: db(table), day: dated }], from),
        }
      : {}),
    async collect(subject, { trx }) {
      const rows = await trx(table).where({ subject_id: subject });
      if (!volumes) {
        return {
          rows: rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, String(value)]))),
          source: 'получены от субъекта',
        };
      }
      const summary = rows.length > 0 ? [{ what: 'Содержание сообщений', count: rows.length, bytes: 100 }] : [];
      return { rows: [], summary, source: 'возникли при работе сервиса' };
    },
    async erase(scope, { trx, db, vault, runId }) {
      await during.get(name)?.();
      if (failing.delete(`${name}!`)) {
        await db(table).delete();
        throw new Error('the lights went out');
      }
      const left = failing.get(name) ?? 0;
      if (left > 0) {
        failing.set(name, left - 1);
        throw new Error('the shop is closed');
      }
      const going = dated ? whereAnchored(mine(trx, table, scope), dated, scope.anchored) : mine(trx, table, scope);
      const rows: { subject_id: string; processed_on: Temporal.PlainDate }[] = await going.clone();
      const names = volumes ? [...new Set(rows.map((row) => keyOf(row.processed_on, row.subject_id)))] : [];
      const shredded = names.length > 0 ? await vault.shred(names, { runId }) : null;
      const affected = await going.delete();
      const rest = trx(table);
      if (scope.why === 'request') rest.where({ subject_id: scope.subject });
      else if (dated) whereAnchored(rest, dated, scope.anchored);
      return {
        outcome: affected > 0 ? 'erased' : 'not_found',
        affected,
        remaining: await countOf(rest),
        ...(shredded ? { keys: shredded.keys, keyNames: names } : {}),
        tables: [table],
      };
    },
    rectify: async (subject, changes, { trx }) => {
      const values = Object.fromEntries(Object.entries(changes).map(([key, value]) => [key.split('.')[2], value]));
      const affected = await trx(table).where({ subject_id: subject }).update(values);
      return { outcome: affected > 0 ? 'done' : 'not_found', affected };
    },
    restrict: { unsupported: 'В лавке нечего блокировать.' },
  };
}

function shopStores(trouble: Pick<House, 'failing' | 'during'>): Record<string, Store> {
  const log = { ru: 'ИСПДн «Журнал сообщений»', en: 'Message log' };
  return {
    profiles: {
      ...tableStore(trouble, 'profiles', {
        title: { ru: 'Профили', en: 'Profiles' },
        system: { ru: 'ИСПДн «Учётные записи»', en: 'Accounts' },
        columns: { 'shop.profiles.email': 'account.profile', 'shop.profiles.name': 'account.profile' },
        purposes: ['access'],
        schedule: 'account.profile',
      }),
      async identify(trx, subject) {
        return (await trx('shop.profiles').where({ subject_id: subject }).first('name', 'email')) ?? null;
      },
      async find(trx, { email }) {
        return email ? trx('shop.profiles').where({ email }).pluck('subject_id') : [];
      },
    },
    payloads: tableStore(trouble, 'payloads', {
      title: { ru: 'Содержание сообщений', en: 'Payloads' },
      system: log,
      columns: { 'shop.payloads.sealed': 'message.payload' },
      purposes: ['operation'],
      schedule: 'message.payload',
      dated: 'processed_on',
      volumes: true,
    }),
    metadata: tableStore(trouble, 'metadata', {
      title: { ru: 'Метаданные', en: 'Metadata' },
      system: log,
      columns: { 'shop.metadata.ip': 'message.metadata' },
      purposes: ['operation'],
      schedule: 'message.metadata',
      dated: 'processed_on',
    }),
    invoices: tableStore(trouble, 'invoices', {
      title: { ru: 'Платёжные документы', en: 'Invoices' },
      system: { ru: 'ИСПДн «Расчёты»', en: 'Billing' },
      columns: { 'shop.invoices.payer': 'billing.document' },
      purposes: ['payments'],
      schedule: 'billing.document',
      dated: 'paid_on',
    }),
  };
}

/** @param policies folder of the packs; the project's own unless told */
export async function openHouse(start = '2026-05-05T10:00', policies?: string): Promise<House> {
  const { db, url, drop } = await cloneDatabase();
  await db.raw(schema);
  const home = mkdtempSync(join(tmpdir(), 'srok-retention-'));
  return furnish({ db, url, drop, home, clock: movableClock(moscow(start)) }, policies);
}

interface Place {
  db: Db;
  url: string;
  drop(): Promise<void>;
  home: string;
  clock: MovableClock;
}

async function furnish(place: Place, policies?: string): Promise<House> {
  const { db, url, drop, home, clock } = place;
  const root = policies ?? new URL('../../policies/', import.meta.url);
  const law = await loadLaw({ root, operator: 'qsockets' });
  const vault = createVault({ folder: join(home, 'keystore'), clock });
  const { seal, open } = vault;
  const journal = createJournal({ db, clock, zone: law.zone, seal, open, keys: loadSigningKeys(join(home, 'keys')) });
  const errors: string[] = [];
  const silent = { info() {}, warn() {}, error: (fields: object) => void errors.push(JSON.stringify(fields)) };
  const jobs = createJobs({ db, url, log: silent });
  const letters = createLetters({
    ...{ db, clock, vault, journal, law },
    root: new URL('../../templates/', import.meta.url),
  });
  const datamap = createDataMap({ db, law, clock });
  const obligations = createObligations({ db, clock, law, journal, jobs, datamap });
  const facts: Fact[] = [];
  const report: Report = async (trx, fact) => {
    facts.push(fact);
    await obligations.report(trx, fact);
  };
  const lost: House['lost'] = new Map();
  const staff: House['staff'] = new Map();
  const failing: House['failing'] = new Map();
  const during: House['during'] = new Map();
  datamap.register('journal', journalStores({ zone: law.zone }) as unknown as Record<string, Store>, journalImpersonal);
  datamap.register('shop', shopStores({ failing, during }), { prices: 'Price list; names no one.' });
  const retention = createRetention({
    ...{ db, clock, law, journal, vault, jobs, letters, datamap, report },
    lostPaidTime: async (_trx, subject) => lost.get(subject) ?? null,
    nameOf: async (_trx, account) => staff.get(account) ?? null,
  });
  const requests = createRequests({
    ...{ db, clock, law, journal, vault, jobs, letters, datamap, retention, obligations, report },
  });
  await jobs.start({ cron: null });

  const story = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => db.transaction(work);
  return {
    ...{ db, url, clock, law, vault, journal, jobs, letters, datamap, obligations, retention, requests },
    ...{ facts, failing, during, lost, staff, story },
    at: (time) => clock.moveTo(moscow(time)),
    async advanceTo(time) {
      await advanceTo({ clock, jobs }, moscow(time));
    },
    async aPerson({ email = 'ada@example.ru', name = 'Ада Лавлейс' } = {}) {
      return story(async (trx) => {
        const subject = await datamap.subjects.create(trx, { kind: 'customer' });
        await trx('shop.profiles').insert({ subject_id: subject, email, name });
        return subject;
      });
    },
    async logged(subject, on, count = 1) {
      for (let i = 0; i < count; i++) {
        const id = newId('msg', clock.now());
        const sealed = await vault.seal(keyOf(day(on), subject), Buffer.from('канарейка'), id);
        await db('shop.payloads').insert({ id, subject_id: subject, processed_on: on, sealed });
        await db('shop.metadata').insert({ id, subject_id: subject, processed_on: on, ip: '192.0.2.1' });
      }
    },
    async paid(subject, on) {
      await db('shop.invoices').insert({
        id: newId('inv', clock.now()),
        subject_id: subject,
        paid_on: on,
        payer: 'Ада',
      });
    },
    async reopen(others) {
      await jobs.stop();
      await vault.close();
      return furnish(place, others);
    },
    async close() {
      await jobs.stop();
      await vault.close();
      await drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
