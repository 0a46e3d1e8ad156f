import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Door } from './types.ts';

/**
 * Lets the door that asks for it see connections before HTTP does; what it does not want goes on to HTTP as if nothing
 * had been. Call once, before the server has visitors.
 */
export function giveConnections(
  server: Server,
  { doors, knowsHost }: { doors: readonly Door[]; knowsHost(host: string | undefined): boolean },
): void {
  const [first, second] = doors.filter(({ connection }) => connection);
  if (second) throw new Error(`${first?.prefix} and ${second.prefix} cannot both see a connection first.`);
  if (!first) return;
  const http = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const on = (): void => {
      for (const listener of http) listener.call(server, socket);
    };
    first.connection?.(socket, { on, knowsHost });
  });
}
