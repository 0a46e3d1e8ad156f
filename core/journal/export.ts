import { createHash, type Hash, type KeyObject, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import { type Clock, systemClock, Temporal } from '../base/index.ts';
import { canonical, commitmentTo, type Header, leafOfHeader } from './entry.ts';
import { publicKeyFrom, rawOf } from './keys.ts';
import { keyHash, origin, readNote } from './note.ts';
import { emptyEdge, push, rootOf } from './tree.ts';
import type { SigningKeys, Verification } from './types.ts';
import { verdict } from './verdict.ts';

/*
 * An export is NDJSON in one way of writing only:
 *   line 1        what it is: the public key, the size, the root and the moment of the checkpoint
 *   one per entry the canonical header, its leaf, and (if asked for) salt and body in base64
 *   last line     the signed checkpoint, and a signature over every byte before it
 * Each line can be checked by itself, so that a changed byte is found in its own line; the last line holds them together.
 */
const formatVersion = 1;

export interface ExportedEntry {
  header: Header;
  leaf: Buffer;
  salt?: Buffer;
  body?: Buffer;
}

/** Writes the file; it appears under its name only when it is whole. */
export async function exportJournal(
  path: string,
  checkpoint: { size: number; root: Buffer; at: Temporal.Instant; note: string },
  keys: SigningKeys,
  entries: () => AsyncIterable<ExportedEntry>,
): Promise<{ entries: number; root: string }> {
  const { size, root, at, note } = checkpoint;
  const part = `${path}.part`;
  const out = createWriteStream(part, { mode: 0o600 });
  const hash = createHash('sha256');
  const write = async (line: string): Promise<void> => {
    const bytes = Buffer.from(`${line}\n`, 'utf8');
    hash.update(bytes);
    if (!out.write(bytes)) await once(out, 'drain');
  };
  try {
    await write(
      firstLine({ key: rawOf(keys.publicKey), hash: keyHash(keys.publicKey), size, root: root.toString('hex'), at }),
    );
    let count = 0;
    for await (const entry of entries()) {
      await write(entryLine(entry));
      count++;
    }
    await write(lastLine(note, sign(null, signedText(hash, note), keys.privateKey)));
    out.end();
    await once(out, 'finish');
    await rename(part, path);
    return { entries: count, root: root.toString('hex') };
  } catch (error) {
    out.destroy();
    await unlink(part).catch(() => {});
    throw error;
  }
}

/**
 * Verifies an export with nothing but the file and a key. Any changed byte fails, with its line and, in an entry,
 * the entry's number.
 * @param options.publicKey whose signature is expected; without it the key in the file is believed, and the answer
 *                          only says that the file is whole in itself
 */
export async function verifyFile(
  path: string,
  { publicKey, clock = systemClock }: { publicKey?: KeyObject; clock?: Clock } = {},
): Promise<Verification> {
  const edge = emptyEdge();
  let erased = 0;
  const done = (problem?: Verification['problem']): Verification => verdict(edge, { clock, erased, problem });
  const atLine = (line: number, what: string): Verification =>
    done({ seq: null, id: null, line, what: `Line ${line}: ${what}.` });
  const atEntry = (line: number, id: string | null, what: string): Verification =>
    done({ seq: line - 1, id, line, what: `Line ${line}, entry ${line - 1}${id ? ` (${id})` : ''}: ${what}.` });

  const hash = createHash('sha256');
  let first: FirstLine | null = null;
  let number = 0;
  let last: Buffer | null = null;
  let withBodies = false;
  for await (const { bytes, ended, final } of linesOf(path)) {
    number++;
    if (!ended) return atLine(number, 'it does not end as a line does; the file was cut off or changed');
    if (number === 1) {
      const read = readFirst(bytes);
      if (typeof read === 'string') return atLine(1, read);
      if (publicKey && !rawOf(publicKey).equals(rawOf(read.publicKey))) {
        return atLine(1, 'the journal of this file signs with another key than the one expected');
      }
      first = read;
    }
    if (final) {
      last = bytes;
      break;
    }
    hash.update(bytes).update('\n');
    if (number === 1) continue;
    const read = readEntry(bytes);
    if (typeof read === 'string') {
      // A fragment of the closing line is no entry.
      if (first && number - 1 > first.size) return atLine(number, 'it was changed, or does not belong here');
      return atEntry(number, idIn(bytes), read);
    }
    const { header, leaf } = read;
    if (header.seq !== number - 1) return atEntry(number, header.id, `number ${header.seq} stands in its place`);
    if (read.body && read.salt) {
      withBodies = true;
      if (!header.com || !commitmentTo(read.salt, read.body).equals(header.com)) {
        return atEntry(number, header.id, 'its body was changed');
      }
    } else if (header.com) erased++;
    push(edge, leaf);
  }
  // Without bodies nothing says which of them were erased.
  if (!withBodies) erased = 0;
  if (!first) return atLine(1, 'the file is empty');
  if (!last || number === 1) return atLine(number, 'the file ends without its checkpoint');
  const closing = readLast(last);
  if (!closing) {
    // Where an entry should stand, a broken line is that entry, run into the line behind it.
    const inEntries = number - 1 <= first.size && typeof readEntry(last) === 'string';
    if (inEntries) return atEntry(number, idIn(last), 'it was changed');
    return atLine(number, 'it is not the checkpoint that closes an export; the end was cut off or changed');
  }
  const reading = readNote(closing.note, first.publicKey);
  if (!reading.ok) return atLine(number, reading.what);
  const { size, root, at } = reading.checkpoint;
  if (edge.size < size) {
    return done({
      seq: edge.size + 1,
      id: null,
      line: number,
      what: `Entry ${edge.size + 1} is missing: the checkpoint covers ${size}.`,
    });
  }
  if (edge.size > size) return atEntry(size + 2, null, 'the checkpoint does not cover it');
  if (rootOf(edge).toString('hex') !== root) {
    return done({
      seq: null,
      id: null,
      what: 'The entries are not those that were sealed: one of them was changed together with its leaf.',
    });
  }
  if (first.size !== size || first.root !== root || first.at !== at.toString()) {
    return atLine(1, 'it does not say what the signed checkpoint says');
  }
  if (!verify(null, signedText(hash, closing.note), first.publicKey, closing.signature)) {
    return atLine(number, 'the signature over the whole file does not hold');
  }
  return done();
}

interface FirstLine {
  publicKey: KeyObject;
  size: number;
  root: string;
  at: string;
}

function firstLine({
  key,
  hash,
  size,
  root,
  at,
}: {
  key: Buffer;
  hash: Buffer;
  size: number;
  root: string;
  at: Temporal.Instant | string;
}): string {
  return JSON.stringify({
    srok: 'journal',
    v: formatVersion,
    origin,
    key: key.toString('base64'),
    keyHash: hash.toString('hex'),
    size,
    root,
    at: at.toString(),
  });
}

function readFirst(bytes: Buffer): FirstLine | string {
  const read = parse(bytes);
  if (read?.srok !== 'journal') return 'it does not begin like an export of the journal';
  try {
    const key = Buffer.from(String(read.key), 'base64');
    const publicKey = publicKeyFrom(key);
    const size = Number(read.size);
    const root = String(read.root);
    const at = String(read.at);
    // Written again from what was read, with the hash computed from the key: anything else in the line shows.
    if (isWritten(bytes, firstLine({ key, hash: keyHash(publicKey), size, root, at })))
      return { publicKey, size, root, at };
  } catch {
    // A key that is none.
  }
  return 'it was changed';
}

function entryLine({ header, leaf, salt, body }: ExportedEntry): string {
  const tail = salt && body ? `,"salt":"${salt.toString('base64')}","body":"${body.toString('base64')}"` : '';
  return `${canonical(header).slice(0, -1)},"leaf":"${leaf.toString('hex')}"${tail}}`;
}

function readEntry(bytes: Buffer): ExportedEntry | string {
  const changed = 'it was changed';
  const read = parse(bytes);
  if (!read) return changed;
  try {
    const entry: ExportedEntry = {
      header: {
        seq: Number(read.seq),
        id: String(read.id),
        at: Temporal.Instant.from(String(read.at)),
        action: String(read.action),
        about: read.about === null ? null : String(read.about),
        actor: read.actor === null ? null : String(read.actor),
        com: read.com === null ? null : Buffer.from(String(read.com), 'hex'),
      },
      leaf: Buffer.from(String(read.leaf), 'hex'),
      ...(read.salt === undefined ? {} : { salt: Buffer.from(String(read.salt), 'base64') }),
      ...(read.body === undefined ? {} : { body: Buffer.from(String(read.body), 'base64') }),
    };
    if (!isWritten(bytes, entryLine(entry))) return changed;
    return leafOfHeader(entry.header).equals(entry.leaf) ? entry : changed;
  } catch {
    return changed;
  }
}

function lastLine(note: string, signature: Buffer): string {
  return JSON.stringify({ checkpoint: note, file: signature.toString('base64') });
}

function readLast(bytes: Buffer): { note: string; signature: Buffer } | null {
  const read = parse(bytes);
  if (!read) return null;
  const note = String(read.checkpoint);
  const signature = Buffer.from(String(read.file), 'base64');
  return isWritten(bytes, lastLine(note, signature)) ? { note, signature } : null;
}

function signedText(hash: Hash, note: string): Buffer {
  return Buffer.from(`${origin} export\n${hash.copy().digest('hex')}\n${note}`, 'utf8');
}

function parse(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** JSON, hex and base64 can say one thing in many ways; here only one of them counts. */
function isWritten(bytes: Buffer, line: string): boolean {
  return Buffer.from(line, 'utf8').equals(bytes);
}

/** The id in a line that cannot be read as a whole. */
function idIn(bytes: Buffer): string | null {
  return /"id":"(jrn_[0-9a-z]+)"/.exec(bytes.toString('latin1'))?.[1] ?? null;
}

/** Lines as bytes, without their end; `final` marks the last one. */
async function* linesOf(path: string): AsyncGenerator<{ bytes: Buffer; ended: boolean; final: boolean }> {
  let held: Buffer | null = null;
  let parts: Buffer[] = [];
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      if (held) yield { bytes: held, ended: true, final: false };
      held = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      parts = [];
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  const rest = Buffer.concat(parts);
  if (held) yield { bytes: held, ended: true, final: rest.length === 0 };
  if (rest.length > 0) yield { bytes: rest, ended: false, final: true };
}
