import {
  type Call,
  type Engine,
  json,
  Refusal,
  type RouteDefinition,
  route,
  type Schema,
  type StaffGround,
  staffGrounds,
  Temporal,
} from '../../core/index.ts';
import { loadSchemas } from './schemas.ts';
import type { AccessRequest, Grant, LogRow, Project, Relay, Right, Settings, TokenInfo } from './types.ts';

/** Longer than this, and two secrets are simply two secrets. */
const longestOverlapSeconds = 7 * 24 * 3600;
const text = (maxLength: number): Schema => ({ type: 'string', minLength: 1, maxLength });
const id: Schema = { type: 'string', pattern: '^[a-z]{3}_[0-9a-z]{26}$' };
const day: Schema = { type: 'string', format: 'date' };
const rowsPerPage = 1_000;
const instant: Schema = { type: 'string', format: 'date-time' };
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const object = (properties: Record<string, Schema>, required = Object.keys(properties)): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const list = (items: Schema): Schema => ({ type: 'array', items });

/** What staff see of a project: nothing that its owner has written. */
const stateProperties = {
  id,
  plan: { type: 'string' },
  state: { enum: ['waiting', 'active', 'suspended', 'deleted'] },
  grounds: list({ type: 'string' }),
  blockGround: nullable({ enum: [...staffGrounds] }),
  createdAt: instant,
  activatedAt: nullable(instant),
};
const projectSchema = object({ ...stateProperties, name: { type: 'string' }, url: { type: 'string' } });
const reason: Schema = { ...text(2_000), pattern: '\\S' };
const tokenProperties = {
  id,
  name: { type: 'string' },
  last4: { type: 'string' },
  rights: list({ enum: ['publish', 'subscribe', 'read'] }),
  createdAt: instant,
  lastUsedOn: nullable(day),
  expiresAt: nullable(instant),
};
const { expiresAt: _never, ...keyProperties } = tokenProperties;
const pusherKeyProperties = { ...keyProperties, appId: id, key: { type: 'string' } };
const issuedSchema = object({ ...tokenProperties, token: { type: 'string', description: 'Shown this once.' } });
const limitProperties = {
  used: { type: 'integer' },
  limit: { type: 'integer' },
  percent: { type: 'integer' },
  warnedAt: nullable(instant),
  exhaustedAt: nullable(instant),
};
const forecastSchema = object({
  kind: { enum: ['reached', 'early', 'quiet', 'reaches', 'lasts'] },
  at: nullable(instant),
  total: nullable({ type: 'integer' }),
  perHour: { type: 'integer' },
  since: instant,
});
const usageSchema = object({
  project: id,
  on: day,
  plan: { type: 'string' },
  messages: object({ ...limitProperties, dropped: { type: 'integer' } }),
  connections: object({ ...limitProperties, refused: { type: 'integer' }, peak: { type: 'integer' } }),
  hours: { ...list({ type: 'integer' }), description: 'Messages of today by hour of the day.' },
  forecast: forecastSchema,
  resetsAt: instant,
  warnAt: { ...list({ type: 'integer' }), description: 'Percent of a limit at which the owner is told.' },
  clauses: object({ warn: { type: 'string' }, over: { type: 'string' } }),
  days: list(
    object({ on: day, messages: { type: 'integer' }, dropped: { type: 'integer' }, bytes: { type: 'integer' } }),
  ),
});
const deliverySchema = object({
  message: id,
  channel: { type: 'string' },
  offset: { type: 'integer' },
  acceptedAt: instant,
  bytes: { type: 'integer' },
  type: nullable({ type: 'string' }),
  delivered: { type: 'integer' },
  failed: { type: 'integer' },
});
const {
  $schema: _dialect,
  $id: _address,
  ...settingsSchema
} = JSON.parse(String(loadSchemas().get('settings.json'))) as Schema;
const scopeSchema = object({ project: id, from: day, before: day, payload: { type: 'boolean' } }, [
  'project',
  'from',
  'before',
]);
const grantSchema = object({
  id,
  state: { enum: ['asked', 'granted', 'refused', 'expired'] },
  askedBy: id,
  askedAt: instant,
  purpose: { type: 'string' },
  need: { type: 'string' },
  scope: { type: 'object' },
  grantedBy: nullable(id),
  grantedAt: nullable(instant),
  expiresAt: nullable(instant),
  refusal: nullable({ type: 'string' }),
  views: { type: 'integer' },
  rowsShown: { type: 'integer' },
});
/** What stands in the log of a message, without a word of who sent it. */
const messageProperties = {
  message: id,
  channel: { type: 'string' },
  offset: { type: 'integer' },
  processedOn: day,
  receivedAt: instant,
  storedAt: instant,
  bytes: { type: 'integer' },
  type: nullable({ type: 'string' }),
  door: { enum: ['http', 'ws'] },
};
const rowSchema: Schema = {
  type: 'object',
  required: ['message', 'channel', 'offset', 'processedOn', 'receivedAt', 'storedAt', 'bytes', 'ip', 'userAgent'],
  properties: {
    ...messageProperties,
    connection: { type: 'string' },
    ip: nullable({ type: 'string' }),
    userAgent: nullable({ type: 'string' }),
    payload: nullable(object({ data: { type: 'string' }, encoding: { const: 'base64' } }, ['data'])),
  },
};
const exportSchema = object({ ...messageProperties, sender: nullable({ type: 'string' }) });

interface NewProject {
  name: string;
  plan: string;
}
interface NewToken {
  name?: string;
  rights?: Right[];
  rotate?: boolean;
  replaces?: string;
  overlapSeconds?: number;
}
interface TicketOrder {
  token: string;
  channels: string[];
  rights: Right[];
  seconds?: number;
}
interface Order {
  purpose?: string;
  need?: string;
  scope?: { project: string; from: string; before: string; payload?: boolean };
}

/** The JSON routes of the relay: projects for their owners, the log for those who may look. */
export function relayRoutes(engine: Engine, relay: Relay): RouteDefinition[] {
  const { db } = engine;

  /** The person who is signed in; a project of somebody else is simply not there. */
  function owner(call: Call): string {
    if (call.actor?.subject) return call.actor.subject;
    throw new Refusal('project.no-owner', 'forbidden', {});
  }
  const mine = (call: Call): Promise<Project> => relay.project(call.params.id as string, owner(call));
  const who = (call: Call) => {
    if (call.actor) return call.actor;
    throw new Refusal('sign-in.needed', 'unauthenticated', {});
  };

  return [
    route<NewProject>({
      method: 'post',
      path: '/api/v1/projects',
      roles: ['relay-user'],
      tag: 'projects',
      summary:
        'Creates a project; on a free plan its first token is answered, once. Sent again with the same Idempotency-Key ' +
        '(32 to 255 characters) it is the same project, and for a day gets the same answer; with another body it is 422 idempotency.other-body.',
      body: object({ name: text(100), plan: text(50) }),
      response: { 201: object({ project: projectSchema, token: nullable(issuedSchema) }) },
      async handler(call) {
        const subject = owner(call as unknown as Call);
        const { account } = who(call as unknown as Call);
        const key = call.ctx.get('idempotency-key');
        const order = { subject, account, ...call.body, ...(key ? { key } : {}) };
        const made = await db.transaction((trx) => relay.createProject(trx, order));
        return json({ project: projectOut(made.project), token: made.token }, 201);
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/projects',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'The projects of the person who is signed in.',
      response: object({ projects: list(projectSchema) }),
      handler: async (call) => ({ projects: (await relay.projects(owner(call))).map(projectOut) }),
    }),
    route({
      method: 'get',
      path: '/api/v1/projects/:id',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'One project with its tokens (never their secrets).',
      params: object({ id }),
      response: object({ project: projectSchema, tokens: list(object(tokenProperties)) }),
      async handler(call) {
        const project = await mine(call);
        return { project: projectOut(project), tokens: (await relay.tokens(project.id)) satisfies TokenInfo[] };
      },
    }),
    route<{ ground: StaffGround; reason: string }>({
      method: 'post',
      path: '/api/v1/projects/:id/block',
      roles: ['admin', 'dpo'],
      tag: 'projects',
      summary: 'Staff suspend a project: its connections close, its owner is told the ground and how to object.',
      params: object({ id }),
      body: object({ ground: { enum: [...staffGrounds] }, reason }),
      response: object(stateProperties),
      async handler(call) {
        const { account: by } = who(call as unknown as Call);
        const { params, body } = call;
        return stateOut(await db.transaction((trx) => relay.block(trx, params.id as string, { ...body, by })));
      },
    }),
    route<{ reason: string }>({
      method: 'post',
      path: '/api/v1/projects/:id/unblock',
      roles: ['admin', 'dpo'],
      tag: 'projects',
      summary: 'Staff lift the suspension of a project.',
      params: object({ id }),
      body: object({ reason }),
      response: object(stateProperties),
      async handler(call) {
        const { account: by } = who(call as unknown as Call);
        const { params, body } = call;
        return stateOut(await db.transaction((trx) => relay.unblock(trx, params.id as string, { ...body, by })));
      },
    }),
    route<NewToken>({
      method: 'post',
      path: '/api/v1/projects/:id/tokens',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'A new token, answered once. With `replaces` that one dies after the overlap, with `rotate` all others.',
      params: object({ id }),
      body: object(
        {
          name: text(100),
          rights: { ...list({ enum: ['publish', 'subscribe', 'read'] }), minItems: 1, uniqueItems: true },
          rotate: { type: 'boolean' },
          replaces: id,
          overlapSeconds: { type: 'integer', minimum: 0, maximum: longestOverlapSeconds },
        },
        [],
      ),
      response: { 201: issuedSchema },
      async handler(call) {
        const project = await mine(call as unknown as Call);
        const { rotate, replaces, overlapSeconds = 0, ...order } = call.body;
        const overlap = { overlapMs: overlapSeconds * 1000, ...(replaces ? { replaces } : {}) };
        const token = await db.transaction((trx) =>
          rotate || replaces ? relay.rotateToken(trx, project.id, overlap) : relay.issueToken(trx, project.id, order),
        );
        return json(token, 201);
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/projects/:id/tokens/:token',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'Ends a token at once.',
      params: object({ id, token: id }),
      response: { 204: {} },
      async handler(call) {
        const project = await mine(call);
        await db.transaction((trx) => relay.revokeToken(trx, project.id, call.params.token as string));
        return json(null, 204);
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/projects/:id/pusher-keys',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'Keys of the Pusher protocol (never their secrets).',
      params: object({ id }),
      response: object({ keys: list(object(pusherKeyProperties)) }),
      handler: async (call) => ({ keys: await relay.pusherKeys((await mine(call)).id) }),
    }),
    route<{ name?: string; rights?: Right[] }>({
      method: 'post',
      path: '/api/v1/projects/:id/pusher-keys',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'A new key of the Pusher protocol; its secret is answered once.',
      params: object({ id }),
      body: object(
        {
          name: text(100),
          rights: { ...list({ enum: ['publish', 'subscribe', 'read'] }), minItems: 1, uniqueItems: true },
        },
        [],
      ),
      response: {
        201: object({ ...pusherKeyProperties, secret: { type: 'string', description: 'Shown this once.' } }),
      },
      async handler(call) {
        const project = await mine(call as unknown as Call);
        return json(await db.transaction((trx) => relay.issuePusherKey(trx, project.id, call.body)), 201);
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/projects/:id/pusher-keys/:key',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'Ends a key of the Pusher protocol at once, and the connections that came with it.',
      params: object({ id, key: id }),
      response: { 204: {} },
      async handler(call) {
        const project = await mine(call);
        await db.transaction((trx) => relay.revokeToken(trx, project.id, call.params.key as string));
        return json(null, 204);
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/projects/:id',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'Ends a project. Its logs keep their own terms.',
      params: object({ id }),
      response: object({ project: projectSchema }),
      async handler(call) {
        const project = await mine(call);
        return { project: projectOut(await db.transaction((trx) => relay.deleteProject(trx, project.id))) };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/projects/:id/settings',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'Which pages may use the project, how large a payload may be, and whether pages may publish.',
      params: object({ id }),
      response: settingsSchema,
      handler: async (call) => relay.settings((await mine(call)).id),
    }),
    route<Settings>({
      method: 'put',
      path: '/api/v1/projects/:id/settings',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'New settings of a project, in force at once, also for open connections.',
      params: object({ id }),
      body: settingsSchema,
      response: settingsSchema,
      async handler(call) {
        const project = await mine(call as unknown as Call);
        return db.transaction((trx) => relay.changeSettings(trx, project.id, call.body));
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/projects/:id/usage',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'Usage against the limits of the plan, today and in the last thirty days.',
      params: object({ id }),
      response: usageSchema,
      handler: async (call) => relay.usage((await mine(call)).id),
    }),
    route<Record<string, unknown>, { channel?: string; before?: string }>({
      method: 'get',
      path: '/api/v1/projects/:id/deliveries',
      roles: ['relay-user'],
      tag: 'projects',
      summary: 'The newest messages, or those before a message, and how many readers got them; no payloads.',
      params: object({ id }),
      query: object({ channel: text(200), before: id }, []),
      response: object({ deliveries: list(deliverySchema) }),
      async handler(call) {
        const project = await mine(call as unknown as Call);
        return { deliveries: await relay.deliveries(project.id, call.query) };
      },
    }),
    route<TicketOrder>({
      method: 'post',
      path: '/api/v1/projects/:id/tickets',
      roles: ['relay-user'],
      tag: 'projects',
      summary:
        'A ticket for a page of the owner, with rights of one of the project’s tokens; the token is named, not shown.',
      params: object({ id }),
      body: object(
        {
          token: id,
          channels: { ...list(text(200)), minItems: 1, maxItems: 100 },
          rights: { ...list({ enum: ['publish', 'subscribe', 'read'] }), minItems: 1, uniqueItems: true },
          seconds: { type: 'integer', minimum: 1, maximum: 900 },
        },
        ['token', 'channels', 'rights'],
      ),
      response: { 201: object({ ticket: { type: 'string', description: 'Shown this once.' }, expiresAt: instant }) },
      limit: { name: 'own-ticket', points: 60, seconds: 60 },
      async handler(call) {
        const project = await mine(call as unknown as Call);
        return json(await relay.ownTicket(project.id, call.body), 201);
      },
    }),

    route<Order>({
      method: 'post',
      path: '/api/v1/log-access',
      roles: 'signed-in',
      tag: 'log-access',
      summary: 'Asks for a look at the log. Refused attempts are recorded.',
      // What is missing is refused by the use case, not by the schema: a refused attempt leaves a record.
      body: object(
        { purpose: { type: 'string', maxLength: 100 }, need: { type: 'string', maxLength: 500 }, scope: scopeSchema },
        [],
      ),
      response: { 201: grantSchema },
      async handler(call) {
        return json(grantOut(await relay.logs.request(who(call as unknown as Call), orderOf(call.body))), 201);
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/log-access',
      roles: ['specialist', 'dpo', 'auditor'],
      tag: 'log-access',
      summary: 'Requests for access to the log; a specialist sees their own.',
      response: object({ grants: list(grantSchema) }),
      async handler(call) {
        const actor = who(call);
        const all = actor.roles.some((role) => role === 'dpo' || role === 'auditor');
        return { grants: (await relay.logs.list(all ? {} : { askedBy: actor.account })).map(grantOut) };
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/log-access/:id/grant',
      roles: ['dpo'],
      tag: 'log-access',
      summary: 'Allows a look at the log, for the hours of the policy.',
      params: object({ id }),
      response: grantSchema,
      handler: async (call) =>
        grantOut(await db.transaction((trx) => relay.logs.grant(trx, call.params.id as string, who(call)))),
    }),
    route<Record<string, unknown>, { after?: string }>({
      method: 'get',
      path: '/api/v1/log-access/:id/rows',
      roles: ['specialist'],
      tag: 'log-access',
      summary: 'Rows of the log under a grant. The journal has the entry before the first row is read.',
      params: object({ id }),
      query: object({ after: id }, []),
      response: object({ rows: list(rowSchema) }),
      async handler(call) {
        const { after } = call.query;
        const rows: LogRow[] = await relay.logs.view(call.params.id as string, who(call as unknown as Call), {
          ...(after ? { after } : {}),
        });
        return { rows };
      },
    }),
    // Each export is journaled before the first row is read: not a GET.
    route<{ after?: string; limit?: number }>({
      method: 'post',
      path: '/api/v1/log-access/:id/exports',
      roles: ['specialist'],
      tag: 'log-access',
      summary: 'Metadata under a grant, for work outside the log: senders by pseudonyms of the day, no addresses.',
      params: object({ id }),
      body: object({ after: id, limit: { type: 'integer', minimum: 1, maximum: rowsPerPage } }, []),
      response: object({ rows: list(exportSchema), next: nullable(id) }),
      handler: ({ params, body, ...call }) =>
        relay.logs.export(params.id as string, who(call as unknown as Call), { limit: rowsPerPage, ...body }),
    }),
    route<{ from: string; to: string }>({
      method: 'post',
      path: '/api/v1/log-access-reports',
      roles: ['auditor', 'dpo'],
      tag: 'log-access',
      summary: 'The report on access to the log, as a PDF document.',
      body: object({ from: instant, to: instant }),
      response: {
        201: object({ id, number: { type: 'string' }, sha256: { type: 'string' }, pages: { type: 'integer' } }),
      },
      async handler(call) {
        const { account } = who(call as unknown as Call);
        const [from, to] = [Temporal.Instant.from(call.body.from), Temporal.Instant.from(call.body.to)];
        return json(await db.transaction((trx) => relay.logs.report(trx, { from, to, by: account })), 201);
      },
    }),
  ];
}

function projectOut({ subject: _subject, account: _account, ...project }: Project) {
  return project;
}

function stateOut({ id, plan, state, grounds, blockGround, createdAt, activatedAt }: Project) {
  return { id, plan, state, grounds, blockGround, createdAt, activatedAt };
}

function grantOut({ scope, ...grant }: Grant) {
  return { ...grant, scope: { ...scope, from: scope.from.toString(), before: scope.before.toString() } };
}

/** @throws Refusal `log.bad-day` */
function orderOf({ purpose, need, scope }: Order): Partial<AccessRequest> {
  return {
    ...(purpose === undefined ? {} : { purpose }),
    ...(need === undefined ? {} : { need }),
    ...(scope
      ? {
          scope: {
            project: scope.project,
            from: Temporal.PlainDate.from(scope.from),
            before: Temporal.PlainDate.from(scope.before),
            ...(scope.payload === undefined ? {} : { payload: scope.payload }),
          },
        }
      : {}),
  };
}
