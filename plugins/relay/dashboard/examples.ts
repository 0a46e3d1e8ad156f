import { readFileSync } from 'node:fs';
import type { Example } from '../types.ts';

const folder = new URL('./examples/', import.meta.url);
const sources = [
  ['curl', 'curl', 'curl.sh'],
  ['javascript', 'JavaScript', 'javascript.mjs'],
  ['php', 'PHP', 'php.php'],
  ['python', 'Python', 'python.py'],
] as const;

let read: (Omit<Example, 'text'> & { source: string })[] | null = null;

/**
 * Programs that publish and read, whole as they stand, for the project's own address and a channel of it. The token is
 * taken from the environment; in its place stands a word that is none.
 */
export function examplesFor({ address, channel }: { address: string; channel: string }): Example[] {
  read ??= sources.map(([id, title, file]) => ({
    id,
    title,
    file,
    source: readFileSync(new URL(file, folder), 'utf8'),
  }));
  return read.map(({ source, ...rest }) => ({
    ...rest,
    text: source
      .replaceAll('{{address}}', address)
      .replaceAll('{{channel}}', channel)
      .replaceAll('{{path}}', encodeURIComponent(channel)),
  }));
}
