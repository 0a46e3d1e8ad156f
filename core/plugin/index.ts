/**
 * What a plugin is, and the host that seats plugins at the table: their tables, stores, facts, jobs, routes and doors.
 * Also whose installation this is: one database serves one operator, with the plugins its pack lists. Knows the rooms of
 * the core; knows no plugin by name.
 */
export { giveConnections } from './doors.ts';
export * from './host.ts';
export * from './installation.ts';
export * from './types.ts';
