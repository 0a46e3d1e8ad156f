import type { Clock, Temporal } from '../base/index.ts';
import type { Store } from '../datamap/index.ts';
import type { Law } from '../law/index.ts';
import type { Events, Obligations } from '../obligations/index.ts';
import type { Config, Engine, Log } from '../plugin/index.ts';

/** What an installation is started with. Everything has a default but the folder of the data. */
export interface AppOptions {
  home: string;
  operator: string;
  /** Folder of the packs; the ones that come with the program unless told. */
  policies?: string;
  /** An outside PostgreSQL; without it the embedded one under `home`. */
  databaseUrl?: string;
  /** One of several processes over one `databaseUrl` and one `home`. */
  node?: boolean;
  /** Where nodes tell each other what is new. */
  natsUrl?: string;
  /** Whoever says it may read the figures at /metrics; without it nobody may. */
  metricsToken?: string;
  /** How long a service that is to stop goes on saying that it is not ready before it lets go of those it serves. */
  drainSeconds?: number;
  smtpUrl?: string;
  mailFrom?: string;
  publicUrl?: string;
  /** A reverse proxy in front sets X-Forwarded-For and X-Forwarded-Proto: its word is taken. */
  behindProxy?: boolean;
  host?: string;
  port?: number;
  clock?: Clock;
  /** `false`: nothing runs by itself; whoever holds the app wakes the sweeps (demo, tests). */
  cron?: boolean;
  /** `service`: web, relay and jobs. `command`: the rooms only, also beside a running service. */
  mode?: 'service' | 'command';
  /** False only for throw-away databases of tests. */
  durable?: boolean;
  /** Words and ids for operators; a file in `home` unless told. */
  log?: Log;
}

/** An open installation. */
export interface App {
  engine: Engine;
  /** Duties and facts, to be looked at; whoever has something to report goes through `engine.report`. */
  obligations: Pick<Obligations, 'list' | 'facts' | 'again'>;
  /** What staff report, and what follows from it. */
  events: Pick<Events, 'report' | 'list' | 'get'>;
  /** The last day that is paid for, by the plugin that knows. */
  paidUntil(subject: string): Promise<Temporal.PlainDate | null>;
  config: Config;
  /** Where it listens, without a slash at the end; empty in `command` mode. */
  url: string;
  /** The database as it was reached; for tests. */
  databaseUrl: string;
  /** The first administrator's one-time link, while there is no administrator; else null. */
  setupLink(): Promise<string | null>;
  close(): Promise<void>;
}

/** The composition root, handed in by `srok.ts`: the command line knows no plugin. */
export type CreateApp = (options: AppOptions) => Promise<App>;

/** What the commands are given. */
export interface CliContext {
  createApp: CreateApp;
  /** Folder of the project: policies, templates, plugins. */
  root: URL;
  version: string;
  /** The stores that the rooms and the operator's plugins declare, to be read only: nothing is opened. */
  stores(law: Law): Promise<readonly Store[]>;
}
