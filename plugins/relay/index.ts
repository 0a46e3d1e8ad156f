/**
 * The relay: takes messages of a project's programs by HTTP and WebSocket, writes each into the log before anyone is
 * told, and hands it to those who listen. Keeps projects, tokens, limits, the log and who looked at it. Knows the core
 * alone: payments, letters and law reach it as facts, queues and answers.
 */
import type { Engine, Fact, Plugin, Trx } from '../../core/index.ts';
import { createRelay } from './relay.ts';
import { relayRoutes } from './routes.ts';
import { lockProject, projectsOf } from './store.ts';
import { impersonal, logAccess, metadata, payloads, projects, usage } from './stores.ts';
import type { Ground, Relay } from './types.ts';

export type * from './types.ts';

const running = new Map<Engine, ReturnType<typeof createRelay>>();

function partsOf(engine: Engine): ReturnType<typeof createRelay> {
  let parts = running.get(engine);
  if (!parts) {
    parts = createRelay(engine);
    running.set(engine, parts);
  }
  return parts;
}

/** The use cases of the relay, for pages, the demo and tests. */
export function relayOf(engine: Engine): Relay {
  return partsOf(engine).relay;
}

type Heard = Fact & { id: string };

/** Each project of the person a fact is about. */
async function each(trx: Trx, fact: Heard, work: (project: string) => Promise<unknown>): Promise<void> {
  if (!fact.subject) return;
  for (const { id, state } of await projectsOf(trx, fact.subject)) if (state !== 'deleted') await work(id);
}

const suspendAll =
  (ground: Ground) =>
  (trx: Trx, fact: Heard, engine: Engine): Promise<void> =>
    each(trx, fact, (project) => partsOf(engine).projects.suspend(trx, project, ground));

const liftAll =
  (ground: Ground) =>
  (trx: Trx, fact: Heard, engine: Engine): Promise<void> =>
    each(trx, fact, (project) => partsOf(engine).projects.lift(trx, project, ground));

const deleteAll = (trx: Trx, fact: Heard, engine: Engine): Promise<void> =>
  each(trx, fact, (project) => partsOf(engine).projects.deleteProject(trx, project));

export default {
  name: 'relay',
  contract: 1,
  migrations: new URL('./migrations/', import.meta.url),
  stores: { payloads, metadata, projects, usage, logAccess },
  impersonal,
  facts: [
    'project.created',
    'project.activated',
    'project.suspended',
    'project.deleted',
    'limit.warned',
    'limit.exhausted',
    'log.accessed',
  ],
  hears: {
    // A payment activates, and ends what its absence or its dispute had stopped; other grounds stay.
    'payment.succeeded': async (trx, fact, engine) => {
      if (fact.fields?.kind === 'change') return; // it pays for more limits, not for time
      const { projects: use } = partsOf(engine);
      await use.activate(trx, fact.about, 'period-ended');
      if ((await lockProject(trx, fact.about)).grounds.includes('dispute')) await use.lift(trx, fact.about, 'dispute');
    },
    'plan.changed': async (trx, fact, engine) => {
      await relayOf(engine).changePlan(trx, fact.about, String(fact.fields?.plan));
    },
    'payment.disputed': async (trx, fact, engine) => {
      await partsOf(engine).projects.suspend(trx, fact.about, 'dispute');
    },
    'period.ended': async (trx, fact, engine) => {
      await partsOf(engine).projects.suspend(trx, fact.about, 'period-ended');
    },
    'account.blocked': suspendAll('account'),
    'account.restored': liftAll('account'),
    'account.deleted': deleteAll,
    'contract.terminated': deleteAll,
  },
  jobs: {
    'relay.tidy': async (_data, _job, engine) => {
      await partsOf(engine).tidy();
    },
  },
  sources: [{ name: 'relay.tidy', job: 'relay.tidy', next: (_db, engine) => partsOf(engine).nextTidy() }],
  pages: (engine) => ({ projects: relayOf(engine) }),
  routes: (engine) => relayRoutes(engine, relayOf(engine)),
  doors: (engine) => partsOf(engine).doors,
  ready: async (engine) => partsOf(engine).ready(),
  notes: (engine) => partsOf(engine).notes(),
  metrics: (engine) => partsOf(engine).figures(),
  drain: (engine, ms) => partsOf(engine).drain(ms),
  start: (engine) => partsOf(engine).start(),
  async stop(stopping) {
    // One process may hold several engines: only the one that stops.
    for (const [engine, parts] of [...running]) {
      if (engine !== stopping) continue;
      running.delete(engine);
      await parts.stop();
    }
  },
} satisfies Plugin;
