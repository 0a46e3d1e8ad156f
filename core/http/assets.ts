import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface Asset {
  url: string;
  bytes: Buffer;
  type: string;
  etag: string;
}

export interface Assets {
  /** The address of an asset by its plain name. @throws Error when there is none of that name */
  url(name: string): string;
  /** The asset at an address, or null: nothing outside the list is ever served. */
  at(url: string): Asset | null;
}

const require = createRequire(import.meta.url);
const golos = '@fontsource-variable/golos-text/files/golos-text';

/** Icons of the sprite: our name → file of Tabler's outline set. */
export const icons = {
  late: 'alert-triangle',
  clock: 'clock',
  pause: 'player-pause',
  done: 'check',
  whole: 'circle-check',
  search: 'search',
  document: 'file-text',
  download: 'download',
  print: 'printer',
  bell: 'bell',
  key: 'key',
  shield: 'shield',
  menu: 'menu-2',
} as const;

export type IconName = keyof typeof icons;

/** The closed list of what is served under `/assets/`; each address carries a hash of its bytes. */
export function loadAssets(folder: URL): Assets {
  const byName = new Map<string, string>();
  const byUrl = new Map<string, Asset>();
  const add = (name: string, type: string, bytes: Buffer): void => {
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
    const dot = name.lastIndexOf('.');
    const url = `/assets/${name.slice(0, dot)}.${hash}${name.slice(dot)}`;
    byName.set(name, url);
    byUrl.set(url, { url, bytes, type, etag: `"${hash}"` });
  };
  const own = (name: string): Buffer => readFileSync(fileURLToPath(new URL(name, folder)));
  const url = (name: string): string => {
    const found = byName.get(name);
    if (!found) throw new Error(`There is no asset "${name}".`);
    return found;
  };

  for (const part of ['cyrillic-ext', 'cyrillic', 'latin-ext', 'latin']) {
    add(`golos-${part}.woff2`, 'font/woff2', readFileSync(require.resolve(`${golos}-${part}-wght-normal.woff2`)));
  }
  add('icons.svg', 'image/svg+xml', Buffer.from(sprite()));
  add('htmx.js', 'text/javascript; charset=utf-8', readFileSync(require.resolve('htmx.org/dist/htmx.min.js')));
  for (const name of ['srok.js', 'relay-console.js']) add(name, 'text/javascript; charset=utf-8', own(name));
  const css = own('srok.css')
    .toString('utf8')
    .replaceAll(/url\("([\w.-]+)"\)/g, (_, name: string) => `url("${url(name)}")`);
  add('srok.css', 'text/css; charset=utf-8', Buffer.from(css));
  add('mark.svg', 'image/svg+xml', own('mark.svg'));
  return { url, at: (address) => byUrl.get(address) ?? null };
}

function sprite(): string {
  const symbols = Object.entries(icons).map(([name, file]) => {
    const svg = readFileSync(require.resolve(`@tabler/icons/outline/${file}.svg`), 'utf8');
    const inner = svg
      .replace(/<!--[\s\S]*?-->/g, '')
      .replace(/<svg[^>]*>/, '')
      .replace('</svg>', '')
      .trim();
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`;
}
