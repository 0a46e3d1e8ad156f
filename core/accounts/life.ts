import type { Temporal } from '../base/index.ts';
import { dayOf, startOf } from '../calendar/index.ts';
import type { Db, Trx } from '../db/index.ts';
import { sectionOf } from '../law/index.ts';
import type { LetterChannel, LetterData, LetterTemplate } from '../letters/index.ts';
import { afterBlock, endOfEve, nextStep, type Step } from './lifecycle.ts';
import { move } from './state.ts';
import {
  changeAccount,
  deleteLinks,
  deleteSessionsOf,
  findProfile,
  listWaiting,
  lockAccount,
  touchAccount,
  type Waiting,
} from './store.ts';
import type { Account, Accounts, AccountsDeps, BlockGround } from './types.ts';
import { blockGrounds, howToReturn } from './words.ts';

const pageSize = 200;
const waiting: readonly Waiting[] = ['active', 'noticed', 'blocked'];

/** How the contract ended, in the words of the facts. */
interface Ending {
  ground: 'account-deleted' | 'operator-notice';
  by: 'user' | 'request' | 'inactivity';
  at: Temporal.Instant;
}

type EndedListener = Parameters<Accounts['onEnded']>[0];

/** What an account lives through: activity, notice, block, the end of the contract. */
export function createLife(deps: AccountsDeps) {
  const { db, clock, law, journal, letters, report } = deps;
  const listeners: EndedListener[] = [];
  const today = (): Temporal.PlainDate => dayOf(clock.now(), law.zone);
  const paidUntil = async (trx: Trx, subject: string): Promise<Temporal.PlainDate | null> =>
    (await deps.paidUntil?.(trx, subject)) ?? null;

  /** Moves the day of activity; an account that had been noticed is left alone again. @returns whether it was news */
  async function touch(trx: Trx, id: string): Promise<Account | null> {
    const before = await touchAccount(trx, id, today());
    if (before?.state === 'noticed') {
      await changeAccount(trx, id, { state: move('noticed', 'active'), noticed_at: null });
      await journal.append(trx, { action: 'account.active-again', about: id, actor: id });
    }
    return before;
  }

  /**
   * Ends the contract: nobody is signed in any more, and everyone who hears the facts closes what is theirs. The
   * profile waits for its erasure.
   */
  async function end(trx: Trx, account: Account, { ground, by, at }: Ending): Promise<void> {
    const about = { about: account.id, subject: account.subject, at };
    await changeAccount(trx, account.id, { state: move(account.state, 'deleted'), ended_at: at });
    await deleteSessionsOf(trx, account.id);
    await deleteLinks(trx, account.id);
    for (const listener of listeners) await listener(trx, { account: account.id, subject: account.subject, at });
    await report(trx, { name: 'contract.terminated', ...about, fields: { ground } });
    await report(trx, { name: 'account.deleted', ...about, fields: { by } });
    const actor = by === 'user' ? account.id : 'system';
    await journal.append(trx, { action: 'account.ended', about: account.id, actor, body: { ground, by } });
  }

  async function send<T extends LetterTemplate>(
    trx: Trx,
    account: Account,
    template: T,
    write: (locale: 'ru' | 'en') => LetterData[T],
    channels: LetterChannel[] = ['email', 'dashboard'],
  ): Promise<string> {
    const profile = await findProfile(trx, account.id);
    if (!profile) throw new Error(`The account ${account.id} has no profile to write to.`);
    return letters.queue(trx, {
      template,
      to: { subject: account.subject, account: account.id, email: profile.email, name: profile.name },
      locale: profile.locale,
      about: account.id,
      channels,
      data: write(profile.locale),
    });
  }

  /** What inactivity leads to; only taken by operators whose accounts have such a life cycle. */
  const inactivity = () => sectionOf(law.operator, 'inactivity');
  /** Where to sign in; before the service listens, the operator's site. */
  const signInPage = (): string => (deps.publicUrl?.() ? `${deps.publicUrl()}/auth/login` : law.operator.site);

  /** Shuts the door; whoever hears the fact closes tokens and connections. */
  async function shut(trx: Trx, account: Account, ground: BlockGround): Promise<void> {
    const at = clock.now();
    const change = { noticed_at: null, blocked_at: at, block_ground: ground };
    await changeAccount(trx, account.id, { ...change, state: move(account.state, 'blocked') });
    await deleteSessionsOf(trx, account.id);
    const fact = { about: account.id, subject: account.subject, at };
    await report(trx, { name: 'account.blocked', ...fact, fields: { ground } });
  }

  /** A person blocks: the holder is told at once, with the ground and the way to object. */
  async function block(trx: Trx, account: Account, ground: BlockGround): Promise<string> {
    await shut(trx, account, ground);
    return send(trx, account, 'account.blocked', (locale) => ({
      blockedAt: clock.now(),
      ground: blockGrounds[ground][locale],
      ...(law.operator.inactivity ? { clause: law.operator.inactivity.clause } : {}),
      how: howToReturn[locale](law.operator.email),
    }));
  }

  const steps: Record<Step['step'], (trx: Trx, account: Account, due: Step) => Promise<void>> = {
    async notice(trx, account) {
      const at = clock.now();
      const blockFrom = nextStep({ ...account, state: 'noticed', noticedAt: at }, law)?.on ?? today();
      const { lastActiveOn } = account;
      const data = { lastActiveOn, blockFrom, clause: inactivity().clause, url: signInPage() };
      const letter = await send(trx, account, 'account.inactivity-notice', () => data);
      await changeAccount(trx, account.id, { state: move(account.state, 'noticed'), noticed_at: at });
      const fact = { about: account.id, subject: account.subject, at };
      await report(trx, { name: 'account.noticed', ...fact, fields: { letter } });
      await journal.append(trx, { action: 'account.noticed', about: account.id, actor: 'system', body: { letter } });
    },
    async block(trx, account) {
      const at = clock.now();
      const { endsOn, eraseFrom } = afterBlock(at, law);
      const { clause, terminationNotice } = inactivity();
      const terminationClause = law.value(terminationNotice, today()).cite.clause;
      const letter = await send(trx, account, 'account.blocked', (locale) => ({
        blockedAt: at,
        ground: blockGrounds.inactivity[locale],
        terminatesOn: endsOn,
        ...(terminationClause ? { terminationClause } : {}),
        eraseFrom,
        clause,
        how: howToReturn[locale](law.operator.email),
      }));
      await shut(trx, account, 'inactivity');
      const fact = { about: account.id, subject: account.subject, at };
      await report(trx, { name: 'termination.noticed', ...fact, fields: { by: 'operator' } });
      const body = { ground: 'inactivity', letter };
      await journal.append(trx, { action: 'account.blocked', about: account.id, actor: 'system', body });
    },
    async end(trx, account, due) {
      // The contract ended with the last day of the term, also when this process was not there to see it.
      const at = endOfEve(due.on, law.zone);
      await end(trx, account, { ground: 'operator-notice', by: 'inactivity', at });
      const cause = { kind: 'inactivity', about: account.id } as const;
      await deps.retention.plan(trx, account.subject, { cause, by: 'system', at });
    },
  };

  /** Accounts of a state in the order of their next step, page by page. */
  async function* inOrder(source: Db | Trx, state: Waiting): AsyncGenerator<Account> {
    for (let offset = 0; ; offset += pageSize) {
      const page = await listWaiting(source, state, { offset, limit: pageSize });
      yield* page;
      if (page.length < pageSize) return;
    }
  }

  const notAfter = (a: Temporal.PlainDate, b: Temporal.PlainDate): boolean => a.toString() <= b.toString();

  async function next(source: Db): Promise<Temporal.Instant | null> {
    return source.transaction(async (trx) => {
      let first: Temporal.PlainDate | null = null;
      for (const state of waiting) {
        for await (const account of inOrder(trx, state)) {
          const unpaid = nextStep(account, law);
          // Whoever has waited less comes later, paid or not.
          if (!unpaid || (first && notAfter(first, unpaid.on))) break;
          const step = nextStep(account, law, await paidUntil(trx, account.subject));
          if (step && (!first || !notAfter(first, step.on))) first = step.on;
        }
      }
      return first && startOf(first, law.zone);
    });
  }

  /** Takes the step of one account if it may still be taken; each in a transaction of its own. */
  async function take(id: string, day: Temporal.PlainDate): Promise<Step['step'] | null> {
    return db.transaction(async (trx) => {
      const account = await lockAccount(trx, id, { skip: true });
      const step = account && nextStep(account, law, await paidUntil(trx, account.subject));
      if (!account || !step || !notAfter(step.on, day)) return null;
      await steps[step.step](trx, account, step);
      return step.step;
    });
  }

  async function sweep(): Promise<{ noticed: number; blocked: number; ended: number }> {
    const day = today();
    const due: string[] = [];
    for (const state of waiting) {
      for await (const account of inOrder(db, state)) {
        const step = nextStep(account, law);
        if (!step || !notAfter(step.on, day)) break;
        due.push(account.id);
      }
    }
    const done = { notice: 0, block: 0, end: 0 };
    for (const id of due) {
      const step = await take(id, day);
      if (step) done[step]++;
    }
    return { noticed: done.notice, blocked: done.block, ended: done.end };
  }

  return { touch, end, block, send, next, sweep, onEnded: (listener: EndedListener) => void listeners.push(listener) };
}

export type Life = ReturnType<typeof createLife>;
