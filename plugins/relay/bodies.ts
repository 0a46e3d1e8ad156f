import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../core/index.ts';
import { tooLarge } from './channel.ts';

/** How long a body may take, in milliseconds. */
const bodyMs = 30_000;

/** A body that did not arrive in time. */
export class TooSlow extends Error {}

/** A caller that hung up in the middle of its body: there is nobody to answer. */
export class HungUp extends Error {}

/**
 * Hands the chunks of a body to `take`, which may throw to stop it. Resolves at the end of the body.
 * @throws TooSlow | HungUp, or what `take` throws
 */
export function readChunks(
  request: IncomingMessage,
  take: (chunk: Buffer) => void,
  { limitMs = bodyMs }: { limitMs?: number } = {},
): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => stop(new TooSlow()), limitMs);
    let over = false;
    const stop = (error: Error): void => {
      over = true;
      clearTimeout(timer);
      request.pause();
      fail(error);
    };
    const hungUp = (): void => {
      if (!over) stop(new HungUp());
    };
    request.on('data', (chunk: Buffer) => {
      try {
        take(chunk);
      } catch (error) {
        stop(error as Error);
      }
    });
    request.on('end', () => {
      over = true;
      clearTimeout(timer);
      done();
    });
    request.on('error', hungUp).on('close', hungUp);
  });
}

/** A whole body of at most `limit` bytes. @throws Refusal `message.too-large`; TooSlow | HungUp */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  { limitMs, refuse = tooLarge }: { limitMs?: number; refuse?: (bytes: number) => Refusal } = {},
): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limit) throw refuse(limit);
  const pile = createPile();
  const take = (chunk: Buffer): void => {
    if (pile.bytes() + chunk.length > limit) throw refuse(limit);
    pile.add(chunk);
  };
  await readChunks(request, take, limitMs === undefined ? {} : { limitMs });
  return pile.take();
}

/** Bytes that come in pieces. However small the pieces are, they take no more than twice their bytes. */
export function createPile() {
  let only: Buffer | null = null;
  let all = Buffer.alloc(0);
  let bytes = 0;
  return {
    bytes: () => bytes,
    add(piece: Buffer): void {
      if (bytes === 0) {
        only = piece;
        bytes = piece.length;
        return;
      }
      if (only || bytes + piece.length > all.length) {
        const larger = Buffer.allocUnsafe(Math.max(1024, 2 * (bytes + piece.length)));
        (only ?? all).copy(larger, 0, 0, bytes);
        all = larger;
        only = null;
      }
      bytes += piece.copy(all, bytes);
    },
    /** What has come, as one; the pile is empty again. */
    take(): Buffer {
      const whole = only ?? all.subarray(0, bytes);
      only = null;
      all = Buffer.alloc(0);
      bytes = 0;
      return whole;
    },
  };
}
