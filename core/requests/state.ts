import { Refusal } from '../base/index.ts';

// Read it as a map: where a request may go from each state. Overdue, extended and blocked are flags, not states.
const moves = {
  received: ['identity-asked', 'identified', 'answered', 'refused'],
  'identity-asked': ['identity-asked', 'identified', 'answered', 'refused'],
  identified: ['collecting', 'erasing', 'answered', 'refused'],
  collecting: ['draft', 'refused'],
  draft: ['collecting', 'answered', 'refused'],
  erasing: ['answered', 'refused'],
  answered: ['closed'],
  refused: ['closed'],
  closed: [],
} as const;

export type RequestState = keyof typeof moves;
export const requestStates = Object.keys(moves) as RequestState[];
/** The states in which an answer is still owed. */
export const openStates = requestStates.filter((state) => !['answered', 'refused', 'closed'].includes(state));

/** @throws Refusal `request.wrong-state` */
export function move(from: RequestState, to: RequestState): RequestState {
  const allowed: readonly RequestState[] = moves[from];
  if (!allowed.includes(to)) throw new Refusal('request.wrong-state', 'conflict', { from, to });
  return to;
}
