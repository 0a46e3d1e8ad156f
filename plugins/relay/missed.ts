import { type Engine, sectionOf, type Temporal } from '../../core/index.ts';
import type { Shown } from './channel.ts';
import type { Run } from './deliveries.ts';
import type { Voice } from './frames.ts';
import { payloadAad, recoveryWindow } from './log.ts';
import { readAfter, type StoredRow } from './store.ts';
import type { createTurns } from './turns.ts';

const pageRows = 500;
const pageBytes = 1024 * 1024;
/** Pages are kept for those who come for the same ones at the same time, as after a restart. */
const keptMs = 2000;
const keptBytes = 64 * 1024 * 1024;

/** Messages without a gap between them, in frames that are made once for each protocol. */
export interface Stretch {
  run: Run;
  offsets: readonly number[];
  /** Those of its messages that are not meant for everyone. */
  excepts: readonly { offset: number; except: string }[];
  /** The frame of one message. */
  frame(voice: Voice, index: number): Buffer;
  /** All frames, one behind the other. */
  frames(voice: Voice): Buffer;
}

/** What the log still has of a channel after one offset and up to another. */
export interface Page {
  /** Up to here: what is in none of its stretches cannot be had any more. */
  to: number;
  stretches: readonly Stretch[];
}

/** Frames of these messages for whoever asks, each protocol's made when the first asks for it. */
export function stretchOf(
  messages: readonly Shown[],
  { project, processedOn }: Pick<Run, 'project' | 'processedOn'>,
): Stretch {
  const [first, last] = [messages[0] as Shown, messages.at(-1) as Shown];
  const single = new Map<Voice, Buffer[]>();
  const joined = new Map<Voice, Buffer>();
  const all = (voice: Voice): Buffer[] => {
    const made = single.get(voice) ?? messages.map((message) => voice.message(message));
    single.set(voice, made);
    return made;
  };
  return {
    run: { project, processedOn, channel: first.channel, first: first.offset, last: last.offset },
    offsets: messages.map(({ offset }) => offset),
    excepts: messages.flatMap(({ offset, except }) => (except === undefined ? [] : [{ offset, except }])),
    frame: (voice, index) => all(voice)[index] as Buffer,
    frames(voice) {
      const known = joined.get(voice);
      if (known) return known;
      const frames = all(voice);
      const made = frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
      joined.set(voice, made);
      return made;
    },
  };
}

/** Cuts messages of one channel, in their order, wherever a number is missing, the day ends, or it gets long. */
export function cut<T extends { offset: number; processedOn: Temporal.PlainDate }>(
  messages: readonly T[],
  { most, weigh }: { most: number; weigh(message: T): number },
): T[][] {
  const pieces: T[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const piece = pieces.at(-1);
    const before = piece?.at(-1);
    const joins = before && before.offset + 1 === message.offset && before.processedOn.equals(message.processedOn);
    if (joins && bytes + weigh(message) <= most) {
      piece?.push(message);
      bytes += weigh(message);
    } else {
      pieces.push([message]);
      bytes = weigh(message);
    }
  }
  return pieces;
}

/** What readers have missed, read from the log page by page. Whoever needs the same page gets the same one. */
export function createMissed(engine: Engine, turn: ReturnType<typeof createTurns>) {
  const { clock, db, law, vault } = engine;
  const { minutes } = sectionOf(law.operator, 'recovery');
  const pages = new Map<string, { page: Promise<Page>; bytes: number }>();
  let bytes = 0;

  async function shownOf(row: StoredRow): Promise<Shown> {
    const payload = await vault.open(row.box, payloadAad(row.processed_on.toString(), row.project_id, row.id));
    const { channel, offset, id, at, content_type: type, left_out: except } = row;
    return { channel, offset, id, at, type, payload, ...(except === null ? {} : { except }) };
  }

  async function load(query: { project: string; channel: string; after: number; upTo: number }): Promise<Page> {
    const { rows, more } = await turn(() =>
      readAfter(db, { ...query, ...recoveryWindow(clock, minutes, law.zone), limit: pageRows, bytes: pageBytes }),
    );
    const found = rows.map((row) => ({ row, offset: row.offset, processedOn: row.processed_on }));
    const stretches: Stretch[] = [];
    for (const piece of cut(found, { most: pageBytes, weigh: ({ row }) => row.box.length })) {
      const messages = await Promise.all(piece.map(({ row }) => shownOf(row)));
      const { processedOn } = piece[0] as (typeof piece)[number];
      stretches.push(stretchOf(messages, { project: query.project, processedOn }));
    }
    const last = rows.at(-1);
    return { to: more && last ? last.offset : query.upTo, stretches };
  }

  function forget(key: string): void {
    bytes -= pages.get(key)?.bytes ?? 0;
    pages.delete(key);
  }

  return {
    /**
     * The next page after an offset, up to one that is known to be in the log with all before it: so it does not
     * matter when the page was read.
     */
    page(reader: { project: string; channel: string; after: number; upTo: number }): Promise<Page> {
      const { project, channel, after } = reader;
      // Pages end at round numbers: those who began at different places soon read the same ones.
      const upTo = Math.min(reader.upTo, (Math.floor(after / pageRows) + 1) * pageRows);
      const key = `${project} ${channel} ${after} ${upTo}`;
      const known = pages.get(key);
      if (known) return known.page;
      const entry = { page: load({ project, channel, after, upTo }), bytes: 0 };
      pages.set(key, entry);
      entry.page.then(
        ({ stretches }) => {
          entry.bytes = stretches.length === 0 ? 0 : pageBytes;
          bytes += entry.bytes;
          for (const oldest of pages.keys()) if (bytes > keptBytes) forget(oldest);
          setTimeout(() => pages.get(key) === entry && forget(key), keptMs).unref();
        },
        () => pages.delete(key),
      );
      return entry.page;
    },
    shownOf,
  };
}
