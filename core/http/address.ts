import type { IncomingMessage } from 'node:http';

/**
 * Where a request comes from. Behind a proxy that is trusted it is the last hop of X-Forwarded-For, the one that this
 * proxy has seen itself: whatever stands before it is the sender's to choose. Otherwise the header counts for nothing.
 * @returns an IP address; empty when the socket is closed already
 */
export function addressOf(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  behindProxy: boolean | undefined,
): string {
  const hops = behindProxy ? String(request.headers['x-forwarded-for'] ?? '').split(',') : [];
  return hops.at(-1)?.trim() || (request.socket.remoteAddress ?? '');
}
