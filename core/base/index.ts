/**
 * The small shared words: time, ids, processes, refusals. Knows nothing of law, of databases or of people.
 */
export { Temporal } from 'temporal-polyfill';
export * from './clock.ts';
export * from './digests.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './process.ts';
