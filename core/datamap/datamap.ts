import { type Clock, newId, Refusal, type Temporal } from '../base/index.ts';
import { dayOf, describePeriod } from '../calendar/index.ts';
import type { Db, Trx } from '../db/index.ts';
import { cite, type Law, type Purpose } from '../law/index.ts';
import { findProblems, type MapProblem, notAboutAnyone } from './check.ts';
import { allColumns, findSubject, insertSubject, markErased, shareSubject } from './store.ts';
import type { RegisteredStore, Store, Words } from './types.ts';

export interface Subject {
  id: string;
  kind: string;
  createdAt: Temporal.Instant;
  erasedAt: Temporal.Instant | null;
}

/** One line of the record of processing (реестр обработки). */
export interface ProcessingEntry {
  store: string;
  title: Words;
  system: Words;
  subject: string;
  categories: { id: string; title: string }[];
  purposes: { id: string; title: string; bases: string[] }[];
  /** `keep` and `clause` are null where the operator's pack has no schedule for the category. */
  schedule: { category: string; title: string; keep: string | null; clause: string | null };
  recipients: string[];
}

export interface Subjects {
  /** A new person; the id is random and says nothing. @returns sub_… */
  create(trx: Trx, subject: { kind: string }): Promise<string>;
  get(trx: Trx | Db, id: string): Promise<Subject | null>;
  /**
   * Call it before writing anything about a person: a late event or an import cannot bring an erased person back.
   * Until the transaction ends the person cannot be erased.
   * @throws Refusal `subject.unknown` | `subject.erased`
   */
  alive(trx: Trx, id: string): Promise<void>;
  /** Marks a person as erased; the row keeps the random id and the day, nothing else. */
  erased(trx: Trx, id: string): Promise<void>;
  /** Subjects that any store knows by an address or a name. */
  find(trx: Trx, who: { email?: string; name?: string }): Promise<{ store: string; subject: string }[]>;
}

export interface DataMap {
  /**
   * @param owner      a plugin (its schema's name) or a room of the core; the stores' keys become `owner.name`
   * @param impersonal table → why it is about no one; a name without a schema is taken from the owner's
   * @throws Refusal `store.malformed` with what is wrong
   */
  register(owner: string, stores: Record<string, Store>, impersonal?: Record<string, string>): void;
  stores(): RegisteredStore[];
  /** @throws Refusal `store.unknown` */
  store(key: string): RegisteredStore;
  /** Titles of the categories that a store holds, for acts and answers. */
  categoriesOf(store: Store): { id: string; title: string }[];
  impersonal(): { table: string; owner: string; why: string }[];
  subjects: Subjects;
  /** What of the database's tables and columns nobody declared; empty when the map is whole. */
  check(db: Db): Promise<MapProblem[]>;
  /** The record of processing (реестр обработки), from the stores and the operator's pack. */
  record(): ProcessingEntry[];
}

export function createDataMap({ law, clock }: { db?: Db; law: Law; clock: Clock }): DataMap {
  const registered = new Map<string, RegisteredStore>();
  const impersonal = new Map<string, { table: string; owner: string; why: string }>();

  const subjects: Subjects = {
    async create(trx, { kind }) {
      const at = clock.now();
      const id = newId('sub', at);
      await insertSubject(trx, { id, kind, created_at: at });
      return id;
    },
    async get(source, id) {
      const row = await findSubject(source, id);
      return row ? { id: row.id, kind: row.kind, createdAt: row.created_at, erasedAt: row.erased_at } : null;
    },
    async alive(trx, id) {
      const row = await shareSubject(trx, id);
      if (!row) throw new Refusal('subject.unknown', 'not-found', { subject: id });
      if (row.erased_at) throw new Refusal('subject.erased', 'conflict', { subject: id });
    },
    erased: (trx, id) => markErased(trx, id, clock.now()),
    async find(trx, who) {
      const found: { store: string; subject: string }[] = [];
      for (const { key, store } of registered.values()) {
        for (const subject of (await store.find?.(trx, who)) ?? []) found.push({ store: key, subject });
      }
      return found;
    },
  };

  const map: DataMap = {
    register(owner, stores, tables = {}) {
      for (const [name, store] of Object.entries(stores)) {
        const key = `${owner}.${name}`;
        if (registered.has(key)) throw malformed(key, 'it is registered twice');
        checkWords(key, store);
        registered.set(key, { key, owner, store });
      }
      for (const [name, why] of Object.entries(tables)) {
        const table = name.includes('.') ? name : `${owner}.${name}`;
        impersonal.set(table, { table, owner, why });
      }
    },
    stores: () => [...registered.values()],
    store(key) {
      const found = registered.get(key);
      if (!found) throw new Refusal('store.unknown', 'not-found', { store: key });
      return found;
    },
    categoriesOf: (store) =>
      [...new Set(Object.values(store.columns))]
        .filter((id) => id !== notAboutAnyone)
        .map((id) => ({ id, title: law.category(id).title })),
    impersonal: () => [...impersonal.values()],
    subjects,
    async check(source) {
      return findProblems(await allColumns(source), map.stores(), map.impersonal());
    },
    record() {
      const { operator } = law;
      return map.stores().map(({ key, store }) => {
        const schedule = operator.schedules.find(({ category }) => category === store.schedule);
        return {
          store: key,
          title: store.title,
          system: store.system,
          subject: store.subject,
          categories: map.categoriesOf(store),
          purposes: operator.purposes
            .filter(({ id }) => store.purposes.includes(id))
            .map((purpose) => ({ id: purpose.id, title: purpose.title, bases: basesOf(purpose) })),
          schedule: {
            category: store.schedule,
            title: schedule?.title ?? law.category(store.schedule).title,
            keep: schedule ? describePeriod(schedule.keep, 'ru') : null,
            clause: schedule?.clause ?? null,
          },
          recipients: operator.recipients.map(({ name }) => name),
        };
      });
    },
  };

  function checkWords(key: string, store: Store): void {
    try {
      law.category(store.schedule);
      for (const category of Object.values(store.columns)) if (category !== notAboutAnyone) law.category(category);
    } catch (error) {
      if (error instanceof Refusal) throw malformed(key, `${error.code} ${JSON.stringify(error.details)}`);
      throw error;
    }
    const purposes = new Set(law.operator.purposes.map(({ id }) => id));
    for (const purpose of store.purposes) {
      if (!purposes.has(purpose)) throw malformed(key, `the operator has no purpose "${purpose}"`);
    }
    for (const column of Object.keys(store.columns)) {
      const table = column.split('.').slice(0, 2).join('.');
      if (!store.tables.includes(table)) throw malformed(key, `the column ${column} is in none of its tables`);
    }
  }

  /** A ground that the law has taken away is marked: it is still in the operator's documents. */
  function basesOf(purpose: Purpose): string[] {
    const { standing, repealed } = law.grounds(purpose, dayOf(clock.now(), law.zone));
    return [
      ...standing.map((basis) => cite(basis.cite, 'ru')),
      ...repealed.map(({ basis, how }) => `${cite(basis.cite, 'ru')} — утратило силу (${how})`),
    ];
  }

  map.register(
    'datamap',
    {},
    { 'core.subjects': 'Random ids of people and the day of their erasure; says nothing of anyone.' },
  );
  return map;
}

function malformed(key: string, why: string): Refusal {
  return new Refusal('store.malformed', 'unavailable', { message: `The store ${key}: ${why}.` });
}
