import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Engine, type Locale, Refusal, statusOf } from '../../core/index.ts';
import { HungUp, TooSlow } from './bodies.ts';
import { languageOf, reasonOf } from './words.ts';

const passingMs = 30_000;
const passedBytes = 16 * 1024 * 1024;

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
};

// Refusals whose status is finer than their kind.
const finer: Record<string, number> = { 'body.wrong-type': 415 };

const unavailable = { code: 'log.unavailable', details: { message: 'The log is not available; try again.' } };

/** A known path with a method it does not have. */
export class WrongMethod extends Error {
  readonly allow: string;
  constructor(allow: string) {
    super('This method is not allowed here.');
    this.allow = allow;
  }
}

interface Problem {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * What a failure looks like to programs: problem details (RFC 9457), in the language that they ask for. What is not a
 * refusal of ours is told to nobody.
 */
export function problemOf(engine: Engine, error: unknown, asked: IncomingHttpHeaders): Problem {
  let status = 503;
  let code = 'log.unavailable';
  let details: Record<string, unknown> = { retryAfter: 1, message: 'The log is not available; try again.' };
  const headers: Record<string, string> = {};
  if (error instanceof Refusal) {
    status = finer[error.code] ?? statusOf[error.kind];
    ({ code } = error);
    details = { ...error.details };
  } else if (error instanceof WrongMethod) {
    [status, code, details] = [405, 'method.not-allowed', { message: error.message }];
    headers.allow = error.allow;
  } else if (error instanceof TooSlow) {
    [status, code, details] = [408, 'body.too-slow', { message: 'The body did not arrive in time.' }];
  } else if (error instanceof HungUp) {
    [status, code, details] = [400, 'body.cut-off', { message: 'The body ended before its time.' }];
  } else engine.log.error({ error: String(error) }, 'A request of the relay failed.');
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (typeof details.retryAfter === 'number') headers['retry-after'] = String(details.retryAfter);
  const { message: _own, retryAfter, field, ...more } = details;
  const message = reasonOf({ code, details }, languageOf(asked));
  const body = JSON.stringify({
    type: `urn:srok:problem:${code}`,
    title: titles[status] ?? 'Error',
    status,
    code,
    ...(message === undefined ? {} : { detail: message }),
    ...(field === undefined ? {} : { errors: [{ field, message: message ?? code }] }),
    ...more,
  });
  return {
    status,
    body,
    headers: {
      ...headers,
      'content-type': 'application/problem+json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
    },
  };
}

/** Answers a request with what went wrong, and gets rid of what may still be coming of its body. */
export function sendProblem(engine: Engine, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || error instanceof HungUp) {
    response.destroy();
    return;
  }
  const { status, headers, body } = problemOf(engine, error, request.headers);
  if (error instanceof TooSlow) {
    // Whoever sends by drops would hold the connection for as long again.
    response.writeHead(status, { ...headers, connection: 'close' }).end(body, () => request.destroy());
    return;
  }
  if (!request.complete) passOver(request);
  response.writeHead(status, headers).end(body);
}

/** The same on a socket that was to become a WebSocket. */
export function refuseUpgrade(engine: Engine, request: IncomingMessage, socket: Duplex, error: unknown): void {
  const { status, headers, body } = problemOf(engine, error, request.headers);
  const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${titles[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`);
}

const preflightSeconds = 600;

/**
 * What a browser asks before a page of another site may send something. Which project it will be about is not known
 * yet: the origin is checked by the request itself, which shows a token or a signature.
 */
export function preflight({ headers }: IncomingMessage, response: ServerResponse, allow: string): void {
  if (headers.origin === undefined) response.writeHead(204, { allow }).end();
  else {
    const answers = {
      'access-control-allow-origin': headers.origin,
      'access-control-allow-methods': allow,
      'access-control-allow-headers': 'authorization, content-type, idempotency-key',
      'access-control-max-age': String(preflightSeconds),
      vary: 'origin',
    };
    response.writeHead(204, answers).end();
  }
}

/** Lets a page whose origin is allowed read the answer, also when it says no. */
export function letRead({ headers }: IncomingMessage, response: ServerResponse): void {
  if (headers.origin === undefined) return;
  response.setHeader('access-control-allow-origin', headers.origin);
  response.setHeader('access-control-expose-headers', 'retry-after');
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
    })
    .end(text);
}

/** A refusal as an error of one frame or one line: the code, the words, and whatever else it names. */
export function errorOf(error: unknown, language: Locale | null): Record<string, unknown> {
  const { code, details } = error instanceof Refusal ? error : unavailable;
  const { message: _own, ...more } = details;
  return { ...more, code, message: reasonOf({ code, details }, language) ?? code };
}

/** Lets the rest of a refused body go by, so that the sender reads our answer; but not without end. */
function passOver(request: IncomingMessage): void {
  let bytes = 0;
  const timer = setTimeout(() => request.destroy(), passingMs).unref();
  request.once('close', () => clearTimeout(timer));
  request.removeAllListeners('data');
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > passedBytes) request.destroy();
  });
  request.resume();
}
