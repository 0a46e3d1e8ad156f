import { Refusal, Temporal } from '../base/index.ts';
import type { Because, Law } from '../law/index.ts';

/** What the law says of a duty, or why it cannot say. */
export interface Term {
  due_on: Temporal.PlainDate | null;
  late_from: Temporal.Instant | null;
  outer_on: Temporal.PlainDate | null;
  because: Because | null;
  digest: string;
  problem: string | null;
}

/**
 * The term of a duty that began at an instant. Where the law cannot say (a year without a calendar, no value in
 * force) nothing is guessed: the problem is named, and the term stays open until it can be computed.
 */
export function termOf(
  law: Law,
  duty: string,
  query: { from: string; customer?: 'business' | 'consumer'; extended?: Temporal.Instant },
): Term {
  try {
    const due = law.due(duty, { ...query, from: Temporal.Instant.from(query.from) });
    return {
      due_on: due.dueOn,
      late_from: due.lateFrom,
      outer_on: due.outerOn,
      because: due.because,
      digest: law.digest,
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { due_on: null, late_from: null, outer_on: null, because: null, digest: law.digest, problem: error.code };
  }
}
