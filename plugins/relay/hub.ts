import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type Engine, Refusal, sectionOf, type Temporal } from '../../core/index.ts';
import { messageOf, type Shown } from './channel.ts';
import type { Figures } from './figures.ts';
import type { Voice } from './frames.ts';
import type { Pass } from './gate.ts';
import { payloadAad, recoveryWindow, type Told } from './log.ts';
import { addDeliveries, channelEnds, type DeliveryCount, readAfter, type StoredRow } from './store.ts';
import { createTurns } from './turns.ts';

/** How many bytes may wait for one slow reader before it is let go. */
const queueBytes = 4 * 1024 * 1024;
const pageRows = 500;
const pageBytes = 1024 * 1024;
/** Readers that look into the log at the same time: publishing needs the database too. */
const readersAtOnce = 8;
const retryMs = 500;
const deliveriesMs = 1000;
const deliveriesKept = 100_000;
const subscriptionsPerConnection = 1000;
/** What a connection has asked may take no longer when the node stops. */
const letGoMs = 5000;
const restart = 'the node restarts; come back and resume from the last offset';

/** Close codes of ours and of RFC 6455; the reason says what to do. */
export const closeCodes = {
  restart: 1012,
  tryLater: 1013,
  flood: 1008,
  tokenDead: 4401,
  notAllowed: 4403,
  slow: 4408,
  overLimit: 4429,
} as const;

interface Subscription {
  connection: Connection;
  channel: string;
  last: number; // the newest offset written to it
  /** Reading from the log; frames that come meanwhile are found there. */
  replaying: boolean;
  seen: number; // the newest offset that came meanwhile
  /** Offsets not meant for this reader that came meanwhile: the log does not know whom a message leaves out. */
  skip: Set<number>;
}

/** One WebSocket with its subscriptions and what waits to be written to it. */
export interface Connection {
  id: string;
  project: string;
  /** Who was let in. Replaced when the project, its settings or its plan change. */
  pass: Pass;
  codec: Voice;
  /** How publishers may name it to leave it out; the native protocol has no such name. */
  socketId?: string;
  ws: WebSocket;
  socket: Duplex;
  subscriptions: Map<string, Subscription>;
  pending: Buffer[];
  pendingBytes: number;
  scheduled: boolean;
  closed: boolean;
  /** Frames of its client that are under way. */
  busy: number;
  /** It is read no further; once nothing of it is under way, this is called. */
  leaving: (() => void) | null;
}

/**
 * Who listens to what on this node. A message becomes one frame, whoever reads it; a socket is written to once a turn.
 * Live frames and those read from the log join without a gap: a reader whose next offset is missing goes back to the log.
 */
export function createHub(
  engine: Engine,
  {
    left = () => {},
    figures,
    listening = async () => {},
  }: {
    /** A connection of this project is gone. */
    left?(project: string): void;
    figures?: Pick<Figures, 'delivered' | 'slow'>;
    /** Somebody is about to read of this project: from here on nothing of it may be missed. */
    listening?(project: string): Promise<void>;
  } = {},
) {
  const { db, law, clock, vault, log } = engine;
  const { minutes } = sectionOf(law.operator, 'recovery');
  const turn = createTurns(readersAtOnce);
  const draining = new WeakMap<Duplex, Promise<void>>();
  const channels = new Map<string, Set<Subscription>>();
  const projects = new Map<string, Set<Connection>>();
  const occupied = new Map<string, Set<string>>(); // names of channels that somebody reads, by project
  let counts: DeliveryCount[] = [];
  let flushing: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();

  function send(connection: Connection, frame: Buffer): boolean {
    if (connection.closed) return false;
    if (connection.pendingBytes + connection.socket.writableLength + frame.length > queueBytes) {
      const offsets = [...connection.subscriptions.values()]
        .slice(0, 3)
        .map(({ channel, last }) => `${channel}=${last}`);
      close(connection, closeCodes.slow, `too slow; resume after ${offsets.join(' ')}`);
      return false;
    }
    connection.pending.push(frame);
    connection.pendingBytes += frame.length;
    if (!connection.scheduled) {
      connection.scheduled = true;
      setImmediate(flush, connection);
    }
    return true;
  }

  function flush(connection: Connection): void {
    connection.scheduled = false;
    const { pending, socket } = connection;
    connection.pending = [];
    connection.pendingBytes = 0;
    if (connection.closed || pending.length === 0 || !socket.writable) return;
    if (pending.length === 1) {
      socket.write(pending[0] as Buffer);
      return;
    }
    socket.cork();
    for (const frame of pending) socket.write(frame);
    socket.uncork();
  }

  function close(connection: Connection, code: number, reason: string): void {
    if (connection.closed) return;
    if (code === closeCodes.slow) figures?.slow();
    flush(connection);
    connection.closed = true;
    // A reason has at most 123 bytes (RFC 6455 s. 5.5).
    connection.ws.close(
      connection.codec.closeCode?.(code) ?? code,
      Buffer.from(reason)
        .subarray(0, 120)
        .toString('utf8')
        .replace(/\uFFFD+$/, ''),
    );
    const timer = setTimeout(() => connection.ws.terminate(), 2000);
    timer.unref();
    connection.ws.once('close', () => clearTimeout(timer));
    forget(connection);
  }

  function closeAll(code: number, reason: string): void {
    for (const connections of [...projects.values()]) {
      for (const connection of [...connections]) close(connection, code, reason);
    }
  }

  /** Reads no further; what is under way is answered, then the connection is closed. */
  async function letGo(connection: Connection, code: number, reason: string): Promise<void> {
    const { ws } = connection;
    ws.pause();
    if (connection.busy > 0) {
      await new Promise<void>((done) => {
        connection.leaving = done;
        setTimeout(done, letGoMs).unref();
      });
    } else connection.leaving = () => {};
    close(connection, code, reason);
    // So that its goodbye can be heard.
    ws.resume();
  }

  function forget(connection: Connection): void {
    connection.closed = true;
    for (const channel of connection.subscriptions.keys()) leave(connection, channel);
    const others = projects.get(connection.project);
    others?.delete(connection);
    if (others?.size === 0) projects.delete(connection.project);
    left(connection.project);
  }

  function leave(connection: Connection, channel: string): void {
    const subscription = connection.subscriptions.get(channel);
    if (!subscription) return;
    connection.subscriptions.delete(channel);
    const key = keyOf(connection.project, channel);
    const readers = channels.get(key);
    readers?.delete(subscription);
    if (readers?.size !== 0) return;
    channels.delete(key);
    const names = occupied.get(connection.project);
    names?.delete(channel);
    if (names?.size === 0) occupied.delete(connection.project);
  }

  async function replay(subscription: Subscription): Promise<void> {
    subscription.replaying = true;
    const { connection, channel } = subscription;
    try {
      for (;;) {
        const { rows, more } = await turn(() =>
          readAfter(db, {
            ...{ project: connection.project, channel, after: subscription.last, limit: pageRows, bytes: pageBytes },
            ...recoveryWindow(clock, minutes, law.zone),
          }),
        );
        for (const row of rows) {
          if (connection.closed || connection.subscriptions.get(channel) !== subscription) return;
          if (subscription.skip.delete(row.offset)) {
            subscription.last = row.offset;
            continue;
          }
          const frame = connection.codec.message(await shownOf(row));
          if (row.offset !== subscription.last + 1) sendLost(connection, channel, subscription.last, row.offset);
          if (!send(connection, frame)) return;
          subscription.last = row.offset;
          figures?.delivered(1, 0);
          note(row, 1, 0);
          await drained(connection);
        }
        // Nothing newer was told meanwhile: from here on frames come directly.
        if (!more && subscription.last >= subscription.seen) {
          subscription.replaying = false;
          return;
        }
        if (rows.length === 0) {
          // Told, yet no longer in the window: it is lost for this reader.
          sendLost(connection, channel, subscription.last, subscription.seen + 1);
          subscription.last = subscription.seen;
        }
      }
    } catch (error) {
      log.warn({ project: connection.project, error: String(error) }, 'A replay was interrupted.');
      if (error instanceof Refusal) {
        close(connection, closeCodes.restart, `resume after ${channel}=${subscription.last}`);
        return;
      }
      // The database is away: the reader keeps its place, and looks again when it may be back.
      setTimeout(() => {
        if (!connection.closed && connection.subscriptions.get(channel) === subscription) void replay(subscription);
      }, retryMs).unref();
    }
  }

  /** A replay goes at the pace of its reader, so that many missed messages do not count as slowness. */
  async function drained(connection: Connection): Promise<void> {
    const { socket } = connection;
    while (!connection.closed && connection.pendingBytes + socket.writableLength >= queueBytes / 4) {
      if (connection.pendingBytes > 0) await new Promise((flushed) => setImmediate(flushed));
      else await drain(socket);
    }
  }

  /** All replays of a connection wait for the same moment. */
  function drain(socket: Duplex): Promise<void> {
    const known = draining.get(socket);
    if (known) return known;
    const moment = new Promise<void>((done) => {
      const go = (): void => {
        socket.off('drain', go).off('close', go);
        draining.delete(socket);
        done();
      };
      socket.once('drain', go).once('close', go);
    });
    draining.set(socket, moment);
    return moment;
  }

  function sendLost(connection: Connection, channel: string, after: number, before: number): void {
    send(connection, connection.codec.lost(channel, after, before, 'recovery-window'));
  }

  async function shownOf(row: StoredRow): Promise<Shown> {
    const payload = await vault.open(row.box, payloadAad(row.processed_on.toString(), row.project_id, row.id));
    return {
      ...{ channel: row.channel, offset: row.offset, id: row.id, type: row.content_type, payload },
      at: row.at,
    };
  }

  function note(
    row: { processed_on: Temporal.PlainDate; project_id: string; channel: string; offset: number },
    delivered: number,
    failed: number,
  ): void {
    // Counts are a service to the user, not proof: when the log cannot take them, the oldest are given up.
    if (counts.length >= deliveriesKept) counts = counts.slice(deliveriesKept / 2);
    counts.push({
      ...{ processedOn: row.processed_on, project: row.project_id, channel: row.channel, offset: row.offset },
      ...{ at: clock.now(), delivered, failed },
    });
    if (flushing) return;
    flushing = setTimeout(writeDeliveries, deliveriesMs);
    flushing.unref();
  }

  function writeDeliveries(): Promise<void> {
    if (flushing) clearTimeout(flushing);
    flushing = null;
    writing = writing.then(async () => {
      const written = counts;
      counts = [];
      if (written.length === 0) return;
      try {
        await addDeliveries(db, written);
      } catch (error) {
        log.warn({ error: String(error), rows: written.length }, 'Counts of deliveries could not be written.');
      }
    });
    return writing;
  }

  return {
    /** Frames for everyone who listens. Called in the order of the log, after the commit. */
    deliver(messages: readonly Told[]): void {
      for (const message of messages) {
        const readers = channels.get(keyOf(message.project, message.channel));
        if (!readers) continue;
        const frames = new Map<Voice, Buffer>(); // one for all readers of a subprotocol
        let delivered = 0;
        let failed = 0;
        for (const reader of readers) {
          const leftOut = message.except !== undefined && message.except === reader.connection.socketId;
          if (leftOut && (reader.replaying || message.offset > reader.last + 1)) reader.skip.add(message.offset);
          if (reader.replaying) {
            reader.seen = Math.max(reader.seen, message.offset);
            continue;
          }
          if (message.offset <= reader.last) continue;
          if (message.offset !== reader.last + 1) {
            reader.seen = message.offset;
            void replay(reader);
            continue;
          }
          if (leftOut) {
            reader.last = message.offset;
            continue;
          }
          const { codec } = reader.connection;
          let frame = frames.get(codec);
          if (!frame) {
            frame = codec.message({
              ...{ channel: message.channel, offset: message.offset, id: message.id },
              ...{ at: message.receivedAt, type: message.type, payload: message.payload },
            });
            frames.set(codec, frame);
          }
          if (send(reader.connection, frame)) {
            reader.last = message.offset;
            delivered++;
          } else failed++;
        }
        if (delivered + failed > 0) {
          figures?.delivered(delivered, failed);
          note(
            {
              ...{ processed_on: message.processedOn, project_id: message.project },
              ...{ channel: message.channel, offset: message.offset },
            },
            delivered,
            failed,
          );
        }
      }
    },
    /** Readers of these channels look into the log for themselves: a commit may have happened unseen. */
    lookAgain(doubted: readonly { project: string; channel: string }[]): void {
      for (const key of new Set(doubted.map(({ project, channel }) => keyOf(project, channel)))) {
        for (const reader of channels.get(key) ?? []) if (!reader.replaying) void replay(reader);
      }
    },
    /** The offset that everyone who is not reading from the log has; null when there is nobody. */
    reached(project: string, channel: string): number | null {
      let least: number | null = null;
      for (const { replaying, last } of channels.get(keyOf(project, channel)) ?? []) {
        if (!replaying && (least === null || last < least)) least = last;
      }
      return least;
    },
    /** There is a message of this offset: whoever is reading from the log reads up to it. */
    mention(project: string, channel: string, offset: number): void {
      for (const reader of channels.get(keyOf(project, channel)) ?? []) {
        if (reader.replaying) reader.seen = Math.max(reader.seen, offset);
      }
    },
    join(connection: Connection): void {
      const others = projects.get(connection.project) ?? new Set();
      projects.set(connection.project, others.add(connection));
    },
    leave: forget,
    /**
     * Starts a subscription: first what was missed after `after`, then what comes.
     * @throws Refusal `subscription.twice` | `subscription.too-many` | `offset.ahead`
     */
    async subscribe(connection: Connection, channel: string, after: number | undefined): Promise<void> {
      if (connection.subscriptions.has(channel)) {
        throw new Refusal('subscription.twice', 'conflict', { message: 'This channel is subscribed already.' });
      }
      if (connection.subscriptions.size >= subscriptionsPerConnection) {
        throw new Refusal('subscription.too-many', 'limit', {
          message: `One connection has at most ${subscriptionsPerConnection} subscriptions.`,
        });
      }
      const subscription: Subscription = { connection, channel, last: 0, replaying: true, seen: 0, skip: new Set() };
      connection.subscriptions.set(channel, subscription);
      const key = keyOf(connection.project, channel);
      const readers = channels.get(key) ?? new Set();
      channels.set(key, readers.add(subscription));
      const names = occupied.get(connection.project) ?? new Set();
      occupied.set(connection.project, names.add(channel));
      let ends: Awaited<ReturnType<typeof channelEnds>>;
      try {
        await listening(connection.project);
        ends = await turn(() =>
          channelEnds(db, {
            ...{ project: connection.project, channel },
            ...recoveryWindow(clock, minutes, law.zone),
          }),
        );
        if (after !== undefined && after > ends.newest) {
          throw new Refusal('offset.ahead', 'invalid', {
            field: 'after',
            message: `The newest offset of this channel is ${ends.newest}.`,
          });
        }
      } catch (error) {
        if (connection.subscriptions.get(channel) === subscription) leave(connection, channel);
        throw error;
      }
      // Unsubscribed in the meantime: it never began.
      if (connection.closed || connection.subscriptions.get(channel) !== subscription) return;
      send(connection, connection.codec.subscribed(channel, ends.newest));
      subscription.last = after ?? ends.newest;
      if (after !== undefined && after < ends.newest) {
        const first = ends.oldest ?? ends.newest + 1;
        if (after < first - 1) {
          sendLost(connection, channel, after, first);
          subscription.last = first - 1;
        }
      }
      // Nothing was missed and nothing was told meanwhile: the log need not be looked into.
      if (subscription.last >= ends.newest && subscription.seen <= subscription.last) subscription.replaying = false;
      else await replay(subscription);
    },
    unsubscribe: leave,
    send,
    close,
    opened: async (row: StoredRow) => messageOf(await shownOf(row)),
    connections: (project: string): Connection[] => [...(projects.get(project) ?? [])],
    projects: (): string[] => [...projects.keys()],
    /** Channels of a project that somebody on this node reads. */
    occupied: (project: string): Iterable<string> => occupied.get(project) ?? [],
    /** How many on this node read a channel. */
    readers: (project: string, channel: string): number => channels.get(keyOf(project, channel))?.size ?? 0,
    /** Writes the counts of deliveries that are still in memory. */
    flushDeliveries: writeDeliveries,
    closeAll,
    /** Lets go of all connections: each is answered what it has asked, and told to come back elsewhere. */
    async letGoOfAll(): Promise<void> {
      const all = [...projects.values()].flatMap((connections) => [...connections]);
      await Promise.all(all.map((connection) => letGo(connection, closeCodes.restart, restart)));
    },
    /** Open connections of this node, and what they read. */
    size(): { connections: number; subscriptions: number } {
      let connections = 0;
      let subscriptions = 0;
      for (const some of projects.values()) connections += some.size;
      for (const some of channels.values()) subscriptions += some.size;
      return { connections, subscriptions };
    },
    async stop(): Promise<void> {
      closeAll(closeCodes.restart, restart);
      await writeDeliveries();
    },
  };
}

export type Hub = ReturnType<typeof createHub>;

function keyOf(project: string, channel: string): string {
  return `${project} ${channel}`;
}
