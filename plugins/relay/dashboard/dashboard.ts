import {
  countedAnew,
  covers,
  dayOf,
  type Engine,
  frozenBecause,
  noticeKey,
  Refusal,
  reasonOf,
  sectionOf,
  Temporal,
} from '../../../core/index.ts';
import { checkChannel } from '../channel.ts';
import type { Hub } from '../hub.ts';
import { planOf } from '../projects.ts';
import { createPull, type Pull } from '../pulled.ts';
import { stopped } from '../stopped.ts';
import { type ProjectRow, projectById, projectOf, tokenOf, tokensOf, type UsageRow, usageOf } from '../store.ts';
import { type Tickets, ticketOrder } from '../tickets.ts';
import type { DayOfUse, Delivery, Project, Remains, Right, TokenInfo, Usage } from '../types.ts';
import { examplesFor } from './examples.ts';
import { forecastOf } from './forecast.ts';
import { deliveriesOf, leftOf, projectsBefore, tokensBefore, usageBefore, usageOn } from './store.ts';

const usageDays = 30;
const deliveriesShown = 50;

interface Parts {
  hub: Hub;
  tickets: Tickets;
  /** Open connections of a project. */
  connections(project: string): number | Promise<number>;
}

/** What the owner of a project sees of it, and does with it by hand. */
export function createDashboard(engine: Engine, { hub, tickets, connections }: Parts) {
  const { clock, db, law } = engine;
  const { dayZone, clause, overClause, warnAt } = sectionOf(law.operator, 'limits');
  const { minutes: recoveryMinutes } = sectionOf(law.operator, 'recovery');
  const url = engine.config.publicUrl;
  const pull = createPull(engine, hub);

  /** @throws Refusal `project.not-found` */
  async function row(id: string): Promise<ProjectRow> {
    const found = await projectById(db, id);
    if (!found) throw new Refusal('project.not-found', 'not-found', { project: id });
    return found;
  }

  async function usage(id: string): Promise<Usage> {
    const now = clock.now();
    const on = dayOf(now, dayZone);
    const { plan } = await row(id);
    const { limits } = planOf(engine, plan);
    const rows = await usageOf(db, id, usageDays);
    const today = rows.find(({ used_on: day }) => day.equals(on));
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
    const used = today?.messages ?? 0;
    const limit = limits.messagesPerDay;
    const hours = hoursOf(today);
    const resetsAt = countedAnew(on, dayZone);
    return {
      ...{ project: id, on, plan, hours, resetsAt, warnAt },
      messages: { ...use('messages', used, limit), dropped: today?.dropped ?? 0 },
      connections: {
        ...use('connections', await connections(id), limits.connections),
        refused: today?.connections_refused ?? 0,
        peak: today?.connections_peak ?? 0,
      },
      forecast: forecastOf({ on, used, limit, hours }, { now, zone: dayZone, resetsAt }),
      clauses: { warn: clause, over: overClause },
      days: rows
        .map((day) => ({ on: day.used_on, messages: day.messages, dropped: day.dropped, bytes: day.bytes }))
        .reverse(),
    };
  }

  /** Deliveries are counted in memory for a moment: they are written before they are shown. */
  async function deliveries(
    project: string,
    { limit = deliveriesShown, ...page }: { channel?: string; before?: string; limit?: number } = {},
  ): Promise<Delivery[]> {
    await hub.flushDeliveries();
    return deliveriesOf(db, { project, ...page, limit });
  }

  /** Every day is asked of the law: the first and the last of each kind. */
  async function remains(project: string): Promise<Remains[]> {
    const today = dayOf(clock.now(), law.zone);
    const { subject_id: subject } = await row(project);
    const [left, holds] = await Promise.all([leftOf(db, project), engine.retention.holds.active(subject)]);
    const kinds = [
      ['payloads', 'message.payload', left.payloads, left.payloads_first, left.payloads_last],
      ['metadata', 'message.metadata', left.messages, left.messages_first, left.messages_last],
      ['usage', 'usage', left.days, left.days_first, left.days_last],
    ] as const;
    const kept = kinds.flatMap(([what, category, count, first, last]): Remains[] => {
      if (!first || !last) return [];
      const hold = holds.filter(({ categories }) => covers(categories, category));
      const [oldest, newest] = [first, last].map((from) => law.keep(category, { from, hold }));
      if (!oldest || !newest) return [];
      const waits = frozenBecause(oldest, today) ?? frozenBecause(newest, today);
      return [
        {
          ...{ what, count: Number(count), bytes: what === 'payloads' ? Number(left.bytes) : null },
          ...{ first: waits ? null : oldest.keepUntil, last: waits ? null : newest.keepUntil },
          because: waits ?? reasonOf(newest),
        },
      ];
    });
    // The project itself has no day yet: its term begins with the end of the contract.
    const ended = law.keep('project', { from: today });
    return [...kept, { what: 'project', count: 1, bytes: null, first: null, last: null, because: reasonOf(ended) }];
  }

  return {
    usage,
    deliveries,
    remains,
    recoveryMinutes,
    examples: (project: Pick<Project, 'url'>, channel: string) =>
      examplesFor({ address: new URL(project.url).origin, channel: checkChannel(channel) }),

    async projectsPage(subject: string, page: { before?: string; limit: number }): Promise<Project[]> {
      return (await projectsBefore(db, { subject, ...page })).map((one) => projectOf(one, url));
    },

    async tokensPage(project: string, page: { before?: string; limit: number }): Promise<TokenInfo[]> {
      return (await tokensBefore(db, { project, at: clock.now(), ...page })).map(tokenOf);
    },

    async daysOfUse(project: string, page: { before?: Temporal.PlainDate; limit: number }): Promise<DayOfUse[]> {
      return (await usageBefore(db, { project, ...page })).map(dayOfUse);
    },

    async dayOfUse(project: string, on: Temporal.PlainDate): Promise<DayOfUse | null> {
      const found = await usageOn(db, project, on);
      return found && dayOfUse(found);
    },

    async ownTicket(
      project: string,
      { token: id, ...order }: { token: string; channels: string[]; rights: Right[]; seconds?: number },
    ) {
      const owned = await row(project);
      mustRun(owned);
      const living = await tokensOf(db, project, clock.now());
      const token = living.find((one) => one.id === id && one.kind === 'token');
      if (!token) throw new Refusal('token.not-found', 'not-found', { token: id });
      return tickets.issue({ token, project: owned }, ticketOrder(Buffer.from(JSON.stringify(order))));
    },

    async pull(project: string, { channel, ...order }: Pull) {
      mustRun(await row(project));
      return pull(project, { channel: checkChannel(channel), ...order });
    },
  };
}

/** @throws Refusal `project.stopped` */
function mustRun(project: ProjectRow): void {
  if (project.state !== 'active') throw stopped(project);
}

function hoursOf(row: UsageRow | null | undefined): number[] {
  return row ? row.hours.map(Number) : Array.from({ length: 24 }, () => 0);
}

function dayOfUse(row: UsageRow): DayOfUse {
  return {
    on: row.used_on,
    limit: row.daily_limit,
    messages: row.messages,
    dropped: row.dropped,
    bytes: row.bytes,
    hours: hoursOf(row),
    peak: row.connections_peak,
    refused: row.connections_refused,
  };
}
