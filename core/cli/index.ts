/**
 * The command line: `srok serve`, `demo`, questions to the law, timelines, editions, the journal. Knows the rooms of the core and
 * how to open an installation; knows no plugin, and does nothing that a screen or the API could not.
 */
import { Command, CommanderError } from 'commander';
import type { CliContext } from './app.ts';
import { addCalendarCommand } from './commands/calendar.ts';
import { addCoverageCommand } from './commands/coverage.ts';
import { addDiffCommand } from './commands/diff.ts';
import { addInit } from './commands/init.ts';
import { addJournalCommands } from './commands/journal.ts';
import { addLawCommands } from './commands/law.ts';
import { addOperatorCommands } from './commands/operator.ts';
import { addServe } from './commands/service.ts';
import { addTimelineCommand } from './commands/timeline.ts';
import { addWhyCommand } from './commands/why.ts';
import { addDemo } from './demo/command.ts';
import { complain, explain, misuse } from './output.ts';

export * from './advance.ts';
export * from './app.ts';

/** Every "no" to a question has one exit code, 2. Commands on an installation also know 1: it cannot be done now. */
const questions = ['due', 'keep', 'effective', 'lint', 'timeline', 'diff', 'why', 'calendar', 'coverage', 'policies'];

const titles: Record<string, string> = {
  'Usage:': 'Запуск:',
  'Arguments:': 'Что назвать:',
  'Options:': 'Параметры:',
  'Commands:': 'Команды:',
};

/**
 * Runs one command. Sets `process.exitCode`: 0 done; 1 found (by `lint`, a check, a verification) or could not be done;
 * 2 not understood, or a question without an answer.
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<void> {
  if (!process.stdout.listeners('error').includes(readerGone)) process.stdout.on('error', readerGone);
  const json = argv.includes('--json');
  const program = new Command('srok')
    .description('Срок: сроки и хранение персональных данных по закону и обещаниям оператора')
    .version(context.version, '-V, --version', 'версия')
    .helpOption('-h, --help', 'справка')
    .helpCommand('help [command]', 'справка о команде')
    .configureHelp({ styleTitle: (title) => titles[title] ?? title })
    // What is wrong is said once, in our words, below.
    .configureOutput({ outputError() {}, ...(json ? { writeErr() {} } : {}) })
    .exitOverride();
  let asked = '';
  program.hook('preAction', (_program, action) => {
    for (let command = action; command.parent; command = command.parent) asked = command.name();
  });
  addServe(program, context);
  addDemo(program, context);
  addLawCommands(program, context);
  addTimelineCommand(program, context);
  addDiffCommand(program, context);
  addCalendarCommand(program, context);
  addWhyCommand(program, context);
  addCoverageCommand(program, context);
  addInit(program, context);
  addOperatorCommands(program, context);
  addJournalCommands(program, context);
  try {
    await program.parseAsync(argv as string[]);
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      const code = explain(error, json);
      process.exitCode = questions.includes(asked) ? 2 : code;
      return;
    }
    // Help is printed already, asked for or not.
    if (error.exitCode !== 0 && (json || error.code !== 'commander.help')) complain(misuse(error), json);
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}

/** `srok lint | head`: whoever has read enough closes the pipe, and what is left to say is for nobody. */
function readerGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
