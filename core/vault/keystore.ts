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
 * New keys are appended; a whole new file is written when an epoch ends. Data keys are wrapped by the key of their
 * tranche and only the keys of the tranches by that of the epoch, so that the records of untouched tranches go from one
 * epoch to the next as they are.
 *
 * In version 1 each data key was wrapped by the key of the epoch itself. It is read still, and never written.
 */
const magic = Buffer.from('SROKKEYS');
export const formatVersion = 2;
const headPlain = magic.length + 1 + 4;
export const headBytes = headPlain + 12 + 16;
const wrappedBytes = 12 + 32 + 16;
const kinds = { wholeKey: 1, tombstone: 2, tranche: 3, key: 4 } as const;
const kindsOf: Record<number, readonly number[]> = {
  1: [kinds.wholeKey, kinds.tombstone],
  2: [kinds.tombstone, kinds.tranche, kinds.key],
};

/** Data keys that are wrapped by one key of their own. */
export interface Tranche {
  number: number;
  /** its key, wrapped by that of the epoch */
  wrapped: Buffer;
  record: Buffer;
  members: Set<DataKey>;
  /** its key as ciphers take it; null when put away */
  ready: KeyObject | null;
}

/** A data key as it is held: wrapped always, open only while in use. */
export interface DataKey {
  id: Buffer;
  name: string;
  /** SHA-256("dek-commit" || key) */
  commitment: Buffer;
  wrapped: Buffer;
  record: Buffer;
  /** null in a file of version 1 */
  tranche: Tranche | null;
  /** the open key, in memory of its own; null when put away */
  open: Buffer | null;
  /** the same as node:crypto takes it without looking at it anew each time */
  ready: KeyObject | null;
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
  record: Buffer;
}

export interface KeystoreContents {
  version: number;
  epoch: number;
  tranches: Tranche[];
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

type Identity = Pick<DataKey, 'id' | 'name' | 'commitment'>;

/** What the key of a tranche is bound to: it cannot be passed off as another, nor moved to another epoch. */
export function bindingOfTranche(epoch: number, number: number): Buffer {
  return Buffer.concat([Buffer.from('tranche-wrap'), fourBytes(epoch), fourBytes(number)]);
}

/** What a data key is bound to: it cannot be passed off as another, nor moved to another tranche. */
export function bindingOfKey(tranche: number, key: Identity): Buffer {
  return bound('dek-wrap', tranche, key);
}

/** The same in version 1, where there were no tranches. */
export function firstBindingOf(epoch: number, key: Identity): Buffer {
  return bound('kek-wrap', epoch, key);
}

function bound(word: string, number: number, { id, commitment, name }: Identity): Buffer {
  return Buffer.concat([Buffer.from(word), fourBytes(number), id, commitment, Buffer.from(name, 'utf8')]);
}

export function encodeHead(epoch: number, epochKey: Buffer): Buffer {
  const plain = Buffer.alloc(headPlain);
  magic.copy(plain);
  plain[magic.length] = formatVersion;
  plain.writeUInt32BE(epoch, magic.length + 1);
  return Buffer.concat([plain, wrapKey(epochKey, Buffer.alloc(0), plain)]);
}

export function encodeTranche(number: number, wrapped: Buffer): Buffer {
  return recordOf(kinds.tranche, Buffer.concat([fourBytes(number), wrapped]));
}

export function encodeKey(tranche: number, { id, commitment, name }: Identity, wrapped: Buffer): Buffer {
  return recordOf(kinds.key, Buffer.concat([id, commitment, fourBytes(tranche), wrapped, Buffer.from(name, 'utf8')]));
}

/** @param stone epochs as numbers, `at` an ISO instant */
export function buried(stone: Omit<Tombstone, 'record'>): Tombstone {
  const { id, name, commitment, runId, epochFrom, epochTo, at } = stone;
  const body = [id, commitment, fourBytes(epochFrom), fourBytes(epochTo), ...[at, runId, name].map(shortText)];
  return { ...stone, record: recordOf(kinds.tombstone, Buffer.concat(body)) };
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
  const version = head[magic.length] as number;
  const known = kindsOf[version];
  if (!known) throw new DamagedKeystore(`its version ${version} is unknown`);
  if (head.readUInt32BE(magic.length + 1) !== epoch) throw new DamagedKeystore('it belongs to another epoch');
  try {
    unwrapKey(epochKey, bytes.subarray(headPlain, headBytes), head);
  } catch {
    throw new DamagedKeystore('the key of its epoch does not open it');
  }
  const tranches = new Map<number, Tranche>();
  const keys: DataKey[] = [];
  const tombstones: Tombstone[] = [];
  let at = headBytes;
  for (let next = readRecord(bytes, at, known); next; next = readRecord(bytes, at, known)) {
    if (!next.sound) {
      if (goodRecordBehind(bytes, next.end, known)) throw new DamagedKeystore(`a record at byte ${at} is damaged`);
      break;
    }
    // A copy, because the file's bytes are let go as a whole.
    const whole = Buffer.from(bytes.subarray(at, next.end));
    if (next.kind === kinds.tombstone) tombstones.push(decodeTombstone(whole));
    else if (next.kind === kinds.wholeKey) keys.push(decodeWholeKey(whole));
    else if (next.kind === kinds.key) keys.push(decodeKey(whole, tranches, at));
    else {
      const tranche = decodeTranche(whole);
      if (tranches.has(tranche.number)) throw new DamagedKeystore(`a tranche at byte ${at} is there twice`);
      tranches.set(tranche.number, tranche);
    }
    at = next.end;
  }
  return { version, epoch, tranches: [...tranches.values()], keys, tombstones, length: at };
}

function recordOf(kind: number, body: Buffer): Buffer {
  const bytes = Buffer.alloc(5 + body.length + 4);
  bytes[0] = kind;
  bytes.writeUInt32BE(body.length, 1);
  body.copy(bytes, 5);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 5 + body.length)), 5 + body.length);
  return bytes;
}

const bodyOf = (whole: Buffer): Buffer => whole.subarray(5, whole.length - 4);

/** Null at the end of the file. */
function readRecord(
  bytes: Buffer,
  at: number,
  known: readonly number[],
): { kind: number; end: number; sound: boolean } | null {
  if (at >= bytes.length) return null;
  const cut = { kind: 0, end: bytes.length, sound: false };
  if (at + 9 > bytes.length) return cut;
  const end = at + 5 + bytes.readUInt32BE(at + 1) + 4;
  if (end > bytes.length) return cut;
  const kind = bytes[at] as number;
  const sound = known.includes(kind) && crc32(bytes.subarray(at, end - 4)) === bytes.readUInt32BE(end - 4);
  return { kind, end, sound };
}

function goodRecordBehind(bytes: Buffer, at: number, known: readonly number[]): boolean {
  for (let next = readRecord(bytes, at, known); next; next = readRecord(bytes, next.end, known)) {
    if (next.sound) return true;
  }
  return false;
}

function decodeTranche(whole: Buffer): Tranche {
  const body = bodyOf(whole);
  const wrapped = body.subarray(4, 4 + wrappedBytes);
  return { number: body.readUInt32BE(0), wrapped, record: whole, members: new Set(), ready: null };
}

function decodeKey(whole: Buffer, tranches: Map<number, Tranche>, at: number): DataKey {
  const body = bodyOf(whole);
  const tranche = tranches.get(body.readUInt32BE(48));
  if (!tranche) throw new DamagedKeystore(`the tranche of the key at byte ${at} is missing`);
  const key = keyFrom(whole, 52, tranche);
  tranche.members.add(key);
  return key;
}

function decodeWholeKey(whole: Buffer): DataKey {
  return keyFrom(whole, 48, null);
}

function keyFrom(record: Buffer, wrappedAt: number, tranche: Tranche | null): DataKey {
  const body = bodyOf(record);
  return {
    id: body.subarray(0, 16),
    commitment: body.subarray(16, 48),
    wrapped: body.subarray(wrappedAt, wrappedAt + wrappedBytes),
    name: body.toString('utf8', wrappedAt + wrappedBytes),
    record,
    tranche,
    open: null,
    ready: null,
    dead: false,
  };
}

/** The key as its record says it is. */
export function keyOfRecord(record: Buffer, tranche: Tranche): DataKey {
  return keyFrom(record, 52, tranche);
}

function decodeTombstone(whole: Buffer): Tombstone {
  const body = bodyOf(whole);
  const texts: string[] = [];
  for (let at = 56; at < body.length; ) {
    const length = body.readUInt16BE(at);
    texts.push(body.toString('utf8', at + 2, at + 2 + length));
    at += 2 + length;
  }
  const [at, runId, name] = texts as [string, string, string];
  return {
    id: body.subarray(0, 16),
    commitment: body.subarray(16, 48),
    epochFrom: body.readUInt32BE(48),
    epochTo: body.readUInt32BE(52),
    at,
    runId,
    name,
    record: whole,
  };
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function fourBytes(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}
