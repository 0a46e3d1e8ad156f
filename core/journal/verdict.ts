import type { Clock } from '../base/index.ts';
import { type Edge, rootOf } from './tree.ts';
import type { Verification } from './types.ts';

/** What was found over the leaves that were walked so far; without a problem it is well. */
export function verdict(
  edge: Edge,
  { clock, erased, problem }: { clock: Pick<Clock, 'now'>; erased: number; problem?: Verification['problem'] },
): Verification {
  return {
    ok: problem === undefined,
    size: edge.size,
    root: rootOf(edge).toString('hex'),
    checkedAt: clock.now(),
    erased,
    ...(problem ? { problem } : {}),
  };
}
