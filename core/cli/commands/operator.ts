import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from '../app.ts';
import { parseDay } from '../moments.ts';
import { print, table, UsageError } from '../output.ts';
import { fromEnvironment, type HomeOptions, withHome } from './service.ts';

const mimes: Record<string, string> = {
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.pdf': 'application/pdf',
};

/** `srok edition add`, `register`, `setup`: what an operator does once in a while, without a browser. */
export function addOperatorCommands(program: Command, { createApp }: CliContext): void {
  withHome(program.command('edition').description('редакции документов').command('add <file>'))
    .description('загрузить редакцию документа; загруженная редакция больше не меняется')
    .requiredOption('--document <id>', 'документ оператора, например offer или policy')
    .requiredOption('--published <day>', 'день опубликования')
    .requiredOption('--effective <day>', 'первый день действия')
    .action(async (file: string, options: HomeOptions & { document: string; published: string; effective: string }) => {
      const bytes = readEdition(file);
      const app = await createApp({ ...fromEnvironment(options), mode: 'command' });
      try {
        const { engine } = app;
        const edition = await engine.db.transaction((trx) =>
          engine.consents.editions.add(trx, {
            document: options.document,
            bytes,
            mime: mimes[extname(file).toLowerCase()] ?? 'application/octet-stream',
            published: parseDay(options.published),
            effective: parseDay(options.effective),
          }),
        );
        print(
          options.json,
          edition,
          () => `Редакция ${edition.id}, SHA-256 ${edition.sha256}, действует с ${options.effective}.`,
        );
      } finally {
        await app.close();
      }
    });

  withHome(program.command('register'))
    .description('реестр обработки персональных данных: хранилища, категории, цели, сроки')
    .action(async (options: HomeOptions) => {
      const app = await createApp({ ...fromEnvironment(options), mode: 'command' });
      try {
        const stores = app.engine.datamap.stores().map(({ key, store }) => ({
          key,
          title: store.title.ru,
          system: store.system.ru,
          subject: store.subject,
          categories: [...new Set(Object.values(store.columns))],
          purposes: store.purposes,
          schedule: store.schedule,
        }));
        print(options.json, { stores }, () =>
          table(stores.map(({ key, title, categories, schedule }) => [key, title, categories.join(', '), schedule])),
        );
      } finally {
        await app.close();
      }
    });

  withHome(program.command('setup'))
    .description('одноразовая ссылка первого администратора, пока администратора нет')
    .action(async (options: HomeOptions) => {
      const app = await createApp({ ...fromEnvironment(options), mode: 'command' });
      try {
        const link = await app.setupLink();
        print(options.json, { link }, () => link ?? 'Администратор уже есть.');
      } finally {
        await app.close();
      }
    });
}

function readEdition(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`Файл ${file} не читается (${(error as NodeJS.ErrnoException).code}).`);
  }
}
