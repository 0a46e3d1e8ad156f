import { Temporal } from '../base/index.ts';
import type { Trx } from '../db/index.ts';
import { type Call, json, type RouteDefinition, route, type Schema } from '../http/index.ts';
import { cite, type FactType } from '../law/index.ts';
import type { EventDuty, StaffEvent, StaffEventPage } from '../obligations/index.ts';
import { fromPath, toPath } from './numbers.ts';
import type { ConsoleDeps } from './ports.ts';
import { by } from './shared.ts';

const readers = ['dpo', 'dpo-assistant'] as const;
const officer = ['dpo'] as const;

const text = (maxLength = 200): Schema => ({ type: 'string', minLength: 1, maxLength });
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const instant: Schema = { type: 'string', format: 'date-time' };
const day: Schema = { type: 'string', format: 'date' };
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const listOf = (items: Schema): Schema => ({ type: 'array', items });

/** What is told of a fact; which fields it has, `GET /api/v1/event-kinds` says. */
const told = {
  fact: text(64),
  at: { ...instant, description: 'When it happened; now unless told' },
  fields: {
    type: 'object',
    additionalProperties: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] },
  },
  contains: { ...listOf(text(64)), maxItems: 100, description: 'Points of the list of the duty that it discharges' },
  note: { ...text(10_000), description: 'Kept sealed in the journal, nowhere else' },
};

const dutyShape: Schema = {
  type: 'object',
  properties: {
    ...{ id: text(), duty: text(), title: text(), state: { enum: ['open', 'discharged'] }, late: { type: 'boolean' } },
    ...{ openedAt: instant, dueOn: nullable(day), lateFrom: nullable(instant), outerOn: nullable(day) },
    ...{ dischargedAt: nullable(instant), extendedAt: nullable(instant), problem: nullable(text()) },
    ...{ because: nullable({ type: 'object' }), citations: listOf(text()), explained: listOf(text()) },
    list: nullable({ type: 'object', properties: { title: text(), cite: text(), items: listOf({ type: 'object' }) } }),
  },
};
const eventShape: Schema = {
  type: 'object',
  properties: {
    ...{ id: text(), number: nullable(text()), path: text(), fact: text(), title: text(), kind: text(), at: instant },
    ...{ subject: nullable(text()), open: { type: 'boolean' }, lateFrom: nullable(instant), duties: listOf(dutyShape) },
  },
};
const pageShape: Schema = {
  type: 'object',
  properties: {
    ...(eventShape.properties as Record<string, Schema>),
    may: listOf({
      type: 'object',
      properties: { duty: text(), title: text(), mayFrom: day, citations: listOf(text()) },
    }),
    facts: listOf({ type: 'object', properties: { id: text(), fact: text(), title: text(), at: instant } }),
    next: listOf({ type: 'object', properties: { fact: text(), title: text(), discharges: listOf(text()) } }),
    incident: nullable({ type: 'object', properties: { class: nullable({ type: 'object' }) } }),
  },
};

/** What staff report over the API, and the duties that follow from it. */
export function eventApi({ db, events, clock }: Pick<ConsoleDeps, 'db' | 'events' | 'clock'>): RouteDefinition[] {
  const story = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => db.transaction(work);
  const keyOf = (call: Pick<Call, 'ctx'>): string => call.ctx.get('idempotency-key').slice(0, 200);

  interface Told {
    fact: string;
    person?: string;
    at?: string;
    fields?: Record<string, unknown>;
    contains?: string[];
    note?: string;
  }

  /** One report in one transaction; the answer is the event as it then is. */
  async function report(call: Call<Told>, about?: string) {
    const { at, ...rest } = call.body;
    const key = keyOf(call as unknown as Call);
    const { account, roles } = by(call as unknown as Call);
    const order = {
      ...rest,
      ...(about ? { about } : {}),
      ...(key ? { key } : {}),
      at: at ? Temporal.Instant.from(at) : clock.now(),
      by: { account, roles },
    };
    const { id, again } = await story((trx) => events.report(trx, order));
    return json(pageOf(await events.get(id)), again ? 200 : 201);
  }

  return [
    route({
      method: 'get',
      path: '/api/v1/event-kinds',
      roles: readers,
      summary: 'Facts with which staff may begin an event, with their fields',
      tag: 'events',
      response: listOf({ type: 'object' }),
      handler: () => events.beginnings().map(factShape),
    }),
    route({
      method: 'get',
      path: '/api/v1/events',
      roles: readers,
      summary: 'Events with their duties: the open ones first, by the term that ends first',
      tag: 'events',
      query: object({ open: { type: 'boolean' }, limit: { type: 'integer', minimum: 1, maximum: 500 } }),
      response: listOf(eventShape),
      handler: async (call) => (await events.list(call.query)).map(shapeOf),
    }),
    route<Told>({
      method: 'post',
      path: '/api/v1/events',
      roles: officer,
      summary:
        'Report what no program can know: opens its duties. Sent twice, with the same Idempotency-Key or the same words, ' +
        'it is one event (200 instead of 201)',
      tag: 'events',
      body: object({ ...told, person: { ...text(64), description: 'Whose event it is: acc_… or sub_…' } }, ['fact']),
      response: { 201: pageShape, 200: pageShape },
      handler: (call) => report(call),
    }),
    route({
      method: 'get',
      path: '/api/v1/events/:no',
      roles: readers,
      summary: 'An event: its duties with the sums behind them, what happened, and what may be reported next',
      tag: 'events',
      response: pageShape,
      handler: async (call) => pageOf(await events.get(fromPath(call.params.no ?? ''))),
    }),
    route<Told>({
      method: 'post',
      path: '/api/v1/events/:no/facts',
      roles: officer,
      summary: 'Report what followed: discharges the duties that end with it, and opens those that begin',
      tag: 'events',
      body: object(told, ['fact']),
      response: { 201: pageShape, 200: pageShape },
      handler: (call) => report(call, fromPath(call.params.no ?? '')),
    }),
    route<{ duty: string; reason: string }>({
      method: 'post',
      path: '/api/v1/events/:no/extend',
      roles: officer,
      summary: 'Extend the term of a duty once, by a motivated notice that was sent now',
      tag: 'events',
      body: object({ duty: text(64), reason: text(5_000) }, ['duty', 'reason']),
      response: pageShape,
      async handler(call) {
        const id = fromPath(call.params.no ?? '');
        const { account } = by(call as unknown as Call);
        await story((trx) => events.extend(trx, { id, ...call.body, by: account }));
        return pageOf(await events.get(id));
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/events/:no/notes',
      roles: officer,
      summary: 'The notes of an event by the fact they belong to; the look is journaled before they are shown',
      tag: 'events',
      response: { type: 'object' },
      handler: async (call) => Object.fromEntries(await events.notes(fromPath(call.params.no ?? ''), by(call).account)),
    }),
  ];
}

function dutyOf({ because, list, ...duty }: EventDuty) {
  return {
    ...duty,
    because,
    citations: (because?.citations ?? []).map((one) => cite(one, 'ru')),
    list: list && { ...list, cite: cite(list.cite, 'ru') },
  };
}

function shapeOf({ duties, ...event }: StaffEvent) {
  return { ...event, path: toPath(event.number ?? event.id), duties: duties.map(dutyOf) };
}

function pageOf({ may, facts, steps, incident, ...event }: StaffEventPage) {
  return {
    ...shapeOf(event),
    may: may.map(({ because, ...one }) => ({
      ...one,
      because,
      citations: because.citations.map((source) => cite(source, 'ru')),
    })),
    facts,
    next: steps.map(({ fact, discharges }) => ({ ...factShape(fact), discharges })),
    incident,
  };
}

/** A fact as whoever reports it needs it: only the fields that staff are asked for. */
function factShape({ fact, title, fields, reported }: FactType) {
  return {
    fact,
    title,
    person: reported?.person ?? null,
    fields: Object.fromEntries(Object.entries(fields).filter(([, field]) => field.title)),
  };
}
