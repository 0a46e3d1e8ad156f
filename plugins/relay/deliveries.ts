import type { Engine } from '../../core/index.ts';
import { addDeliveries, type DeliveryCount } from './store.ts';

const writeMs = 1000;
const messagesKept = 100_000;
/** Written in pieces with a rest after each, so many times as long as it took: batches of messages go first. */
const messagesAtOnce = 200;
const rest = 3;

/** Messages of one channel and day, one after another without a gap, as they were handed to readers together. */
export type Run = Omit<DeliveryCount, 'firstAt' | 'lastAt' | 'delivered' | 'failed'>;

/** Counts deliveries, and writes them down together: one row a message, however many read it. */
export function createDeliveries({ clock, db, log }: Engine) {
  const counts = new Map<Run, DeliveryCount>();
  let messages = 0;
  let timer: NodeJS.Timeout | null = null;
  let hurried = false;
  let hurry: (() => void) | null = null;
  let writing: Promise<void> = Promise.resolve();

  /** Counts are a service to the user, not proof: when the log cannot take them, the oldest are given up. */
  function makeRoom(): void {
    for (const run of counts.keys()) {
      if (messages < messagesKept) return;
      messages -= run.last - run.first + 1;
      counts.delete(run);
    }
  }

  function write(): Promise<void> {
    hurried = true;
    hurry?.();
    const all = begin().finally(() => {
      hurried = false;
    });
    return all;
  }

  function begin(): Promise<void> {
    if (timer) clearTimeout(timer);
    timer = null;
    writing = writing.then(async () => {
      const all = [...counts.values()];
      counts.clear();
      messages = 0;
      for (const piece of piecesOf(all)) {
        const began = performance.now();
        try {
          await addDeliveries(db, piece);
        } catch (error) {
          log.warn({ error: String(error), runs: piece.length }, 'Counts of deliveries could not be written.');
        }
        if (!hurried) await pause((performance.now() - began) * rest);
      }
    });
    return writing;
  }

  /** Ends early when somebody waits for what is written. */
  function pause(ms: number): Promise<void> {
    return new Promise((done) => {
      const timeout = setTimeout(done, ms).unref();
      hurry = () => {
        clearTimeout(timeout);
        done();
      };
    });
  }

  return {
    /** So many readers got this run, and so many did not. The same run is counted together. */
    add(run: Run, delivered: number, failed: number): void {
      const at = clock.now().epochMilliseconds;
      const known = counts.get(run);
      if (known) {
        known.lastAt = at;
        known.delivered += delivered;
        known.failed += failed;
      } else {
        makeRoom();
        counts.set(run, { ...run, firstAt: at, lastAt: at, delivered, failed });
        messages += run.last - run.first + 1;
      }
      timer ??= setTimeout(begin, writeMs).unref();
    },
    /** Writes down what is still in memory. */
    write,
  };
}

function piecesOf(counts: readonly DeliveryCount[]): DeliveryCount[][] {
  const pieces: DeliveryCount[][] = [];
  let room = 0;
  for (const count of counts) {
    if (room <= 0) {
      pieces.push([]);
      room = messagesAtOnce;
    }
    pieces.at(-1)?.push(count);
    room -= count.last - count.first + 1;
  }
  return pieces;
}
