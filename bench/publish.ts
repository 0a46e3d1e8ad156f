import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { buffer } from 'node:stream/consumers';
import pg from 'pg';
import { addEdition } from '../core/cli/demo/chapters/people.ts';
import { register, type World } from '../core/cli/demo/world.ts';
import { createApp } from '../main.ts';

/*
 * HTTP publishing, side by side in one run: the relay (sealed, in the log before the answer), a server that writes one
 * INSERT per message on one connection with the same durability, and a bare server that writes nothing down.
 *
 *   node bench/publish.ts            64 in flight, 256 bytes, 3 rounds of 4 seconds
 */

const inFlight = 64;
const payload = Buffer.alloc(256, 'x');
const rounds = 3;
const roundMs = 4_000;

interface Target {
  name: string;
  url: string;
  headers: Record<string, string>;
}

/** Closed loop: so many callers, each sending its next message when the last one was answered. */
async function load(target: Target): Promise<{ perSecond: number; p50: number; p99: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const took: number[] = [];
  const until = performance.now() + roundMs;
  const one = (): Promise<void> =>
    new Promise((done, fail) => {
      const started = performance.now();
      const call = request(target.url, {
        method: 'POST',
        agent,
        headers: { ...target.headers, 'content-length': payload.length },
      });
      call.once('error', fail);
      call.once('response', async (response) => {
        await buffer(response);
        if (response.statusCode !== 202) return fail(new Error(`${target.name} answered ${response.statusCode}`));
        took.push(performance.now() - started);
        done();
      });
      call.end(payload);
    });
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < until) await one();
    }),
  );
  agent.destroy();
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.floor((took.length - 1) * share)] ?? 0;
  return { perSecond: took.length / (roundMs / 1000), p50: at(0.5), p99: at(0.99) };
}

function serve(answer: (body: Buffer) => Promise<unknown>): Promise<{ url: string; close(): void }> {
  const server = createServer(async (incoming, response) => {
    await answer(await buffer(incoming));
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"id":"x"}');
  });
  return new Promise((done) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      done({ url: `http://127.0.0.1:${port}/`, close: () => server.close() });
    }),
  );
}

const home = mkdtempSync(join(tmpdir(), 'srok-bench-'));
const app = await createApp({ home, operator: 'qsockets', cron: false, port: 0 });
const client = new pg.Pool({ connectionString: app.databaseUrl, max: 1 });
try {
  const world = { app, clock: app.engine.clock, users: new Map() } as unknown as World;
  await addEdition(world, 'offer-2026-04-30.md', 'offer', '2026-04-30', '2026-04-30');
  await addEdition(world, 'policy-2026-04-30.md', 'policy', '2026-04-30', '2026-04-30');
  const user = await register(world, 'bench', { name: 'Нагрузочный Тест', email: 'bench@users.example.org' });
  const { body } = await user.browser.send('POST', '/api/v1/projects', { name: 'bench', plan: 'business' });
  await app.engine.db.transaction((trx) =>
    app.engine.report(trx, {
      name: 'payment.succeeded',
      about: body.project.id,
      at: app.engine.clock.now(),
      subject: user.subject,
      fields: { months: 1, kopecks: 0 },
    }),
  );
  const token = (await user.browser.send('POST', `/api/v1/projects/${body.project.id}/tokens`, { name: 'bench' })).body
    .token;

  await client.query(
    'create table public.plain_log (id bigint generated always as identity, at timestamptz, body bytea)',
  );
  const plain = await serve((bytes) =>
    client.query('insert into public.plain_log (at, body) values ($1, $2)', [new Date(), bytes]),
  );
  const bare = await serve(async () => {});
  const type = { 'content-type': 'application/octet-stream' };
  const targets: Target[] = [
    {
      name: 'srok relay',
      url: `${app.url}/relay/v1/channels/bench/messages`,
      headers: { ...type, authorization: `Bearer ${token}` },
    },
    { name: 'INSERT per message', url: plain.url, headers: type },
    { name: 'no log at all', url: bare.url, headers: type },
  ];
  const results = new Map(targets.map(({ name }) => [name, [] as Awaited<ReturnType<typeof load>>[]]));
  for (let round = 0; round < rounds + 1; round++) {
    for (const target of targets) {
      const result = await load(target);
      if (round > 0) results.get(target.name)?.push(result); // the first round warms up
    }
  }
  plain.close();
  bare.close();
  const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const relay = median((results.get('srok relay') ?? []).map(({ perSecond }) => perSecond));
  console.log(
    `${cpus().length} cores, ${inFlight} in flight, ${payload.length} bytes, medians of ${rounds} interleaved rounds of ${roundMs} ms`,
  );
  for (const [name, all] of results) {
    const perSecond = median(all.map((one) => one.perSecond));
    const p50 = median(all.map((one) => one.p50));
    const p99 = median(all.map((one) => one.p99));
    console.log(
      `${name.padEnd(20)} ${perSecond.toFixed(0).padStart(7)}/s  p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms  relay is × ${(relay / perSecond).toFixed(2)}`,
    );
  }
} finally {
  await client.end();
  await app.close();
  rmSync(home, { recursive: true, force: true });
}
