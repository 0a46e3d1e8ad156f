import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { type Door, type Engine, newId, Refusal } from '../../core/index.ts';
import { letRead, preflight, refuseUpgrade, sendJson, sendProblem, WrongMethod } from './answers.ts';
import { createBatches } from './batches.ts';
import { binary } from './binary.ts';
import { readBody } from './bodies.ts';
import { checkChannel, checkKey, checkType, offsetAhead } from './channel.ts';
import { createConnections, type Patience } from './connections.ts';
import { type Codec, text, wholeNumber } from './frames.ts';
import { type Gate, mayDo, type Pass } from './gate.ts';
import type { Hub } from './hub.ts';
import { type Publisher, senderOf } from './publisher.ts';
import { createPull } from './pulled.ts';
import { described, loadSchemas } from './schemas.ts';
import type { Seat } from './seats.ts';
import { type Tickets, ticketOrder } from './tickets.ts';
import type { Right } from './types.ts';
import { createWicket } from './wicket.ts';

const prefix = '/relay/v1/';
const bodyBytes = 1024 * 1024;
/** Base64 and JSON around a body of the largest size. */
const frameBytes = Math.ceil((bodyBytes * 4) / 3) + 4096;
/** A hundred of the longest names, however they are written. */
const ticketBytes = 256 * 1024;
const pullRows = 100;
const closingMs = 2000;

const codecs: readonly Codec[] = [text, binary];
const ticketMark = 'ticket.';

/** How long silence is suffered, in milliseconds, by every door. */
export const usual: Patience & { bodyMs: number } = { heartbeatMs: 30_000, helloMs: 5_000, bodyMs: 30_000 };

export interface Parts {
  gate: Gate;
  hub: Hub;
  publisher: Publisher;
  tickets: Tickets;
  seat: Seat;
  /** How long silence is suffered; tests are less patient. */
  patience?: Partial<typeof usual>;
}

interface Asked {
  name: string; // the part of the path that names something
  query: URLSearchParams;
}

type Answer = (request: IncomingMessage, response: ServerResponse, asked: Asked) => Promise<void>;
type Methods = { readonly [method: string]: Answer };

/** The native API on the raw server: publishing, pulling, tickets, and the WebSocket. */
export function createDoor(engine: Engine, parts: Parts): Door & { stop(): void } {
  const { gate, hub, publisher, tickets, seat } = parts;
  const patience = { ...usual, ...parts.patience };
  const { clock } = engine;
  const pulled = createPull(engine, hub);
  const connections = createConnections(engine, { hub, publisher, patience });
  const batch = createBatches(engine, publisher, { lineBytes: frameBytes, bodyMs: patience.bodyMs });
  // How long a peer may take to say goodbye; the types do not know it yet.
  const closing: ServerOptions & { closeTimeout: number } = { closeTimeout: closingMs };
  const server = new WebSocketServer({
    ...closing,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: frameBytes,
    handleProtocols: (offered) => knownOf([...offered])?.name ?? false,
  });
  const schemas = loadSchemas();
  const names = new WeakMap<Duplex, string>(); // connection ids of HTTP sockets

  function connectionName(socket: Duplex): string {
    const known = names.get(socket);
    if (known) return known;
    const name = newId('con', clock.now());
    names.set(socket, name);
    return name;
  }

  const wicket = createWicket(engine, { gate, publisher, nameOf: connectionName });

  /** What can be asked of each kind of place, by method. */
  const places = {
    messages: { POST: publish, GET: pull },
    batches: { POST: publishBatch },
    tickets: { POST: giveTicket },
    connect: { GET: noUpgrade },
    schema: { GET: showSchema },
  } satisfies Record<string, Methods>;

  function placeAt(path: string): { methods: Methods; name: string } | null {
    // Dots in a path may have led it elsewhere.
    if (!path.startsWith(prefix)) return null;
    const parts = path.slice(prefix.length).split('/');
    const [noun, name = '', more] = parts;
    if (parts.length === 3 && noun === 'channels' && more === 'messages') return { methods: places.messages, name };
    if (parts.length === 2 && noun === 'schema' && schemas.has(name)) return { methods: places.schema, name };
    if (parts.length !== 1) return null;
    if (noun === 'batches' || noun === 'tickets' || noun === 'connect') return { methods: places[noun], name };
    return null;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://relay');
    const place = placeAt(pathname);
    if (!place) throw new Refusal('path.unknown', 'not-found', {});
    const { methods, name } = place;
    const work = methods[request.method ?? ''];
    if (work) return work(request, response, { name, query });
    const allow = Object.keys(methods).join(', ');
    if (request.method !== 'OPTIONS') throw new WrongMethod(allow);
    preflight(request, response, allow);
  }

  /** Lets a request in, and lets a page whose origin is allowed read the answer. */
  async function enter(request: IncomingMessage, response: ServerResponse, right: Right | null): Promise<Pass> {
    if (request.headers.origin !== undefined) response.setHeader('vary', 'origin');
    const pass = await gate.enter(request, null, () => letRead(request, response));
    // A page that may come may also read what it may not do.
    if (right) mayDo(pass, right);
    return pass;
  }

  async function publish(request: IncomingMessage, response: ServerResponse, { name }: Asked): Promise<void> {
    const channel = checkChannel(decode(name));
    const pass = await enter(request, response, 'publish');
    const limit = Math.min(bodyBytes, pass.limits.payloadBytes);
    const payload = await readBody(request, limit, { limitMs: patience.bodyMs });
    const key = request.headers['idempotency-key'];
    const accepted = await publisher.one(pass, senderOfHttp(request), {
      ...{ channel, payload, type: checkType(request.headers['content-type']) },
      ...(key === undefined ? {} : { key: checkKey(key) }),
    });
    sendJson(response, 202, { id: accepted.id, channel: accepted.channel, offset: accepted.offset });
  }

  async function publishBatch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pass = await enter(request, response, 'publish');
    await batch(request, response, pass, senderOfHttp(request));
  }

  function senderOfHttp(request: IncomingMessage) {
    return senderOf(engine, request, { door: 'http', connection: connectionName(request.socket) });
  }

  async function giveTicket(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pass = await enter(request, response, null);
    const body = await readBody(request, ticketBytes, { limitMs: patience.bodyMs, refuse: tooLargeOrder });
    const order = ticketOrder(body);
    sendJson(response, 201, await tickets.issue(pass, order));
  }

  async function pull(request: IncomingMessage, response: ServerResponse, { name, query }: Asked): Promise<void> {
    const channel = checkChannel(decode(name));
    const pass = await enter(request, response, 'read');
    const after = numberIn(query, 'after', 0);
    const limit = Math.min(pullRows, numberIn(query, 'limit', pullRows));
    const found = await pulled(pass.project.id, { channel, after, limit });
    if (after > found.newest) throw offsetAhead(found.newest);
    sendJson(response, 200, found);
  }

  async function noUpgrade(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await enter(request, response, null);
    throw new Refusal('connect.no-upgrade', 'invalid', {
      message: `Connect by WebSocket, subprotocol ${codecs.map(({ name }) => name).join(' or ')}.`,
    });
  }

  async function showSchema(_request: IncomingMessage, response: ServerResponse, { name }: Asked): Promise<void> {
    const bytes = schemas.get(name) as Buffer;
    const headers = { 'content-type': 'application/schema+json', 'access-control-allow-origin': '*' };
    response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
  }

  async function connect(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://relay').pathname;
    if (path !== `${prefix}connect`) throw new Refusal('path.unknown', 'not-found', {});
    const offered = String(request.headers['sec-websocket-protocol'] ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
    const codec = codecFor(offered);
    const upgrade = (use: (ws: WebSocket) => void): void => {
      if (!socket.destroyed) server.handleUpgrade(request, socket, head, use);
    };
    const arrival = { codec, request, socket };
    const ticket = offered.find((one) => one.startsWith(ticketMark))?.slice(ticketMark.length);
    if (ticket === undefined && request.headers.authorization === undefined) {
      connections.mayGreet(request);
      upgrade((ws) =>
        connections.greet(ws, arrival, async (said, go) => {
          const pass = await tickets.redeem(request, said);
          await seat(pass, () => go(pass));
        }),
      );
      return;
    }
    const pass = ticket === undefined ? await gate.enter(request, null) : await tickets.redeem(request, ticket);
    await seat(pass, () => upgrade((ws) => connections.accept(ws, { ...arrival, pass })));
  }

  return {
    prefix,
    describes: described,
    connection: wicket.open,
    request(request, response) {
      answer(request, response).catch((error) => sendProblem(engine, request, response, error));
    },
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy());
      connect(request, socket, head).catch((error) => refuseUpgrade(engine, request, socket, error));
    },
    stop() {
      wicket.stop();
      connections.stop();
      server.close();
    },
  };
}

/** The first that was offered of those we speak. */
function knownOf(offered: readonly string[]): Codec | undefined {
  return offered.map((one) => codecs.find(({ name }) => name === one)).find((codec) => codec !== undefined);
}

/** The subprotocol of a connection; without any offer it is the plain one. @throws Refusal `connect.subprotocol` */
function codecFor(offered: readonly string[]): Codec {
  const known = knownOf(offered);
  if (known) return known;
  if (offered.length === 0) return text;
  throw new Refusal('connect.subprotocol', 'invalid', {
    message: `The subprotocol is ${codecs.map(({ name }) => name).join(' or ')}.`,
  });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

function tooLargeOrder(bytes: number): Refusal {
  return new Refusal('ticket.too-large', 'too-large', { message: `An order of a ticket has at most ${bytes} bytes.` });
}

/** @throws Refusal `number.malformed` */
function numberIn(query: URLSearchParams, field: string, otherwise: number): number {
  const given = query.get(field);
  if (given === null) return otherwise;
  return wholeNumber(/^\d{1,15}$/.test(given) ? Number(given) : Number.NaN, field);
}
