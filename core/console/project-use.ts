import { Temporal } from '../base/index.ts';
import { type Call, file, page, type RouteDefinition, route } from '../http/index.ts';
import type { DayOfUseView, ProjectPages } from './ports.ts';
import { projectParts, users } from './projects.ts';
import { csv, form, line, maybe, type Shared } from './shared.ts';
import { cut, dayRow, daysChart, hourLabel, hourRows, hoursChart, usageModel } from './views/projects.ts';

const daysShown = 30;
const deliveriesShown = 50;
const day = { type: 'string', format: 'date' };

interface DayQuery {
  day?: string;
  before?: string;
}

/** What a project has used, hour by hour and day by day, and what became of its messages. */
export function projectUseRoutes(shared: Shared, pages: ProjectPages): RouteDefinition[] {
  const { words } = shared;
  const { own, planTitle, mayRaise } = projectParts(shared, pages);

  return [
    route<Record<string, unknown>, DayQuery>({
      method: 'get',
      path: '/my/projects/:id/usage',
      roles: users,
      query: form({}, { day, before: day }),
      async handler(call) {
        const w = words(call);
        const project = await own(call);
        const { query } = call;
        const usage = await pages.usage(project.id);
        const on = query.day ? Temporal.PlainDate.from(query.day) : usage.on;
        const shown = on.equals(usage.on) ? usage.hours : ((await pages.dayOfUse(project.id, on))?.hours ?? []);
        const found = await pages.daysOfUse(project.id, {
          limit: daysShown + 1,
          ...(query.before ? { before: Temporal.PlainDate.from(query.before) } : {}),
        });
        const { rows, next } = cut(found, daysShown, (last) => last.on.toString());
        const path = `/my/projects/${project.id}/usage`;
        return page('my/project-usage', {
          project,
          path,
          plan: planTitle(project.plan),
          raise: mayRaise(project),
          usage: usageModel(usage, w),
          on: w.date(on),
          today: on.equals(usage.on),
          hours: hoursChart(shown, w),
          hourRows: hourRows(shown, w),
          chart: daysChart({ days: rows.toReversed(), messages: usage.messages }, w),
          rows: rows.map((row) => dayRow(row, path, w)),
          older: next ? `${path}?before=${next}` : null,
          newer: query.before ? path : null,
        });
      },
    }),
    route({
      method: 'get',
      path: '/my/projects/:id/usage.csv',
      roles: users,
      async handler(call) {
        const project = await own(call);
        return file(Buffer.from(await csvOf(call, project.id)), 'text/csv; charset=utf-8', `${project.id}.csv`);
      },
    }),
    route<Record<string, unknown>, { channel?: string; before?: string }>({
      method: 'get',
      path: '/my/projects/:id/events',
      roles: users,
      query: form({}, { channel: maybe(200), before: line(64) }),
      async handler(call) {
        const w = words(call);
        const project = await own(call);
        const { channel = '', before } = call.query;
        const found = await pages.deliveries(project.id, {
          limit: deliveriesShown + 1,
          ...(channel ? { channel } : {}),
          ...(before ? { before } : {}),
        });
        const { rows, next } = cut(found, deliveriesShown, ({ message }) => message);
        const path = `/my/projects/${project.id}/events`;
        const more = new URLSearchParams({ ...(channel ? { channel } : {}), before: next ?? '' });
        return page('my/project-events', {
          project,
          path,
          channel,
          paged: before !== undefined,
          rows: rows.map((one) => ({ ...one, at: w.dateTime(one.acceptedAt), bytes: w.bytes(one.bytes) })),
          older: next ? `${path}?${more}` : null,
        });
      },
    }),
  ];

  /** Every day that is still kept, newest first, with its hours. */
  async function csvOf(call: Call, project: string): Promise<string> {
    const { t } = words(call);
    const all: DayOfUseView[] = [];
    for (;;) {
      const before = all.at(-1)?.on;
      const found = await pages.daysOfUse(project, { limit: 500, ...(before ? { before } : {}) });
      all.push(...found);
      if (found.length < 500) break;
    }
    const heads = ['День', 'Сообщений', 'Лимит', 'Отклонено', 'Байт', 'Соединений, пик', 'Соединений отклонено'];
    const hours = Array.from({ length: 24 }, (_, hour) => `${hourLabel(hour)}:00`);
    const rows = all.map((one) => [
      ...[one.on.toString(), one.messages, one.limit, one.dropped, one.bytes, one.peak, one.refused],
      ...one.hours,
    ]);
    return csv([[...heads.map((head) => t(head)), ...hours], ...rows]);
  }
}
