import type { Found, LintRule } from './lint.ts';

/** How a new pack marks what only its owner can say: a word in a text, a site that nobody can have, names of findings. */
export const mustFill = { word: 'ЗАПОЛНИТЕ:', site: 'https://zapolnite.example', finding: 'owner-must-fill.' } as const;

const marks = [mustFill.word.slice(0, -1), new URL(mustFill.site).hostname];

/** Places of a new pack that its owner has not filled in yet. */
export const placesToFill: LintRule = ({ pack }) => {
  const found: Found[] = [];
  const look = (value: unknown, path: string): void => {
    if (typeof value === 'string' && marks.some((mark) => value.includes(mark))) {
      found.push({
        id: `${mustFill.finding}${path}`,
        inventory: [],
        severity: 'error',
        rule: 'operator',
        clauses: [`Пакет ${pack.operator.id}, ${path}`],
        apply: 'Текст-заготовка печатается как есть: в письмах, документах и на страницах.',
        why: `Владелец ещё не заполнил: ${path}.`,
        settle: 'Впишите в пакет то, что называют документы оператора.',
      });
    } else if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) !== null) {
      for (const [key, inner] of Object.entries(value)) look(inner, path ? `${path}.${key}` : key);
    }
  };
  look(pack.operator, '');
  return found;
};
