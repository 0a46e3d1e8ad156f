import { createHash, type KeyObject } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { unwrapKey, wrapKey } from './box.ts';

/*
 * The keystore of one epoch, as bytes. Binary throughout: a key that once went through base64 or JSON leaves copies in
 * memory that nobody can wipe.
 *
 *   head    "SROKKEYS" | version (1) | epoch (4) | nothing, wrapped by the epoch's key (28): proves that they belong together
 *   record  kind (1) | length (4) | body | CRC-32 of all before it (4)
 *
 * New keys are appended; a whole new file is written when an epoch ends.
 */
const magic = Buffer.from('SROKKEYS');
const formatVersion = 1;
const headPlain = magic.length + 1 + 4;
export const headBytes = headPlain + 12 + 16;
const wrappedBytes = 12 + 32 + 16;
const kinds = { key: 1, tombstone: 2 } as const;

/** A data key as it is held: wrapped always, open only while in use. */
export interface DataKey {
  id: Buffer;
  name: string;
  /** SHA-256("dek-commit" || key) */
  commitment: Buffer;
  wrapped: Buffer;
  /** the open key, in memory of its own; null when put away */
  open: Buffer | null;
  /** the same as node:crypto takes it without looking at it anew each time */
  ready?: KeyObject | null;
  dead: boolean;
}

/** What stays of a destroyed key. */
export interface Tombstone {
  id: Buffer;
  name: string;
  commitment: Buffer;
  runId: string;
  epochFrom: number;
  epochTo: number;
  /** ISO instant */
  at: string;
}

export interface KeystoreContents {
  epoch: number;
  keys: DataKey[];
  tombstones: Tombstone[];
  /** bytes up to the end of the last whole record */
  length: number;
}

/** Says that a keystore cannot be trusted; the message names what is wrong with it. */
export class DamagedKeystore extends Error {}

export function commitmentOf(key: Buffer): Buffer {
  return createHash('sha256').update('dek-commit').update(key).digest();
}

/** What a wrapped key is bound to: it cannot be passed off as another, nor moved to another epoch. */
export function bindingOf(epoch: number, key: Pick<DataKey, 'id' | 'name' | 'commitment'>): Buffer {
  const epochBytes = Buffer.alloc(4);
  epochBytes.writeUInt32BE(epoch);
  return Buffer.concat([Buffer.from('kek-wrap'), epochBytes, key.id, key.commitment, Buffer.from(key.name, 'utf8')]);
}

export function encodeHead(epoch: number, epochKey: Buffer): Buffer {
  const plain = Buffer.alloc(headPlain);
  magic.copy(plain);
  plain[magic.length] = formatVersion;
  plain.writeUInt32BE(epoch, magic.length + 1);
  return Buffer.concat([plain, wrapKey(epochKey, Buffer.alloc(0), plain)]);
}

export function encodeKey({ id, name, commitment, wrapped }: Omit<DataKey, 'open' | 'ready' | 'dead'>): Buffer {
  return record(kinds.key, Buffer.concat([id, commitment, wrapped, Buffer.from(name, 'utf8')]));
}

export function encodeTombstone({ id, name, commitment, runId, epochFrom, epochTo, at }: Tombstone): Buffer {
  const epochs = Buffer.alloc(8);
  epochs.writeUInt32BE(epochFrom);
  epochs.writeUInt32BE(epochTo, 4);
  return record(kinds.tombstone, Buffer.concat([id, commitment, epochs, ...[at, runId, name].map(shortText)]));
}

/**
 * Reads a keystore. A record cut off at the end of the file was never used (it is on the medium before its key is),
 * so it is left out; damage with good records behind it is not guessed at.
 * @throws DamagedKeystore
 */
export function decode(bytes: Buffer, epoch: number, epochKey: Buffer): KeystoreContents {
  const head = bytes.subarray(0, headPlain);
  if (bytes.length < headBytes || !head.subarray(0, magic.length).equals(magic)) {
    throw new DamagedKeystore('it does not begin like a keystore');
  }
  if (head[magic.length] !== formatVersion) throw new DamagedKeystore(`its version ${head[magic.length]} is unknown`);
  if (head.readUInt32BE(magic.length + 1) !== epoch) throw new DamagedKeystore('it belongs to another epoch');
  try {
    unwrapKey(epochKey, bytes.subarray(headPlain, headBytes), head);
  } catch {
    throw new DamagedKeystore('the key of its epoch does not open it');
  }
  const keys: DataKey[] = [];
  const tombstones: Tombstone[] = [];
  let at = headBytes;
  for (let next = readRecord(bytes, at); next; next = readRecord(bytes, at)) {
    if (!next.sound) {
      if (goodRecordBehind(bytes, next.end)) throw new DamagedKeystore(`a record at byte ${at} is damaged`);
      break;
    }
    if (next.kind === kinds.key) keys.push(decodeKey(next.body));
    else tombstones.push(decodeTombstone(next.body));
    at = next.end;
  }
  return { epoch, keys, tombstones, length: at };
}

function record(kind: number, body: Buffer): Buffer {
  const bytes = Buffer.alloc(5 + body.length + 4);
  bytes[0] = kind;
  bytes.writeUInt32BE(body.length, 1);
  body.copy(bytes, 5);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 5 + body.length)), 5 + body.length);
  return bytes;
}

/** Null at the end of the file. */
function readRecord(bytes: Buffer, at: number): { kind: number; body: Buffer; end: number; sound: boolean } | null {
  if (at >= bytes.length) return null;
  const cut = { kind: 0, body: Buffer.alloc(0), end: bytes.length, sound: false };
  if (at + 9 > bytes.length) return cut;
  const length = bytes.readUInt32BE(at + 1);
  const end = at + 5 + length + 4;
  if (end > bytes.length) return cut;
  const kind = bytes[at] as number;
  const known = kind === kinds.key || kind === kinds.tombstone;
  const sound = known && crc32(bytes.subarray(at, end - 4)) === bytes.readUInt32BE(end - 4);
  return { kind, body: bytes.subarray(at + 5, end - 4), end, sound };
}

function goodRecordBehind(bytes: Buffer, at: number): boolean {
  for (let next = readRecord(bytes, at); next; next = readRecord(bytes, next.end)) if (next.sound) return true;
  return false;
}

// Copies, because the file's bytes are let go as a whole.
function decodeKey(body: Buffer): DataKey {
  return {
    id: Buffer.from(body.subarray(0, 16)),
    commitment: Buffer.from(body.subarray(16, 48)),
    wrapped: Buffer.from(body.subarray(48, 48 + wrappedBytes)),
    name: body.toString('utf8', 48 + wrappedBytes),
    open: null,
    dead: false,
  };
}

function decodeTombstone(body: Buffer): Tombstone {
  const texts: string[] = [];
  for (let at = 56; at < body.length; ) {
    const length = body.readUInt16BE(at);
    texts.push(body.toString('utf8', at + 2, at + 2 + length));
    at += 2 + length;
  }
  const [at, runId, name] = texts as [string, string, string];
  return {
    id: Buffer.from(body.subarray(0, 16)),
    commitment: Buffer.from(body.subarray(16, 48)),
    epochFrom: body.readUInt32BE(48),
    epochTo: body.readUInt32BE(52),
    at,
    runId,
    name,
  };
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
