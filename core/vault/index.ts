/**
 * Data keys: makes them, seals and opens with them, destroys them. A key lives in a file outside the database, wrapped
 * by the key of the present epoch; destroying any key ends the epoch, so that no older copy of the file can be read.
 * Knows names and bytes; not what is sealed, nor why or when a key must go.
 */
export { openBox } from './box.ts';
export * from './types.ts';
export { createVault } from './vault.ts';
