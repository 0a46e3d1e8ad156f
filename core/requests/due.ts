import { Refusal, Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import type { Due, Law } from '../law/index.ts';
import { explainTerm, ru, timeOf } from '../obligations/index.ts';
import type { RequestKind } from './types.ts';

type Instant = Temporal.Instant;

/** Duties that a request of a kind opens, as the law has them. */
export function dutiesOf(law: Law, kind: RequestKind): string[] {
  return law.duties('request.received', { kind }).filter((duty) => law.dutyType(duty).kind === 'act');
}

/**
 * The deadline of a request: of all duties that it opens the one that ends first.
 * @returns null where the law cannot say, because a year has no calendar: nothing is guessed
 */
export function dueOfRequest(
  law: Law,
  request: { kind: RequestKind; receivedAt: Instant; extendedAt: Instant | null },
): Due | null {
  let first: Due | null = null;
  for (const duty of dutiesOf(law, request.kind)) {
    let due: Due;
    try {
      due = law.due(duty, {
        from: request.receivedAt,
        ...(request.extendedAt ? { extended: request.extendedAt } : {}),
      });
    } catch (error) {
      if (error instanceof Refusal && error.code === 'calendar.missing') return null;
      throw error;
    }
    if (due.lateFrom && (!first?.lateFrom || Temporal.Instant.compare(due.lateFrom, first.lateFrom) < 0)) first = due;
  }
  return first;
}

/** How a deadline was counted, one sentence a step, as it is printed in the answer and shown on the card. */
export function explain(due: Due, receivedAt: Instant, zone: string): string[] {
  const received = `Получено ${ru(dayOf(receivedAt, zone))} в ${timeOf(receivedAt, zone)} МСК; срок начинается на следующий день.`;
  return [received, ...explainTerm(due, zone)];
}

export { ru, timeOf };
