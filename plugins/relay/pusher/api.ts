import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Door, type Engine, newId, Refusal, systemClock } from '../../../core/index.ts';
import { letRead, preflight, sendJson, sendProblem, WrongMethod } from '../answers.ts';
import { readBody } from '../bodies.ts';
import { tooLarge } from '../channel.ts';
import { type Parts, usual } from '../door.ts';
import { mayDo, type Pass } from '../gate.ts';
import type { Accepted } from '../log.ts';
import type { Occupancy } from '../occupancy.ts';
import { senderOf } from '../publisher.ts';
import { described } from './described.ts';
import { countsAsked, type Event, parseBatch, parseEvent } from './events.ts';
import { idOfKey, isKey, openSecret } from './keys.ts';
import { checkName, isNameable } from './names.ts';
import { isDigest, isSignature, requestText } from './signatures.ts';

const prefix = '/apps/';
/** A payload of the largest size in JSON, which may write each of its bytes as two; and a hundred names. */
const eventBytes = 2 * 1024 * 1024 + 64 * 1024;
const batchBytes = 8 * 1024 * 1024;
/** Bodies that may be in memory at once, of all callers. */
const allBodiesBytes = 128 * 1024 * 1024;
/** How far the clock of a caller may be from ours. */
const skewSeconds = 600;
const version = '1.0';
const bodyless = 'd41d8cd98f00b204e9800998ecf8427e'; // the MD5 of nothing

interface Asked {
  request: IncomingMessage;
  response: ServerResponse;
  pass: Pass;
  name: string; // the part of the path that names a channel
  parameters: ReadonlyMap<string, string>;
}

type Answer = (asked: Asked) => Promise<void>;
type Place = { readonly [method: string]: Answer };

/** The HTTP API of the Pusher Channels protocol: signed requests of the owner's programs. */
export function createApi(
  engine: Engine,
  parts: Pick<Parts, 'gate' | 'publisher' | 'patience'> & { occupancy: Occupancy },
): Door {
  const { gate, occupancy, publisher } = parts;
  const { clock, vault } = engine;
  const { bodyMs } = { ...usual, ...parts.patience };
  const names = new WeakMap<Duplex, string>(); // connection ids of HTTP sockets
  let held = 0;

  const places = {
    events: { POST: publish },
    batches: { POST: publishBatch },
    channels: { GET: listChannels },
    channel: { GET: showChannel },
    users: { GET: noPresence },
    terminations: { POST: noUsers },
  } satisfies Record<string, Place>;

  function placeAt([noun, name, more, ...rest]: readonly string[]): Place | null {
    if (rest.length > 0) return null;
    if (name === undefined) {
      if (noun === 'events') return places.events;
      if (noun === 'batch_events') return places.batches;
      return noun === 'channels' ? places.channels : null;
    }
    if (noun === 'channels' && more === undefined) return places.channel;
    if (noun === 'channels' && more === 'users') return places.users;
    return noun === 'users' && more === 'terminate_connections' ? places.terminations : null;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The path as it was sent: it is what has been signed.
    const url = request.url ?? '';
    const mark = url.includes('?') ? url.indexOf('?') : url.length;
    const [path, query] = [url.slice(0, mark), url.slice(mark + 1)];
    const [app = '', ...where] = path.slice(prefix.length).split('/');
    const place = placeAt(where);
    if (!place) throw new Refusal('path.unknown', 'not-found', {});
    const work = place[request.method ?? ''];
    const allow = Object.keys(place).join(', ');
    if (request.method === 'OPTIONS') return preflight(request, response, allow);
    if (!work) throw new WrongMethod(allow);
    const parameters = parametersOf(query);
    if (request.headers.origin !== undefined) response.setHeader('vary', 'origin');
    const pass = await enter(request, response, { app, path, parameters });
    await work({ request, response, pass, parameters, name: decode(where[1] ?? '') });
  }

  /**
   * Lets a signed request in, and lets a page whose origin is allowed read the answer. What is signed includes the digest of the body, so this can be known before the body is read.
   * @throws Refusal `signature.refused` (whatever was wrong) | `signature.expired` | `project.stopped` | `origin.refused`
   */
  async function enter(
    request: IncomingMessage,
    response: ServerResponse,
    { app, path, parameters }: { app: string; path: string; parameters: ReadonlyMap<string, string> },
  ): Promise<Pass> {
    const key = parameters.get('auth_key');
    const id = idOfKey(key);
    const found = id ? await gate.pusherKey(id) : null;
    const known = found && isKey(key, found.token) ? found : null;
    const secret = known && (await openSecret(vault, known.token));
    const text = requestText(request.method ?? '', path, parameters);
    const signed = isSignature(parameters.get('auth_signature'), { secret: secret ?? '', text });
    if (!signed || secret === null || known?.project.id !== app || parameters.get('auth_version') !== version) {
      throw new Refusal('signature.refused', 'unauthenticated', {
        message: 'The application, its key or the signature is not valid.',
      });
    }
    checkTime(parameters.get('auth_timestamp'));
    return gate.enterByKey(request, known, request.headers.origin !== undefined, () => letRead(request, response));
  }

  async function publish({ request, response, pass, parameters }: Asked): Promise<void> {
    mayDo(pass, 'publish');
    await withBody(request, { parameters, limit: eventBytes }, async (body) => {
      const event = parseEvent(body);
      await send(request, pass, [event]);
      if (!event.counted) return sendJson(response, 200, {});
      const names = event.messages.map(({ channel }) => channel);
      const counts = await occupancy.count(pass.project.id, { names });
      sendJson(response, 200, { channels: Object.fromEntries(names.map((name) => [name, toldOf(counts.get(name))])) });
    });
  }

  async function publishBatch({ request, response, pass, parameters }: Asked): Promise<void> {
    mayDo(pass, 'publish');
    await withBody(request, { parameters, limit: batchBytes }, async (body) => {
      const events = parseBatch(body);
      await send(request, pass, events);
      const names = events.flatMap(({ messages, counted }) => (counted ? messages.map(({ channel }) => channel) : []));
      if (names.length === 0) return sendJson(response, 200, {});
      const counts = await occupancy.count(pass.project.id, { names });
      const batch = events.map(({ messages: [message], counted }) =>
        counted && message ? toldOf(counts.get(message.channel)) : {},
      );
      sendJson(response, 200, { batch });
    });
  }

  /** Reads a body, which must be the one that was signed, while there is room for it. */
  async function withBody(
    request: IncomingMessage,
    { parameters, limit }: { parameters: ReadonlyMap<string, string>; limit: number },
    use: (body: Buffer) => Promise<void>,
  ): Promise<void> {
    const declared = Math.min(limit, Number(request.headers['content-length'] ?? limit));
    if (held + declared > allBodiesBytes) throw busy();
    held += declared;
    try {
      const body = await readBody(request, limit, { limitMs: bodyMs });
      if (!isDigest(parameters.get('body_md5') ?? bodyless, body)) {
        throw new Refusal('signature.other-body', 'unauthenticated', {
          field: 'body_md5',
          message: 'The body is not the one that was signed.',
        });
      }
      await use(body);
    } finally {
      held -= declared;
    }
  }

  /**
   * Publishes events as one group, or none of them when something is wrong with one. Over a limit, those that still fit
   * are published, and the refusal says how many.
   */
  async function send(request: IncomingMessage, pass: Pass, events: readonly Event[]): Promise<void> {
    const messages = events.flatMap((event) => event.messages);
    const { payloadBytes } = pass.limits;
    if (messages.some(({ payload }) => payload.length > payloadBytes)) throw tooLarge(payloadBytes);
    const from = senderOf(engine, request, { door: 'http', connection: connectionName(request.socket) });
    const outcomes = await publisher.many(pass, from, messages);
    const failure = outcomes.find((outcome): outcome is Error => outcome instanceof Error);
    if (!failure) return;
    const published = outcomes.filter((outcome: Accepted | Error) => !(outcome instanceof Error)).length;
    if (!(failure instanceof Refusal) || published === 0) throw failure;
    throw new Refusal(failure.code, failure.kind, { ...failure.details, published });
  }

  async function listChannels({ response, pass, parameters }: Asked): Promise<void> {
    mayDo(pass, 'read');
    const counted = countsAsked(parameters.get('info'));
    const beginning = parameters.get('filter_by_prefix') ?? '';
    const counts = await occupancy.count(pass.project.id, { beginning });
    const shown = [...counts].filter(([channel]) => isNameable(channel));
    const channels = shown.map(([channel, count]) => [channel, counted ? toldOf(count) : {}]);
    sendJson(response, 200, { channels: Object.fromEntries(channels) });
  }

  async function showChannel({ response, pass, parameters, name }: Asked): Promise<void> {
    mayDo(pass, 'read');
    const channel = checkName(name);
    const counted = countsAsked(parameters.get('info'));
    const count = (await occupancy.count(pass.project.id, { names: [channel] })).get(channel) ?? 0;
    sendJson(response, 200, { occupied: count > 0, ...(counted ? toldOf(count) : {}) });
  }

  async function noPresence(): Promise<void> {
    throw new Refusal('pusher.no-presence', 'invalid', { message: 'Presence channels are not offered here.' });
  }

  async function noUsers(): Promise<void> {
    throw new Refusal('pusher.no-users', 'invalid', { message: 'Signing users in is not offered here.' });
  }

  function connectionName(socket: Duplex): string {
    const name = names.get(socket) ?? newId('con', clock.now());
    names.set(socket, name);
    return name;
  }

  return {
    prefix,
    describes: described,
    request(request, response) {
      answer(request, response).catch((error) => sendProblem(engine, request, response, error));
    },
  };
}

function toldOf(count = 0): { subscription_count: number } {
  return { subscription_count: count };
}

/**
 * The parameters of a query, by their names in small letters.
 * @throws Refusal `query.repeated`: what is signed must say one thing
 */
function parametersOf(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const small = name.toLowerCase();
    if (parameters.has(small)) {
      throw new Refusal('query.repeated', 'invalid', {
        field: small.slice(0, 50),
        message: 'Each parameter of a signed request stands there once.',
      });
    }
    parameters.set(small, value);
  }
  return parameters;
}

/** Signatures age by the clocks of machines, whatever day it is in the house. @throws Refusal `signature.expired` */
function checkTime(given: string | undefined): void {
  const now = Math.floor(systemClock.now().epochMilliseconds / 1000);
  if (/^\d{1,15}$/.test(given ?? '') && Math.abs(Number(given) - now) <= skewSeconds) return;
  throw new Refusal('signature.expired', 'unauthenticated', {
    field: 'auth_timestamp',
    message: `The time of the signature is more than ${skewSeconds} seconds from ours (${now}).`,
  });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

function busy(): Refusal {
  return new Refusal('events.busy', 'unavailable', {
    retryAfter: 1,
    message: 'Too many events are on their way at once; try again.',
  });
}
