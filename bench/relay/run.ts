import { spawn } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startPostgres } from '../../core/db/index.ts';
import type { Target } from './dialects.ts';
import type { Job } from './load.ts';
import { has, loadCore, missing, pinned, type Running, serverCore, start } from './servers.ts';

/*
 * The relay beside its peers, side by side in one run: for each scenario the servers take turns, round by round, the
 * server on one core, the load generator on the other; medians, and what the relay is against each of them.
 *
 *   node bench/relay/run.ts                            everything
 *   node bench/relay/run.ts A1 D --rounds 5 --seconds 4 --only srok,bare
 *   node bench/relay/run.ts H --rows 1,10,30           D again, with so many million rows already in the log
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string' },
    rows: { type: 'string', default: '0,1,10,30' },
  },
});
const rounds = Number(values.rounds);
const ms = Number(values.seconds) * 1000;
const only = values.only?.split(',');

type Does = Job extends infer One ? (One extends Job ? Omit<One, 'target'> : never) : never;
interface Contender {
  server: string;
  dialect: Target['dialect'];
  job: Does;
  label?: string;
}
interface Scenario {
  title: string;
  contenders: Contender[];
  /** The figure that is compared, and whether more of it is better. */
  figure: string;
  show: readonly string[];
}

const channel = 'bench';
const filledBytes = 300;
const fan = (door: 'http' | 'ws', subscribers = 100): Does => ({
  ...{ does: 'fan-out', channel, door, bytes: 1024, ms, subscribers },
  ...(door === 'ws' ? { publishers: 4, window: 16 } : { publishers: 8, window: 1 }),
});
const every = (job: Does): Contender[] => [
  { server: 'srok', dialect: 'srok', job },
  { server: 'bare', dialect: 'ws', job },
  { server: 'socket.io', dialect: 'socket.io', job },
  { server: 'nchan', dialect: 'nchan', job },
  { server: 'nats', dialect: 'nats', job },
];
const speaksHttp = (one: Contender): Contender =>
  // NATS has no HTTP: its own protocol stands in.
  one.server === 'nats' ? { ...one, job: { ...one.job, door: 'ws' } as Does } : one;

const publishHttp = (publishers: number): Does => ({
  ...{ does: 'publish', channel, door: 'http', window: 1, bytes: 256, ms, publishers },
});
const publishWs: Does = { does: 'publish', channel, door: 'ws', publishers: 8, window: 32, bytes: 256, ms };
const paced: Does = {
  ...{ does: 'paced', channels: 100, subscribers: 1000, publishers: 10, perSecond: 2000, bytes: 256, ms },
};
const idle: Does = { does: 'idle', connections: 10_000, pid: [] };

const scenarios: Record<string, Scenario> = {
  A1: {
    title: '1 channel, 100 subscribers, 1 KiB, 64 messages in flight by WebSocket',
    contenders: [...every(fan('ws')), { server: 'srok', dialect: 'srok-bin', label: 'srok.v1.bin', job: fan('ws') }],
    figure: 'deliveries',
    show: ['deliveries', 'ack.p50', 'ack.p99'],
  },
  A2: {
    title: '1 channel, 100 subscribers, 1 KiB, 8 closed-loop HTTP publishers',
    contenders: every(fan('http')).map(speaksHttp),
    figure: 'deliveries',
    show: ['deliveries', 'ack.p50', 'ack.p99'],
  },
  B: {
    title: '1000 connections, 100 channels, 2000 publishes/s, 256 B',
    contenders: every(paced),
    figure: 'delivery.p50',
    show: ['delivery.p50', 'delivery.p99', 'ack.p50', 'ack.p99', 'deliveries', 'lost', 'twice', 'disordered'],
  },
  C: {
    title: '10,000 idle connections',
    contenders: every(idle),
    figure: 'kib',
    show: ['kib', 'seconds'],
  },
  D: {
    title: 'HTTP publish only, 256 in flight, 256 B',
    contenders: [
      { server: 'srok', dialect: 'srok', job: publishHttp(256) },
      { server: 'bare', dialect: 'http', job: publishHttp(256) },
      { server: 'insert', dialect: 'http', job: publishHttp(256) },
    ],
    figure: 'accepted',
    show: ['accepted', 'ack.p50', 'ack.p99'],
  },
  E: {
    title: 'WebSocket publish only, 8 × 32 in flight, 256 B',
    contenders: [
      { server: 'srok', dialect: 'srok', job: publishWs },
      { server: 'srok', dialect: 'srok-bin', label: 'srok.v1.bin', job: publishWs },
      {
        ...{ server: 'srok', dialect: 'srok', label: 'batches of 100 by HTTP' },
        job: { does: 'batches', channel, callers: 8, lines: 100, bytes: 256, ms },
      },
      { server: 'bare', dialect: 'ws', job: publishWs },
    ],
    figure: 'accepted',
    show: ['accepted', 'ack.p50', 'ack.p99'],
  },
  F: {
    title: '100 subscribers resume 10,000 missed messages at once, 200 publishes/s beside it',
    contenders: [
      {
        ...{ server: 'srok', dialect: 'srok' },
        job: { does: 'resume', channel, live: 'live', messages: 10_000, subscribers: 100, bytes: 256 },
      },
    ],
    figure: 'seconds',
    show: ['seconds', 'live.p50', 'live.p99', 'wrong'],
  },
  G: {
    title: 'A1 with 10, 100 and 1000 subscribers',
    contenders: [10, 100, 1000].map((subscribers) => ({
      ...{ server: 'srok', dialect: 'srok' as const, label: `${subscribers} subscribers`, job: fan('ws', subscribers) },
    })),
    figure: 'deliveries',
    show: ['deliveries', 'ack.p50', 'ack.p99'],
  },
};

const tables = {
  payloads: {
    columns: 'processed_on, project_id, channel, "offset", id, at, box',
    rest: '$3::bytea',
    filler: Buffer.alloc(filledBytes),
  },
  messages: {
    columns:
      'processed_on, project_id, channel, "offset", id, received_at, stored_at, bytes, door, connection, personal',
    rest: `now(), 256, 'http', 'con_' || n % 50, $3::bytea`,
    filler: Buffer.alloc(filledBytes / 2),
  },
};

/**
 * Fills the log of the present day, and lets PostgreSQL settle. The rows are of other channels of the project that will
 * be measured, a thousand to a channel, so that its index grows. They come in the order of the index and are not waited
 * for on the disk: tens of millions take minutes so, and what is measured afterwards is waited for again.
 */
async function fill(databaseUrl: string, millions: number): Promise<string> {
  const clients = Object.entries(tables).map(([table, how]) => ({
    ...{ table, ...how },
    client: new pg.Client({ connectionString: databaseUrl }),
  }));
  for (const { client } of clients) await client.connect();
  const ask = async (sql: string) => (await (clients[0] as (typeof clients)[number]).client.query(sql)).rows[0];
  try {
    const { day, project, there } = await ask(
      `select processed_on as day, project_id as project, (select count(*) from relay.payloads) as there from relay.payloads limit 1`,
    );
    await Promise.all(
      clients.map(async ({ client, table, columns, rest, filler }) => {
        await client.query('set synchronous_commit = off');
        for (let first = Number(there), last = millions * 1e6; first < last; first += 500_000) {
          await client.query(
            `insert into relay.${table} (${columns})
             select $1::date, $2::text, 'old' || lpad((n / 1000)::text, 9, '0'), n % 1000 + 1,
                    'msg_' || lpad(n::text, 26, '0'), now(), ${rest}
               from generate_series($4::bigint, $5::bigint) n`,
            [day, project, filler, first, Math.min(first + 500_000, last) - 1],
          );
        }
        await client.query(`analyze relay.${table}`);
      }),
    );
    await ask('checkpoint');
    const { rows, size } = await ask(
      `select (select count(*) from relay.payloads) as rows, pg_size_pretty(pg_database_size(current_database())) as size`,
    );
    return `${(Number(rows) / 1e6).toFixed(1)} million messages in the log, ${size}`;
  } finally {
    for (const { client } of clients) await client.end();
  }
}

async function load(job: Job): Promise<Record<string, unknown>> {
  const script = fileURLToPath(new URL('load.ts', import.meta.url));
  const [command, args] = pinned(loadCore, process.execPath, [script, JSON.stringify(job)]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = String(await buffer(child.stdout));
  if (!output) throw new Error(`The load generator failed: ${JSON.stringify(job)}`);
  return JSON.parse(output);
}

function figureIn(result: Record<string, unknown>, path: string): number {
  return Number(path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], result));
}

const median = (numbers: number[]): number =>
  numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** What the disk itself takes to make 8 KiB durable, in milliseconds. */
function diskSync(folder: string): string {
  const file = openSync(join(folder, 'sync'), 'w');
  const block = Buffer.alloc(8192, 1);
  const took: number[] = [];
  for (let each = 0; each < 300; each++) {
    writeSync(file, block, 0, block.length, each * block.length);
    const began = performance.now();
    fdatasyncSync(file);
    took.push(performance.now() - began);
  }
  closeSync(file);
  took.sort((a, b) => a - b);
  return `fdatasync p50 ${took[150]?.toFixed(2)} ms, p99 ${took[296]?.toFixed(2)} ms`;
}

let projectsUsed = 0;

function targetOf({ server, dialect }: Contender, { port, tokens }: Running): Target {
  const token = tokens[projectsUsed++ % tokens.length];
  return { ...{ name: server, dialect, port }, ...(token ? { token } : {}) };
}

/** The first messages of the relay make the day and a project whose rows there will be more of. */
async function begin(contenders: readonly Contender[], servers: Map<string, Running>): Promise<void> {
  for (const contender of contenders) {
    const running = servers.get(contender.server);
    if (contender.server !== 'srok' || !running) continue;
    await load({ ...contender.job, ms: 100, target: targetOf(contender, running) } as Job);
  }
}

async function measure(scenario: Scenario, servers: Map<string, Running>): Promise<void> {
  const contenders = scenario.contenders.filter(({ server }) => servers.has(server));
  const results = new Map(contenders.map((one) => [one, [] as Record<string, unknown>[]]));
  // The first round of a closed loop is for the compilers of the servers, and is not counted.
  const first = 'ms' in (contenders[0]?.job ?? {}) ? -1 : 0;
  for (let round = first; round < rounds; round++) {
    for (const contender of contenders) {
      const running = servers.get(contender.server) as Running;
      const { pids } = running;
      const target = targetOf(contender, running);
      const job = contender.job.does === 'idle' ? { ...contender.job, pid: pids } : contender.job;
      const named = 'channel' in job && job.does === 'resume' ? { ...job, channel: `missed${round}` } : job;
      const result = await load({ ...named, target } as Job);
      if (round >= 0) results.get(contender)?.push(result);
    }
  }
  console.log(`\n${scenario.title}`);
  const own = contenders.find(({ server }) => server === 'srok');
  const figureOf = (one: Contender, path: string): number =>
    median((results.get(one) as Record<string, unknown>[]).map((result) => figureIn(result, path)));
  for (const one of contenders) {
    const shown = scenario.show.map((path) => {
      const value = figureOf(one, path);
      return `${path} ${value >= 1000 ? Math.round(value) : value.toFixed(2)}`;
    });
    const ratio = own ? figureOf(own, scenario.figure) / figureOf(one, scenario.figure) : Number.NaN;
    const single = (results.get(one) ?? []).map((result) => figureIn(result, scenario.figure));
    console.log(
      `  ${(one.label ?? one.server).padEnd(24)} ${shown.join('  ')}  the relay is × ${ratio.toFixed(2)}  ` +
        `(rounds: ${single.map((value) => (value >= 1000 ? Math.round(value) : value.toFixed(2))).join(', ')})`,
    );
  }
}

const asked = positionals.length > 0 ? positionals : [...Object.keys(scenarios), 'H'];
const home = mkdtempSync(join(tmpdir(), 'srok-bench-'));
mkdirSync(join(home, 'database'));
const database = await startPostgres({ home: join(home, 'database') });
const servers = new Map<string, Running>();
try {
  const wanted = new Set(
    asked.flatMap((name) => (scenarios[name] ?? scenarios.D)?.contenders.map(({ server }) => server) ?? []),
  );
  for (const server of wanted) {
    if (only && !only.includes(server)) continue;
    const lack = missing(server);
    if (lack) console.log(`Without ${server}: ${lack}.`);
    else servers.set(server, await start(server, { home, databaseUrl: database.url }));
  }
  console.log(
    `${cpus().length} cores, ${has('taskset') ? `server on core ${serverCore}, generator on core ${loadCore}, PostgreSQL on either` : 'nothing pinned: taskset is not installed'}; ` +
      `medians of ${rounds} interleaved rounds of ${ms / 1000} s; load before ${loadavg()[0]?.toFixed(1)}; ${diskSync(home)}`,
  );
  for (const name of asked) {
    if (name === 'H') {
      const { title, ...growing } = scenarios.D as Scenario;
      for (const millions of values.rows.split(',').map(Number)) {
        await begin(growing.contenders, servers);
        const what = millions === 0 ? 'as it is' : await fill(database.url, millions);
        await measure({ ...growing, title: `${title}; ${what}` }, servers);
      }
      continue;
    }
    const scenario = scenarios[name];
    if (!scenario) throw new Error(`There is no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}, H.`);
    await measure(scenario, servers);
  }
} finally {
  for (const running of servers.values()) await running.stop();
  await database.stop();
  rmSync(home, { recursive: true, force: true });
}
