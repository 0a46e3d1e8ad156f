/**
 * The second door of the relay: the Pusher Channels protocol 7 and its HTTP API, so that the libraries written for them
 * work unchanged. It reads and writes other words for the same conversation: gate, seats, limits, log and hub are those
 * of the native door, and a message that came by one is read by the other. Knows no SQL and no subject of a message.
 */
import type { Door, Engine } from '../../../core/index.ts';
import type { Parts } from '../door.ts';
import type { Occupancy } from '../occupancy.ts';
import { createApi } from './api.ts';
import { createSockets } from './sockets.ts';

export function createPusher(
  engine: Engine,
  parts: Omit<Parts, 'tickets'> & { occupancy: Occupancy },
): { doors: Door[]; stop(): void } {
  const sockets = createSockets(engine, parts);
  return { doors: [sockets, createApi(engine, parts)], stop: sockets.stop };
}
