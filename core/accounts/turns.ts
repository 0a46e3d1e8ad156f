import { Temporal } from '../base/index.ts';
import type { Law } from '../law/index.ts';
import { endOfEve, type Step } from './lifecycle.ts';
import { type AccountState, move, open } from './state.ts';
import type { BlockGround } from './types.ts';

/*
 * What a step or a fact does to an account, and the facts that tell of it, without a place to keep it: the running
 * service writes the change to its table, a timeline keeps it in memory, and both turn here.
 */

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

/** What is remembered of the life of an account. */
export interface Lived {
  state: AccountState;
  lastActiveOn: Day;
  noticedAt: Instant | null;
  blockedAt: Instant | null;
  blockGround: BlockGround | null;
  endedAt: Instant | null;
  erasedAt: Instant | null;
}

/** What a turn changes, and the facts to report in this order. */
export interface Turn {
  change: Partial<Lived>;
  facts: { name: string; at: Instant; fields: Record<string, unknown> }[];
}

/** How a contract ended, in the words of the facts. */
export interface Ending {
  ground?: string;
  by?: string;
  at: Instant;
}

/** Facts of plugins that mean: this person did something. */
export const activities = {
  'message.processed': 'message',
  'payment.succeeded': 'payment',
  'project.created': 'project',
  'project.deleted': 'project',
} as const;

export function noticed({ state }: Lived, at: Instant): Turn {
  return {
    change: { state: move(state, 'noticed'), noticedAt: at },
    facts: [{ name: 'account.noticed', at, fields: {} }],
  };
}

/** The letter of a block for inactivity is also the operator's notice of termination. */
export function blocked({ state }: Lived, at: Instant, ground: BlockGround): Turn {
  const told = { name: 'account.blocked', at, fields: { ground } };
  const termination = { name: 'termination.noticed', at, fields: { by: 'operator' } };
  return {
    change: { state: move(state, 'blocked'), noticedAt: null, blockedAt: at, blockGround: ground },
    facts: ground === 'inactivity' ? [told, termination] : [told],
  };
}

/** The contract ends; the profile waits for its erasure. The end of an account is told by two facts. */
export function ended({ state }: Lived, { ground, by, at }: Ending): Turn {
  return {
    change: { state: move(state, 'deleted'), endedAt: at },
    facts: [
      { name: 'contract.terminated', at, fields: ground ? { ground } : {} },
      { name: 'account.deleted', at, fields: by ? { by } : {} },
    ],
  };
}

/** Inactivity ends the contract with the last day of the term, also when nobody was there to see it. */
export function endOfInactivity(step: Step, law: Law): Ending & { by: string } {
  return { ground: 'operator-notice', by: 'inactivity', at: endOfEve(step.on, law.zone) };
}

/** The person did something: news only on a later day; who had been noticed is left alone again. */
export function active({ state, lastActiveOn }: Lived, on: Day): Turn | null {
  const mayEnter: readonly string[] = open;
  if (!mayEnter.includes(state) || Temporal.PlainDate.compare(on, lastActiveOn) <= 0) return null;
  const again: Partial<Lived> = state === 'noticed' ? { state: move(state, 'active'), noticedAt: null } : {};
  return { change: { ...again, lastActiveOn: on }, facts: [] };
}

export function restored({ state }: Lived, at: Instant, on: Day): Turn {
  return {
    change: { state: move(state, 'active'), blockedAt: null, blockGround: null, lastActiveOn: on },
    facts: [{ name: 'account.restored', at, fields: {} }],
  };
}

/** The profile is gone; what stays is random ids and the days of the account's life. */
export function erased({ state }: Lived, at: Instant): Turn {
  return {
    change: { state: move(state, 'erased'), erasedAt: at, blockGround: null },
    facts: [{ name: 'account.erased', at, fields: {} }],
  };
}
