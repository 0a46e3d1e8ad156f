import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import WebSocket from 'ws';
import { giveConnections, type Plugin } from '../../core/plugin/index.ts';
import type { Relay } from '../../plugins/relay/index.ts';
import relayPlugin, { relayOf } from '../../plugins/relay/index.ts';
import { createRelay } from '../../plugins/relay/relay.ts';
import { cloneDatabase } from '../support/database.ts';
import { type Client, connect, type Frame, startEngine, type TestEngine } from './engine.ts';
import { mustFit } from './schemas.ts';

export interface Stand {
  base: Awaited<ReturnType<typeof cloneDatabase>>;
  house: TestEngine;
  relay: Relay;
  /** A project with a token of all rights. */
  aProject(plan?: string): Promise<{ project: string; token: string; subject: string }>;
  /** A WebSocket that goes with the test. */
  join(token: string | null, options?: Parameters<typeof connect>[2]): Promise<Client>;
  /** One more node over the same database, with its own door, and with less patience if told. */
  node(options?: Parameters<typeof createRelay>[1]): Promise<Node>;
  /** Ends the connections of a test. */
  hangUp(): void;
  call(method: string, path: string, token: string | null, body?: unknown, headers?: Record<string, string>): Call;
  batch(token: string, lines: readonly unknown[], headers?: Record<string, string>): Promise<Batch>;
  ticket(token: string, order: object): Promise<{ status: number; body: Frame }>;
  close(): Promise<void>;
}

/** The relay of another process, as far as the database can tell. */
export interface Node {
  origin: string;
  parts: ReturnType<typeof createRelay>;
  close(): Promise<void>;
}

type Call = Promise<{ status: number; body: Frame; headers: Headers; text: string }>;
type Batch = { status: number; lines: Frame[]; body: Frame; headers: Headers };

/** A relay over a database of its own, and the ways in that its users have; other plugins hear before it, if told. */
export async function aStand({ beside = [] }: { beside?: readonly Plugin[] } = {}): Promise<Stand> {
  const base = await cloneDatabase();
  const house = await startEngine(base.db, [...beside, relayPlugin]);
  const relay = relayOf(house.engine);
  const open: Client[] = [];

  async function call(
    method: string,
    path: string,
    token: string | null,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Call {
    const response = await fetch(`${house.origin}/relay/v1/${path}`, {
      method,
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { body: bodyOf(body), duplex: 'half' }),
    } as RequestInit);
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const parsed: Frame = /^application\/(\w+\+)?json/.test(type) ? JSON.parse(text) : null;
    if (type.includes('problem+json')) mustFit('problem.json', parsed);
    return { status: response.status, body: parsed, headers: response.headers, text };
  }

  return {
    ...{ base, house, relay, call },
    async aProject(plan = 'free') {
      const person = await house.aPerson();
      return base.db.transaction(async (trx) => {
        const { project, token } = await relay.createProject(trx, { ...person, name: 'Стенд', plan });
        if (token) return { project: project.id, token: token.token, subject: person.subject };
        await relay.activate(trx, project.id);
        const issued = await relay.issueToken(trx, project.id);
        return { project: project.id, token: issued.token, subject: person.subject };
      });
    },
    async join(token, options) {
      const client = await connect(house.origin, token, options);
      open.push(client);
      return client;
    },
    async node(options) {
      const parts = createRelay(house.engine, options);
      await parts.start();
      const doorOf = (url = '') => parts.doors.find(({ prefix }) => url.startsWith(prefix));
      const server = createServer((request, response) => doorOf(request.url)?.request?.(request, response));
      giveConnections(server, { doors: parts.doors, knowsHost: () => true });
      server.on('upgrade', (request, socket, head) => doorOf(request.url)?.upgrade?.(request, socket, head));
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return {
        ...{ parts, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
        async close() {
          await parts.stop();
          server.closeAllConnections();
          await new Promise((done) => server.close(done));
        },
      };
    },
    hangUp() {
      for (const { socket } of open.splice(0)) socket.terminate();
    },
    async batch(token, lines, headers = {}) {
      const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
      const answer = await call('POST', 'batches', token, text, { 'content-type': 'application/x-ndjson', ...headers });
      const ok = answer.status === 200;
      const answers = ok
        ? answer.text
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line))
        : [];
      for (const line of answers) mustFit('batch-answer.json', line);
      return { status: answer.status, lines: answers, body: answer.body, headers: answer.headers };
    },
    async ticket(token, order) {
      const { status, body } = await call('POST', 'tickets', token, order, { 'content-type': 'application/json' });
      if (status === 201) {
        mustFit('ticket-order.json', order);
        mustFit('ticket.json', body);
      }
      return { status, body };
    },
    async close() {
      for (const { socket } of open) socket.terminate();
      await house.close();
      await base.drop();
    },
  };
}

function bodyOf(body: unknown): unknown {
  if (typeof body === 'string' || body instanceof ReadableStream) return body;
  return Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body);
}

/** What a peer that speaks binary is told, as it came. */
export async function joinBinary(origin: string, token: string): Promise<{ socket: WebSocket; frames: Buffer[] }> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/relay/v1/connect`, ['srok.v1.bin'], {
    headers: { authorization: `Bearer ${token}` },
  });
  const frames: Buffer[] = [];
  socket.on('message', (data: Buffer) => frames.push(data));
  await new Promise((done, fail) => socket.once('open', done).once('error', fail));
  return { socket, frames };
}

/** Looks until something is there. @throws Error when ten seconds did not bring it */
export async function until<T>(
  look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
): Promise<T> {
  const over = performance.now() + 10_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > over) throw new Error(`It did not come: ${look}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}
