import { Refusal } from '../base/index.ts';
import type { DestroyedCarriers } from '../datamap/index.ts';
import type { ManualTask, TaskResult } from './types.ts';

const longest = 200;
const mostCarriers = 200;
const mostSheets = 1_000_000;

/**
 * Checks what a person says of a task, and answers what of it is sealed: the rows that were found, or the carriers that
 * were destroyed.
 * @throws Refusal `task.malformed` | `task.no-carriers` | `task.carriers`, with the field
 */
export function checkResult(
  task: Pick<ManualTask, 'action' | 'automation'>,
  { records, rows, carriers }: TaskResult,
): Record<string, unknown>[] | DestroyedCarriers | null {
  if (!Number.isSafeInteger(records) || records < 0) throw malformed('records');
  if (rows && task.action !== 'collect') throw malformed('rows');
  const destroyed = task.action === 'erase' && records > 0;
  if (carriers && !destroyed) {
    throw new Refusal('task.carriers', 'invalid', {
      field: 'carriers',
      message: 'Carriers are named only where something was destroyed.',
    });
  }
  if (destroyed && task.automation === 'none' && !carriers?.list.length) {
    throw new Refusal('task.no-carriers', 'invalid', {
      field: 'carriers',
      message: 'Papers were destroyed: name each carrier with the number of its sheets.',
    });
  }
  return carriers ? checkCarriers(carriers) : (rows ?? null);
}

function checkCarriers({ list, way, by }: DestroyedCarriers): DestroyedCarriers {
  if (list.length === 0 || list.length > mostCarriers) throw malformed('carriers.list');
  return {
    list: list.map(({ name, sheets }, index) => {
      if (!Number.isSafeInteger(sheets) || sheets < 1 || sheets > mostSheets) {
        throw malformed(`carriers.list.${index}.sheets`);
      }
      return { name: words(name, `carriers.list.${index}.name`), sheets };
    }),
    way: words(way, 'carriers.way'),
    by: { name: words(by.name, 'carriers.by.name'), post: words(by.post, 'carriers.by.post') },
  };
}

function words(text: string, field: string): string {
  const trimmed = text.trim();
  if (!trimmed || trimmed.length > longest) throw malformed(field);
  return trimmed;
}

const malformed = (field: string): Refusal => new Refusal('task.malformed', 'invalid', { field });
