import { type Engine, sectionOf } from '../../core/index.ts';
import type { Hub } from './hub.ts';
import { payloadAad, recoveryWindow, type Told } from './log.ts';
import { channelsAhead, readAfter, type StoredRow } from './store.ts';
import { createTurns } from './turns.ts';

/** How long what was overtaken may be on its way before the log is asked. */
const holdMs = 25;
const retryMs = 500;
const heldBytes = 8 * 1024 * 1024;
const pageRows = 500;
const pageBytes = 4 * 1024 * 1024;
const fillsAtOnce = 4;
const channelsAtOnce = 5000;

/** How far the readers of one channel on this node have come. */
interface Line {
  project: string;
  channel: string;
  passed: number;
  /** The newest offset that this node has heard of. */
  known: number;
  /** What came too early. */
  held: Map<number, Told>;
  bytes: number;
  timer: NodeJS.Timeout | null;
  filling: boolean;
}

/**
 * Puts what comes from several nodes into the order of the log: each offset of a channel once, without a gap. What was
 * overtaken is waited for, shortly; what does not come is read from the log, which is the truth. Messages on their way
 * between nodes may be lost, doubled and mixed up.
 */
export function createSequence(engine: Engine, hub: Hub) {
  const { clock, db, law, log, vault } = engine;
  const { minutes } = sectionOf(law.operator, 'recovery');
  const turn = createTurns(fillsAtOnce);
  const lines = new Map<string, Line>();
  let filled = 0;
  let stopped = false;

  /** The line of a channel that somebody here reads; others need none. */
  function lineOf(project: string, channel: string, before: number): Line | null {
    const key = `${project} ${channel}`;
    if (hub.readers(project, channel) === 0) {
      end(key);
      return null;
    }
    const known = lines.get(key);
    if (known) return known;
    const passed = hub.reached(project, channel) ?? before;
    const line: Line = {
      ...{ project, channel, passed, known: passed },
      ...{ held: new Map(), bytes: 0, timer: null, filling: false },
    };
    lines.set(key, line);
    return line;
  }

  function end(key: string): void {
    const line = lines.get(key);
    if (!line) return;
    if (line.timer) clearTimeout(line.timer);
    lines.delete(key);
  }

  const lives = (line: Line): boolean => !stopped && lines.get(`${line.project} ${line.channel}`) === line;

  function take(messages: readonly Told[]): void {
    const ready: Told[] = [];
    for (const message of messages) {
      const { project, channel, offset } = message;
      const line = lineOf(project, channel, offset - 1);
      if (!line) continue;
      // Nobody may have listened for a while: readers that came later have begun further on.
      if (offset > line.passed + 1) line.passed = Math.max(line.passed, hub.reached(project, channel) ?? offset - 1);
      if (offset <= line.passed) continue;
      if (offset === line.passed + 1) {
        pass(line, message, ready);
        release(line, ready);
      } else hold(line, message);
    }
    if (ready.length > 0) hub.deliver(ready);
  }

  function pass(line: Line, message: Told, ready: Told[]): void {
    line.passed = message.offset;
    if (line.known < message.offset) line.known = message.offset;
    ready.push(message);
  }

  /** What was waited for has come: what it held up follows. */
  function release(line: Line, ready: Told[]): void {
    if (line.held.size === 0) return;
    for (let next = line.held.get(line.passed + 1); next; next = line.held.get(line.passed + 1)) {
      line.held.delete(next.offset);
      line.bytes -= next.payload.length;
      pass(line, next, ready);
    }
    if (line.held.size > 0 && line.passed >= line.known) forgetHeld(line);
  }

  function forgetHeld(line: Line): void {
    line.held.clear();
    line.bytes = 0;
  }

  function hold(line: Line, message: Told): void {
    if (!line.held.has(message.offset)) line.bytes += message.payload.length;
    line.held.set(message.offset, message);
    line.known = Math.max(line.known, message.offset);
    hub.mention(line.project, line.channel, message.offset);
    // The log has it all the same.
    if (line.bytes > heldBytes) forgetHeld(line);
    fillIn(line, holdMs);
  }

  function fillIn(line: Line, ms: number): void {
    if (line.timer || line.filling) return;
    line.timer = setTimeout(() => {
      line.timer = null;
      if (lives(line) && line.known > line.passed) void fill(line);
    }, ms);
    line.timer.unref();
  }

  async function fill(line: Line): Promise<void> {
    const { project, channel } = line;
    line.filling = true;
    let again = 0;
    try {
      while (lives(line) && line.known > line.passed) {
        const { rows, more } = await turn(() =>
          readAfter(db, {
            ...{ project, channel, after: line.passed, limit: pageRows, bytes: pageBytes },
            ...recoveryWindow(clock, minutes, law.zone),
          }),
        );
        const found = await Promise.all(rows.map((row) => line.held.get(row.offset) ?? opened(row)));
        if (!lives(line)) return;
        const ready: Told[] = [];
        for (const message of found) {
          if (message.offset <= line.passed) continue;
          filled++;
          pass(line, line.held.get(message.offset) ?? message, ready);
        }
        for (const offset of line.held.keys()) if (offset <= line.passed) dropHeld(line, offset);
        release(line, ready);
        hub.deliver(ready);
        if (!more && line.known > line.passed && rows.length === 0) {
          // It was told of, and is not in the window any more: each reader is told what it has lost.
          line.passed = line.known;
          forgetHeld(line);
          hub.lookAgain([{ project, channel }]);
        }
      }
    } catch (error) {
      log.warn({ project, error: String(error) }, 'A hole could not be filled from the log; it is tried again.');
      again = retryMs;
    } finally {
      line.filling = false;
    }
    if (lives(line) && line.known > line.passed) fillIn(line, again);
  }

  function dropHeld(line: Line, offset: number): void {
    line.bytes -= line.held.get(offset)?.payload.length ?? 0;
    line.held.delete(offset);
  }

  async function opened(row: StoredRow): Promise<Told> {
    return {
      ...{ project: row.project_id, channel: row.channel, offset: row.offset, id: row.id, type: row.content_type },
      ...{ receivedAt: row.at, processedOn: row.processed_on },
      ...(row.left_out === null ? {} : { except: row.left_out }),
      payload: await vault.open(row.box, payloadAad(row.processed_on.toString(), row.project_id, row.id)),
    };
  }

  function expect(project: string, channel: string, newest: number, waitMs = holdMs): void {
    hub.mention(project, channel, newest);
    const line = lineOf(project, channel, newest);
    if (!line || newest <= line.passed) return;
    line.known = Math.max(line.known, newest);
    fillIn(line, waitMs);
  }

  return {
    /** Messages that are in the log, in whatever order they came here. */
    take,
    /** There is a message of this offset; without having come by itself it is read from the log after `waitMs`. */
    expect,
    /** Asks the database how far the channels are that somebody here reads: what nobody told of is found. */
    async look(): Promise<void> {
      for (const key of lines.keys()) {
        const line = lines.get(key) as Line;
        if (hub.readers(line.project, line.channel) === 0) end(key);
      }
      const read = hub.projects().flatMap((project) =>
        [...hub.occupied(project)].flatMap((channel) => {
          const passed = lines.get(`${project} ${channel}`)?.passed ?? hub.reached(project, channel);
          return passed === null ? [] : [{ project, channel, passed }];
        }),
      );
      for (let start = 0; start < read.length; start += channelsAtOnce) {
        const ahead = await channelsAhead(db, read.slice(start, start + channelsAtOnce));
        for (const { project, channel, newest } of ahead) expect(project, channel, newest);
      }
    },
    /** How many messages were read from the log because they had not come by themselves. */
    filled: (): number => filled,
    /** How many messages are known to be in the log and not passed on yet. */
    behind(): number {
      let behind = 0;
      for (const { known, passed } of lines.values()) behind += known - passed;
      return behind;
    },
    stop(): void {
      stopped = true;
      for (const key of [...lines.keys()]) end(key);
    },
  };
}

export type Sequence = ReturnType<typeof createSequence>;
