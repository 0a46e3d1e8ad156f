import { type Locale, Refusal } from '../../../core/index.ts';
import { errorOf } from '../answers.ts';
import { bytesOf, shown, textFrame } from '../channel.ts';
import type { Voice } from '../frames.ts';
import { closeCodes } from '../hub.ts';
import { eventOf } from './names.ts';
import { rawMember } from './raw.ts';

/** A client that hears nothing for as long asks whether we are still there. */
const activitySeconds = 120;

/** How this protocol calls what ends a connection; below 4100 a client does not come back by itself. */
const closings: Record<number, number> = {
  [closeCodes.restart]: 4200,
  [closeCodes.tryLater]: 4100,
  [closeCodes.slow]: 4100,
  [closeCodes.tokenDead]: 4009,
  [closeCodes.notAllowed]: 4003,
  [closeCodes.overLimit]: 4004,
};

/** Why somebody is not let in, by the code of the refusal. */
const refusals: Record<string, number> = {
  'token.refused': 4001,
  'project.stopped': 4003,
  'limit.connections': 4004,
  'path.unknown': 4005,
  'pusher.bad-protocol': 4006,
  'pusher.other-protocol': 4007,
  'pusher.no-protocol': 4008,
};

/** The Pusher Channels protocol, as readers hear it: events, whose data are always a string. */
export const pusher: Voice = {
  name: 'pusher',
  message: ({ channel, type, payload }) =>
    textFrame(JSON.stringify({ event: eventOf(type), channel, ...shown(payload) })),
  subscribed: (channel) => eventFrame('pusher_internal:subscription_succeeded', '{}', channel),
  lost: (channel, after, before) =>
    errorFrame(null, `Messages of ${channel} after ${after} and before ${before} can no longer be had.`),
  error: ({ message }) => errorFrame(null, String(message)),
  closeCode: (code) => closings[code] ?? code,
};

export function eventFrame(event: string, data: unknown, channel?: string): Buffer {
  return textFrame(JSON.stringify({ event, ...(channel === undefined ? {} : { channel }), data }));
}

export function errorFrame(code: number | null, message: string): Buffer {
  return eventFrame('pusher:error', { code, message });
}

export function established(socketId: string): Buffer {
  const data = JSON.stringify({ socket_id: socketId, activity_timeout: activitySeconds });
  return eventFrame('pusher:connection_established', data);
}

/** What a refusal to subscribe looks like. `status` is that of the same refusal by HTTP. */
export function subscriptionError(channel: string, error: { type: string; error: string; status: number }): Buffer {
  return eventFrame('pusher:subscription_error', error, channel);
}

/** Why a connection is not let in: the code tells the client whether, and how soon, to come again. */
export function connectCodeOf(error: unknown): number {
  if (!(error instanceof Refusal) || error.kind === 'unavailable') return 4100;
  return refusals[error.code] ?? 4009;
}

/** The words of a failure, for a frame; what is not a refusal of ours is told to nobody. */
export function wordsOf(error: unknown, language: Locale | null): string {
  return String(errorOf(error, language).message);
}

/** One event as a client sent it. */
export interface Said {
  event: string;
  channel: unknown;
  data: unknown;
  /** The bytes of `data`: of its text when it is a string, else of the JSON as it stood in the frame. */
  payload(): Buffer;
}

/** @throws Refusal `frame.not-json` | `frame.not-object` | `frame.no-event` */
export function readFrame(bytes: Buffer): Said {
  const json = bytes.toString('utf8');
  let frame: unknown;
  try {
    frame = JSON.parse(json);
  } catch {
    throw new Refusal('frame.not-json', 'invalid', { message: 'A frame is JSON.' });
  }
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) {
    throw new Refusal('frame.not-object', 'invalid', { message: 'A frame is a JSON object.' });
  }
  const { event, channel, data } = frame as Record<string, unknown>;
  if (typeof event !== 'string') {
    throw new Refusal('frame.no-event', 'invalid', { message: 'A frame has an "event".' });
  }
  const payload = (): Buffer =>
    typeof data === 'string' ? bytesOf(data, undefined) : Buffer.from(rawMember(json, 'data') ?? '');
  return { event, channel, data, payload };
}
