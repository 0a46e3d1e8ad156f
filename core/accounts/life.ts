import type { Temporal } from '../base/index.ts';
import { dayOf, startOf } from '../calendar/index.ts';
import type { Db, Trx } from '../db/index.ts';
import { requisites, sectionOf } from '../law/index.ts';
import type { LetterChannel, LetterData, LetterTemplate } from '../letters/index.ts';
import { afterBlock, nextStep, type Step } from './lifecycle.ts';
import {
  changeAccount,
  deleteLinks,
  deleteSessionsOf,
  findProfile,
  listWaiting,
  lockAccount,
  touchAccount,
  turned,
  type Waiting,
} from './store.ts';
import { active, blocked, type Ending, ended, endOfInactivity, noticed, type Turn } from './turns.ts';
import type { Account, Accounts, AccountsDeps, BlockGround } from './types.ts';
import { blockGrounds, howToReturn } from './words.ts';

const pageSize = 200;
const waiting: readonly Waiting[] = ['active', 'noticed', 'blocked'];

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
    const turn = before && active(before, today());
    if (turn?.change.state) {
      await changeAccount(trx, id, turned(turn.change));
      await journal.append(trx, { action: 'account.active-again', about: id, actor: id });
    }
    return before;
  }

  /**
   * Ends the contract: nobody is signed in any more, and everyone who hears the facts closes what is theirs. The
   * profile waits for its erasure.
   */
  async function end(trx: Trx, account: Account, ending: Ending & { by: string }): Promise<void> {
    const turn = ended(account, ending);
    const { ground, by, at } = ending;
    await changeAccount(trx, account.id, turned(turn.change));
    await deleteSessionsOf(trx, account.id);
    await deleteLinks(trx, account.id);
    for (const listener of listeners) await listener(trx, { account: account.id, subject: account.subject, at });
    await tell(trx, account, turn);
    const actor = by === 'user' ? account.id : 'system';
    await journal.append(trx, { action: 'account.ended', about: account.id, actor, body: { ground, by } });
  }

  /** Reports the facts of a turn; `also`: what is known besides. */
  async function tell(trx: Trx, account: Account, turn: Turn, also: Record<string, unknown> = {}): Promise<void> {
    for (const { name, at, fields } of turn.facts) {
      await report(trx, { name, about: account.id, subject: account.subject, at, fields: { ...fields, ...also } });
    }
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

  /** Shuts the door; whoever hears the facts closes tokens and connections. */
  async function shut(trx: Trx, account: Account, ground: BlockGround): Promise<void> {
    const turn = blocked(account, clock.now(), ground);
    await changeAccount(trx, account.id, turned(turn.change));
    await deleteSessionsOf(trx, account.id);
    await tell(trx, account, turn);
  }

  /** A person blocks: the holder is told at once, with the ground and the way to object. */
  async function block(trx: Trx, account: Account, ground: BlockGround): Promise<string> {
    await shut(trx, account, ground);
    return send(trx, account, 'account.blocked', (locale) => ({
      blockedAt: clock.now(),
      ground: blockGrounds[ground][locale],
      ...(law.operator.inactivity ? { clause: law.operator.inactivity.clause } : {}),
      how: howToReturn[locale](requisites(law.operator, locale).contact),
    }));
  }

  const steps: Record<Step['step'], (trx: Trx, account: Account, due: Step) => Promise<void>> = {
    async notice(trx, account) {
      const turn = noticed(account, clock.now());
      const blockFrom = nextStep({ ...account, ...turn.change }, law)?.on ?? today();
      const { lastActiveOn } = account;
      const data = { lastActiveOn, blockFrom, clause: inactivity().clause, url: signInPage() };
      const letter = await send(trx, account, 'account.inactivity-notice', () => data);
      await changeAccount(trx, account.id, turned(turn.change));
      await tell(trx, account, turn, { letter });
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
        how: howToReturn[locale](requisites(law.operator, locale).contact),
      }));
      await shut(trx, account, 'inactivity');
      const body = { ground: 'inactivity', letter };
      await journal.append(trx, { action: 'account.blocked', about: account.id, actor: 'system', body });
    },
    async end(trx, account, due) {
      const ending = endOfInactivity(due, law);
      await end(trx, account, ending);
      const cause = { kind: 'inactivity', about: account.id } as const;
      await deps.retention.plan(trx, account.subject, { cause, by: 'system', at: ending.at });
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
