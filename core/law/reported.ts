import type { PolicyFile } from './files.ts';
import { keyed, need } from './raw.ts';
import type { FactField, FactType, Reported } from './types.ts';

type RawFact = Omit<FactType, 'fields' | 'reported'> & {
  fields?: Record<string, Omit<FactField, 'required'> & { required?: boolean }>;
  reported?: Partial<Reported> & Pick<Reported, 'by'>;
};

/**
 * The closed vocabulary of facts. What staff are asked for has a name on the screen, and is never free text: facts say
 * nothing of people.
 * @throws PolicyError for a fact that staff could not report as it is written
 */
export function factsOf(file: PolicyFile): Map<string, FactType> {
  const raw = keyed(file, 'fact') as Map<string, RawFact>;
  for (const [index, fact] of [...raw.values()].entries()) {
    for (const before of fact.reported?.after ?? []) need(file, [index, 'reported', 'after'], raw, before, 'fact');
    for (const [name, field] of Object.entries(fact.fields ?? {})) {
      const wrong = fact.reported
        ? wrongWith(field)
        : field.title
          ? 'nobody is asked for it, so it needs no title'
          : null;
      if (wrong) throw file.fail([index, 'fields', name], `${name}: ${wrong}`);
    }
  }
  return new Map([...raw].map(([name, fact]) => [name, factOf(fact)]));
}

function factOf({ fields, reported, ...fact }: RawFact): FactType {
  const shaped = Object.entries(fields ?? {}).map(([name, field]) => [
    name,
    { ...field, required: field.required ?? false },
  ]);
  return {
    ...fact,
    fields: Object.fromEntries(shaped),
    reported: reported ? { begins: null, after: [], person: null, ...reported } : null,
  };
}

/** Why staff could not be asked for a field; null when they can, or are not. */
function wrongWith({ type, title, required, values, titles }: NonNullable<RawFact['fields']>[string]): string | null {
  if (!title) return required ? 'it is required, so staff need a title for it' : null;
  if (type === 'text' && !values) return 'free text says too much; name its values';
  const untitled = values?.filter((value) => !titles?.[value]) ?? [];
  if (untitled.length > 0) return `there is no title for ${untitled.join(', ')}`;
  const unknown = Object.keys(titles ?? {}).filter((value) => !values?.includes(value));
  return unknown.length > 0 ? `it has a title and no such value: ${unknown.join(', ')}` : null;
}
