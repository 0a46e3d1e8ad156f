import { countedAnew, dayOf, type Engine, noticeKey, sectionOf, Temporal } from '../../core/index.ts';
import { createDoor, type Parts } from './door.ts';
import { createGate, type Gate } from './gate.ts';
import { createHub } from './hub.ts';
import { createLog, keyHours } from './log.ts';
import { createLogAccess } from './log-access.ts';
import { createNotices } from './notices.ts';
import { createProjects, planOf } from './projects.ts';
import { createPublisher } from './publisher.ts';
import { createSeats } from './seats.ts';
import { forgetKeys, newestDeliveries, nextTicketEnd, oldestKey, usageOf } from './store.ts';
import { createTickets } from './tickets.ts';
import type { Delivery, Relay, Usage } from './types.ts';

const usageDays = 30;
const deliveriesShown = 50;

/** The relay of one engine: its use cases, its door, and what runs behind them. */
export function createRelay(engine: Engine, { patience }: Pick<Parts, 'patience'> = {}) {
  const { clock, db, law } = engine;
  const hub = createHub(engine);
  const gate: Gate = createGate(engine, hub);
  const notices = createNotices(engine);
  const log = createLog(engine, { after: hub.deliver, doubtful: hub.lookAgain, notices });
  const projects = createProjects(engine, { changed: gate.forget });
  const tickets = createTickets(engine, gate);
  const publisher = createPublisher({ gate, log });
  const seat = createSeats(engine, { hub, notices });
  const door = createDoor(engine, { gate, hub, publisher, tickets, seat, ...(patience ? { patience } : {}) });

  async function usage(id: string): Promise<Usage> {
    const { dayZone, clause, overClause, warnAt } = sectionOf(law.operator, 'limits');
    const on = dayOf(clock.now(), dayZone);
    const project = await projects.project(id);
    const { limits } = planOf(engine, project.plan);
    const rows = await usageOf(db, id, usageDays);
    const today = rows.find((row) => row.used_on.equals(on));
    const noticed = (what: 'messages' | 'connections', limit: number, full: boolean) => {
      const percents = warnAt.filter((percent) => percent >= 100 === full);
      const at = percents.map((percent) => today?.notices[noticeKey(what, percent, limit)]).find(Boolean);
      return at ? Temporal.Instant.from(at) : null;
    };
    const use = (what: 'messages' | 'connections', used: number, limit: number) => ({
      used,
      limit,
      percent: Math.floor((used * 100) / limit),
      warnedAt: noticed(what, limit, false),
      exhaustedAt: noticed(what, limit, true),
    });
    return {
      project: id,
      on,
      plan: project.plan,
      messages: { ...use('messages', today?.messages ?? 0, limits.messagesPerDay), dropped: today?.dropped ?? 0 },
      connections: {
        ...use('connections', hub.connections(id).length, limits.connections),
        refused: today?.connections_refused ?? 0,
        peak: today?.connections_peak ?? 0,
      },
      resetsAt: countedAnew(on, dayZone),
      clauses: { warn: clause, over: overClause },
      days: rows
        .map((row) => ({ on: row.used_on, messages: row.messages, dropped: row.dropped, bytes: row.bytes }))
        .reverse(),
    };
  }

  async function deliveries(project: string, limit = deliveriesShown): Promise<Delivery[]> {
    await hub.flushDeliveries();
    return newestDeliveries(db, project, limit);
  }

  const relay: Relay = {
    ...projects,
    usage,
    deliveries,
    logs: createLogAccess(engine),
    connections: (project) => hub.connections(project).length,
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
