import { newId, Refusal, type Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import type { Trx } from '../db/index.ts';
import { cite, sectionOf } from '../law/index.ts';
import { printDay } from '../letters/index.ts';
import { normalEmail, normalName, normalPosition } from './email.ts';
import { createLife } from './life.ts';
import { createPasswords, usualHashing } from './passwords.ts';
import { createSessions } from './sessions.ts';
import { actorOf, createSignIn } from './sign-in.ts';
import { createStaff, mustBeFree } from './staff.ts';
import { living, open } from './state.ts';
import {
  changeAccount,
  changeProfileRow,
  deleteSessionsOf,
  findAccount,
  findBySubject,
  findProfile,
  findProfileByEmail,
  insertAccount,
  insertProfile,
  listUsers,
  lockAccount,
  profileOf,
  takeFarewell,
  turned,
} from './store.ts';
import { createStores, farewellAad, impersonal } from './stores.ts';
import { createTotp } from './totp.ts';
import { activities, restored } from './turns.ts';
import type { Account, Accounts, AccountsDeps } from './types.ts';
import { erasedForInactivity, goes, lostTime, stays } from './words.ts';

const lifecycle = 'accounts.lifecycle';

/** Opens the room: the use cases, the job of the life cycle and when it is due. */
export function createAccounts(deps: AccountsDeps): Accounts {
  const { db, clock, law, journal, vault, jobs, letters, datamap, retention, requests, report } = deps;
  const passwords = createPasswords(deps.hashing ?? usualHashing, law.operator.security.passwordLength);
  const life = createLife(deps);
  const totp = createTotp(deps, law.operator.shortName);
  const staff = createStaff(deps, passwords);
  const stores = createStores({ report, life });
  const today = (): Temporal.PlainDate => dayOf(clock.now(), law.zone);

  const activity: Accounts['activity'] = async (trx, id, kind) => {
    const before = await life.touch(trx, id);
    if (!before) return;
    const fact = { about: id, subject: before.subject, at: clock.now() };
    await report(trx, { name: 'account.active', ...fact, fields: { kind } });
  };

  async function user(trx: Trx, id: string): Promise<Account> {
    const account = await lockAccount(trx, id);
    if (account?.kind !== 'user') throw new Refusal('account.unknown', 'not-found', { account: id });
    return account;
  }

  const accounts: Accounts = {
    async registerUser(trx, registration) {
      const email = normalEmail(registration.email);
      const name = normalName(registration.name);
      const position = normalPosition(registration.position);
      const password_hash = await passwords.hash(registration.password);
      await mustBeFree(trx, email);
      const at = clock.now();
      const account = newId('acc', at);
      const subject = await datamap.subjects.create(trx, { kind: 'relay-user' });
      const roles = ['relay-user' as const];
      await insertAccount(trx, { id: account, subject, kind: 'user', state: 'active', roles, at, on: today() });
      const locale = registration.locale ?? 'ru';
      await insertProfile(trx, 'user', { account_id: account, email, name, position, locale, password_hash });
      await report(trx, { name: 'account.registered', about: account, subject, at });
      await journal.append(trx, { action: 'account.registered', about: account, actor: account, body: { subject } });
      return { account, subject };
    },

    ...createSignIn(deps, { passwords, totp, activity }),

    async actor(id) {
      const account = await findAccount(db, id);
      const states: readonly string[] = open;
      if (!account || !states.includes(account.state)) return null;
      const profile = await findProfile(db, id);
      return profile && actorOf(account, profile);
    },

    sessions: createSessions(db, law.operator.security.sessionHours),
    setupLink: async () => (await staff.firstLink())?.path ?? null,
    staff,
    totp,
    get: findAccount,
    bySubject: findBySubject,
    async byEmail(trx, email) {
      const profile = await findProfileByEmail(trx, normalEmail(email));
      return profile && findAccount(trx, profile.account_id);
    },
    async profile(trx, id) {
      const row = await findProfile(trx, id);
      return row && profileOf(row);
    },
    living: (trx, page) => listUsers(trx, { states: living, ...page }),
    blocked: (trx, limit) => listUsers(trx, { states: ['blocked'], limit }),

    async changeProfile(trx, id, changes) {
      const account = await lockAccount(trx, id);
      const profile = account && (await findProfile(trx, id));
      if (!account || !profile) throw new Refusal('account.unknown', 'not-found', { account: id });
      if (profile.restricted && (changes.name !== undefined || changes.position !== undefined)) {
        throw new Refusal('account.restricted', 'conflict', {
          message: 'Данные заблокированы на время проверки; изменить их пока нельзя.',
        });
      }
      await changeProfileRow(trx, account.kind, id, {
        ...(changes.name === undefined ? {} : { name: normalName(changes.name) }),
        ...(changes.position === undefined ? {} : { position: normalPosition(changes.position) }),
        ...(changes.locale === undefined ? {} : { locale: changes.locale }),
      });
      const body = { fields: Object.keys(changes) };
      await journal.append(trx, { action: 'account.profile-changed', about: id, actor: id, body });
    },

    async changePassword(trx, id, present, next) {
      const account = await lockAccount(trx, id);
      const profile = account && (await findProfile(trx, id));
      if (!account || !profile || !(await passwords.matches(profile.password_hash, present))) {
        throw new Refusal('sign-in.refused', 'unauthenticated', {
          field: 'present',
          message: 'Нынешний пароль указан неверно.',
        });
      }
      await changeProfileRow(trx, account.kind, id, { password_hash: await passwords.hash(next) });
      await deleteSessionsOf(trx, id);
      await journal.append(trx, { action: 'account.password-set', about: id, actor: id });
    },

    activity,

    async heard(trx, fact) {
      if (fact.name === 'account.active') {
        await life.touch(trx, fact.about);
        return;
      }
      if (!Object.hasOwn(activities, fact.name) || !fact.subject) return;
      const account = await findBySubject(trx, fact.subject);
      if (account) await activity(trx, account.id, activities[fact.name as keyof typeof activities]);
    },

    async block(trx, id, { ground, reason, by }) {
      const letter = await life.block(trx, await user(trx, id), ground);
      await journal.append(trx, { action: 'account.blocked', about: id, actor: by, body: { ground, reason, letter } });
    },

    async restore(trx, id, { reason, by }) {
      const account = await user(trx, id);
      const { change, facts } = restored(account, clock.now(), today());
      await changeAccount(trx, id, turned(change));
      for (const { name, at } of facts) await report(trx, { name, about: id, subject: account.subject, at });
      const body = { ground: account.blockGround, reason };
      await journal.append(trx, { action: 'account.restored', about: id, actor: by, body });
    },

    async previewDeletion(id) {
      const account = await findAccount(db, id);
      if (!account) throw new Refusal('account.unknown', 'not-found', { account: id });
      const { items, eraseBy, lostPaidTime } = await retention.preview(account.subject, 'account-deleted');
      return { items, eraseBy, lostPaidTime: lostPaidTime ?? (await paidTimeLeft(account.subject)) };
    },

    async deletion(trx, id) {
      const account = await user(trx, id);
      const profile = await findProfile(trx, id);
      const at = clock.now();
      const lost = await paidTimeLeft(account.subject, trx);
      await life.end(trx, account, { ground: 'account-deleted', by: 'user', at });
      const cause = { kind: 'account-deleted', about: id } as const;
      const request = await requests.receive(trx, {
        channel: 'dashboard',
        kind: 'erasure',
        receivedAt: at,
        from: { subject: account.subject, ...(profile ? { email: profile.email, name: profile.name } : {}) },
        identified: { method: 'session', by: id },
        cause,
      });
      // The plan of the request, or a new one: retention answers with the one that is open.
      const plan = await retention.plan(trx, account.subject, { cause, by: id, at });
      // By e-mail only: nobody can open the dashboard any more.
      const letter = await life.send(
        trx,
        account,
        'account.deletion-started',
        (locale) => ({
          at,
          eraseBy: plan.eraseBy,
          goes: goes(plan.items),
          stays: stays(plan.items),
          ...(lost ? { lostPaidTime: lostTime[locale](printDay(lost.until, locale), lost.days) } : {}),
          number: request.number,
          clause: cite(plan.due.because.winner.cite, locale),
        }),
        ['email'],
      );
      const body = { request: request.id, plan: plan.id, letter, lostPaidDays: lost?.days ?? 0 };
      await journal.append(trx, { action: 'account.deletion-started', about: id, actor: id, body });
      return { plan: plan.id, request: request.id, number: request.number, eraseBy: plan.eraseBy };
    },

    onEnded: life.onEnded,
    next: life.next,
    sweep: () => life.sweep(),
    stores,
    impersonal,
  };

  /** Paid days that would be lost by leaving today. */
  async function paidTimeLeft(
    subject: string,
    inside?: Trx,
  ): Promise<{ until: Temporal.PlainDate; days: number } | null> {
    const ask = deps.paidUntil;
    const until = ask && (inside ? await ask(inside, subject) : await db.transaction((trx) => ask(trx, subject)));
    const days = until ? today().until(until, { largestUnit: 'days' }).days : 0;
    return until && days > 0 ? { until, days } : null;
  }

  datamap.register('accounts', stores, impersonal);

  // The last letter to somebody whose profile has just gone; a request has its own answer.
  retention.onPlanDone(async (trx, plan, acts) => {
    if (plan.cause.kind !== 'inactivity') return;
    const account = await findBySubject(trx, plan.subject);
    const box = account && (await takeFarewell(trx, account.id));
    if (!account || !box) return;
    const { email, name, locale } = JSON.parse((await vault.open(box, farewellAad(account.id))).toString());
    const to: { email: string; name: string } = { email, name };
    await letters.queue(trx, {
      template: 'account.erased',
      to,
      locale,
      about: account.id,
      forgetOnceSent: true,
      data: {
        erasedAt: clock.now(),
        acts: acts.map(({ number }) => number),
        reason: erasedForInactivity[locale as 'ru' | 'en'],
        stays: stays(plan.items),
        clause: sectionOf(law.operator, 'inactivity').clause,
      },
    });
  });

  jobs.define(lifecycle, async () => {
    await life.sweep();
  });
  jobs.source({ name: lifecycle, job: lifecycle, next: life.next });

  return accounts;
}
