import { isUtf8 } from 'node:buffer';
import { Refusal, type Temporal } from '../../core/index.ts';

// A name is a part of a path: . and .. would mean another one.
const channelName = /^(?!\.{1,2}$)[\p{L}\p{N}_\-=@,.;:]{1,200}$/u;
const contentType = /^[\x20-\x7e]{1,200}$/;

/** @throws Refusal `channel.bad-name` */
export function checkChannel(name: unknown): string {
  if (typeof name === 'string' && channelName.test(name)) return name;
  throw new Refusal('channel.bad-name', 'invalid', {
    field: 'channel',
    message: 'A channel name has 1 to 200 letters, digits or _ - = @ , . ; : and is not . or ..',
  });
}

/** @throws Refusal `message.bad-type` */
export function checkType(type: unknown): string | null {
  if (type === undefined || type === null) return null;
  if (typeof type === 'string' && contentType.test(type)) return type;
  throw new Refusal('message.bad-type', 'invalid', { field: 'type', message: 'A type has 1 to 200 ASCII characters.' });
}

/** @throws Refusal `idempotency.bad-key` */
export function checkKey(key: unknown): string {
  // Halves of a surrogate pair have no bytes of their own: two keys could look like one.
  if (typeof key === 'string' && key.length > 0 && key.length <= 255 && key.isWellFormed()) return key;
  throw new Refusal('idempotency.bad-key', 'invalid', {
    field: 'key',
    message: 'A key has 1 to 255 characters.',
  });
}

/** A payload over what the plan, the project or the door takes. */
export function tooLarge(bytes: number): Refusal {
  return new Refusal('message.too-large', 'too-large', {
    limit: { name: 'payload-bytes', value: bytes },
    message: `A message has at most ${bytes} bytes.`,
  });
}

/** An offset that no message has yet: whoever went on from there would miss in silence what comes until then. */
export function offsetAhead(newest: number): Refusal {
  return new Refusal('offset.ahead', 'invalid', {
    field: 'after',
    newest,
    message: `The newest offset of this channel is ${newest}.`,
  });
}

/**
 * The bytes of a publish frame's `data`: text as UTF-8, or decoded base64.
 * @throws Refusal `data-not-string` | `data-not-text` | `data-not-base64`
 */
export function bytesOf(data: unknown, encoding: unknown): Buffer {
  if (typeof data !== 'string') {
    throw new Refusal('data-not-string', 'invalid', { field: 'data', message: '"data" is a string.' });
  }
  if (encoding === undefined || encoding === null) {
    // Half of a surrogate pair has no bytes in UTF-8; replacing it would change the message.
    if (!data.isWellFormed()) {
      throw new Refusal('data-not-text', 'invalid', { field: 'data', message: '"data" is not well-formed text.' });
    }
    return Buffer.from(data, 'utf8');
  }
  const bytes = encoding === 'base64' ? Buffer.from(data, 'base64') : null;
  if (!bytes || unpadded(bytes.toString('base64')) !== unpadded(data)) {
    throw new Refusal('data-not-base64', 'invalid', { field: 'data', message: '"data" is not base64.' });
  }
  return bytes;
}

/** Base64 without its one or two signs of padding. */
function unpadded(base64: string): string {
  return base64.endsWith('==') ? base64.slice(0, -2) : base64.endsWith('=') ? base64.slice(0, -1) : base64;
}

/** How bytes are shown as a string: the exact text, or base64 when they are no text. */
export function shown(bytes: Buffer): { data: string; encoding?: 'base64' } {
  return isUtf8(bytes) ? { data: bytes.toString('utf8') } : { data: bytes.toString('base64'), encoding: 'base64' };
}

export interface Shown {
  channel: string;
  offset: number;
  id: string;
  at: Temporal.Instant;
  type: string | null;
  payload: Buffer;
  except?: string; // the mark of the one connection that is not to be told
}

/** A message as frames and pulls carry it. */
export function messageOf({ channel, offset, id, at, type, payload }: Shown) {
  // Milliseconds are enough for readers, and every frame of a message says the same.
  const time = at.toString({ smallestUnit: 'millisecond' });
  return { channel, offset, id, at: time, ...shown(payload), ...(type === null ? {} : { type }) };
}

/** A whole unmasked text frame of the WebSocket protocol, made once for all its readers. */
export function textFrame(json: string): Buffer {
  const { frame, start } = wholeFrame(1, Buffer.byteLength(json));
  frame.write(json, start);
  return frame;
}

/** Room for a whole unmasked frame of the WebSocket protocol (RFC 6455 s. 5.2); its content begins at `start`. */
export function wholeFrame(opcode: number, bytes: number): { frame: Buffer; start: number } {
  const start = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + bytes);
  frame[0] = 0x80 | opcode;
  if (start === 2) frame[1] = bytes;
  else if (start === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
  return { frame, start };
}
