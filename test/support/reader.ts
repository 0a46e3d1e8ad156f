import WebSocket from 'ws';

export interface Got {
  offset: number;
  id: string;
  data: string;
}

/**
 * A program that reads a channel for as long as it lives: it comes back by itself, wherever a node answers, and goes on
 * after the last offset that it has seen.
 */
export interface Reader {
  got: Got[];
  /** What it was told that it should not have been: other offsets than the next, and what was lost. */
  wrong: string[];
  /** How each connection ended. */
  ends: { code: number; reason: string }[];
  /** From here on it reads at another node, when its connection ends. */
  moveTo(url: string): void;
  stop(): void;
}

const pauseMs = 50;

/** @param url of the service; reads from the first message on */
export function startReader(url: string, token: string, channel: string): Reader {
  const reader: Reader & { last: number } = {
    ...{ got: [], wrong: [], ends: [], last: 0 },
    moveTo(other) {
      where = other;
    },
    stop() {
      stopped = true;
      socket?.terminate();
    },
  };
  let where = url;
  let stopped = false;
  let socket: WebSocket | null = null;

  function connect(): void {
    if (stopped) return;
    const opened = new WebSocket(`${where.replace('http', 'ws')}/relay/v1/connect`, ['srok.v1'], {
      headers: { authorization: `Bearer ${token}` },
    });
    socket = opened;
    opened.on('open', () => opened.send(JSON.stringify({ subscribe: channel, after: reader.last })));
    opened.on('message', (data) => {
      const frame = JSON.parse(data.toString());
      if (frame.lost || frame.error) reader.wrong.push(JSON.stringify(frame));
      if (!frame.id) return;
      if (frame.offset !== reader.last + 1) reader.wrong.push(`${frame.offset} after ${reader.last}`);
      reader.last = frame.offset;
      reader.got.push({ offset: frame.offset, id: frame.id, data: frame.data });
    });
    opened.on('error', () => {});
    opened.on('close', (code, reason) => {
      reader.ends.push({ code, reason: reason.toString() });
      setTimeout(connect, pauseMs);
    });
  }

  connect();
  return reader;
}
