import { Ajv2020 } from 'ajv/dist/2020.js';
import { Refusal } from '../base/index.ts';
import type { Connector } from './types.ts';

const name = '^[a-zA-Z_][a-zA-Z0-9_]*$';
const words = {
  type: 'object',
  required: ['ru', 'en'],
  additionalProperties: false,
  properties: { ru: { type: 'string', minLength: 1 }, en: { type: 'string', minLength: 1 } },
};
const categories = (pattern: string) => ({
  type: 'object',
  minProperties: 1,
  propertyNames: { pattern },
  additionalProperties: { type: 'string' },
});
const base = {
  id: { type: 'string', pattern: '^[a-z][a-z0-9-]*$' },
  title: words,
  system: words,
  subject: { type: 'string', minLength: 1 },
  purposes: { type: 'array', items: { type: 'string' } },
  schedule: { type: 'string' },
  given: { type: 'boolean' },
};
const required = ['id', 'kind', 'title', 'system', 'subject', 'purposes', 'schedule'];
const variable = { type: 'string', pattern: '^[A-Z][A-Z0-9_]*$' };

/** The shape of `connectors:` in an operator's pack. */
export const connectorsSchema = {
  type: 'array',
  items: {
    oneOf: [
      {
        type: 'object',
        additionalProperties: false,
        required: [...required, 'urlFrom', 'table', 'subjectColumn', 'columns', 'source'],
        properties: {
          ...base,
          kind: { const: 'postgres' },
          urlFrom: variable,
          table: { type: 'string', pattern: '^[a-zA-Z_][a-zA-Z0-9_]*\\.[a-zA-Z_][a-zA-Z0-9_]*$' },
          subjectColumn: { type: 'string', pattern: name },
          anchorColumn: { type: 'string', pattern: name },
          columns: categories(name),
          source: { type: 'string', minLength: 1 },
        },
      },
      {
        type: 'object',
        additionalProperties: false,
        required: [...required, 'url', 'fields', 'rights'],
        properties: {
          ...base,
          kind: { const: 'http' },
          url: { type: 'string', pattern: '^https?://.+/$' },
          tokenFrom: variable,
          timeoutMs: { type: 'integer', minimum: 100 },
          fields: categories('.+'),
          rights: {
            type: 'array',
            uniqueItems: true,
            items: { enum: ['anchors', 'collect', 'erase', 'rectify', 'restrict'] },
            contains: { const: 'collect' },
          },
        },
      },
      {
        type: 'object',
        additionalProperties: false,
        required: [...required, 'fields', 'instructions'],
        properties: {
          ...base,
          kind: { const: 'manual' },
          automation: { const: 'none' },
          fields: categories('.+'),
          instructions: words,
        },
      },
    ],
  },
};

const validate = new Ajv2020({ allErrors: false, strict: false }).compile<Connector[]>(connectorsSchema);

/** @throws Refusal `connector.malformed` with the place and the reason */
export function readConnectors(list: unknown): Connector[] {
  if (!validate(list)) {
    // Of the three kinds the deepest complaint is the one about the kind that was meant.
    const errors = [...(validate.errors ?? [])].sort((a, b) => b.instancePath.length - a.instancePath.length);
    const [error] = errors;
    throw new Refusal('connector.malformed', 'unavailable', {
      message: `connectors${error?.instancePath ?? ''}: ${error?.message ?? 'malformed'}.`,
    });
  }
  const ids = list.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice)
    throw new Refusal('connector.malformed', 'unavailable', { message: `connectors: "${twice}" stands twice.` });
  return list;
}

/** The part of a store that every kind of connector has in common. */
export function commonOf(connector: Connector) {
  const { id, title, system, subject, purposes, schedule, given } = connector;
  const fields = connector.kind === 'postgres' ? connector.columns : connector.fields;
  const table = connector.kind === 'postgres' ? connector.table : `${id}.records`;
  return {
    title,
    system,
    subject,
    purposes,
    schedule,
    ...(given ? { given } : {}),
    elsewhere: true,
    tables: [table],
    columns: Object.fromEntries(Object.entries(fields).map(([field, category]) => [`${table}.${field}`, category])),
    corrects: Object.fromEntries(Object.keys(fields).map((field) => [`${table}.${field}`, { ru: field, en: field }])),
  };
}
