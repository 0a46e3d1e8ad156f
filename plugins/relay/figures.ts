import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { BusState } from './bus.ts';

/** What is asked when the figures are read. */
export interface Present {
  connections(): number;
  subscriptions(): number;
  nodes(): number;
  bus(): BusState;
  behind(): number;
  filled(): number;
  waiting(): number;
  writable(): boolean;
}

/**
 * The figures of one node for Prometheus. No figure names a project, a channel or a person. What is counted on the hot
 * path is a plain number until somebody reads it.
 */
export function createFigures() {
  const registry = new Registry();
  const registers = [registry];
  const counts = { delivered: 0, undelivered: 0, slow: 0 };

  const accepted = new Counter({
    ...{ name: 'srok_relay_accepted_total', help: 'Messages that are in the log, by the door they came in by.' },
    ...{ labelNames: ['door'], registers },
  });
  const refused = new Counter({
    ...{ name: 'srok_relay_refused_total', help: 'What was refused, by the code of the refusal.' },
    ...{ labelNames: ['code'], registers },
  });
  const batchMessages = new Histogram({
    ...{ name: 'srok_relay_batch_messages', help: 'Messages of one write to the log.', registers },
    buckets: [1, 3, 10, 30, 100, 300, 1000],
  });
  const batchSeconds = new Histogram({
    ...{
      name: 'srok_relay_batch_seconds',
      help: 'Seconds of one write to the log, to the end of its commit.',
      registers,
    },
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1, 3, 10],
  });
  const batchFailures = new Counter({
    ...{
      name: 'srok_relay_batch_failures_total',
      help: 'Writes to the log that failed; nothing of them was acknowledged.',
    },
    registers,
  });

  function total(name: string, help: string, read: () => number): void {
    new Counter({
      ...{ name, help, registers },
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  function level(name: string, help: string, read: () => number): void {
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(read());
      },
    });
  }

  total('srok_relay_delivered_total', 'Messages written to subscribers.', () => counts.delivered);
  total('srok_relay_undelivered_total', 'Messages that subscribers were too slow for.', () => counts.undelivered);
  total('srok_relay_slow_closes_total', 'Connections closed because they were too slow.', () => counts.slow);

  return {
    accepted: (door: 'http' | 'ws', many: number): void => accepted.inc({ door }, many),
    /** @param code of the refusal: from the code of the program, never from a caller */
    refused: (code: string): void => refused.inc({ code }),
    delivered(delivered: number, failed: number): void {
      counts.delivered += delivered;
      counts.undelivered += failed;
    },
    slow: (): void => void counts.slow++,
    batch({ messages, seconds, ok }: { messages: number; seconds: number; ok: boolean }): void {
      batchMessages.observe(messages);
      batchSeconds.observe(seconds);
      if (!ok) batchFailures.inc();
    },
    /** Names what is asked at each reading. Call once. */
    watch(present: Present): void {
      level('srok_relay_connections', 'Open WebSockets of this node.', present.connections);
      level('srok_relay_subscriptions', 'Subscriptions of this node.', present.subscriptions);
      level('srok_relay_nodes', 'Living nodes, this one among them.', present.nodes);
      level('srok_relay_log_waiting', 'Messages that wait to be written to the log.', present.waiting);
      level(
        'srok_relay_log_writable',
        '1 while the log can be written, as far as is known.',
        () => +present.writable(),
      );
      level(
        'srok_relay_behind',
        'Messages of the log that this node knows of and has not passed on yet.',
        present.behind,
      );
      total(
        'srok_relay_filled_total',
        'Messages read from the log because no other node had told of them.',
        present.filled,
      );
      level(
        'srok_relay_bus_up',
        '1 while NATS carries messages between nodes; 0 also without NATS.',
        () => +(present.bus() === 'up'),
      );
    },
    text: (): Promise<string> => registry.metrics(),
  };
}

export type Figures = ReturnType<typeof createFigures>;
