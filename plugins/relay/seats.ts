import { dayOf, type Engine, Refusal, sectionOf } from '../../core/index.ts';
import type { Pass } from './gate.ts';
import type { Hub } from './hub.ts';
import type { createNotices } from './notices.ts';
import { countConnections } from './store.ts';

/** Simultaneous connections of a project against the limit of its plan. */
export function createSeats(engine: Engine, { hub, notices }: { hub: Hub; notices: ReturnType<typeof createNotices> }) {
  const { clock, db, law } = engine;
  const { dayZone, connectionsClause } = sectionOf(law.operator, 'limits');
  const coming = new Map<string, number>(); // on their way in, by project

  /** Counts connections of the day, and tells the owner when the limit comes near. */
  async function count(pass: Pass, open: number, refused: number): Promise<void> {
    const at = clock.now();
    const on = dayOf(at, dayZone);
    await db.transaction(async (trx) => {
      const { id: project, subject_id: subject } = pass.project;
      const row = await countConnections(trx, {
        ...{ project, subject, on, open, refused },
        dailyLimit: pass.limits.messagesPerDay,
      });
      const use = { project, subject, used: open, limit: pass.limits.connections, given: row.notices };
      await notices.connections(trx, use, { at, on });
    });
  }

  /**
   * Takes a seat for one more connection and runs `enter`, which lets it in; until then the seat is held.
   * @throws Refusal `limit.connections`
   */
  return async function seat(pass: Pass, enter: () => void): Promise<void> {
    const project = pass.project.id;
    const open = hub.connections(project).length + (coming.get(project) ?? 0);
    if (open >= pass.limits.connections) {
      await count(pass, open, 1);
      throw new Refusal('limit.connections', 'limit', {
        limit: { name: 'connections', value: pass.limits.connections },
        clause: connectionsClause,
        retryAfter: 1,
        message: `Лимит одновременных соединений (${pass.limits.connections}) исчерпан (${connectionsClause}).`,
      });
    }
    coming.set(project, (coming.get(project) ?? 0) + 1);
    try {
      await count(pass, open + 1, 0);
      enter();
    } finally {
      const left = (coming.get(project) ?? 1) - 1;
      if (left > 0) coming.set(project, left);
      else coming.delete(project);
    }
  };
}

export type Seat = ReturnType<typeof createSeats>;
