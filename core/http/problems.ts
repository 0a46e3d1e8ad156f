import { Refusal, type RefusalKind } from '../base/index.ts';
import type { FieldProblem } from './route.ts';

/** The only place where the kind of a "no" becomes a number; doors beside `http` ask here. */
export const statusOf: Record<RefusalKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'key-reused': 422,
  'too-large': 413,
  limit: 429,
  unavailable: 503,
};

/** A failure as the outside may see it. */
export interface Problem {
  status: number;
  code: string;
  /** A plain sentence for people; null when the reason is ours alone. */
  detail: string | null;
  errors: FieldProblem[];
  /** More members for a program: the clause, the reset instant … */
  extra: Record<string, unknown>;
  retryAfter: number | null; // seconds
}

/** Input that did not pass the schema. */
export class InvalidInput extends Error {
  readonly problems: FieldProblem[];
  constructor(problems: FieldProblem[]) {
    super('The input is not valid.');
    this.problems = problems;
  }
}

// Class 08: connection, 53: resources, 57: the server is being stopped.
const goneStates = /^(08|53|57P)/;
const goneErrors = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT']);

/** The database refused a value that had passed the schema: the caller's fault, yet worth a line in our log. */
export const notStorable = 'input.not-storable';

/** Is it the database that is away? Then we say 503 and recover by ourselves. */
export function isDatabaseGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isDatabaseGone);
  const code = 'code' in error ? String(error.code) : '';
  return (
    goneStates.test(code) ||
    (goneErrors.has(code) && ('address' in error || 'syscall' in error)) ||
    error.name === 'KnexTimeoutError' ||
    /Connection terminated|connection is closed|Unable to acquire a connection/i.test(error.message)
  );
}

/** Turns whatever was thrown into what may be said about it. Unknown errors say nothing but their reference code. */
export function toProblem(error: unknown): Problem {
  const base = { detail: null, errors: [], extra: {}, retryAfter: null };
  if (error instanceof InvalidInput) {
    const first = error.problems[0];
    return {
      ...base,
      status: 400,
      code: 'input.invalid',
      detail: first ? `${first.field} ${first.message}` : null,
      errors: error.problems,
    };
  }
  if (error instanceof Refusal) {
    const { message, field, retryAfter, ...rest } = error.details;
    return {
      status: statusOf[error.kind],
      code: error.code,
      detail: typeof message === 'string' ? message : null,
      errors: typeof field === 'string' ? [{ field, message: typeof message === 'string' ? message : error.code }] : [],
      extra: rest,
      retryAfter: typeof retryAfter === 'number' ? retryAfter : null,
    };
  }
  if (isDatabaseGone(error)) return { ...base, status: 503, code: 'database.away', retryAfter: 5 };
  // Class 22: a value that no column takes, such as the year 0 or a number of twenty digits.
  if (error instanceof Error && 'code' in error && /^22[0-9A-Z]{3}$/.test(String(error.code))) {
    return { ...base, status: 400, code: notStorable };
  }
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  const type = error instanceof Error && 'type' in error ? String(error.type) : '';
  if (status === 413 || type === 'entity.too.large') return { ...base, status: 413, code: 'body.too-large' };
  if (status >= 400 && status < 500) return { ...base, status, code: `http.${status}` };
  return { ...base, status: 500, code: 'internal' };
}

const titles: Record<number, string> = {
  400: 'The input is not valid',
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not found',
  405: 'This method is not allowed here',
  408: 'The request took too long',
  409: 'Not possible in this state',
  413: 'The body is too large',
  415: 'This kind of body is not accepted',
  421: 'Not the host that was asked',
  422: 'The key already stands for something else',
  429: 'Too many requests, or the limit is reached',
  500: 'Something went wrong on our side',
  503: 'Not possible at the moment',
};

/** The body of RFC 9457. Standard members win over extra ones. */
export function problemDetails(problem: Problem, reference: string): Record<string, unknown> {
  return {
    ...problem.extra,
    type: `urn:srok:problem:${problem.code}`,
    title: titles[problem.status] ?? 'Error',
    status: problem.status,
    code: problem.code,
    ...(problem.detail ? { detail: problem.detail } : {}),
    ...(problem.errors.length > 0 ? { errors: problem.errors.map(({ field, message }) => ({ field, message })) } : {}),
    instance: `urn:srok:reference:${reference}`,
  };
}
