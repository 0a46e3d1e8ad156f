import type { Clock, Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Law } from '../law/index.ts';
import type { Vault } from '../vault/index.ts';

type Day = Temporal.PlainDate;

/** One text in the two languages of the house. */
export interface Words {
  ru: string;
  en: string;
}

/** Days, half-open: `from` is in, `before` is out. */
export interface DateRange {
  from: Day;
  before: Day;
}

/** How many records start their term on a day. `day` is null while the term has not begun (a contract still runs). */
export interface Anchor {
  day: Day | null;
  count: number;
}

/** The first and the last of some days, both inclusive. */
export interface DaySpan {
  first: Day;
  last: Day;
}

/** One record of a store: when its term began (null: it has not), and whose it is. */
export interface Located {
  from: Day | Temporal.Instant | null;
  subject: string | null;
}

/** What a store is handed. `runId` is the idempotency key: a second call with the same one changes nothing more. */
export interface StoreContext {
  trx: Trx;
  /**
   * The pool, for what cannot run inside a transaction or takes strong locks (detaching, dropping a partition). Do not
   * touch the same tables through `trx` before: the two would wait for each other.
   */
  db: Db;
  vault: Vault;
  clock: Clock;
  law: Law;
  journal: Journal;
  runId: string;
}

/** A line about much data: what it is, how many, how large, of which days. Used where content itself is not handed out. */
export interface Volume {
  what: string;
  count: number;
  bytes?: number;
  from?: Day; // the days it belongs to, both inclusive
  to?: Day;
  until?: Day; // kept to the end of this day
}

/** What a store holds about one person. `rows` are shown to that person: nothing of anyone else, no secrets. */
export interface Collected {
  rows: Record<string, unknown>[];
  summary?: Volume[];
  source: string; // where the data came from, in Russian: «получены от субъекта при регистрации»
}

/** Nobody can say "all, of everyone". Subjects in `held` stay untouched, whatever their days. */
export type EraseScope =
  | { why: 'request'; subject: string; anchored: DateRange[] | 'all' }
  | { why: 'expiry'; anchored: DateRange[]; held: string[] };

export type EraseOutcome = 'erased' | 'anonymised' | 'blocked' | 'retained' | 'not_found' | 'not_attempted' | 'failed';

/** A thing that data lie on, and how many sheets it has. */
export interface Carrier {
  name: string;
  sheets: number;
}

/** What a person destroyed with their own hands: the act names each carrier (order 179, item «е»). */
export interface DestroyedCarriers {
  list: Carrier[];
  way: string; // «измельчение в шредере»
  by: { name: string; post: string };
}

/** How much was done, how much stays, and why. Counts are records. */
export interface EraseReceipt {
  outcome: EraseOutcome;
  affected: number;
  remaining: number; // of the scope's subject, or of the scope's days when a term expired
  keys?: number; // data keys shredded
  keyNames?: string[];
  ids?: string[]; // projects or accounts whose records went: an act of an automatic sweep names them
  tables?: string[]; // what was touched: 'relay.payloads', a dropped partition
  from?: Day; // the days the records belong to, both inclusive
  to?: Day;
  because?: string; // for retained, blocked, not_attempted, failed
  until?: Day;
  note?: string;
  /** Nothing of what was destroyed said anything about a person: no act is due. */
  impersonal?: boolean;
  /** No program processed it: the act alone confirms its destruction, without an extract of the journal. */
  automation?: 'none';
  carriers?: DestroyedCarriers;
  /** The day on which a person did it; otherwise it was done when the receipt was written. */
  doneOn?: Day;
}

/** The answer of a store to rectify and restrict. */
export interface Receipt {
  outcome: 'done' | 'not_found' | 'not_attempted' | 'failed';
  affected: number;
  because?: string;
}

/** An honest "this store cannot", with the reason. */
export interface Unsupported {
  unsupported: string;
}

/** Column → new value; columns as in `columns`. */
export type Changes = Record<string, string | null>;

/**
 * A place where something about people lies: its part of the data map and its answers to people's rights, in one
 * object so that the two cannot drift apart.
 */
export interface Store {
  title: Words;
  /** The information system (ИСПДн) it belongs to, as the acts name it. */
  system: Words;
  /** Who it is about: 'relay-user', 'staff', 'payer' … */
  subject: string;
  /** Its tables lie in another system: the map cannot compare them with our database. */
  elsewhere?: boolean;
  /** 'none': papers that no program processes; everything else is processed by automation. */
  automation?: 'none';
  /** 'schema.table' of every table of this store. */
  tables: string[];
  /** 'schema.table.column' → category id of `policies/taxonomy/categories.yaml`, for the columns that say something about a person. */
  columns: Record<string, string>;
  purposes: string[];
  /** Columns that may be corrected at a person's demand, with what people call them; `rectify` takes them. */
  corrects?: Record<string, Words>;
  /** The person has given it: with consent or contract as its ground the person may take it along. */
  given?: boolean;
  /** The retention category, as `law.keep` takes it: 'message.payload'. */
  schedule: string;
  /**
   * Distinct days on which records start their term, with how many start there; with `subject`, of that person alone.
   * With `until`, later days and records without a day may be left out: whoever destroys what is due has no use for
   * them, and they are many. A store without it has no records whose term ends by itself.
   */
  anchors?(trx: Trx, subject?: string, until?: Day): Promise<Anchor[]>;
  /**
   * The first and the last of the days that `anchors` answers, of those from a day on; null: there are none. Asked every
   * minute instead of `anchors`, which grow with the years: answer it out of an index. A store without it is asked for
   * all of its days.
   */
  span?(db: Trx | Db, from?: Day): Promise<DaySpan | null>;
  /** The person's name and address, for an act that names whose data went. */
  identify?(trx: Trx, subject: string): Promise<{ name?: string; email?: string } | null>;
  /** A record by its id, for whoever asks why it is still here; null when it is not. */
  locate?(trx: Trx, id: string): Promise<Located | null>;
  /** Subjects that this store knows by an address or a name, for the check of identity. */
  find?(trx: Trx, who: { email?: string; name?: string }): Promise<string[]>;
  collect(subject: string, context: StoreContext): Promise<Collected>;
  erase: ((scope: EraseScope, context: StoreContext) => Promise<EraseReceipt>) | Unsupported;
  rectify: ((subject: string, changes: Changes, context: StoreContext) => Promise<Receipt>) | Unsupported;
  restrict: ((subject: string, on: boolean, context: StoreContext) => Promise<Receipt>) | Unsupported;
}

/** A store at the table: 'relay.payloads', whose it is, and the store. */
export interface RegisteredStore {
  key: string;
  owner: string;
  store: Store;
}

export function isUnsupported(answer: unknown): answer is Unsupported {
  return typeof answer === 'object' && answer !== null && 'unsupported' in answer;
}
