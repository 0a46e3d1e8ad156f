/**
 * Stores built from the operator's pack: a table of another PostgreSQL database, a system that answers over HTTP, or
 * a task that a person does by hand. Knows how to ask them; knows nothing of what they mean.
 */
export { createConnectors } from './connectors.ts';
export { createTaskStore } from './manual.ts';
export { connectorsSchema } from './pack.ts';
export type * from './types.ts';
