import { connect, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { type Engine, Refusal, Temporal } from '../../core/index.ts';
import type { Told } from './log.ts';

const subjectPrefix = 'srok.relay';
const connectMs = 2000;
const retryMs = 500;
/** Without an answer for about three of these the server is taken for gone. */
const pingMs = 2000;
/** What may wait to be opened; beyond that it is dropped, and found in the log. */
const waitingBytes = 64 * 1024 * 1024;
/** Room for the seal and for what describes the messages, below the largest payload that the server takes. */
const spareBytes = 4096;
const headBytes = 512; // what describes one message, at most about
const usualPayload = 1024 * 1024;

/** `off`: there is no NATS here. */
export type BusState = 'off' | 'up' | 'down';

interface Wanted {
  subscription: Subscription | null;
  /** The server knows of it. */
  begun: Promise<void>;
}

export interface Hearing {
  /** Messages that another node has written to the log. */
  take(messages: readonly Told[]): void;
  /** A message that was too large to come along. */
  expect(project: string, channel: string, offset: number): void;
  /** From here on messages come again: what was said meanwhile was not heard. */
  back(): void;
}

/**
 * The fast path between nodes. What is in the log is told to the nodes that have readers of its project, by NATS, in
 * one sealed box for a project and batch: neither names of channels nor payloads nor types can be read on the bus.
 * Nothing depends on it: what does not arrive, or arrives twice or in another order, is put right by who listens.
 */
export function createBus(engine: Engine, { url, hearing }: { url: string | undefined; hearing: Hearing }) {
  const { log, vault } = engine;
  const servers = url ? natsServers(url) : null;
  const wanted = new Map<string, Wanted>(); // projects with readers here
  let line: NatsConnection | null = null;
  let up = false;
  let stopped = false;
  let retry: NodeJS.Timeout | null = null;
  let connecting: Promise<void> = Promise.resolve();
  let arrived: { project: string; data: Uint8Array }[] = [];
  let arrivedBytes = 0;
  let opening = false;
  let dropped = 0;
  let complained = false;
  let sending: Promise<void> = Promise.resolve();

  async function lay(): Promise<void> {
    try {
      const made = await connect({
        ...servers,
        ...{ name: 'srok', noEcho: true, timeout: connectMs, pingInterval: pingMs, maxPingOut: 2 },
        ...{ maxReconnectAttempts: -1, reconnectTimeWait: retryMs, reconnectJitter: 100, ignoreAuthErrorAbort: true },
      });
      if (stopped) return void (await made.close());
      line = made;
      void watch(made);
      for (const [project, one] of wanted) subscribe(project, one);
      await made.flush();
      arrive();
    } catch (error) {
      if (stopped) return;
      if (!complained) log.warn({ error: wordsOf(error) }, 'NATS does not answer; the nodes go on without it.');
      complained = true;
      again();
    }
  }

  function again(): void {
    if (stopped) return;
    retry = setTimeout(() => {
      connecting = lay();
    }, retryMs);
    retry.unref();
  }

  function arrive(): void {
    up = true;
    complained = false;
    log.info({}, 'NATS carries messages between the nodes.');
    hearing.back();
  }

  async function watch(made: NatsConnection): Promise<void> {
    for await (const status of made.status()) {
      if (line !== made) return;
      if (status.type === 'disconnect' || status.type === 'staleConnection') {
        if (up) log.warn({}, 'NATS is away; the nodes go on without it.');
        up = false;
      } else if (status.type === 'reconnect') arrive();
    }
    if (line !== made) return;
    // Closed for good by the library: begin anew.
    line = null;
    up = false;
    for (const one of wanted.values()) one.subscription = null;
    again();
  }

  function subscribe(project: string, one: Wanted): void {
    if (!line || line.isClosed()) return;
    one.subscription = line.subscribe(`${subjectPrefix}.${project}`, {
      callback: (error, message: Msg) => {
        if (!error) hear(project, message.data);
      },
    });
  }

  async function begin(project: string, one: Wanted): Promise<void> {
    subscribe(project, one);
    // A server that is away must not keep readers waiting: what they miss is in the log.
    if (up && line) await Promise.race([line.flush().catch(() => {}), line.closed(), late(connectMs)]);
  }

  function hear(project: string, data: Uint8Array): void {
    if (arrivedBytes > waitingBytes) {
      dropped++;
      return;
    }
    arrived.push({ project, data });
    arrivedBytes += data.length;
    if (!opening) void openAll();
  }

  async function openAll(): Promise<void> {
    opening = true;
    while (arrived.length > 0) {
      const all = arrived;
      arrived = [];
      for (const { project, data } of all) {
        arrivedBytes -= data.length;
        try {
          const box = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
          const { messages, large } = decode(project, await vault.open(box, aadOf(project)));
          hearing.take(messages);
          for (const { channel, offset } of large) hearing.expect(project, channel, offset);
        } catch (error) {
          // Not ours, damaged, or of a day whose keys are gone: the log has what is true.
          dropped++;
          log.warn({ project, error: wordsOf(error) }, 'A message between nodes could not be opened.');
        }
      }
    }
    opening = false;
  }

  async function publish(project: string, messages: readonly Told[]): Promise<void> {
    const day = (messages[0] as Told).processedOn.toString();
    const seal = await vault.sealer(`payload/${day}/${project}`);
    const most = (line?.info?.max_payload ?? usualPayload) - spareBytes;
    for (const part of partsOf(messages, most)) {
      if (!up || !line) return;
      line.publish(`${subjectPrefix}.${project}`, seal(encode(part, most), aadOf(project)));
    }
  }

  return {
    state: (): BusState => (url ? (up ? 'up' : 'down') : 'off'),
    dropped: (): number => dropped,
    /**
     * Tells the other nodes of messages that are in the log. @returns false when they must be told in another way
     */
    tell(messages: readonly Told[]): boolean {
      if (!up) return false;
      const groups = Map.groupBy(messages, ({ project, processedOn }) => `${project} ${processedOn}`);
      for (const group of groups.values()) {
        const { project } = group[0] as Told;
        sending = sending
          .then(() => publish(project, group))
          .catch((error) => log.warn({ project, error: wordsOf(error) }, 'The other nodes could not be told.'));
      }
      return true;
    },
    /** From when this resolves nothing of the project is missed, as long as NATS is there. */
    listen(project: string): Promise<void> {
      if (!url) return Promise.resolve();
      const known = wanted.get(project);
      if (known) return known.begun;
      const one: Wanted = { subscription: null, begun: Promise.resolve() };
      wanted.set(project, one);
      one.begun = begin(project, one);
      return one.begun;
    },
    /** Nobody here reads of other projects than these any more. */
    keepOnly(projects: readonly string[]): void {
      const kept = new Set(projects);
      for (const [project, { subscription }] of wanted) {
        if (kept.has(project)) continue;
        subscription?.unsubscribe();
        wanted.delete(project);
      }
    },
    start(): void {
      if (url) connecting = lay();
    },
    async stop(): Promise<void> {
      stopped = true;
      if (retry) clearTimeout(retry);
      await sending;
      await connecting;
      const closing = line;
      line = null;
      if (closing && up) await Promise.race([closing.flush().catch(() => {}), late(connectMs)]);
      up = false;
      await closing?.close().catch(() => {});
    },
  };
}

export type Bus = ReturnType<typeof createBus>;

/**
 * Servers and credentials of NATS_URL: `nats://user:password@host:port` or `nats://token@host`, `tls://…` for TLS,
 * several with commas. What is wrong with it is said without repeating it.
 * @throws Refusal `nats.bad-url`
 */
export function natsServers(url: string): {
  servers: string[];
  user?: string;
  pass?: string;
  token?: string;
  tls?: object;
} {
  const all = url.split(',').map((one) => {
    const text = one.trim();
    const parsed = URL.parse(text.includes('://') ? text : `nats://${text}`);
    if (!parsed?.host || !['nats:', 'tls:'].includes(parsed.protocol)) throw badUrl();
    return parsed;
  });
  const known = all.find(({ username }) => username !== '');
  const user = known ? decodeURIComponent(known.username) : '';
  const pass = known ? decodeURIComponent(known.password) : '';
  return {
    servers: all.map(({ host }) => host),
    ...(user && pass ? { user, pass } : {}),
    ...(user && !pass ? { token: user } : {}),
    ...(all.some(({ protocol }) => protocol === 'tls:') ? { tls: {} } : {}),
  };
}

function badUrl(): Refusal {
  return new Refusal('nats.bad-url', 'invalid', {
    message: 'NATS_URL is not nats://host:port (or tls://host:port), or several of them with commas.',
  });
}

interface Head {
  c: string; // channel
  o: number; // offset
  i: string; // id
  a: number; // milliseconds since 1970
  t: string | null; // type
  e?: string; // the socket that is left out
  b: number; // bytes; -1: too large to come along
}

/** Cuts messages into parts that fit. One that is too large by itself comes without its bytes. */
function partsOf(messages: readonly Told[], most: number): Told[][] {
  const parts: Told[][] = [];
  let part: Told[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = sizeOf(message);
    const own = size > most ? headBytes : size;
    if (part.length > 0 && bytes + own > most) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(message);
    bytes += own;
  }
  parts.push(part);
  return parts;
}

// A name of a channel has at most 200 characters, of up to four bytes each.
function sizeOf({ payload, channel, type }: Told): number {
  return payload.length + headBytes + 4 * channel.length + (type?.length ?? 0);
}

function encode(messages: readonly Told[], most: number): Buffer {
  const heads: Head[] = [];
  const payloads: Buffer[] = [];
  for (const message of messages) {
    const large = sizeOf(message) > most;
    heads.push({
      ...{ c: message.channel, o: message.offset, i: message.id, a: message.receivedAt.epochMilliseconds },
      ...{ t: message.type, ...(message.except === undefined ? {} : { e: message.except }) },
      b: large ? -1 : message.payload.length,
    });
    if (!large) payloads.push(message.payload);
  }
  const head = Buffer.from(JSON.stringify({ day: messages[0]?.processedOn.toString(), heads }));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, ...payloads]);
}

function decode(project: string, plain: Buffer): { messages: Told[]; large: { channel: string; offset: number }[] } {
  const end = 4 + plain.readUInt32BE(0);
  const { day, heads } = JSON.parse(plain.toString('utf8', 4, end)) as { day: string; heads: Head[] };
  const processedOn = Temporal.PlainDate.from(day);
  const messages: Told[] = [];
  const large: { channel: string; offset: number }[] = [];
  let at = end;
  for (const { c: channel, o: offset, i: id, a, t: type, e: except, b: bytes } of heads) {
    if (bytes < 0) large.push({ channel, offset });
    else {
      messages.push({
        ...{ project, channel, offset, id, type, processedOn, payload: plain.subarray(at, at + bytes) },
        ...{ receivedAt: Temporal.Instant.fromEpochMilliseconds(a), ...(except === undefined ? {} : { except }) },
      });
      at += bytes;
    }
  }
  return { messages, large };
}

function aadOf(project: string): string {
  return `relay.bus|${project}`;
}

function late(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms).unref());
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
