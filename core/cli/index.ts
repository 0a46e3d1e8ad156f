/**
 * The command line: `srok serve`, `demo`, questions to the law, editions, the journal. Knows the rooms of the core and
 * how to open an installation; knows no plugin, and does nothing that a screen or the API could not.
 */
import { Command, CommanderError } from 'commander';
import type { CliContext } from './app.ts';
import { addCoverageCommand } from './commands/coverage.ts';
import { addJournalCommands } from './commands/journal.ts';
import { addLawCommands } from './commands/law.ts';
import { addOperatorCommands } from './commands/operator.ts';
import { addServe } from './commands/service.ts';
import { addDemo } from './demo/command.ts';
import { explain } from './output.ts';

export * from './advance.ts';
export * from './app.ts';

/** Runs one command. Sets `process.exitCode`: 0 done, 1 could not be done, 2 not understood. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<void> {
  const program = new Command('srok')
    .description('Срок: сроки и хранение персональных данных по закону и обещаниям оператора')
    .version(context.version)
    .exitOverride()
    .showSuggestionAfterError();
  addServe(program, context);
  addDemo(program, context);
  addLawCommands(program, context);
  addCoverageCommand(program, context);
  addOperatorCommands(program, context);
  addJournalCommands(program, context);
  overrideAll(program);
  try {
    await program.parseAsync(argv as string[]);
  } catch (error) {
    // Commander has already printed its own complaint, or the help that was asked for.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else process.exitCode = explain(error, argv.includes('--json'));
  }
}

function overrideAll(command: Command): void {
  for (const child of command.commands) {
    child.exitOverride().showSuggestionAfterError();
    overrideAll(child);
  }
}
