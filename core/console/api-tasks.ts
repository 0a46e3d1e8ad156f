import type { Connectors, TaskResult } from '../connectors/index.ts';
import type { Db } from '../db/index.ts';
import { type RouteDefinition, route, type Schema } from '../http/index.ts';
import type { Requests } from '../requests/index.ts';
import { fromPath } from './numbers.ts';
import { by } from './shared.ts';

export interface TaskDeps {
  db: Db;
  connectors: Pick<Connectors, 'tasks'>;
  requests: Pick<Requests, 'get' | 'withdraw' | 'goOn'>;
}

const workers = ['dpo', 'dpo-assistant'] as const;
const anything: Schema = { type: 'object' };
const line: Schema = { type: 'string', minLength: 1, maxLength: 200, pattern: '\\S' };
const object = (properties: Record<string, Schema>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** What was destroyed by hand. Papers that no program processes are not done without it. */
const carriers = object({
  list: {
    type: 'array',
    items: object({ name: line, sheets: { type: 'integer', minimum: 1, maximum: 1_000_000 } }),
    minItems: 1,
    maxItems: 200,
  },
  way: line,
  by: object({ name: line, post: line }),
});

/** What only a person can do: work in places that no program reaches, and a request that its sender takes back. */
export function taskRoutes({ db, connectors, requests }: TaskDeps): RouteDefinition[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/tasks',
      roles: workers,
      summary: 'Tasks for people, the oldest first',
      tag: 'tasks',
      query: {
        type: 'object',
        properties: { open: { type: 'boolean' }, run: { type: 'string', minLength: 1, maxLength: 64 } },
        additionalProperties: false,
      },
      response: { type: 'array', items: anything },
      handler: (call) => connectors.tasks.list(call.query),
    }),
    route<Omit<TaskResult, 'by'>>({
      method: 'post',
      path: '/api/v1/tasks/:id/done',
      roles: workers,
      summary:
        'A person has done it: how many records; for a collection also what was found; for papers that were destroyed ' +
        'also each carrier with the number of its sheets, the way of destruction and who destroyed them',
      tag: 'tasks',
      body: {
        type: 'object',
        properties: {
          records: { type: 'integer', minimum: 0 },
          rows: { type: 'array', items: anything, maxItems: 10_000 },
          carriers,
        },
        required: ['records'],
        additionalProperties: false,
      },
      response: anything,
      async handler(call) {
        const task = await db.transaction((trx) =>
          connectors.tasks.done(trx, call.params.id ?? '', { ...call.body, by: by(call).account }),
        );
        await requests.goOn(task.run);
        return task;
      },
    }),
    route<{ text?: string }>({
      method: 'post',
      path: '/api/v1/requests/:no/withdraw',
      roles: ['dpo'],
      summary: 'The sender takes the request back; `text`: in which words. Ends the duties that the law ends with it',
      tag: 'requests',
      body: {
        type: 'object',
        properties: { text: { type: 'string', minLength: 1, maxLength: 20_000 } },
        additionalProperties: false,
      },
      response: anything,
      async handler(call) {
        const { id } = await requests.get(fromPath(call.params.no ?? ''));
        return db.transaction((trx) => requests.withdraw(trx, id, { ...call.body, by: by(call).account }));
      },
    }),
  ];
}
