import type { Actor, StaffGround, Temporal, Trx } from '../../core/index.ts';

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
  blockGround: StaffGround | null; // on which staff have suspended it
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

/** What becomes of a day's limit if messages go on coming as they come now. */
export interface Forecast {
  /**
   * `reached`: it is used up; `early`: the day has only begun; `quiet`: nothing came lately; `reaches`: used up at `at`,
   * before the count begins anew; `lasts`: about `total` messages by then.
   */
  kind: 'reached' | 'early' | 'quiet' | 'reaches' | 'lasts';
  at: Temporal.Instant | null;
  total: number | null;
  perHour: number; // the present pace …
  since: Temporal.Instant; // … and from when on it was counted
}

/** Usage of a project on one day of the operator's zone. */
export interface Usage {
  project: string;
  on: Temporal.PlainDate;
  plan: string;
  messages: LimitUse & { dropped: number };
  connections: LimitUse & { refused: number; peak: number };
  hours: number[]; // messages by hour of the day
  forecast: Forecast;
  resetsAt: Temporal.Instant;
  warnAt: readonly number[]; // percent of a limit at which the owner is told
  clauses: { warn: string; over: string };
  days: { on: Temporal.PlainDate; messages: number; dropped: number; bytes: number }[]; // the last thirty, oldest first
}

/** One day of a project's use. */
export interface DayOfUse {
  on: Temporal.PlainDate;
  limit: number; // messages
  messages: number;
  dropped: number;
  bytes: number;
  hours: number[]; // messages by hour of the day
  peak: number; // connections at the same time
  refused: number; // connections
}

/** What stays when a project is deleted, and how long, as the law engine says. */
export interface Remains {
  what: 'payloads' | 'metadata' | 'usage' | 'project';
  count: number;
  bytes: number | null;
  /** The last days on which the oldest and the newest of it are kept; null: no day is known yet. */
  first: Temporal.PlainDate | null;
  last: Temporal.PlainDate | null;
  because: string; // in Russian, with the citation
}

/** A program that uses the project, whole as it stands. */
export interface Example {
  id: string;
  title: string;
  file: string; // what it may be called
  text: string;
}

/** Messages that can still be had, with their content. */
export interface Pulled {
  channel: string;
  newest: number;
  lost?: { after: number; before: number; reason: string };
  messages: { offset: number; id: string; at: string; data: string; encoding?: 'base64'; type?: string }[];
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
  /** One-time: the same one again is the same project, and gets the same answer for a day. 32 to 255 characters. */
  key?: string;
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

/** A row as it leaves the log: the sender by a pseudonym that holds within the project's day, no address, no program. */
export interface ExportedRow extends Omit<LogRow, 'connection' | 'ip' | 'userAgent' | 'payload'> {
  sender: string | null; // null: its key has been destroyed
}

/** The use cases of the relay, for its routes, for pages and for the demo. Get it by `relayOf(engine)`. */
export interface Relay {
  /**
   * A new project. On a free plan it is active at once and brings its first token; on a paid one it waits for a payment.
   * @throws Refusal `project.free-limit` (limit, with the clause) | `project.unknown-plan` (invalid) |
   *   `idempotency.other-body` | `idempotency.bad-key`
   */
  createProject(trx: Trx, order: CreateProject): Promise<{ project: Project; token: IssuedToken | null }>;
  /**
   * A further token. With `id` it is made once, however often it is asked for: its secret cannot be shown again.
   * @throws Refusal `project.not-active` | `project.not-found` | `token.shown-already` | `token.bad-id`
   */
  issueToken(trx: Trx, project: string, order?: { id?: string; name?: string; rights?: Right[] }): Promise<IssuedToken>;
  /**
   * A new token; what it replaces dies after `overlapMs`, 0 unless told: the token `replaces`, whose name and rights go
   * over to it, or all others of the project.
   * @throws Refusal what `issueToken` throws | `token.not-found`
   */
  rotateToken(
    trx: Trx,
    project: string,
    order?: { id?: string; replaces?: string; overlapMs?: number },
  ): Promise<IssuedToken>;
  /** Ends a token, or a key of the Pusher protocol. @throws Refusal `token.not-found` */
  revokeToken(trx: Trx, project: string, token: string): Promise<void>;
  /**
   * A key of the Pusher protocol. Rotating the tokens leaves it as it is.
   * @param order `id`: asked again with the same one, it is refused
   * @throws Refusal `project.not-active` | `project.not-found` | `limit.pusher-keys` | `token.shown-already`
   */
  issuePusherKey(
    trx: Trx,
    project: string,
    order?: { id?: string; name?: string; rights?: Right[] },
  ): Promise<IssuedPusherKey>;
  activate(trx: Trx, project: string, ground?: Ground): Promise<Project>;
  suspend(trx: Trx, project: string, ground: Ground): Promise<Project>;
  /**
   * Staff stop one project (offer 3.6.1): the ground `violation` holds from now on, the journal has the coded ground and
   * the reason, and the owner is told. Other projects of the account go on.
   * @param why `by`: the account of the person who decides
   * @throws Refusal `project.not-found` | `project.blocked-already` | `project.deleted-already`
   */
  block(trx: Trx, project: string, why: { ground: StaffGround; reason: string; by: string }): Promise<Project>;
  /**
   * Takes that ground away; the project goes on unless another one stands against it, or waits for its payment. One that
   * was deleted meanwhile stays so, and no longer stands in the way of another free one.
   * @throws Refusal `project.not-found` | `project.not-blocked`
   */
  unblock(trx: Trx, project: string, why: { reason: string; by: string }): Promise<Project>;
  /**
   * The plan is another one from here on: its limits hold at once on every node, for open connections too. What was
   * counted of the day stays; a notice that is due by the new limits is told.
   * @throws Refusal `project.not-found` | `project.not-active` (it is deleted) | `project.unknown-plan`
   */
  changePlan(trx: Trx, project: string, plan: string): Promise<Project>;
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
  /** Projects of a person, newest first, from the one before `before`. */
  projectsPage(subject: string, page: { before?: string; limit: number }): Promise<Project[]>;
  /** Living tokens, newest first, from the one before `before`. */
  tokensPage(project: string, page: { before?: string; limit: number }): Promise<TokenInfo[]>;
  usage(project: string): Promise<Usage>;
  /** Days of use, newest first, from the one before `before`. */
  daysOfUse(project: string, page: { before?: Temporal.PlainDate; limit: number }): Promise<DayOfUse[]>;
  dayOfUse(project: string, on: Temporal.PlainDate): Promise<DayOfUse | null>;
  /** The newest messages, or of one channel, or those before a message; no payloads. */
  deliveries(project: string, page?: { channel?: string; before?: string; limit?: number }): Promise<Delivery[]>;
  /** What of a project stays after it has been deleted. */
  remains(project: string): Promise<Remains[]>;
  examples(project: Pick<Project, 'url'>, channel: string): Example[];
  /** In so many minutes a missed message is handed out again. */
  recoveryMinutes: number;
  /**
   * For a page of the owner's own: a ticket with rights of one of the project's tokens. It dies with that token.
   * @throws Refusal `token.not-found` | `project.stopped` | what is wrong with the order
   */
  ownTicket(
    project: string,
    order: { token: string; channels: string[]; rights: Right[]; seconds?: number },
  ): Promise<{ ticket: string; expiresAt: string }>;
  /** What can still be had of a channel, for its owner. @throws Refusal `project.stopped` | `channel.bad-name` */
  pull(project: string, order: { channel: string; after: number; limit: number }): Promise<Pulled>;
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
    /**
     * Metadata for work outside the log, e.g. for analytics. The journal's entry comes first. Without `limit` all of it;
     * `next` names the message after which the next page begins.
     * @throws Refusal `log.no-grant` | `log.not-granted` | `log.export-too-large`
     */
    export(
      id: string,
      actor: Actor,
      options?: { after?: string; limit?: number },
    ): Promise<{ rows: ExportedRow[]; next: string | null }>;
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
