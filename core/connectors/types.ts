import type { Temporal } from '../base/index.ts';
import type { DestroyedCarriers, Store, Words } from '../datamap/index.ts';
import type { Trx } from '../db/index.ts';

interface ConnectorBase {
  id: string;
  title: Words;
  system: Words;
  subject: string;
  purposes: string[];
  schedule: string;
  given?: boolean; // by the person: see `Store.given`
}

/** One table of another PostgreSQL database. The address comes from the environment, never from the pack. */
export interface PostgresConnector extends ConnectorBase {
  kind: 'postgres';
  urlFrom: string; // name of the environment variable that holds the connection string
  table: string; // 'schema.table'
  subjectColumn: string; // holds our subject id
  anchorColumn?: string; // a date or timestamptz; without it no term ends by itself
  columns: Record<string, string>; // column → category
  source: string; // where the data came from, in Russian
}

export type HttpRight = 'anchors' | 'collect' | 'erase' | 'rectify' | 'restrict';

/** A system that answers in JSON. The contract is at `createHttpStore`. */
export interface HttpConnector extends ConnectorBase {
  kind: 'http';
  url: string; // base address, ends with a slash
  tokenFrom?: string; // name of the environment variable that holds the bearer token
  timeoutMs?: number;
  fields: Record<string, string>; // field → category
  rights: HttpRight[]; // what it can do; everything else is honestly unsupported
}

/** A cupboard, a mailbox, a partner: a person does it and says so. */
export interface ManualConnector extends ConnectorBase {
  kind: 'manual';
  /** Papers that no program processes: who destroys them names the carriers and their sheets. */
  automation?: 'none';
  fields: Record<string, string>;
  instructions: Words;
}

export type Connector = PostgresConnector | HttpConnector | ManualConnector;

export type ManualAction = 'collect' | 'erase' | 'rectify' | 'restrict' | 'lift';

/** Something that a person has to do by hand. */
export interface ManualTask {
  id: string;
  connector: string;
  title: Words;
  system: Words;
  instructions: Words;
  automation: 'none' | null;
  action: ManualAction;
  run: string; // req_… or pln_…
  subject: string;
  openedAt: Temporal.Instant;
  doneAt: Temporal.Instant | null;
  doneBy: string | null;
  records: number | null;
}

/** What a person says of a task that is done. */
export interface TaskResult {
  by: string; // acc_…
  records: number;
  rows?: Record<string, unknown>[]; // of a collection: what was found
  carriers?: DestroyedCarriers; // of an erasure: what was destroyed by hand
}

export interface Connectors {
  stores: Record<string, Store>;
  tasks: {
    list(filter?: { open?: boolean; run?: string }): Promise<ManualTask[]>;
    /** @throws Refusal `task.unknown` */
    get(id: string): Promise<ManualTask>;
    /**
     * A person has done it: how many records; for a collection what was found, for papers that were destroyed the
     * carriers, their sheets, how and by whom.
     * @throws Refusal `task.unknown` | `task.done-already` | `task.malformed` | `task.no-carriers` | `task.carriers`
     */
    done(trx: Trx, id: string, result: TaskResult): Promise<ManualTask>;
  };
  /** Asks every other system whether it answers and has what the pack says; empty when all is well. */
  check(): Promise<{ connector: string; problem: string }[]>;
  close(): Promise<void>;
}
