import type { Command } from 'commander';
import { Temporal } from '../../base/index.ts';
import { cite, type Law } from '../../law/index.ts';
import type { CliContext } from '../app.ts';
import type { Answer, Change, Editions, Example, Point, Side } from '../changes.ts';
import { inRussian, momentInRussian, parseDay } from '../moments.ts';
import { print, UsageError } from '../output.ts';
import { type Asked, openLaw, withLaw } from '../packs.ts';

/** `srok diff`: what changes in the law or in a pack between two days. */
export function addDiffCommand(program: Command, context: CliContext): void {
  withLaw(program.command('diff'))
    .description('что меняется в законе и в правилах оператора между двумя днями')
    .requiredOption('--from <day>', 'с чем сравнивать: этот день ещё по-старому')
    .requiredOption('--to <day>', 'последний день, изменения которого показать')
    .action(async (options: Asked & { from: string; to: string }) => {
      const [from, to] = [parseDay(options.from), parseDay(options.to)];
      if (Temporal.PlainDate.compare(to, from) < 0) {
        throw new UsageError(`День --to (${to}) раньше дня --from (${from}).`, [], 'days.reversed');
      }
      const law = await openLaw(context, options.operator);
      const { changesBetween, editionsBetween } = await import('../changes.ts');
      const changes = changesBetween(law, from, to);
      const editions = editionsBetween(law, from, to);
      const { digest } = law;
      print(options.json, { operator: options.operator, from, to, changes, editions, digest }, () =>
        inWords(changes, editions, law),
      );
    });
}

const whatWords: Record<Change['what'], string> = { begins: 'начинает', changes: 'меняется', ends: 'заканчивается' };

function inWords(changes: readonly Change[], editions: Editions, law: Law): string {
  const blocks = [
    ...changes.map((change) => changeWords(change, law)),
    ...editions.map(({ title, published, effective }) =>
      [`${inRussian(effective)}  вступает в силу редакция: ${title}`, `  опубликована ${inRussian(published)}`].join(
        '\n',
      ),
    ),
  ];
  return blocks.join('\n\n') || 'Ничего не меняется.';
}

function changeWords({ on, title, rule, what, before, after, governs, items, examples }: Change, law: Law): string {
  const side = ({ value, cite: from }: Side): string => `${value} — ${cite(from, 'ru')}`;
  const points = (name: string, list: readonly Point[]): string[] =>
    list.map(({ point, title: said }) => `  ${name} ${point}: ${said}`);
  return [
    `${inRussian(on)}  ${whatWords[what]}: ${title} (${rule})`,
    before && `  было: ${side(before)}`,
    after && `  стало: ${side(after)}`,
    governs === 'open' && '  распространяется и на сроки, которые уже идут',
    ...(items
      ? [...points('новый', items.added), ...points('убран', items.removed), ...points('изменён', items.changed)]
      : []),
    ...examples.map((example) => exampleWords(example, law)),
  ]
    .filter(Boolean)
    .join('\n');
}

function exampleWords({ asks, of, event, before, after }: Example, law: Law): string {
  const what = asks === 'due' ? law.dutyType(of).title : law.category(of).title;
  const [was, is] = [answerWords(before, law.zone), answerWords(after, law.zone)];
  return `  ${what}, событие ${inRussian(event)}: ${was === is ? `${is}, как и раньше` : `${was} → ${is}`}`;
}

function answerWords({ dueOn, lateFrom, mayFrom, keepUntil, destroyBy, refused }: Answer, zone: string): string {
  if (refused) return 'срока нет';
  if (keepUntil && destroyBy) return `хранить до ${inRussian(keepUntil)}, уничтожить до ${inRussian(destroyBy)}`;
  if (dueOn) return `до ${inRussian(dueOn)}`;
  if (mayFrom) return `можно с ${inRussian(mayFrom)}`;
  return lateFrom ? `поздно с ${momentInRussian(Temporal.Instant.from(lateFrom), zone)}` : 'срока нет';
}
