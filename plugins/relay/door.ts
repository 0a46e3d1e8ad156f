import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { addressOf, type Door, dayOf, type Engine, newId, Refusal, sectionOf, statusOf } from '../../core/index.ts';
import { bytesOf, checkChannel, checkType, textFrame } from './channel.ts';
import type { Gate, Pass } from './gate.ts';
import type { Connection, Hub } from './hub.ts';
import { type createLog, type Incoming, keyHours, recoveryWindow } from './log.ts';
import type { createNotices } from './notices.ts';
import { channelEnds, countConnections, readAfter } from './store.ts';

const prefix = '/relay/v1/';
const subprotocol = 'srok.v1';
const bodyBytes = 1024 * 1024;
const passedBytes = 16 * 1024 * 1024;
const bodyMs = 30_000;
const heartbeatMs = 30_000;
const pullRows = 100;
const inFlightPerConnection = 1024;
const refLength = 200;

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
};

interface Problem {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The native API on the raw server: publishing, pulling, and the WebSocket. */
export function createDoor(
  engine: Engine,
  {
    gate,
    hub,
    log,
    notices,
  }: { gate: Gate; hub: Hub; log: ReturnType<typeof createLog>; notices: ReturnType<typeof createNotices> },
): Door & { stop(): void } {
  const { clock, db, law } = engine;
  const { minutes } = sectionOf(law.operator, 'recovery');
  const { dayZone, connectionsClause } = sectionOf(law.operator, 'limits');
  const opening = new Map<string, number>(); // upgrades under way, by project
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    // Base64 and JSON around a body of the largest size.
    maxPayload: Math.ceil((bodyBytes * 4) / 3) + 4096,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  const names = new WeakMap<Duplex, string>(); // connection ids of HTTP sockets

  function connectionName(socket: Duplex): string {
    const known = names.get(socket);
    if (known) return known;
    const name = newId('con', clock.now());
    names.set(socket, name);
    return name;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://relay');
    const parts = url.pathname.slice(prefix.length).split('/');
    if (parts.length === 3 && parts[0] === 'channels' && parts[2] === 'messages') {
      const channel = checkChannel(decode(parts[1] as string));
      if (request.method === 'POST') return publish(request, response, channel);
      if (request.method === 'GET') return pull(request, response, channel, url.searchParams);
      throw new WrongMethod('GET, POST');
    }
    if (parts.length === 1 && parts[0] === 'connect') {
      throw new Refusal('connect.no-upgrade', 'invalid', {
        message: `Connect by WebSocket, subprotocol ${subprotocol}.`,
      });
    }
    throw new Refusal('path.unknown', 'not-found', {});
  }

  async function publish(request: IncomingMessage, response: ServerResponse, channel: string): Promise<void> {
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > bodyBytes) throw tooLarge(bodyBytes);
    const pass = await gate.enter(request, 'publish');
    const payload = await readBody(request, Math.min(bodyBytes, pass.limits.payloadBytes));
    const key = request.headers['idempotency-key'];
    if (typeof key === 'string' && (key.length === 0 || key.length > 255)) {
      throw new Refusal('idempotency.bad-key', 'invalid', {
        field: 'Idempotency-Key',
        message: `A key has 1 to 255 characters; it is honoured for ${keyHours} hours.`,
      });
    }
    const accepted = await toLog(request, pass, {
      channel,
      payload,
      type: checkType(request.headers['content-type']),
      door: 'http',
      connection: connectionName(request.socket),
      ...(typeof key === 'string' ? { key } : {}),
    });
    sendJson(response, 202, { id: accepted.id, channel: accepted.channel, offset: accepted.offset });
  }

  async function toLog(request: IncomingMessage, pass: Pass, message: Omit<Incoming, 'project' | 'ip' | 'userAgent'>) {
    try {
      return await log.publish({
        ...message,
        project: pass.project.id,
        ip: addressOf(request, engine.config.behindProxy),
        userAgent: String(request.headers['user-agent'] ?? '').slice(0, 500),
      });
    } catch (error) {
      // Stopped between the check of the token and the log: the check now says why.
      if (error instanceof Refusal && error.code === 'project.not-active') {
        gate.forget(pass.project.id);
        await gate.enter(request, 'publish');
      }
      throw error;
    }
  }

  async function pull(
    request: IncomingMessage,
    response: ServerResponse,
    channel: string,
    query: URLSearchParams,
  ): Promise<void> {
    const pass = await gate.enter(request, 'read');
    const after = wholeNumber(query.get('after') ?? '0', 'after');
    const limit = Math.min(pullRows, wholeNumber(query.get('limit') ?? String(pullRows), 'limit'));
    const where = { project: pass.project.id, channel, ...recoveryWindow(clock, minutes, law.zone) };
    const { newest, oldest } = await channelEnds(db, where);
    const rows = await readAfter(db, { ...where, after, limit });
    const messages = await Promise.all(rows.map(hub.opened));
    const first = oldest ?? newest + 1;
    sendJson(response, 200, {
      channel,
      newest,
      ...(after < first - 1 ? { lost: { after, before: first, reason: 'recovery-window' } } : {}),
      messages,
    });
  }

  async function connect(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://relay').pathname;
    if (path !== `${prefix}connect`) throw new Refusal('path.unknown', 'not-found', {});
    const pass = await gate.enter(request, null);
    const offered = String(request.headers['sec-websocket-protocol'] ?? '');
    if (offered !== '' && !offered.split(',').some((one) => one.trim() === subprotocol)) {
      throw new Refusal('connect.subprotocol', 'invalid', { message: `The subprotocol is ${subprotocol}.` });
    }
    const project = pass.project.id;
    const open = hub.connections(project).length + (opening.get(project) ?? 0);
    if (open >= pass.limits.connections) {
      await count(pass, open, 1);
      throw new Refusal('limit.connections', 'limit', {
        limit: { name: 'connections', value: pass.limits.connections },
        clause: connectionsClause,
        retryAfter: 1,
        message: `Лимит одновременных соединений (${pass.limits.connections}) исчерпан (${connectionsClause}).`,
      });
    }
    opening.set(project, (opening.get(project) ?? 0) + 1);
    try {
      await count(pass, open + 1, 0);
      if (socket.destroyed) return;
      server.handleUpgrade(request, socket, head, (ws) => accept(ws, request, socket, pass));
    } finally {
      const left = (opening.get(project) ?? 1) - 1;
      if (left > 0) opening.set(project, left);
      else opening.delete(project);
    }
  }

  /** Counts connections of the day, and tells the owner when the limit comes near. */
  async function count(pass: Pass, open: number, refused: number): Promise<void> {
    const at = clock.now();
    const on = dayOf(at, dayZone);
    await db.transaction(async (trx) => {
      const { id: project, subject_id: subject } = pass.project;
      const row = await countConnections(trx, {
        ...{ project, subject, on, open, refused },
        dailyLimit: pass.limits.messagesPerDay,
      });
      const use = { project, subject, used: open, limit: pass.limits.connections, given: row.notices };
      await notices.connections(trx, use, { at, on });
    });
  }

  function accept(ws: WebSocket, request: IncomingMessage, socket: Duplex, pass: Pass): void {
    const connection: Connection = {
      id: newId('con', clock.now()),
      project: pass.project.id,
      token: pass.token.id,
      expiresAt: pass.token.expires_at,
      ...{ ws, socket, subscriptions: new Map(), pending: [], pendingBytes: 0 },
      ...{ scheduled: false, alive: true, closed: false },
    };
    hub.join(connection);
    let inFlight = 0;
    ws.on('pong', () => {
      connection.alive = true;
    });
    const heartbeat = setInterval(() => {
      if (!connection.alive) return ws.terminate();
      connection.alive = false;
      ws.ping();
    }, heartbeatMs).unref();
    ws.on('close', () => {
      clearInterval(heartbeat);
      hub.leave(connection);
    });
    ws.on('error', () => ws.terminate());
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (inFlight >= inFlightPerConnection) {
        hub.close(connection, 1008, 'too many frames in flight');
        return;
      }
      inFlight++;
      let ref: unknown;
      const work = (async () => {
        const frame = parseFrame(data, isBinary);
        ref = checkRef(frame.ref);
        await obey(connection, request, pass, frame);
      })();
      work
        .catch((error) => void hub.send(connection, textFrame(JSON.stringify({ error: frameError(error, ref) }))))
        // An answer that cannot be written ends one connection, never the process.
        .catch(() => ws.terminate())
        .finally(() => inFlight--);
    });
  }

  async function obey(
    connection: Connection,
    request: IncomingMessage,
    pass: Pass,
    frame: Record<string, unknown>,
  ): Promise<void> {
    if ('publish' in frame) {
      mayHave(pass, 'publish');
      const channel = checkChannel(frame.publish);
      const payload = bytesOf(frame.data, frame.encoding);
      if (payload.length > Math.min(bodyBytes, pass.limits.payloadBytes)) throw tooLarge(pass.limits.payloadBytes);
      const accepted = await toLog(request, pass, {
        ...{ channel, payload, type: checkType(frame.type), door: 'ws', connection: connection.id },
      });
      if (frame.ref !== undefined) {
        hub.send(connection, textFrame(JSON.stringify({ ack: frame.ref, id: accepted.id, offset: accepted.offset })));
      }
    } else if ('subscribe' in frame) {
      mayHave(pass, 'subscribe');
      const after = frame.after === undefined ? undefined : wholeNumber(String(frame.after), 'after');
      await hub.subscribe(connection, checkChannel(frame.subscribe), after);
    } else if ('unsubscribe' in frame) {
      hub.unsubscribe(connection, checkChannel(frame.unsubscribe));
    } else {
      throw new Refusal('frame.unknown', 'invalid', { message: 'A frame subscribes, unsubscribes or publishes.' });
    }
  }

  return {
    prefix,
    request(request, response) {
      answer(request, response).catch((error) => {
        const { status, headers, body } = problemOf(engine, error);
        if (response.headersSent) return response.destroy();
        if (!request.complete) passOver(request);
        response.writeHead(status, headers).end(body);
      });
    },
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy());
      connect(request, socket, head).catch((error) => {
        const { status, headers, body } = problemOf(engine, error);
        const lines = Object.entries({ ...headers, connection: 'close' }).map(
          ([name, value]) => `${name}: ${value}\r\n`,
        );
        socket.end(`HTTP/1.1 ${status} ${titles[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`);
      });
    },
    stop: () => server.close(),
  };
}

class WrongMethod extends Error {
  readonly allow: string;
  constructor(allow: string) {
    super('This method is not allowed here.');
    this.allow = allow;
  }
}

class TooSlow extends Error {}

function mayHave(pass: Pass, right: 'publish' | 'subscribe'): void {
  if (!pass.token.rights.includes(right)) {
    throw new Refusal('token.no-right', 'forbidden', { right, message: `This token may not ${right}.` });
  }
}

function tooLarge(bytes: number): Refusal {
  return new Refusal('message.too-large', 'too-large', {
    limit: bytes,
    message: `A message has at most ${bytes} bytes.`,
  });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

function wholeNumber(text: string, field: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new Refusal('number.malformed', 'invalid', { field, message: `"${field}" is a whole number, 0 or more.` });
}

/** @throws Refusal `message.too-large`; TooSlow */
function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((done, fail) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(() => stop(new TooSlow()), bodyMs);
    const stop = (error: Error): void => {
      clearTimeout(timer);
      request.pause();
      fail(error);
    };
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limit) return stop(tooLarge(limit));
      chunks.push(chunk);
    });
    request.on('end', () => {
      clearTimeout(timer);
      done(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes));
    });
    request.on('error', stop);
    request.on('close', () => clearTimeout(timer));
  });
}

/** Lets the rest of a refused body go by, so that the sender reads our answer; but not without end. */
function passOver(request: IncomingMessage): void {
  let bytes = 0;
  request.removeAllListeners('data');
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > passedBytes) request.destroy();
  });
  request.resume();
}

function parseFrame(data: Buffer, isBinary: boolean): Record<string, unknown> {
  if (isBinary) throw new Refusal('frame.binary', 'invalid', { message: `Frames of ${subprotocol} are text.` });
  let frame: unknown;
  try {
    frame = JSON.parse(data.toString('utf8'));
  } catch {
    throw new Refusal('frame.not-json', 'invalid', { message: 'A frame is JSON.' });
  }
  if (typeof frame === 'object' && frame !== null && !Array.isArray(frame)) return frame as Record<string, unknown>;
  throw new Refusal('frame.not-object', 'invalid', { message: 'A frame is a JSON object.' });
}

/** What an answer repeats must be short and flat: it is written back as it came. @throws Refusal `frame.bad-ref` */
function checkRef(ref: unknown): unknown {
  const flat = ref === undefined || ref === null || typeof ref === 'number' || typeof ref === 'boolean';
  if (flat || (typeof ref === 'string' && ref.length <= refLength)) return ref;
  throw new Refusal('frame.bad-ref', 'invalid', {
    field: 'ref',
    message: `"ref" is a number, or a string of at most ${refLength} characters.`,
  });
}

function frameError(error: unknown, ref: unknown): Record<string, unknown> {
  const known = error instanceof Refusal;
  const { message, ...details } = known ? error.details : { message: 'The log is not available; try again.' };
  return {
    ...details,
    code: known ? error.code : 'log.unavailable',
    message: message ?? (known ? error.code : ''),
    ...(ref === undefined ? {} : { ref }),
  };
}

function problemOf(engine: Engine, error: unknown): Problem {
  let status = 503;
  let code = 'log.unavailable';
  let details: Record<string, unknown> = { retryAfter: 1, message: 'The log is not available; try again.' };
  const headers: Record<string, string> = {};
  if (error instanceof Refusal) {
    status = error.code === 'idempotency.other-body' ? 422 : statusOf[error.kind];
    ({ code } = error);
    details = { ...error.details };
  } else if (error instanceof WrongMethod) {
    [status, code, details] = [405, 'method.not-allowed', { message: error.message }];
    headers.allow = error.allow;
  } else if (error instanceof TooSlow) {
    [status, code, details] = [408, 'body.too-slow', { message: 'The body did not arrive in time.' }];
  } else engine.log.error({ error: String(error) }, 'A request of the relay failed.');
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (typeof details.retryAfter === 'number') headers['retry-after'] = String(details.retryAfter);
  const { message, retryAfter, field, ...more } = details;
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

function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
    })
    .end(text);
}
