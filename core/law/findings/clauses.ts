import { openPolicies } from '../files.ts';

interface RawInventory {
  source: { operator?: string; document?: string; cited_as: string };
  clauses?: string[];
}

/**
 * The clauses that an operator's documents have, by the word they are cited with: «Оферта» → 3.5.3, 8.2.1(б) … A
 * document whose clauses nobody has listed is left out.
 * @param root the folder `policies/`
 * @throws PolicyError when an inventory has not the right shape
 */
export async function readClauses(root: URL | string, operator: string): Promise<Map<string, ReadonlySet<string>>> {
  const reader = await openPolicies(root);
  const files = await Promise.all(
    (await reader.list('inventory')).map((path) => reader.read(path, 'inventory.schema.json')),
  );
  return new Map(
    files
      .map(({ data }) => data as RawInventory)
      .flatMap(({ source, clauses }) =>
        source.operator === operator && source.document && clauses ? [[source.cited_as, new Set(clauses)]] : [],
      ),
  );
}
