import type { Engine } from '../../core/index.ts';
import { type BusState, createBus } from './bus.ts';
import type { Hub } from './hub.ts';
import type { Listener } from './listener.ts';
import type { Told } from './log.ts';
import type { Nodes } from './nodes.ts';
import { createSequence } from './sequence.ts';
import { announceOffsets } from './store.ts';

/** How often the database is asked what nobody told of, while there are other nodes: with a fast path, and without. */
const lookMs = { calm: 1000, alone: 10_000, blind: 250 } as const;
const noticeBytes = 7000; // a notice of PostgreSQL has at most 8000

/**
 * What several nodes tell each other of the log: by NATS when there is one, else by notices of PostgreSQL that say how
 * far a channel has come; and below both a look into the database now and then, because either may lose something.
 */
export function createCluster(
  engine: Engine,
  { hub, nodes, listener, natsUrl }: { hub: Hub; nodes: Nodes; listener: Listener; natsUrl: string | undefined },
) {
  const { db, log } = engine;
  const sequence = createSequence(engine, hub);
  const bus = createBus(engine, {
    url: natsUrl,
    hearing: { take: sequence.take, expect: sequence.expect, back: lookNow },
  });
  const ahead = new Map<string, { project: string; channel: string; offset: number }>();
  let telling = false;
  let looking = false;
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;

  function lookNow(): void {
    if (looking || stopped) return;
    looking = true;
    sequence
      .look()
      .catch((error) => log.warn({ error: String(error) }, 'The channels could not be looked at.'))
      .finally(() => {
        looking = false;
      });
  }

  function lookLater(): void {
    const pace = nodes.others() === 0 ? 'alone' : bus.state() === 'down' ? 'blind' : 'calm';
    timer = setTimeout(() => {
      bus.keepOnly(hub.projects());
      if (nodes.others() > 0) lookNow();
      lookLater();
    }, lookMs[pace]);
    timer.unref();
  }

  /** One notice at a time; what is told meanwhile goes with the next. */
  async function notify(): Promise<void> {
    if (telling) return;
    telling = true;
    try {
      while (ahead.size > 0) {
        const all = [...ahead.values()];
        ahead.clear();
        await announceOffsets(db, noticesOf(nodes.id, all));
      }
    } catch (error) {
      log.warn({ error: String(error) }, 'The other nodes could not be told; they will look for themselves.');
    } finally {
      telling = false;
    }
  }

  listener.on({
    channel: 'relay_told',
    heard(payload) {
      const [node, told] = JSON.parse(payload) as [string, [string, string, number][]];
      if (node === nodes.id) return;
      for (const [project, channel, offset] of told) sequence.expect(project, channel, offset, 0);
    },
    listening: lookNow,
  });
  listener.on({ channel: 'relay_nodes', heard: lookNow });

  return {
    /** Messages have become durable: their readers are told, on every node. */
    tell(messages: readonly Told[]): void {
      sequence.take(messages);
      if (bus.tell(messages) || nodes.others() === 0) return;
      for (const { project, channel, offset } of messages) {
        ahead.set(`${project} ${channel}`, { project, channel, offset });
      }
      void notify();
    },
    listen: bus.listen,
    state: (): BusState => bus.state(),
    filled: sequence.filled,
    behind: sequence.behind,
    start(): void {
      bus.start();
      lookLater();
    },
    async stop(): Promise<void> {
      stopped = true;
      if (timer) clearTimeout(timer);
      sequence.stop();
      await bus.stop();
    },
  };
}

export type Cluster = ReturnType<typeof createCluster>;

function noticesOf(
  node: string,
  channels: readonly { project: string; channel: string; offset: number }[],
): readonly string[] {
  const notices: string[] = [];
  let told: string[] = [];
  let bytes = 0;
  const finish = (): void => void notices.push(`["${node}",[${told.join(',')}]]`);
  for (const { project, channel, offset } of channels) {
    const one = JSON.stringify([project, channel, offset]);
    if (bytes + Buffer.byteLength(one) > noticeBytes && told.length > 0) {
      finish();
      told = [];
      bytes = 0;
    }
    told.push(one);
    bytes += Buffer.byteLength(one) + 1;
  }
  finish();
  return notices;
}
