import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FieldProblem, Schema } from './route.ts';

const options = { allErrors: true, removeAdditional: false, useDefaults: true, strict: true } as const;

// What a program sends has types; what a browser sends in a form or a query is text.
const typed = new Ajv2020(options);
const textual = new Ajv2020({ ...options, coerceTypes: 'array' });
// The package is CommonJS: its function is the default of the default.
const addFormats = formats as unknown as (ajv: Ajv2020) => void;
addFormats(typed);
addFormats(textual);

export type Check = (value: unknown) => FieldProblem[];

/** Compiles a schema once. The check may fill in defaults and, for text, turn "5" into 5. */
export function compile(schema: Schema, { text }: { text: boolean }): Check {
  const validate: ValidateFunction = (text ? textual : typed).compile(schema);
  return (value) => (validate(value) ? [] : (validate.errors ?? []).map(problem));
}

/**
 * Texts with U+0000, which PostgreSQL keeps in no column: refused at the door, also where a schema would let them pass.
 * Goes by a list, not by recursion: what came in may be nested deeper than the stack.
 */
export function unstorable(input: object): FieldProblem[] {
  const found: FieldProblem[] = [];
  const waiting: [string, unknown][] = Object.entries(input);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [field, value] = next;
    if (typeof value === 'string' && value.includes('\0')) {
      found.push({ field, message: 'holds the character U+0000', rule: 'pattern' });
    } else if (typeof value === 'object' && value !== null) {
      for (const inner of Object.values(value)) waiting.push([field, inner]);
    }
  }
  return found;
}

function problem(error: ErrorObject): FieldProblem {
  const at = error.instancePath.split('/').slice(1).map(plainPart);
  const named = error.params as { missingProperty?: string; additionalProperty?: string };
  const own = named.missingProperty ?? named.additionalProperty;
  if (own) at.push(own);
  const rule = error.keyword === 'format' ? `format:${String(error.params.format)}` : error.keyword;
  return { field: at.join('.') || 'body', message: words(error), rule };
}

const plainPart = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

const fixed: Record<string, string> = {
  required: 'is required',
  additionalProperties: 'is not known here',
  type: 'has the wrong type',
};

function words(error: ErrorObject): string {
  if (error.keyword === 'enum') return `must be one of ${(error.params.allowedValues as unknown[]).join(', ')}`;
  if (error.keyword === 'type') return `must be ${String(error.params.type)}`;
  return fixed[error.keyword] ?? error.message ?? 'is not valid';
}
