import { type LifeStep, nextLifeStep, turns } from '../../accounts/index.ts';
import { Refusal, type Temporal } from '../../base/index.ts';
import { dayOf, startOf } from '../../calendar/index.ts';
import type { Because, Law } from '../../law/index.ts';
import { planDays, planDaysAfterHold } from '../../retention/index.ts';
import { laterOf, type Note } from './entries.ts';
import type { Coming, Told } from './told.ts';
import { lifeFacts } from './whose.ts';

type Instant = Temporal.Instant;
type Day = Temporal.PlainDate;

interface Account {
  id: string;
  subject: string;
  life: turns.Lived;
  erasure: { at: Instant; because: Because } | null;
}

export interface Surroundings {
  law: Law;
  note: Note;
  /** The person of an account. */
  ofAccount(account: string): string;
  /** The last paid day of a person. */
  paidUntil(subject: string): Day | null;
  /** The last day of the prohibitions that keep something of a person from being destroyed on a day and later. */
  heldUntil(category: string, about: string, subject: string | null, on: Day): Day | null;
  /** Does the scenario itself tell this of the account, at this instant or later? */
  tells(fact: string, about: string, at: Instant): boolean;
}

const profile = 'account.profile';

/** Accounts in memory: they take the steps that the running service takes, by the same code. */
export function createLives({ law, note, ofAccount, paidUntil, heldUntil, tells }: Surroundings) {
  const accounts = new Map<string, Account>();

  const newcomer = (id: string, at: Instant): Account => {
    const none = { noticedAt: null, blockedAt: null, blockGround: null, endedAt: null, erasedAt: null };
    const life: turns.Lived = { state: 'active', lastActiveOn: dayOf(at, law.zone), ...none };
    return { id, subject: ofAccount(id), life, erasure: null };
  };

  /** Writes a turn down and gives the facts that tell of it. */
  function turn(account: Account, { change, facts }: turns.Turn, toldAt: Instant, why: Because | null): Told[] {
    const from = account.life.state;
    account.life = { ...account.life, ...change };
    const { state } = account.life;
    if (state !== from)
      note({ at: facts[0]?.at ?? toldAt, kind: 'state', about: account.id, from, to: state, because: why });
    if (state === 'deleted' && from !== state) account.erasure = erasureOf(account);
    const { id: about, subject } = account;
    return facts.map(({ name, at, fields }) => ({
      ...{ name, about, aboutKind: 'account', subject, at, fields, toldAt, place: null },
    }));
  }

  /** When the data go by themselves: nobody has checked the plan, and its last day begins. */
  function erasureOf({ id, subject, life }: Account): Account['erasure'] {
    if (!life.endedAt) return null;
    try {
      const { autoAt, due } = planDays(law, life.endedAt);
      let at = laterOf(autoAt, life.endedAt);
      for (;;) {
        const held = heldUntil(profile, id, subject, dayOf(at, law.zone));
        if (!held) return { at, because: due.because };
        at = planDaysAfterHold(held, law.zone).autoAt;
      }
    } catch (error) {
      // Nothing says by when: then nothing goes by itself.
      if (error instanceof Refusal && error.code === 'law.no-value') return null;
      throw error;
    }
  }

  /** What a fact of the scenario does to an account. */
  function turnOf({ life }: Account, { name, at, fields }: Told): turns.Turn | null {
    const on = dayOf(at, law.zone);
    switch (name) {
      case 'account.noticed':
        return turns.noticed(life, at);
      case 'account.blocked':
        return turns.blocked(life, at, fields.ground as Parameters<typeof turns.blocked>[2]);
      case 'account.restored':
        return turns.restored(life, at, on);
      case 'account.deleted':
      case 'contract.terminated':
        return life.endedAt ? null : turns.ended(life, { at });
      case 'account.erased':
        return turns.erased(life, at);
      default:
        return turns.active(life, on);
    }
  }

  function steps(account: Account, step: LifeStep, at: Instant): Told[] {
    const { life } = account;
    if (step.step === 'notice') return turn(account, turns.noticed(life, at), at, step.because);
    if (step.step === 'block') return turn(account, turns.blocked(life, at, 'inactivity'), at, step.because);
    return turn(account, turns.ended(life, turns.endOfInactivity(step, law)), at, step.because);
  }

  /** The destruction of the profile is told like every destruction. */
  function erase(account: Account, at: Instant): Told[] {
    const told = turn(account, turns.erased(account.life, at), at, account.erasure?.because ?? null);
    const [fact] = told;
    if (!fact) return told;
    return [...told, { ...fact, name: 'data.destroyed', aboutKind: 'destruction', fields: { category: profile } }];
  }

  return {
    /** @returns the facts that follow from it at once, as the running service tells them */
    hear(fact: Told): Told[] {
      const isLife = (lifeFacts as readonly string[]).includes(fact.name);
      if (!isLife) {
        if (!Object.hasOwn(turns.activities, fact.name) || !fact.subject) return [];
        const account = [...accounts.values()].find(({ subject }) => subject === fact.subject);
        const change = account && turns.active(account.life, dayOf(fact.at, law.zone));
        if (!account || !change) return [];
        turn(account, change, fact.at, null);
        const kind = turns.activities[fact.name as keyof typeof turns.activities];
        const { id: about, subject } = account;
        return [
          { ...fact, name: 'account.active', about, aboutKind: 'account', subject, fields: { kind }, place: null },
        ];
      }
      // What an account itself has led to is already written down.
      if (fact.place === null) return [];
      const known = accounts.get(fact.about);
      const account = known ?? newcomer(fact.about, fact.at);
      if (!known) {
        accounts.set(fact.about, account);
        note({ at: fact.at, kind: 'state', about: account.id, from: null, to: account.life.state, because: null });
      }
      if (fact.name === 'account.erased' && !account.life.endedAt) {
        const ended = turn(account, turns.ended(account.life, { at: fact.at }), fact.at, null);
        return [...ended, ...erase(account, fact.at).slice(1)];
      }
      if (fact.name === 'account.erased') return erase(account, fact.at).slice(1);
      const change = turnOf(account, fact);
      if (!change) return [];
      const following = turn(account, change, fact.at, null);
      return following.filter(({ name, at }) => name !== fact.name && !tells(name, account.id, at));
    },

    /** The next step that some account takes by itself. */
    next(now: Instant): Coming | null {
      let first: Coming | null = null;
      const consider = (at: Instant, take: () => Told[]): void => {
        if (!first || at.epochNanoseconds < first.at.epochNanoseconds) first = { at, take };
      };
      for (const account of accounts.values()) {
        if (account.life.state === 'deleted' && account.erasure) {
          const at = laterOf(account.erasure.at, now);
          consider(at, () => erase(account, at));
        }
        const step = nextLifeStep(account.life, law, paidUntil(account.subject));
        if (step) {
          const at = laterOf(startOf(step.on, law.zone), now);
          consider(at, () => steps(account, step, at));
        }
      }
      return first;
    },

    /** The day on which the profile of a person went; null when it is still there. */
    erasedOn(subject: string): Day | null {
      const gone = [...accounts.values()].filter((account) => account.subject === subject && account.life.erasedAt);
      const at = gone
        .map(({ life }) => life.erasedAt as Instant)
        .sort((a, b) => (a.epochNanoseconds < b.epochNanoseconds ? 1 : -1))[0];
      return at ? dayOf(at, law.zone) : null;
    },

    /** Accounts as they stand, for a comparison with those of a running service. */
    accounts: (): ReadonlyMap<string, Readonly<Account>> => accounts,
  };
}
