import type { Accounts, StaffGround } from '../accounts/index.ts';
import type { Clock, Temporal } from '../base/index.ts';
import type { Connectors } from '../connectors/index.ts';
import type { Consents } from '../consents/index.ts';
import type { DataMap } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Actor, Http, HttpLog } from '../http/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Because, Law, LintKnown } from '../law/index.ts';
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
    /** `key`: one-time; the same one again is the same project */
    order: { subject: string; account?: string; name: string; plan: string; key?: string },
  ): Promise<{
    project: ProjectView;
    token: IssuedTokenView | null;
  }>;
  /** @param owner a project of somebody else is not found */
  project(id: string, owner?: string): Promise<ProjectView>;
  /** Newest first, from the one before `before`; so are the other pages of lists. */
  projectsPage(subject: string, page: { before?: string; limit: number }): Promise<ProjectView[]>;
  tokens(project: string): Promise<TokenView[]>;
  tokensPage(project: string, page: { before?: string; limit: number }): Promise<TokenView[]>;
  /** @param order `id`: the same form sent again is the same token, and is refused */
  issueToken(
    trx: Trx,
    project: string,
    order?: { id?: string; name?: string; rights?: string[] },
  ): Promise<IssuedTokenView>;
  /** @param order `replaces`: only this token dies, after `overlapMs`, and the new one has its name and rights */
  rotateToken(
    trx: Trx,
    project: string,
    order?: { id?: string; replaces?: string; overlapMs?: number },
  ): Promise<IssuedTokenView>;
  /** Ends a token, or a key of the Pusher protocol. */
  revokeToken(trx: Trx, project: string, token: string): Promise<void>;
  pusherKeys(project: string): Promise<PusherKeyView[]>;
  issuePusherKey(
    trx: Trx,
    project: string,
    order?: { id?: string; name?: string; rights?: string[] },
  ): Promise<PusherKeyView & { secret: string }>; // shown once
  deleteProject(trx: Trx, project: string): Promise<unknown>;
  /** Staff stop one project: its owner is told the ground and how to object. */
  block(trx: Trx, project: string, why: { ground: StaffGround; reason: string; by: string }): Promise<unknown>;
  unblock(trx: Trx, project: string, why: { reason: string; by: string }): Promise<unknown>;
  settings(project: string): Promise<ProjectSettingsView>;
  changeSettings(trx: Trx, project: string, settings: ProjectSettingsView): Promise<unknown>;
  usage(project: string): Promise<UsageView>;
  daysOfUse(project: string, page: { before?: Day; limit: number }): Promise<DayOfUseView[]>;
  dayOfUse(project: string, on: Day): Promise<DayOfUseView | null>;
  deliveries(project: string, page?: { channel?: string; before?: string; limit?: number }): Promise<DeliveryView[]>;
  /** What stays when the project is deleted, and how long. */
  remains(project: string): Promise<RemainsView[]>;
  examples(project: { url: string }, channel: string): { id: string; title: string; file: string; text: string }[];
  recoveryMinutes: number;
  /** A short-lived admission for a page of the owner's own, in place of the token `token`. */
  ownTicket(
    project: string,
    order: { token: string; channels: string[]; rights: string[]; seconds?: number },
  ): Promise<{ ticket: string; expiresAt: string }>;
  /** Messages of a channel that can still be had. */
  pull(project: string, order: { channel: string; after: number; limit: number }): Promise<PulledView>;
  connections(project: string): number | Promise<number>;
  logs: LogAccess;
}

export interface ProjectView {
  id: string;
  name: string;
  plan: string;
  state: string;
  grounds: string[]; // why it is suspended; empty otherwise
  blockGround: StaffGround | null; // on which staff have suspended it
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

/** A key of the Pusher protocol: its public half may stand in a page, its secret signs. */
export interface PusherKeyView extends Omit<TokenView, 'expiresAt'> {
  appId: string;
  key: string;
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
  hours: number[]; // messages by hour of the day
  forecast: ForecastView;
  resetsAt: Instant;
  warnAt: readonly number[]; // percent
  clauses: { warn: string; over: string };
  days: { on: Day; messages: number; dropped: number; bytes: number }[];
}

export interface ForecastView {
  kind: 'reached' | 'early' | 'quiet' | 'reaches' | 'lasts';
  at: Instant | null;
  total: number | null;
  perHour: number;
  since: Instant;
}

export interface DayOfUseView {
  on: Day;
  limit: number;
  messages: number;
  dropped: number;
  bytes: number;
  hours: number[];
  peak: number;
  refused: number;
}

export interface RemainsView {
  what: 'payloads' | 'metadata' | 'usage' | 'project';
  count: number;
  bytes: number | null;
  first: Day | null;
  last: Day | null;
  because: string;
}

export interface PulledView {
  newest: number;
  lost?: { after: number; before: number };
  messages: { offset: number; at: string; data: string; encoding?: 'base64'; type?: string }[];
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
  /** Metadata without addresses, for a file. */
  export(id: string, actor: Actor): Promise<{ rows: LogExportView[] }>;
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

export interface LogExportView {
  message: string;
  channel: string;
  offset: number;
  processedOn: Day;
  receivedAt: Instant;
  storedAt: Instant;
  bytes: number;
  type: string | null;
  door: string;
  sender: string | null;
}

/** What another plan would cost a project within the time that is paid for. */
export interface ChangeOfferView {
  plan: string;
  kopecks: number;
  lastDay: Day; // until then it would be paid for
  because: Because;
}

/** What the pages of payment need; the billing offers it. */
export interface InvoicePages {
  /** @throws Refusal where that plan cannot be had now */
  changeOffer(project: string, plan: string): Promise<ChangeOfferView>;
  invoices(
    subject: string,
  ): Promise<{ id: string; number: string; project: string; kopecks: number; issuedOn: Day; document: string }[]>;
}
