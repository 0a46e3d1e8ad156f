/**
 * What may go, what must stay, and the proof: sweeps of ended terms, legal holds, erasure plans for a person,
 * destruction acts with their extract, the ledger, and the guard that keeps an erased person erased. Asks the law for
 * every day. Does not know what a store holds, who asked, nor how a letter looks.
 */
export { covers, frozenBecause, reasonOf } from './keeping.ts';
export { type PlanDays, planDays, planDaysAfterHold } from './plan-days.ts';
export { createRetention } from './retention.ts';
export type { RetentionDeps } from './room.ts';
export { retentionStores } from './stores.ts';
export type * from './types.ts';
