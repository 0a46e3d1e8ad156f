import { setTimeout as delay } from 'node:timers/promises';
import { dayOf, type Engine, Refusal, sectionOf } from '../../core/index.ts';
import type { Pass } from './gate.ts';
import { closeCodes, type Hub } from './hub.ts';
import type { Nodes } from './nodes.ts';
import type { createNotices } from './notices.ts';
import { countConnections, lockSeats, writeSeats } from './store.ts';

/** Connections that have gone are written down together. */
const settleMs = 50;
const retryMs = 1000;
/** Where so many come at once, those who come within a moment are decided about together. */
const crowd = 8;
const gatherMs = 4;
const nodeIsGone = '23503'; // the row of the node that holds the seats is not there (PostgreSQL, foreign_key_violation)

interface Waiting {
  pass: Pass;
  done(outcome: Refusal | null): void;
  fail(error: unknown): void;
}

/** The seats of one project on this node. */
interface Row {
  waiting: Waiting[];
  /** Granted, and not yet open. */
  coming: number;
  /** As the database has it. */
  written: number;
  going: boolean;
  /** What is written does not hold any more. */
  stale: boolean;
  /** Others may have been given what this node holds. */
  lost: boolean;
}

/**
 * Simultaneous connections of a project against the limit of its plan, on all nodes together: whoever comes is decided
 * about in the database, under a lock of the project. All who wait are decided about at once. What a node holds is
 * gone with the node.
 */
export function createSeats(
  engine: Engine,
  {
    hub,
    nodes,
    notices,
    refused,
  }: { hub: Hub; nodes: Nodes; notices: ReturnType<typeof createNotices>; refused?(code: string): void },
) {
  const { clock, db, law, log } = engine;
  const { dayZone, connectionsClause } = sectionOf(law.operator, 'limits');
  const rows = new Map<string, Row>();
  const settling = new Set<string>();
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  let closing = false;

  function rowOf(project: string): Row {
    const row = rows.get(project) ?? { waiting: [], coming: 0, written: 0, going: false, stale: false, lost: false };
    rows.set(project, row);
    return row;
  }

  const heldBy = (project: string, row: Row): number => hub.open(project) + row.coming;

  /** Decides about all who wait for a seat of a project, and writes down who has left. */
  async function go(project: string, row: Row): Promise<void> {
    if (row.going) return;
    row.going = true;
    let crowded = false;
    try {
      while (row.waiting.length > 0 || row.stale) {
        if (crowded) await delay(gatherMs);
        const asked = row.waiting.splice(0);
        crowded = asked.length >= crowd;
        row.stale = false;
        try {
          await decide(project, row, asked);
        } catch (error) {
          for (const { fail } of asked) fail(error);
          if (asked.length === 0) return retry(project, error);
        }
      }
    } finally {
      row.going = false;
      if (row.written === 0 && row.coming === 0 && row.waiting.length === 0) rows.delete(project);
    }
  }

  function retry(project: string, error: unknown): void {
    log.warn({ project, error: String(error) }, 'Seats could not be written down; it is tried again.');
    left(project, retryMs);
  }

  async function decide(project: string, row: Row, asked: readonly Waiting[], again = false): Promise<void> {
    // Taken before the database is asked: who leaves meanwhile only makes room.
    let held = heldBy(project, row);
    let outcome: { granted: Waiting[]; refused: Waiting[] };
    try {
      outcome = await db.transaction(async (trx) => {
        const elsewhere = await lockSeats(trx, { project, node: nodes.id });
        if (row.lost) held = giveUp(project, row, elsewhere);
        const granted: Waiting[] = [];
        const refused: Waiting[] = [];
        for (const one of asked) {
          const open = elsewhere + held + granted.length;
          (open < one.pass.limits.connections ? granted : refused).push(one);
        }
        await writeSeats(trx, { project, node: nodes.id, taken: held + granted.length });
        const last = asked.at(-1);
        if (last) await count(trx, last.pass, elsewhere + held + granted.length, refused.length);
        return { granted, refused };
      });
    } catch (error) {
      if ((error as { code?: string }).code !== nodeIsGone || again) throw error;
      await nodes.beat();
      return decide(project, row, asked, true);
    }
    const { granted, refused } = outcome;
    row.lost = false;
    row.written = held + granted.length;
    row.coming += granted.length;
    for (const { done } of granted) done(null);
    for (const { pass, done } of refused) done(overLimit(pass.limits.connections));
  }

  /** Closes what is too many by now, the newest first. @returns how many are left */
  function giveUp(project: string, row: Row, elsewhere: number): number {
    const open = hub.connections(project);
    const room = Math.max(0, (open[0]?.pass.limits.connections ?? 0) - elsewhere - row.coming);
    for (const connection of open.slice(room)) {
      hub.close(connection, closeCodes.tryLater, 'the node had been cut off; come back');
    }
    return heldBy(project, row);
  }

  /** Counts connections of the day, and tells the owner when the limit comes near. */
  async function count(trx: Parameters<typeof countConnections>[0], pass: Pass, open: number, refused: number) {
    const at = clock.now();
    const on = dayOf(at, dayZone);
    const { id: project, subject_id: subject } = pass.project;
    const row = await countConnections(trx, {
      ...{ project, subject, on, open, refused },
      dailyLimit: pass.limits.messagesPerDay,
    });
    const use = { project, subject, used: open, limit: pass.limits.connections, given: row.notices };
    await notices.connections(trx, use, { at, on });
  }

  function overLimit(connections: number): Refusal {
    return new Refusal('limit.connections', 'limit', {
      limit: { name: 'connections', value: connections },
      clause: connectionsClause,
      retryAfter: 1,
      message: `Лимит одновременных соединений (${connections}) исчерпан (${connectionsClause}).`,
    });
  }

  /** A connection of this project is gone: its seat is given back soon. */
  function left(project: string, soonMs = settleMs): void {
    settling.add(project);
    if (timer || stopped) return;
    timer = setTimeout(settle, soonMs);
    timer.unref();
  }

  function settle(): void {
    timer = null;
    for (const project of settling) {
      const row = rows.get(project);
      if (!row) continue;
      row.stale ||= row.lost || row.written !== heldBy(project, row);
      void go(project, row);
    }
    settling.clear();
  }

  return {
    /**
     * Takes a seat for one more connection and runs `enter`, which lets it in; until then the seat is held.
     * @throws Refusal `limit.connections`
     */
    async take(pass: Pass, enter: () => void): Promise<void> {
      if (closing) throw stopping();
      const project = pass.project.id;
      const row = rowOf(project);
      const refusal = await new Promise<Refusal | null>((done, fail) => {
        row.waiting.push({ pass, done, fail });
        void go(project, row);
      });
      if (refusal) {
        refused?.(refusal.code);
        throw refusal;
      }
      try {
        enter();
      } finally {
        row.coming--;
        // Whoever hung up while waiting has not come in.
        if (row.written !== heldBy(project, row)) left(project);
      }
    },
    left,
    /** From here on nobody new is let in. */
    close(): void {
      closing = true;
    },
    /**
     * This node had been taken for dead and its seats may have been given to others: its own are written down anew, and
     * those that are too many by now are closed, the newest first.
     */
    claimAgain(): void {
      for (const project of new Set([...rows.keys(), ...hub.projects()])) {
        const row = rowOf(project);
        row.lost = true;
        row.stale = true;
        void go(project, row);
      }
    },
    stop(): void {
      stopped = true;
      if (timer) clearTimeout(timer);
    },
  };
}

function stopping(): Refusal {
  return new Refusal('node.stopping', 'unavailable', {
    retryAfter: 1,
    message: 'This node is about to stop; connect again, and another will answer.',
  });
}

export type Seats = ReturnType<typeof createSeats>;
export type Seat = Seats['take'];
