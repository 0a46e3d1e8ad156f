import { isUtf8 } from 'node:buffer';
import { Refusal } from '../../core/index.ts';
import { checkChannel, checkType, wholeFrame } from './channel.ts';
import { type ClientFrame, type Codec, checkTicket, type Read, wholeNumber } from './frames.ts';

/*
 * `srok.v1.bin`: the conversation of `srok.v1` with the bytes of payloads as they are. Each frame is one binary message;
 * docs/relay-protocol.md has it byte by byte.
 *
 *   kind u8 | flags u8 | ref u32 | what the kind has, numbers big-endian, texts as u16 length and UTF-8
 */

export const kinds = {
  ...{ subscribe: 0x01, unsubscribe: 0x02, publish: 0x03, ticket: 0x04 },
  ...{ subscribed: 0x81, message: 0x82, ack: 0x83, lost: 0x84, error: 0x85 },
} as const;

export const flags = { ref: 1, after: 2, type: 4 } as const;

const opcode = 2;
const headBytes = 6;
const mayCarry: Record<number, number> = {
  [kinds.subscribe]: flags.ref | flags.after,
  [kinds.unsubscribe]: flags.ref,
  [kinds.publish]: flags.ref | flags.type,
  [kinds.ticket]: flags.ref,
};

type Part = { u64: number } | { text: string } | { bytes: Buffer };

export const binary: Codec = {
  name: 'srok.v1.bin',
  read,
  message: ({ offset, at, id, channel, type, payload }) =>
    frameOf(kinds.message, type === null ? 0 : flags.type, 0, [
      ...[{ u64: offset }, { u64: at.epochMilliseconds }, { text: id }, { text: channel }],
      ...(type === null ? [] : [{ text: type }]),
      { bytes: payload },
    ]),
  subscribed: (channel, offset) => frameOf(kinds.subscribed, 0, 0, [{ u64: offset }, { text: channel }]),
  lost: (channel, after, before, reason) =>
    frameOf(kinds.lost, 0, 0, [{ u64: after }, { u64: before }, { text: channel }, { text: reason }]),
  ack: (ref, id, offset) => frameOf(kinds.ack, flags.ref, ref as number, [{ u64: offset }, { text: id }]),
  error: (error, ref) =>
    frameOf(kinds.error, ref === undefined ? 0 : flags.ref, Number(ref ?? 0), [
      { bytes: Buffer.from(JSON.stringify(error)) },
    ]),
};

function frameOf(kind: number, flagBits: number, ref: number, parts: readonly Part[]): Buffer {
  const { frame, start } = wholeFrame(opcode, headBytes + parts.reduce((sum, part) => sum + sizeOf(part), 0));
  frame[start] = kind;
  frame[start + 1] = flagBits;
  let end = frame.writeUInt32BE(ref, start + 2);
  for (const part of parts) {
    if ('u64' in part) end = frame.writeBigUInt64BE(BigInt(part.u64), end);
    else if ('bytes' in part) end += part.bytes.copy(frame, end);
    else {
      end = frame.writeUInt16BE(Buffer.byteLength(part.text), end);
      end += frame.write(part.text, end);
    }
  }
  return frame;
}

function sizeOf(part: Part): number {
  if ('u64' in part) return 8;
  return 'bytes' in part ? part.bytes.length : 2 + Buffer.byteLength(part.text);
}

function read(data: Buffer, isBinary: boolean): Read {
  const withRef = isBinary && data.length >= headBytes && ((data[1] as number) & flags.ref) !== 0;
  const ref = withRef ? data.readUInt32BE(2) : undefined;
  try {
    if (!isBinary) throw new Refusal('frame.text', 'invalid', { message: 'Frames of srok.v1.bin are binary.' });
    return { ref, frame: clientFrame(data) };
  } catch (error) {
    if (error instanceof Refusal) return { ref, refusal: error };
    throw error;
  }
}

/** @throws Refusal `frame.malformed` | `frame.unknown` | `channel.bad-name` | `message.bad-type` | `number.malformed` */
function clientFrame(data: Buffer): ClientFrame {
  if (data.length < headBytes) throw malformed('it ends before its head does');
  const [kind, given] = data as unknown as [number, number];
  const allowed = mayCarry[kind];
  if (allowed === undefined) {
    throw new Refusal('frame.unknown', 'invalid', { message: 'A frame subscribes, unsubscribes or publishes.' });
  }
  if ((given & ~allowed) !== 0) throw malformed('it has flags that its kind does not have');
  const rest = reader(data, headBytes);
  switch (kind) {
    case kinds.subscribe: {
      const channel = checkChannel(rest.text());
      const after = given & flags.after ? wholeNumber(rest.u64(), 'after') : undefined;
      rest.mustEnd();
      return { does: 'subscribe', channel, ...(after === undefined ? {} : { after }) };
    }
    case kinds.unsubscribe: {
      const channel = checkChannel(rest.text());
      rest.mustEnd();
      return { does: 'unsubscribe', channel };
    }
    case kinds.publish: {
      const channel = checkChannel(rest.text());
      const type = given & flags.type ? checkType(rest.text()) : null;
      return { does: 'publish', channel, type, payload: rest.bytes() };
    }
    default:
      return { does: 'ticket', ticket: checkTicket(rest.bytes().toString('latin1')) };
  }
}

function reader(data: Buffer, start: number) {
  let at = start;
  const next = (bytes: number): Buffer => {
    if (at + bytes > data.length) throw malformed('it ends before its last part does');
    at += bytes;
    return data.subarray(at - bytes, at);
  };
  return {
    text(): string {
      const bytes = next(next(2).readUInt16BE());
      if (!isUtf8(bytes)) throw malformed('a text in it is not UTF-8');
      return bytes.toString('utf8');
    },
    u64: () => Number(next(8).readBigUInt64BE()),
    bytes: () => next(data.length - at),
    mustEnd(): void {
      if (at !== data.length) throw malformed('something follows its last part');
    },
  };
}

function malformed(why: string): Refusal {
  return new Refusal('frame.malformed', 'invalid', { message: `This frame cannot be read: ${why}.` });
}
