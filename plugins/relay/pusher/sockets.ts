import { randomInt } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { type Door, type Engine, type Locale, Refusal, statusOf } from '../../../core/index.ts';
import { sendProblem } from '../answers.ts';
import { type Came, createConnections } from '../connections.ts';
import { type Parts, usual } from '../door.ts';
import { mayDo, type Pass } from '../gate.ts';
import type { Connection } from '../hub.ts';
import { languageOf } from '../words.ts';
import {
  connectCodeOf,
  errorFrame,
  established,
  eventFrame,
  pusher,
  readFrame,
  type Said,
  subscriptionError,
  wordsOf,
} from './frames.ts';
import { idOfKey, isKey, openSecret } from './keys.ts';
import { checkEvent, checkName, isPrivate, markOf } from './names.ts';
import { channelText, isSignature } from './signatures.ts';

const prefix = '/app/';
const spoken = 7;
const frameBytes = 2 * 1024 * 1024;
const closingMs = 2000;
const socketNumbers = 2 ** 47;
const notText = 1003;
/** What a client is told when its events are more than the project may send. */
const tooManyEvents = 4301;
const reasonBytes = 120;
const toldCharacters = 200;

/** The WebSocket of the Pusher Channels protocol, over the same gate, seats, hub and log as the native one. */
export function createSockets(engine: Engine, parts: Omit<Parts, 'tickets'>): Door & { stop(): void } {
  const { gate, hub, publisher, seat } = parts;
  const { log, vault } = engine;
  const connections = createConnections(engine, { hub, publisher, patience: { ...usual, ...parts.patience } });
  const closing: ServerOptions & { closeTimeout: number } = { closeTimeout: closingMs };
  const server = new WebSocketServer({
    ...closing,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: frameBytes,
    handleProtocols: () => false,
  });

  async function connect(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const upgrade = (use: (ws: WebSocket) => void): void => {
      if (!socket.destroyed) server.handleUpgrade(request, socket, head, use);
    };
    try {
      const { pass, secret } = await enter(request);
      await seat(pass, () => upgrade((ws) => welcome(ws, { request, socket, pass, secret })));
    } catch (error) {
      if (!(error instanceof Refusal)) log.error({ error: String(error) }, 'A connection could not be let in.');
      // Clients read the reason from a WebSocket, not from a status: it is opened to be closed.
      upgrade((ws) => turnAway(ws, error, languageOf(request.headers)));
    }
  }

  async function enter(request: IncomingMessage): Promise<{ pass: Pass; secret: string }> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://relay');
    const key = pathname.startsWith(prefix) ? pathname.slice(prefix.length) : '';
    if (key === '' || key.includes('/'))
      throw new Refusal('path.unknown', 'not-found', { message: 'Not a path here.' });
    checkProtocol(searchParams.get('protocol'));
    const id = idOfKey(key);
    const known = id ? await gate.pusherKey(id) : null;
    const secret = known && (await openSecret(vault, known.token));
    if (!known || secret === null || !isKey(key, known.token)) throw noSuchKey();
    return { pass: gate.enterByKey(request, known, true), secret };
  }

  function welcome(ws: WebSocket, { request, socket, pass, secret }: Entrant): void {
    const admission = { pass, codec: pusher, request, socket };
    const socketId = `${randomInt(1, socketNumbers)}.${randomInt(1, socketNumbers)}`;
    const connection = connections.open(ws, admission, (came) =>
      take(came, { secret, socketId, language: languageOf(request.headers) }),
    );
    connection.mark = markOf(socketId);
    hub.send(connection, established(socketId));
  }

  async function take({ connection, from, data, isBinary }: Came, own: Own): Promise<void> {
    if (connection.closed) return;
    if (isBinary) return hub.close(connection, notText, 'frames are text');
    try {
      await obey(connection, readFrame(data), { ...own, from });
    } catch (error) {
      if (!(error instanceof Refusal)) log.error({ error: String(error) }, 'A frame could not be obeyed.');
      const code = error instanceof Refusal && error.kind === 'limit' ? tooManyEvents : null;
      hub.send(connection, errorFrame(code, wordsOf(error, own.language)));
    }
  }

  async function obey(connection: Connection, said: Said, { from, ...own }: With): Promise<void> {
    const { event } = said;
    if (event === 'pusher:ping') return void hub.send(connection, eventFrame('pusher:pong', '{}'));
    if (event === 'pusher:pong') return;
    if (event === 'pusher:subscribe') return subscribe(connection, membersOf(said.data), own);
    if (event === 'pusher:unsubscribe') return hub.unsubscribe(connection, checkName(membersOf(said.data).channel));
    if (event === 'pusher:signin') {
      throw new Refusal('pusher.no-users', 'invalid', { message: 'Signing users in is not offered here.' });
    }
    if (event.startsWith('client-')) return clientEvent(connection, said, from);
    throw new Refusal('event.unknown', 'invalid', {
      message: 'A client subscribes, unsubscribes, pings, or sends an event whose name begins with client-.',
    });
  }

  /** Until the hub knows of the subscription nothing waits: leaving a channel at once must find it. */
  async function subscribe(connection: Connection, asked: Members, own: Own): Promise<void> {
    try {
      const channel = checkName(asked.channel);
      mayDo(connection.pass, 'subscribe', channel);
      if (isPrivate(channel)) checkAuth(connection, channel, asked, own);
      await hub.subscribe(connection, channel, undefined);
    } catch (error) {
      if (!(error instanceof Refusal)) log.error({ error: String(error) }, 'A subscription failed.');
      const kind = error instanceof Refusal ? error.kind : 'unavailable';
      const type = kind === 'unauthenticated' || kind === 'forbidden' ? 'AuthError' : 'SubscriptionError';
      const name = String(asked.channel).slice(0, toldCharacters);
      hub.send(
        connection,
        subscriptionError(name, { type, error: wordsOf(error, own.language), status: statusOf[kind] }),
      );
    }
  }

  async function clientEvent(connection: Connection, said: Said, from: Came['from']): Promise<void> {
    const channel = checkName(said.channel);
    const { pass, mark } = connection;
    if (!isPrivate(channel) || !connection.subscriptions.has(channel)) {
      throw new Refusal('event.not-subscribed', 'forbidden', {
        message: 'Client events are for private channels to which their sender is subscribed.',
      });
    }
    const message = { channel, payload: said.payload(), type: checkEvent(said.event) };
    await publisher.one(pass, from, { ...message, ...(mark === undefined ? {} : { except: mark }) });
  }

  return {
    prefix,
    request(request, response) {
      const error = new Refusal('connect.no-upgrade', 'invalid', { message: 'Connect by WebSocket.' });
      sendProblem(engine, request, response, error);
    },
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy());
      connect(request, socket, head).catch(() => socket.destroy());
    },
    stop() {
      server.close();
    },
  };
}

interface Entrant {
  request: IncomingMessage;
  socket: Duplex;
  pass: Pass;
  secret: string;
}

/** What belongs to one connection. */
interface Own {
  secret: string; // of the key that it came with
  socketId: string;
  language: Locale | null; // in which it is told what is refused
}

interface With extends Own {
  from: Came['from'];
}

type Members = Record<string, unknown>;

/** @throws Refusal `pusher.no-protocol` | `pusher.bad-protocol` | `pusher.other-protocol` */
function checkProtocol(given: string | null): void {
  const refuse = (code: string, message: string): Refusal => new Refusal(code, 'invalid', { message });
  if (given === null || given === '') throw refuse('pusher.no-protocol', 'The address names no protocol version.');
  if (!/^\d{1,5}$/.test(given)) throw refuse('pusher.bad-protocol', 'The protocol version is a whole number.');
  if (Number(given) !== spoken) throw refuse('pusher.other-protocol', `The protocol version here is ${spoken}.`);
}

function membersOf(data: unknown): Members {
  return typeof data === 'object' && data !== null ? (data as Members) : {};
}

/** Has the owner's program allowed this connection into this channel? @throws Refusal `channel.unauthorised` */
function checkAuth({ pass }: Connection, channel: string, asked: Members, { secret, socketId }: Own): void {
  const { auth, channel_data: data } = asked;
  const [key, signature] = typeof auth === 'string' ? auth.split(':') : [];
  const text = channelText(socketId, channel, typeof data === 'string' ? data : undefined);
  if (isSignature(signature, { secret, text }) && isKey(key, pass.token)) return;
  throw new Refusal('channel.unauthorised', 'unauthenticated', {
    message: 'A private channel needs the signature that the owner’s program makes for this connection and channel.',
  });
}

/** Since version 6 of the protocol the close frame alone says why. */
function turnAway(ws: WebSocket, error: unknown, language: Locale | null): void {
  ws.on('error', () => {});
  ws.close(connectCodeOf(error), shortened(wordsOf(error, language)));
}

/** As many whole words as a close frame holds. */
function shortened(words: string): string {
  const bytes = Buffer.from(words);
  if (bytes.length <= reasonBytes) return words;
  const cut = bytes.subarray(0, reasonBytes - Buffer.byteLength('…')).toString('utf8');
  return `${cut.replace(/\s+\S*$|\uFFFD+$/, '')}…`;
}

function noSuchKey(): Refusal {
  return new Refusal('token.refused', 'unauthenticated', { message: 'There is no application with this key.' });
}
