/**
 * The append-only, tamper-evident record of what was done: entries in the caller's transaction, a Merkle tree
 * (RFC 6962) over them, signed checkpoints, verification and export. Knows neither what an action means nor how a
 * body is sealed: `seal` and `open` are handed in.
 */

export { verifyFile } from './export.ts';
export { createJournal } from './journal.ts';
export { loadSigningKeys } from './keys.ts';
export { journalImpersonal, journalStores } from './stores.ts';
export { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from './tree.ts';
export * from './types.ts';
