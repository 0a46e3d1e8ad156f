import type { Citation } from './types.ts';

const nbsp = '\u00a0';
const words = {
  ru: { article: 'ст.', part: 'ч.', point: 'п.', clause: 'п.' },
  en: { article: 'art.', part: 'part', point: 'item', clause: 'cl.' },
};

/**
 * A citation as it is printed: «ст. 14 ч. 3 152-ФЗ от 27.07.2006», «Оферта, п. 3.5.3, 5.1.4»; the spaces before
 * numbers do not break.
 */
export function cite(citation: Citation, locale: 'ru' | 'en'): string {
  let text = said[locale].get(citation);
  if (text === undefined) {
    text = compose(citation, locale);
    said[locale].set(citation, text);
  }
  return text;
}

// The same few citations stand in every answer.
const said = { ru: new WeakMap<Citation, string>(), en: new WeakMap<Citation, string>() };

function compose(citation: Citation, locale: 'ru' | 'en'): string {
  const word = words[locale];
  if (citation.clause) {
    return citation.clause.replace(/(\p{L})\s+(?=\d)/gu, (_all, letter) => `${letter}, ${word.clause}${nbsp}`);
  }
  const parts = (['article', 'part', 'point'] as const)
    .filter((key) => citation[key])
    .map((key) => `${word[key]}${nbsp}${citation[key]}`);
  const act = citation.act.replaceAll('№ ', `№${nbsp}`);
  const place = [...parts, parts.length > 0 && locale === 'ru' ? genitive(act) : act].join(' ');
  return citation.text ? `${place} (${citation.text.replaceAll('№ ', `№${nbsp}`)})` : place;
}

/** «п. 3 приказа …», «ст. 31 Закона …»: acts that are named by a word and not by their number. */
function genitive(act: string): string {
  return act.replace(/^(приказ|Закон)(?=\s)/, '$1а');
}
