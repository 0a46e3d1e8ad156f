import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa from 'koa';
import CSRF from 'koa-csrf';
import helmet from 'koa-helmet';
import createSession from 'koa-session';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { keyedDigest, Refusal } from '../base/index.ts';
import { type Actor, type Locale, roles, type Theme } from './actor.ts';
import { loadAssets } from './assets.ts';
import { languageOf } from './language.ts';
import { type OpenApiPart, openApi, sessionCookie } from './openapi.ts';
import type { HttpDeps } from './ports.ts';
import { InvalidInput, isDatabaseGone, notStorable, type Problem, problemDetails, toProblem } from './problems.ts';
import { type Call, type FieldProblem, isReply, type Reply, type RouteDefinition, type SessionData } from './route.ts';
import { type Check, compile, unstorable } from './schema.ts';
import { eitherStore, visitorPrefix, visitorSessions } from './sessions.ts';
import { createUi, type NavSection, type Ui } from './ui.ts';
import { loadWords } from './words.ts';

const mebibyte = 1024 * 1024;
/** Where a person may be sent back to: a page of ours, with its query. */
const wayBack = /^\/(?![/\\])[\w./@-]*(\?[\w.~%=&@:+-]*)?$/;
const unsafe = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const localHosts = ['localhost', '127.0.0.1', '[::1]'];
const templates = new URL('../../templates/', import.meta.url);

export interface Http {
  app: Koa;
  ui: Ui;
  /** Adds a route. @throws Error for a route that does not say who may call it, or whose path is taken */
  route(definition: RouteDefinition): void;
  routes(): readonly RouteDefinition[];
  /** Adds what a door beside Koa answers to the OpenAPI document. */
  describe(part: OpenApiPart): void;
  /** What the side menu holds for this person; the console sets it. */
  menu(build: (actor: Actor | null, locale: Locale, path: string) => Promise<NavSection[]> | NavSection[]): void;
  /** The handler for `http.createServer`. */
  handler(): (request: IncomingMessage, response: ServerResponse) => void;
  /** Sets the time limits of the raw server; doors share them. */
  guard(server: Server): void;
  /** Is this a host we answer for? Doors ask before they serve. */
  knowsHost(host: string | undefined): boolean;
}

/**
 * The front door. Routes may be added until the first request.
 * `ready` are the checks of `/readyz`; each says null or a sentence.
 */
export function createHttp({ db, law, accounts, log, config, ready = {}, notes = () => [], metrics }: HttpDeps): Http {
  const secure = config.publicUrl.startsWith('https:');
  const publicHost = new URL(config.publicUrl).hostname;
  const hosts = new Set([publicHost, ...localHosts, ...(config.hosts ?? [])]);
  const bodyLimit = config.bodyLimit ?? mebibyte;
  const timeoutMs = config.timeoutMs ?? 30_000;
  const assets = loadAssets(new URL('assets/', templates));
  const dictionary = loadWords(new URL('locales/', templates), law.zone);
  const ui = createUi({ folder: new URL('pages/', templates), dictionary, assets });
  const definitions: RouteDefinition[] = [];
  const described: OpenApiPart[] = [];
  const router = new Router();
  const limiters = new Map<string, RateLimiterPostgres>();
  let buildMenu: Parameters<Http['menu']>[0] = () => [];

  // The hop that the proxy has seen itself; the ones before it are the sender's words.
  const app = new Koa({ proxy: config.behindProxy ?? false, maxIpsCount: 1 });
  app.keys = [config.cookieKey as string];
  // Koa's own last resort; what reaches it has already been answered.
  app.silent = true;

  const csrf = CSRF({
    errorHandler: () => {
      throw new Refusal('csrf.invalid', 'forbidden', {
        message: 'The form is out of date: reload the page and send it again.',
      });
    },
    disableQuery: true,
  });

  /** A token for this session, made without checking one. */
  const tokenFor = async (session: object): Promise<string> => {
    const probe = { session, state: {} as { _csrf?: string }, method: 'GET' };
    await csrf(probe as never, async () => {});
    return probe.state._csrf ?? '';
  };

  app.use(async (ctx, next) => {
    const started = performance.now();
    ctx.state.reference = randomBytes(5).toString('hex');
    ctx.state.nonce = randomBytes(16).toString('base64');
    // TLS ends before us: the last step to this process says nothing about the way of a cookie.
    if (secure) ctx.cookies.secure = true;
    try {
      await withTimeout(next(), timeoutMs);
      if (ctx.status === 404 && ctx.body === undefined) throw new Refusal('http.not-found', 'not-found');
    } catch (error) {
      await answerError(ctx, error);
    }
    // The template of the path, not the path: a path may hold a number, a query may hold anything.
    const where = (ctx.state.route as RouteDefinition | undefined)?.path ?? 'other';
    if (!ctx.path.startsWith('/assets/')) {
      log.info(
        {
          reference: ctx.state.reference,
          method: ctx.method,
          route: where,
          status: ctx.status,
          ms: Math.round(performance.now() - started),
        },
        'request',
      );
    }
  });

  app.use((ctx, next) =>
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: [`'nonce-${ctx.state.nonce}'`],
          styleSrc: ["'self'"],
          fontSrc: ["'self'"],
          imgSrc: ["'self'"],
          connectSrc: ["'self'"],
          formAction: ["'self'"],
          baseUri: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: secure ? { maxAge: 31_536_000, includeSubDomains: false } : false,
      referrerPolicy: { policy: 'no-referrer' },
    })(ctx, next),
  );

  app.use(async (ctx, next) => {
    if (!knowsHost(ctx.get('host'))) {
      ctx.status = 421;
      ctx.body = problemDetails(
        { status: 421, code: 'host.unknown', detail: null, errors: [], extra: {}, retryAfter: null },
        ctx.state.reference,
      );
      ctx.type = 'application/problem+json';
      return;
    }
    const asset = ctx.method === 'GET' || ctx.method === 'HEAD' ? assets.at(ctx.path) : null;
    if (!asset) return next();
    ctx.set('Cache-Control', 'public, max-age=31536000, immutable');
    ctx.set('ETag', asset.etag);
    ctx.status = 200;
    if (ctx.fresh) {
      ctx.status = 304;
      return;
    }
    ctx.type = asset.type;
    ctx.body = asset.bytes;
  });

  // Liveness and readiness stand before sessions: they answer also while the database is away.
  app.use(async (ctx, next) => {
    if (ctx.path === '/healthz') {
      ctx.set('Cache-Control', 'no-store');
      ctx.body = { status: 'ok', ...(config.version ? { version: config.version } : {}) };
      return;
    }
    if (ctx.path === '/metrics' && metrics) {
      const said = /^Bearer (.+)$/i.exec(ctx.get('authorization'))?.[1] ?? '';
      if (!sameWords(said, metrics.token)) {
        throw new Refusal('metrics.token', 'unauthenticated', {
          message: 'The figures are for whoever knows METRICS_TOKEN.',
        });
      }
      ctx.set('Cache-Control', 'no-store');
      ctx.type = 'text/plain; version=0.0.4; charset=utf-8';
      ctx.body = await metrics.text();
      return;
    }
    if (ctx.path !== '/readyz') return next();
    const checks = await Promise.all(
      Object.entries(ready).map(async ([name, check]): Promise<[string, string | null]> => {
        try {
          return [name, await withTimeout(check(), 5_000)];
        } catch (error) {
          return [name, isDatabaseGone(error) ? 'the database does not answer' : 'the check failed'];
        }
      }),
    );
    const wrong = checks.filter(([, answer]) => answer !== null);
    ctx.set('Cache-Control', 'no-store');
    ctx.status = wrong.length === 0 ? 200 : 503;
    const said = notes();
    ctx.body = {
      status: wrong.length === 0 ? 'ready' : 'not-ready',
      checks: Object.fromEntries(checks.map(([name, answer]) => [name, answer ?? 'ok'])),
      ...(said.length > 0 ? { notes: said } : {}),
    };
  });

  app.use((ctx, next) => {
    if (!unsafe.has(ctx.method)) return next();
    // Browsers say where a request comes from; programs say nothing and carry no cookie of somebody else's.
    const site = ctx.get('sec-fetch-site');
    const origin = ctx.get('origin');
    const foreign = site ? site !== 'same-origin' && site !== 'none' : origin !== '' && hostOf(origin) !== ctx.host;
    if (foreign) throw new Refusal('csrf.foreign', 'forbidden', { message: 'The request came from another site.' });
    return next();
  });

  app.use(
    createSession(
      {
        key: sessionCookie,
        maxAge: law.operator.security.sessionHours * 3_600_000,
        httpOnly: true,
        sameSite: 'lax',
        secure,
        signed: true,
        renew: true,
        genid: (ctx: Koa.Context) =>
          `${ctx.state.entering ? '' : visitorPrefix}${randomBytes(32).toString('base64url')}`,
        store: eitherStore(visitorSessions(db), accounts.sessions) as never,
      },
      app,
    ),
  );

  app.use(
    bodyParser({
      enableTypes: ['json', 'form'],
      jsonLimit: bodyLimit,
      formLimit: bodyLimit,
      onError(error) {
        if ('status' in error && error.status === 413) throw error;
        if ('type' in error && String(error.type) === 'entity.too.large') throw error;
        throw new InvalidInput([{ field: 'body', message: `is not valid JSON: ${error.message}` }]);
      },
    }),
  );

  app.use(async (ctx, next) => {
    ctx.request.body ??= {};
    ctx.state.locale = ctx.cookies.get('srok.lang', { signed: false }) === 'en' ? 'en' : 'ru';
    const theme = ctx.cookies.get('srok.theme', { signed: false });
    ctx.state.theme = theme === 'dark' || theme === 'light' ? theme : 'system';
    const session = ctx.session as unknown as SessionData | null;
    ctx.state.actor = session?.account ? await accounts.actor(session.account) : null;
    if (session?.account && !ctx.state.actor) ctx.session = null as never; // gone or blocked since
    await next();
  });

  app.use(router.routes());
  app.use(router.allowedMethods({ throw: true }));

  function knowsHost(host: string | undefined): boolean {
    return hosts.has(hostOf(`http://${host ?? ''}`, 'hostname'));
  }

  async function spend(
    ctx: Koa.Context,
    { name, points, seconds }: NonNullable<RouteDefinition['limit']>,
  ): Promise<void> {
    let limiter = limiters.get(name);
    if (!limiter) {
      limiter = new RateLimiterPostgres({
        storeClient: db,
        storeType: 'knex',
        schemaName: 'core',
        tableName: 'rate_limits',
        tableCreated: true,
        keyPrefix: name,
        points,
        duration: seconds,
      });
      limiters.set(name, limiter);
    }
    try {
      // An address is guessed from a plain hash at once: under a key that is not in the database the table is about no one.
      await limiter.consume(keyedDigest(config.cookieKey, `${name}|${ctx.ip}`));
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw new Refusal('rate.limited', 'limit', { retryAfter: Math.ceil((error.msBeforeNext ?? 1_000) / 1_000) });
    }
  }

  function callOf(ctx: Koa.Context): Call {
    return {
      actor: ctx.state.actor as Actor | null,
      params: ctx.params as Record<string, string>,
      query: { ...ctx.query },
      body: ctx.request.body as Record<string, unknown>,
      ip: ctx.ip,
      userAgent: ctx.get('user-agent'),
      locale: ctx.state.locale as Locale,
      theme: ctx.state.theme as Theme,
      session: ctx.session as unknown as SessionData,
      async signIn(account) {
        const session = ctx.session as unknown as SessionData & { secret?: string; regenerate(): Promise<void> };
        delete session.pending;
        delete session.secret;
        session.account = account;
        ctx.state.entering = true;
        await session.regenerate();
        ctx.state.actor = await accounts.actor(account);
      },
      signOut() {
        ctx.session = null as never;
        ctx.state.actor = null;
      },
      token: () => tokenFor(ctx.session as unknown as object),
      flash(text, tone = 'green') {
        (ctx.session as unknown as SessionData).flash = { text, tone };
      },
      ctx,
    };
  }

  /** 404 rather than 403 for those who are not signed in would hide nothing: the paths are public. */
  function admit(route: RouteDefinition, actor: Actor | null): void {
    if (route.roles === 'public') return;
    if (!actor) throw new Refusal('session.missing', 'unauthenticated');
    if (route.roles === 'signed-in') return;
    if (!route.roles.some((role) => actor.roles.includes(role))) {
      throw new Refusal('role.missing', 'forbidden', {
        message: `This takes one of the roles: ${route.roles.join(', ')}.`,
      });
    }
  }

  async function send(ctx: Koa.Context, reply: unknown): Promise<void> {
    const isApi = ctx.path.startsWith('/api/');
    if (!isReply(reply)) {
      if (reply === undefined && ctx.body !== undefined) return; // the handler wrote to Koa itself
      ctx.status = reply === undefined ? 204 : 200;
      ctx.body = reply ?? null;
      if (reply === undefined) ctx.status = 204;
      return;
    }
    switch (reply.kind) {
      case 'json':
        ctx.status = reply.status;
        if (reply.headers) ctx.set(reply.headers);
        ctx.body = reply.body;
        if (reply.body === undefined) ctx.status = reply.status;
        return;
      case 'redirect':
        ctx.redirect(reply.to);
        ctx.status = isApi ? 302 : 303;
        return;
      case 'file':
        ctx.attachment(reply.name, { type: reply.inline ? 'inline' : 'attachment' });
        ctx.type = reply.type;
        ctx.body = reply.bytes;
        return;
      case 'page':
        return draw(ctx, reply.template, reply.model, reply.status);
    }
  }

  async function draw(
    ctx: Koa.Context,
    template: string,
    model: Record<string, unknown>,
    status: number,
  ): Promise<void> {
    const session = ctx.session as unknown as SessionData | null;
    const flash = session?.flash ?? null;
    if (session && flash) delete session.flash;
    const actor = (ctx.state.actor as Actor | null | undefined) ?? null;
    const locale = (ctx.state.locale as Locale | undefined) ?? 'ru';
    const fragment = ctx.get('hx-request') === 'true';
    ctx.vary('HX-Request');
    ctx.status = status;
    ctx.type = 'text/html; charset=utf-8';
    ctx.body = ui.render(template, model, {
      locale,
      theme: (ctx.state.theme as Theme | undefined) ?? 'system',
      actor,
      nonce: ctx.state.nonce as string,
      path: ctx.path,
      back: wayBack.test(ctx.path + ctx.search) ? ctx.path + ctx.search : ctx.path,
      csrf: (ctx.state._csrf as string | undefined) ?? null,
      flash,
      operator: law.operator.shortName,
      nav: fragment ? [] : await buildMenu(actor, locale, ctx.path),
      fragment,
    });
  }

  async function answerError(ctx: Koa.Context, error: unknown): Promise<void> {
    const problem = toProblem(error);
    const reference = ctx.state.reference as string;
    if (problem.status >= 500 || problem.code === notStorable) {
      log.error({ reference, code: problem.code, error: forLog(error) }, 'request failed');
    }
    ctx.set('Cache-Control', 'no-store');
    if (problem.retryAfter !== null) ctx.set('Retry-After', String(problem.retryAfter));
    // Programs follow no way to a page where one may sign in.
    const forPrograms = ctx.path.startsWith('/api/') || ctx.path === '/metrics';
    if (forPrograms || !ctx.accepts('html')) {
      ctx.status = problem.status;
      ctx.body = JSON.stringify(problemDetails(inLanguage(problem, languageOf(ctx.headers)), reference));
      ctx.type = 'application/problem+json';
      return;
    }
    if (problem.status === 401 && ctx.method === 'GET') {
      ctx.redirect(`/auth/login?next=${encodeURIComponent(ctx.path)}`);
      return;
    }
    const status = problem.status === 400 ? 422 : problem.status;
    const locale = (ctx.state.locale as Locale | undefined) ?? 'ru';
    const said = problem.errors[0]?.rule ? inWords(problem, locale)[0]?.message : say(problem, locale);
    const model = { problem: { ...problem, detail: said ?? null }, status, reference };
    try {
      await draw(ctx, 'error', model, status);
    } catch {
      // With the database away even the menu cannot be counted: draw the page without it.
      ctx.status = status;
      ctx.type = 'text/html; charset=utf-8';
      ctx.body = ui.render('error', model, {
        locale,
        theme: (ctx.state.theme as Theme | undefined) ?? 'system',
        actor: null,
        nonce: ctx.state.nonce as string,
        path: ctx.path,
        back: ctx.path,
        csrf: null,
        flash: null,
        operator: law.operator.shortName,
        nav: [],
        fragment: false,
      });
    }
  }

  function addRoute(definition: RouteDefinition): void {
    const { method, path } = definition;
    const name = `${method.toUpperCase()} ${path}`;
    checkAudience(definition, name);
    if (definitions.some((other) => other.method === method && other.path === path)) {
      throw new Error(`The route ${name} is given twice.`);
    }
    definitions.push(definition);
    const isApi = path.startsWith('/api/');
    const checks: { params?: Check; query?: Check; body?: Check } = {};
    if (definition.params) checks.params = compile(definition.params, { text: true });
    if (definition.query) checks.query = compile(definition.query, { text: true });
    if (definition.body) checks.body = compile(definition.body, { text: !isApi });

    router[method](path, async (ctx: Koa.Context) => {
      ctx.state.route = definition;
      const actor = ctx.state.actor as Actor | null;
      if (actor || isApi) ctx.set('Cache-Control', 'no-store');
      if (definition.limit) await spend(ctx, definition.limit);
      admit(definition, actor);
      await checkToken(ctx, definition, isApi);
      const call = callOf(ctx);
      const body = call.body;
      delete body._csrf;
      const wrong = [
        ...(checks.params?.(call.params) ?? []),
        ...(checks.query?.(call.query) ?? []),
        ...(checks.body?.(body) ?? []),
        ...[call.params, call.query as object, body].flatMap(unstorable),
      ];
      let reply: unknown;
      try {
        if (wrong.length > 0) throw new InvalidInput(wrong);
        reply = await definition.handler(call);
      } catch (error) {
        reply = await redrawn(definition, call, error);
        ctx.status = 422;
      }
      await send(ctx, reply);
    });
  }

  /** A form answers wrong input with itself; everything else goes on to the error page. */
  async function redrawn(definition: RouteDefinition, call: Call, error: unknown): Promise<Reply> {
    const problem: Problem = toProblem(error);
    const ours = problem.status < 500 && ![401, 403, 404].includes(problem.status);
    if (!definition.redraw || !ours) throw error;
    const order = Object.keys((definition.body?.properties as object | undefined) ?? {});
    const all = inWords(problem, call.locale).sort((a, b) => order.indexOf(a.field) - order.indexOf(b.field));
    // One word for one field: an empty one is also of no right form.
    const errors = all.filter(({ field }, index) => all.findIndex((one) => one.field === field) === index);
    if (problem.retryAfter !== null) call.ctx.set('Retry-After', String(problem.retryAfter));
    const reply = await definition.redraw(call, errors);
    return reply.kind === 'page' ? { ...reply, status: problem.status === 400 ? 422 : problem.status } : reply;
  }

  /** A refusal in the words of the page, where the dictionary has them; else in its own. */
  function say(problem: Problem, locale: Locale): string | null {
    const key = `refusal:${problem.code}`;
    const gaps = { ...problem.extra, message: problem.detail };
    return dictionary.has(locale, key) ? dictionary.in(locale).t(key, gaps) : problem.detail;
  }

  /** For a program that asks for a language; one that asks for none is told a refusal as the code has it. */
  function inLanguage(problem: Problem, language: Locale | null): Problem {
    if (!language || problem.errors.some(({ rule }) => rule)) return problem;
    const detail = say(problem, language);
    return { ...problem, detail, errors: problem.errors.map((one) => ({ ...one, message: detail ?? one.message })) };
  }

  function inWords(problem: Problem, locale: Locale): FieldProblem[] {
    if (problem.errors.length === 0) return [{ field: '', message: say(problem, locale) ?? problem.code }];
    return problem.errors.map(({ field, message, rule }) => {
      const key = `wrong:${rule}`;
      if (rule) {
        return { field, rule, message: dictionary.in(locale).t(dictionary.has(locale, key) ? key : 'wrong:other') };
      }
      return { field, message: say(problem, locale) ?? message };
    });
  }

  async function checkToken(ctx: Koa.Context, definition: RouteDefinition, isApi: boolean): Promise<void> {
    const session = ctx.session as unknown as SessionData & { secret?: string };
    const known = Boolean(session?.account || session?.secret);
    if (!unsafe.has(ctx.method)) {
      if (session && !isApi && (session.account || definition.form)) await csrf(ctx as never, async () => {});
      return;
    }
    if (isApi && !session?.account && definition.roles === 'public') {
      // A page of another site cannot send this type without asking first.
      if (ctx.is('json') || ctx.request.length === 0 || ctx.request.length === undefined) return;
      throw Object.assign(new Error('Send application/json.'), { status: 415 });
    }
    if (definition.path === '/settings' && !known) return; // changes no one's data: language and theme cookies only
    await csrf(ctx as never, async () => {});
  }

  const http: Http = {
    app,
    ui,
    route: addRoute,
    routes: () => definitions,
    describe: (part) => void described.push(part),
    menu(build) {
      buildMenu = build;
    },
    handler: () => app.callback(),
    guard(server) {
      server.headersTimeout = 15_000;
      server.requestTimeout = 60_000;
      server.keepAliveTimeout = 10_000;
      server.maxHeadersCount = 100;
    },
    knowsHost,
  };

  addRoute({
    method: 'get',
    path: '/api/openapi.json',
    roles: 'public',
    summary: 'This document',
    handler: () => openApi(definitions, { url: config.publicUrl, version: config.version ?? '0' }, described),
  });
  addRoute({
    method: 'get',
    path: '/api/v1/session',
    roles: 'signed-in',
    summary: 'Who is signed in, and the token that changing calls carry in X-CSRF-Token',
    tag: 'session',
    handler: async (call) => ({
      account: call.actor?.account,
      subject: call.actor?.subject,
      roles: call.actor?.roles,
      csrf: await tokenFor(call.session),
    }),
  });
  addRoute({
    method: 'post',
    path: '/settings',
    roles: 'public',
    body: {
      type: 'object',
      properties: {
        lang: { enum: ['ru', 'en'] },
        theme: { enum: ['system', 'light', 'dark'] },
        back: { type: 'string', pattern: wayBack.source },
      },
      additionalProperties: false,
    },
    handler: ({ body, ctx }) => {
      const choice = {
        httpOnly: true,
        sameSite: 'lax',
        secure,
        signed: false,
        overwrite: true,
        maxAge: yearMs,
      } as const;
      const { lang, theme, back } = body as { lang?: string; theme?: string; back?: string };
      if (lang) ctx.cookies.set('srok.lang', lang, choice);
      if (theme) ctx.cookies.set('srok.theme', theme, choice);
      ctx.redirect(back ?? '/');
      ctx.status = 303;
    },
  });
  addRoute({
    method: 'get',
    path: '/favicon.ico',
    roles: 'public',
    handler: ({ ctx }) => ctx.redirect(assets.url('mark.svg')),
  });
  return http;
}

const yearMs = 31_536_000_000;

function checkAudience({ roles: audience }: RouteDefinition, name: string): void {
  const ok =
    audience === 'public' ||
    audience === 'signed-in' ||
    (Array.isArray(audience) &&
      audience.length > 0 &&
      audience.every((role) => (roles as readonly string[]).includes(role)));
  if (!ok) throw new Error(`The route ${name} does not say who may call it.`);
}

/** Compares in the same time whatever differs, also the lengths. */
function sameWords(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function hostOf(url: string, part: 'host' | 'hostname' = 'host'): string {
  try {
    return new URL(url)[part];
  } catch {
    return '';
  }
}

/**
 * Answers in time, and no more than that: the work itself goes on and may still come to its end after the 503, as may
 * the transaction it is in. So a 503 `http.timeout` says nothing about whether something was done; who asks again must
 * look first. What was begun is not cut off, since sweeps and long exports share the pool with the handlers.
 * @throws Refusal `http.timeout`
 */
async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Refusal('http.timeout', 'unavailable')), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An error for the operators: its kind and its stack, without the values a database message may quote. */
function forLog(error: unknown): { name: string; code?: string; stack?: string } {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = 'code' in error ? String(error.code) : undefined;
  const frames = error.stack
    ?.split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, 8)
    .join('\n');
  return { name: error.name, ...(code ? { code } : {}), ...(frames ? { stack: frames } : {}) };
}
