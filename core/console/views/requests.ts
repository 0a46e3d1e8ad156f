import { Refusal, type Temporal } from '../../base/index.ts';
import type { Calendar } from '../../calendar/index.ts';
import type { Tone, Words } from '../../http/index.ts';
import { cite, type Due, type Law } from '../../law/index.ts';
import type { Attachment, CollectedPart, DataRequest, RequestEvent } from '../../requests/index.ts';
import { toPath } from '../numbers.ts';
import { type Badge, type DeadlineQuestion, deadlineBadge, stripe, urgency } from './deadline.ts';

/** What is the same for every row of one page. */
export interface Today {
  now: Temporal.Instant;
  today: Temporal.PlainDate;
  calendar: Calendar;
  zone: string;
}

export const kindNames = {
  access: 'Доступ к данным',
  erasure: 'Удаление данных',
  rectification: 'Уточнение данных',
  withdrawal: 'Отзыв согласия',
  stop: 'Прекращение обработки',
  objection: 'Возражение',
  restriction: 'Ограничение обработки',
  portability: 'Передача данных',
  'interest-objection': 'Возражение против законного интереса',
  other: 'Другое обращение',
} as const;

export const channelNames = {
  email: 'электронная почта',
  dashboard: 'личный кабинет',
  post: 'почта',
  'in-person': 'лично',
  portal: 'портал',
} as const;

const states: Record<DataRequest['state'], { name: string; tone: Tone; next: string }> = {
  received: { name: 'Новое', tone: 'grey', next: 'Подтвердить личность' },
  'identity-asked': { name: 'Ждём подтверждения личности', tone: 'violet', next: 'Дождаться ответа субъекта' },
  identified: { name: 'Личность подтверждена', tone: 'blue', next: 'Собрать данные' },
  collecting: { name: 'Сбор данных', tone: 'blue', next: 'Дождаться сбора' },
  draft: { name: 'Готов пакет', tone: 'green', next: 'Проверить и отправить ответ' },
  erasing: { name: 'Удаление', tone: 'amber', next: 'Проверить план удаления' },
  answered: { name: 'Отвечено', tone: 'green', next: 'Закрыть' },
  refused: { name: 'Отказано', tone: 'grey', next: 'Закрыть' },
  withdrawn: { name: 'Отозвано', tone: 'grey', next: 'Закрыть' },
  closed: { name: 'Закрыто', tone: 'grey', next: '—' },
};

export interface AttachmentRow {
  id: string;
  title: string;
  type: string;
  size: string;
  state: string;
}

/** Files that came with a request, by their number: their names may name somebody. */
export function attachmentRows(files: readonly Attachment[], { t, bytes, date }: Words): AttachmentRow[] {
  return files.map(({ id, type, size, provesIdentity, checkedOn }, index) => ({
    ...{ id, type, size: bytes(size), title: t('Приложение {{number}}', { number: index + 1 }) },
    state: provesIdentity
      ? t('документ о личности, проверен {{day}}, уничтожается', { day: date(checkedOn) })
      : provesIdentity === null
        ? t('ещё не разобрано')
        : t('остаётся в деле'),
  }));
}

export function question(request: DataRequest, { today, calendar, zone }: Today): DeadlineQuestion {
  return {
    dueOn: request.dueOn,
    answeredOn: request.answeredAt?.toZonedDateTimeISO(zone).toPlainDate() ?? null,
    waiting: request.state === 'identity-asked',
    today,
    calendar,
  };
}

export interface RequestRow {
  number: string;
  path: string;
  badge: Badge;
  due: string;
  stripe: string;
  who: string;
  kind: string;
  channel: string;
  state: { name: string; tone: Tone };
  next: string;
}

/** A line of the queue. Nobody's name: the case file is opened on the card, and that is written down. */
export function requestRow(request: DataRequest, today: Today, words: Words): RequestRow {
  const { t } = words;
  const asked = question(request, today);
  const state = states[request.state];
  const due = request.dueOn ? words.date(request.dueOn) : '—';
  return {
    number: request.number,
    path: `/dpo/requests/${toPath(request.number)}`,
    badge: deadlineBadge(asked, words),
    due: [
      asked.waiting && request.dueOn ? t('срок идёт: {{day}}', { day: due }) : due,
      request.extended ? t('продлён') : '',
    ]
      .filter(Boolean)
      .join(' · '),
    stripe: stripe(asked),
    who: request.subject ?? t('не установлен'),
    kind: t(kindNames[request.kind]),
    channel: t(channelNames[request.channel]),
    state: { name: t(state.name), tone: state.tone },
    next: t(state.next),
  };
}

export interface Counters {
  late: number;
  today: number;
  soon: number;
  working: number;
  waiting: number;
}

/** The five numbers of the morning. */
export function counters(open: readonly DataRequest[], today: Today): Counters {
  const of = open.map((request) => ({ request, near: urgency(question(request, today)) }));
  return {
    late: of.filter(({ near }) => near === 'late').length,
    today: of.filter(({ near }) => near === 'today').length,
    soon: of.filter(({ near }) => near === 'soon').length,
    working: of.filter(({ request }) => !['received', 'identity-asked'].includes(request.state)).length,
    waiting: of.filter(({ request }) => request.state === 'identity-asked').length,
  };
}

/** Answers due per working day: what is late stands under today. */
export function dueByDay(open: readonly DataRequest[], { today, calendar }: Today, days = 11) {
  const bars: { day: Temporal.PlainDate; count: number; tone?: 'red' | 'amber' }[] = [];
  for (let day = today; bars.length < days && today.until(day).days < 40; day = day.add({ days: 1 })) {
    const isToday = day.equals(today);
    const due = open.filter(({ dueOn }) => dueOn && (dueOn.equals(day) || (isToday && dueOn.since(day).sign < 0)));
    const off = !isToday && due.length === 0 && isOff(calendar, day);
    if (off) continue;
    const late = due.some(({ dueOn }) => dueOn && dueOn.since(today).sign < 0);
    const near = bars.length > 0 && bars.length <= 3;
    const tone = isToday ? (late ? 'red' : 'amber') : near ? 'amber' : undefined;
    bars.push({ day, count: due.length, ...(tone ? { tone } : {}) });
  }
  return bars;
}

function isOff(calendar: Calendar, day: Temporal.PlainDate): boolean {
  try {
    return !calendar.isWorkingDay(day);
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

export interface CardStep {
  name: string;
  note: string;
  done: boolean;
  current: boolean;
}

/** What is done between identity and answer where nothing is collected and nothing erased. */
const decisions: Partial<Record<DataRequest['kind'], string>> = {
  restriction: 'Ограничение',
  'interest-objection': 'Решение',
};

/** The stepper of the card. */
export function steps(request: DataRequest, parts: readonly CollectedPart[], words: Words, zone: string): CardStep[] {
  const { t } = words;
  const at = (instant: Temporal.Instant | null | undefined): string => {
    if (!instant) return '—';
    return `${words.shortDate(instant.toZonedDateTimeISO(zone).toPlainDate())}, ${words.time(instant)}`;
  };
  const erasing = request.kind === 'erasure' || request.plan !== null;
  const decision = decisions[request.kind];
  const order: DataRequest['state'][][] = [
    ['received'],
    ['identity-asked'],
    erasing ? ['identified', 'erasing'] : ['identified', 'collecting'],
    ['draft'],
    ['answered', 'refused', 'withdrawn'],
    ['closed'],
  ];
  const current = Math.max(
    order.findIndex((group) => group.includes(request.state)),
    request.state === 'received' ? 1 : 0,
  );
  const collected = parts.filter(({ outcome }) => outcome !== 'failed').length;
  const notes = [
    at(request.receivedAt),
    request.identity
      ? `${t(methods[request.identity.method] ?? request.identity.method)}, ${at(request.identity.at)}`
      : '—',
    parts.length > 0 && !erasing ? t('{{done}} из {{all}} систем', { done: collected, all: parts.length }) : '—',
    '—',
    at(request.answeredAt ?? request.withdrawnAt),
    at(request.closedAt),
  ];
  const names = [
    t('Регистрация'),
    t('Личность'),
    decision ? t(decision) : erasing ? t('План и удаление') : t('Сбор данных'),
    decision ? t('Проверка ответа') : erasing ? t('Проверка итогов') : t('Проверка пакета'),
    request.withdrawnAt ? t('Отозвано') : request.state === 'refused' || request.refusal ? t('Отказ') : t('Ответ'),
    t('Закрытие'),
  ];
  const over = request.state === 'closed';
  return names.map((name, index) => ({
    name,
    note: notes[index] ?? '—',
    done: over || index < current || (index === 4 && request.answeredAt !== null),
    current: !over && index === (request.answeredAt ? 5 : current),
  }));
}

/** The banner over the card: until when, or how late, in one sentence. */
export function banner(request: DataRequest, today: Today, words: Words): { tone: Tone; strong: string; text: string } {
  const { t } = words;
  const badge = deadlineBadge(question(request, today), words);
  const day = words.date(request.dueOn);
  const extended = request.extended
    ? t('Срок уже продлён {{day}}; второй раз продлить нельзя.', { day: words.date(request.extended.at) })
    : '';
  if (!request.dueOn) return { tone: 'grey', strong: t('Срок ответа не установлен.'), text: '' };
  if (request.answeredAt) {
    return {
      tone: badge.tone,
      strong: t('Ответ дан {{day}}.', { day: words.date(request.answeredAt) }),
      text: t('Срок: {{day}}.', { day }),
    };
  }
  if (badge.tone === 'red')
    return {
      tone: 'red',
      strong: t('Срок ответа истёк {{day}} — {{late}}.', { day, late: badge.text }),
      text: extended,
    };
  const tone = badge.tone === 'violet' ? 'violet' : badge.tone;
  return { tone, strong: t('Ответить до {{day}} включительно — {{left}}.', { day, left: badge.text }), text: extended };
}

const partStates: Record<CollectedPart['outcome'], { name: string; tone: Tone }> = {
  collected: { name: 'Готово', tone: 'green' },
  not_found: { name: 'Готово, данных нет', tone: 'green' },
  failed: { name: 'Ошибка', tone: 'red' },
};

/** A place that only a person can reach has not failed while the person is at it. */
function stateOfPart({ outcome, because }: CollectedPart, { t }: Words) {
  if (because === 'connector.waits-for-person')
    return { state: { name: t('Ждёт работника'), tone: 'amber' }, because: '' };
  const { name, tone } = partStates[outcome];
  return { state: { name: t(name), tone }, because: because ?? '' };
}

/** The table of systems on the card: what holds something or failed first, the empty ones apart. */
export function partRows(parts: readonly CollectedPart[], words: Words) {
  const row = (part: CollectedPart) => ({
    title: part.title,
    source: part.source,
    ...stateOfPart(part, words),
    rows:
      part.outcome === 'failed'
        ? '—'
        : words.number(part.rows + part.volumes.reduce((sum, { count }) => sum + count, 0)),
    volumes: part.volumes.map(({ what, count, until }) =>
      [`${what}: ${words.number(count)}`, until ? words.t('хранятся до {{day}}', { day: words.date(until) }) : '']
        .filter(Boolean)
        .join(', '),
    ),
  });
  return {
    held: parts.filter(({ outcome }) => outcome !== 'not_found').map(row),
    empty: parts.filter(({ outcome }) => outcome === 'not_found').map(({ title }) => title),
  };
}

const methods: Record<string, string> = {
  'known-email': 'письмо с известного адреса',
  code: 'код на почту',
  document: 'документ',
  'in-person': 'лично',
  signature: 'электронная подпись',
  session: 'вход в личный кабинет',
  'registered-email': 'письмо с адреса, указанного при регистрации',
  'unknown-sender': 'отправитель не найден ни в одной системе',
};

const eventNames: Record<string, string> = {
  received: 'Обращение зарегистрировано',
  'identity-asked': 'Запрошено подтверждение личности',
  identified: 'Личность подтверждена',
  collected: 'Данные собраны',
  erased: 'Данные удалены',
  answered: 'Ответ отправлен',
  refused: 'Отправлен мотивированный отказ',
  planned: 'Составлен план удаления',
  'collection-failed': 'Собрано не всё: одна из систем не ответила',
  'collection-waits': 'Собрано не всё: ждём работника',
  blocked: 'Данные заблокированы',
  unblocked: 'Блокирование снято',
  'purpose-stopped': 'Обработка для цели остановлена по возражению',
  'letter-by-hand': 'Письмо отправляется вручную',
  extended: 'Срок продлён, уведомление отправлено',
  rectified: 'Данные уточнены',
  evidence: 'Представлены подтверждающие сведения',
  'blocking-declined': 'Решено не блокировать данные на время проверки',
  opened: 'Материалы дела просмотрены',
  withdrawn: 'Обращение отозвано заявителем',
  closed: 'Обращение закрыто',
};

/** History, the newest first. Who is an id: names are for the journal's reader to resolve. */
export function historyRows(events: readonly RequestEvent[], words: Words, nameOf: (id: string) => string) {
  return [...events].reverse().map(({ at, step, by, details }) => ({
    what: words.t(eventNames[step] ?? step),
    when: words.dateTime(at),
    who: by === 'system' ? words.t('система') : nameOf(by),
    reason: typeof details.reason === 'string' ? details.reason : '',
  }));
}

/** Where the day comes from: the winning rule, its citation, and those that lost. */
export function because(due: Due, law: Law, words: Words) {
  const { winner, losers, digest } = due.because;
  const ruleTitle = (id: string): string => {
    try {
      return law.rule(id).title;
    } catch {
      return id;
    }
  };
  return {
    dueOn: words.date(due.dueOn),
    lateFrom: due.lateFrom ? words.dateTime(due.lateFrom) : '',
    outerOn: due.outerOn ? words.date(due.outerOn) : '',
    rule: ruleTitle(winner.rule),
    value: winner.value,
    cite: cite(winner.cite, words.locale),
    losers: losers.map((step) => ({
      rule: ruleTitle(step.rule),
      value: step.value,
      cite: cite(step.cite, words.locale),
      why: step.why ?? '',
      on: step.on ? words.date(step.on) : '',
    })),
    note: due.because.note ?? '',
    digest,
    skipped: due.skipped.map(({ day, why }) => `${words.date(day)} — ${why}`),
  };
}

/** Which actions the card offers; a reason stands where one is not possible. */
export function actions(request: DataRequest, today: Today, words: Words, canDecide: boolean) {
  const { t } = words;
  const open = !['answered', 'refused', 'withdrawn', 'closed'].includes(request.state);
  const beforeBase = request.dueOn ? request.dueOn.since(today.today).sign >= 0 : false;
  const extendable = open && !request.extended && beforeBase;
  const packed = ['access', 'portability'].includes(request.kind);
  const decided = request.kind === 'restriction' ? request.blocked : request.stoppedPurpose !== null;
  const needsDecision = request.kind in decisions && request.subject !== null;
  const inWords = !packed && request.kind !== 'erasure' && !needsDecision;
  const identified = request.state === 'identified';
  // Whom no store knows gets an answer at once: there is nothing to collect, to restrict or to erase.
  const ready = identified && (inWords || request.subject === null || (needsDecision && decided));
  return {
    identify: ['received', 'identity-asked'].includes(request.state),
    collect: packed && request.subject !== null && ['identified', 'collecting', 'draft'].includes(request.state),
    answer: canDecide && (request.state === 'draft' || ready),
    needsText: inWords && (request.subject !== null || !(request.kind in decisions)),
    mayHaveText: request.subject !== null && (needsDecision || request.kind === 'portability'),
    restrict: canDecide && identified && needsDecision && request.kind === 'restriction' && !decided,
    stop: canDecide && identified && needsDecision && request.kind === 'interest-objection' && !decided,
    lift: canDecide && request.kind === 'restriction' && request.blocked && request.answeredAt !== null,
    collects: packed || request.kind === 'erasure',
    plan: request.plan,
    extend: canDecide && extendable,
    whyNotExtend: !open
      ? ''
      : request.extended
        ? t('Продлить срок нельзя: уже использовано {{day}}.', { day: words.date(request.extended.at) })
        : beforeBase
          ? ''
          : t('Продлить срок нельзя: базовый срок истёк.'),
    refuse: canDecide && open && request.state !== 'erasing',
    close: ['answered', 'refused', 'withdrawn'].includes(request.state),
  };
}
