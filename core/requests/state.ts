import { Refusal } from '../base/index.ts';

// Read it as a map: where a request may go from each state. Overdue, extended and blocked are flags, not states.
const moves = {
  received: ['identity-asked', 'identified', 'answered', 'refused', 'withdrawn'],
  'identity-asked': ['identity-asked', 'identified', 'answered', 'refused', 'withdrawn'],
  identified: ['collecting', 'erasing', 'answered', 'refused', 'withdrawn'],
  collecting: ['draft', 'refused', 'withdrawn'],
  draft: ['collecting', 'answered', 'refused', 'withdrawn'],
  erasing: ['answered', 'refused', 'withdrawn'],
  answered: ['closed'],
  refused: ['closed'],
  withdrawn: ['closed'],
  closed: [],
} as const;

export type RequestState = keyof typeof moves;
export const requestStates = Object.keys(moves) as RequestState[];
/** The states in which an answer is still owed. */
export const openStates = requestStates.filter(
  (state) => !['answered', 'refused', 'withdrawn', 'closed'].includes(state),
);

/** @throws Refusal `request.wrong-state` */
export function move(from: RequestState, to: RequestState): RequestState {
  const allowed: readonly RequestState[] = moves[from];
  if (!allowed.includes(to)) throw new Refusal('request.wrong-state', 'conflict', { from, to });
  return to;
}
