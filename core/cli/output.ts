import { Refusal } from '../base/index.ts';

/** A mistake in how the command was called: exit code 2. */
export class UsageError extends Error {
  readonly near: string[];

  constructor(message: string, near: string[] = []) {
    super(message);
    this.near = near;
  }
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
  const usage =
    error instanceof UsageError ||
    (error instanceof Refusal && (error.kind === 'invalid' || error.kind === 'not-found'));
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Refusal ? error.code : error instanceof UsageError ? 'usage' : 'failed';
  const near =
    error instanceof UsageError
      ? error.near
      : error instanceof Refusal && Array.isArray(error.details.near)
        ? error.details.near
        : [];
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, message, near } }, null, 2)}\n`);
  else process.stderr.write(`${message}${near.length > 0 ? `\nБлижайшие: ${near.join(', ')}` : ''}\n`);
  return usage ? 2 : 1;
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
