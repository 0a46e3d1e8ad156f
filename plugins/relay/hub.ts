import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type Engine, Refusal, sectionOf } from '../../core/index.ts';
import { messageOf, offsetAhead } from './channel.ts';
import { createDeliveries } from './deliveries.ts';
import type { Figures } from './figures.ts';
import type { Voice } from './frames.ts';
import type { Pass } from './gate.ts';
import { recoveryWindow, type Told } from './log.ts';
import { createMissed, cut, type Page, type Stretch, stretchOf } from './missed.ts';
import { channelEnds, type StoredRow } from './store.ts';
import { createShared, createTurns } from './turns.ts';

/** How many bytes may wait for one slow reader before it is let go. */
const queueBytes = 4 * 1024 * 1024;
/** Frames that are written as one: more would be too much at once for a reader that is only a little behind. */
const joinedBytes = 256 * 1024;
const copiedBytes = 64 * 1024;
/** What replays hand to their readers at once, about, and the rest after it: what is live has the machine meanwhile. */
const replayedBytes = 1024 * 1024;
const replayMs = 3;
/** Readers that look into the log at the same time: publishing needs the database too. */
const readersAtOnce = 8;
const retryMs = 500;
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
  /** Offsets not meant for this reader. */
  skip: Set<number>;
}

/** One WebSocket with its subscriptions and what waits to be written to it. */
export interface Connection {
  id: string;
  project: string;
  /** Who was let in. Replaced when the project, its settings or its plan change. */
  pass: Pass;
  codec: Voice;
  /** By which publishers may leave it out; the native protocol has no such name. */
  mark?: string;
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
  const { db, law, clock, log } = engine;
  const { minutes } = sectionOf(law.operator, 'recovery');
  const turn = createTurns(readersAtOnce);
  const endsOf = createShared<Awaited<ReturnType<typeof channelEnds>>>(turn);
  const missed = createMissed(engine, turn);
  const deliveries = createDeliveries(engine);
  const draining = new WeakMap<Duplex, Promise<void>>();
  const channels = new Map<string, Set<Subscription>>();
  const projects = new Map<string, Set<Connection>>();
  const occupied = new Map<string, Set<string>>(); // names of channels that somebody reads, by project
  let replayed: { bytes: number; over: Promise<void> | null } = { bytes: 0, over: null }; // since the last rest
  let dirty: Connection[] = []; // with frames to be written at the end of this turn

  function send(connection: Connection, frame: Buffer): boolean {
    if (connection.closed) return false;
    // A message may be longer in JSON than the whole queue: who keeps up gets it all the same, or it would bar the way.
    const weight = Math.min(frame.length, queueBytes / 2);
    if (connection.pendingBytes + connection.socket.writableLength + weight > queueBytes) {
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
      if (dirty.length === 0) setImmediate(flushAll);
      dirty.push(connection);
    }
    return true;
  }

  function flushAll(): void {
    const all = dirty;
    dirty = [];
    for (const connection of all) flush(connection);
  }

  function flush(connection: Connection): void {
    connection.scheduled = false;
    const { pending, pendingBytes, socket } = connection;
    connection.pending = [];
    connection.pendingBytes = 0;
    if (connection.closed || pending.length === 0 || !socket.writable) return;
    if (pending.length === 1) {
      socket.write(pending[0] as Buffer);
      return;
    }
    // Many small ones are put together sooner than they are listed to the system.
    if (pendingBytes <= copiedBytes) {
      socket.write(Buffer.concat(pending, pendingBytes));
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

  const reads = (reader: Subscription): boolean =>
    !reader.connection.closed && reader.connection.subscriptions.get(reader.channel) === reader;

  /** Reads from the log what a reader has not been given of what is known to be there. */
  async function replay(reader: Subscription): Promise<void> {
    reader.replaying = true;
    const { connection, channel } = reader;
    try {
      while (reads(reader) && reader.last < reader.seen) {
        const { project } = connection;
        const page = await missed.page({ project, channel, after: reader.last, upTo: reader.seen });
        await give(reader, page);
      }
      // Nothing newer was told meanwhile: from here on frames come directly.
      reader.replaying = false;
    } catch (error) {
      log.warn({ project: connection.project, error: String(error) }, 'A replay was interrupted.');
      if (error instanceof Refusal) {
        close(connection, closeCodes.restart, `resume after ${channel}=${reader.last}`);
        return;
      }
      // The database is away: the reader keeps its place, and looks again when it may be back.
      setTimeout(() => {
        if (reads(reader)) void replay(reader);
      }, retryMs).unref();
    }
  }

  /** Waits until there is room: many who come back must not hold up what is live. */
  async function inTurn(bytes: number): Promise<void> {
    while (replayed.bytes >= replayedBytes) await replayed.over;
    replayed.bytes += bytes;
    replayed.over ??= new Promise((done) => {
      setTimeout(() => {
        replayed = { bytes: 0, over: null };
        done();
      }, replayMs);
    });
  }

  /** Hands a page to a reader at its pace, and says what is missing in it. */
  async function give(reader: Subscription, { stretches, to }: Page): Promise<void> {
    for (const stretch of stretches) {
      if (!reads(reader)) return;
      await inTurn(stretch.frames(reader.connection.codec).length);
      if (!reads(reader)) return;
      if (stretch.run.first !== reader.last + 1) sendLost(reader, stretch.run.first);
      leaveOut(reader, stretch.excepts);
      const given = hand(reader, stretch);
      count(stretch, given ? 1 : 0, given ? 0 : 1);
      if (!given) return;
      await drained(reader.connection);
    }
    if (reads(reader) && to > reader.last) sendLost(reader, to + 1);
  }

  function count({ run, offsets }: Stretch, delivered: number, failed: number): void {
    figures?.delivered(delivered * offsets.length, failed * offsets.length);
    deliveries.add(run, delivered, failed);
  }

  /** Writes a stretch to a reader that is just before it. @returns whether it was taken */
  function hand(reader: Subscription, stretch: Stretch): boolean {
    const { connection, skip } = reader;
    const { codec } = connection;
    if (skip.size === 0) {
      if (!send(connection, stretch.frames(codec))) return false;
    } else {
      for (const [index, offset] of stretch.offsets.entries()) {
        if (!skip.delete(offset) && !send(connection, stretch.frame(codec, index))) return false;
        reader.last = offset;
      }
    }
    reader.last = stretch.run.last;
    return true;
  }

  /** Looks how far a channel is: a commit may have happened unseen. */
  async function look(project: string, channel: string): Promise<void> {
    const key = keyOf(project, channel);
    if (!channels.has(key)) return;
    try {
      const { newest } = await turn(() => channelEnds(db, { project, channel }));
      for (const reader of channels.get(key) ?? []) {
        if (reader.last >= newest) continue;
        reader.seen = Math.max(reader.seen, newest);
        if (!reader.replaying) void replay(reader);
      }
    } catch {
      setTimeout(() => void look(project, channel), retryMs).unref();
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

  /** What lies between the last that a reader got and this one cannot be had any more. */
  function sendLost(reader: Subscription, before: number): void {
    const { connection, channel } = reader;
    send(connection, connection.codec.lost(channel, reader.last, before, 'recovery-window'));
    reader.last = before - 1;
  }

  /** Messages of one channel that follow on each other, for all who read it. */
  function deliverRun(readers: Iterable<Subscription>, messages: readonly Told[]): void {
    const [first, last] = [messages[0] as Told, messages.at(-1) as Told];
    const stretch = stretchOf(
      messages.map(({ receivedAt: at, ...message }) => ({ ...message, at })),
      first,
    );
    let delivered = 0;
    let failed = 0;
    for (const reader of readers) {
      leaveOut(reader, stretch.excepts);
      if (reader.replaying) reader.seen = Math.max(reader.seen, last.offset);
      else if (reader.last >= last.offset) continue;
      else if (reader.last === first.offset - 1) {
        if (hand(reader, stretch)) delivered++;
        else failed++;
      } else {
        reader.seen = last.offset;
        void replay(reader);
      }
    }
    if (delivered + failed > 0) count(stretch, delivered, failed);
  }

  function leaveOut(reader: Subscription, excepts: Stretch['excepts']): void {
    const { mark } = reader.connection;
    if (mark === undefined) return;
    for (const { except, offset } of excepts) if (except === mark && offset > reader.last) reader.skip.add(offset);
  }

  return {
    /** Frames for everyone who listens. Called in the order of the log, after the commit. */
    deliver(messages: readonly Told[]): void {
      const byChannel = new Map<string, Told[]>();
      for (const message of messages) {
        const key = keyOf(message.project, message.channel);
        const others = byChannel.get(key);
        if (others) others.push(message);
        else if (channels.has(key)) byChannel.set(key, [message]);
      }
      for (const [key, told] of byChannel) {
        const readers = channels.get(key) ?? [];
        for (const run of cut(told, { most: joinedBytes, weigh: ({ payload }) => payload.length }))
          deliverRun(readers, run);
      }
    },
    /** Readers of these channels look into the log for themselves: a commit may have happened unseen. */
    lookAgain(doubted: readonly { project: string; channel: string }[]): void {
      const each = new Map(doubted.map((one) => [keyOf(one.project, one.channel), one]));
      for (const { project, channel } of each.values()) void look(project, channel);
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
        // After a restart many come back to the same place at once.
        ends = await endsOf(`${key} ${after}`, () =>
          channelEnds(db, {
            ...{ project: connection.project, channel },
            ...(after === undefined ? {} : { after, ...recoveryWindow(clock, minutes, law.zone) }),
          }),
        );
        if (after !== undefined && after > ends.newest) {
          throw offsetAhead(ends.newest);
        }
      } catch (error) {
        if (connection.subscriptions.get(channel) === subscription) leave(connection, channel);
        throw error;
      }
      // Unsubscribed in the meantime: it never began.
      if (connection.closed || connection.subscriptions.get(channel) !== subscription) return;
      send(connection, connection.codec.subscribed(channel, ends.newest));
      subscription.last = after ?? ends.newest;
      subscription.seen = Math.max(subscription.seen, ends.newest);
      // What has left the window is passed over at once, however much it is.
      const first = ends.oldest ?? ends.newest + 1;
      if (subscription.last < Math.min(first, ends.newest + 1) - 1) sendLost(subscription, first);
      await replay(subscription);
    },
    unsubscribe: leave,
    send,
    close,
    opened: async (row: StoredRow) => messageOf(await missed.shownOf(row)),
    connections: (project: string): Connection[] => [...(projects.get(project) ?? [])],
    /** How many connections of a project are open on this node. */
    open: (project: string): number => projects.get(project)?.size ?? 0,
    projects: (): string[] => [...projects.keys()],
    /** Channels of a project that somebody on this node reads. */
    occupied: (project: string): Iterable<string> => occupied.get(project) ?? [],
    /** How many on this node read a channel. */
    readers: (project: string, channel: string): number => channels.get(keyOf(project, channel))?.size ?? 0,
    /** Writes the counts of deliveries that are still in memory. */
    flushDeliveries: deliveries.write,
    closeAll,
    /** Tells all readers what they have not asked; their connections go on. @param error as `errorOf` makes it */
    tellReaders(error: Record<string, unknown>): void {
      for (const connections of projects.values()) {
        for (const connection of connections) {
          if (connection.subscriptions.size > 0) send(connection, connection.codec.error(error));
        }
      }
    },
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
      await deliveries.write();
    },
  };
}

export type Hub = ReturnType<typeof createHub>;

function keyOf(project: string, channel: string): string {
  return `${project} ${channel}`;
}
