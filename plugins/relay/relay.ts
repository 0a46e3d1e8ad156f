import { setTimeout as delay } from 'node:timers/promises';
import { type Engine, Temporal } from '../../core/index.ts';
import { createBlocks } from './blocks.ts';
import { createCluster } from './cluster.ts';
import { createDashboard } from './dashboard/dashboard.ts';
import { createDoor, type Parts } from './door.ts';
import { createFigures, type Figures } from './figures.ts';
import { createGate, type Gate } from './gate.ts';
import { closeCodes, createHub } from './hub.ts';
import { createListener } from './listener.ts';
import { createLog, keyHours, type Logged } from './log.ts';
import { createLogAccess } from './log-access.ts';
import { createNodes, type Rhythm } from './nodes.ts';
import { createNotices } from './notices.ts';
import { createOccupancy } from './occupancy.ts';
import { createPlans } from './plans.ts';
import { createProjects } from './projects.ts';
import { createPublisher } from './publisher.ts';
import { createPusher } from './pusher/index.ts';
import { createSeats, type Seats } from './seats.ts';
import { forgetKeys, nextTicketEnd, oldestKey, openSeats } from './store.ts';
import { createTickets } from './tickets.ts';
import type { Relay } from './types.ts';

/** What a node may be told otherwise: tests are less patient, and several nodes may live in one process. */
export interface NodeOptions extends Pick<Parts, 'patience'> {
  rhythm?: Partial<Rhythm>;
  natsUrl?: string;
}

/** What readers are told when the log is away: live messages come out of it too. */
const silence = {
  code: 'log.unavailable',
  message: 'The log cannot be written now: nothing new comes until it can. This connection goes on and misses nothing.',
};

/** The relay of one engine: its use cases, its door, and what runs behind them. */
export function createRelay(engine: Engine, { patience, rhythm, natsUrl }: NodeOptions = {}) {
  const { clock, db } = engine;
  const listener = createListener(engine);
  const figures = createFigures();
  const hub = createHub(engine, {
    figures,
    left: (project) => seats.left(project),
    listening: (project) => cluster.listen(project),
  });
  const gate: Gate = createGate(engine, { hub, listener });
  const notices = createNotices(engine);
  const nodes = createNodes(engine, {
    listener,
    cutOff: () => hub.closeAll(closeCodes.tryLater, 'this node has lost the log; come back'),
    outOfReach: () => hub.tellReaders(silence),
    reborn: () => seats.claimAgain(),
    ...(rhythm ? { rhythm } : {}),
  });
  const seats: Seats = createSeats(engine, { hub, nodes, notices, refused: figures.refused });
  const occupancy = createOccupancy(engine, { hub, nodes, listener });
  const cluster = createCluster(engine, { hub, nodes, listener, natsUrl: natsUrl ?? engine.config.natsUrl });
  const log = createLog(engine, {
    ...{ doubtful: hub.lookAgain, notices, measure: figures.batch },
    after(messages) {
      cluster.tell(messages);
      countAccepted(figures, messages);
    },
  });
  const projects = createProjects(engine, { changed: gate.forget });
  const tickets = createTickets(engine, gate);
  const publisher = createPublisher(engine, { gate, log, refused: figures.refused });
  const door = createDoor(engine, {
    gate,
    hub,
    publisher,
    tickets,
    seat: seats.take,
    ...(patience ? { patience } : {}),
  });
  const pusher = createPusher(engine, {
    ...{ gate, hub, publisher, occupancy, seat: seats.take },
    ...(patience ? { patience } : {}),
  });

  figures.watch({
    connections: () => hub.size().connections,
    subscriptions: () => hub.size().subscriptions,
    nodes: () => nodes.others() + 1,
    bus: cluster.state,
    behind: cluster.behind,
    filled: cluster.filled,
    waiting: log.waiting,
    writable: log.healthy,
  });

  const relay: Relay = {
    ...projects,
    ...createPlans(engine, { projects, notices }),
    ...createBlocks(engine, projects),
    ...createDashboard(engine, { hub, tickets, connections: (project) => openSeats(db, project) }),
    logs: createLogAccess(engine),
    connections: (project) => hub.connections(project).length,
  };

  return {
    relay,
    projects,
    doors: [door, ...pusher.doors],
    nodes,
    cluster,
    ready: async (): Promise<string | null> => ((await log.writable()) ? null : 'the relay cannot write its log'),
    /** What does not keep a node from serving, and is to be known. */
    notes: (): string[] =>
      cluster.state() === 'down' ? ['NATS does not answer: nodes tell each other by PostgreSQL, and more slowly'] : [],
    /** When the oldest idempotency key has served its time, or a ticket that nobody used. */
    async nextTidy() {
      const [oldest, ticketEnd] = await Promise.all([oldestKey(db), nextTicketEnd(db)]);
      const ends = [oldest?.add({ hours: keyHours }), ticketEnd].filter((end) => end instanceof Temporal.Instant);
      return ends.sort(Temporal.Instant.compare)[0] ?? null;
    },
    async tidy() {
      await tickets.tidy();
      await forgetKeys(db, clock.now().subtract({ hours: keyHours }));
    },
    figures: figures.text,
    /** Lets no connection in any more, and after `ms` lets go of those that are open. */
    async drain(ms: number): Promise<void> {
      seats.close();
      await delay(ms);
      await hub.letGoOfAll();
    },
    async start(): Promise<void> {
      await log.prepare();
      await nodes.start();
      await listener.start();
      gate.start();
      cluster.start();
    },
    async stop(): Promise<void> {
      await log.stop();
      await hub.stop();
      door.stop();
      pusher.stop();
      gate.stop();
      seats.stop();
      occupancy.stop();
      await cluster.stop();
      await nodes.stop();
      await listener.stop();
    },
  };
}

function countAccepted(figures: Figures, messages: readonly Logged[]): void {
  let http = 0;
  for (const { door } of messages) if (door === 'http') http++;
  if (http > 0) figures.accepted('http', http);
  if (http < messages.length) figures.accepted('ws', messages.length - http);
}
