import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Refusal } from '../../core/base/index.ts';
import { type Law, loadLaw, PolicyError } from '../../core/law/index.ts';

export const policies = fileURLToPath(new URL('../../policies/', import.meta.url));

/** What is added to a file of an operator (by its name, without the ending), or how its text is changed. */
type Added = Readonly<Record<string, string | ((text: string) => string)>>;

/** The packs of an operator with files that say more; gone after the work. */
export async function withAdded<T>(added: Added, work: (root: string) => Promise<T>) {
  const folder = mkdtempSync(join(tmpdir(), 'srok-policies-'));
  try {
    const root = join(folder, 'policies');
    cpSync(policies, root, { recursive: true });
    for (const [name, more] of Object.entries(added)) {
      const file = join(root, 'operators/qsockets', `${name}.yaml`);
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, typeof more === 'string' ? `${text.trimEnd()}\n${more.trim()}\n` : more(text));
    }
    return await work(root);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The law of an operator whose documents say more. */
export function lawWith(added: Added): Promise<Law> {
  return withAdded(added, (root) => loadLaw({ root, operator: 'qsockets' }));
}

/** What is wrong with packs that must not be loaded. */
export function failureOf(added: Added): Promise<PolicyError> {
  return withAdded(added, async (root) => {
    try {
      await loadLaw({ root, operator: 'qsockets' });
    } catch (error) {
      if (error instanceof PolicyError) return error;
      throw error;
    }
    throw new Error('it was loaded');
  });
}

/** Why the law does not answer. */
export function refusal(act: () => unknown): Refusal {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
