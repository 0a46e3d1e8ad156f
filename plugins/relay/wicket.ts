import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, Engine } from '../../core/index.ts';
import { problemOf } from './answers.ts';
import type { Gate, Pass } from './gate.ts';
import { type Publisher, type Sender, senderOf } from './publisher.ts';
import { parseToken, tokenIn } from './tokens.ts';
import type { Accepted, Settles } from './waiting.ts';

/*
 * The little door beside the great one: a message that is published by HTTP costs Node's own HTTP more than everything
 * that is done with it. What comes here is read by hand, but only if it is one whole request of exactly the form that
 * programs send again and again. Anything else, and whatever may be read in more than one way, goes to Node untouched,
 * and its connection with it.
 */

const requestLine = /^POST \/relay\/v1\/channels\/(?!\.{1,2}\/)([A-Za-z0-9_\-=@,.;:]{1,200})\/messages HTTP\/1\.1$/;
const headerLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}):[ \t]*([\x20-\x7e]*?)[ \t]*$/;
const lengthForm = /^\d{1,7}$/;
const typeForm = /^[\x20-\x7e]{1,200}$/;
const headBytes = 8 * 1024;
const headLines = 50;
const headEnd = Buffer.from('\r\n\r\n');
const capitalP = 0x50;

/** Heads that say something that only Node's HTTP understands, or that a page of a browser sends. */
const forNode = new Set(['transfer-encoding', 'expect', 'upgrade', 'origin', 'trailer', 'te', 'http2-settings']);

/** A connection that says nothing at first is Node's; later it may be idle for as long as its answers say. */
const silentMs = 5_000;
const idleSeconds = 10;
const lookMs = 1_000;

/** What the head of a request said; the next one on its connection mostly says the same. */
interface Head {
  bytes: Buffer;
  request: Pick<IncomingMessage, 'headers' | 'socket'>;
  token: ReturnType<typeof parseToken>;
  sender: Sender;
  channel: string;
  type: string | null;
  key: string | undefined;
  length: number; // of the body, in bytes
}

/** A connection and what it is doing. */
interface Visitor {
  /** Since when nothing has come or gone, on the clock of the process. */
  since: number;
  /** Its message is on its way into the log. */
  busy: boolean;
  /** It has been answered here. */
  known: boolean;
  leave(): void;
  end(): void;
}

/** Takes messages off connections before HTTP sees them. */
export function createWicket(
  engine: Engine,
  { gate, publisher, nameOf }: { gate: Gate; publisher: Publisher; nameOf(socket: Socket): string },
) {
  const visitors = new Set<Visitor>();
  const date = createDate(engine.clock);
  let stopped = false;

  const timer = setInterval(() => {
    const now = performance.now();
    for (const visitor of visitors) {
      const silent = now - visitor.since;
      if (visitor.busy) continue;
      if (!visitor.known && silent > silentMs) visitor.leave();
      // A moment longer than was said: a request that is on its way by then is still heard.
      else if (visitor.known && silent > idleSeconds * 1000 + lookMs) visitor.end();
    }
  }, lookMs).unref();

  function headIn(chunk: Buffer, socket: Socket, knowsHost: (host: string | undefined) => boolean): Head | null {
    const end = chunk.indexOf(headEnd);
    if (end < 0 || end > headBytes) return null;
    const read = readHead(chunk.toString('latin1', 0, end));
    if (!read || !knowsHost(read.headers.host)) return null;
    const request = { headers: read.headers, socket } as Head['request'];
    return {
      ...{ request, bytes: Buffer.from(chunk.subarray(0, end + headEnd.length)) },
      ...{ channel: read.channel, length: read.length },
      ...{ type: read.headers['content-type'] ?? null, key: read.headers['idempotency-key'] as string | undefined },
      token: parseToken(tokenIn(read.headers)),
      sender: senderOf(engine, request, { door: 'http', connection: nameOf(socket) }),
    };
  }

  function open(socket: Socket, { on, knowsHost }: { on(): void; knowsHost(host: string | undefined): boolean }): void {
    let head: Head | null = null;
    let early: Buffer | null = null; // what came before the last answer
    let ended = false;
    const visitor: Visitor = { since: performance.now(), busy: false, known: false, leave: () => leave(), end };
    const settles: Settles = { done: (accepted) => answer(accepted202(accepted, date())), fail: refuse };

    function take(chunk: Buffer): void {
      if (visitor.busy || socket.writableNeedDrain) {
        early = early ? Buffer.concat([early, chunk]) : chunk;
        socket.pause();
        return;
      }
      if (!head || !startsWith(chunk, head.bytes)) {
        head = chunk[0] === capitalP ? headIn(chunk, socket, knowsHost) : null;
      }
      if (!head || chunk.length !== head.bytes.length + head.length) {
        leave(chunk);
        return;
      }
      visitor.busy = true;
      enter(head, chunk.subarray(head.bytes.length));
    }

    function enter(said: Head, payload: Buffer): void {
      let pass: Pass | null;
      try {
        pass = said.token && gate.enterAtOnce(said.request, said.token, 'publish');
      } catch (error) {
        refuse(error as Error);
        return;
      }
      if (pass) publish(pass, said, payload);
      else gate.enter(said.request, 'publish').then((asked) => publish(asked, said, payload), refuse);
    }

    function publish(pass: Pass, { sender, channel, type, key }: Head, payload: Buffer): void {
      publisher.put(pass, sender, { channel, payload, type, key }, settles);
    }

    function refuse(error: Error): void {
      const { status, headers, body } = problemOf(engine, error, head?.request.headers ?? {});
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const first = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n`;
      answer(`${first}${lines.join('')}${connectionLines}date: ${date()}\r\n\r\n${body}`, 'utf8');
    }

    function answer(text: string, encoding: BufferEncoding = 'latin1'): void {
      visitor.since = performance.now();
      visitor.known = true;
      if (socket.destroyed) return;
      // Whoever does not read its answers is not asked for more.
      if (socket.write(text, encoding)) free();
      else {
        visitor.busy = false;
        socket.pause();
        socket.once('drain', free);
      }
    }

    function free(): void {
      visitor.busy = false;
      if (ended || stopped) {
        end();
        return;
      }
      if (socket.isPaused()) socket.resume();
      if (!early) return;
      const next = early;
      early = null;
      take(next);
    }

    function hungUp(): void {
      ended = true;
      if (!visitor.busy) end();
    }

    function broken(): void {
      socket.destroy();
    }

    function gone(): void {
      visitors.delete(visitor);
    }

    /** From here on the connection is Node's, with what has been read of it. */
    function leave(chunk?: Buffer): void {
      visitors.delete(visitor);
      socket.off('data', take).off('end', hungUp).off('error', broken).off('close', gone);
      if (chunk) socket.unshift(chunk);
      on();
    }

    function end(): void {
      visitors.delete(visitor);
      socket.destroySoon();
    }

    if (stopped) {
      on();
      return;
    }
    visitors.add(visitor);
    socket.on('data', take).on('end', hungUp).on('error', broken).on('close', gone);
  }

  return {
    open,
    /** Ends what is idle now, and everything else with its answer. */
    stop(): void {
      stopped = true;
      clearInterval(timer);
      for (const visitor of visitors) if (!visitor.busy) visitor.end();
    },
  };
}

const connectionLines = `connection: keep-alive\r\nkeep-alive: timeout=${idleSeconds}\r\n`;
const acceptedLines = [
  'HTTP/1.1 202 Accepted',
  'content-type: application/json; charset=utf-8',
  'cache-control: no-store',
  `${connectionLines}content-length: `,
].join('\r\n');

/** A channel that comes here is plain ASCII, with nothing that JSON escapes: its characters are its bytes. */
function accepted202({ id, channel, offset }: Accepted, date: string): string {
  const body = `{"id":"${id}","channel":"${channel}","offset":${offset}}`;
  return `${acceptedLines}${body.length}\r\ndate: ${date}\r\n\r\n${body}`;
}

/** Whether these are the first bytes: they hold a secret, so the time that this takes must not say how many are. */
function startsWith(chunk: Buffer, bytes: Buffer): boolean {
  return chunk.length >= bytes.length && timingSafeEqual(chunk.subarray(0, bytes.length), bytes);
}

/** A head without anything unusual; null for every other. */
function readHead(text: string): { channel: string; length: number; headers: IncomingHttpHeaders } | null {
  const lines = text.split('\r\n');
  const channel = requestLine.exec(lines[0] as string)?.[1];
  if (channel === undefined || lines.length > headLines) return null;
  const headers: IncomingHttpHeaders = Object.create(null);
  for (let each = 1; each < lines.length; each++) {
    const parts = headerLine.exec(lines[each] as string);
    if (!parts) return null;
    const name = (parts[1] as string).toLowerCase();
    if (forNode.has(name) || name in headers) return null;
    headers[name] = parts[2] as string;
  }
  const { connection = 'keep-alive', 'content-length': length = '', 'content-type': type = '-' } = headers;
  const key = headers['idempotency-key'] ?? '-';
  if (headers.host === undefined) return null;
  if (connection.toLowerCase() !== 'keep-alive' || !lengthForm.test(length) || !typeForm.test(type)) return null;
  if (key.length === 0 || key.length > 255) return null;
  return { channel, length: Number(length), headers };
}

/** The time as HTTP writes it (RFC 9110 s. 5.6.7), made anew each second. */
function createDate(clock: Clock): () => string {
  const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const two = (number: number): string => String(number).padStart(2, '0');
  let text = '';
  let until = 0;
  return () => {
    const now = performance.now();
    if (now < until) return text;
    const at = clock.now().toZonedDateTimeISO('UTC');
    until = now + 1000 - at.millisecond;
    const day = `${days[at.dayOfWeek - 1]}, ${two(at.day)} ${months[at.month - 1]} ${at.year}`;
    text = `${day} ${two(at.hour)}:${two(at.minute)}:${two(at.second)} GMT`;
    return text;
  };
}
