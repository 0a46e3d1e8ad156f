/** What kind of "no" it is. Only `http` turns a kind into a status code. */
export type RefusalKind =
  | 'invalid' // the input is wrong: say which field
  | 'unauthenticated' // nobody, or nobody we know
  | 'forbidden' // somebody, but not allowed
  | 'not-found'
  | 'conflict' // right in itself, wrong in this state
  | 'key-reused' // a one-time key that already stands for something else
  | 'too-large'
  | 'limit' // a limit of the plan or of the rate is reached
  | 'unavailable'; // we cannot do it now

/**
 * A "no" in words: a dotted code, its kind, and what to say about it. `details` never carries personal data:
 * it goes to logs and to the answer. `details.clause` names the clause or article the refusal rests on,
 * `details.field` the input at fault; `details.message` a plain sentence that says what to do.
 */
export class Refusal extends Error {
  readonly code: string;
  readonly kind: RefusalKind;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, kind: RefusalKind, details: Record<string, unknown> = {}) {
    super(typeof details.message === 'string' ? details.message : code);
    this.name = 'Refusal';
    this.code = code;
    this.kind = kind;
    this.details = details;
  }
}
