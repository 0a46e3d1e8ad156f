import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** One place where the bytes were found. */
export interface Hit {
  file: string;
  form: string;
  offset: number;
}

const blockBytes = 8 * 1024 * 1024;

/** The shapes a text may take on its way through a system: as it is, or as something else wrote it down. */
export function formsOf(text: string): Map<string, Buffer> {
  const utf8 = Buffer.from(text, 'utf8');
  const forms = new Map<string, Buffer>([
    ['utf8', utf8],
    ['hex', Buffer.from(utf8.toString('hex'))],
    ['HEX', Buffer.from(utf8.toString('hex').toUpperCase())],
    ['utf16le', Buffer.from(text, 'utf16le')],
    ['utf16be', Buffer.from(text, 'utf16le').swap16()],
    ['url', Buffer.from(encodeURIComponent(text))],
    ['json', Buffer.from(asciiJson(text))],
  ]);
  // Inside a longer base64 text the three alignments look different; the middle of each is the same everywhere.
  for (const shift of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(shift), utf8])
      .toString('base64')
      .replace(/=+$/, '');
    const from = Math.ceil((shift * 8) / 6);
    const whole = Math.floor(((shift + utf8.length) * 8) / 6);
    const middle = encoded.slice(from, whole);
    forms.set(`base64+${shift}`, Buffer.from(middle));
    forms.set(`base64url+${shift}`, Buffer.from(middle.replaceAll('+', '-').replaceAll('/', '_')));
  }
  return new Map([...forms].filter(([form, bytes]) => form === 'utf8' || !bytes.equals(utf8)));
}

function asciiJson(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Searches the raw bytes of every file below a folder: tables, write-ahead log, keystore, mail, logs, everything.
 *
 * @returns the first hits (at most `most`), the number of files and bytes that were read
 */
export function scan(
  folder: string,
  needles: Map<string, Buffer>,
  { most = 20, skip = () => false }: { most?: number; skip?: (path: string) => boolean } = {},
): { hits: Hit[]; files: number; bytes: number } {
  const hits: Hit[] = [];
  let files = 0;
  let bytes = 0;
  const longest = Math.max(...[...needles.values()].map((needle) => needle.length));
  const block = Buffer.allocUnsafe(blockBytes + longest);
  for (const path of filesBelow(folder)) {
    if (skip(path)) continue;
    let handle: number;
    try {
      handle = openSync(path, 'r');
    } catch {
      continue; // a temporary file of the server that is gone by now
    }
    files++;
    try {
      let kept = 0;
      let at = 0;
      for (;;) {
        const read = readSync(handle, block, kept, blockBytes, null);
        if (read === 0) break;
        bytes += read;
        const view = block.subarray(0, kept + read);
        for (const [form, needle] of needles) {
          const found = view.indexOf(needle);
          if (found >= 0 && hits.length < most)
            hits.push({ file: relative(folder, path), form, offset: at - kept + found });
        }
        at += read;
        kept = Math.min(longest - 1, view.length);
        view.copy(block, 0, view.length - kept);
      }
    } finally {
      closeSync(handle);
    }
  }
  return { hits, files, bytes };
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile() && statSync(path, { throwIfNoEntry: false })) yield path;
  }
}
