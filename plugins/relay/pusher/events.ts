import { Refusal } from '../../../core/index.ts';
import { bytesOf } from '../channel.ts';
import type { Outgoing } from '../publisher.ts';
import { checkEvent, checkName, checkSocket, markOf } from './names.ts';

const channelsPerEvent = 100;
const eventsPerBatch = 10;

/** An event as a program of the owner sends it: the same message for each of its channels. */
export interface Event {
  messages: Outgoing[];
  /** Is the number of subscriptions to be told with the answer? */
  counted: boolean;
}

/** Reads the body of an event. @throws Refusal `event.*`, `channel.bad-name`, `data-not-string`, `socket.bad-id`, `info.*` */
export function parseEvent(body: Buffer): Event {
  return readEvent(objectOf(parse(body)), channelsOf);
}

/** Reads the body of a batch. @throws Refusal `batch.malformed`, and what `parseEvent` throws */
export function parseBatch(body: Buffer): Event[] {
  const { batch } = objectOf(parse(body));
  if (!Array.isArray(batch) || batch.length === 0 || batch.length > eventsPerBatch) {
    throw new Refusal('batch.malformed', 'invalid', {
      field: 'batch',
      message: `"batch" is a list of 1 to ${eventsPerBatch} events.`,
    });
  }
  return batch.map((event) => readEvent(objectOf(event), ({ channel }) => [checkName(channel)]));
}

/**
 * What is asked about channels: how many subscriptions they have, or nothing.
 * @throws Refusal `pusher.no-presence` | `info.unknown`
 */
export function countsAsked(info: unknown): boolean {
  if (info === undefined || info === null || info === '') return false;
  const asked = typeof info === 'string' ? info.split(',').map((one) => one.trim()) : [];
  if (asked.includes('user_count')) {
    throw new Refusal('pusher.no-presence', 'invalid', {
      field: 'info',
      message: 'Users are counted in presence channels, and these are not offered here.',
    });
  }
  if (asked.length > 0 && asked.every((one) => one === 'subscription_count')) return true;
  throw new Refusal('info.unknown', 'invalid', { field: 'info', message: '"info" is subscription_count.' });
}

type Members = Record<string, unknown>;

function readEvent(event: Members, channels: (event: Members) => string[]): Event {
  const type = checkEvent(event.name);
  const payload = bytesOf(event.data, undefined);
  const left = event.socket_id ?? null;
  const except = left === null ? {} : { except: markOf(checkSocket(left)) };
  return {
    messages: channels(event).map((channel) => ({ channel, payload, type, ...except })),
    counted: countsAsked(event.info),
  };
}

/** Each channel once: whoever reads it gets the event once. */
function channelsOf({ channels, channel }: Members): string[] {
  if (channels === undefined) return [checkName(channel)];
  if (!Array.isArray(channels) || channels.length === 0 || channels.length > channelsPerEvent) {
    throw new Refusal('event.bad-channels', 'invalid', {
      field: 'channels',
      message: `"channels" is a list of 1 to ${channelsPerEvent} names.`,
    });
  }
  return [...new Set(channels.map(checkName))];
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new Refusal('body.not-json', 'invalid', { message: 'The body is JSON in UTF-8.' });
  }
}

function objectOf(value: unknown): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  throw new Refusal('body.not-object', 'invalid', { message: 'The body, and each event in it, is a JSON object.' });
}
