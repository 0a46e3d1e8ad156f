import type Koa from 'koa';
import type { Actor, Locale, Role, Theme } from './actor.ts';

/** A JSON Schema (2020-12): the same object checks the input and makes the OpenAPI document. */
export type Schema = { readonly [key: string]: unknown };

/** Who may call: anyone, anyone signed in, or the holders of one of these roles. There is no default. */
export type Audience = 'public' | 'signed-in' | readonly Role[];

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** One checked request. Input has passed the route's schemas; nothing else of it is handed on. */
export interface Call<Body = Record<string, unknown>, Query = Record<string, unknown>> {
  actor: Actor | null;
  params: Record<string, string>;
  query: Query;
  body: Body;
  ip: string;
  userAgent: string;
  locale: Locale;
  theme: Theme;
  /** The session of the browser; empty when nobody is signed in. */
  session: SessionData;
  /** A new session id for this account (after sign-in); the old one is destroyed. */
  signIn(account: string): Promise<void>;
  signOut(): void;
  /** Says something once on the next page. */
  flash(text: string, tone?: Tone): void;
  ctx: Koa.Context;
}

export type Tone = 'green' | 'amber' | 'red' | 'violet' | 'grey' | 'blue';

/** What a session remembers: ids and choices, never names or addresses. */
export interface SessionData {
  account?: string;
  /** Half signed in: the password was right, the second factor is still asked. */
  pending?: string;
  flash?: { text: string; tone: Tone };
  [key: string]: unknown;
}

/**
 * What a handler answers. A plain object is JSON with status 200 (201 and 204 by `json`); the others by the helpers
 * below.
 */
export type Reply = JsonReply | PageReply | RedirectReply | FileReply;

export interface JsonReply {
  kind: 'json';
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

export interface PageReply {
  kind: 'page';
  status: number;
  template: string;
  model: Record<string, unknown>;
}

export interface RedirectReply {
  kind: 'redirect';
  to: string;
}

export interface FileReply {
  kind: 'file';
  bytes: Buffer;
  type: string;
  name: string;
  inline: boolean;
}

/**
 * A route is data. Paths under `/api/` speak JSON and answer errors as problem details (RFC 9457); all others are
 * pages.
 *
 * `Body` is a type parameter so that a handler can name what its schema guarantees.
 */
// biome-ignore lint/suspicious/noExplicitAny: a list holds routes with different bodies; the schema is what checks
export interface RouteDefinition<Body = any, Query = any> {
  method: Method;
  /** In the words of @koa/router: `/api/v1/requests/:no` */
  path: string;
  /** Who may call. A route without it stops the start. */
  roles: Audience;
  /** One sentence for the OpenAPI document. */
  summary?: string;
  tag?: string;
  params?: Schema;
  query?: Schema;
  body?: Schema;
  /** Schema of the answer by status; a bare schema means 200. */
  response?: Schema | Record<number, Schema>;
  /** Calls in a time from one address; for doors that guessers like. */
  limit?: { name: string; points: number; seconds: number };
  handler(call: Call<Body, Query>): Promise<unknown> | unknown;
}

/** Lets TypeScript infer a route's types without widening the list it goes into. */
export function route<Body = Record<string, unknown>, Query = Record<string, unknown>>(
  definition: RouteDefinition<Body, Query>,
): RouteDefinition<Body, Query> {
  return definition;
}

export function json(body: unknown, status = 200, headers?: Record<string, string>): JsonReply {
  return { kind: 'json', status, body, ...(headers ? { headers } : {}) };
}

/** A screen: template by name (`dpo/requests`), and the model it shows. */
export function page(template: string, model: object = {}, status = 200): PageReply {
  return { kind: 'page', status, template, model: model as Record<string, unknown> };
}

/** After a POST: 303, so that a reload does not send the form again. */
export function redirect(to: string): RedirectReply {
  return { kind: 'redirect', to };
}

export function file(bytes: Buffer, type: string, name: string, { inline = false } = {}): FileReply {
  return { kind: 'file', bytes, type, name, inline };
}

export function isReply(value: unknown): value is Reply {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    ['json', 'page', 'redirect', 'file'].includes(String(value.kind)) &&
    ('status' in value || 'to' in value || 'bytes' in value)
  );
}
