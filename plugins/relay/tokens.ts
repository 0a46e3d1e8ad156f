import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const form = /^srok_([0-9a-hjkmnp-tv-z]{26})_([A-Za-z0-9_-]{43})$/;
const ticketForm = /^(tkt_[0-9a-hjkmnp-tv-z]{26})_([A-Za-z0-9_-]{43})$/;
const nobody = Buffer.alloc(32);

/** A token that somebody has shown: whose it says it is, and what shows that it is. */
export interface ShownToken {
  id: string;
  hash: Buffer;
}

/** A secret for a token id (`tok_…`), a new one unless given. What it looks like: `srok_<id>_<secret>`. */
export function makeSecret(
  id: string,
  secret = randomBytes(32).toString('base64url'),
): { token: string; hash: Buffer; last4: string } {
  return { token: `srok_${id.slice('tok_'.length)}_${secret}`, hash: hashOf(secret), last4: secret.slice(-4) };
}

/** What stands where a token stands; empty when nothing does. */
export function tokenIn({ authorization }: IncomingHttpHeaders): string {
  return /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
}

/** Splits a token as sent into its id and the hash of its secret; null when it is none. */
export function parseToken(text: string): ShownToken | null {
  const parts = form.exec(text);
  return parts ? { id: `tok_${parts[1]}`, hash: hashOf(parts[2] as string) } : null;
}

/** A new secret for a ticket id (`tkt_…`), in characters that may stand in a list of subprotocols. */
export function makeTicket(id: string): { ticket: string; hash: Buffer } {
  const secret = randomBytes(32).toString('base64url');
  return { ticket: `${id}_${secret}`, hash: hashOf(secret) };
}

/** Splits a ticket as sent into its id and the hash of its secret; null when it is none. */
export function parseTicket(text: string): { id: string; hash: Buffer } | null {
  const parts = ticketForm.exec(text);
  return parts ? { id: parts[1] as string, hash: hashOf(parts[2] as string) } : null;
}

/** Compares in constant time; a token we do not know is compared all the same. */
export function sameHash(given: Buffer, known: Buffer | undefined): boolean {
  return timingSafeEqual(given, known ?? nobody) && known !== undefined;
}

function hashOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
