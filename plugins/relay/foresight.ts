import { channelKey } from './usage.ts';
import type { Waiting } from './waiting.ts';

/** Larger batches have so much to write that one way more to the server does not matter, and others go behind them. */
const rowsForeseen = 64;
const channelsKept = 20_000;

interface End {
  next: number;
  batch: number;
  /** Nobody else has written to the channel between two batches of this node. */
  alone: boolean;
}

/**
 * Which offsets the next messages of a channel will have, if nobody else writes to it meanwhile. It is a guess: the
 * database decides, and has to be asked whether it has come true.
 */
export function createForesight() {
  const ends = new Map<string, End>();
  let batches = 0;

  return {
    /** The first offset of each channel of a batch, by `channelKey`; null when one of them cannot be foreseen. */
    of(batch: readonly Waiting[]): Map<string, number> | null {
      if (batch.length >= rowsForeseen) return null;
      const first = new Map<string, number>();
      for (const { message } of batch) {
        // Whether it is a repetition has to be asked first.
        if (message.key !== undefined) return null;
        const key = channelKey(message.project, message.channel);
        const end = ends.get(key);
        if (!end?.alone) return null;
        first.set(key, end.next);
      }
      return first;
    },
    /** What a batch has been given, in its order. */
    learn(messages: readonly { project: string; channel: string; offset: number }[]): void {
      batches++;
      for (const { project, channel, offset } of messages) {
        const key = channelKey(project, channel);
        const end = ends.get(key);
        if (end?.next === offset) {
          end.next++;
          if (end.batch !== batches) end.alone = true;
          end.batch = batches;
        } else {
          if (ends.size >= channelsKept) ends.clear();
          ends.set(key, { next: offset + 1, batch: batches, alone: false });
        }
      }
    },
    /** It did not come as foreseen: these channels are looked at anew. */
    forget(keys: Iterable<string>): void {
      for (const key of keys) ends.delete(key);
    },
  };
}
