import { Refusal, Temporal } from '../base/index.ts';
import { startOf } from '../calendar/index.ts';
import { type Call, file, page, type RouteDefinition, redirect, route } from '../http/index.ts';
import type { ProjectPages } from './ports.ts';
import { by, form, maybe, type Shared } from './shared.ts';
import { actionGroups, chainBanner, groupsOf, journalRows } from './views/journal.ts';

const auditors = ['auditor', 'dpo'] as const;
const day = { anyOf: [{ const: '' }, { type: 'string', format: 'date' }] };
const pageSize = 50;

/** The auditor's reach: the journal, the chain, reports. Reads only, and every look is itself an entry. */
export function auditRoutes(shared: Shared): RouteDefinition[] {
  const { journal, letters, law, projects, story, words } = shared;

  /** Days of a form as a half-open range of instants; the last day belongs to it. */
  function period(from: string, until: string): { from?: Temporal.Instant; to?: Temporal.Instant } {
    return {
      ...(from ? { from: startOf(Temporal.PlainDate.from(from), law.zone) } : {}),
      ...(until ? { to: startOf(Temporal.PlainDate.from(until).add({ days: 1 }), law.zone) } : {}),
    };
  }

  return [
    route({ method: 'get', path: '/audit', roles: auditors, handler: () => redirect('/audit/log') }),
    route({
      method: 'get',
      path: '/audit/log',
      roles: auditors,
      query: form(
        {},
        {
          from: day,
          until: day,
          prefix: { enum: ['', ...actionGroups.map(([id]) => id)] },
          about: maybe(64),
          before: { type: 'integer', minimum: 1 },
        },
      ),
      async handler(call) {
        const w = words(call);
        const {
          from = '',
          until = '',
          prefix = '',
          about = '',
          before,
        } = call.query as Record<string, string> & { before?: number };
        // The look comes before the rows: an auditor's reading is journaled like everyone's.
        await story((trx) =>
          journal.append(trx, {
            action: 'journal.read',
            actor: by(call).account,
            body: { from: from || null, until: until || null, prefix: prefix || null, about: about || null },
          }),
        );
        const entries = await journal.list({
          ...period(from, until),
          ...(prefix ? { prefix } : {}),
          ...(about ? { about } : {}),
          ...(before ? { before } : {}),
          limit: pageSize + 1,
        });
        const shown = entries.slice(0, pageSize);
        const next = new URLSearchParams({ from, until, prefix, about, before: String(shown.at(-1)?.seq ?? '') });
        return page('audit/log', {
          rows: journalRows(shown, w, await shared.names()),
          banner: chainBanner(null, await journal.checkpoint(), w),
          filter: { from, until, prefix, about },
          filtered: Boolean(from || until || prefix || about),
          groups: groupsOf({ relays: projects !== undefined }).map(([id, name]) => [id, w.t(name)]),
          older: entries.length > pageSize ? `/audit/log?${next}` : null,
        });
      },
    }),
    route({
      method: 'get',
      path: '/audit/chain',
      roles: auditors,
      handler: async (call) => page('audit/chain', await chainModel(call, false)),
    }),
    route({
      method: 'post',
      path: '/audit/chain',
      roles: auditors,
      handler: async (call) => page('audit/chain', await chainModel(call, true)),
    }),
    ...(projects ? reportRoutes(projects) : []),
  ];

  /** Reports of who looked at the log of messages. */
  function reportRoutes(pages: ProjectPages): RouteDefinition[] {
    return [
      route({
        method: 'get',
        path: '/audit/reports',
        roles: auditors,
        handler: (call) => reportsPage(call),
      }),
      route<{ from: string; until: string }>({
        method: 'post',
        path: '/audit/reports',
        roles: auditors,
        body: form({ from: { type: 'string', format: 'date' }, until: { type: 'string', format: 'date' } }),
        redraw: (call, problems) => reportsPage(call as Call, { values: call.body, problems }),
        async handler(call) {
          const { from, until } = call.body;
          if (until < from) {
            throw new Refusal('period.backwards', 'invalid', {
              field: 'until',
              message: 'Последний день раньше первого.',
            });
          }
          const range = period(from, until) as { from: Temporal.Instant; to: Temporal.Instant };
          const made = await story((trx) => pages.logs.report(trx, { ...range, by: by(call).account }));
          call.flash(words(call).t('Отчёт {{number}} готов.', { number: made.number }));
          return redirect('/audit/reports');
        },
      }),
      route({
        method: 'get',
        path: '/audit/reports/:id.pdf',
        roles: auditors,
        async handler(call) {
          const record = await letters.documents.get(call.params.id ?? '');
          if (record.kind !== 'log-access-report') throw new Refusal('report.unknown', 'not-found');
          return file(await letters.documents.pdf(record.id), 'application/pdf', `${record.number ?? record.id}.pdf`);
        },
      }),
    ];
  }

  async function chainModel(call: Call, run: boolean) {
    const checked = run ? await journal.verify() : null;
    const checkpoint = await journal.checkpoint();
    return {
      banner: chainBanner(checked, checkpoint, words(call)),
      checked,
      checkpoint: checkpoint ? { ...checkpoint, at: words(call).dateTime(checkpoint.at) } : null,
    };
  }

  async function reportsPage(call: Call, more: object = {}) {
    const w = words(call);
    const { today } = shared.today();
    const found = await letters.documents.find({ kind: 'log-access-report' });
    return page('audit/reports', {
      rows: found.map(({ id, number, madeAt, pages, sha256 }) => ({
        id,
        number,
        madeAt: w.dateTime(madeAt),
        pages,
        sha256,
      })),
      values: { from: today.with({ day: 1 }).toString(), until: today.toString() },
      ...more,
    });
  }
}
