import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Refusal, type Vault } from '../../../core/index.ts';
import type { TokenRow } from '../store.ts';

const keyForm = /^([0-9a-hjkmnp-tv-z]{26})[0-9a-f]{20}$/;

/**
 * The public half of a key of the Pusher protocol, which stands in pages and in URLs: its id without the first word,
 * and a tag, because ids that were made together are much alike.
 */
export function keyOf({ id, tag }: Pick<TokenRow, 'id' | 'tag'>): string {
  return `${id.slice('tok_'.length)}${tag ?? ''}`;
}

/** The id that a key as it is said speaks of, or null when it is none. */
export function idOfKey(key: unknown): string | null {
  const parts = typeof key === 'string' ? keyForm.exec(key) : null;
  return parts && `tok_${parts[1]}`;
}

/** Whether a key as it is said is this one; compared in constant time. */
export function isKey(said: unknown, token: Pick<TokenRow, 'id' | 'tag'>): boolean {
  const [given, known] = [Buffer.from(String(said)), Buffer.from(keyOf(token))];
  return given.length === known.length && timingSafeEqual(given, known);
}

export function makeTag(): string {
  return randomBytes(10).toString('hex');
}

/** Secrets of a project lie under one key of the vault, which goes with the project's owner. */
export function vaultKeyOf(project: string): string {
  return `pusher/${project}`;
}

/** A new secret, to be shown once, and the box that is kept of it. */
export async function makeSecret(
  vault: Vault,
  { id, project }: { id: string; project: string },
): Promise<{ secret: string; box: Buffer }> {
  const secret = randomBytes(32).toString('base64url');
  return { secret, box: await vault.seal(vaultKeyOf(project), Buffer.from(secret), aadOf(id)) };
}

/** The secret that signs; null when the key has been revoked, or its owner erased. */
export async function openSecret(
  vault: Vault,
  { id, secret }: Pick<TokenRow, 'id' | 'secret'>,
): Promise<string | null> {
  if (!secret) return null;
  try {
    return (await vault.open(secret, aadOf(id))).toString('latin1');
  } catch (error) {
    if (error instanceof Refusal && error.kind === 'not-found') return null;
    throw error;
  }
}

function aadOf(id: string): string {
  return `relay.tokens|${id}`;
}
