import type { Accounts } from '../accounts/index.ts';
import type { Clock, Temporal } from '../base/index.ts';
import type { Connectors } from '../connectors/index.ts';
import type { Consents } from '../consents/index.ts';
import type { DataMap } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Actor, Http, HttpLog } from '../http/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Law, LintKnown } from '../law/index.ts';
import type { Letters } from '../letters/index.ts';
import type { Events } from '../obligations/index.ts';
import type { Requests } from '../requests/index.ts';
import type { Retention } from '../retention/index.ts';

type Instant = Temporal.Instant;
type Day = Temporal.PlainDate;

export interface ConsoleDeps {
  http: Http;
  db: Db;
  clock: Clock;
  law: Law;
  journal: Journal;
  jobs: Jobs;
  letters: Letters;
  retention: Retention;
  requests: Requests;
  accounts: Accounts;
  consents: Consents;
  datamap: DataMap;
  connectors: Pick<Connectors, 'tasks'>;
  events: Events;
  log: HttpLog;
  /** The address people see, without a slash at the end. */
  config: { publicUrl: string };
  /** The clauses that the operator's documents have; see the linter. */
  clauses(): Promise<NonNullable<LintKnown['clauses']>>;
  /** Pages of projects and of log access are shown when somebody offers these. */
  projects?: ProjectPages;
  invoices?: InvoicePages;
}

/** What the pages of projects need; the relay offers it. */
export interface ProjectPages {
  createProject(
    trx: Trx,
    order: { subject: string; account?: string; name: string; plan: string },
  ): Promise<{
    project: ProjectView;
    token: IssuedTokenView | null;
  }>;
  /** @param owner a project of somebody else is not found */
  project(id: string, owner?: string): Promise<ProjectView>;
  projects(subject: string): Promise<ProjectView[]>;
  tokens(project: string): Promise<TokenView[]>;
  issueToken(trx: Trx, project: string, order?: { name?: string }): Promise<IssuedTokenView>;
  rotateToken(trx: Trx, project: string, order?: { overlapMs?: number }): Promise<IssuedTokenView>;
  revokeToken(trx: Trx, project: string, token: string): Promise<void>;
  deleteProject(trx: Trx, project: string): Promise<unknown>;
  settings(project: string): Promise<ProjectSettingsView>;
  changeSettings(trx: Trx, project: string, settings: ProjectSettingsView): Promise<unknown>;
  usage(project: string): Promise<UsageView>;
  deliveries(project: string, limit?: number): Promise<DeliveryView[]>;
  connections(project: string): number;
  logs: LogAccess;
}

export interface ProjectView {
  id: string;
  name: string;
  plan: string;
  state: string;
  url: string;
  createdAt: Instant;
}

export interface ProjectSettingsView {
  origins: string[];
  maxPayloadBytes: number | null; // null: the plan's own
  clientPublishing: boolean;
}

export interface TokenView {
  id: string;
  name: string;
  last4: string;
  rights: string[];
  createdAt: Instant;
  lastUsedOn: Day | null;
  expiresAt: Instant | null;
}

export interface IssuedTokenView extends TokenView {
  token: string; // shown once
}

interface LimitView {
  used: number;
  limit: number;
  percent: number;
}

export interface UsageView {
  on: Day;
  plan: string;
  messages: LimitView & { dropped: number };
  connections: LimitView & { refused: number; peak: number };
  resetsAt: Instant;
  clauses: { warn: string; over: string };
  days: { on: Day; messages: number; dropped: number; bytes: number }[];
}

export interface DeliveryView {
  message: string;
  channel: string;
  offset: number;
  acceptedAt: Instant;
  bytes: number;
  delivered: number;
  failed: number;
}

/** A look at the logs: asked by a specialist, allowed by another person, written down before it is shown. */
export interface LogAccess {
  request(actor: Actor, order: LogOrder): Promise<GrantView>;
  grant(trx: Trx, id: string, actor: Actor): Promise<GrantView>;
  view(id: string, actor: Actor, options?: { after?: string; limit?: number }): Promise<LogRowView[]>;
  list(filter?: { askedBy?: string }): Promise<GrantView[]>;
  report(
    trx: Trx,
    period: { from: Instant; to: Instant; by: string },
  ): Promise<{ id: string; number: string; sha256: string; pages: number }>;
}

export interface LogOrder {
  purpose?: string;
  need?: string;
  scope?: { project: string; from: Day; before: Day; payload?: boolean };
}

export interface GrantView {
  id: string;
  state: string;
  askedBy: string;
  askedAt: Instant;
  purpose: string;
  need: string;
  scope: { project: string; from: Day; before: Day; payload?: boolean };
  grantedBy: string | null;
  expiresAt: Instant | null;
  refusal: string | null;
  views: number;
  rowsShown: number;
}

export interface LogRowView {
  message: string;
  channel: string;
  offset: number;
  receivedAt: Instant;
  bytes: number;
  type: string | null;
  door: string;
  ip: string | null;
  payload?: { data: string; encoding?: 'base64' } | null;
}

/** What the pages of payment need; the billing offers it. */
export interface InvoicePages {
  invoices(
    subject: string,
  ): Promise<{ id: string; number: string; project: string; kopecks: number; issuedOn: Day; document: string }[]>;
}
