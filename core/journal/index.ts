/**
 * The append-only, tamper-evident record of what was done: entries in the caller's transaction, a Merkle tree
 * (RFC 6962) over them, signed checkpoints, verification and export. Knows neither what an action means nor how a
 * body is sealed: `seal` and `open` are handed in.
 */
export * from './types.ts';
