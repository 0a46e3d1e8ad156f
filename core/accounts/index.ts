/**
 * Who may enter and what an account lives through: registration, sign-in, second factor, sessions, roles, inactivity,
 * block, deletion. Keeps people apart from their accounts: an account is ids, states and days, the person is a profile
 * row that can go alone. Asks the law for every day and retention for every erasure; knows no project, no price and
 * no screen.
 */
export * from './accounts.ts';
export { nextStep as nextLifeStep, type Step as LifeStep } from './lifecycle.ts';
export * from './rights.ts';
export type { AccountState } from './state.ts';
export { createStores as accountStores } from './stores.ts';
export * as turns from './turns.ts';
export type * from './types.ts';
export { blockGrounds, staffGrounds } from './words.ts';
