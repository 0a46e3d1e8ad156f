import type { Actor, Temporal, Trx } from '../../core/index.ts';

/** What a token may do. */
export type Right = 'publish' | 'subscribe' | 'read';

export type ProjectState = 'waiting' | 'active' | 'suspended' | 'deleted';

/** Why a project stands still: the period ended, a payment is disputed, terms were broken, the account is blocked. */
export type Ground = 'period-ended' | 'dispute' | 'violation' | 'account' | 'restricted';

export interface Project {
  id: string; // prj_…
  subject: string; // sub_…
  account: string | null; // acc_…
  name: string;
  plan: string;
  state: ProjectState;
  grounds: Ground[]; // why it is suspended; empty otherwise
  url: string; // an address, never a credential
  createdAt: Temporal.Instant;
  activatedAt: Temporal.Instant | null;
}

/** A token as pages show it. The secret itself is answered once, when it is made. */
export interface TokenInfo {
  id: string; // tok_…
  name: string;
  last4: string;
  rights: Right[];
  createdAt: Temporal.Instant;
  lastUsedOn: Temporal.PlainDate | null;
  expiresAt: Temporal.Instant | null; // set by a rotation: the old one works until then
}

export interface IssuedToken extends TokenInfo {
  token: string; // shown once
}

/** A key of the Pusher protocol as pages show it: its public half may stand in a page, its secret signs. */
export interface PusherKeyInfo extends Omit<TokenInfo, 'expiresAt'> {
  appId: string; // the project's
  key: string;
}

export interface IssuedPusherKey extends PusherKeyInfo {
  secret: string; // shown once
}

/** What the owner of a project chooses for it. */
export interface Settings {
  origins: string[]; // pages that may use the project, as browsers name them; * for any
  maxPayloadBytes: number | null; // null: the plan's own
  clientPublishing: boolean; // may pages and tickets publish?
}

export interface LimitUse {
  used: number;
  limit: number;
  percent: number; // whole, rounded down
  warnedAt: Temporal.Instant | null;
  exhaustedAt: Temporal.Instant | null;
}

/** Usage of a project on one day of the operator's zone. */
export interface Usage {
  project: string;
  on: Temporal.PlainDate;
  plan: string;
  messages: LimitUse & { dropped: number };
  connections: LimitUse & { refused: number; peak: number };
  resetsAt: Temporal.Instant;
  clauses: { warn: string; over: string };
  days: { on: Temporal.PlainDate; messages: number; dropped: number; bytes: number }[]; // the last thirty, oldest first
}

/** What became of a message, without its content. */
export interface Delivery {
  message: string; // msg_…
  channel: string;
  offset: number;
  acceptedAt: Temporal.Instant;
  bytes: number;
  type: string | null;
  delivered: number; // subscribers it was written to
  failed: number; // subscribers that were too slow for it
}

export interface CreateProject {
  subject: string;
  account?: string;
  name: string;
  plan: string;
}

/** What the specialist may look at. `payload` also opens the contents. */
export interface LogScope {
  project: string;
  from: Temporal.PlainDate;
  before: Temporal.PlainDate;
  payload?: boolean;
}

export interface AccessRequest {
  purpose: string; // id of one of the operator's purposes
  need: string; // reference of the document that states the need
  scope: LogScope;
}

export type GrantState = 'asked' | 'granted' | 'refused' | 'expired';

export interface Grant {
  id: string; // grt_…
  state: GrantState;
  askedBy: string; // acc_…
  askedAt: Temporal.Instant;
  purpose: string;
  need: string;
  scope: LogScope;
  grantedBy: string | null;
  grantedAt: Temporal.Instant | null;
  expiresAt: Temporal.Instant | null;
  refusal: string | null; // code, for refused attempts
  views: number;
  rowsShown: number;
}

export interface LogRow {
  message: string;
  channel: string;
  offset: number;
  processedOn: Temporal.PlainDate;
  receivedAt: Temporal.Instant;
  storedAt: Temporal.Instant;
  bytes: number;
  type: string | null;
  door: 'http' | 'ws';
  connection: string;
  ip: string | null; // null: its key has been destroyed
  userAgent: string | null;
  /** Only when the scope says so: the text, or base64 of bytes that are no text; null when it has been destroyed. */
  payload?: { data: string; encoding?: 'base64' } | null;
}

/** The use cases of the relay, for its routes, for pages and for the demo. Get it by `relayOf(engine)`. */
export interface Relay {
  /**
   * A new project. On a free plan it is active at once and brings its first token; on a paid one it waits for a payment.
   * @throws Refusal `project.free-limit` (limit, with the clause) | `project.unknown-plan` (invalid)
   */
  createProject(trx: Trx, order: CreateProject): Promise<{ project: Project; token: IssuedToken | null }>;
  /** A further token. @throws Refusal `project.not-active` | `project.not-found` */
  issueToken(trx: Trx, project: string, order?: { name?: string; rights?: Right[] }): Promise<IssuedToken>;
  /** A new token; all others of the project die after `overlapMs`, 0 unless told. */
  rotateToken(trx: Trx, project: string, order?: { overlapMs?: number }): Promise<IssuedToken>;
  /** Ends a token, or a key of the Pusher protocol. @throws Refusal `token.not-found` */
  revokeToken(trx: Trx, project: string, token: string): Promise<void>;
  /**
   * A key of the Pusher protocol. Rotating the tokens leaves it as it is.
   * @throws Refusal `project.not-active` | `project.not-found`
   */
  issuePusherKey(trx: Trx, project: string, order?: { name?: string; rights?: Right[] }): Promise<IssuedPusherKey>;
  activate(trx: Trx, project: string, ground?: Ground): Promise<Project>;
  suspend(trx: Trx, project: string, ground: Ground): Promise<Project>;
  /** Ends the project: tokens dead, connections closed. Its logs keep their own terms. */
  deleteProject(trx: Trx, project: string): Promise<Project>;
  settings(project: string): Promise<Settings>;
  /**
   * New settings, in force at once on every node, also for open connections.
   * @throws Refusal `settings.bad-origin` | `settings.too-many-origins` | `settings.payload-over-plan`
   */
  changeSettings(trx: Trx, project: string, settings: Settings): Promise<Settings>;
  /** @param owner when given, a project of somebody else is not found */
  project(id: string, owner?: string): Promise<Project>;
  projects(subject: string): Promise<Project[]>;
  tokens(project: string): Promise<TokenInfo[]>;
  pusherKeys(project: string): Promise<PusherKeyInfo[]>;
  usage(project: string): Promise<Usage>;
  deliveries(project: string, limit?: number): Promise<Delivery[]>;
  logs: {
    /**
     * Asks for a look at the log. A refused attempt is recorded before the refusal is thrown.
     * @throws Refusal `log.no-purpose` | `log.no-need` | `log.purpose-forbidden` (with the clause) | `log.role` | `log.scope`
     */
    request(actor: Actor, order: Partial<AccessRequest>): Promise<Grant>;
    /** Another person, a DPO, allows it for the hours of the policy. @throws Refusal `log.own-request` | `log.role` */
    grant(trx: Trx, id: string, actor: Actor): Promise<Grant>;
    /** Writes the journal entry, and only when that is committed reads and opens the rows. */
    view(id: string, actor: Actor, options?: { after?: string; limit?: number }): Promise<LogRow[]>;
    list(filter?: {
      state?: GrantState;
      askedBy?: string;
      from?: Temporal.Instant;
      to?: Temporal.Instant;
    }): Promise<Grant[]>;
    /** The auditor's PDF: who, by whom granted, for what, what was shown, and the refused attempts. */
    report(
      trx: Trx,
      period: { from: Temporal.Instant; to: Temporal.Instant; by: string },
    ): Promise<{ id: string; number: string; sha256: string; pages: number }>;
  };
  /** Open connections of this process, by project. */
  connections(project: string): number;
}
