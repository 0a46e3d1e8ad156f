import { answerLength, clientFrame, openSocket, openWire, whole } from './wire.ts';

/*
 * How each of the compared servers is spoken to. What is published carries a mark of its own, so that whoever receives
 * it can tell which message it is, whatever is around it.
 */

/** Where a server is and how it lets us in. */
export interface Target {
  name: string;
  dialect: 'srok' | 'srok-bin' | 'ws' | 'socket.io' | 'nchan' | 'nats' | 'http';
  port: number;
  token?: string;
}

/** A connection that publishes. `acked` is called for each message of ours that the server has taken, in order. */
export interface Publisher {
  send(channel: string, payload: Buffer): void;
  end(): void;
}

export interface Subscriber {
  /** Messages so far. */
  count(): number;
  end(): void;
}

export interface Dialect {
  /** Whether the server says that it has taken a message; otherwise its delivery to a watcher stands for that. */
  acknowledges: boolean;
  publisher(target: Target, acked: () => void): Promise<Publisher>;
  /** `give` gets each message; without it they are counted. */
  subscriber(target: Target, channel: string, give?: (bytes: Buffer) => void): Promise<Subscriber>;
}

const bearer = ({ token }: Target): Record<string, string> => (token ? { authorization: `Bearer ${token}` } : {});

const ackMark = Buffer.from('"ack"');

const srok: Dialect = {
  acknowledges: true,
  async publisher(target, acked) {
    let ref = 0;
    const wire = await openWire(target.port, '/relay/v1/connect', {
      ...{ protocol: 'srok.v1', headers: bearer(target) },
      give(frame) {
        if (!frame.includes(ackMark)) throw new Error(`Not accepted: ${frame.toString('utf8', 0, 300)}`);
        acked();
      },
    });
    return {
      send(channel, payload) {
        const text = `{"publish":"${channel}","data":"${payload.toString('latin1')}","ref":${++ref}}`;
        wire.send(clientFrame(Buffer.from(text, 'latin1')));
      },
      end: wire.end,
    };
  },
  async subscriber(target, channel, give) {
    let subscribed = (): void => {};
    const ready = new Promise<void>((done) => {
      subscribed = done;
    });
    let first = true;
    const wire = await openWire(target.port, '/relay/v1/connect', {
      ...{ protocol: 'srok.v1', headers: bearer(target) },
      give: give
        ? (frame) => {
            if (first) {
              first = false;
              subscribed();
            } else give(frame);
          }
        : undefined,
    });
    wire.send(clientFrame(Buffer.from(JSON.stringify({ subscribe: channel }))));
    if (give) await ready;
    else while (wire.count === 0) await pause();
    const before = give ? 0 : 1;
    return { count: () => wire.count - before, end: wire.end };
  },
};

const srokBin: Dialect = {
  acknowledges: true,
  async publisher(target, acked) {
    let ref = 0;
    const wire = await openWire(target.port, '/relay/v1/connect', {
      ...{ protocol: 'srok.v1.bin', headers: bearer(target) },
      give(frame) {
        if (frame[0] !== 0x83) throw new Error(`Not accepted: ${frame.toString('latin1', 0, 300)}`);
        acked();
      },
    });
    return {
      send(channel, payload) {
        const head = Buffer.alloc(8 + channel.length);
        head[0] = 0x03;
        head[1] = 1;
        head.writeUInt32BE(++ref, 2);
        head.writeUInt16BE(channel.length, 6);
        head.write(channel, 8, 'latin1');
        wire.send(clientFrame(Buffer.concat([head, payload]), 2));
      },
      end: wire.end,
    };
  },
  async subscriber(target, channel, give) {
    let subscribed = (): void => {};
    const ready = new Promise<void>((done) => {
      subscribed = done;
    });
    let first = true;
    const wire = await openWire(target.port, '/relay/v1/connect', {
      ...{ protocol: 'srok.v1.bin', headers: bearer(target) },
      give: give
        ? (frame) => {
            if (first) {
              first = false;
              subscribed();
            } else give(frame);
          }
        : undefined,
    });
    const order = Buffer.alloc(8 + channel.length);
    order[0] = 0x01;
    order.writeUInt16BE(channel.length, 6);
    order.write(channel, 8, 'latin1');
    wire.send(clientFrame(order, 2));
    if (give) await ready;
    else while (wire.count === 0) await pause();
    const before = give ? 0 : 1;
    return { count: () => wire.count - before, end: wire.end };
  },
};

/** The bare broadcaster: channel by path; it answers each message with one byte. */
const ws: Dialect = {
  acknowledges: true,
  publisher: (target, acked) => byPath(target, acked),
  async subscriber(target, channel, give) {
    const wire = await openWire(target.port, `/sub/${channel}`, { give });
    return { count: () => wire.count, end: wire.end };
  },
};

/** Engine.IO 4 and Socket.IO 5 over one WebSocket. */
const socketIo: Dialect = {
  acknowledges: true,
  async publisher(target, acked) {
    const wire = await joinIo(target, (packet) => {
      if (packet.startsWith('43')) acked();
    });
    let ref = 0;
    return {
      send: (channel, payload) =>
        wire.send(
          clientFrame(Buffer.from(`42${ref++}["publish","${channel}","${payload.toString('latin1')}"]`, 'latin1')),
        ),
      end: wire.end,
    };
  },
  async subscriber(target, channel, give) {
    let count = 0;
    let ready = (): void => {};
    const joined = new Promise<void>((done) => {
      ready = done;
    });
    const wire = await joinIo(target, (packet, bytes) => {
      if (packet.startsWith('430')) ready();
      else if (packet.startsWith('42')) {
        count++;
        give?.(bytes);
      }
    });
    wire.send(clientFrame(Buffer.from(`420["subscribe","${channel}"]`)));
    await joined;
    return { count: () => count, end: wire.end };
  },
};

async function joinIo(target: Target, hear: (start: string, bytes: Buffer) => void) {
  let ready = (): void => {};
  const connected = new Promise<void>((done) => {
    ready = done;
  });
  const wire = await openWire(target.port, '/socket.io/?EIO=4&transport=websocket', {
    give(bytes, wire) {
      const start = bytes.toString('latin1', 0, 3);
      if (start.startsWith('0')) wire.send(clientFrame(Buffer.from('40')));
      else if (start.startsWith('2')) wire.send(clientFrame(Buffer.from('3')));
      else if (start.startsWith('40')) ready();
      else hear(start, bytes);
    },
  });
  await connected;
  return wire;
}

const nchan: Dialect = {
  acknowledges: false,
  publisher: (target) => byPath(target, () => {}),
  async subscriber(target, channel, give) {
    const wire = await openWire(target.port, `/sub/${channel}`, { give });
    return { count: () => wire.count, end: wire.end };
  },
};

/** A connection for each channel, named by the path. */
async function byPath({ port }: Target, acked: () => void): Promise<Publisher> {
  const wires = new Map<string, ReturnType<typeof openWire>>();
  return {
    send(channel, payload) {
      const frame = clientFrame(payload);
      let wire = wires.get(channel);
      if (!wire) {
        wire = openWire(port, `/pub/${channel}`, { give: acked });
        wires.set(channel, wire);
      }
      void wire.then((open) => open.send(frame));
    },
    end() {
      for (const wire of wires.values()) void wire.then((open) => open.end());
    },
  };
}

/** NATS over its own protocol; a PONG behind each message says that the server has read it. */
const nats: Dialect = {
  acknowledges: true,
  async publisher(target, acked) {
    const socket = await joinNats(target, (line) => {
      if (line.startsWith('PONG')) acked();
    });
    const ping = Buffer.from('\r\nPING\r\n');
    return {
      send: (channel, payload) =>
        void socket.write(Buffer.concat([Buffer.from(`PUB ${channel} ${payload.length}\r\n`), payload, ping])),
      end: () => void socket.destroy(),
    };
  },
  async subscriber(target, channel, give) {
    let count = 0;
    let ready = (): void => {};
    const joined = new Promise<void>((done) => {
      ready = done;
    });
    const socket = await joinNats(target, (line, bytes) => {
      if (line.startsWith('MSG')) {
        count++;
        give?.(bytes);
      } else if (line.startsWith('PONG')) ready();
    });
    socket.write(`SUB ${channel} 1\r\nPING\r\n`);
    await joined;
    return { count: () => count, end: () => void socket.destroy() };
  },
};

const lineEnd = Buffer.from('\r\n');

async function joinNats(target: Target, hear: (line: string, bytes: Buffer) => void) {
  const cut = (bytes: Buffer): number => {
    const end = bytes.indexOf(lineEnd);
    if (end < 0) return 0;
    if (bytes[0] !== 0x4d) return end + 2; // all but MSG is one line
    const line = bytes.toString('latin1', 0, end);
    const length = end + 2 + Number(line.slice(line.lastIndexOf(' ') + 1)) + 2;
    return bytes.length >= length ? length : 0;
  };
  const socket = await openSocket(
    target.port,
    whole(cut, (bytes) => {
      const line = bytes.toString('latin1', 0, 4);
      if (line === 'PING') socket.write('PONG\r\n');
      else hear(line, bytes);
    }),
  );
  socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n');
  return socket;
}

const http: Dialect = {
  acknowledges: true,
  publisher: httpPublisher,
  subscriber: ws.subscriber,
};

/** One message under way on each connection, as with any client of HTTP/1.1. */
export async function httpPublisher(target: Target, acked: () => void): Promise<Publisher> {
  const socket = await openSocket(
    target.port,
    whole(answerLength, (answer) => {
      const status = answer.toString('latin1', 9, 12);
      if (!status.startsWith('20')) throw new Error(`${target.name} answered ${answer.toString('utf8', 0, 500)}`);
      acked();
    }),
  );
  const path = (channel: string): string =>
    target.token ? `/relay/v1/channels/${channel}/messages` : `/pub/${channel}`;
  const heads = new Map<string, Buffer>();
  return {
    send(channel, payload) {
      let head = heads.get(channel);
      if (!head) {
        const lines = [
          `POST ${path(channel)} HTTP/1.1`,
          `Host: 127.0.0.1:${target.port}`,
          ...(target.token ? [`Authorization: Bearer ${target.token}`] : []),
          'Content-Type: application/octet-stream',
          `Content-Length: ${payload.length}`,
        ];
        head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
        heads.set(channel, head);
      }
      socket.write(Buffer.concat([head, payload]));
    },
    end: () => void socket.destroy(),
  };
}

export const dialects: Record<Target['dialect'], Dialect> = {
  srok,
  'srok-bin': srokBin,
  ws,
  'socket.io': socketIo,
  nchan,
  nats,
  http,
};

export const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 1));
