import type { Clock, Temporal } from '../base/index.ts';
import type { DataMap, Store } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Law } from '../law/index.ts';
import type { Letters } from '../letters/index.ts';
import type { Fact, Report } from '../obligations/index.ts';
import type { Requests } from '../requests/index.ts';
import type { PlanItem, Retention } from '../retention/index.ts';
import type { Vault } from '../vault/index.ts';
import type { AccountActor, AccountRole } from './rights.ts';
import type { AccountState } from './state.ts';
import type { staffGrounds } from './words.ts';

export interface AccountsDeps {
  db: Db;
  clock: Clock;
  law: Law;
  journal: Pick<Journal, 'append'>;
  vault: Pick<Vault, 'seal' | 'open'>;
  jobs: Pick<Jobs, 'define' | 'source' | 'enqueue'>;
  letters: Pick<Letters, 'queue'>;
  datamap: Pick<DataMap, 'subjects' | 'register'>;
  retention: Pick<Retention, 'plan' | 'preview' | 'onPlanDone'>;
  requests: Pick<Requests, 'receive'>;
  report: Report;
  /** The last day that is paid for, or null; a plugin's answer. Without it nobody has paid time. */
  paidUntil?(trx: Trx, subject: string): Promise<Temporal.PlainDate | null>;
  /** Cost of a password hash; only tests lower it. */
  hashing?: { memoryCost: number; timeCost: number; parallelism: number };
  /** Key of the pseudonyms of addresses, in the counters and the list of sign-ins; without it each process has its own. */
  pepper?: Buffer;
  /** The address people see, without a slash at the end; letters lead there. Asked when a letter is written. */
  publicUrl?(): string;
}

/** An account without anything about the person. */
export interface Account {
  id: string; // acc_…
  subject: string; // sub_…
  kind: 'user' | 'staff';
  state: AccountState;
  roles: AccountRole[];
  registeredAt: Temporal.Instant;
  lastActiveOn: Temporal.PlainDate;
  noticedAt: Temporal.Instant | null;
  blockedAt: Temporal.Instant | null;
  blockGround: BlockGround | null;
  endedAt: Temporal.Instant | null; // the contract ended
  erasedAt: Temporal.Instant | null;
}

/** Grounds of a block (offer 3.6.1), in the words of the fact `account.blocked`. */
export type BlockGround = StaffGround | 'inactivity';

/** The grounds on which a person blocks; inactivity is none of them: it is the clock's own. */
export type StaffGround = (typeof staffGrounds)[number];

export interface Profile {
  email: string;
  name: string;
  position: string | null;
  locale: 'ru' | 'en';
}

export interface Registration {
  email: string;
  password: string;
  name: string;
  position?: string | null;
  locale?: 'ru' | 'en';
}

/** Real time rules sessions, second factors and attempts; domain time rules everything else. */
export interface Attempt {
  email: string;
  password: string;
  totp?: string;
  ip: string;
}

/** The password was right. `second-factor`: ask for the code, then call `secondFactor`. */
export type SignIn = { step: 'done'; actor: AccountActor } | { step: 'second-factor'; account: string };

/** Where sessions live; the shape that koa-session asks for. Keys are secrets, only their hashes are kept. */
export interface AccountSessions {
  get(key: string): Promise<object | null>;
  /**
   * Keeps a session. Only a `fresh` one, made at a sign-in, is added: one that has ended meanwhile is not brought back
   * by a request that began before.
   */
  set(key: string, value: object, maxAgeMs?: number, options?: { fresh?: boolean }): Promise<void>;
  destroy(key: string): Promise<void>;
  /** Ends every session of an account. @returns how many */
  revokeAll(trx: Trx, account: string): Promise<number>;
}

export interface Link {
  token: string; // shown once; only its hash is kept
  path: string; // where it leads, without the host
  expiresAt: Temporal.Instant;
}

export interface OpenLink {
  account: string | null; // null: the first administrator, who names himself
  name: string | null;
  email: string | null;
  roles: AccountRole[];
}

export interface StaffMember {
  account: string;
  name: string;
  email: string;
  state: AccountState;
  roles: AccountRole[];
  totp: boolean;
}

export interface Staff {
  /** A one-time link for the first administrator while there is none; it voids the one before. Null afterwards. */
  firstLink(): Promise<Link | null>;
  /** Makes an account that waits for its password, and sends the link by letter. @throws Refusal `account.email-taken`, `account.unknown-role` */
  invite(
    trx: Trx,
    staff: { email: string; name: string; position?: string; roles: readonly string[]; by: string },
  ): Promise<Link & { account: string }>;
  /** What a link is for, without using it. @throws Refusal `link.not-valid` for unknown, used and expired alike */
  openLink(token: string): Promise<OpenLink>;
  /** Uses a link up. The first administrator also gives e-mail and name. @throws Refusal `link.not-valid`, `account.*` */
  setPassword(token: string, answer: { password: string; email?: string; name?: string }): Promise<{ account: string }>;
  setRoles(trx: Trx, account: string, roles: readonly string[], by: string): Promise<void>;
  /** Takes the account back: sessions end, the profile goes. */
  close(trx: Trx, account: string, by: string): Promise<void>;
  list(): Promise<StaffMember[]>;
}

export interface Totp {
  /** A new secret, not required yet. @returns what to show as text and as QR code */
  begin(trx: Trx, account: string): Promise<{ secret: string; uri: string }>;
  /** The code from the app turns the second factor on. @returns recovery codes, shown once */
  confirm(trx: Trx, account: string, code: string): Promise<{ recoveryCodes: string[] }>;
  /** @throws Refusal `totp.wrong-code` */
  disable(trx: Trx, account: string, code: string): Promise<void>;
  enabled(account: string): Promise<boolean>;
}

/** What a person sees before the click: what goes, what stays and why, what paid time is lost. */
export interface DeletionPreview {
  items: PlanItem[];
  eraseBy: Temporal.PlainDate;
  lostPaidTime: { until: Temporal.PlainDate; days: number } | null;
}

export interface Deletion {
  plan: string; // pln_…
  request: string; // req_…
  number: string; // «ЗС-2026-0001»
  eraseBy: Temporal.PlainDate;
}

export type ActivityKind = 'login' | 'project' | 'message' | 'payment' | 'other';

export interface Accounts {
  /** Takes a user in: account, subject, profile; the contract begins. Writes no consent. @throws Refusal `account.*` */
  registerUser(trx: Trx, registration: Registration): Promise<{ account: string; subject: string }>;
  /**
   * Checks a password and, where it is on, the second factor.
   * @throws Refusal `sign-in.refused` (unknown e-mail and wrong password alike), `sign-in.too-many`, `account.blocked`
   */
  signIn(attempt: Attempt): Promise<SignIn>;
  /** The second step, with a code of the app or a recovery code. @throws Refusal `sign-in.refused`, `sign-in.too-many` */
  secondFactor(attempt: { account: string; code: string; ip: string }): Promise<AccountActor>;
  /** Who an account is right now; null when it is gone or blocked. */
  actor(account: string): Promise<AccountActor | null>;
  /** The path of the first administrator's one-time link while there is none, else null. Each call voids the link before. */
  setupLink(): Promise<string | null>;
  sessions: AccountSessions;
  staff: Staff;
  totp: Totp;
  get(trx: Db | Trx, account: string): Promise<Account | null>;
  bySubject(trx: Db | Trx, subject: string): Promise<Account | null>;
  /** The person of this address: for confirming who asks. */
  byEmail(trx: Db | Trx, email: string): Promise<Account | null>;
  profile(trx: Db | Trx, account: string): Promise<Profile | null>;
  /** User accounts whose contract is alive, in the order of ids, `limit` after `after`. */
  living(trx: Db | Trx, page: { after?: string; limit: number }): Promise<Account[]>;
  /** User accounts that are blocked, in the order of ids. */
  blocked(trx: Db | Trx, limit: number): Promise<Account[]>;
  changeProfile(
    trx: Trx,
    account: string,
    changes: { name?: string; position?: string | null; locale?: 'ru' | 'en' },
  ): Promise<void>;
  /** @throws Refusal `sign-in.refused` when the present password is wrong */
  changePassword(trx: Trx, account: string, present: string, next: string): Promise<void>;
  /** Notes that the person did something; one fact per day of the operator's zone. Wakes an account that was noticed. */
  activity(trx: Trx, account: string, kind: ActivityKind): Promise<void>;
  /** What the room does when plugins report: payments and projects are activity. */
  heard(trx: Trx, fact: Fact): Promise<void>;
  /** A person blocks on one of the contract's grounds. */
  block(trx: Trx, account: string, why: { ground: StaffGround; reason: string; by: string }): Promise<void>;
  restore(trx: Trx, account: string, why: { reason: string; by: string }): Promise<void>;
  previewDeletion(account: string): Promise<DeletionPreview>;
  /** The user's click: the contract and the sessions end now, the plan is made, a request of kind erasure opens. */
  deletion(trx: Trx, account: string): Promise<Deletion>;
  /** Calls back in the transaction in which the contract of an account ends. */
  onEnded(
    listener: (trx: Trx, ended: { account: string; subject: string; at: Temporal.Instant }) => Promise<void>,
  ): void;
  /** When the next step of some life cycle falls due; null when none will. */
  next(db: Db): Promise<Temporal.Instant | null>;
  /** Takes every step that may be taken today. @returns how many of each */
  sweep(run: { jobId: string }): Promise<{ noticed: number; blocked: number; ended: number }>;
  stores: Record<string, Store>;
  impersonal: Record<string, string>;
}
