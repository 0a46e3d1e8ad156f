import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, Option } from 'commander';
import { type Because, cite, type Law, loadLaw } from '../law/index.ts';
import type { CliContext } from './app.ts';
import { inRussian } from './moments.ts';

/** The folder of the packs: the ones that come with the program, unless the environment names another. */
export function policiesOf({ root }: CliContext): URL {
  const { SROK_POLICIES } = process.env;
  return SROK_POLICIES ? pathToFileURL(`${resolve(SROK_POLICIES)}/`) : new URL('policies/', root);
}

/** The law as an operator's pack completes it. */
export function openLaw(context: CliContext, operator: string): Promise<Law> {
  return loadLaw({ root: policiesOf(context), operator });
}

export interface Asked {
  json?: boolean;
  operator: string;
}

/** The options of every question to the law. */
export function withLaw(command: Command): Command {
  return command
    .addOption(new Option('--operator <name>', 'пакет оператора').env('SROK_OPERATOR').default('qsockets'))
    .option('--json', 'ответ в JSON');
}

/** Why it is so, one line a rule: the one that is applied, those that are not, what is to be known besides. */
export function reasons({ winner, losers, note }: Because): string[] {
  return [
    `потому что: ${winner.value} — ${cite(winner.cite, 'ru')} (${winner.rule})`,
    ...losers.map(({ value, cite: from, on, why }) =>
      [`не применено: ${value} — ${cite(from, 'ru')}`, on && `до ${inRussian(on)}`, why].filter(Boolean).join('; '),
    ),
    ...(note ? [note] : []),
  ];
}
