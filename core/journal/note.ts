import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import { Temporal } from '../base/index.ts';
import { rawOf } from './keys.ts';
import type { Checkpoint, SigningKeys } from './types.ts';

/*
 * A checkpoint as a signed note (c2sp.org/signed-note, c2sp.org/tlog-checkpoint): origin, size, root, one line of ours
 * with the moment, an empty line, and the signature line.
 */
export const origin = 'srok/journal';
const ed25519 = Buffer.from([1]);

/** The four bytes by which a signature line names its key. */
export function keyHash(publicKey: KeyObject): Buffer {
  return createHash('sha256').update(`${origin}\n`).update(ed25519).update(rawOf(publicKey)).digest().subarray(0, 4);
}

export function writeNote(
  { size, root, at }: { size: number; root: Buffer; at: Temporal.Instant },
  keys: SigningKeys,
): string {
  const text = `${origin}\n${size}\n${root.toString('base64')}\nat ${at}\n`;
  const signature = sign(null, Buffer.from(text, 'utf8'), keys.privateKey);
  return `${text}\n— ${origin} ${Buffer.concat([keyHash(keys.publicKey), signature]).toString('base64')}\n`;
}

export type NoteReading = { ok: true; checkpoint: Checkpoint } | { ok: false; what: string };

/** Reads a note and checks its signature. Only the one way of writing it is accepted, byte for byte. */
export function readNote(note: string, publicKey: KeyObject): NoteReading {
  const match = /^(srok\/journal\n(\d+)\n([A-Za-z0-9+/=]+)\nat (\S+)\n)\n— srok\/journal ([A-Za-z0-9+/=]+)\n$/.exec(
    note,
  );
  if (!match) return { ok: false, what: 'the checkpoint is not written as a checkpoint is' };
  const [, text = '', size = '', root = '', at = '', signed = ''] = match;
  const bytes = Buffer.from(signed, 'base64');
  if (bytes.toString('base64') !== signed || bytes.length !== 68)
    return { ok: false, what: 'the signature of the checkpoint is malformed' };
  if (!bytes.subarray(0, 4).equals(keyHash(publicKey)))
    return { ok: false, what: 'the checkpoint was signed by another key' };
  const signature = bytes.subarray(4);
  if (!verify(null, Buffer.from(text, 'utf8'), publicKey, signature)) {
    return { ok: false, what: 'the signature of the checkpoint does not hold' };
  }
  return {
    ok: true,
    checkpoint: {
      size: Number(size),
      root: Buffer.from(root, 'base64').toString('hex'),
      at: Temporal.Instant.from(at),
      signature: signature.toString('base64'),
      key: rawOf(publicKey).toString('base64'),
      note,
    },
  };
}
