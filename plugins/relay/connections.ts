import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { addressOf, type Engine, type Locale, newId, Refusal } from '../../core/index.ts';
import { errorOf } from './answers.ts';
import type { ClientFrame, Codec, Voice } from './frames.ts';
import { mayDo, type Pass } from './gate.ts';
import { type Connection, closeCodes, type Hub } from './hub.ts';
import type { Accepted } from './log.ts';
import { type Publisher, type Sender, senderOf } from './publisher.ts';
import { languageOf } from './words.ts';

/** Frames of one connection that may be under way; beyond that it is not read until some are answered. */
const framesInFlight = 1024;
const bytesInFlight = 4 * 1024 * 1024;
/** Pings and pongs of a peer within one beat of the heart. */
const controlsPerBeat = 300;
const helloBytes = 4096;
const strangersAtOnce = 1000;
const strangersFromOne = 100;

/** What may differ in tests: how long silence is suffered. */
export interface Patience {
  heartbeatMs: number;
  /** For the first frame of a connection that has shown nothing yet. */
  helloMs: number;
}

export interface Admission<Speaks extends Voice = Codec> {
  pass: Pass;
  codec: Speaks;
  request: IncomingMessage;
  socket: Duplex;
}

/** A WebSocket message as it came. */
export interface Came {
  connection: Connection;
  from: Sender;
  data: Buffer;
  isBinary: boolean;
}

/** Obeys what came and tells the peer what was wrong with it; rejects only when nothing can be told any more. */
type Take = (came: Came) => Promise<void>;

/** The same without a promise: `over` is called, with what rejects it, once the frame is under way no longer. */
type TakeDirectly = (came: Came, over: (error?: unknown) => void) => void;

/** Open WebSockets: their frames, their hearts, and what they may burden us with. */
export function createConnections(
  engine: Engine,
  { hub, publisher, patience }: { hub: Hub; publisher: Publisher; patience: Patience },
) {
  const strangers = new Map<WebSocket, string>(); // connections that have shown nothing yet, with their addresses

  /** Ends a connection whose peer says nothing, or only babbles. */
  function watch(ws: WebSocket, tooMuch: () => void): void {
    let alive = true;
    let controls = 0;
    const beat = setInterval(() => {
      // What we do not read ourselves, we cannot miss.
      if (ws.isPaused) return;
      if (!alive) return ws.terminate();
      [alive, controls] = [false, 0];
      ws.ping();
    }, patience.heartbeatMs).unref();
    const control = (): boolean => {
      if (++controls <= controlsPerBeat) return true;
      tooMuch();
      return false;
    };
    ws.on('pong', () => {
      alive = true;
      control();
    });
    ws.on('ping', (data) => {
      if (control()) ws.pong(data);
    });
    ws.on('close', () => clearInterval(beat));
  }

  async function obey(connection: Connection, frame: Exclude<ClientFrame, { does: 'publish' }>) {
    const { pass } = connection;
    switch (frame.does) {
      case 'subscribe':
        mayDo(pass, 'subscribe', frame.channel);
        return hub.subscribe(connection, frame.channel, frame.after);
      case 'unsubscribe':
        return hub.unsubscribe(connection, frame.channel);
      case 'ticket':
        throw new Refusal('ticket.late', 'conflict', { message: 'This connection has been let in already.' });
    }
  }

  /** A connection that has been let in, and what becomes of its frames. */
  function open(ws: WebSocket, admission: Admission<Voice>, take: Take): Connection {
    return openDirectly(ws, admission, (came, over) => {
      take(came).then(() => over(), over);
    });
  }

  function openDirectly(
    ws: WebSocket,
    { pass, codec, request, socket }: Admission<Voice>,
    take: TakeDirectly,
  ): Connection {
    const connection: Connection = {
      id: newId('con', engine.clock.now()),
      ...{ project: pass.project.id, pass, codec, ws, socket },
      ...{ subscriptions: new Map(), pending: [], pendingBytes: 0, scheduled: false, closed: false },
      ...{ busy: 0, leaving: null },
    };
    const from = senderOf(engine, request, { door: 'ws', connection: connection.id });
    let bytes = 0;
    hub.join(connection);
    watch(ws, () => hub.close(connection, closeCodes.flood, 'too many pings'));
    ws.on('close', () => hub.leave(connection));
    // The protocol was broken: the code that says how is on its way, and nothing else is.
    ws.on('error', () => hub.leave(connection));
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      connection.busy++;
      bytes += data.length;
      if (connection.busy >= framesInFlight || bytes >= bytesInFlight) ws.pause();
      const { length } = data;
      take({ connection, from, data, isBinary }, (error) => {
        // An answer that cannot be written ends one connection, never the process.
        if (error) ws.terminate();
        connection.busy--;
        bytes -= length;
        if (connection.leaving) {
          if (connection.busy === 0) connection.leaving();
        } else if (ws.isPaused && connection.busy < framesInFlight / 2 && bytes < bytesInFlight / 2) ws.resume();
      });
    });
    return connection;
  }

  function accept(ws: WebSocket, admission: Admission): Connection {
    const voice = { codec: admission.codec, language: languageOf(admission.request.headers) };
    return openDirectly(ws, admission, (came, over) => take(voice, came, over));
  }

  function take(
    { codec, language }: Heard,
    { connection, from, data, isBinary }: Came,
    over: (error?: unknown) => void,
  ): void {
    if (connection.closed) {
      over();
      return;
    }
    const read = codec.read(data, isBinary);
    const { ref } = read;
    const tell = (frame: () => Buffer): void => {
      try {
        hub.send(connection, frame());
        over();
      } catch (error) {
        over(error);
      }
    };
    const refuse = (error: unknown): void => {
      if (!(error instanceof Refusal)) engine.log.error({ error: String(error) }, 'A frame could not be obeyed.');
      tell(() => codec.error(errorOf(error, language), ref));
    };
    if ('refusal' in read) refuse(read.refusal);
    else if (read.frame.does === 'publish') {
      const done = ({ id, offset }: Accepted): void => {
        if (ref === undefined) over();
        else tell(() => codec.ack(ref, id, offset));
      };
      publisher.put(connection.pass, from, read.frame, { done, fail: refuse });
    } else obey(connection, read.frame).then(() => over(), refuse);
  }

  /**
   * A connection that came with nothing may say its ticket in its first frame, soon; until then it may burden us with
   * next to nothing.
   */
  function greet(ws: WebSocket, arrival: Omit<Admission, 'pass'>, admit: Admit): void {
    const { codec, request, socket } = arrival;
    const address = addressOf(request, engine.config.behindProxy);
    const early: [Buffer, boolean][] = [];
    let bytes = 0;
    let ref: unknown;
    strangers.set(ws, address);
    const timer = setTimeout(() => refuse(noTicket()), patience.helloMs);
    const weigh = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > helloBytes) ws.terminate();
    };
    const keep = (data: Buffer, isBinary: boolean): void => void early.push([data, isBinary]);
    const goOn = (): void => {
      clearTimeout(timer);
      socket.off('data', weigh);
      ws.off('message', keep).off('close', goOn);
      strangers.delete(ws);
    };
    const refuse = (error: unknown): void => {
      goOn();
      if (ws.readyState !== ws.OPEN) return;
      socket.write(codec.error(errorOf(error, languageOf(request.headers)), ref));
      ws.close(closeCodeOf(error), error instanceof Refusal ? error.code : 'log.unavailable');
    };
    const hear = async (data: Buffer, isBinary: boolean): Promise<void> => {
      // From here on it is we who take the time.
      clearTimeout(timer);
      socket.off('data', weigh);
      ws.on('message', keep);
      ws.pause();
      const read = codec.read(data, isBinary);
      ref = read.ref;
      if ('refusal' in read) throw read.refusal;
      if (read.frame.does !== 'ticket') throw noTicket();
      await admit(read.frame.ticket, (pass) => {
        goOn();
        if (ws.readyState !== ws.OPEN) return;
        accept(ws, { ...arrival, pass });
        for (const [later, binary] of early) ws.emit('message', later, binary);
        ws.resume();
      });
    };
    socket.on('data', weigh);
    ws.on('close', goOn).on('error', () => {});
    ws.once('message', (data: Buffer, isBinary: boolean) => {
      hear(data, isBinary).catch((error) => {
        ws.resume();
        refuse(error);
      });
    });
  }

  return {
    open,
    accept,
    greet,
    /** May one more come with nothing? @throws Refusal `connect.no-credentials` */
    mayGreet(request: IncomingMessage): void {
      const address = addressOf(request, engine.config.behindProxy);
      const near = [...strangers.values()].filter((other) => other === address).length;
      if (strangers.size < strangersAtOnce && near < strangersFromOne) return;
      throw new Refusal('connect.no-credentials', 'unauthenticated', {
        retryAfter: Math.ceil(patience.helloMs / 1000),
        message: 'Too many connections wait with neither token nor ticket; send it with the upgrade.',
      });
    },
    /** Those that were let in are closed by the hub. */
    stop(): void {
      for (const ws of strangers.keys()) ws.close(closeCodes.restart, 'the service restarts');
    },
  };
}

/** How a connection is spoken to. */
interface Heard {
  codec: Codec;
  language: Locale | null;
}

/** Lets a ticket in: `enter` is called in the same turn in which its seat is taken. */
type Admit = (ticket: string, enter: (pass: Pass) => void) => Promise<void>;

function noTicket(): Refusal {
  return new Refusal('ticket.missing', 'unauthenticated', {
    message: 'A connection that comes with neither token nor ticket says its ticket in its first frame.',
  });
}

/** Why a connection is not let in, as a code that says whether to come again. */
function closeCodeOf(error: unknown): number {
  if (!(error instanceof Refusal) || error.kind === 'unavailable') return closeCodes.tryLater;
  if (error.kind === 'forbidden') return closeCodes.notAllowed;
  return error.kind === 'limit' ? closeCodes.overLimit : closeCodes.tokenDead;
}

export type Connections = ReturnType<typeof createConnections>;
