import { readdir } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type CoverageRow, coverageStatuses, nearest, readCoverage } from '../../law/index.ts';
import type { CliContext } from '../app.ts';
import { print, table, UsageError } from '../output.ts';
import { policiesOf } from '../packs.ts';

/** `srok coverage`: every rule and clause of the inventories, and what carries it out. */
export function addCoverageCommand(program: Command, context: CliContext): void {
  program
    .command('coverage')
    .description('каждое правило и каждый пункт документов: что их исполняет')
    .addOption(new Option('--operator <name>', 'только документы этого оператора (по умолчанию все и закон)'))
    .addOption(new Option('--status <status>', 'только строки с этим состоянием').choices(coverageStatuses))
    .option('--json')
    .action(async (options: { operator?: string; status?: string; json?: boolean }) => {
      const { rows, problems } = await readCoverage(policiesOf(context), context.root);
      const of = (row: CoverageRow) => options.operator === undefined || row.operator === options.operator;
      const mine = rows.filter(of);
      if (mine.length === 0) {
        throw await withoutRows(context, options.operator as string, rows);
      }
      const shown = mine.filter(({ status }) => options.status === undefined || status === options.status);
      const totals = Object.fromEntries(
        coverageStatuses.map((status) => [status, mine.filter((row) => row.status === status).length]),
      );
      const words = problems.map(({ file, line, reason }) => ({ file, line, reason }));
      print(
        options.json,
        {
          rows: shown.map(({ operator: _, ...row }) => row),
          totals,
          problems: words,
        },
        () =>
          [
            table(shown.map(line)),
            '',
            ...Object.entries(totals).map(([status, count]) => `${status}: ${count}`),
            ...problems.map(String),
          ].join('\n'),
      );
      if (problems.length > 0) process.exitCode = 1;
    });
}

/** An operator without a row is unknown, or its documents have no inventory yet. */
async function withoutRows(context: CliContext, operator: string, rows: readonly CoverageRow[]): Promise<UsageError> {
  const root = policiesOf(context);
  if ((await readdir(new URL('operators/', root))).includes(operator)) {
    const reason = `У «${operator}» ещё нет перечня правил: заведите policies/inventory/${operator}.yaml (см. docs/lawyers.md).`;
    return new UsageError(reason, [], 'coverage.no-inventory');
  }
  const known = [...new Set(rows.flatMap((row) => row.operator ?? []))];
  const near = nearest(operator, known, known.length);
  return new UsageError(`Перечня правил для «${operator}» нет.`, near, 'law.unknown-operator');
}

function line({ id, clauses, document, status, where, reason }: CoverageRow): string[] {
  const [first, ...more] = where;
  const place = first && `${first}${more.length > 0 ? ` и ещё ${more.length}` : ''}`;
  return [id ?? '—', `${document} ${clauses.join('; ')}`, status ?? 'нет', place ?? '', reason ?? ''];
}
