import { Temporal } from '../base/index.ts';
import type { Trx } from '../db/index.ts';
import { type Call, type RouteDefinition, route, type Schema } from '../http/index.ts';
import { fromPath } from './numbers.ts';
import type { ConsoleDeps } from './ports.ts';
import { by } from './shared.ts';

const officer = ['dpo'] as const;
const anything: Schema = { type: 'object' };
const text = (maxLength: number): Schema => ({ type: 'string', minLength: 1, maxLength });
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  ...{ type: 'object', properties, required },
  additionalProperties: false,
});

/** Data that a request says are wrong: the block, the evidence, the correction. */
export function contestedApi({
  db,
  requests,
  clock,
}: Pick<ConsoleDeps, 'db' | 'requests' | 'clock'>): RouteDefinition[] {
  const story = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => db.transaction(work);
  const idOf = async (call: Pick<Call, 'params'>): Promise<string> =>
    (await requests.get(fromPath(call.params.no ?? ''))).id;

  return [
    route({
      method: 'get',
      path: '/api/v1/requests/:no/duties',
      roles: ['dpo', 'dpo-assistant'],
      summary: 'What is owed because of a request, with its terms; the most urgent first',
      tag: 'requests',
      response: { type: 'array', items: anything },
      handler: async (call) => requests.duties(await idOf(call)),
    }),
    route<{ at?: string }>({
      method: 'post',
      path: '/api/v1/requests/:no/evidence',
      roles: officer,
      summary:
        'The sender has proved that data are wrong or not needed; from `at` the term to correct or destroy them runs',
      tag: 'requests',
      body: object({ at: { type: 'string', format: 'date-time' } }),
      response: anything,
      async handler(call) {
        const id = await idOf(call);
        const at = call.body.at ? Temporal.Instant.from(call.body.at) : clock.now();
        return story((trx) => requests.evidence(trx, id, { at, by: by(call as unknown as Call).account }));
      },
    }),
    route<{ reason: string }>({
      method: 'post',
      path: '/api/v1/requests/:no/decline-blocking',
      roles: officer,
      summary: 'Contested data are not blocked during the check: a block would do harm, and how',
      tag: 'requests',
      body: object({ reason: text(5_000) }, ['reason']),
      response: anything,
      async handler(call) {
        const id = await idOf(call);
        const { account } = by(call as unknown as Call);
        return story((trx) => requests.declineBlocking(trx, id, { reason: call.body.reason, by: account }));
      },
    }),
    route<{ changes?: Record<string, string | null>; elsewhere?: string }>({
      method: 'post',
      path: '/api/v1/requests/:no/rectify',
      roles: officer,
      summary:
        'Correct data in the stores that hold them; `elsewhere`: what a person has corrected where no program reaches',
      tag: 'requests',
      body: object({
        changes: {
          type: 'object',
          additionalProperties: { anyOf: [{ type: 'string', maxLength: 1_000 }, { type: 'null' }] },
        },
        elsewhere: text(5_000),
      }),
      response: { type: 'array', items: anything },
      async handler(call) {
        const id = await idOf(call);
        const { changes = {}, elsewhere } = call.body;
        const { account } = by(call as unknown as Call);
        return story((trx) => requests.rectify(trx, id, { changes, by: account, ...(elsewhere ? { elsewhere } : {}) }));
      },
    }),
  ];
}
