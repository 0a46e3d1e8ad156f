import { Refusal, Temporal } from '../base/index.ts';
import type { Trx } from '../db/index.ts';
import { type Call, file, json, type RouteDefinition, route, type Schema } from '../http/index.ts';
import { fromPath } from './numbers.ts';
import type { ConsoleDeps } from './ports.ts';
import { type RegistrationForm, register } from './registration.ts';
import { by, notInFuture, subjectOf } from './shared.ts';

const text = (maxLength = 200): Schema => ({ type: 'string', minLength: 1, maxLength });
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const email: Schema = { type: 'string', format: 'email', maxLength: 254 };
const instant: Schema = { type: 'string', format: 'date-time' };
const day: Schema = { type: 'string', format: 'date' };
const pdf: Schema = { contentMediaType: 'application/pdf' };
const bytes: Schema = { contentMediaType: 'application/octet-stream' };
const anything: Schema = { type: 'object' };
const list: Schema = { type: 'array', items: { type: 'object' } };

const readers = ['dpo', 'dpo-assistant'] as const;
const witnesses = ['dpo', 'dpo-assistant', 'auditor'] as const;
/** Documents that are shown to auditors by their id. */
const proofs: readonly string[] = ['destruction-act', 'log-access-report'];
const channels = ['email', 'dashboard', 'post', 'in-person', 'portal'];

/** The JSON side of everything the screens do; the same use cases, under `/api/v1/`. */
export function apiRoutes(deps: ConsoleDeps): RouteDefinition[] {
  const { db, accounts, requests, retention, letters, consents, journal, clock } = deps;
  const story = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => db.transaction(work);
  const request = async (call: Call) => requests.get(fromPath(call.params.no ?? ''));
  const kinds = requests.kinds();

  return [
    // Coming and going
    route<{ email: string; password: string; totp?: string }>({
      method: 'post',
      path: '/api/v1/session',
      roles: 'public',
      summary: 'Sign in; sets the session cookie and answers the CSRF token',
      tag: 'session',
      body: object({ email: text(254), password: text(1024), totp: text(32) }, ['email', 'password']),
      response: anything,
      limit: { name: 'sign-in', points: 300, seconds: 60 },
      async handler(call) {
        const { email: address, password, totp } = call.body;
        const answer = await accounts.signIn({ email: address, password, ip: call.ip, ...(totp ? { totp } : {}) });
        if (answer.step === 'second-factor') {
          call.session.pending = answer.account;
          return json({ step: 'second-factor', csrf: await call.token() }, 202);
        }
        return enter(call, answer.actor.account, accounts);
      },
    }),
    route<{ code: string }>({
      method: 'post',
      path: '/api/v1/session/second-factor',
      roles: 'public',
      summary: 'The second step of signing in',
      tag: 'session',
      body: object({ code: text(32) }, ['code']),
      response: anything,
      limit: { name: 'second-factor', points: 10, seconds: 60 },
      async handler(call) {
        const account = call.session.pending;
        if (!account) throw new Refusal('sign-in.refused', 'unauthenticated');
        const actor = await accounts.secondFactor({ account, code: call.body.code, ip: call.ip });
        return enter(call, actor.account, accounts);
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/session',
      roles: 'signed-in',
      summary: 'Sign out',
      tag: 'session',
      response: { 204: {} },
      handler(call) {
        call.signOut();
        return undefined;
      },
    }),
    route<{ token: string; password: string; email?: string; name?: string }>({
      method: 'post',
      path: '/api/v1/links',
      roles: 'public',
      summary: 'Use a one-time link: set the password (the first administrator also gives e-mail and name)',
      tag: 'session',
      body: object({ token: text(400), password: text(1024), email, name: text() }, ['token', 'password']),
      response: { 201: anything },
      limit: { name: 'links', points: 10, seconds: 60 },
      async handler({ body: { token, ...answer } }) {
        return json(await accounts.staff.setPassword(token, answer), 201);
      },
    }),

    // The person's own account
    route<RegistrationForm>({
      method: 'post',
      path: '/api/v1/accounts',
      roles: 'public',
      summary:
        'Register: accepts the offer and records acquaintance with the policy, by edition; writes no consent and no day of birth',
      tag: 'account',
      body: object(
        {
          email,
          password: text(1024),
          name: text(),
          position: text(),
          born: day,
          locale: { enum: ['ru', 'en'] },
          accepts: { type: 'array', items: text(64), maxItems: 20 },
          acquaints: { type: 'array', items: text(64), maxItems: 20 },
        },
        ['email', 'password', 'name', 'accepts', 'acquaints'],
      ),
      response: { 201: anything },
      limit: { name: 'register', points: 60, seconds: 60 },
      handler: async (call) => json(await register(deps, call.body), 201),
    }),
    route({
      method: 'get',
      path: '/api/v1/account',
      roles: ['relay-user'],
      summary: 'The profile, the acceptances and the consents of the person who asks',
      tag: 'account',
      response: anything,
      async handler(call) {
        const { account, subject } = by(call);
        return {
          account,
          subject,
          profile: await accounts.profile(db, account),
          acceptances: await consents.acceptances(db, account),
          consents: subject ? await consents.given(db, subject) : [],
        };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/account/deletion',
      roles: ['relay-user'],
      summary: 'What would go, what would stay, on which ground and until when, and what paid time is lost',
      tag: 'account',
      response: anything,
      handler: (call) => accounts.previewDeletion(by(call).account),
    }),
    route({
      method: 'delete',
      path: '/api/v1/account',
      roles: ['relay-user'],
      summary: 'Delete the own account: the contract ends now, the data are erased by the promised day',
      tag: 'account',
      response: { 202: anything },
      async handler(call) {
        const { account } = by(call);
        const deletion = await story((trx) => accounts.deletion(trx, account));
        call.signOut();
        return json(deletion, 202);
      },
    }),
    route<{ edition: string }>({
      method: 'post',
      path: '/api/v1/account/acceptances',
      roles: ['relay-user'],
      summary: 'Accept an edition of the offer, or record acquaintance with an edition to be read',
      tag: 'account',
      body: object({ edition: text(64) }, ['edition']),
      response: { 201: anything },
      async handler(call) {
        const { account } = by(call);
        const edition = await consents.editions.get(db, call.body.edition);
        const kind = deps.law.operator.documents.find(({ id }) => id === edition.document)?.kind;
        const act = kind === 'policy' ? consents.acquaint : consents.accept;
        return json(await story((trx) => act(trx, account, edition.id, { via: 'api' })), 201);
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/notices',
      roles: ['relay-user'],
      summary: 'Notices of the dashboard',
      tag: 'account',
      response: list,
      handler: (call) => letters.notices(subjectOf(call)),
    }),
    route({
      method: 'post',
      path: '/api/v1/notices/:id/read',
      roles: ['relay-user'],
      summary: 'Mark a notice as read',
      tag: 'account',
      response: { 204: {} },
      async handler(call) {
        await story((trx) => letters.markRead(trx, call.params.id ?? '', subjectOf(call)));
      },
    }),

    // Documents for everyone
    route({
      method: 'get',
      path: '/api/v1/editions',
      roles: 'public',
      summary: "Editions of the operator's documents",
      tag: 'documents',
      query: object({ document: text(64) }),
      response: list,
      handler: (call) => consents.editions.list(db, call.query.document as string | undefined),
    }),
    route({
      method: 'get',
      path: '/api/v1/editions/current',
      roles: 'public',
      summary: 'The edition of each document that is in force today',
      tag: 'documents',
      response: list,
      async handler() {
        const today = clock.now().toZonedDateTimeISO(deps.law.zone).toPlainDate();
        const found = await Promise.all(
          deps.law.operator.documents.map(async ({ id, kind }) => {
            const edition = await consents.editions.current(db, id, today);
            return edition ? { ...edition, kind } : null;
          }),
        );
        return found.filter((edition) => edition !== null);
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/editions/:id/bytes',
      roles: 'public',
      summary: 'The very bytes of an edition',
      tag: 'documents',
      response: bytes,
      async handler(call) {
        const edition = await consents.editions.get(db, call.params.id ?? '');
        return file(
          await consents.editions.bytes(db, edition.id),
          edition.mime,
          `${edition.document}-${edition.effectiveOn}`,
        );
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/editions/:id/summary',
      roles: 'public',
      summary: 'The rules the engine really applies; not the document',
      tag: 'documents',
      response: anything,
      handler: (call) => consents.summary(call.params.id ?? ''),
    }),

    // Requests
    route({
      method: 'get',
      path: '/api/v1/requests',
      roles: readers,
      summary: 'Requests, the earliest deadline first',
      tag: 'requests',
      query: object({
        state: text(32),
        kind: { enum: kinds },
        open: { type: 'boolean' },
        overdue: { type: 'boolean' },
        subject: text(64),
        limit: { type: 'integer', minimum: 1, maximum: 500 },
      }),
      response: list,
      handler: (call) => requests.list(call.query),
    }),
    route<{
      channel: Parameters<typeof requests.receive>[1]['channel'];
      kind: Parameters<typeof requests.receive>[1]['kind'];
      receivedAt?: string;
      email?: string;
      name?: string;
      text?: string;
    }>({
      method: 'post',
      path: '/api/v1/requests',
      roles: readers,
      summary: 'Register a request that came by post, in person or by other ways',
      tag: 'requests',
      body: object(
        {
          channel: { enum: channels },
          kind: { enum: kinds },
          receivedAt: instant,
          email,
          name: text(),
          text: text(20_000),
        },
        ['channel', 'kind'],
      ),
      response: { 201: anything },
      async handler({ body }) {
        const receivedAt = body.receivedAt ? Temporal.Instant.from(body.receivedAt) : clock.now();
        notInFuture(receivedAt, clock.now(), 'receivedAt');
        const created = await story((trx) =>
          requests.receive(trx, {
            channel: body.channel,
            kind: body.kind,
            receivedAt,
            from: { ...(body.email ? { email: body.email } : {}), ...(body.name ? { name: body.name } : {}) },
            ...(body.text ? { text: body.text } : {}),
          }),
        );
        return json(created, 201);
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/requests/:no',
      roles: readers,
      summary: 'A request with its history and what was collected; names stay in the case file',
      tag: 'requests',
      response: anything,
      async handler(call) {
        const found = await request(call);
        return {
          ...found,
          history: await requests.history(found.id),
          parts: await requests.parts(found.id),
          deadline: await requests.deadline(found.id),
        };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/requests/:no/case',
      roles: readers,
      summary: 'The case file; the look is journaled before it is shown',
      tag: 'requests',
      response: anything,
      handler: async (call) => requests.open((await request(call)).id, by(call).account),
    }),
    route({
      method: 'get',
      path: '/api/v1/requests/:no/candidates',
      roles: readers,
      summary: 'People that the sender may be',
      tag: 'requests',
      response: list,
      handler: async (call) => requests.candidates((await request(call)).id),
    }),
    route<{ text: string; copy?: boolean }>({
      method: 'post',
      path: '/api/v1/requests/:no/clarify',
      roles: readers,
      summary: 'Ask the sender to prove who they are; `copy`: there is no other way than a copy of a document',
      tag: 'requests',
      body: object({ text: text(5_000), copy: { type: 'boolean' } }, ['text']),
      response: anything,
      async handler(call) {
        const { id } = await request(call);
        return story((trx) => requests.clarify(trx, id, { ...call.body, by: by(call).account }));
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/requests/:no/attachments',
      roles: readers,
      summary: 'Files that came with a request: their kind and size, not their names',
      tag: 'requests',
      response: list,
      handler: async (call) => requests.attachments((await request(call)).id),
    }),
    route({
      method: 'get',
      path: '/api/v1/requests/:no/attachments/:id',
      roles: readers,
      summary: 'One file; the look is journaled before it is shown',
      tag: 'requests',
      response: bytes,
      async handler(call) {
        const { id } = await request(call);
        const opened = await requests.attachment(id, call.params.id ?? '', by(call).account);
        return file(opened.bytes, opened.type, opened.name);
      },
    }),
    route<{ subject: string | null; method: string; identityDocuments?: string[] }>({
      method: 'post',
      path: '/api/v1/requests/:no/identify',
      roles: readers,
      summary:
        'Confirm who asks; null when no store knows this person. `identityDocuments`: the attachments that prove it, ' +
        'which are destroyed; the others stay in the case',
      tag: 'requests',
      body: object(
        {
          subject: { type: ['string', 'null'], maxLength: 64 },
          method: text(),
          identityDocuments: { type: 'array', items: text(64), maxItems: 200 },
        },
        ['subject', 'method'],
      ),
      response: anything,
      async handler(call) {
        const { id } = await request(call);
        return story((trx) => requests.identify(trx, id, { ...call.body, by: by(call).account }));
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/requests/:no/collect',
      roles: readers,
      summary: 'Collect from every store, or again from those that failed',
      tag: 'requests',
      response: list,
      handler: async (call) => requests.collect((await request(call)).id),
    }),
    route<{ text?: string }>({
      method: 'post',
      path: '/api/v1/requests/:no/answer',
      roles: ['dpo'],
      summary: 'Send the answer',
      tag: 'requests',
      body: object({ text: text(20_000) }),
      response: anything,
      async handler(call) {
        const { id } = await request(call);
        return story((trx) => requests.answer(trx, id, { ...call.body, by: by(call).account }));
      },
    }),
    route<{ on: boolean; text?: string }>({
      method: 'post',
      path: '/api/v1/requests/:no/restrict',
      roles: ['dpo'],
      summary: "Restrict the use of the person's records, or lift it; an answered restriction is lifted with a reason",
      tag: 'requests',
      body: object({ on: { type: 'boolean' }, text: text(5_000) }, ['on']),
      response: list,
      async handler(call) {
        const { id } = await request(call);
        return story((trx) => requests.restrict(trx, id, { ...call.body, by: by(call).account }));
      },
    }),
    route<{ purpose: string }>({
      method: 'post',
      path: '/api/v1/requests/:no/stop-purpose',
      roles: ['dpo'],
      summary: 'Uphold an objection: the purpose is stopped for this person',
      tag: 'requests',
      body: object({ purpose: text(64) }, ['purpose']),
      response: list,
      async handler(call) {
        const { id } = await request(call);
        return story((trx) => requests.stopPurpose(trx, id, { ...call.body, by: by(call).account }));
      },
    }),
    route<{ ground: string; reasoning: string; cite?: string }>({
      method: 'post',
      path: '/api/v1/requests/:no/refuse',
      roles: ['dpo'],
      summary: 'Refuse on a ground of law, with the reasoning the person will read',
      tag: 'requests',
      body: object({ ground: text(64), reasoning: text(20_000), cite: text(500) }, ['ground', 'reasoning']),
      response: anything,
      async handler(call) {
        const { id } = await request(call);
        return story((trx) => requests.refuse(trx, id, { ...call.body, by: by(call).account }));
      },
    }),
    route<{ reason: string }>({
      method: 'post',
      path: '/api/v1/requests/:no/extend',
      roles: ['dpo'],
      summary: 'Extend once, before the base date',
      tag: 'requests',
      body: object({ reason: text(5_000) }, ['reason']),
      response: anything,
      async handler(call) {
        const { id } = await request(call);
        return story((trx) => requests.extend(trx, id, { reason: call.body.reason, by: by(call).account }));
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/requests/:no/close',
      roles: readers,
      summary: 'Close what has been answered or refused',
      tag: 'requests',
      response: anything,
      async handler(call) {
        const { id } = await request(call);
        return story((trx) => requests.close(trx, id, by(call).account));
      },
    }),

    // Erasure
    route({
      method: 'get',
      path: '/api/v1/erasures',
      roles: witnesses,
      summary: 'Erasure plans',
      tag: 'erasures',
      query: object({ open: { type: 'boolean' }, subject: text(64), about: text(64) }),
      response: list,
      handler: (call) => retention.plans.list(call.query),
    }),
    route({
      method: 'get',
      path: '/api/v1/erasures/:id',
      roles: witnesses,
      summary: 'A plan: what goes, what stays, on which ground and until when',
      tag: 'erasures',
      response: anything,
      handler: (call) => retention.plans.get(call.params.id ?? ''),
    }),
    route({
      method: 'post',
      path: '/api/v1/erasures/:id/check',
      roles: readers,
      summary: "The second person's yes; starts the erasure",
      tag: 'erasures',
      response: anything,
      handler: (call) => story((trx) => retention.check(trx, call.params.id ?? '', by(call).account)),
    }),
    route({
      method: 'post',
      path: '/api/v1/erasures/:id/execute',
      roles: readers,
      summary: 'Run a checked plan again: only what is not done yet is repeated',
      tag: 'erasures',
      response: { 202: anything },
      async handler(call) {
        const plan = await retention.plans.get(call.params.id ?? '');
        if (!['approved', 'executing', 'partly'].includes(plan.state)) {
          throw new Refusal('plan.not-checked', 'conflict', { state: plan.state });
        }
        return json(
          { job: await story((trx) => deps.jobs.enqueue(trx, 'retention.execute-plan', { plan: plan.id })) },
          202,
        );
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/acts',
      roles: witnesses,
      summary: 'Destruction acts, the newest first',
      tag: 'acts',
      query: object({
        unsigned: { type: 'boolean' },
        plan: text(64),
        run: text(64),
        limit: { type: 'integer', minimum: 1, maximum: 1000 },
      }),
      response: list,
      handler: (call) => retention.acts.list(call.query),
    }),
    route({
      method: 'get',
      path: '/api/v1/acts/:id',
      roles: witnesses,
      summary: 'An act with its lines of the ledger',
      tag: 'acts',
      response: anything,
      async handler(call) {
        const act = await retention.acts.get(fromPath(call.params.id ?? ''));
        return { ...act, ledger: await retention.ledger({ act: act.id }) };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/acts/:id/document',
      roles: witnesses,
      summary: 'The act as PDF, with the extract',
      tag: 'acts',
      response: pdf,
      async handler(call) {
        const act = await retention.acts.get(fromPath(call.params.id ?? ''));
        return file(await letters.documents.pdf(act.document), 'application/pdf', `${act.number}.pdf`);
      },
    }),
    route<{ name: string; post: string }>({
      method: 'post',
      path: '/api/v1/acts/:id/sign',
      roles: ['dpo'],
      summary: 'Record the signature of the person who destroyed',
      tag: 'acts',
      body: object({ name: text(), post: text() }, ['name', 'post']),
      response: anything,
      async handler(call) {
        const act = await retention.acts.get(fromPath(call.params.id ?? ''));
        return story((trx) => retention.acts.sign(trx, act.id, { ...call.body, by: by(call).account }));
      },
    }),
    route<Parameters<typeof retention.holds.place>[1] & { from: string; until: string }>({
      method: 'post',
      path: '/api/v1/holds',
      roles: ['dpo'],
      summary: 'Place a legal hold',
      tag: 'holds',
      body: object(
        {
          subject: text(64),
          categories: { type: 'array', items: text(64), minItems: 1 },
          because: text(2_000),
          from: day,
          until: day,
        },
        ['subject', 'categories', 'because', 'from', 'until'],
      ),
      response: { 201: anything },
      async handler(call) {
        const { from, until, ...order } = call.body;
        const id = await story((trx) =>
          retention.holds.place(trx, {
            ...order,
            from: Temporal.PlainDate.from(from),
            until: Temporal.PlainDate.from(until),
            owner: by(call).account,
          }),
        );
        return json({ id }, 201);
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/holds/:id',
      roles: ['dpo'],
      summary: 'Release a legal hold',
      tag: 'holds',
      response: { 204: {} },
      async handler(call) {
        await story((trx) => retention.holds.release(trx, call.params.id ?? '', by(call).account));
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/documents/:id',
      roles: witnesses,
      summary:
        'A document by its id, as PDF; auditors see acts and reports, and the look is journaled before it is shown',
      tag: 'documents',
      response: pdf,
      async handler(call) {
        const { account, roles } = by(call);
        const record = await letters.documents.get(call.params.id ?? '');
        const handlesRequests = roles.some((role) => role === 'dpo' || role === 'dpo-assistant');
        // What was answered to a person, and about them, is no proof that an auditor needs.
        if (!handlesRequests && !proofs.includes(record.kind)) {
          throw new Refusal('document.unknown', 'not-found', { document: record.id });
        }
        const body = { kind: record.kind };
        await story((trx) =>
          journal.append(trx, { action: 'document.opened', about: record.id, actor: account, body }),
        );
        const { bytes: content, type, name } = await letters.documents.file(record.id);
        return file(content, type, name);
      },
    }),

    // The journal
    route({
      method: 'get',
      path: '/api/v1/journal',
      roles: ['dpo', 'auditor'],
      summary: 'Entries, the newest first',
      tag: 'journal',
      query: object({
        from: instant,
        to: instant,
        action: text(),
        prefix: text(),
        about: text(64),
        actor: text(64),
        before: { type: 'integer' },
        limit: { type: 'integer', minimum: 1, maximum: 1000 },
      }),
      response: list,
      async handler(call) {
        const { from, to, ...filter } = call.query as { from?: string; to?: string };
        return journal.list({
          ...filter,
          ...(from ? { from: Temporal.Instant.from(from) } : {}),
          ...(to ? { to: Temporal.Instant.from(to) } : {}),
        });
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/journal/verify',
      roles: ['dpo', 'auditor'],
      summary: 'Recompute the chain',
      tag: 'journal',
      response: anything,
      handler: () => journal.verify(),
    }),
    route({
      method: 'get',
      path: '/api/v1/journal/checkpoint',
      roles: ['dpo', 'auditor'],
      summary: 'The newest signed checkpoint',
      tag: 'journal',
      response: anything,
      handler: () => journal.checkpoint(),
    }),

    // Staff
    route({
      method: 'get',
      path: '/api/v1/staff',
      roles: ['admin'],
      summary: 'Staff and their roles',
      tag: 'staff',
      response: list,
      handler: () => accounts.staff.list(),
    }),
    route<{ email: string; name: string; position?: string; roles: string[] }>({
      method: 'post',
      path: '/api/v1/staff',
      roles: ['admin'],
      summary: 'Invite: makes the account and answers its one-time link',
      tag: 'staff',
      body: object(
        { email, name: text(), position: text(), roles: { type: 'array', items: text(32), minItems: 1, maxItems: 7 } },
        ['email', 'name', 'roles'],
      ),
      response: { 201: anything },
      handler: async (call) =>
        json(await story((trx) => accounts.staff.invite(trx, { ...call.body, by: by(call).account })), 201),
    }),
    route({
      method: 'get',
      path: '/api/v1/jobs',
      roles: ['admin', 'dpo'],
      summary: 'Queues and the age of their oldest job',
      tag: 'operations',
      response: list,
      handler: () => deps.jobs.counts(),
    }),
  ];
}

async function enter(call: Call, account: string, accounts: ConsoleDeps['accounts']): Promise<object> {
  await call.signIn(account);
  const actor = await accounts.actor(account);
  return {
    step: 'done',
    account,
    subject: actor?.subject ?? null,
    roles: actor?.roles ?? [],
    csrf: await call.token(),
  };
}
