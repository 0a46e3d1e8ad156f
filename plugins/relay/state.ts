import { Refusal } from '../../core/index.ts';
import type { Ground, ProjectState } from './types.ts';

// Where a project may go from each state. A project with a ground against it stands still until the last one is gone.
const moves = {
  waiting: ['active', 'suspended', 'deleted'],
  active: ['suspended', 'deleted'],
  suspended: ['active', 'waiting', 'deleted'],
  deleted: [],
} as const;

/** @throws Refusal `project.wrong-state` */
export function move(from: ProjectState, to: ProjectState): ProjectState {
  const allowed: readonly ProjectState[] = moves[from];
  if (from !== to && !allowed.includes(to)) throw new Refusal('project.wrong-state', 'conflict', { from, to });
  return to;
}

/** A further ground against a project. */
export function withGround(grounds: readonly Ground[], ground: Ground): Ground[] {
  return [...new Set([...grounds, ground])].sort();
}

/** A ground falls away. */
export function withoutGround(grounds: readonly Ground[], ground: Ground): Ground[] {
  return grounds.filter((one) => one !== ground);
}
