import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Eta } from 'eta';
import type { Actor, Locale, Theme } from './actor.ts';
import type { Assets, IconName } from './assets.ts';
import type { SessionData } from './route.ts';
import type { Dictionary, Words } from './words.ts';

/** One line of the side menu. */
export interface NavItem {
  href: string;
  title: string;
  count?: number;
  /** Overdue, shown in red before the count. */
  late?: number;
  current?: boolean;
}

export interface NavSection {
  title: string;
  items: NavItem[];
}

/** What every page needs besides its own model. */
export interface Frame {
  locale: Locale;
  theme: Theme;
  actor: Actor | null;
  nonce: string;
  path: string;
  /** The same page again, with its query: where a change of language or theme leads back. */
  back: string;
  csrf: string | null;
  flash: SessionData['flash'] | null;
  operator: string;
  nav: NavSection[];
  /** A piece of a page for htmx: no head, no menu. */
  fragment: boolean;
}

export interface Ui {
  /** The whole page as HTML. `model` is what the template calls `it`. */
  render(template: string, model: Record<string, unknown>, frame: Frame): string;
  words(locale: Locale): Words;
  assets: Assets;
}

/**
 * Draws pages with Eta from a folder of templates. Everything that is put in with `<%= %>` is escaped.
 * @throws Error naming the template that is no template: every one is compiled here, before anybody asks for it
 */
export function createUi({ folder, dictionary, assets }: { folder: URL; dictionary: Dictionary; assets: Assets }): Ui {
  const views = fileURLToPath(folder);
  const eta = new Eta({ views, cache: true, autoTrim: false });
  for (const name of readdirSync(views, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.eta')) continue;
    try {
      eta.compile(eta.readFile(join(views, name)));
    } catch (error) {
      throw new Error(`The page template ${name} is broken: ${error instanceof Error ? error.message : error}`);
    }
  }
  return {
    assets,
    words: (locale) => dictionary.in(locale),
    render(template, model, frame) {
      const words = dictionary.in(frame.locale);
      return eta.render(template, {
        ...model,
        frame,
        words,
        t: words.t,
        asset: assets.url,
        shortName,
        labelOf: (field: string) => {
          const key = `field:${field}`;
          return dictionary.has(frame.locale, key) ? words.t(key) : null;
        },
        icon: (name: IconName, className = 'icon') =>
          `<svg class="${className}" aria-hidden="true" focusable="false"><use href="${assets.url('icons.svg')}#${name}"></use></svg>`,
        csrf: () => `<input type="hidden" name="_csrf" value="${frame.csrf ?? ''}">`,
      });
    },
  };
}

/** «Соколова А. В.»: a full name as the top bar shows it. */
export function shortName(name: string): string {
  const [first = '', ...rest] = name.trim().split(/\s+/);
  return [first, ...rest.map((word) => `${word.slice(0, 1)}.`)].join('\u00a0');
}
