import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/*
 * The load generator's own ends of HTTP, WebSocket and NATS, on bare sockets: a client library would be what is measured.
 * Everything that is read goes through one buffer, since nothing is kept of it.
 */

const shared = Buffer.allocUnsafe(512 * 1024);

/** A socket whose bytes are handed to `take` and forgotten. */
export function openSocket(port: number, take: (bytes: Buffer) => void): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = connect({
      ...{ port, host: '127.0.0.1', noDelay: true },
      onread: {
        buffer: () => shared,
        callback(length, buffer) {
          take((buffer as Buffer).subarray(0, length));
          return true;
        },
      },
    });
    socket.once('connect', () => done(socket));
    socket.once('error', fail);
    socket.on('error', () => {});
  });
}

/** Hands over whole pieces that may have come in several chunks. `cut` answers the length of the first, 0: not whole. */
export function whole(cut: (bytes: Buffer) => number, give: (piece: Buffer) => void): (bytes: Buffer) => void {
  let rest: Buffer | null = null;
  return (chunk) => {
    const bytes: Buffer = rest ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    while (at < bytes.length) {
      const length = cut(bytes.subarray(at));
      if (length === 0) break;
      give(bytes.subarray(at, at + length));
      at += length;
    }
    rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : null;
  };
}

const headEnd = Buffer.from('\r\n\r\n');

/** The length of an HTTP answer with a content-length at the start of these bytes, 0 while it is not whole. */
export function answerLength(bytes: Buffer): number {
  const head = bytes.indexOf(headEnd);
  if (head < 0) return 0;
  const said = /content-length: *(\d+)/i.exec(bytes.toString('latin1', 0, head));
  const length = head + 4 + Number(said?.[1] ?? 0);
  return bytes.length >= length ? length : 0;
}

/** One WebSocket, by hand. `give` gets the payload of each data frame; without it frames are only counted. */
export interface Wire {
  socket: Socket;
  count: number;
  send(frame: Buffer): void;
  end(): void;
}

export async function openWire(
  port: number,
  path: string,
  {
    headers = {},
    protocol,
    give,
  }: {
    headers?: Record<string, string>;
    protocol?: string;
    give?: ((payload: Buffer, wire: Wire) => void) | undefined;
  } = {},
): Promise<Wire> {
  let opened = false;
  let frames: ((bytes: Buffer) => void) | null = null;
  let ready = (): void => {};
  let refused = (_error: Error): void => {};
  const open = new Promise<void>((done, fail) => {
    ready = done;
    refused = fail;
  });
  let head = Buffer.alloc(0);
  const socket = await openSocket(port, (bytes) => {
    if (opened) return frames?.(bytes);
    head = Buffer.concat([head, bytes]);
    const end = head.indexOf(headEnd);
    if (end < 0) return;
    if (!head.toString('latin1', 0, 12).endsWith('101')) return refused(new Error(head.toString('latin1', 0, 300)));
    opened = true;
    const rest = Buffer.from(head.subarray(end + 4));
    ready();
    if (rest.length > 0) frames?.(rest);
  });
  const wire: Wire = {
    ...{ socket, count: 0 },
    send: (frame) => void socket.write(frame),
    end: () => void socket.destroy(),
  };
  frames = give
    ? whole(frameLength, (frame) => dataOf(frame, (payload) => give(payload, wire), socket))
    : counter(wire, socket);
  const lines = Object.entries({
    ...{ host: `127.0.0.1:${port}`, connection: 'Upgrade', upgrade: 'websocket' },
    ...{ 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64') },
    ...(protocol ? { 'sec-websocket-protocol': protocol } : {}),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  await open;
  return wire;
}

function headLength(bytes: Buffer): number {
  const short = (bytes[1] as number) & 0x7f;
  return short < 126 ? 2 : short === 126 ? 4 : 10;
}

/** The length of a server's frame at the start of these bytes, 0 while it is not whole. */
function frameLength(bytes: Buffer): number {
  if (bytes.length < 2 || bytes.length < headLength(bytes)) return 0;
  const head = headLength(bytes);
  const short = (bytes[1] as number) & 0x7f;
  const body = head === 2 ? short : head === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return bytes.length >= head + body ? head + body : 0;
}

function dataOf(frame: Buffer, give: (payload: Buffer) => void, socket: Socket): void {
  const opcode = (frame[0] as number) & 0x0f;
  if (opcode === 9) socket.write(clientFrame(frame.subarray(headLength(frame)), 10));
  else if (opcode < 8) give(frame.subarray(headLength(frame)));
}

/** Counts frames by their heads alone, so that reading costs next to nothing. */
function counter(wire: Wire, socket: Socket): (bytes: Buffer) => void {
  let skip = 0;
  let head = Buffer.alloc(0);
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (skip > 0) {
        const passed = Math.min(skip, chunk.length - at);
        skip -= passed;
        at += passed;
        continue;
      }
      const bytes: Buffer = head.length > 0 ? Buffer.concat([head, chunk.subarray(at, at + 10)]) : chunk.subarray(at);
      if (bytes.length < 2 || bytes.length < headLength(bytes)) {
        head = Buffer.from(bytes);
        return;
      }
      const length = headLength(bytes);
      const short = (bytes[1] as number) & 0x7f;
      skip = length === 2 ? short : length === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      const opcode = (bytes[0] as number) & 0x0f;
      if (opcode === 9) socket.write(clientFrame(Buffer.alloc(0), 10));
      else if (opcode < 8) wire.count++;
      at += length - head.length;
      head = Buffer.alloc(0);
    }
  };
}

/** A client's frame. Its mask is zero, so that the bytes stay as they are; the server unmasks them all the same. */
export function clientFrame(payload: Buffer, opcode = 1): Buffer {
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.alloc(head + 4 + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (head === 2 ? length : head === 4 ? 126 : 127);
  if (head === 4) frame.writeUInt16BE(length, 2);
  if (head === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  payload.copy(frame, head + 4);
  return frame;
}

/** Opens a WebSocket of the relay, asks for something, and reads nothing whatsoever. @returns how to end it */
export function openMute({ port, token }: { port: number; token?: string }, frame: Buffer): () => void {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  const lines = [
    'GET /relay/v1/connect HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Protocol: srok.v1',
    `Authorization: Bearer ${token}`,
  ];
  socket.pause();
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  // Its first frame may come with the request: it is read once the way is open.
  socket.write(frame);
  return () => void socket.destroy();
}
