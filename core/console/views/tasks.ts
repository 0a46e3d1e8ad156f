import type { ManualTask } from '../../connectors/index.ts';
import type { Tone, Words } from '../../http/index.ts';

export const actionNames: Record<ManualTask['action'], string> = {
  collect: 'Найти и выписать данные',
  erase: 'Уничтожить данные',
  rectify: 'Уточнить данные',
  restrict: 'Заблокировать данные',
  lift: 'Снять блокировку',
};

export interface TaskRow {
  path: string;
  action: string;
  title: string;
  system: string;
  openedAt: string;
  papers: boolean;
  state: { name: string; tone: Tone };
  done: string;
}

export function taskRow(task: ManualTask, words: Words): TaskRow {
  const { t, locale } = words;
  return {
    path: `/dpo/tasks/${task.id}`,
    action: t(actionNames[task.action]),
    title: task.title[locale],
    system: task.system[locale],
    openedAt: words.dateTime(task.openedAt),
    papers: task.automation === 'none',
    state: task.doneAt ? { name: t('Исполнена'), tone: 'green' } : { name: t('Ждёт работника'), tone: 'amber' },
    done: task.doneAt ? `${words.dateTime(task.doneAt)} · ${t('{{count}} запись', { count: task.records ?? 0 })}` : '',
  };
}

/** One line of the form: as it was typed. */
export interface CarrierLine {
  name: string;
  sheets: string;
}

/** A form that nobody has touched shows this many lines for carriers, and a click adds as many. */
export const linesAtOnce = 3;

/** The lines to show: those that were typed, and room for more. */
export function carrierLines(names: readonly string[], sheets: readonly string[], more: boolean): CarrierLine[] {
  const typed = names.map((name, index) => ({ name, sheets: sheets[index] ?? '' }));
  const wanted = more ? typed.length + linesAtOnce : Math.max(typed.length, linesAtOnce);
  return [...typed, ...Array.from({ length: wanted - typed.length }, () => ({ name: '', sheets: '' }))];
}
