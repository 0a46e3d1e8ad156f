import type { FieldProblem, Words } from '../../http/index.ts';
import type { Law } from '../../law/index.ts';
import type { DayOfUseView, ForecastView, ProjectView, RemainsView, TokenView, UsageView } from '../ports.ts';
import { groundNames } from './accounts.ts';
import { type Bar, barChart } from './chart.ts';

const states: Record<string, { name: string; tone: string }> = {
  waiting: { name: 'Ждёт оплаты', tone: 'amber' },
  active: { name: 'Работает', tone: 'green' },
  suspended: { name: 'Приостановлен', tone: 'red' },
  deleted: { name: 'Удалён', tone: 'grey' },
};

/** Why a project stands still, for its owner. */
const standsStill: Record<string, string> = {
  'period-ended': 'Оплаченный период закончился.',
  dispute: 'Платёж за него оспорен.',
  violation: 'Его приостановил оператор: основание и порядок возражения — в письме и в уведомлениях.',
  account: 'Учётная запись заблокирована.',
  restricted: 'Обработка данных ограничена по обращению.',
};

/** For staff, short. */
const stoppedBy: Record<string, string> = {
  'period-ended': 'период закончился',
  dispute: 'платёж оспорен',
  violation: 'по решению сотрудника',
  account: 'учётная запись заблокирована',
  restricted: 'обработка ограничена',
};

export const rightNames: Record<string, string> = { publish: 'публикация', subscribe: 'подписка', read: 'чтение' };

const remainNames: Record<RemainsView['what'], string> = {
  payloads: 'Содержание сообщений',
  metadata: 'Сведения о сообщениях: время, размер, канал, адрес отправителя',
  usage: 'Учёт использования по дням',
  project: 'Название, настройки и прежние токены проекта',
};

export const stateOf = (state: string, { t }: Words) => ({
  name: t(states[state]?.name ?? state),
  tone: states[state]?.tone ?? 'grey',
});

type Still = Pick<ProjectView, 'grounds' | 'blockGround'>;

export const whyStill = ({ grounds, blockGround }: Still, { t }: Pick<Words, 't'>): string =>
  grounds
    .map((ground) =>
      ground === 'violation' && blockGround
        ? t('Его приостановил оператор, основание: {{ground}}. Порядок возражения — в письме и в уведомлениях.', {
            ground: t(groundNames[blockGround]),
          })
        : t(standsStill[ground] ?? ground),
    )
    .join(' ');

/** The same for staff, short; of a project that was deleted, what staff themselves have to lift. */
const stops = ({ grounds, blockGround, state }: Still & Pick<ProjectView, 'state'>, { t }: Pick<Words, 't'>): string =>
  grounds
    .filter((ground) => state !== 'deleted' || ground === 'violation')
    .map((ground) =>
      ground === 'violation' && blockGround
        ? t('по решению сотрудника: {{ground}}', { ground: t(groundNames[blockGround]) })
        : t(stoppedBy[ground] ?? ground),
    )
    .join(', ');

/** A project as staff see it who may stop it: its state, and nothing that its owner has written. */
export function projectShown(account: string, project: ProjectView, { operator }: Pick<Law, 'operator'>, words: Words) {
  const { id, plan, state, createdAt } = project;
  const blocked = project.grounds.includes('violation');
  const living = state !== 'deleted';
  return {
    ...{ id, path: `/admin/accounts/${account}/projects/${id}` },
    account: { id: account, path: `/admin/accounts/${account}` },
    plan: operator.plans.find((one) => one.id === plan)?.title ?? plan,
    state: stateOf(state, words),
    grounds: stops(project, words),
    created: words.dateTime(createdAt),
    mayBlock: living && !blocked,
    mayUnblock: blocked,
  };
}

/** Pages of a project, in the order of its menu; the last ones are for those who may still change it. */
export function projectPages(project: Pick<ProjectView, 'id' | 'state'>, { t }: Pick<Words, 't'>) {
  const at = `/my/projects/${project.id}`;
  const pages = [
    { href: at, title: t('Обзор') },
    { href: `${at}/tokens`, title: t('Ключи и токены') },
    { href: `${at}/usage`, title: t('Расход и лимиты') },
    { href: `${at}/events`, title: t('Журнал доставки') },
    { href: `${at}/debug`, title: t('Отладка') },
    { href: `${at}/code`, title: t('Примеры кода') },
    { href: `${at}/settings`, title: t('Настройки проекта') },
  ];
  const ended = [at, `${at}/usage`, `${at}/events`];
  return project.state === 'deleted' ? pages.filter(({ href }) => ended.includes(href)) : pages;
}

/** A page of a list: what is shown of it, and the cursor of the next page, if there is one. */
export function cut<T>(found: readonly T[], size: number, cursor: (last: T) => string) {
  const rows = found.slice(0, size);
  const last = rows.at(-1);
  return { rows, next: found.length > size && last ? cursor(last) : null };
}

/** Used of limit, with the tone of the progress bar, the forecast and the words of the warning. */
export function usageModel(usage: UsageView, words: Words) {
  const { t, number, dateTime, percent } = words;
  const warnFrom = Math.min(...usage.warnAt);
  const meter = (used: number, limit: number) => ({
    used,
    limit,
    text: `${number(used)} / ${number(limit)}`,
    percent: percent(used, limit),
    tone: used >= limit ? 'red' : used * 100 >= limit * warnFrom ? 'amber' : '',
  });
  const messages = meter(usage.messages.used, usage.messages.limit);
  const resets = dateTime(usage.resetsAt);
  const forecast = forecastWords(usage, words);
  const over = t('Новые сообщения получают ответ 429 до {{at}} ({{clause}}).', {
    at: resets,
    clause: usage.clauses.over,
  });
  const then = t('После исчерпания лимита новые сообщения получат ответ 429 до {{at}}.', { at: resets });
  const near = messages.tone === 'amber' || usage.forecast.kind === 'reaches';
  const warning =
    messages.tone === 'red'
      ? { tone: 'red', strong: t('Лимит сообщений исчерпан.'), text: over }
      : near
        ? {
            tone: 'amber',
            strong: t('Израсходовано {{percent}} сообщений.', { percent: messages.percent }),
            text: usage.forecast.kind === 'reaches' ? `${forecast} ${then}` : then,
          }
        : null;
  return {
    messages,
    connections: meter(usage.connections.used, usage.connections.limit),
    dropped: usage.messages.dropped,
    refused: usage.connections.refused,
    peak: usage.connections.peak,
    warnAt: usage.warnAt.map((at) => number(at)).join(` ${t('и')} `),
    resets,
    forecast,
    warning,
    days: usage.days,
  };
}

/** What the present pace comes to, as far as it can be known. */
export function forecastWords(usage: Pick<UsageView, 'forecast' | 'messages' | 'resetsAt'>, words: Words): string {
  const { t, number, time, percent } = words;
  const { kind, at, total, perHour, since }: ForecastView = usage.forecast;
  const pace = { since: time(since), perHour: number(perHour) };
  switch (kind) {
    case 'reached':
      return t('Лимит на сегодня исчерпан.');
    case 'early':
      return t('Сутки только начались: судить о темпе рано.');
    case 'quiet':
      return t('С {{since}} сообщений не было: прогнозировать нечего.', pace);
    case 'reaches':
      return t('Если и дальше будет около {{perHour}} в час, как с {{since}}, лимит кончится примерно в {{at}}.', {
        ...pace,
        at: at ? time(at) : '',
      });
    case 'lasts':
      return t(
        'Если и дальше будет около {{perHour}} в час, как с {{since}}, лимита хватит: к концу суток — около {{total}} ({{percent}}).',
        {
          ...pace,
          total: number(total ?? 0),
          percent: percent(total ?? 0, usage.messages.limit),
        },
      );
  }
}

/** Messages by day; days on which some were refused are red. */
export function daysChart(usage: Pick<UsageView, 'days' | 'messages'>, { t, shortDate, number }: Words): string | null {
  if (usage.days.length === 0) return null;
  const most = usage.days.reduce((best, day) => (day.messages > best.messages ? day : best));
  const near = most.messages * 3 >= usage.messages.limit;
  const limit = {
    value: usage.messages.limit,
    label: t('лимит на сутки: {{limit}}', { limit: number(usage.messages.limit) }),
  };
  return forBoth(
    usage.days.map(({ on, messages, dropped }) => ({
      label: shortDate(on),
      value: messages,
      ...(dropped > 0 ? { tone: 'red' as const } : {}),
    })),
    {
      alt: t('Сообщения по дням; больше всего — {{count}}, {{day}}', {
        count: number(most.messages),
        day: shortDate(most.on),
      }),
      ...{ height: 240, axis: true, number, ...(near ? { limit } : {}) },
    },
  );
}

/** The same bars drawn for a wide and for a narrow screen: made smaller, the words of one could not be read on the other. */
function forBoth(bars: readonly Bar[], options: Omit<Parameters<typeof barChart>[1], 'width'>): string {
  const draw = (width: number): string => barChart(bars, { ...options, width });
  return `<div class="on-wide">${draw(760)}</div><div class="on-narrow">${draw(340)}</div>`;
}

export const hourLabel = (hour: number): string => String(hour).padStart(2, '0');

/** Messages of one day by hour; null when there were none. */
export function hoursChart(hours: readonly number[], { t, number }: Words): string | null {
  const most = Math.max(0, ...hours);
  if (most === 0) return null;
  return forBoth(
    hours.map((value, hour) => ({ label: hourLabel(hour), value })),
    {
      alt: t('Сообщения по часам; больше всего — {{count}}, с {{hour}} часов', {
        count: number(most),
        hour: hourLabel(hours.indexOf(most)),
      }),
      ...{ height: 200, axis: true, number },
    },
  );
}

export function hourRows(hours: readonly number[], { number }: Words) {
  return hours.map((count, hour) => ({ hour: `${hourLabel(hour)}:00–${hourLabel(hour)}:59`, count: number(count) }));
}

export function dayRow(day: DayOfUseView, path: string, { date, number, bytes, percent }: Words) {
  return {
    day: date(day.on),
    href: `${path}?day=${day.on}`,
    messages: number(day.messages),
    percent: percent(day.messages, day.limit),
    dropped: day.dropped > 0 ? number(day.dropped) : '',
    bytes: bytes(day.bytes),
    peak: number(day.peak),
    refused: day.refused > 0 ? number(day.refused) : '',
  };
}

/** Of the rights of a token at least one is chosen: said in those words. */
export function rightsProblems(problems: readonly FieldProblem[], { t }: Words): FieldProblem[] {
  return problems.map((one) =>
    one.field === 'rights' ? { field: 'rights', message: t('Выберите хотя бы одно право') } : one,
  );
}

export function tokenRow(token: TokenView, { t, date, dateTime }: Words) {
  return {
    id: token.id,
    name: token.name,
    last4: token.last4,
    rights: Object.entries(rightNames)
      .filter(([right]) => token.rights.includes(right))
      .map(([, name]) => t(name))
      .join(', '),
    issued: date(token.createdAt),
    lastUsed: token.lastUsedOn ? date(token.lastUsedOn) : t('ещё не использован'),
    expires: token.expiresAt ? t('до {{day}}', { day: dateTime(token.expiresAt) }) : t('не истекает'),
    replaced: token.expiresAt !== null,
  };
}

/** What stays after a project, on which ground, and until when. */
export function remainRows(remains: readonly RemainsView[], { t, date, number, bytes }: Words) {
  return remains.map(({ what, count, bytes: size, first, last, because }) => ({
    what: t(remainNames[what]),
    count: what === 'project' ? '' : number(count),
    bytes: size === null ? '' : bytes(size),
    until: untilOf(what, first && date(first), last && date(last), t),
    because,
  }));
}

function untilOf(what: string, first: string | null, last: string | null, t: Words['t']): string {
  if (what === 'project') return t('до прекращения договора, дальше — по основанию');
  if (!first || !last) return t('до решения оператора');
  if (first === last) return t('до {{day}}', { day: last });
  return t('самые ранние — до {{first}}, последние — до {{last}}', { first, last });
}
