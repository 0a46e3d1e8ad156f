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
  /** The token that changing calls of this session must carry. */
  token(): Promise<string>;
  /** Says something once on the next page. */
  flash(text: string, tone?: Tone): void;
  ctx: Koa.Context;
}

/** What is wrong with one field, in words. */
export interface FieldProblem {
  field: string;
  message: string;
  /** The schema's keyword that was broken (`required`, `format:email`): the key of its words on a page. */
  rule?: string;
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

/** What a handler answers, made by the helpers below. Any other value is JSON with status 200. */
export type Reply = JsonReply | PageReply | RedirectReply | FileReply;

const mark = Symbol('reply');

interface Marked {
  readonly [mark]: true;
}

export interface JsonReply extends Marked {
  kind: 'json';
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

export interface PageReply extends Marked {
  kind: 'page';
  status: number;
  template: string;
  model: Record<string, unknown>;
}

export interface RedirectReply extends Marked {
  kind: 'redirect';
  to: string;
}

export interface FileReply extends Marked {
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
  /** A page with a form that visitors may send: its session starts here, so that the form can carry its token. */
  form?: boolean;
  /** A form's answer to wrong input: the same form again, with what was typed and what is wrong. */
  redraw?(call: Call<Record<string, unknown>, Query>, problems: FieldProblem[]): Promise<Reply> | Reply;
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
  return { [mark]: true, kind: 'json', status, body, ...(headers ? { headers } : {}) };
}

/** A screen: template by name (`dpo/requests`), and the model it shows. */
export function page(template: string, model: object = {}, status = 200): PageReply {
  return { [mark]: true, kind: 'page', status, template, model: model as Record<string, unknown> };
}

/** After a POST: 303, so that a reload does not send the form again. */
export function redirect(to: string): RedirectReply {
  return { [mark]: true, kind: 'redirect', to };
}

export function file(bytes: Buffer, type: string, name: string, { inline = false } = {}): FileReply {
  return { [mark]: true, kind: 'file', bytes, type, name, inline };
}

export function isReply(value: unknown): value is Reply {
  return typeof value === 'object' && value !== null && mark in value;
}
