import type { OpenApiPart } from '../../../core/index.ts';
import { schemaPath } from '../schemas.ts';

const text = (pattern: string, description?: string) => ({
  ...{ type: 'string', pattern },
  ...(description ? { description } : {}),
});
const object = (properties: object, required: readonly string[] = Object.keys(properties)) => ({
  ...{ type: 'object', properties, required },
});
const list = (items: object, most: number) => ({ type: 'array', items, minItems: 1, maxItems: most });
const none = { type: 'object', maxProperties: 0 };
const nullable = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });

const channel = {
  ...text('^[A-Za-z0-9_\\-=@,.;]{1,200}$', 'Presence, cache and encrypted channels are not offered.'),
  not: { pattern: '^(#|((private-encrypted|private|presence)-)?cache-|private-encrypted-|presence-)' },
};
const info = { enum: ['subscription_count'] };
const counted = object({
  subscription_count: { type: 'integer', minimum: 0, description: 'On all nodes, by all doors.' },
});

const said = {
  name: {
    ...{ type: 'string', minLength: 1, maxLength: 200 },
    ...{ pattern: '^(?!pusher(_internal)?:)\\P{Cc}+$', description: 'The type of the message.' },
  },
  data: { type: 'string', description: 'The payload, byte for byte.' },
  socket_id: nullable(text('^\\d{1,20}\\.\\d{1,20}$', 'A connection that is not to be told.')),
  info: nullable(info),
};
const event = {
  ...object({ ...said, channel, channels: list(channel, 100) }, ['name', 'data']),
  anyOf: [{ required: ['channel'] }, { required: ['channels'] }],
};
const batch = object({ batch: list(object({ ...said, channel }, ['name', 'data', 'channel']), 10) });

const inQuery = (name: string, description: string, schema: object, required = true) => ({
  ...{ name, in: 'query', required, description, schema },
});
const signature = [
  inQuery('auth_timestamp', 'Seconds since 1970, at most 600 from ours.', text('^\\d{1,15}$')),
  inQuery('auth_version', 'Of the way to sign.', { const: '1.0' }),
  inQuery('body_md5', 'MD5 of the body in hexadecimal; may be missing without a body.', text('^[0-9a-f]{32}$'), false),
  inQuery(
    'auth_signature',
    'HMAC-SHA256 in hexadecimal, with the secret, of method, path and the other parameters in order, a line each.',
    text('^[0-9a-f]{64}$'),
  ),
];
const application = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The project’s id.',
  schema: { type: 'string' },
};
const wanted = inQuery('info', 'What to tell of each channel.', info, false);
const json = (schema: object) => ({ content: { 'application/json': { schema } } });
const call = (operationId: string, summary: string, more: object, answer: object) => ({
  ...{ tags: ['pusher'], security: [{ pusherKey: [] }], operationId, summary },
  ...more,
  responses: {
    200: { description: 'Done', ...json(answer) },
    default: {
      description: 'Problem details (RFC 9457)',
      content: { 'application/problem+json': { schema: { $ref: `${schemaPath}problem.json` } } },
    },
  },
});

/**
 * The HTTP API of the Pusher Channels protocol in the words of OpenAPI, which knows keys and no signed requests: what a
 * request is signed with stands among its parameters.
 */
export const described: OpenApiPart = {
  securitySchemes: {
    pusherKey: {
      ...{ type: 'apiKey', in: 'query', name: 'auth_key' },
      description: 'The public half of a key; the request is signed with its secret, see auth_signature.',
    },
  },
  paths: {
    '/apps/{id}/events': {
      post: call(
        'triggerPusherEvent',
        'An event of the Pusher protocol: one message in each of its channels, in the log when it is answered.',
        { parameters: [application, ...signature], requestBody: { required: true, ...json(event) } },
        object({ channels: { type: 'object', additionalProperties: counted } }, []),
      ),
    },
    '/apps/{id}/batch_events': {
      post: call(
        'triggerPusherEvents',
        'Up to 10 events of the Pusher protocol as one group.',
        { parameters: [application, ...signature], requestBody: { required: true, ...json(batch) } },
        object({ batch: { type: 'array', items: { anyOf: [counted, none] } } }, []),
      ),
    },
    '/apps/{id}/channels': {
      get: call(
        'listPusherChannels',
        'Channels that somebody reads, on all nodes.',
        {
          parameters: [
            ...[application, ...signature, wanted],
            inQuery('filter_by_prefix', 'How their names begin.', { type: 'string' }, false),
          ],
        },
        object({
          channels: { type: 'object', propertyNames: channel, additionalProperties: { anyOf: [counted, none] } },
        }),
      ),
    },
    '/apps/{id}/channels/{name}': {
      get: call(
        'showPusherChannel',
        'Whether somebody reads a channel, on any node.',
        {
          parameters: [
            ...[application, { name: 'name', in: 'path', required: true, schema: channel }, ...signature, wanted],
          ],
        },
        object({ occupied: { type: 'boolean' }, ...counted.properties }, ['occupied']),
      ),
    },
  },
};
