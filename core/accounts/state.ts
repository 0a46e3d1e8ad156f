import { Refusal } from '../base/index.ts';

// Read it as a map: where an account may go from each state (offer 3.6.1, 8.2, 8.3.1).
const moves = {
  invited: ['active', 'closed'],
  active: ['noticed', 'blocked', 'deleted', 'closed'],
  noticed: ['active', 'blocked', 'deleted'],
  blocked: ['active', 'deleted'],
  deleted: ['erased'],
  erased: [],
  closed: [],
} as const;

/**
 * `noticed`: told that it will be blocked for inactivity. `deleted`: the contract has ended, the profile waits for its
 * erasure. `closed`: a staff account that was taken back. `invited`: staff who have not set a password yet.
 */
export type AccountState = keyof typeof moves;

/** @throws Refusal `account.wrong-state` */
export function move(from: AccountState, to: AccountState): AccountState {
  const allowed: readonly AccountState[] = moves[from];
  if (!allowed.includes(to)) throw new Refusal('account.wrong-state', 'conflict', { from, to });
  return to;
}

/** States in which the contract with the user is alive. */
export const living = ['active', 'noticed', 'blocked'] as const satisfies readonly AccountState[];

/** States in which somebody may be signed in. */
export const open = ['active', 'noticed'] as const satisfies readonly AccountState[];
