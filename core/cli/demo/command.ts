import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from '../app.ts';
import { print, UsageError } from '../output.ts';

const marker = 'demo.json';

/** `srok demo`: the main job from end to end, on a database of its own. */
export function addDemo(program: Command, { createApp }: CliContext): void {
  program
    .command('demo')
    .description('три года работы на показательных или ваших данных, с проверками; отчёт в папке данных')
    .option('--home <dir>', 'папка данных показа; прежний показ в ней удаляется', 'var/demo')
    .option('--payloads <dir>', 'папка с содержанием сообщений: каждый файл — одно сообщение')
    .option('--canary <text>', 'текст, который подкладывается в сообщения и потом ищется на диске')
    .option('--requests <dir>', 'папка с письмами субъектов (.eml)')
    .option('--json')
    .action(
      async (options: { home: string; payloads?: string; canary?: string; requests?: string; json?: boolean }) => {
        const home = resolve(options.home);
        // A database and a browser's part are loaded for the demo alone.
        const [{ lockHome }, { runDemo }] = await Promise.all([import('../../db/index.ts'), import('./index.ts')]);
        clear(home, lockHome);
        const result = await runDemo({
          createApp,
          home,
          quiet: options.json ?? false,
          ...(options.payloads ? { payloads: resolve(options.payloads) } : {}),
          ...(options.canary ? { canary: options.canary } : {}),
          ...(options.requests ? { requests: resolve(options.requests) } : {}),
        });
        print(options.json, { ok: result.ok, report: result.report, failures: result.failures }, () =>
          result.ok
            ? `Все проверки выполнены. Отчёт: ${result.report}\nПосмотреть: npm start -- --home ${options.home}`
            : `Не выполнено проверок: ${result.failures.length}. Отчёт: ${result.report}`,
        );
        if (!result.ok) process.exitCode = 1;
      },
    );
}

/** Only a folder that an earlier demo made may be emptied. */
function clear(home: string, lockHome: (home: string) => () => void): void {
  if (!existsSync(home)) return;
  const inside = readdirSync(home);
  if (inside.length > 0 && !existsSync(join(home, marker))) {
    throw new UsageError(`В папке ${home} лежат не данные показа. Укажите другую: --home DIR.`);
  }
  lockHome(home)();
  for (const name of inside) rmSync(join(home, name), { recursive: true, force: true });
}
