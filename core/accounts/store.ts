import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { AccountRole } from './rights.ts';
import type { AccountState } from './state.ts';
import type { Lived } from './turns.ts';
import type { Account, BlockGround, Profile } from './types.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;
type Kind = Account['kind'];

// knex's types know Date, not Temporal; the driver takes both (core/db).
const bind = (value: Day | Instant): Date => value as unknown as Date;

interface AccountRow {
  id: string;
  subject_id: string;
  kind: Kind;
  state: AccountState;
  roles: AccountRole[];
  registered_at: Instant;
  last_active_on: Day;
  noticed_at: Instant | null;
  blocked_at: Instant | null;
  block_ground: BlockGround | null;
  ended_at: Instant | null;
  erased_at: Instant | null;
}

export interface ProfileRow {
  account_id: string;
  email: string;
  name: string;
  position: string | null;
  locale: 'ru' | 'en';
  password_hash: string | null;
  restricted: boolean;
}

const columns = [
  'id',
  'subject_id',
  'kind',
  'state',
  'roles',
  'registered_at',
  'last_active_on',
  'noticed_at',
  'blocked_at',
  'block_ground',
  'ended_at',
  'erased_at',
];

const tableOf = (kind: Kind): string => (kind === 'user' ? 'core.profiles' : 'core.staff_profiles');

const accountOf = (row: AccountRow): Account => ({
  id: row.id,
  subject: row.subject_id,
  kind: row.kind,
  state: row.state,
  roles: row.roles,
  registeredAt: row.registered_at,
  lastActiveOn: row.last_active_on,
  noticedAt: row.noticed_at,
  blockedAt: row.blocked_at,
  blockGround: row.block_ground,
  endedAt: row.ended_at,
  erasedAt: row.erased_at,
});

export const profileOf = (row: ProfileRow): Profile => ({
  email: row.email,
  name: row.name,
  position: row.position,
  locale: row.locale,
});

// Accounts

export async function insertAccount(
  trx: Trx,
  account: { id: string; subject: string; kind: Kind; state: AccountState; roles: AccountRole[]; at: Instant; on: Day },
): Promise<void> {
  await trx('core.accounts').insert({
    id: account.id,
    subject_id: account.subject,
    kind: account.kind,
    state: account.state,
    roles: account.roles,
    registered_at: account.at,
    last_active_on: account.on,
  });
}

export async function findAccount(db: Db | Trx, id: string): Promise<Account | null> {
  const row = await db<AccountRow>('core.accounts').where({ id }).first(columns);
  return row ? accountOf(row as unknown as AccountRow) : null;
}

/** The account, locked until the transaction ends; null also when somebody else holds it and `skip` is set. */
export async function lockAccount(trx: Trx, id: string, { skip = false } = {}): Promise<Account | null> {
  const query = trx<AccountRow>('core.accounts').where({ id }).forUpdate();
  const row = await (skip ? query.skipLocked() : query).first(columns);
  return row ? accountOf(row as unknown as AccountRow) : null;
}

export async function findBySubject(db: Db | Trx, subject: string): Promise<Account | null> {
  const row = await db<AccountRow>('core.accounts').where({ subject_id: subject }).first(columns);
  return row ? accountOf(row as unknown as AccountRow) : null;
}

export interface AccountChange {
  farewell?: Buffer | null;
  state?: AccountState;
  roles?: AccountRole[];
  last_active_on?: Day;
  noticed_at?: Instant | null;
  blocked_at?: Instant | null;
  block_ground?: BlockGround | null;
  ended_at?: Instant;
  erased_at?: Instant;
}

export async function changeAccount(trx: Trx, id: string, change: AccountChange): Promise<void> {
  await trx('core.accounts').where({ id }).update(change);
}

const lived = {
  state: 'state',
  lastActiveOn: 'last_active_on',
  noticedAt: 'noticed_at',
  blockedAt: 'blocked_at',
  blockGround: 'block_ground',
  endedAt: 'ended_at',
  erasedAt: 'erased_at',
} as const satisfies Record<keyof Lived, keyof AccountChange>;

/** What a turn of the account's life changes in its row. */
export function turned(change: Partial<Lived>): AccountChange {
  return Object.fromEntries(Object.entries(change).map(([key, value]) => [lived[key as keyof Lived], value]));
}

/** Moves the last day of activity forward. @returns the account as it was before, or null when nothing changed */
export async function touchAccount(trx: Trx, id: string, day: Day): Promise<Account | null> {
  const row = await trx<AccountRow>('core.accounts')
    .where({ id, kind: 'user' })
    .whereIn('state', ['active', 'noticed'])
    .where('last_active_on', '<', bind(day))
    .forUpdate()
    .first(columns);
  if (!row) return null;
  await trx('core.accounts').where({ id }).update({ last_active_on: day });
  return accountOf(row as unknown as AccountRow);
}

/** Users in the given states, by id. */
export async function listUsers(
  db: Db | Trx,
  { states, after, limit }: { states: readonly AccountState[]; after?: string; limit: number },
): Promise<Account[]> {
  const query = db<AccountRow>('core.accounts')
    .where({ kind: 'user' })
    .whereIn('state', [...states]);
  if (after) query.where('id', '>', after);
  const rows = await query.orderBy('id').limit(limit).select(columns);
  return (rows as unknown as AccountRow[]).map(accountOf);
}

/** What orders the accounts of a state by the time of their next step. */
const waits = { active: 'last_active_on', noticed: 'noticed_at', blocked: 'blocked_at' } as const;

export type Waiting = keyof typeof waits;

/** Users of a state, those first who have waited longest; a page of them. */
export async function listWaiting(
  db: Db | Trx,
  state: Waiting,
  { offset, limit }: { offset: number; limit: number },
): Promise<Account[]> {
  const query = db<AccountRow>('core.accounts').where({ kind: 'user', state });
  if (state === 'blocked') query.where({ block_ground: 'inactivity' });
  const rows = await query.orderBy([waits[state], 'id']).offset(offset).limit(limit).select(columns);
  return (rows as unknown as AccountRow[]).map(accountOf);
}

/** The sealed address of the last letter, taken out: it is read once. */
export async function takeFarewell(trx: Trx, id: string): Promise<Buffer | null> {
  const row = await trx('core.accounts').where({ id }).forUpdate().first('farewell');
  if (row?.farewell) await changeAccount(trx, id, { farewell: null });
  return (row?.farewell as Buffer | null | undefined) ?? null;
}

// Profiles

/** Two people who register with one address at the same moment: the second waits and is then refused. */
export async function lockEmail(trx: Trx, email: string): Promise<void> {
  await trx.raw('select pg_advisory_xact_lock(hashtextextended(?, 90))', [email]);
}

export async function insertProfile(trx: Trx, kind: Kind, row: Omit<ProfileRow, 'restricted'>): Promise<void> {
  await trx(tableOf(kind)).insert(row);
}

export async function findProfile(db: Db | Trx, account: string): Promise<ProfileRow | null> {
  for (const kind of ['user', 'staff'] as const) {
    const row = await db(tableOf(kind)).where({ account_id: account }).first();
    if (row) return row as ProfileRow;
  }
  return null;
}

export async function findProfileByEmail(db: Db | Trx, email: string): Promise<ProfileRow | null> {
  for (const kind of ['user', 'staff'] as const) {
    const row = await db(tableOf(kind)).where({ email }).first();
    if (row) return row as ProfileRow;
  }
  return null;
}

export async function changeProfileRow(
  trx: Trx,
  kind: Kind,
  account: string,
  change: Partial<Omit<ProfileRow, 'account_id'>>,
): Promise<number> {
  return trx(tableOf(kind)).where({ account_id: account }).update(change);
}

export async function deleteProfile(trx: Trx, kind: Kind, account: string): Promise<number> {
  return trx(tableOf(kind)).where({ account_id: account }).delete();
}

/** Subjects of one kind whose profile has this address, or else exactly this name. */
export async function findSubjects(trx: Trx, kind: Kind, who: { email?: string; name?: string }): Promise<string[]> {
  if (!who.email && !who.name) return [];
  const rows = await trx(`${tableOf(kind)} as profile`)
    .join('core.accounts as account', 'account.id', 'profile.account_id')
    .where((either) => {
      if (who.email) either.orWhere('profile.email', who.email);
      if (who.name) either.orWhereRaw('lower(profile.name) = lower(?)', [who.name]);
    })
    .orderBy('account.id')
    .select('account.subject_id');
  return rows.map((row: { subject_id: string }) => row.subject_id);
}

// Staff

export interface StaffRow extends AccountRow {
  email: string;
  name: string;
  totp: boolean;
}

export async function listStaff(db: Db | Trx): Promise<StaffRow[]> {
  return db('core.accounts as account')
    .join('core.staff_profiles as profile', 'profile.account_id', 'account.id')
    .leftJoin('core.second_factors as factor', 'factor.account_id', 'account.id')
    .where('account.kind', 'staff')
    .orderBy('account.id')
    .select('account.*', 'profile.email', 'profile.name', db.raw('factor.confirmed_at is not null as totp'));
}

/** Is there an administrator who can sign in? */
export async function hasAdministrator(db: Db | Trx): Promise<boolean> {
  const row = await db('core.accounts')
    .where({ kind: 'staff', state: 'active' })
    .whereRaw("'admin' = any(roles)")
    .first('id');
  return row !== undefined;
}

/** One at a time: two links used at once must not make two first administrators. */
export async function lockSetup(trx: Trx): Promise<void> {
  await trx.raw("select pg_advisory_xact_lock(hashtextextended('first administrator', 90))");
}

export interface LinkRow {
  token_hash: string;
  account_id: string | null;
  made_at: Instant;
  expires_at: Instant;
}

/** A new link takes the place of the links made before for the same account (or for the first administrator). */
export async function replaceLink(trx: Trx, link: LinkRow): Promise<void> {
  const before = trx('core.one_time_links');
  await (link.account_id ? before.where({ account_id: link.account_id }) : before.whereNull('account_id')).delete();
  await trx('core.one_time_links').insert(link);
}

export async function findLink(db: Db | Trx, tokenHash: string, now: Instant): Promise<LinkRow | null> {
  const row = await db<LinkRow>('core.one_time_links')
    .where({ token_hash: tokenHash })
    .where('expires_at', '>', bind(now))
    .first();
  return (row as LinkRow | undefined) ?? null;
}

/** Uses a link up; null when it is not there any more. */
export async function takeLink(trx: Trx, tokenHash: string, now: Instant): Promise<LinkRow | null> {
  const [row] = await trx('core.one_time_links')
    .where({ token_hash: tokenHash })
    .where('expires_at', '>', bind(now))
    .delete()
    .returning('*');
  return (row as LinkRow | undefined) ?? null;
}

export async function deleteLinks(trx: Trx, account: string): Promise<number> {
  return trx('core.one_time_links').where({ account_id: account }).delete();
}

// Sessions: real time

export async function readSession(db: Db, keyHash: string, now: Instant): Promise<object | null> {
  const row = await db('core.sessions').where({ key_hash: keyHash }).where('expires_at', '>', bind(now)).first('value');
  return (row?.value as object | undefined) ?? null;
}

interface SessionRow {
  key_hash: string;
  account_id: string | null;
  value: object;
  expires_at: Instant;
}

export async function writeSession(db: Db, session: SessionRow): Promise<void> {
  const row = { ...session, value: JSON.stringify(session.value) };
  await db('core.sessions').insert(row).onConflict('key_hash').merge();
}

/** Changes a session that is still there. */
export async function updateSession(db: Db, { key_hash, ...session }: SessionRow): Promise<void> {
  const change = { ...session, value: JSON.stringify(session.value) };
  await db('core.sessions').where({ key_hash }).update(change);
}

export async function deleteSession(db: Db, keyHash: string): Promise<void> {
  await db('core.sessions').where({ key_hash: keyHash }).delete();
}

export async function deleteSessionsOf(trx: Trx, account: string): Promise<number> {
  return trx('core.sessions').where({ account_id: account }).delete();
}

export async function deleteOldSessions(db: Db, now: Instant): Promise<number> {
  return db('core.sessions').where('expires_at', '<=', bind(now)).delete();
}

export async function listSessions(db: Db | Trx, account: string): Promise<{ expires_at: Instant }[]> {
  return db('core.sessions').where({ account_id: account }).orderBy('expires_at').select('expires_at');
}

// Second factor and sign-ins

export interface FactorRow {
  account_id: string;
  secret: Buffer;
  confirmed_at: Instant | null;
  last_step: number;
}

export async function putFactor(trx: Trx, account: string, secret: Buffer): Promise<void> {
  const row = { account_id: account, secret, confirmed_at: null, last_step: 0 };
  await trx('core.second_factors').insert(row).onConflict('account_id').merge();
}

export async function findFactor(db: Db | Trx, account: string): Promise<FactorRow | null> {
  const row = await db<FactorRow>('core.second_factors').where({ account_id: account }).first();
  return (row as FactorRow | undefined) ?? null;
}

export async function lockFactor(trx: Trx, account: string): Promise<FactorRow | null> {
  const row = await trx<FactorRow>('core.second_factors').where({ account_id: account }).forUpdate().first();
  return (row as FactorRow | undefined) ?? null;
}

export async function changeFactor(
  trx: Trx,
  account: string,
  change: { confirmed_at?: Instant; last_step?: number },
): Promise<void> {
  await trx('core.second_factors').where({ account_id: account }).update(change);
}

export async function deleteFactor(trx: Trx, account: string): Promise<number> {
  await trx('core.recovery_codes').where({ account_id: account }).delete();
  return trx('core.second_factors').where({ account_id: account }).delete();
}

export async function putRecoveryCodes(trx: Trx, account: string, hashes: string[]): Promise<void> {
  await trx('core.recovery_codes').where({ account_id: account }).delete();
  await trx('core.recovery_codes').insert(hashes.map((code_hash) => ({ account_id: account, code_hash })));
}

/** @returns whether there was such a code; it is gone now */
export async function takeRecoveryCode(trx: Trx, account: string, codeHash: string): Promise<boolean> {
  return (await trx('core.recovery_codes').where({ account_id: account, code_hash: codeHash }).delete()) > 0;
}

export interface SignInRow {
  id: string;
  account_id: string;
  at: Instant;
  outcome: string;
  origin: string | null; // a pseudonym of the address: the same for the same one of the same account
}

export async function insertSignIn(trx: Trx, row: SignInRow): Promise<void> {
  await trx('core.sign_ins').insert(row);
}

export async function listSignIns(db: Db | Trx, account: string): Promise<SignInRow[]> {
  return db('core.sign_ins').where({ account_id: account }).orderBy('id').select('*');
}

export async function deleteSignIns(trx: Trx, account: string): Promise<number> {
  return trx('core.sign_ins').where({ account_id: account }).delete();
}
