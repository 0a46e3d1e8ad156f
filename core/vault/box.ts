import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

/*
 * A box: version (1 byte, 1 = AES-256-GCM) | key id (16) | nonce (12) | cipher text | tag (16).
 * The first 17 bytes and the caller's words are authenticated with it.
 *
 * A cipher that is given bare bytes asks first, at four times the price of the sealing, whether they are a key object:
 * so it is given one. What a key object holds is wiped when it is collected.
 */
const version = 1;
const keyIdBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + keyIdBytes;
const cipher = 'aes-256-gcm';

/** A sealed text is longer than the plain one by this much. */
export const boxOverhead = headBytes + nonceBytes + tagBytes;

/*
 * Nonces of one process never repeat: the first four bytes are chance, the other eight count up from a random start,
 * so that two processes that draw the same four bytes still stand far apart.
 */
const prefix = randomBytes(4);
let counter = randomBytes(8).readBigUInt64BE();

export function nextNonce(): Buffer {
  counter = BigInt.asUintN(64, counter + 1n);
  const nonce = Buffer.allocUnsafe(nonceBytes);
  prefix.copy(nonce);
  nonce.writeBigUInt64BE(counter, 4);
  return nonce;
}

/** What is authenticated beside the text: the head of the box and the caller's words. */
function wordsOf(box: Buffer, aad: string): Buffer {
  const words = Buffer.allocUnsafe(headBytes + Buffer.byteLength(aad));
  box.copy(words, 0, 0, headBytes);
  words.write(aad, headBytes);
  return words;
}

const asObject = (key: Buffer | KeyObject): KeyObject => (Buffer.isBuffer(key) ? createSecretKey(key) : key);

/** @param keyId 16 bytes, @param key 32 bytes */
export function sealBox(keyId: Buffer, key: KeyObject, plain: Buffer, aad: string): Buffer {
  const box = Buffer.allocUnsafe(boxOverhead + plain.length);
  box[0] = version;
  keyId.copy(box, 1);
  const nonce = nextNonce();
  nonce.copy(box, headBytes);
  const sealing = createCipheriv(cipher, key, nonce);
  sealing.setAAD(wordsOf(box, aad));
  sealing.update(plain).copy(box, headBytes + nonceBytes);
  sealing.final();
  sealing.getAuthTag().copy(box, box.length - tagBytes);
  return box;
}

/** The id of the key that sealed this, in hex; null when it is no box of ours. */
export function keyIdOf(box: Buffer): string | null {
  if (box.length < boxOverhead || box[0] !== version) return null;
  return box.toString('hex', 1, headBytes);
}

/** @throws when the box, the key or the words do not belong together */
export function openBox(key: Buffer | KeyObject, box: Buffer, aad: string): Buffer {
  const opening = createDecipheriv(cipher, asObject(key), box.subarray(headBytes, headBytes + nonceBytes));
  opening.setAAD(wordsOf(box, aad));
  opening.setAuthTag(box.subarray(box.length - tagBytes));
  const plain = opening.update(box.subarray(headBytes + nonceBytes, box.length - tagBytes));
  opening.final();
  return plain;
}

/** Wraps a 32-byte key: nonce | cipher text | tag. */
export function wrapKey(wrapping: Buffer | KeyObject, key: Buffer, about: Buffer): Buffer {
  const nonce = nextNonce();
  const sealing = createCipheriv(cipher, asObject(wrapping), nonce);
  sealing.setAAD(about);
  const wrapped = sealing.update(key);
  sealing.final();
  return Buffer.concat([nonce, wrapped, sealing.getAuthTag()]);
}

/**
 * Answers the key in memory of its own (node:crypto does not take it from the shared pool), so that filling it with
 * zeros leaves no copy.
 * @throws when the wrapping key or the words are not the right ones
 */
export function unwrapKey(wrapping: Buffer | KeyObject, wrapped: Buffer, about: Buffer): Buffer {
  const opening = createDecipheriv(cipher, asObject(wrapping), wrapped.subarray(0, nonceBytes));
  opening.setAAD(about);
  opening.setAuthTag(wrapped.subarray(wrapped.length - tagBytes));
  const key = opening.update(wrapped.subarray(nonceBytes, wrapped.length - tagBytes));
  opening.final();
  return key;
}
