import type { Tone, Words } from '../../http/index.ts';
import type { Checkpoint, Entry, Verification } from '../../journal/index.ts';

// What an action means to a reader. An action that is not here is shown by its name.
export const actionNames: Record<string, string> = {
  'request.received': 'Обращение получено',
  'request.identity-asked': 'Запрошено подтверждение личности',
  'request.identified': 'Личность подтверждена',
  'request.planned': 'Составлен план удаления',
  'request.collected': 'Данные собраны',
  'request.collection-failed': 'Собрано не всё: одна из систем не ответила',
  'request.opened': 'Просмотрены материалы обращения',
  'request.answered': 'Ответ отправлен',
  'request.refused': 'Отправлен отказ',
  'request.extended': 'Срок продлён',
  'request.blocked': 'Данные заблокированы',
  'request.unblocked': 'Блокирование снято',
  'request.rectified': 'Данные уточнены',
  'request.withdrawn': 'Обращение отозвано заявителем',
  'request.closed': 'Обращение закрыто',
  'log.access-asked': 'Запрошен доступ к журналу сообщений',
  'log.access-refused': 'Отказано в доступе к журналу сообщений',
  'log.access-granted': 'Разрешён доступ к журналу сообщений',
  'log.viewed': 'Показаны записи журнала сообщений',
  'log.access-reported': 'Составлен отчёт о доступе',
  'erasure.planned': 'Составлен план удаления',
  'erasure.checked': 'План удаления проверен',
  'erasure.started': 'Начато удаление',
  'erasure.done': 'План удаления выполнен',
  'erasure.partly': 'План удаления выполнен частично',
  'erasure.cancelled': 'План удаления отменён',
  'sweep.started': 'Начато уничтожение по срокам',
  'sweep.done': 'Уничтожение по срокам закончено',
  'sweep.partly': 'Уничтожение по срокам выполнено частично',
  'data.probed': 'Проверено, что данных на диске нет',
  'document.accepted': 'Принята редакция документа (акцепт)',
  'document.acquainted': 'Ознакомление с редакцией документа',
  'journal.bodies-erased': 'Уничтожено содержание записей журнала',
  'mail.bounce-taken': 'Принято извещение о недоставке письма',
  'mail.taken': 'Принято входящее письмо',
  'project.active': 'Проект работает',
  'project.suspended': 'Проект приостановлен',
  'act.made': 'Составлен акт об уничтожении',
  'act.signed': 'Акт подписан',
  'vault.shred-intended': 'Решено уничтожить ключи',
  'vault.shredded': 'Ключи уничтожены',
  'hold.placed': 'Установлен запрет на уничтожение',
  'hold.released': 'Запрет на уничтожение снят',
  'account.first-administrator': 'Назначен первый администратор',
  'account.registered': 'Зарегистрирован пользователь',
  'account.signed-in': 'Вход в систему',
  'account.recovery-code-used': 'Использован резервный код',
  'account.second-factor-on': 'Второй фактор включён',
  'account.second-factor-off': 'Второй фактор выключен',
  'account.password-set': 'Пароль изменён',
  'account.profile-changed': 'Профиль изменён',
  'account.noticed': 'Отправлено уведомление о неактивности',
  'account.active-again': 'Активность возобновлена',
  'account.blocked': 'Аккаунт заблокирован',
  'account.restored': 'Аккаунт восстановлен',
  'account.deletion-started': 'Аккаунт удаляется пользователем',
  'account.ended': 'Договор прекращён',
  'account.invited': 'Приглашён сотрудник',
  'account.roles-changed': 'Роли изменены',
  'account.closed': 'Учётная запись сотрудника закрыта',
  'consent.given': 'Дано согласие',
  'consent.withdrawn': 'Согласие отозвано',
  'edition.added': 'Добавлена редакция документа',
  'edition.announced': 'Редакция объявлена пользователям',
  'letter.queued': 'Письмо поставлено в очередь',
  'letter.sent': 'Письмо отправлено',
  'letter.bounced': 'Письмо вернулось',
  'letter.cancelled': 'Письмо отменено',
  'document.made': 'Создан документ',
  'document.replaced': 'Документ составлен заново',
  'document.opened': 'Документ открыт сотрудником',
  'obligation.extended': 'Срок обязанности продлён',
  'obligation.overdue': 'Срок обязанности истёк',
  'payment.recorded': 'Записан платёж',
  'period.ended': 'Оплаченный период закончился',
  'project.created': 'Создан проект',
  'project.deleted': 'Проект удалён',
  'token.issued': 'Выпущен токен',
  'token.revoked': 'Токен отозван',
  'task.done': 'Ручная задача выполнена',
  'journal.read': 'Журнал прочитан',
};

/** The first part of an action: the filter of the page. */
export const actionGroups: [string, string][] = [
  ['log.', 'Доступ к журналу сообщений'],
  ['request.', 'Обращения'],
  ['erasure.', 'Планы удаления'],
  ['sweep.', 'Уничтожение по срокам'],
  ['act.', 'Акты'],
  ['vault.', 'Ключи'],
  ['account.', 'Учётные записи'],
  ['project.', 'Проекты'],
  ['token.', 'Токены'],
  ['journal.', 'Чтение журнала'],
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
