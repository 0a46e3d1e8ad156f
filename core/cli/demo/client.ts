import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a program outside would see: JSON of any shape
  body: any;
  bytes: Buffer;
}

/** One person at one browser: keeps cookies and the CSRF token, and knows nothing of the inside. */
export interface Person {
  get(path: string): Promise<Answer>;
  send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
  /** Takes the CSRF token that the sign-in answered. */
  useCsrf(token: string): void;
}

/** Every browser of the demo sits at an address of its own, as people do: the limits count by address. */
let browsers = 0;

export function createPerson(origin: string): Person {
  const cookies = new Map<string, string>();
  const number = ++browsers;
  const localAddress = process.platform === 'linux' ? `127.1.${number >> 8}.${number & 255 || 1}` : undefined;
  let csrf = '';
  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const headers: Record<string, string> = { accept: 'application/json', origin, 'sec-fetch-site': 'same-origin' };
    if (cookies.size > 0) headers.cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    if (csrf) headers['x-csrf-token'] = csrf;
    const text = body === undefined ? undefined : JSON.stringify(body);
    if (text !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = String(Buffer.byteLength(text));
    }
    const sent = request(origin + path, { method, headers, ...(localAddress ? { localAddress } : {}) });
    sent.end(text);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const bytes = await buffer(response);
    for (const line of response.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answerOf(response.statusCode ?? 0, response.headers['content-type'], bytes);
  };
  return {
    get: (path) => call('GET', path),
    send: (method, path, body) => call(method, path, body),
    useCsrf(token) {
      csrf = token;
    },
  };
}

function answerOf(status: number, type: string | null | undefined, bytes: Buffer): Answer {
  const json = type?.includes('json') ?? false;
  return { status, body: json && bytes.length > 0 ? JSON.parse(bytes.toString('utf8')) : null, bytes };
}

/** A program of a relay user: publishes with a token over HTTP. */
export async function publish(
  origin: string,
  token: string,
  channel: string,
  body: Buffer,
  type = 'application/json',
): Promise<Answer> {
  const response = await fetch(`${origin}/relay/v1/channels/${encodeURIComponent(channel)}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': type },
    body: new Uint8Array(body),
  });
  return answerOf(response.status, response.headers.get('content-type'), Buffer.from(await response.arrayBuffer()));
}

export interface Received {
  offset: number;
  id: string;
  bytes: Buffer;
}

/** A program that listens to one channel and may publish over the same connection. */
export interface Subscriber {
  received: Received[];
  /** Publishes and waits for the acknowledgement: the message's id and offset. */
  publish(channel: string, bytes: Buffer): Promise<{ id: string; offset: number }>;
  /** Resolves when so many messages have arrived; rejects when they do not come. */
  until(count: number): Promise<void>;
  closed: Promise<number>;
  close(): void;
}

const patienceMs = 30_000;
const pollMs = 5;

/** @throws Error with the status code of the answer when the connection is refused */
export async function subscribe(origin: string, token: string, channel: string | null): Promise<Subscriber> {
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/relay/v1/connect`, 'srok.v1', {
    headers: { authorization: `Bearer ${token}` },
  });
  const received: Received[] = [];
  const acks = new Map<number, { done(ack: { id: string; offset: number }): void; fail(error: Error): void }>();
  let subscribed: () => void = () => {};
  let nextRef = 1;
  const ready = new Promise<void>((done) => {
    subscribed = done;
  });
  const closed = new Promise<number>((done) => socket.once('close', done));
  socket.on('message', (raw) => {
    const frame = JSON.parse(raw.toString());
    if (frame.subscribed) subscribed();
    else if (frame.ack) acks.get(frame.ack)?.done({ id: frame.id, offset: frame.offset });
    else if (frame.error) acks.get(frame.error.ref)?.fail(new Error(frame.error.code));
    else if (frame.channel && 'data' in frame) {
      received.push({
        offset: frame.offset,
        id: frame.id,
        bytes: Buffer.from(frame.data, frame.encoding === 'base64' ? 'base64' : 'utf8'),
      });
    }
  });
  await new Promise<void>((done, fail) => {
    socket.once('open', done);
    socket.once('unexpected-response', (_request, response) => {
      fail(new Error(String(response.statusCode)));
      socket.terminate();
    });
    socket.on('error', fail);
  });
  if (channel !== null) {
    socket.send(JSON.stringify({ subscribe: channel }));
    await ready;
  }
  return {
    received,
    publish(to, bytes) {
      const ref = nextRef++;
      const text = isText(bytes);
      socket.send(
        JSON.stringify({
          publish: to,
          data: text ? bytes.toString('utf8') : bytes.toString('base64'),
          ...(text ? {} : { encoding: 'base64' }),
          ref,
        }),
      );
      return new Promise((done, fail) => acks.set(ref, { done, fail })).finally(() => acks.delete(ref)) as Promise<{
        id: string;
        offset: number;
      }>;
    },
    async until(count) {
      for (let waited = 0; received.length < count; waited += pollMs) {
        if (waited > patienceMs)
          throw new Error(`${received.length} of ${count} messages arrived in ${patienceMs} ms.`);
        await delay(pollMs);
      }
    },
    closed,
    close: () => socket.close(),
  };
}

function isText(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}
