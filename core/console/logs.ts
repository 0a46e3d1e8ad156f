import { Temporal } from '../base/index.ts';
import { type Call, file, page, type RouteDefinition, redirect, route } from '../http/index.ts';
import { sectionOf } from '../law/index.ts';
import type { GrantView, LogAccess, LogExportView } from './ports.ts';
import { asInput, by, csv, form, line, type Shared } from './shared.ts';

const grantNames: Record<string, { name: string; tone: string }> = {
  asked: { name: 'Ждёт разрешения', tone: 'amber' },
  granted: { name: 'Разрешён', tone: 'green' },
  refused: { name: 'Отказано', tone: 'red' },
  expired: { name: 'Истёк', tone: 'grey' },
};

/** A look at the logs: the specialist states purpose, need and scope; another person allows; the look is written down. */
export function logRoutes(shared: Shared, logs: LogAccess): RouteDefinition[] {
  const { law, story, words } = shared;
  const { purposes, forbidden, needClause, grantHours } = sectionOf(law.operator, 'logAccess');

  return [
    route({ method: 'get', path: '/logs', roles: ['specialist'], handler: (call) => ownPage(call) }),
    route<{ purpose: string; need: string; project: string; from: string; until: string; payload?: string }>({
      method: 'post',
      path: '/logs',
      roles: ['specialist'],
      body: form(
        {
          purpose: line(64),
          need: line(500),
          project: line(64),
          from: { type: 'string', format: 'date' },
          until: { type: 'string', format: 'date' },
        },
        { payload: { const: 'yes' } },
      ),
      redraw: (call, problems) => ownPage(call as Call, { values: call.body, problems }),
      async handler(call) {
        const { purpose, need, project, from, until, payload } = call.body;
        const scope = {
          project,
          from: Temporal.PlainDate.from(from),
          before: Temporal.PlainDate.from(until).add({ days: 1 }),
          ...(payload ? { payload: true } : {}),
        };
        await asInput(() => logs.request(by(call), { purpose, need, scope }));
        call.flash(words(call).t('Запрос отправлен. Записи откроются после разрешения.'));
        return redirect('/logs');
      },
    }),
    // The look is journaled before the first row is read: not a GET.
    route({
      method: 'post',
      path: '/logs/:id/view',
      roles: ['specialist'],
      async handler(call) {
        const w = words(call);
        const id = call.params.id ?? '';
        const limit = 200;
        const rows = await logs.view(id, by(call), { limit });
        return page('logs/rows', {
          id,
          full: rows.length === limit,
          rows: rows.map((row) => ({
            ...row,
            receivedAt: w.dateTime(row.receivedAt),
            bytes: w.bytes(row.bytes),
            preview: row.payload ? row.payload.data.slice(0, 400) : null,
            hasPayload: row.payload !== undefined,
          })),
        });
      },
    }),
    route({
      method: 'post',
      path: '/logs/:id/export',
      roles: ['specialist'],
      async handler(call) {
        const id = call.params.id ?? '';
        const { rows } = await logs.export(id, by(call));
        return file(Buffer.from(csvOf(rows, words(call).t)), 'text/csv; charset=utf-8', `${id}.csv`);
      },
    }),
    route({
      method: 'get',
      path: '/dpo/log-access',
      roles: ['dpo'],
      async handler(call) {
        const nameOf = await shared.names();
        return page('dpo/log-access', { rows: grantRows(await logs.list(), call, nameOf), grantHours });
      },
    }),
    route({
      method: 'post',
      path: '/dpo/log-access/:id/grant',
      roles: ['dpo'],
      async handler(call) {
        await story((trx) => logs.grant(trx, call.params.id ?? '', by(call)));
        call.flash(words(call).t('Доступ разрешён на {{count}} ч.', { count: grantHours }));
        return redirect('/dpo/log-access');
      },
    }),
  ];

  function csvOf(rows: readonly LogExportView[], t: (text: string) => string): string {
    const heads = ['Сообщение', 'Канал', 'Номер', 'День обработки', 'Получено', 'Записано', 'Байт', 'Тип', 'Способ'];
    return csv([
      [...heads, 'Отправитель (псевдоним дня)'].map((head) => t(head)),
      ...rows.map((row) => [
        ...[row.message, row.channel, row.offset, row.processedOn.toString(), row.receivedAt.toString()],
        ...[row.storedAt.toString(), row.bytes, row.type ?? '', row.door, row.sender ?? ''],
      ]),
    ]);
  }

  function grantRows(grants: readonly GrantView[], call: Call, nameOf: (id: string) => string) {
    const w = words(call);
    const titles = new Map([...purposes, ...forbidden].map(({ id, title }) => [id, title]));
    const own = by(call).account;
    return grants.map((grant) => ({
      id: grant.id,
      state: { name: w.t(grantNames[grant.state]?.name ?? grant.state), tone: grantNames[grant.state]?.tone ?? 'grey' },
      asked: grant.state === 'asked',
      granted: grant.state === 'granted',
      mine: grant.askedBy === own,
      who: nameOf(grant.askedBy),
      when: w.dateTime(grant.askedAt),
      purpose: titles.get(grant.purpose) ?? grant.purpose,
      need: grant.need,
      project: grant.scope.project,
      period: `${w.date(grant.scope.from)} – ${w.date(grant.scope.before.subtract({ days: 1 }))}`,
      payload: grant.scope.payload === true,
      grantedBy: grant.grantedBy ? nameOf(grant.grantedBy) : '',
      expires: grant.expiresAt ? w.dateTime(grant.expiresAt) : '',
      refusal: grant.refusal,
      shown: grant.rowsShown,
    }));
  }

  async function ownPage(call: Call, more: object = {}) {
    const nameOf = await shared.names();
    return page('logs/index', {
      rows: grantRows(await logs.list({ askedBy: by(call).account }), call, nameOf),
      purposes: purposes.map(({ id, title, clause }) => [id, `${title} (${clause})`]),
      forbidden,
      needClause,
      values: {},
      ...more,
    });
  }
}
