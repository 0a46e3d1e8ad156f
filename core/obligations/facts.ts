import { Refusal, Temporal } from '../base/index.ts';
import type { FactType } from '../law/index.ts';

/**
 * Checks a fact against the closed vocabulary, and gives its fields as they are kept: days and instants as text.
 * @throws Refusal `fact.unknown` | `fact.malformed` with the field
 */
export function checkFact(
  types: ReadonlyMap<string, FactType>,
  name: string,
  fields: Record<string, unknown>,
): { type: FactType; fields: Record<string, unknown> } {
  const type = types.get(name);
  if (!type) throw new Refusal('fact.unknown', 'invalid', { fact: name });
  const kept: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue;
    const rule = type.fields[field];
    if (!rule) throw new Refusal('fact.malformed', 'invalid', { fact: name, field });
    if (!fits(rule.type, value) || (rule.values && !rule.values.includes(String(value)))) {
      throw new Refusal('fact.malformed', 'invalid', { fact: name, field });
    }
    kept[field] = value instanceof Temporal.PlainDate || value instanceof Temporal.Instant ? value.toString() : value;
  }
  for (const [field, rule] of Object.entries(type.fields)) {
    if (rule.required && !(field in kept)) throw new Refusal('fact.malformed', 'invalid', { fact: name, field });
  }
  return { type, fields: kept };
}

function fits(type: FactType['fields'][string]['type'], value: unknown): boolean {
  if (type === 'number') return typeof value === 'number' && Number.isFinite(value);
  if (type === 'flag') return typeof value === 'boolean';
  if (type === 'day') return value instanceof Temporal.PlainDate || is(value, Temporal.PlainDate);
  if (type === 'instant') return value instanceof Temporal.Instant || is(value, Temporal.Instant);
  return typeof value === 'string';
}

/** Does a text say a day that exists, or an instant with its offset? */
function is(value: unknown, kind: { from(text: string, options?: { overflow: 'reject' }): unknown }): boolean {
  if (typeof value !== 'string') return false;
  try {
    kind.from(value, { overflow: 'reject' });
    return true;
  } catch {
    return false;
  }
}
