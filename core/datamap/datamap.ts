import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
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
  schedule: { category: string; title: string; keep: string; clause: string };
  recipients: string[];
}

/** Something of the database that the map does not know. */
export interface MapProblem {
  what: string;
  why: string;
}

export interface Subjects {
  /** A new person; the id is random and says nothing. @returns sub_… */
  create(trx: Trx, subject: { kind: string }): Promise<string>;
  get(trx: Trx | Db, id: string): Promise<Subject | null>;
  /** @throws Refusal `subject.unknown` | `subject.erased`: a late event cannot bring an erased person back */
  alive(trx: Trx, id: string): Promise<void>;
  /** Marks a person as erased; the row keeps the random id and the day, nothing else. */
  erased(trx: Trx, id: string): Promise<void>;
  /** Subjects that any store knows by an address or a name. */
  find(trx: Trx, who: { email?: string; name?: string }): Promise<{ store: string; subject: string }[]>;
}

export interface DataMap {
  register(owner: string, stores: Record<string, Store>, impersonal: Record<string, string>): void;
  stores(): RegisteredStore[];
  /** @throws Refusal `store.unknown` */
  store(key: string): RegisteredStore;
  impersonal(): { table: string; owner: string; why: string }[];
  subjects: Subjects;
  /** What of the database's tables and columns nobody declared; empty when the map is whole. */
  check(db: Db): Promise<MapProblem[]>;
  /** The record of processing (реестр обработки), from the stores and the operator's pack. */
  record(): ProcessingEntry[];
}
