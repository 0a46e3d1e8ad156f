import type { CommanderError } from 'commander';
import { Refusal } from '../base/index.ts';
import { PolicyError } from '../law/index.ts';

/** A mistake in how the command was called: exit code 2. */
export class UsageError extends Error {
  readonly code: string;
  readonly near: string[];

  constructor(message: string, near: readonly string[] = [], code = 'usage') {
    super(message);
    this.near = [...near];
    this.code = code;
  }
}

/** What could not be done, as `--json` prints it under `error`. */
export interface Complaint {
  code: string;
  message: string;
  near: string[];
}

/** Prints a result: as JSON when asked, else in words. */
export function print(json: boolean | undefined, value: unknown, words: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(value, null, 2) : words()}\n`);
}

/**
 * One clear line, or `{ error: { code, message, near } }`. Answers the exit code: 2 for a call that cannot be
 * understood, 1 for what cannot be done.
 */
export function explain(error: unknown, json: boolean): number {
  const complaint = complaintOf(error);
  complain(complaint, json);
  const understood =
    !(error instanceof UsageError) &&
    !(error instanceof Refusal && (error.kind === 'invalid' || error.kind === 'not-found'));
  return understood ? 1 : 2;
}

export function complain(complaint: Complaint, json: boolean): void {
  const { message, near } = complaint;
  if (json) process.stdout.write(`${JSON.stringify({ error: complaint }, null, 2)}\n`);
  else process.stderr.write(`${message}${near.length > 0 ? `\nБлижайшие: ${near.join(', ')}` : ''}\n`);
}

type Details = Readonly<Record<string, unknown>>;

/** Refusals that a question to the law meets, in the words of the person who asked. */
const sentences: Record<string, (details: Details) => string> = {
  'law.unknown-operator': ({ operator }) => `Пакета оператора «${operator}» нет.`,
  'law.unknown-duty': ({ duty }) => `Обязанности «${duty}» нет.`,
  'law.unknown-category': ({ category }) => `Категории «${category}» нет.`,
  'law.no-value': ({ duty, rule, day }) =>
    `На ${day} срока нет: ни одна норма и ни одно обещание о «${duty ?? rule}» на этот день не действует.`,
  'law.no-schedule': ({ category }) =>
    `Сколько хранится «${category}», не установлено: пока в пакете нет графика, ничего не уничтожается.`,
  'calendar.missing': ({ year }) =>
    `Нет производственного календаря на ${year} год: добавьте его в policies/calendars.`,
};

function complaintOf(error: unknown): Complaint {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) return { code: error.code, message, near: error.near };
  if (error instanceof PolicyError) return { code: 'policies.invalid', message, near: [] };
  if (error instanceof Refusal) {
    const { near } = error.details;
    return {
      code: error.code,
      message: sentences[error.code]?.(error.details) ?? message,
      near: Array.isArray(near) ? near.map(String) : [],
    };
  }
  return { code: 'failed', message, near: [] };
}

const mistakes: Record<string, (quoted: string) => string> = {
  'commander.unknownCommand': (name) => `Команды «${name}» нет.`,
  'commander.unknownOption': (name) => `Параметра ${name} у этой команды нет.`,
  'commander.missingArgument': (name) => `Не указано: ${name}.`,
  'commander.missingMandatoryOptionValue': (name) => `Не указан обязательный параметр ${name}.`,
  'commander.optionMissingArgument': (name) => `У параметра ${name} нет значения.`,
  'commander.excessArguments': () => 'Лишние слова в команде.',
  'commander.help': () => 'Назовите команду; список команд: srok --help.',
};

/** A mistake that the parser of the command line found, in our words; its suggestion is the nearest names. */
export function misuse({ code, message }: CommanderError): Complaint {
  const [said = ''] = message.replace(/^error: /, '').split('\n');
  const near = /\(Did you mean (?:one of )?(.+)\?\)/.exec(message)?.[1]?.split(', ') ?? [];
  const choices = /Allowed choices are (.+)\.$/.exec(said)?.[1];
  const quoted = [...said.matchAll(/'([^']*)'/g)].map(([, text]) => text as string);
  if (choices) {
    return {
      code: 'usage',
      message: `${quoted[0] ?? 'Параметр'}: значения «${quoted[1] ?? ''}» нет; есть ${choices}.`,
      near: choices.split(', '),
    };
  }
  return { code: 'usage', message: mistakes[code]?.(quoted[0] ?? '') ?? said, near };
}

/** Columns of text, as wide as they need to be. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
