import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Accounts } from '../accounts/index.ts';
import type { Clock, Temporal } from '../base/index.ts';
import type { Consents } from '../consents/index.ts';
import type { ConsoleDeps } from '../console/index.ts';
import type { DataMap, Store } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { OpenApiPart, RouteDefinition } from '../http/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Law } from '../law/index.ts';
import type { Letters } from '../letters/index.ts';
import type { Fact, Report } from '../obligations/index.ts';
import type { Requests } from '../requests/index.ts';
import type { Retention } from '../retention/index.ts';
import type { Vault } from '../vault/index.ts';

/** Where this installation lives and how it meets the world. */
export interface Config {
  /** Folder of all data: PostgreSQL, keystore, mail, keys. */
  home: string;
  /** Folder of mail as files: `out/` for what was sent, `in/` for what arrives. */
  mailDir: string;
  /** When set, letters go there instead of to files. Never printed. */
  smtpUrl?: string;
  /** Whom letters come from where the operator's documents name no address. */
  mailFrom?: string;
  /** The address people see, without a slash at the end. */
  publicUrl: string;
  /** Where nodes tell each other what is new; with its password. Never printed. */
  natsUrl?: string;
  /** A reverse proxy in front is believed about where a request comes from; see `addressOf`. */
  behindProxy?: boolean;
}

/** A log for operators: words and ids, never personal data. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a plugin is handed: the rooms of the core, already open. */
export interface Engine {
  db: Db;
  clock: Clock;
  law: Law;
  journal: Journal;
  vault: Vault;
  jobs: Jobs;
  letters: Letters;
  datamap: DataMap;
  retention: Retention;
  requests: Requests;
  accounts: Accounts;
  consents: Consents;
  /** Tells the house that something happened: opens and discharges duties, and wakes the plugins that hear it. */
  report: Report;
  config: Config;
  log: Log;
}

/** An entrance on the raw server, for what must be faster than Koa or is not HTTP. */
export interface Door {
  /** Path prefix, with a slash at both ends: `/relay/v1/`. */
  prefix: string;
  /** What stands behind it, for the OpenAPI document. */
  describes?: OpenApiPart;
  /**
   * Gets each connection before HTTP does, of one door at most. `on` hands it over to HTTP; what has been read of it by
   * then has to be put back.
   */
  connection?(socket: Socket, hands: { on(): void; knowsHost(host: string | undefined): boolean }): void;
  request?(request: IncomingMessage, response: ServerResponse): void;
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface LostPaidTime {
  until: Temporal.PlainDate;
  days: number;
}

/** Questions the core may ask, in a closed list. The first plugin that has an answer gives it. */
export interface Answers {
  /** The last day that is paid for, or null: an account with paid time is not inactive. */
  paidUntil?(trx: Trx, subject: string, engine: Engine): Promise<Temporal.PlainDate | null>;
  /** Paid time that would be lost if the contract ended at this instant: the last paid day and whole days, or null. */
  lostPaidTime?(trx: Trx, subject: string, at: Temporal.Instant, engine: Engine): Promise<LostPaidTime | null>;
}

export type PluginPages = Pick<ConsoleDeps, 'projects' | 'invoices'>;

/** One plain object, mostly data. Check yours with `satisfies Plugin`. */
export interface Plugin {
  /** Also the name of its database schema and of its folder. */
  name: string;
  contract: 1;
  /** Its tables: a folder of `NNNN-noun.ts`. */
  migrations?: URL;
  /** Where it keeps what is about people, and its answers to their rights. */
  stores?: Record<string, Store>;
  /** The tables that are about no one, each with why. */
  impersonal?: Record<string, string>;
  /** Names of the facts it reports, from the closed vocabulary. */
  facts?: readonly string[];
  /** What it does when something happened; runs in the reporter's transaction, idempotent by the fact's id. */
  hears?: Record<string, (trx: Trx, fact: Fact & { id: string }, engine: Engine) => Promise<void>>;
  answers?: Answers;
  jobs?: Record<string, (data: Record<string, unknown>, job: { jobId: string }, engine: Engine) => Promise<void>>;
  /** When the next work of one of its jobs falls due. */
  sources?: readonly {
    name: string;
    job: string;
    next(db: Db, engine: Engine): Promise<Temporal.Instant | null>;
  }[];
  routes?(engine: Engine): RouteDefinition[];
  /** What the screens of the console show on its behalf. */
  pages?(engine: Engine): PluginPages;
  doors?(engine: Engine): Door[];
  /** Extra checks of readiness: null when well, a sentence when not. */
  ready?(engine: Engine): Promise<string | null>;
  /** What does not keep it from serving, and people should know: sentences. */
  notes?(engine: Engine): readonly string[];
  /** Its figures, in the text format of Prometheus. No personal data, and no ids of anybody's. */
  metrics?(engine: Engine): Promise<string>;
  /** The service is about to stop: lets nobody new in, and after `ms` lets go of those it serves, in order. */
  drain?(engine: Engine, ms: number): Promise<void>;
  start?(engine: Engine): Promise<void>;
  stop?(engine: Engine): Promise<void>;
}
