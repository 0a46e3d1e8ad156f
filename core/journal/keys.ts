import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../base/index.ts';
import type { SigningKeys } from './types.ts';

/**
 * Reads the key pair that signs checkpoints, or makes it: `journal.ed25519` (PKCS #8, for its owner only) and
 * `journal.ed25519.pub` (SPKI), which may be handed to anyone who verifies.
 * @throws Refusal `journal.signing-key` (unavailable) when the file is no Ed25519 key
 */
export function loadSigningKeys(folder: string): SigningKeys {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'journal.ed25519');
  let pem = readIfThere(path);
  if (pem === null) {
    const made = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    // Linked when whole: of two processes that start at once both end up with the same key.
    const own = `${path}.${process.pid}`;
    writeFileSync(own, made, { mode: 0o600 });
    const file = openSync(own, 'r+');
    fsyncSync(file);
    closeSync(file);
    try {
      linkSync(own, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      unlinkSync(own);
    }
    pem = readFileSync(path, 'utf8');
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    throw notAKey(path);
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') throw notAKey(path);
  const publicKey = createPublicKey(pem);
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  if (readIfThere(`${path}.pub`) !== publicPem) writeFileSync(`${path}.pub`, publicPem, { mode: 0o644 });
  return { privateKey, publicKey };
}

/** The 32 bytes of an Ed25519 public key. */
export function rawOf(publicKey: KeyObject): Buffer {
  return Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
}

/** @throws when the bytes are no key */
export function publicKeyFrom(raw: Buffer): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function notAKey(path: string): Refusal {
  return new Refusal('journal.signing-key', 'unavailable', {
    message: `${path} holds no Ed25519 key. Put the right file back; without it no new checkpoint can be signed.`,
  });
}
