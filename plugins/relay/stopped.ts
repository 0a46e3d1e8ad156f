import { Refusal } from '../../core/index.ts';
import type { ProjectRow } from './store.ts';
import { reasonOf } from './words.ts';

type Stopped = Pick<ProjectRow, 'state' | 'grounds' | 'block_ground'>;

/** Why a project is suspended, as programs are told: where staff did it, the ground they coded, not our name of it. */
export function groundsOf({ grounds, block_ground: coded }: Omit<Stopped, 'state'>): string[] {
  return grounds.map((ground) => (ground === 'violation' ? (coded ?? ground) : ground));
}

/** What a project that stands still answers: its state, and why, in words for each state. */
export function stopped(project: Stopped): Refusal {
  const code = 'project.stopped';
  const details = { state: project.state, grounds: groundsOf(project) };
  return new Refusal(code, 'forbidden', { ...details, message: reasonOf({ code, details }, 'en') });
}
