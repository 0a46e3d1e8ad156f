import { type Engine, Temporal } from '../../core/index.ts';
import { createDashboard } from './dashboard/dashboard.ts';
import { createDoor, type Parts } from './door.ts';
import { createGate, type Gate } from './gate.ts';
import { createHub } from './hub.ts';
import { createLog, keyHours } from './log.ts';
import { createLogAccess } from './log-access.ts';
import { createNotices } from './notices.ts';
import { createProjects } from './projects.ts';
import { createPublisher } from './publisher.ts';
import { createSeats } from './seats.ts';
import { forgetKeys, nextTicketEnd, oldestKey } from './store.ts';
import { createTickets } from './tickets.ts';
import type { Relay } from './types.ts';

/** The relay of one engine: its use cases, its door, and what runs behind them. */
export function createRelay(engine: Engine, { patience }: Pick<Parts, 'patience'> = {}) {
  const { clock, db } = engine;
  const hub = createHub(engine);
  const gate: Gate = createGate(engine, hub);
  const notices = createNotices(engine);
  const log = createLog(engine, { after: hub.deliver, doubtful: hub.lookAgain, notices });
  const projects = createProjects(engine, { changed: gate.forget });
  const tickets = createTickets(engine, gate);
  const publisher = createPublisher({ gate, log });
  const seat = createSeats(engine, { hub, notices });
  const door = createDoor(engine, { gate, hub, publisher, tickets, seat, ...(patience ? { patience } : {}) });

  const connections = (project: string): number => hub.connections(project).length;
  const relay: Relay = {
    ...projects,
    ...createDashboard(engine, { hub, tickets, connections }),
    logs: createLogAccess(engine),
    connections,
  };

  return {
    relay,
    projects,
    door,
    ready: async (): Promise<string | null> => ((await log.writable()) ? null : 'the relay cannot write its log'),
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
    async start(): Promise<void> {
      await log.prepare();
      await gate.start();
    },
    async stop(): Promise<void> {
      await log.stop();
      await hub.stop();
      door.stop();
      await gate.stop();
    },
  };
}
