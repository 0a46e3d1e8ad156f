import { Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import { notAboutAnyone, type RegisteredStore } from '../datamap/index.ts';
import type { Law } from '../law/index.ts';
import { actionWords } from './actions.ts';
import { ru, timeOf } from './due.ts';
import { channelWords, kindWords } from './words.ts';

/*
 * What stores hand out under the names of machines, in the words of the person it is about: heads of columns and the
 * values of closed vocabularies. `store.field` stands before `field`.
 */

export const fieldWords: Readonly<Record<string, string>> = {
  about: 'К чему относится',
  accepted_at: 'Время акцепта',
  acceptedAt: 'Время акцепта',
  account: 'Номер учётной записи',
  act: 'Акт об уничтожении',
  action: 'Действие',
  activatedAt: 'Начал работать',
  amount: 'Сумма',
  askedAt: 'Когда запрошено',
  at: 'Время',
  because: 'Основание',
  by: 'Чьё решение',
  bytes: 'Объём, байт',
  categories: 'Категории данных',
  category: 'Категория данных',
  channel: 'Способ связи',
  connections: 'Соединений одновременно',
  count: 'Записей',
  created_at: 'Создано',
  createdAt: 'Создан',
  customer: 'Кто заявил',
  day: 'День',
  device: 'Устройство',
  document: 'Документ',
  dropped: 'Отклонено сообщений',
  edition: 'Редакция',
  effective: 'Действует с',
  email: 'Электронная почта',
  eraseBy: 'Уничтожить до',
  expires_at: 'Действует до',
  fact: 'Событие',
  from: 'С какого дня',
  given_at: 'Когда дано',
  given_via: 'Где дано',
  grant: 'Номер разрешения',
  ground: 'Основание',
  id: 'Номер записи',
  invoice: 'Счёт',
  issued_on: 'Дата выставления',
  kind: 'Вид',
  kopecks: 'Сумма, ₽',
  last_active_on: 'Последняя активность',
  letter: 'Письмо',
  locale: 'Язык',
  made_at: 'Когда составлен',
  madeOn: 'Дата',
  messages: 'Сообщений',
  months: 'Месяцев',
  name: 'Имя',
  need: 'Документ о необходимости',
  number: 'Номер',
  of: 'Что подтверждено',
  origin: 'Откуда (псевдоним адреса)',
  outcome: 'Результат',
  paid_at: 'Оплачено',
  paidAt: 'Оплачено',
  paidUntil: 'Оплачено по',
  payerInn: 'ИНН плательщика',
  payerName: 'Плательщик',
  payment: 'Номер платежа',
  percent: 'Использовано, %',
  placed_at: 'Размещено',
  plan: 'Тариф',
  position: 'Должность',
  project: 'Номер проекта',
  purpose: 'Цель',
  queued_at: 'Когда составлено',
  read_at: 'Прочитано',
  received_at: 'Получено',
  receivedAt: 'Получено',
  registered_at: 'Дата регистрации',
  seq: 'Номер записи',
  sha256: 'Контрольная сумма',
  state: 'Состояние',
  subject: 'Тема',
  text: 'Текст',
  title: 'Название',
  to: 'По какой день',
  tokens: 'Токены',
  until: 'Хранится по',
  url: 'Адрес',
  user_agent: 'Программа',
  via: 'Где сделано',
  what: 'Что',
  withdrawn_at: 'Когда отозвано',
  withdrawn_via: 'Где отозвано',
  wording: 'Текст согласия',
  'connectors.tasks.kind': 'Что поручено',
  'connectors.tasks.title': 'Где',
  'letters.letters.to': 'Кому',
  'obligations.facts.what': 'Какой лимит',
  'relay.projects.name': 'Название',
  'relay.projects.state': 'Состояние проекта',
  'requests.cases.channel': 'Способ подачи',
  'requests.identity.type': 'Вид файла',
  'retention.holds.until': 'По какой день',
};

const via = { registration: 'при регистрации', dashboard: 'в личном кабинете', api: 'через программный интерфейс' };
const documentKinds = {
  'destruction-act': 'акт об уничтожении',
  'request-receipt': 'расписка о приёме обращения',
  'access-answer': 'ответ на запрос о доступе',
  'no-data-answer': 'ответ об отсутствии данных',
  'erasure-answer': 'ответ об уничтожении',
  attachment: 'приложение',
  'log-access-report': 'отчёт о доступе к журналам',
  invoice: 'счёт',
};

/** Field → value → words. A value that is not here is somebody's own text and is printed as it is. */
export const valueWords: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  action: actionWords,
  by: {
    user: 'пользователь',
    request: 'субъект, по обращению',
    inactivity: 'договор: неактивность',
    operator: 'оператор',
  },
  channel: channelWords,
  customer: { business: 'организация', consumer: 'потребитель' },
  document: {
    offer: 'оферта',
    policy: 'политика конфиденциальности',
    consent: 'согласие на обработку персональных данных',
    price: 'тарифы',
    cookies: 'политика обработки файлов cookie',
  },
  given_via: via,
  ground: {
    violation: 'нарушение условий договора',
    unlawful: 'использование сервиса в противоправных целях',
    'third-party-rights': 'нарушение прав третьих лиц',
    security: 'угроза безопасности сервиса',
    bypass: 'обход ограничений сервиса',
    inactivity: 'длительная неактивность',
    agreement: 'соглашение сторон',
    'user-notice': 'отказ пользователя от договора',
    'operator-notice': 'отказ оператора от договора',
    breach: 'нарушение договора',
    'account-deleted': 'удаление учётной записи',
    'force-majeure': 'непреодолимая сила',
    'period-ended': 'оплаченный период закончился',
    dispute: 'платёж оспорен',
    account: 'учётная запись заблокирована',
    restricted: 'обработка ограничена по обращению',
    'repeat-too-soon': 'повторный запрос раньше срока',
    'interest-prevails': 'законный интерес важнее доводов возражения',
    'other-law': 'ограничение установлено иным федеральным законом',
  },
  kind: {
    ...kindWords,
    ...documentKinds,
    collect: 'собрать сведения',
    erase: 'уничтожить сведения',
    rectify: 'уточнить сведения',
    restrict: 'заблокировать сведения',
    lift: 'снять ограничение',
    acceptance: 'акцепт',
    acquaintance: 'ознакомление',
    login: 'вход',
    project: 'действие с проектом',
    message: 'сообщение',
    payment: 'платёж',
    other: 'иное',
    unlawful: 'сообщение о неправомерной обработке',
    'marketing-stop': 'отказ от рекламных сообщений',
    regulator: 'запрос Роскомнадзора',
  },
  locale: { ru: 'русский', en: 'английский' },
  of: { inaccuracy: 'неточность данных', unneeded: 'данные не нужны для цели обработки' },
  outcome: {
    in: 'вход выполнен',
    'wrong-password': 'неверный пароль',
    'wrong-code': 'неверный код',
    'second-factor': 'второй фактор подключён',
  },
  state: {
    invited: 'приглашён',
    active: 'действует',
    noticed: 'действует, направлено уведомление о неактивности',
    blocked: 'доступ заблокирован',
    deleted: 'учётная запись удалена, данные ждут уничтожения',
    erased: 'данные уничтожены',
    closed: 'закрыта',
    executed: 'выполнен',
    asked: 'запрошено',
    granted: 'разрешено',
    refused: 'отказано',
    expired: 'срок разрешения истёк',
  },
  via,
  what: { messages: 'сообщения за сутки', connections: 'одновременные соединения' },
  withdrawn_via: via,
  'billing.documents.kind': { period: 'за период', change: 'за увеличение лимитов' },
  'relay.projects.state': {
    waiting: 'ждёт оплаты',
    active: 'действует',
    suspended: 'приостановлен',
    deleted: 'удалён',
  },
  'requests.cases.kind': kindWords,
};

/** What an id is of, by its prefix. */
const idWords: Readonly<Record<string, string>> = {
  acc: 'учётная запись',
  acp: 'акцепт',
  act: 'акт',
  cns: 'согласие',
  con: 'соединение',
  dlv: 'отправка письма',
  doc: 'документ',
  edn: 'редакция',
  grt: 'разрешение',
  hld: 'запрет уничтожения',
  inv: 'счёт',
  jrn: 'запись журнала',
  ltr: 'письмо',
  msg: 'сообщение',
  obl: 'обязанность',
  pay: 'платёж',
  pln: 'план уничтожения',
  prd: 'оплаченный период',
  prj: 'проект',
  req: 'обращение',
  sgn: 'вход',
  sub: 'субъект',
  swp: 'уничтожение по сроку',
  tok: 'токен',
  tsk: 'задача',
};

/** A hold may name the first part of categories: 'message' stands for all that begin with it. */
const kindsOfCategories: Readonly<Record<string, string>> = {
  account: 'Данные учётной записи',
  message: 'Сообщения: содержание и метаданные',
  billing: 'Платежи и счета',
  request: 'Обращения',
  destruction: 'Доказательства уничтожения',
  letter: 'Письма',
  journal: 'Журнал учёта действий',
  log: 'Доступ к журналам сообщений',
  consent: 'Согласия',
};

const idPattern = /^([a-z]{3})_[0-9a-z]{26}$/;
const digest = /^[0-9a-f]{64}$/;

/** Longer texts are in the annex. */
const lettersInPrint = 600;

export type Cell = string | number | null;

/** Says heads and values of a store's rows in Russian. */
export interface Labels {
  /** Heads in the order of the columns, no two alike. */
  heads(entry: RegisteredStore, columns: readonly string[]): string[];
  /** On paper ids and digests are shortened and hard line breaks of letters taken out; in a file all is whole. */
  say(entry: RegisteredStore, column: string, value: unknown, on: 'paper' | 'file'): Cell;
}

export function createLabels(law: Law): Labels {
  const { operator, zone } = law;
  const titles = {
    plan: new Map(operator.plans.map(({ id, title }) => [id, title])),
    document: new Map(operator.documents.map(({ id, title }) => [id, title])),
    purpose: new Map(
      [...operator.purposes, ...(operator.logAccess?.purposes ?? [])].map(({ id, title }) => [id, title]),
    ),
  };

  /** A field without a word of its own goes by the category of its column, or else of its store. */
  function fallback({ store }: RegisteredStore, column: string): string {
    const plain = column.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const [, declared] = Object.entries(store.columns).find(([name]) => name.split('.')[2] === plain) ?? [];
    const category = declared && declared !== notAboutAnyone ? declared : store.schedule;
    return categoryTitle(category)?.split(':')[0] ?? store.title.ru;
  }

  function categoryTitle(id: string): string | undefined {
    try {
      return law.category(id).title;
    } catch {
      return undefined;
    }
  }

  function known(entry: RegisteredStore, column: string, value: string): string | undefined {
    const word = valueWords[`${entry.key}.${column}`]?.[value] ?? valueWords[column]?.[value];
    if (word !== undefined) return word;
    if (column === 'plan' || column === 'document' || column === 'purpose') return titles[column].get(value);
    if (column === 'category' || column === 'categories') {
      return value
        .split(', ')
        .map((id) => categoryTitle(id)?.split(':')[0] ?? kindsOfCategories[id] ?? id)
        .join(', ');
    }
    return undefined;
  }

  return {
    heads(entry, columns) {
      const seen = new Map<string, number>();
      return columns.map((column) => {
        const head = fieldWords[`${entry.key}.${column}`] ?? fieldWords[column] ?? fallback(entry, column);
        const count = (seen.get(head) ?? 0) + 1;
        seen.set(head, count);
        return count === 1 ? head : `${head} (${count})`;
      });
    },

    say(entry, column, value, on) {
      const plain = cell(value);
      if (column === 'kopecks' && typeof plain === 'number') return (plain / 100).toFixed(2).replace('.', ',');
      if (typeof plain !== 'string') return plain;
      const word = known(entry, column, plain);
      if (word !== undefined) return word;
      if (/^\d{4}-\d{2}-\d{2}$/.test(plain)) return ru(Temporal.PlainDate.from(plain));
      if (/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(plain)) {
        const at = Temporal.Instant.from(plain);
        return `${ru(dayOf(at, zone))}, ${timeOf(at, zone)}\u00a0МСК`;
      }
      const [, prefix = ''] = idPattern.exec(plain) ?? [];
      const of = column === 'about' ? idWords[prefix] : undefined;
      if (on === 'file') return of ? `${of} ${plain}` : plain;
      if (prefix) return of ? `${of} …${plain.slice(-6)}` : `…${plain.slice(-6)}`;
      if (digest.test(plain)) return `${plain.slice(0, 8)}…${plain.slice(-8)}`;
      return shorten(/[\r\n]/.test(plain) ? reflow(plain) : plain);
    },
  };
}

/**
 * Takes the hard breaks out of a letter: a line is joined with the next where the next word had no room on it, as
 * programs break. Empty lines, items of lists, quotes and short lines (a signature) stay as they are.
 */
export function reflow(text: string): string {
  const lines = text
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => line.trimEnd());
  const room = Math.min(78, Math.max(...lines.map((line) => line.length)));
  const done: string[] = [];
  let open = false;
  for (const [index, line] of lines.entries()) {
    const starts = line === '' || /^\s*(?:[-–—•*>]|\d+[.)])/.test(line);
    if (open && !starts) done.push(`${done.pop()} ${line.trimStart()}`);
    else if (line !== '' || (done.at(-1) ?? '') !== '') done.push(line);
    const [next = ''] = lines[index + 1]?.trimStart().split(' ') ?? [];
    open = line.length >= 50 && next !== '' && line.length + 1 + next.length > room;
  }
  return done.join('\n').trim();
}

/** A long text is printed by its beginning. */
function shorten(text: string): string {
  if (text.length <= lettersInPrint) return text;
  const cut = text.slice(0, lettersInPrint);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), cut.lastIndexOf('\n'))).trimEnd()} … [полностью — в приложении]`;
}

/** A value of a row as text or number; days and moments stay as machines write them. */
export function cell(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'да' : 'нет';
  // Days and instants have a text of their own; anything else is written as JSON.
  return Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value)
    ? JSON.stringify(value)
    : String(value);
}
