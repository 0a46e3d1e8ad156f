import { type Engine, sectionOf } from '../../core/index.ts';
import type { Hub } from './hub.ts';
import { recoveryWindow } from './log.ts';
import { channelEnds, readAfter } from './store.ts';

const bytesAtOnce = 4 * 1024 * 1024;

/** What may still be had of a channel after an offset, oldest first, and what no longer. */
export function createPull({ clock, db, law }: Pick<Engine, 'clock' | 'db' | 'law'>, hub: Pick<Hub, 'opened'>) {
  const { minutes } = sectionOf(law.operator, 'recovery');
  return async function pull(project: string, { channel, after, limit }: Pull) {
    const where = { project, channel, ...recoveryWindow(clock, minutes, law.zone) };
    const { newest, oldest } = await channelEnds(db, { ...where, after });
    const { rows } = await readAfter(db, { ...where, after, limit, bytes: bytesAtOnce });
    const messages = await Promise.all(rows.map(hub.opened));
    const first = oldest ?? newest + 1;
    const lost = after < newest && after < first - 1 ? { after, before: first, reason: 'recovery-window' } : null;
    return { channel, newest, ...(lost ? { lost } : {}), messages };
  };
}

export interface Pull {
  channel: string;
  after: number;
  limit: number;
}
