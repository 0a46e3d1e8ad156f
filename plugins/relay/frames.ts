import { Refusal } from '../../core/index.ts';
import { bytesOf, checkChannel, checkType, messageOf, type Shown, textFrame } from './channel.ts';

/** What a client may say on its connection, whatever the subprotocol. */
export type ClientFrame =
  | { does: 'subscribe'; channel: string; after?: number }
  | { does: 'unsubscribe'; channel: string }
  | { does: 'publish'; channel: string; payload: Buffer; type: string | null }
  | { does: 'ticket'; ticket: string };

/** A frame that was read, or what is wrong with it; and the reference that its answer repeats. */
export type Read = { ref: unknown; frame: ClientFrame } | { ref: unknown; refusal: Refusal };

/** What readers are told, in the words of one protocol: whole unmasked frames of WebSocket, made once for all of them. */
export interface Voice {
  name: string;
  message(message: Shown): Buffer;
  subscribed(channel: string, offset: number): Buffer;
  lost(channel: string, after: number, before: number, reason: string): Buffer;
  /** @param error as `errorOf` makes it */
  error(error: Record<string, unknown>, ref?: unknown): Buffer;
  /** What one of our close codes is called in this protocol; as it is, unless told. */
  closeCode?(code: number): number;
}

/** One subprotocol of ours: how the frames of the same conversation are written and read. */
export interface Codec extends Voice {
  read(data: Buffer, isBinary: boolean): Read;
  ack(ref: unknown, id: string, offset: number): Buffer;
}

const refLength = 200;
const ticketLength = 200;
const verbs = ['subscribe', 'unsubscribe', 'publish', 'ticket'] as const;
const members: Record<(typeof verbs)[number], readonly string[]> = {
  subscribe: ['subscribe', 'after', 'ref'],
  unsubscribe: ['unsubscribe', 'ref'],
  publish: ['publish', 'data', 'encoding', 'type', 'ref'],
  ticket: ['ticket', 'ref'],
};

/** `srok.v1`: each frame is one JSON object in one text message. */
export const text: Codec = {
  name: 'srok.v1',
  read(data, isBinary) {
    let ref: unknown;
    try {
      const frame = jsonOf(data, isBinary);
      ref = checkRef(frame.ref);
      return { ref, frame: frameOf(frame) };
    } catch (error) {
      if (error instanceof Refusal) return { ref, refusal: error };
      throw error;
    }
  },
  message: (message) => textFrame(JSON.stringify(messageOf(message))),
  subscribed: (channel, offset) => textFrame(JSON.stringify({ subscribed: channel, offset })),
  lost: (channel, after, before, reason) => textFrame(JSON.stringify({ lost: channel, after, before, reason })),
  ack: (ref, id, offset) => textFrame(`{"ack":${JSON.stringify(ref)},"id":"${id}","offset":${offset}}`),
  error: (error, ref) => textFrame(JSON.stringify({ error: ref === undefined ? error : { ...error, ref } })),
};

function jsonOf(data: Buffer, isBinary: boolean): Record<string, unknown> {
  if (isBinary) throw new Refusal('frame.binary', 'invalid', { message: 'Frames of srok.v1 are text.' });
  let frame: unknown;
  try {
    frame = JSON.parse(data.toString('utf8'));
  } catch {
    throw new Refusal('frame.not-json', 'invalid', { message: 'A frame is JSON.' });
  }
  if (typeof frame === 'object' && frame !== null && !Array.isArray(frame)) return frame as Record<string, unknown>;
  throw new Refusal('frame.not-object', 'invalid', { message: 'A frame is a JSON object.' });
}

function frameOf(frame: Record<string, unknown>): ClientFrame {
  const verb = verbs.find((one) => Object.hasOwn(frame, one));
  if (!verb) {
    throw new Refusal('frame.unknown', 'invalid', { message: 'A frame subscribes, unsubscribes or publishes.' });
  }
  noOthers(frame, members[verb]);
  switch (verb) {
    case 'subscribe': {
      const channel = checkChannel(frame.subscribe);
      return frame.after === undefined
        ? { does: verb, channel }
        : { does: verb, channel, after: wholeNumber(frame.after, 'after') };
    }
    case 'unsubscribe':
      return { does: verb, channel: checkChannel(frame.unsubscribe) };
    case 'publish': {
      const channel = checkChannel(frame.publish);
      const payload = bytesOf(frame.data, frame.encoding);
      return { does: verb, channel, payload, type: checkType(frame.type) };
    }
    case 'ticket':
      return { does: verb, ticket: checkTicket(frame.ticket) };
  }
}

/** A member we do not know would be promised and not kept. @throws Refusal `member.unknown` */
export function noOthers(object: Record<string, unknown>, known: readonly string[]): void {
  const other = Object.keys(object).find((name) => !known.includes(name));
  if (other === undefined) return;
  const field = other.slice(0, 50);
  throw new Refusal('member.unknown', 'invalid', {
    field,
    message: `There is no member "${field}" here; known are ${known.join(', ')}.`,
  });
}

/** @throws Refusal `number.malformed` */
export function wholeNumber(value: unknown, field: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new Refusal('number.malformed', 'invalid', { field, message: `"${field}" is a whole number, 0 or more.` });
}

/** @throws Refusal `ticket.refused` */
export function checkTicket(ticket: unknown): string {
  if (typeof ticket === 'string' && ticket.length <= ticketLength) return ticket;
  throw new Refusal('ticket.refused', 'unauthenticated', { message: 'A valid ticket is needed.' });
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
