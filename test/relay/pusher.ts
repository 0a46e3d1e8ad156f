import { createHash, createHmac } from 'node:crypto';
import Pusher from 'pusher';
import pusherJs, { type Channel, type Options } from 'pusher-js';
import WebSocket from 'ws';
import type { IssuedPusherKey, Right } from '../../plugins/relay/index.ts';
import type { Stand } from './stand.ts';
import { until } from './stand.ts';

// Its types speak of a module that its file for Node is not.
const PusherJs = pusherJs as unknown as typeof pusherJs.default;
type Reader = InstanceType<typeof PusherJs>;
PusherJs.log = () => {};

export type Key = Pick<IssuedPusherKey, 'appId' | 'key' | 'secret'>;

export async function aKey(stand: Stand, project: string, rights?: Right[]): Promise<IssuedPusherKey> {
  return stand.base.db.transaction((trx) => stand.relay.issuePusherKey(trx, project, rights ? { rights } : {}));
}

/** The library of servers, as its page says to set it up. */
export function serverOf(origin: string, { appId, key, secret }: Key): Pusher {
  const { hostname, port } = new URL(origin);
  return new Pusher({ appId, key, secret, host: hostname, port });
}

const open: Reader[] = [];

/** The library of browsers; private channels are allowed by the owner's server unless `options` say otherwise. */
export function readerOf(origin: string, credentials: Key, options: Partial<Options> = {}): Reader {
  const { hostname, port } = new URL(origin);
  const server = serverOf(origin, credentials);
  const reader = new PusherJs(credentials.key, {
    ...{ cluster: 'own', wsHost: hostname, wsPort: Number(port), forceTLS: false, enabledTransports: ['ws'] },
    channelAuthorization: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId, channelName }, answer) =>
        answer(null, server.authorizeChannel(socketId, channelName)),
    },
    ...options,
  });
  open.push(reader);
  return reader;
}

/** Ends the readers of a test. */
export function hangUpReaders(): void {
  for (const reader of open.splice(0)) reader.disconnect();
}

export interface Heard {
  channel: Channel;
  events: [name: string, data: unknown][]; // but those of the protocol itself
}

/** Subscribes and waits until it is so. @throws Error what the library was told instead */
export async function subscribed(reader: Reader, name: string): Promise<Heard> {
  const channel = reader.subscribe(name);
  const events: Heard['events'] = [];
  channel.bind_global((event: string, data: unknown) => {
    if (!event.startsWith('pusher:')) events.push([event, data]);
  });
  await new Promise<void>((done, fail) => {
    channel.bind('pusher:subscription_succeeded', done);
    channel.bind('pusher:subscription_error', (error: object) => fail(new Error(JSON.stringify(error))));
  });
  return { channel, events };
}

/** The state that a reader comes to, and the codes of the errors that it was told before. */
export async function outcomeOf(reader: Reader, state: string): Promise<number[]> {
  const codes: number[] = [];
  reader.connection.bind('error', (error: { error?: { data?: { code?: number } } }) => {
    const code = error.error?.data?.code;
    if (code !== undefined) codes.push(code);
  });
  await until(() => reader.connection.state === state);
  return codes;
}

// biome-ignore lint/suspicious/noExplicitAny: frames of the protocol, looked into by the tests
type Frame = any;

/** A peer that writes frames as it likes. */
export async function peerOf(origin: string, path: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}${path}`, { headers });
  const frames: Frame[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(data.toString())));
  const closed = new Promise<{ code: number; reason: string }>((done) =>
    socket.once('close', (code, reason) => done({ code, reason: reason.toString() })),
  );
  await new Promise((done, fail) => socket.once('open', done).once('error', fail));
  return {
    ...{ socket, frames, closed },
    say: (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    next: (fits: (frame: Frame) => boolean): Promise<Frame> => until(() => frames.find(fits)),
  };
}

export const pathOf = ({ key }: Pick<Key, 'key'>): string => `/app/${key}?protocol=7&client=test&version=1`;

/** A request signed by hand, with whatever is to be wrong about it. */
export async function signed(
  origin: string,
  { appId, key, secret }: Key,
  wrong: {
    method?: string;
    path?: string;
    body?: string;
    more?: Record<string, string>;
    query?: string; // added after signing
    signature?: string;
    sent?: string; // instead of the body that was signed
    headers?: Record<string, string>;
  } = {},
): Promise<{ status: number; body: Frame; headers: Headers }> {
  const {
    method = 'POST',
    path = '/events',
    body = '',
    more = {},
    query = '',
    signature,
    sent = body,
    headers = {},
  } = wrong;
  const whole = `/apps/${appId}${path}`;
  const parameters: Record<string, string> = {
    ...{ auth_key: key, auth_timestamp: String(Math.floor(Date.now() / 1000)), auth_version: '1.0' },
    ...(body ? { body_md5: createHash('md5').update(body).digest('hex') } : {}),
    ...more,
  };
  const names = Object.keys(parameters).sort();
  const text = names.map((name) => `${name}=${parameters[name]}`).join('&');
  const mark = createHmac('sha256', secret).update(`${method}\n${whole}\n${text}`).digest('hex');
  const response = await fetch(`${origin}${whole}?${text}&auth_signature=${signature ?? mark}${query}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method === 'POST' ? { body: sent } : {}),
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
}
