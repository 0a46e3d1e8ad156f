/**
 * The road to PostgreSQL: the embedded server or an outside one, the pool, the types that cross the border, and the
 * migrations of all rooms and plugins. Knows no table.
 */
export * from './database.ts';
export * from './embedded.ts';
export * from './lock.ts';
export * from './span.ts';
export * from './turn.ts';

import './types.ts';
