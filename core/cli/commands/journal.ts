import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from '../app.ts';
import { print } from '../output.ts';
import { type HomeOptions, whatIsThere, withHome } from './service.ts';

/** `srok journal verify` and `export`: beside a running service, or on a folder whose service is stopped. */
export function addJournalCommands(program: Command, { createApp }: CliContext): void {
  const journal = program.command('journal').description('журнал: проверка и выгрузка');

  withHome(journal.command('verify'))
    .description('пересчитать журнал от первой записи и сверить с подписанной контрольной точкой')
    .option('--file <path>', 'проверить выгрузку вместо базы данных')
    .action(async (options: HomeOptions & { file?: string }) => {
      const app = await createApp({ ...whatIsThere(options), mode: 'command' });
      try {
        const result = options.file
          ? await app.engine.journal.verifyFile(resolve(options.file))
          : await app.engine.journal.verify();
        print(options.json, result, () =>
          result.ok
            ? `Журнал цел: записей ${result.size}, корень ${result.root}.`
            : `Журнал нарушен${result.problem?.seq ? ` на записи ${result.problem.seq}` : ''}${result.problem?.id ? ` (${result.problem.id})` : ''}${result.problem?.line ? `, строка ${result.problem.line}` : ''}: ${result.problem?.what}`,
        );
        if (!result.ok) process.exitCode = 1;
      } finally {
        await app.close();
      }
    });

  withHome(journal.command('export <file>'))
    .description('выгрузить журнал построчно (NDJSON), для проверки без базы данных')
    .action(async (file: string, options: HomeOptions) => {
      const app = await createApp({ ...whatIsThere(options), mode: 'command' });
      try {
        const result = await app.engine.journal.exportTo(resolve(file));
        print(
          options.json,
          { file, ...result },
          () => `Записей: ${result.entries}, корень ${result.root}, файл ${file}.`,
        );
      } finally {
        await app.close();
      }
    });
}
