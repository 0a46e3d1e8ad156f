import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { dialects, httpPublisher, type Publisher, pause, type Target } from './dialects.ts';
import { answerLength, clientFrame, openSocket, openWire, whole } from './wire.ts';

/*
 * The load generator, a process of its own: takes one job as JSON, does it, and answers with JSON.
 */

export type Job = { target: Target } & (
  | {
      does: 'fan-out';
      channel: string;
      subscribers: number;
      publishers: number;
      window: number;
      bytes: number;
      door: 'http' | 'ws';
      ms: number;
    }
  | {
      does: 'publish';
      channel: string;
      publishers: number;
      window: number;
      bytes: number;
      door: 'http' | 'ws';
      ms: number;
    }
  | { does: 'batches'; channel: string; callers: number; lines: number; bytes: number; ms: number }
  | {
      does: 'paced';
      channels: number;
      subscribers: number;
      publishers: number;
      perSecond: number;
      bytes: number;
      ms: number;
    }
  | { does: 'idle'; connections: number; pid: number[] }
  | { does: 'resume'; channel: string; live: string; messages: number; subscribers: number; bytes: number }
);

const warmMs = 1000;
const comeAtOnce = 50; // subscribers that come
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

function quantiles(values: number[]): { p50: number; p99: number; max: number } {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** A message is its number and the time it was sent, then filling. */
const markStart = '@@';
const markBytes = 2 + 10 + 1 + 14;
function marked(number: number, bytes: number): Buffer {
  const payload = Buffer.alloc(bytes, 'x');
  const at = Math.round(performance.now() * 1000);
  payload.write(`${markStart}${String(number).padStart(10, '0')}:${String(at).padStart(14, '0')}`, 'latin1');
  return payload;
}
function markOf(message: Buffer): { number: number; ms: number } {
  const at = message.indexOf(markStart, 0, 'latin1');
  const mark = message.toString('latin1', at + 2, at + markBytes);
  return { number: Number(mark.slice(0, 10)), ms: performance.now() - Number(mark.slice(11)) / 1000 };
}

/** Keeps so many messages under way on each of some connections. @returns what was taken, and how long each took */
async function closedLoop(
  { target, door }: { target: Target; door: 'http' | 'ws' },
  { publishers, window, channel, bytes }: { publishers: number; window: number; channel: string; bytes: number },
) {
  const payload = Buffer.alloc(bytes, 'x');
  const state = { running: true, taken: 0, measuring: false, took: [] as number[] };
  const dialect = dialects[target.dialect];
  const all: { publisher: Publisher; fill(): void; acked(): void }[] = [];
  for (let each = 0; each < publishers; each++) {
    const sentAt: number[] = [];
    let first = 0;
    const acked = (): void => {
      state.taken++;
      if (state.measuring) state.took.push(performance.now() - (sentAt[first] as number));
      if (++first > 4096) {
        sentAt.splice(0, first);
        first = 0;
      }
      if (state.running) one();
    };
    const publisher = await (door === 'http' ? httpPublisher(target, acked) : dialect.publisher(target, acked));
    const one = (): void => {
      sentAt.push(performance.now());
      publisher.send(channel, payload);
    };
    const fill = (): void => {
      for (let sent = 0; sent < window; sent++) one();
    };
    all.push({ publisher, fill, acked });
  }
  return {
    state,
    start(): void {
      for (const { fill } of all) fill();
    },
    /** For servers that acknowledge nothing: what a watcher has seen, in turns. */
    seen(): void {
      const next = all.shift() as (typeof all)[number];
      all.push(next);
      next.acked();
    },
    end(): void {
      state.running = false;
      for (const { publisher } of all) publisher.end();
    },
  };
}

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function fanOut(job: Job & { does: 'fan-out' }) {
  const { target, channel, door } = job;
  const dialect = dialects[target.dialect];
  const loop = await closedLoop(job, job);
  const subscribers: Awaited<ReturnType<typeof dialect.subscriber>>[] = [];
  const silent = !dialect.acknowledges && door === 'ws';
  let watched = 0;
  for (let each = 0; each < job.subscribers; each++) {
    const watch = each === 0 && silent;
    subscribers.push(
      await dialect.subscriber(
        target,
        channel,
        watch
          ? () => {
              watched++;
              loop.seen();
            }
          : undefined,
      ),
    );
  }
  const delivered = (): number => sum(subscribers.map(({ count }) => count())) + watched;
  loop.start();
  await wait(warmMs);
  loop.state.measuring = true;
  const [before, taken, began] = [delivered(), loop.state.taken, performance.now()];
  await wait(job.ms);
  const seconds = (performance.now() - began) / 1000;
  const answer = {
    deliveries: (delivered() - before) / seconds,
    accepted: (loop.state.taken - taken) / seconds,
    ack: quantiles(loop.state.took),
  };
  loop.state.running = false;
  await wait(300);
  loop.end();
  for (const subscriber of subscribers) subscriber.end();
  return answer;
}

async function publish(job: Job & { does: 'publish' }) {
  const loop = await closedLoop(job, job);
  loop.start();
  await wait(warmMs);
  loop.state.measuring = true;
  const [taken, began] = [loop.state.taken, performance.now()];
  await wait(job.ms);
  const accepted = (loop.state.taken - taken) / ((performance.now() - began) / 1000);
  loop.state.running = false;
  await wait(200);
  loop.end();
  return { accepted, ack: quantiles(loop.state.took) };
}

async function batches(job: Job & { does: 'batches' }) {
  const { target, channel, lines, callers } = job;
  const line = `${JSON.stringify({ channel, data: 'x'.repeat(job.bytes) })}\n`;
  const body = Buffer.from(line.repeat(lines));
  const head = [
    'POST /relay/v1/batches HTTP/1.1',
    `Host: 127.0.0.1:${target.port}`,
    `Authorization: Bearer ${target.token}`,
    'Content-Type: application/x-ndjson',
    `Content-Length: ${body.length}`,
  ];
  const request = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
  let taken = 0;
  let running = true;
  const sockets = await Promise.all(
    Array.from({ length: callers }, async () => {
      const socket = await openSocket(
        target.port,
        whole(answerLength, (answer) => {
          const good = answer.toString('latin1', 9, 12) === '200' && !answer.includes('"error"');
          if (!good) throw new Error(answer.toString('utf8', 0, 500));
          taken += lines;
          if (running) socket.write(request);
        }),
      );
      return socket;
    }),
  );
  for (const socket of sockets) socket.write(request);
  await wait(warmMs);
  const [before, began] = [taken, performance.now()];
  await wait(job.ms);
  const accepted = (taken - before) / ((performance.now() - began) / 1000);
  running = false;
  await wait(300);
  for (const socket of sockets) socket.destroy();
  return { accepted };
}

/** A steady stream over many channels; every message is looked for at each of its subscribers. */
async function paced(job: Job & { does: 'paced' }) {
  const { target } = job;
  const dialect = dialects[target.dialect];
  const took: number[] = [];
  const wrong = { lost: 0, twice: 0, disordered: 0 };
  const sent = new Array<number>(job.channels).fill(0);
  const last: number[] = [];
  let measuring = false;
  const subscribers: Awaited<ReturnType<typeof dialect.subscriber>>[] = [];
  const subscribe = async (each: number): Promise<void> => {
    last[each] = 0;
    subscribers[each] = await dialect.subscriber(target, `c${each % job.channels}`, (message) => {
      const { number, ms } = markOf(message);
      const before = last[each] as number;
      if (number === before) wrong.twice++;
      else if (number < before) wrong.disordered++;
      else if (number > before + 1) wrong.lost += number - before - 1;
      last[each] = Math.max(before, number);
      if (measuring) took.push(ms);
    });
  };
  for (let first = 0; first < job.subscribers; first += comeAtOnce) {
    const some = Math.min(comeAtOnce, job.subscribers - first);
    await Promise.all(Array.from({ length: some }, (_, index) => subscribe(first + index)));
  }
  const acks: number[] = [];
  const publishers: Publisher[] = [];
  for (let each = 0; each < job.publishers; each++) {
    const pending: number[] = [];
    const acked = (): void => {
      const at = pending.shift();
      if (at !== undefined && measuring) acks.push(performance.now() - at);
    };
    const publisher = await dialect.publisher(target, acked);
    publishers.push({
      send(channel, payload) {
        pending.push(performance.now());
        publisher.send(channel, payload);
      },
      end: publisher.end,
    });
  }
  const began = performance.now();
  let published = 0;
  while (performance.now() - began < warmMs + job.ms) {
    measuring = performance.now() - began > warmMs;
    const due = Math.floor(((performance.now() - began) / 1000) * job.perSecond);
    for (; published < due; published++) {
      const channel = published % job.channels;
      const number = (sent[channel] as number) + 1;
      sent[channel] = number;
      // A channel always by the same publisher: its order is that of one sender.
      publishers[channel % job.publishers]?.send(`c${channel}`, marked(number, job.bytes));
    }
    await pause();
  }
  measuring = false;
  const behind = (): boolean => last.some((number, each) => number < (sent[each % job.channels] as number));
  for (let tries = 0; behind() && tries < 100; tries++) await wait(50);
  for (const [each, number] of last.entries()) wrong.lost += (sent[each % job.channels] as number) - number;
  for (const publisher of publishers) publisher.end();
  for (const subscriber of subscribers) subscriber.end();
  return { delivery: quantiles(took), deliveries: took.length, ack: quantiles(acks), ...wrong };
}

function residentKiB(pids: readonly number[]): number {
  return sum(pids.map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)));
}

async function idle(job: Job & { does: 'idle' }) {
  const { target } = job;
  const path = { srok: '/relay/v1/connect', 'socket.io': '/socket.io/?EIO=4&transport=websocket' } as Record<
    string,
    string
  >;
  const headers: Record<string, string> = target.token ? { authorization: `Bearer ${target.token}` } : {};
  const options = { headers, ...(target.dialect === 'srok' ? { protocol: 'srok.v1' } : {}) };
  const before = residentKiB(job.pid);
  const began = performance.now();
  const wires: { end(): void }[] = [];
  let open = 0;
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      while (open < job.connections) {
        open++;
        if (target.dialect === 'nats') {
          const socket = await openSocket(target.port, () => {});
          socket.write('CONNECT {"verbose":false}\r\nSUB idle 1\r\n');
          wires.push({ end: () => void socket.destroy() });
          continue;
        }
        const wire = await openWire(target.port, path[target.dialect] ?? '/sub/idle', options);
        if (target.dialect === 'socket.io') wire.send(clientFrame(Buffer.from('40')));
        wires.push(wire);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  await wait(3000);
  const kib = (residentKiB(job.pid) - before) / job.connections;
  for (const wire of wires) wire.end();
  return { seconds, kib };
}

/** Everyone comes back at once and asks for what it missed, while others go on publishing. */
async function resume(job: Job & { does: 'resume' }) {
  const { target, channel, live } = job;
  const dialect = dialects[target.dialect];
  let left = job.messages;
  let started = (): void => {};
  const filled = new Promise<void>((done) => {
    started = done;
  });
  let taken = 0;
  const filler = await dialect.publisher(target, () => {
    if (++taken === job.messages) started();
    if (left > 0) send();
  });
  const send = (): void => filler.send(channel, marked(job.messages - left-- + 1, job.bytes));
  for (let each = 0; each < 256 && left > 0; each++) send();
  await filled;
  filler.end();

  const took: number[] = [];
  let beside = true;
  let measuring = false;
  const watcher = await dialect.subscriber(target, live, (message) => {
    if (measuring) took.push(markOf(message).ms);
  });
  const publisher = await dialect.publisher(target, () => {});
  const publishing = (async () => {
    let number = 0;
    const began = performance.now();
    while (beside) {
      const due = Math.floor(((performance.now() - began) / 1000) * 200);
      for (; number < due; number++) publisher.send(live, marked(number + 1, job.bytes));
      await pause();
    }
  })();
  await wait(500);

  // One of them looks at every message; of the others they are counted, so that it is not our own reading that is slow.
  let wrong = 0;
  let next = 0;
  const looking = (frame: Buffer): void => {
    if (next++ > 0 && markOf(frame).number !== next - 1) wrong++;
  };
  const wires = await Promise.all(
    Array.from({ length: job.subscribers }, (_, index) =>
      openWire(target.port, '/relay/v1/connect', {
        ...{ protocol: 'srok.v1', headers: { authorization: `Bearer ${target.token}` } },
        give: index === 0 ? looking : undefined,
      }),
    ),
  );
  const all = job.messages + 1; // and the frame that says that it is subscribed
  const done = (): boolean => wires.every((wire, index) => (index === 0 ? next : wire.count) >= all);
  measuring = true;
  const began = performance.now();
  const order = clientFrame(Buffer.from(JSON.stringify({ subscribe: channel, after: 0 })));
  for (const wire of wires) wire.send(order);
  while (!done()) await pause();
  const seconds = (performance.now() - began) / 1000;
  await wait(50);
  measuring = false;
  beside = false;
  await publishing;
  for (const wire of wires) wire.end();
  watcher.end();
  publisher.end();
  return { seconds, wrong, live: quantiles(took) };
}

const job = JSON.parse(process.argv[2] as string) as Job;
const work = { 'fan-out': fanOut, publish, batches, paced, idle, resume } as unknown as Record<
  Job['does'],
  (job: Job) => Promise<object>
>;
console.log(JSON.stringify(await work[job.does](job)));
process.exit();
