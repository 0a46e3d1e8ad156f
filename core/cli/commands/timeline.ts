import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { cite, type Law } from '../../law/index.ts';
import type { CliContext } from '../app.ts';
import { inRussian } from '../moments.ts';
import { print, table } from '../output.ts';
import { openLaw } from '../packs.ts';
import type { Entry, Kind } from '../timeline/index.ts';

/** `srok timeline FILE`: what will follow from the facts of a scenario, without a database. */
export function addTimelineCommand(program: Command, context: CliContext): void {
  program
    .command('timeline <file>')
    .description('что последует из событий сценария (YAML): обязанности, жизнь учётных записей, сроки записей')
    .option('--json', 'ответ в JSON')
    .action(async (path: string, options: { json?: boolean }) => {
      const { entries, law } = await playFile(context, path);
      print(options.json, { entries }, () => inWords(entries, law));
    });
}

/** @throws Refusal `scenario.invalid`: file, line, reason; `law.unknown-operator` */
export async function playFile(context: CliContext, path: string): Promise<{ entries: Entry[]; law: Law }> {
  // The rooms behind a timeline are loaded for it alone: other questions answer without them.
  const { openScenario, readScenario, timelineOf, wrongFact } = await import('../timeline/index.ts');
  const schema = new URL('policies/schema/cli/timeline-scenario.schema.json', context.root);
  const file = await openScenario(resolve(path), JSON.parse(await readFile(schema, 'utf8')));
  const law = await openLaw(context, file.data.operator);
  const scenario = await readScenario(file, law);
  return { law, entries: timelineOf(law, scenario, (place, reason) => wrongFact(file, place, reason)) };
}

const kindWords: Record<Kind, string> = {
  opened: 'открыта',
  due: 'последний день',
  discharged: 'исполнена',
  overdue: 'просрочена',
  state: 'состояние',
  'keep-until': 'хранить до',
  'destroy-from': 'уничтожить с',
  'destroy-by': 'уничтожить до',
};

const stateWords: Record<string, string> = {
  active: 'действует',
  noticed: 'предупреждена о неактивности',
  blocked: 'заблокирована',
  deleted: 'договор прекращён',
  erased: 'данные уничтожены',
  published: 'опубликована',
  'in-force': 'действует',
  replaced: 'заменена',
  created: 'создан',
  suspended: 'приостановлен',
  paid: 'оплачено',
  unpaid: 'не оплачено',
};
const inState = (state: string): string => stateWords[state] ?? state;

function inWords(entries: readonly Entry[], law: Law): string {
  const rows = entries.map(({ on, at, kind, about, rule, from, to, because }) => [
    `${inRussian(on)} ${at.slice(11, 16)}`,
    kindWords[kind],
    about,
    kind === 'state'
      ? [from, to].flatMap((state) => (state ? [inState(state)] : [])).join(' → ')
      : rule
        ? titleOf(law, rule)
        : '',
    because ? `${because.winner.value} — ${cite(because.winner.cite, 'ru')}` : '',
  ]);
  return rows.length > 0 ? table(rows) : 'Ничего не последует.';
}

/** What a line is about: records are known by their category, duties by the rule that bounds them. */
function titleOf(law: Law, id: string): string {
  const { category, title } = law.rule(id);
  return category ? law.category(category).title : title;
}
