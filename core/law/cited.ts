import type { PolicyFile } from './files.ts';

/** A clause as a pack writes it, and the entry that rests on it: `promises.yaml: qsockets.answer`. */
export interface CitedClause {
  text: string; // «Оферта 3.5.3, 5.1.4; Политика 8»
  where: string;
}

/** Every clause of the operator's documents that its pack names, wherever it stands. */
export function citedIn(files: readonly PolicyFile[]): CitedClause[] {
  return files.flatMap((file) => {
    const found: CitedClause[] = [];
    const name = file.path.slice(file.path.lastIndexOf('/') + 1);
    const visit = (node: unknown, where: string): void => {
      if (node === null || typeof node !== 'object') return;
      const id = (node as { id?: unknown }).id;
      const here = typeof id === 'string' && !Array.isArray(node) ? `${name}: ${id}` : where;
      for (const [key, inner] of Object.entries(node)) {
        if (/(^|_)clause$|^against$/.test(key) && typeof inner === 'string') found.push({ text: inner, where: here });
        else if (key === 'clauses' && Array.isArray(inner)) {
          found.push(...inner.map((text) => ({ text: String(text), where: here })));
        } else visit(inner, here);
      }
    };
    visit(file.data, name);
    return found;
  });
}
