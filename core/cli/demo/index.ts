import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { movableClock, Temporal } from '../../base/index.ts';
import { advanceTo } from '../advance.ts';
import type { CreateApp } from '../app.ts';
import { destruction } from './chapters/destruction.ts';
import { documents } from './chapters/documents.ts';
import { journal } from './chapters/journal.ts';
import { inactivity, monthlySignIns } from './chapters/lifecycle.ts';
import { beginnings } from './chapters/people.ts';
import { lastMessage, messages } from './chapters/relay.ts';
import { deletions, letters as letterScenes } from './chapters/requests.ts';
import { lettersOf, ownPayloads, payloadsOf } from './input.ts';
import { createReport } from './report.ts';
import { moscow, type Scene, sha256, type World } from './world.ts';

const titles: Record<number, string> = {
  1: 'Право и документы оператора',
  2: 'Пользователи, проекты, оплата',
  3: 'Сообщения',
  4: 'Новая редакция оферты',
  5: 'Лимиты',
  6: 'Доступ к журналам сообщений',
  7: 'Что хранится об отправителе письма',
  8: 'Удаление учётной записи',
  9: 'Двенадцать месяцев без активности',
  10: 'Уничтожение по срокам',
  11: 'Журнал',
};

export interface DemoOptions {
  createApp: CreateApp;
  home: string;
  payloads?: string;
  canary?: string;
  requests?: string;
  quiet?: boolean;
}

/**
 * Plays the main job through the API and the queues that serve users, on a moved clock.
 * @returns whether every check held, and where the report lies
 */
export async function runDemo(options: DemoOptions): Promise<{ ok: boolean; report: string; failures: unknown[] }> {
  const payloads = options.payloads ? payloadsOf(options.payloads) : ownPayloads();
  const ours = await lettersOf(new URL('letters/', import.meta.url));
  const received = options.requests ? await lettersOf(options.requests) : ours;
  const canary = options.canary ?? `канарейка-${randomBytes(12).toString('hex')}`;

  const scenes: Scene[] = [
    ...beginnings,
    ...messages,
    ...documents,
    ...letterScenes(received),
    ...deletions,
    ...monthlySignIns(),
    ...inactivity,
    ...destruction,
    ...lastMessage,
    ...journal,
  ].sort((a, b) => Temporal.Instant.compare(moscow(a.at), moscow(b.at)));

  mkdirSync(options.home, { recursive: true });
  writeFileSync(join(options.home, 'demo.json'), `${JSON.stringify({ made: 'srok demo' })}\n`);
  const first = scenes[0] as Scene;
  const clock = movableClock(moscow(first.at));
  const report = createReport(titles, scenes.length, { quiet: options.quiet ?? false });
  const app = await options.createApp({
    home: options.home,
    operator: 'qsockets',
    clock,
    cron: false,
    port: 0,
    mode: 'service',
  });
  const world: World = {
    ...{ app, clock, report, home: options.home, canary, payloads },
    letters: received,
    ours,
    users: new Map(),
    staff: new Map(),
    kept: {},
    secrets: [],
    jobs: {},
  };
  const path = join(options.home, 'report.json');
  const run: { stops: number; jobs: string[] } = { stops: 0, jobs: [] };
  let last = '';
  try {
    for (const [index, scene] of scenes.entries()) {
      const moved = await advanceTo({ clock, jobs: app.engine.jobs }, moscow(scene.at));
      run.stops += moved.stops;
      run.jobs.push(...moved.jobs);
      const label = `${scene.at.slice(0, 10)}  ${scene.chapter}. ${scene.title}`;
      report.progress(index, scene.title === last ? last : label);
      last = scene.title;
      try {
        await scene.play(world);
        await app.engine.jobs.idle();
      } catch (error) {
        report.check(scene.chapter, `«${scene.title}» (${scene.at}) plays to its end`, false, wordsOf(error));
      }
    }
    report.progress(scenes.length, 'готово');
    await book(world, run.jobs);
  } finally {
    await app.close();
  }
  const ok = report.finish(path, {
    from: (scenes[0] as Scene).at,
    to: (scenes.at(-1) as Scene).at,
    canarySha256: sha256(Buffer.from(canary)),
    stops: run.stops,
    jobs: world.jobs,
    read: {
      project: world.kept.annaProject,
      token: world.kept.annaToken,
      channel: 'events',
      after: Number(world.kept.lastOffset ?? 1) - 1,
      how: 'curl -H "Authorization: Bearer TOKEN" http://127.0.0.1:3000/relay/v1/channels/events/messages?after=AFTER',
    },
    signIn: {
      staff: [...world.staff].map(([role, { email, password }]) => ({ role, email, password })),
      users: ['anna', 'dina', 'grigory']
        .map((key) => world.users.get(key))
        .map((found) => found && { email: found.email, password: found.password }),
    },
  });
  return { ok, report: path, failures: report.failures() };
}

/** Every job that ran, by name, as the queue itself remembers them. */
async function book(world: World, woken: readonly string[]): Promise<void> {
  const { rows } = await world.app.engine.db.raw('select id, name, state from pgboss.job order by created_on');
  const jobs = rows as { id: string; name: string; state: string }[];
  for (const { id, name } of jobs) {
    world.jobs[name] ??= [];
    world.jobs[name].push(id);
  }
  const failed = jobs.filter(({ state }) => state !== 'completed');
  world.report.check(11, 'every job ended well', failed.length === 0, failed);
  world.report.check(
    11,
    'every sweep that was woken is a job of the queue',
    woken.every((id) => jobs.some((job) => job.id === id)),
  );
}

/** What went wrong and where, in two lines. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error.stack ?? error.message)
    .split('\n')
    .slice(0, 3)
    .map((line) => line.trim())
    .join(' | ');
}
