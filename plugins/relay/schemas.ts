import { readdirSync, readFileSync } from 'node:fs';
import type { OpenApiPart } from '../../core/index.ts';

const folder = new URL('./schema/', import.meta.url);

/** Where the schemas of bodies and frames are served; the `$id` of each is its address. */
export const schemaPath = '/relay/v1/schema/';

/** Every JSON Schema of the native API by its file name, as it is served. */
export function loadSchemas(): Map<string, Buffer> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(names.sort().map((name) => [name, readFileSync(new URL(name, folder))]));
}

const schema = (name: string) => ({ $ref: `${schemaPath}${name}` });
const json = (name: string) => ({ content: { 'application/json': { schema: schema(name) } } });
const answer = (description: string, name: string) => ({ description, ...json(name) });
const problems = {
  default: {
    description: 'Problem details (RFC 9457)',
    content: { 'application/problem+json': { schema: schema('problem.json') } },
  },
};
const common = { tags: ['relay'], security: [{ token: [] }] };
const channel = {
  name: 'channel',
  in: 'path',
  required: true,
  schema: { $ref: `${schemaPath}words.json#/$defs/channel` },
};
const bytes = { '*/*': { schema: { type: 'string', contentEncoding: 'binary' } } };
const whole = (name: string, description: string) => ({
  name,
  in: 'query',
  description,
  schema: { type: 'integer', minimum: 0 },
});

/** The native API in the words of OpenAPI. Frames of the WebSocket have no place there: their schemas are served. */
export const described: OpenApiPart = {
  securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
  paths: {
    '/relay/v1/channels/{channel}/messages': {
      post: {
        ...common,
        operationId: 'publish',
        summary: 'Publishes the body as it is; answered once it is in the log.',
        parameters: [channel, { name: 'Idempotency-Key', in: 'header', schema: { type: 'string', maxLength: 255 } }],
        requestBody: { content: bytes },
        responses: { 202: answer('In the log', 'accepted.json'), ...problems },
      },
      get: {
        ...common,
        operationId: 'pull',
        summary: 'What came after an offset, as far as the recovery window reaches.',
        parameters: [channel, whole('after', 'The last offset seen; 0 unless told.'), whole('limit', 'At most 100.')],
        responses: { 200: answer('Messages, oldest first', 'pulled.json'), ...problems },
      },
    },
    '/relay/v1/batches': {
      post: {
        ...common,
        operationId: 'publishBatch',
        summary: 'Publishes up to 1000 messages, a line each; answered by a line each.',
        requestBody: { required: true, content: { 'application/x-ndjson': { schema: schema('batch-line.json') } } },
        responses: {
          200: {
            description: 'A line for each line, in order',
            content: { 'application/x-ndjson': { schema: schema('batch-answer.json') } },
          },
          ...problems,
        },
      },
    },
    '/relay/v1/tickets': {
      post: {
        ...common,
        operationId: 'giveTicket',
        summary: 'A ticket for a browser: opens one connection, for some channels and rights, within minutes.',
        requestBody: { required: true, ...json('ticket-order.json') },
        responses: { 201: answer('The ticket, shown this once', 'ticket.json'), ...problems },
      },
    },
    '/relay/v1/connect': {
      get: {
        ...common,
        operationId: 'connect',
        summary: 'Upgrades to WebSocket: subprotocol srok.v1 or srok.v1.bin.',
        responses: { 101: { description: 'A WebSocket' }, ...problems },
      },
    },
  },
};
