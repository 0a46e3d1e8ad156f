import type { RouteDefinition, Schema } from './route.ts';

const problem = {
  description: 'Problem details (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** What a door that is not made of routes says of itself in the document. */
export interface OpenApiPart {
  paths: Record<string, Record<string, unknown>>;
  securitySchemes?: Record<string, unknown>;
}

/** The OpenAPI 3.1 document of the routes under `/api/`, from the very schemas that check their input, and of doors. */
export function openApi(
  routes: readonly RouteDefinition[],
  { url, version }: { url: string; version: string },
  doors: readonly OpenApiPart[] = [],
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    if (!route.path.startsWith('/api/')) continue;
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    const operations = paths[path] ?? {};
    operations[route.method] = operation(route);
    paths[path] = operations;
  }
  for (const part of doors) Object.assign(paths, part.paths);
  return {
    openapi: '3.1.0',
    info: { title: 'Srok', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url }],
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: sessionCookie },
        csrf: { type: 'apiKey', in: 'header', name: 'X-CSRF-Token' },
        ...Object.assign({}, ...doors.map(({ securitySchemes }) => securitySchemes ?? {})),
      },
      schemas: {
        Problem: {
          type: 'object',
          required: ['type', 'title', 'status', 'code'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            code: { type: 'string' },
            detail: { type: 'string' },
            instance: { type: 'string' },
            errors: {
              type: 'array',
              items: {
                type: 'object',
                required: ['field', 'message'],
                properties: { field: { type: 'string' }, message: { type: 'string' } },
              },
            },
          },
        },
      },
    },
  };
}

export const sessionCookie = 'srok.sid';

function operation(route: RouteDefinition): Record<string, unknown> {
  const responses = route.response === undefined ? { 200: {} } : byStatus(route.response);
  return {
    summary: route.summary ?? `${route.method.toUpperCase()} ${route.path}`,
    operationId: `${route.method}${route.path.replace('/api/v1', '').replaceAll(/[/:_-]+(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
    tags: [route.tag ?? route.path.split('/')[3] ?? 'api'],
    ...(route.roles === 'public'
      ? { security: [] }
      : { security: [route.method === 'get' ? { session: [] } : { session: [], csrf: [] }] }),
    ...(typeof route.roles === 'string' ? {} : { 'x-roles': route.roles }),
    parameters: [
      ...[...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
        name,
        in: 'path',
        required: true,
        schema: property(route.params, name as string) ?? { type: 'string' },
      })),
      ...Object.entries(properties(route.query)).map(([name, schema]) => ({
        name,
        in: 'query',
        required: (route.query?.required as string[] | undefined)?.includes(name) ?? false,
        schema,
      })),
    ],
    ...(route.body ? { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(responses).map(([status, schema]) => [
          status,
          Object.keys(schema).length === 0
            ? { description: 'Done' }
            : 'contentMediaType' in schema
              ? { description: 'A file', content: { [String(schema.contentMediaType)]: {} } }
              : { description: 'Done', content: { 'application/json': { schema } } },
        ]),
      ),
      default: problem,
    },
  };
}

function byStatus(response: Schema | Record<number, Schema>): Record<string, Schema> {
  const keys = Object.keys(response);
  const isMap = keys.length > 0 && keys.every((key) => /^\d{3}$/.test(key));
  return isMap ? (response as Record<string, Schema>) : { 200: response as Schema };
}

function properties(schema: Schema | undefined): Record<string, Schema> {
  return (schema?.properties as Record<string, Schema> | undefined) ?? {};
}

function property(schema: Schema | undefined, name: string): Schema | undefined {
  return properties(schema)[name];
}
