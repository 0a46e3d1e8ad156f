import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type MovableClock, movableClock, Temporal } from '../../core/base/index.ts';
import { type App, advanceTo } from '../../core/cli/index.ts';
import { loadLaw } from '../../core/law/index.ts';
import { createApp } from '../../main.ts';
import { cloneDatabase, roomForTests } from './database.ts';

const silent = { info() {}, warn() {}, error() {} };

export interface TestApp {
  app: App;
  clock: MovableClock;
  home: string;
  /** Moves time as the years would, waking every sweep on its way. Moscow wall time. */
  advance(to: string): Promise<void>;
  /** Stops the service and starts it again on the same home and database; `app` is the new one. */
  restart(): Promise<App>;
  close(): Promise<void>;
}

/** A whole installation on a clone of the template, with a clock that is moved. */
export async function startApp({
  at = '2026-05-05T10:00',
  operator = 'qsockets',
  policies,
}: {
  at?: string;
  operator?: string;
  /** Folder of the packs; the project's own unless told. */
  policies?: string;
} = {}): Promise<TestApp> {
  const root = policies ? pathToFileURL(`${policies}/`) : new URL('../../policies/', import.meta.url);
  const { plugins } = (await loadLaw({ root, operator })).operator;
  const { url, drop } = await cloneDatabase({ plugins });
  const home = mkdtempSync(join(roomForTests(), 'srok-app-'));
  const clock = movableClock(moscow(at));
  const start = () =>
    createApp({
      ...{ home, databaseUrl: url, operator, clock, cron: false, port: 0, mode: 'service', log: silent },
      ...(policies ? { policies } : {}),
    });
  let app = await start();
  return {
    get app() {
      return app;
    },
    clock,
    home,
    async advance(to) {
      await advanceTo({ clock, jobs: app.engine.jobs }, moscow(to));
    },
    async restart() {
      await app.close();
      app = await start();
      return app;
    },
    async close() {
      await app.close();
      await drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export function moscow(at: string): Temporal.Instant {
  return Temporal.PlainDateTime.from(at).toZonedDateTime('Europe/Moscow').toInstant();
}
