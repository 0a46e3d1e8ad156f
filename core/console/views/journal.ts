import type { Tone, Words } from '../../http/index.ts';
import type { Checkpoint, Entry, Verification } from '../../journal/index.ts';
import { actionWords } from '../../requests/index.ts';

/** The first part of an action that only the relay writes. */
const ofRelay: readonly string[] = ['log.', 'project.', 'token.'];

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

/** The groups that this installation can have entries of. */
export function groupsOf({ relays }: { relays: boolean }): [string, string][] {
  return actionGroups.filter(([id]) => relays || !ofRelay.includes(id));
}

const short = (hash: string): string => (hash.length > 12 ? `${hash.slice(0, 4)}…${hash.slice(-4)}` : hash);

export function journalRows(entries: readonly Entry[], words: Words, nameOf: (id: string) => string) {
  return entries.map((entry) => ({
    seq: entry.seq,
    when: words.dateTime(entry.at),
    who: entry.actor === null ? '—' : entry.actor === 'system' ? words.t('система') : nameOf(entry.actor),
    action: words.t(actionWords[entry.action] ?? entry.action),
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
