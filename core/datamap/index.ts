/**
 * Where what about people lies: stores with their categories, purposes and schedules, the subjects themselves, and the
 * record of processing (реестр обработки) printed from them. Checks that every column of the database is declared.
 * Does not know how long anything is kept, nor why anyone asks.
 */
export { type MapProblem, notAboutAnyone } from './check.ts';
export * from './datamap.ts';
export * from './days.ts';
export * from './types.ts';
