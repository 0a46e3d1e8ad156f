/**
 * What people agreed to, and to which text: editions of the operator's documents (immutable), acceptance of the offer,
 * acquaintance with the policy, and, apart from both, consents and their withdrawal. Tells everyone of a new edition
 * in time. Knows who has an account, not how they sign in; never turns silence into an acceptance.
 */
export * from './consents.ts';
export { earliestOf, inForce, mayTakeEffect } from './governing.ts';
export { stores as consentStores } from './stores.ts';
export type * from './types.ts';
