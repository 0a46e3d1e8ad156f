import { existsSync, readdirSync } from 'node:fs';
import { Refusal, type Temporal } from '../base/index.ts';
import type { Db, MigrationFolder, Trx } from '../db/index.ts';
import type { RouteDefinition } from '../http/index.ts';
import type { Law } from '../law/index.ts';
import type { Report } from '../obligations/index.ts';
import type { Door, Engine, LostPaidTime, Plugin, PluginPages } from './types.ts';

export interface Host {
  plugins: readonly Plugin[];
  migrations(): MigrationFolder[];
  /** Wraps the core's own `report` so that plugins hear what happened, in the same transaction. */
  hearing(report: (trx: Trx, fact: Parameters<Report>[1]) => Promise<string>): Report;
  paidUntil(trx: Trx, subject: string): Promise<Temporal.PlainDate | null>;
  lostPaidTime(trx: Trx, subject: string, at: Temporal.Instant): Promise<LostPaidTime | null>;
  /** Registers stores, jobs and sources. Call once, before the jobs start. */
  join(engine: Engine): void;
  routes(): RouteDefinition[];
  pages(): PluginPages;
  doors(): Door[];
  ready(): Promise<string[]>;
  /** What does not keep the plugins from serving, and people should know. */
  notes(): string[];
  /** The figures of all plugins, in the text format of Prometheus. */
  metrics(): Promise<string>;
  /** Lets nobody new in, and after `ms` lets go of those that are served. */
  drain(ms: number): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Loads the plugins that an operator runs, and no other: each a sub-folder whose `index.ts` (or `index.js`) exports the
 * plugin by default. They stand in the order of their names, however the pack lists them.
 * @throws Refusal `plugin.malformed` naming the folder and what is wrong with it
 */
export async function loadPlugins(root: URL, names: readonly string[]): Promise<Plugin[]> {
  return Promise.all(
    [...names].sort().map(async (name) => {
      if (!existsSync(new URL(`${name}/`, root))) throw malformed(name, 'there is no such folder');
      const entry = ['index.ts', 'index.js']
        .map((file) => new URL(`${name}/${file}`, root))
        .find((url) => existsSync(url));
      if (!entry) throw malformed(name, 'it has no index.ts');
      const plugin = ((await import(entry.href)) as { default?: Plugin }).default;
      if (!plugin) throw malformed(name, 'index.ts exports nothing by default');
      if (plugin.name !== name)
        throw malformed(name, `it calls itself "${plugin.name}"; folder and name must be the same`);
      if (plugin.contract !== 1) throw malformed(name, `it speaks contract ${plugin.contract}; this engine speaks 1`);
      return plugin;
    }),
  );
}

function malformed(name: string, why: string): Refusal {
  return new Refusal('plugin.malformed', 'unavailable', { message: `plugins/${name}: ${why}.` });
}

/**
 * Where core and plugins meet. Plugins know the engine and the facts, never each other.
 * @throws Refusal `plugin.malformed` when a plugin reports or hears a fact that the vocabulary does not have
 */
export function createHost(plugins: readonly Plugin[], law: Law): Host {
  const known = new Set(law.facts().map(({ fact }) => fact));
  for (const plugin of plugins) {
    for (const fact of [...(plugin.facts ?? []), ...Object.keys(plugin.hears ?? {})]) {
      if (!known.has(fact)) throw malformed(plugin.name, `the fact "${fact}" is not in policies/taxonomy/facts.yaml`);
    }
  }
  let engine: Engine | null = null;
  const joined = (): Engine => {
    if (!engine) throw new Error('The plugins have not joined the engine yet.');
    return engine;
  };

  return {
    plugins,
    migrations: () =>
      plugins.flatMap(({ name, migrations: folder }) =>
        folder
          ? [{ prefix: name, folder, names: readdirSync(folder).filter((file) => /^\d{4}-.*\.[jt]s$/.test(file)) }]
          : [],
      ),
    hearing: (report) => async (trx, fact) => {
      const id = await report(trx, fact);
      for (const plugin of plugins) await plugin.hears?.[fact.name]?.(trx, { ...fact, id }, joined());
    },
    async paidUntil(trx, subject) {
      for (const { answers } of plugins) {
        const day = await answers?.paidUntil?.(trx, subject, joined());
        if (day) return day;
      }
      return null;
    },
    async lostPaidTime(trx, subject, at) {
      for (const { answers } of plugins) {
        const lost = await answers?.lostPaidTime?.(trx, subject, at, joined());
        if (lost) return lost;
      }
      return null;
    },
    join(opened) {
      engine = opened;
      for (const plugin of plugins) {
        opened.datamap.register(plugin.name, plugin.stores ?? {}, plugin.impersonal ?? {});
        for (const [name, work] of Object.entries(plugin.jobs ?? {})) {
          opened.jobs.define(name, (data, job) => work(data as Record<string, unknown>, job, opened));
        }
        for (const source of plugin.sources ?? []) {
          opened.jobs.source({ name: source.name, job: source.job, next: (db: Db) => source.next(db, opened) });
        }
      }
    },
    routes: () => plugins.flatMap((plugin) => plugin.routes?.(joined()) ?? []),
    pages: () => Object.assign({}, ...plugins.map((plugin) => plugin.pages?.(joined()) ?? {})),
    doors: () => plugins.flatMap((plugin) => plugin.doors?.(joined()) ?? []),
    async ready() {
      const answers = await Promise.all(plugins.map((plugin) => plugin.ready?.(joined()) ?? null));
      return answers.filter((answer) => answer !== null);
    },
    notes: () => plugins.flatMap((plugin) => plugin.notes?.(joined()) ?? []),
    metrics: async () => (await Promise.all(plugins.map((plugin) => plugin.metrics?.(joined()) ?? ''))).join(''),
    async drain(ms) {
      await Promise.all(plugins.map((plugin) => plugin.drain?.(joined(), ms)));
    },
    async start() {
      for (const plugin of plugins) await plugin.start?.(joined());
    },
    async stop() {
      for (const plugin of [...plugins].reverse()) await plugin.stop?.(joined());
    },
  };
}
