import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { operatorFile } from '../../plugin/index.ts';
import type { AppOptions, CliContext } from '../app.ts';
import { UsageError } from '../output.ts';

export interface HomeOptions {
  home: string;
  /** Unless told, the operator whose data folder it is. */
  operator?: string;
  json?: boolean;
}

/** The options of every command that opens an installation. */
export function withHome(command: Command): Command {
  return command
    .addOption(new Option('--home <dir>', 'папка данных').env('SROK_HOME').default('var'))
    .addOption(
      new Option('--operator <name>', 'пакет оператора; если не назван — тот, чья это папка, в новой — qsockets').env(
        'SROK_OPERATOR',
      ),
    )
    .option('--json');
}

const usualOperator = 'qsockets';

/** Whose data folder it is, as the first start wrote it down; null for a new one. */
function operatorOf(home: string): string | null {
  try {
    return readFileSync(join(home, operatorFile), 'utf8').trim() || null;
  } catch {
    return null;
  }
}

/** What the environment says about the outside world. Secrets stay here and are never printed. */
export function fromEnvironment({ home, operator }: HomeOptions): AppOptions {
  const { DATABASE_URL, SMTP_URL, MAIL_FROM, PUBLIC_URL, SROK_POLICIES, TRUST_PROXY } = process.env;
  const { NATS_URL, METRICS_TOKEN, DRAIN_SECONDS } = process.env;
  return {
    home,
    operator: operator ?? operatorOf(home) ?? usualOperator,
    ...(SROK_POLICIES ? { policies: SROK_POLICIES } : {}),
    ...(DATABASE_URL ? { databaseUrl: DATABASE_URL } : {}),
    ...(NATS_URL ? { natsUrl: NATS_URL } : {}),
    ...(METRICS_TOKEN ? { metricsToken: METRICS_TOKEN } : {}),
    ...(DRAIN_SECONDS ? { drainSeconds: secondsOf(DRAIN_SECONDS) } : {}),
    ...(SMTP_URL ? { smtpUrl: SMTP_URL } : {}),
    ...(MAIL_FROM ? { mailFrom: MAIL_FROM } : {}),
    ...(PUBLIC_URL ? { publicUrl: PUBLIC_URL.replace(/\/+$/, '') } : {}),
    ...(TRUST_PROXY === '1' ? { behindProxy: true } : {}),
  };
}

/**
 * The same for a command that only looks: it opens what is there, and begins no installation where there is none.
 * @throws UsageError `home.empty`
 */
export function whatIsThere(options: HomeOptions): AppOptions {
  const there = fromEnvironment(options);
  if (there.databaseUrl || existsSync(join(there.home, operatorFile))) return there;
  throw new UsageError(`В папке ${there.home} установки нет: назовите её папку (--home).`, [], 'home.empty');
}

/** @throws UsageError */
function secondsOf(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 600) return seconds;
  throw new UsageError(`DRAIN_SECONDS «${text}» — нужно целое число секунд от 0 до 600.`);
}

/** `srok serve`: web, the operator's plugins and jobs in one process, until it is told to stop. */
export function addServe(program: Command, { createApp }: CliContext): void {
  withHome(program.command('serve'))
    .description('запустить службу оператора: сайт, его модули и задания в одном процессе')
    .addOption(new Option('--port <number>', 'порт').env('PORT').default('3000'))
    .addOption(new Option('--host <address>', 'адрес').env('HOST').default('127.0.0.1'))
    .addOption(
      new Option('--node', 'один из нескольких узлов над одной базой (DATABASE_URL) и одной папкой данных').env(
        'SROK_NODE',
      ),
    )
    .action(async (options: HomeOptions & { port: string; host: string; node?: boolean }) => {
      const port = Number(options.port);
      if (!Number.isInteger(port) || port < 0 || port > 65_535) {
        throw new UsageError(`«${options.port}» — не порт: нужно целое число от 0 до 65535.`);
      }
      const app = await createApp({
        ...fromEnvironment(options),
        host: options.host,
        port,
        ...(options.node ? { node: true } : {}),
        cron: true,
        mode: 'service',
      });
      let stopping = false;
      const stop = (): void => {
        if (stopping) return;
        stopping = true;
        app.close().then(
          () => process.exit(0),
          () => process.exit(1),
        );
      };
      process.on('SIGINT', stop);
      // Started by the launcher under an older Node: when that one is killed, nobody is left to pass a signal on.
      process.once('disconnect', stop);
      process.channel?.unref();
      process.on('SIGTERM', stop);
      const link = await app.setupLink();
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ url: app.url, home: options.home, setup: link })}\n`);
        return;
      }
      const lines = [
        `Срок работает: ${app.url}`,
        `Данные: ${options.home}`,
        link
          ? `Первый администратор: откройте одноразовую ссылку ${link}`
          : `Вход для сотрудников: ${app.url}/auth/login`,
        'Показ на примере: npm run demo, затем npm start -- --home var/demo',
        'Остановить: Ctrl+C',
      ];
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}
