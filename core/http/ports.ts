import type { Clock } from '../base/index.ts';
import type { Db } from '../db/index.ts';
import type { Law } from '../law/index.ts';
import type { Actor } from './actor.ts';

/** Where sessions live. Keys are secrets: the store keeps only their hashes. Values are small JSON objects of ids. */
export interface SessionStore {
  get(key: string): Promise<object | null | undefined>;
  /** @param options.fresh the key has been made by this request; otherwise a session that is gone stays gone */
  set(key: string, value: object, maxAgeMs: number, options?: { fresh?: boolean }): Promise<void>;
  destroy(key: string): Promise<void>;
}

/** What `http` needs of the accounts: sessions, and who an account is right now (null: gone or blocked). */
export interface Identities {
  sessions: SessionStore;
  actor(account: string): Promise<Actor | null>;
}

/** The log of the operators: words and ids, never personal data. */
export interface HttpLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface HttpConfig {
  /** The address people see. `https:` turns on secure cookies and HSTS. */
  publicUrl: string;
  /** Signs the session cookie; at least 32 bytes. */
  cookieKey: string | Buffer;
  /** Host names that are answered besides the one of `publicUrl` and 127.0.0.1, localhost, [::1]. */
  hosts?: readonly string[];
  bodyLimit?: number; // bytes, default 1 MiB
  timeoutMs?: number; // time for a whole request, default 30 s
  /** A reverse proxy in front sets X-Forwarded-For and X-Forwarded-Proto; of the former its last hop counts. */
  behindProxy?: boolean;
  version?: string;
}

/** One thing that must be well before this process takes visitors: null when well, else a sentence. */
export type ReadyCheck = () => Promise<string | null>;

export interface HttpDeps {
  db: Db;
  clock: Clock;
  law: Law;
  accounts: Identities;
  log: HttpLog;
  config: HttpConfig;
  ready?: Record<string, ReadyCheck>;
  /** What /readyz says although it is ready. */
  notes?(): readonly string[];
  /** The figures at /metrics, in the text format of Prometheus, for whoever says the token. */
  metrics?: { token: string; text(): Promise<string> };
}
