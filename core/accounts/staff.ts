import { newId, Refusal, type Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import type { Trx } from '../db/index.ts';
import { normalEmail, normalName, normalPosition } from './email.ts';
import { digest, newToken, type Passwords } from './passwords.ts';
import { type AccountRole, rolesFrom, roleTitles } from './rights.ts';
import { move } from './state.ts';
import {
  changeAccount,
  changeProfileRow,
  deleteFactor,
  deleteLinks,
  deleteProfile,
  deleteSessionsOf,
  findAccount,
  findLink,
  findProfile,
  findProfileByEmail,
  hasAdministrator,
  insertAccount,
  insertProfile,
  listStaff,
  lockAccount,
  lockEmail,
  lockSetup,
  replaceLink,
  takeLink,
} from './store.ts';
import type { Account, AccountsDeps, Link, Staff } from './types.ts';

/** Where a one-time link leads. The token is in the address once, and the address is used up by it. */
const linkPath = '/auth/link/';

/** Refuses an address that somebody has, in this transaction and for those that wait for it. */
export async function mustBeFree(trx: Trx, email: string): Promise<void> {
  await lockEmail(trx, email);
  if (await findProfileByEmail(trx, email)) {
    throw new Refusal('account.email-taken', 'conflict', {
      field: 'email',
      message: 'Учётная запись с этой почтой уже есть. Войдите или укажите другой адрес.',
    });
  }
}

/** Staff come by one-time links only; the first administrator by the link that the service prints when it starts. */
export function createStaff(deps: AccountsDeps, passwords: Passwords): Staff {
  const { db, clock, law, journal, letters, datamap } = deps;

  function newLink(): { link: Link; hash: string; madeAt: Temporal.Instant } {
    const token = newToken();
    const madeAt = clock.now();
    const expiresAt = madeAt.add({ hours: law.operator.security.inviteHours });
    return { link: { token, path: `${linkPath}${token}`, expiresAt }, hash: digest(token), madeAt };
  }

  async function keep(trx: Trx, account: string | null): Promise<Link> {
    const { link, hash, madeAt } = newLink();
    const row = { token_hash: hash, account_id: account, made_at: madeAt, expires_at: link.expiresAt };
    await replaceLink(trx, row);
    return link;
  }

  async function open(
    trx: Trx,
    staff: { email: string; name: string; position: string | null; roles: AccountRole[]; passwordHash: string | null },
  ): Promise<string> {
    await mustBeFree(trx, staff.email);
    const at = clock.now();
    const id = newId('acc', at);
    const subject = await datamap.subjects.create(trx, { kind: 'staff' });
    const state = staff.passwordHash ? 'active' : 'invited';
    const on = dayOf(at, law.zone);
    await insertAccount(trx, { id, subject, kind: 'staff', state, roles: staff.roles, at, on });
    await insertProfile(trx, 'staff', {
      account_id: id,
      email: staff.email,
      name: staff.name,
      position: staff.position,
      locale: 'ru',
      password_hash: staff.passwordHash,
    });
    return id;
  }

  async function staffAccount(trx: Trx, id: string): Promise<Account> {
    const account = await lockAccount(trx, id);
    if (account?.kind !== 'staff') throw new Refusal('account.unknown', 'not-found', { account: id });
    return account;
  }

  /** Somebody must be left who can let others in. */
  async function mustLeaveAdministrator(trx: Trx): Promise<void> {
    if (!(await hasAdministrator(trx))) {
      throw new Refusal('account.last-administrator', 'conflict', {
        message: 'Это последний администратор. Сначала назначьте другого.',
      });
    }
  }

  return {
    firstLink: () =>
      db.transaction(async (trx) => {
        await lockSetup(trx);
        if (await hasAdministrator(trx)) return null;
        return keep(trx, null);
      }),

    async invite(trx, { email, name, position, roles, by }) {
      const staff = {
        email: normalEmail(email),
        name: normalName(name),
        position: normalPosition(position),
        roles: staffRoles(roles),
        passwordHash: null,
      };
      const account = await open(trx, staff);
      const link = await keep(trx, account);
      const body = { roles: staff.roles };
      await journal.append(trx, { action: 'account.invited', about: account, actor: by, body });
      await letters.queue(trx, {
        template: 'staff.invite',
        to: { account, email: staff.email, name: staff.name },
        about: account,
        data: {
          url: `${deps.publicUrl?.() ?? ''}${link.path}`,
          expiresAt: link.expiresAt,
          roles: staff.roles.map((role) => roleTitles[role].ru),
        },
      });
      return { ...link, account };
    },

    async openLink(token) {
      const link = await findLink(db, digest(token), clock.now());
      if (!link) throw notValid();
      if (!link.account_id) return { account: null, name: null, email: null, roles: ['admin'] };
      const account = await findAccount(db, link.account_id);
      const profile = await findProfile(db, link.account_id);
      if (!account || !profile) throw notValid();
      return { account: account.id, name: profile.name, email: profile.email, roles: account.roles };
    },

    async setPassword(token, { password, email, name }) {
      const link = await findLink(db, digest(token), clock.now());
      if (!link) throw notValid();
      // Outside the transaction: a hash takes time, and a refused password must not use the link up.
      const hash = await passwords.hash(password);
      return db.transaction(async (trx) => {
        await lockSetup(trx);
        if (!(await takeLink(trx, link.token_hash, clock.now()))) throw notValid();
        if (!link.account_id) {
          if (await hasAdministrator(trx)) throw notValid();
          const first = { email: normalEmail(email ?? ''), name: normalName(name ?? '') };
          const account = await open(trx, { ...first, position: null, roles: ['admin'], passwordHash: hash });
          await journal.append(trx, { action: 'account.first-administrator', about: account, actor: account });
          return { account };
        }
        const account = await staffAccount(trx, link.account_id);
        await changeProfileRow(trx, 'staff', account.id, { password_hash: hash });
        await deleteSessionsOf(trx, account.id);
        if (account.state === 'invited') await changeAccount(trx, account.id, { state: move('invited', 'active') });
        await journal.append(trx, { action: 'account.password-set', about: account.id, actor: account.id });
        return { account: account.id };
      });
    },

    async setRoles(trx, id, roles, by) {
      const account = await staffAccount(trx, id);
      const wanted = staffRoles(roles);
      await changeAccount(trx, id, { roles: wanted });
      if (account.roles.includes('admin')) await mustLeaveAdministrator(trx);
      // A session must not outlive the right it was opened with.
      await deleteSessionsOf(trx, id);
      const body = { before: account.roles, after: wanted };
      await journal.append(trx, { action: 'account.roles-changed', about: id, actor: by, body });
    },

    async close(trx, id, by) {
      const account = await staffAccount(trx, id);
      await changeAccount(trx, id, { state: move(account.state, 'closed'), ended_at: clock.now(), roles: [] });
      if (account.roles.includes('admin')) await mustLeaveAdministrator(trx);
      await deleteSessionsOf(trx, id);
      await deleteLinks(trx, id);
      await deleteFactor(trx, id);
      await deleteProfile(trx, 'staff', id);
      await journal.append(trx, { action: 'account.closed', about: id, actor: by });
    },

    async list() {
      const rows = await listStaff(db);
      return rows.map(({ id, name, email, state, roles, totp }) => ({ account: id, name, email, state, roles, totp }));
    },
  };
}

/** A user is a user because of a contract, not because somebody gave the role. */
function staffRoles(words: readonly string[]): AccountRole[] {
  const roles = rolesFrom(words);
  if (roles.includes('relay-user')) {
    throw new Refusal('account.unknown-role', 'invalid', { field: 'roles', role: 'relay-user' });
  }
  return roles;
}

/** Unknown, used and expired are one answer. */
function notValid(): Refusal {
  return new Refusal('link.not-valid', 'not-found', {
    message: 'Ссылка не действует: она уже использована или её срок прошёл. Попросите новую.',
  });
}
