/** A policy file that cannot be loaded: where, and what is wrong. The message is `file:line: reason`. */
export class PolicyError extends Error {
  readonly file: string;
  readonly line: number;
  readonly reason: string;

  constructor(file: string, line: number, reason: string) {
    super(`${file}:${line}: ${reason}`);
    this.name = 'PolicyError';
    this.file = file;
    this.line = line;
    this.reason = reason;
  }

  override toString(): string {
    return this.message;
  }
}
