import type { ColumnRow } from './store.ts';
import type { RegisteredStore } from './types.ts';

/** Something of the database that the map does not know, or of the map that the database does not have. */
export interface MapProblem {
  what: string;
  why: string;
}

/** In `columns`, for free text that is about the machine: a state, a name of a queue. */
export const notAboutAnyone = 'technical';

/** Tables that the database tools keep for themselves. */
const tools = new Set(['core.migrations', 'core.migrations_lock']);

/** Types that can hold words about a person. Numbers, days and flags of a declared table follow the table. */
const freeTypes = new Set(['text', 'varchar', 'bpchar', 'bytea', 'json', 'jsonb', 'inet', 'cidr', '_text', 'xml']);

/** Our ids are random and say nothing. */
const isId = (column: string): boolean => column === 'id' || column.endsWith('_id');

/** Compares the tables there are with those declared. Pure. */
export function findProblems(
  columns: readonly ColumnRow[],
  stores: readonly RegisteredStore[],
  impersonal: readonly { table: string }[],
): MapProblem[] {
  const problems: MapProblem[] = [];
  const ofStores = new Map<string, string>();
  const declared = new Set<string>();
  for (const { key, store } of stores) {
    if (store.elsewhere) continue;
    for (const table of store.tables) ofStores.set(table, key);
    for (const column of Object.keys(store.columns)) declared.add(column);
    if (store.anchors && 'unsupported' in store.erase) {
      problems.push({ what: key, why: 'its records have a term, but it cannot erase' });
    }
  }
  const without = new Set(impersonal.map(({ table }) => table));
  const there = new Set<string>();
  const undeclaredTables = new Set<string>();
  for (const { schema, table, column, type } of columns) {
    const name = `${schema}.${table}`;
    const full = `${name}.${column}`;
    there.add(name).add(full);
    if (tools.has(name) || without.has(name)) continue;
    if (!ofStores.has(name)) undeclaredTables.add(name);
    else if (!declared.has(full) && freeTypes.has(type) && !isId(column)) {
      problems.push({ what: full, why: 'holds free text or bytes and no store says what they are' });
    }
  }
  for (const name of undeclaredTables)
    problems.push({ what: name, why: 'no store has it and nobody calls it impersonal' });
  for (const name of [...ofStores.keys(), ...without, ...declared]) {
    if (!there.has(name)) problems.push({ what: name, why: 'is declared and does not exist' });
  }
  for (const name of without) {
    if (ofStores.has(name)) problems.push({ what: name, why: 'is called impersonal and belongs to a store' });
  }
  return problems;
}
