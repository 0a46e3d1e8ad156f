import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const hexOf = { sha256: /^[0-9a-f]{64}$/i, md5: /^[0-9a-f]{32}$/i };

/** Whether this is the HMAC-SHA256 of a text, in hex; compared in constant time. */
export function isSignature(given: unknown, { secret, text }: { secret: string; text: string }): boolean {
  return same(given, hexOf.sha256, createHmac('sha256', secret).update(text).digest());
}

/** Whether this is the MD5 of a body, in hex: what a signed request says of it. */
export function isDigest(given: unknown, body: Buffer): boolean {
  return same(given, hexOf.md5, createHash('md5').update(body).digest());
}

function same(given: unknown, form: RegExp, expected: Buffer): boolean {
  return typeof given === 'string' && form.test(given) && timingSafeEqual(Buffer.from(given, 'hex'), expected);
}

/**
 * What is signed of a request: its method, its path as it was sent, and its parameters but the signature itself, with
 * names in small letters and in their order.
 */
export function requestText(method: string, path: string, parameters: ReadonlyMap<string, string>): string {
  const lines = [...parameters].filter(([name]) => name !== 'auth_signature').sort(([a], [b]) => (a < b ? -1 : 1));
  return `${method}\n${path}\n${lines.map(([name, value]) => `${name}=${value}`).join('&')}`;
}

/** What is signed to let one connection into a private channel. `data` is the exact text that was sent with it. */
export function channelText(socket: string, channel: string, data?: string): string {
  return data === undefined ? `${socket}:${channel}` : `${socket}:${channel}:${data}`;
}
