import { dayOf } from '../calendar/index.ts';
import { type EraseReceipt, type EraseScope, notAboutAnyone, type Store, type StoreContext } from '../datamap/index.ts';
import type { Report } from '../obligations/index.ts';
import { normalEmail, normalName, normalPosition } from './email.ts';
import type { Life } from './life.ts';
import { living } from './state.ts';
import {
  changeAccount,
  changeProfileRow,
  deleteFactor,
  deleteLinks,
  deleteProfile,
  deleteSessionsOf,
  deleteSignIns,
  findAccount,
  findBySubject,
  findFactor,
  findProfile,
  findSubjects,
  listSessions,
  listSignIns,
  lockAccount,
  profileOf,
  turned,
} from './store.ts';
import { keyOf } from './totp.ts';
import { erased } from './turns.ts';
import type { Account } from './types.ts';

/** Tables of this room that are about no one, each with why. */
export const impersonal: Record<string, string> = {
  'core.sign_in_attempts':
    'Keyed hashes and counts of the last minutes; the key of the hashes is not in the database, so they name no one.',
};

const system = { ru: 'ИСПДн «Учётные записи»', en: 'Accounts' };
const nothing: EraseReceipt = { outcome: 'not_found', affected: 0, remaining: 0 };
const fromPerson = 'получены от субъекта при регистрации и в личном кабинете';
const fromUse = 'возникли при использовании сервиса';

/** Profiles, sessions and the security of accounts go by a plan, when the contract has ended: no day ends their term. */
const byPlanOnly = (scope: EraseScope): scope is Extract<EraseScope, { why: 'request' }> => scope.why === 'request';

interface Deps {
  report: Report;
  life: Life;
}

/** What the room holds about people, and its answers to their rights. */
export function createStores({ report, life }: Deps): Record<string, Store> {
  async function accountOf(subject: string, { trx }: StoreContext, kind?: Account['kind']): Promise<Account | null> {
    const account = await findBySubject(trx, subject);
    return account && (!kind || account.kind === kind) ? account : null;
  }

  function profileColumns(table: string): Record<string, string> {
    const category = (names: string[]) => names.map((name) => [`${table}.${name}`, 'account.profile']);
    return Object.fromEntries([
      ...category(['email', 'name', 'position', 'password_hash']),
      [`${table}.locale`, notAboutAnyone],
    ]);
  }

  function people(kind: Account['kind']) {
    return {
      find: (trx, { email, name }) => findSubjects(trx, kind, { email: softEmail(email), name }),
      async identify(trx, subject) {
        const account = await findBySubject(trx, subject);
        const profile = account?.kind === kind ? await findProfile(trx, account.id) : null;
        return profile && { name: profile.name, email: profile.email };
      },
      async collect(subject, context) {
        const account = await accountOf(subject, context, kind);
        const profile = account && (await findProfile(context.trx, account.id));
        if (!account || !profile) return { rows: [], source: fromPerson };
        const { email, name, position, locale } = profileOf(profile);
        return {
          rows: [
            {
              account: account.id,
              email,
              name,
              position,
              locale,
              state: account.state,
              registered_at: account.registeredAt.toString(),
              last_active_on: account.lastActiveOn.toString(),
            },
          ],
          source: fromPerson,
        };
      },
      async rectify(subject, changes, context) {
        const account = await accountOf(subject, context, kind);
        if (!account) return { outcome: 'not_found', affected: 0 };
        const table = kind === 'user' ? 'core.profiles' : 'core.staff_profiles';
        const change: { email?: string; name?: string; position?: string | null } = {};
        for (const [column, value] of Object.entries(changes)) {
          if (column === `${table}.email`) change.email = normalEmail(value ?? '');
          else if (column === `${table}.name`) change.name = normalName(value ?? '');
          else if (column === `${table}.position`) change.position = normalPosition(value);
        }
        if (Object.keys(change).length === 0) {
          return { outcome: 'not_attempted', affected: 0, because: 'Названных сведений в профиле нет.' };
        }
        return { outcome: 'done', affected: await changeProfileRow(context.trx, kind, account.id, change) };
      },
      async restrict(subject, on, context) {
        const account = await accountOf(subject, context, kind);
        const affected = account ? await changeProfileRow(context.trx, kind, account.id, { restricted: on }) : 0;
        return { outcome: affected > 0 ? 'done' : 'not_found', affected };
      },
    } satisfies Partial<Store>;
  }

  const profiles: Store = {
    title: { ru: 'Учётные записи и профили пользователей', en: 'Accounts and profiles of users' },
    system,
    subject: 'relay-user',
    tables: ['core.accounts', 'core.profiles'],
    columns: {
      'core.accounts.kind': notAboutAnyone,
      'core.accounts.state': notAboutAnyone,
      'core.accounts.roles': notAboutAnyone,
      'core.accounts.block_ground': 'account.profile',
      'core.accounts.farewell': 'account.profile',
      ...profileColumns('core.profiles'),
    },
    corrects: {
      'core.profiles.email': { ru: 'Электронная почта', en: 'E-mail' },
      'core.profiles.name': { ru: 'Фамилия, имя, отчество', en: 'Full name' },
      'core.profiles.position': { ru: 'Должность', en: 'Position' },
    },
    purposes: ['access', 'communication'],
    given: true,
    schedule: 'account.profile',
    ...people('user'),
    async locate(trx, id) {
      const account = await findAccount(trx, id);
      const here = account?.kind === 'user' && account.state !== 'erased';
      return here ? { from: account.endedAt, subject: account.subject } : null;
    },
    /** The profile goes; of the account there stay random ids, the days of its life and the word «erased». */
    async erase(scope, context) {
      if (!byPlanOnly(scope)) return nothing;
      const { trx, clock } = context;
      const found = await accountOf(scope.subject, context, 'user');
      const account = found && (await lockAccount(trx, found.id));
      if (!account || account.state === 'erased') return nothing;
      const alive: readonly string[] = living;
      // An erasure asked for by letter: the will to leave is clear, so the contract ends before the data go.
      if (alive.includes(account.state)) {
        await life.end(trx, account, { ground: 'account-deleted', by: 'request', at: clock.now() });
      }
      if (account.blockGround === 'inactivity') await keepFarewell(account, context);
      const affected = await deleteProfile(trx, 'user', account.id);
      const at = clock.now();
      // Its contract has ended, if only just now.
      const { change, facts } = erased({ ...account, state: 'deleted' }, at);
      await changeAccount(trx, account.id, { ...turned(change), roles: [] });
      for (const { name } of facts) await report(trx, { name, about: account.id, subject: account.subject, at });
      return { outcome: 'erased', affected, remaining: 0, tables: ['core.profiles'] };
    },
  };

  const staff: Store = {
    title: { ru: 'Учётные записи работников', en: 'Accounts of staff' },
    system,
    subject: 'staff',
    tables: ['core.staff_profiles', 'core.one_time_links'],
    columns: { ...profileColumns('core.staff_profiles'), 'core.one_time_links.token_hash': 'account.security' },
    purposes: ['access', 'communication'],
    schedule: 'account.profile',
    ...people('staff'),
    async erase(scope, context) {
      if (!byPlanOnly(scope)) return nothing;
      const account = await accountOf(scope.subject, context, 'staff');
      if (!account) return nothing;
      if (account.state !== 'closed') {
        return {
          outcome: 'retained',
          affected: 0,
          remaining: 1,
          because: 'Учётная запись работника действует; данные уничтожаются, когда администратор её закроет.',
        };
      }
      await deleteLinks(context.trx, account.id);
      const affected = await deleteProfile(context.trx, 'staff', account.id);
      if (affected === 0) return nothing;
      return { outcome: 'erased', affected, remaining: 0, tables: ['core.staff_profiles'] };
    },
  };

  const sessions: Store = {
    title: { ru: 'Сессии входа', en: 'Sessions' },
    system,
    subject: 'relay-user',
    tables: ['core.sessions'],
    columns: { 'core.sessions.key_hash': 'session', 'core.sessions.value': 'session' },
    purposes: ['access'],
    schedule: 'session',
    async collect(subject, context) {
      const account = await accountOf(subject, context);
      const rows = account ? await listSessions(context.trx, account.id) : [];
      return { rows: rows.map(({ expires_at }) => ({ expires_at: expires_at.toString() })), source: fromUse };
    },
    async erase(scope, context) {
      if (!byPlanOnly(scope)) return nothing;
      const account = await accountOf(scope.subject, context);
      const affected = account ? await deleteSessionsOf(context.trx, account.id) : 0;
      if (affected === 0) return nothing;
      return { outcome: 'erased', affected, remaining: 0, tables: ['core.sessions'] };
    },
    rectify: { unsupported: 'В сессии нет сведений, которые можно уточнить.' },
    restrict: { unsupported: 'Сессия заканчивается сама; чтобы остановить её, выйдите из учётной записи.' },
  };

  const security: Store = {
    title: { ru: 'Входы и второй фактор', en: 'Sign-ins and second factor' },
    system,
    subject: 'relay-user',
    tables: ['core.sign_ins', 'core.second_factors', 'core.recovery_codes'],
    columns: {
      'core.sign_ins.outcome': 'account.security',
      'core.sign_ins.origin': 'account.security',
      'core.second_factors.secret': 'account.security',
      'core.recovery_codes.code_hash': 'account.security',
    },
    purposes: ['access', 'protection'],
    schedule: 'account.security',
    async collect(subject, context) {
      const account = await accountOf(subject, context);
      if (!account) return { rows: [], source: fromUse };
      const signIns = await listSignIns(context.trx, account.id);
      const rows: Record<string, unknown>[] = signIns.map(({ at, outcome, origin }) => ({
        at: at.toString(),
        outcome,
        origin,
      }));
      const factor = await findFactor(context.trx, account.id);
      if (factor?.confirmed_at)
        rows.push({ at: factor.confirmed_at.toString(), outcome: 'second-factor', origin: null });
      return { rows, source: fromUse };
    },
    async erase(scope, context) {
      if (!byPlanOnly(scope)) return nothing;
      const { trx, vault, runId } = context;
      const account = await accountOf(scope.subject, context);
      if (!account) return nothing;
      const affected = (await deleteSignIns(trx, account.id)) + (await deleteFactor(trx, account.id));
      const name = keyOf(account.id);
      // Asked again under the same run, the vault answers with the same keys: a repeated call counts them too.
      const { keys } = vault.has(name) ? await vault.shred([name], { runId }) : { keys: 0 };
      if (affected + keys === 0) return nothing;
      const tables = ['core.sign_ins', 'core.second_factors', 'core.recovery_codes'];
      return { outcome: 'erased', affected, remaining: 0, keys, tables, ...(keys > 0 ? { keyNames: [name] } : {}) };
    },
    rectify: { unsupported: 'Записи о входах — сведения о том, что было; они не уточняются.' },
    restrict: { unsupported: 'Сведения о безопасности нужны, чтобы защищать саму учётную запись.' },
  };

  return { profiles, staff, sessions, security };
}

/** Bound to the box that holds the address of the last letter. */
export const farewellAad = (account: string): string => `farewell:${account}`;

/**
 * Whoever is erased without having asked is told so: the address is kept, sealed, from the erasure of the profile until
 * the act is there and the letter is queued.
 */
async function keepFarewell(account: Account, { trx, vault, clock, law }: StoreContext): Promise<void> {
  const profile = await findProfile(trx, account.id);
  if (!profile) return;
  const { email, name, locale } = profile;
  const month = dayOf(clock.now(), law.zone).toPlainYearMonth();
  const plain = Buffer.from(JSON.stringify({ email, name, locale }));
  await changeAccount(trx, account.id, {
    farewell: await vault.seal(`letter/${month}`, plain, farewellAad(account.id)),
  });
}

/** For a search, an address that cannot be one finds nobody. */
function softEmail(email: string | undefined): string | undefined {
  try {
    return email === undefined ? undefined : normalEmail(email);
  } catch {
    return undefined;
  }
}
