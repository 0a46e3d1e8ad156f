/**
 * Duties that facts open: due, extended, discharged, overdue. Asks the law which duties a fact opens and until when,
 * and keeps the answer with the digest of the packs, so that any past decision can be replayed. Takes what staff report
 * because no program can know it. Does not know what a duty is about, nor who carries it out.
 */
export type { Term } from './due.ts';
export * from './event-types.ts';
export { createEvents } from './events.ts';
export { type Counted, explainTerm, ru, timeOf } from './explain.ts';
export { checkFact } from './facts.ts';
export * as ledger from './ledger.ts';
export * from './obligations.ts';
export { obligationStores } from './stores.ts';
