import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { type Engine, newId, processId } from '../../core/index.ts';
import type { Listener } from './listener.ts';
import { announceNode, buryNode, keepAlive, type NodeRow, removeNode } from './store.ts';

/** How a node shows that it lives, in milliseconds of its own machine. */
export interface Rhythm {
  beatMs: number;
  /** A node that has not been seen to beat for so long, by another that could look all the while, is dead. */
  deadMs: number;
}

const usual: Rhythm = { beatMs: 1000, deadMs: 10_000 };
/** What of its time a node lets pass before it takes itself for dead: earlier than any other may. */
const trusted = 0.8;

/**
 * The nodes that live. Each counts up its row; whoever stands still is dead, and its seats go with it. No clock of one
 * machine is compared with that of another. A process of this machine that is gone is known to be dead at once.
 */
export function createNodes(
  engine: Engine,
  {
    listener,
    cutOff,
    outOfReach = () => {},
    reborn,
    rhythm = {},
  }: {
    listener: Listener;
    /** The database has been out of reach for so long that the others may give away what this node holds. */
    cutOff(): void;
    /** The database does not answer, or cannot be written: said once, when that begins. */
    outOfReach?(): void;
    /** This node had been taken for dead, and lives: what it holds must be written down anew. */
    reborn(): void;
    rhythm?: Partial<Rhythm>;
  },
) {
  const { clock, db, log } = engine;
  const { beatMs, deadMs } = { ...usual, ...rhythm };
  const self = { id: newId('nod', clock.now()), host: hostId(), process: processId(process.pid) };
  const seen = new Map<string, { beat: number; since: number }>();
  let alive: readonly string[] = []; // the others
  let born = false;
  let lastBeat = 0;
  let lastTick = 0;
  let cut = false;
  let silent = false; // nobody hears it, and that has been said
  let timer: NodeJS.Timeout | null = null;
  let beating: Promise<void> | null = null;
  let stopped = false;

  function beat(): Promise<void> {
    beating ??= beatOnce().finally(() => {
      beating = null;
    });
    return beating;
  }

  async function beatOnce(): Promise<void> {
    const { rows, fresh } = await keepAlive(db, self);
    const now = performance.now();
    // Whoever could not look has not seen anybody stand still.
    if (now - lastBeat > beatMs * 3) seen.clear();
    lastBeat = now;
    cut = false;
    silent = false;
    if (fresh && born) {
      log.warn({ node: self.id }, 'This node had been taken for dead; it goes on.');
      reborn();
    }
    born = true;
    const others = rows.filter(({ id }) => id !== self.id);
    const dead = others.filter((other) => isDead(other, now));
    for (const { id, beat: last } of dead) {
      if (await buryNode(db, id, last)) log.warn({ node: id }, 'A node is gone; its seats are free.');
    }
    alive = others.filter((other) => !dead.includes(other)).map(({ id }) => id);
    for (const id of seen.keys()) if (!others.some((other) => other.id === id)) seen.delete(id);
  }

  function isDead({ id, beat: last, host, process: name }: NodeRow, now: number): boolean {
    if (host === self.host && processId(Number(name.split(' ')[0])) !== name) return true;
    const known = seen.get(id);
    if (known?.beat === last) return now - known.since > deadMs;
    seen.set(id, { beat: last, since: now });
    return false;
  }

  function fallSilent(error: unknown): void {
    if (silent) return;
    silent = true;
    log.warn({ error: String(error) }, 'This node cannot say that it lives; it goes on trying.');
    outOfReach();
  }

  function onBeat(): void {
    beat().catch(fallSilent);
    const now = performance.now();
    // Whoever has slept knows nothing of the database: the beat that has just begun will tell.
    const awake = now - lastTick < beatMs * 3;
    lastTick = now;
    if (awake && now - lastBeat > beatMs * 3) fallSilent('the database does not answer');
    if (alive.length === 0 || cut || !awake || now - lastBeat < deadMs * trusted) return;
    cut = true;
    log.error({ node: self.id }, 'The database is out of reach: connections are sent to other nodes.');
    cutOff();
  }

  listener.on({
    channel: 'relay_nodes',
    heard(id) {
      if (id !== self.id && !stopped) beat().catch(() => {});
    },
  });

  return {
    id: self.id,
    /** Whether other nodes live beside this one, as far as is known. */
    others: (): number => alive.length,
    /** The others that live, as far as is known. */
    living: (): readonly string[] => alive,
    /** Says at once that this node lives. */
    beat,
    async start(): Promise<void> {
      lastBeat = performance.now();
      await beat();
      await announceNode(db, self.id);
      timer = setInterval(onBeat, beatMs).unref();
    },
    async stop(): Promise<void> {
      stopped = true;
      if (timer) clearInterval(timer);
      await beating?.catch(() => {});
      await removeNode(db, self.id)
        .then(() => announceNode(db, self.id))
        .catch((error) => log.warn({ error: String(error) }, 'A node could not sign off.'));
    },
  };
}

export type Nodes = ReturnType<typeof createNodes>;

/** This machine since its start, and the room in which numbers of processes mean what they mean here. */
function hostId(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
