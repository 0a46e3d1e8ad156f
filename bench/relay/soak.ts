import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startPostgres } from '../../core/db/index.ts';
import { dialects, type Target } from './dialects.ts';
import { start } from './servers.ts';
import { clientFrame, openMute } from './wire.ts';

/*
 * Subscribers that never read, for a long time: each fills what the relay and the system keep for it, is let go, and is
 * followed by the next. What is watched is the memory of the process.
 *
 *   node bench/relay/soak.ts --minutes 10
 */

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    subscribers: { type: 'string', default: '50' },
    perSecond: { type: 'string', default: '400' },
  },
});
const minutes = Number(values.minutes);
const perSecond = Number(values.perSecond);
const bytes = 1024;
const lifeMs = 40_000;
const channel = 'soak';

const home = mkdtempSync(join(tmpdir(), 'srok-soak-'));
mkdirSync(join(home, 'database'));
const database = await startPostgres({ home: join(home, 'database') });
const server = await start('srok', { home, databaseUrl: database.url });
const [token] = server.tokens as [string];
const target: Target = { name: 'srok', dialect: 'srok', port: server.port, token };

const residentMiB = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pids[0]}/status`, 'utf8'))?.[1]) / 1024;

const subscribe = clientFrame(Buffer.from(JSON.stringify({ subscribe: channel })));
const open = (): { end(): void; since: number } => ({
  end: openMute(target, subscribe),
  since: performance.now() - Math.random() * (lifeMs / 2),
});

try {
  let acked = 0;
  const publisher = await dialects.srok.publisher(target, () => acked++);
  let heard = 0;
  const reader = await dialects.srok.subscriber(target, channel, () => heard++);
  const mute = Array.from({ length: Number(values.subscribers) }, open);
  const payload = Buffer.alloc(bytes, 'x');
  const began = performance.now();
  const samples: { minute: number; mib: number }[] = [];
  let sent = 0;
  let replaced = 0;
  while (performance.now() - began < minutes * 60_000) {
    const now = performance.now();
    for (const due = ((now - began) / 1000) * perSecond; sent < due && sent - acked < 2000; sent++) {
      publisher.send(channel, payload);
    }
    for (const [index, one] of mute.entries()) {
      if (now - one.since < lifeMs) continue;
      one.end();
      mute[index] = open();
      replaced++;
    }
    if (samples.length < (now - began) / 2000) samples.push({ minute: (now - began) / 60_000, mib: residentMiB() });
    await delay(10);
  }
  await delay(2000);
  const most = (from: number, to: number): string =>
    Math.max(...samples.filter(({ minute }) => minute >= from && minute < to).map(({ mib }) => mib)).toFixed(0);
  console.log(`${minutes} minutes, ${mute.length} subscribers that never read, ${replaced} of them replaced,`);
  console.log(`${acked} messages of ${bytes} bytes acknowledged, ${heard} came to the one that reads`);
  for (let minute = 0; minute < minutes; minute++) {
    console.log(`  minute ${minute + 1}: at most ${most(minute, minute + 1)} MiB resident`);
  }
  publisher.end();
  reader.end();
  for (const { end } of mute) end();
} finally {
  await server.stop();
  await database.stop();
  rmSync(home, { recursive: true, force: true });
}
process.exit();
