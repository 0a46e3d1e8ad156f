/**
 * The face of the core that plugins see. A plugin imports this file and its own folder, nothing else of ours.
 */
export * from './accounts/index.ts';
export * from './base/index.ts';
export * from './calendar/index.ts';
export * from './consents/index.ts';
// Words that two rooms use for different things: plugins get these.
export type { Words } from './datamap/index.ts';
export * from './datamap/index.ts';
export * from './db/index.ts';
export type { Locale } from './http/index.ts';
export * from './http/index.ts';
export * from './jobs/index.ts';
export * from './journal/index.ts';
export * from './law/index.ts';
export * from './letters/index.ts';
export * from './obligations/index.ts';
export * from './plugin/index.ts';
export * from './requests/index.ts';
export type { Plan } from './retention/index.ts';
export * from './retention/index.ts';
export * from './vault/index.ts';
