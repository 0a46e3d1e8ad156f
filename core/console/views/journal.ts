import type { Tone, Words } from '../../http/index.ts';
import type { Checkpoint, Entry, Verification } from '../../journal/index.ts';

// What an action means to a reader. An action that is not here is shown by its name.
export const actionNames: Record<string, string> = {
  'request.received': 'Обращение получено',
  'request.identified': 'Личность подтверждена',
  'request.collected': 'Данные собраны',
  'request.opened': 'Просмотрены материалы обращения',
  'request.answered': 'Ответ отправлен',
  'request.refused': 'Отправлен отказ',
  'request.extended': 'Срок продлён',
  'request.closed': 'Обращение закрыто',
  'log.requested': 'Запрошен доступ к журналу сообщений',
  'log.refused': 'Отказано в доступе к журналу сообщений',
  'log.granted': 'Разрешён доступ к журналу сообщений',
  'log.viewed': 'Показаны записи журнала сообщений',
  'plan.made': 'Составлен план удаления',
  'plan.checked': 'План удаления проверен',
  'plan.executed': 'План удаления выполнен',
  'act.made': 'Составлен акт об уничтожении',
  'act.signed': 'Акт подписан',
  'hold.placed': 'Установлен запрет на уничтожение',
  'hold.released': 'Запрет на уничтожение снят',
  'account.registered': 'Зарегистрирован пользователь',
  'account.deleted': 'Аккаунт удалён пользователем',
  'account.blocked': 'Аккаунт заблокирован',
  'edition.added': 'Добавлена редакция документа',
  'letter.queued': 'Письмо поставлено в очередь',
  'document.created': 'Создан документ',
  'data.destroyed': 'Данные уничтожены',
};

/** The first part of an action: the filter of the page. */
export const actionGroups: [string, string][] = [
  ['log.', 'Доступ к журналу сообщений'],
  ['request.', 'Обращения'],
  ['plan.', 'Планы удаления'],
  ['act.', 'Акты'],
  ['vault.', 'Ключи'],
  ['account.', 'Учётные записи'],
  ['staff.', 'Сотрудники'],
  ['letter.', 'Письма'],
  ['document.', 'Документы'],
  ['edition.', 'Редакции документов'],
  ['hold.', 'Запреты на уничтожение'],
];

const short = (hash: string): string => (hash.length > 12 ? `${hash.slice(0, 4)}…${hash.slice(-4)}` : hash);

export function journalRows(entries: readonly Entry[], words: Words, nameOf: (id: string) => string) {
  return entries.map((entry) => ({
    seq: entry.seq,
    when: words.dateTime(entry.at),
    who: entry.actor === null ? '—' : entry.actor === 'system' ? words.t('система') : nameOf(entry.actor),
    action: words.t(actionNames[entry.action] ?? entry.action),
    code: entry.action,
    about: entry.about ?? '—',
    leaf: short(entry.leaf),
    fullLeaf: entry.leaf,
    body: entry.body === null ? null : JSON.stringify(entry.body, null, 1),
  }));
}

export interface ChainBanner {
  tone: Tone;
  strong: string;
  text: string;
}

/** Whole or broken, and where: in words. */
export function chainBanner(checked: Verification | null, checkpoint: Checkpoint | null, words: Words): ChainBanner {
  const { t } = words;
  if (checked && !checked.ok) {
    const place = checked.problem?.seq ? t('запись № {{seq}}', { seq: checked.problem.seq }) : t('контрольная точка');
    return { tone: 'red', strong: t('Цепочка нарушена: {{place}}.', { place }), text: checked.problem?.what ?? '' };
  }
  if (checked) {
    return {
      tone: 'grey',
      strong: t('Цепочка цела'),
      text: t('— {{count}} запись, проверено {{at}}. Корень: {{root}}.', {
        count: checked.size,
        at: words.dateTime(checked.checkedAt),
        root: short(checked.root),
      }),
    };
  }
  if (!checkpoint) return { tone: 'grey', strong: t('Журнал пока пуст.'), text: '' };
  return {
    tone: 'grey',
    strong: t('Последняя контрольная точка'),
    text: t('— {{count}} запись, {{at}}. Корень: {{root}}.', {
      count: checkpoint.size,
      at: words.dateTime(checkpoint.at),
      root: short(checkpoint.root),
    }),
  };
}
