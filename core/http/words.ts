import { readFileSync } from 'node:fs';
import i18next, { type i18n } from 'i18next';
import { Temporal } from '../base/index.ts';
import type { Locale } from './actor.ts';

/** Words and numbers of one language. */
export interface Words {
  locale: Locale;
  /** The Russian text is its own key; a plural is named by its first form and takes `count`. */
  t(text: string, values?: Record<string, unknown>): string;
  date(day: Temporal.PlainDate | Temporal.Instant | string | null | undefined): string;
  /** Day and month only, for charts. */
  shortDate(day: Temporal.PlainDate): string;
  time(at: Temporal.Instant): string;
  dateTime(at: Temporal.Instant | string | null | undefined): string;
  number(value: number): string;
  bytes(value: number): string;
  money(kopecks: number): string;
  percent(part: number, whole: number): string;
}

export interface Dictionary {
  in(locale: Locale): Words;
  /** Does the language have its own words for this text? For tests. */
  has(locale: Locale, text: string): boolean;
}

const empty = '—';

/**
 * Russian is the source: a text without an entry in `ru.json` is shown as it stands, so that file holds plurals only.
 * English has an entry for every text; a test compares.
 *
 * @param zone of the operator: instants are shown in it
 */
export function loadWords(folder: URL, zone: string): Dictionary {
  const read = (locale: Locale): Record<string, string> =>
    JSON.parse(readFileSync(new URL(`${locale}.json`, folder), 'utf8')) as Record<string, string>;
  const files = { ru: read('ru'), en: read('en') };
  const engine: i18n = i18next.createInstance();
  void engine.init({
    lng: 'ru',
    fallbackLng: false,
    keySeparator: false,
    nsSeparator: false,
    initAsync: false,
    interpolation: { escapeValue: false }, // the templates escape
    resources: { ru: { translation: files.ru }, en: { translation: files.en } },
  });
  // A list of grounds is named one by one: `{{grounds, ground}}` by the entries `ground:…`.
  engine.services.formatter?.add('ground', (codes, locale) =>
    [codes]
      .flat()
      .map((code) => engine.t(`ground:${code}`, { lng: locale ?? 'ru' }))
      .join(', '),
  );
  // Texts name sums in kopecks with `{{sum, roubles}}`, and lists of numbers with `{{months, listed}}`.
  engine.services.formatter?.add('roubles', (kopecks, lng) => both[lng === 'en' ? 'en' : 'ru'].money(Number(kopecks)));
  engine.services.formatter?.add('listed', (values) => [values].flat().join(', '));
  const both = { ru: words(engine, 'ru', zone), en: words(engine, 'en', zone) };
  return {
    in: (locale) => both[locale],
    has: (locale, text) => text in files[locale] || `${text}_one` in files[locale],
  };
}

function words(engine: i18n, locale: Locale, zone: string): Words {
  const tag = locale === 'ru' ? 'ru-RU' : 'en-GB';
  const dayStyle = { day: '2-digit', month: locale === 'ru' ? '2-digit' : 'short', year: 'numeric' } as const;
  const day = new Intl.DateTimeFormat(tag, { ...dayStyle, timeZone: 'UTC' });
  const short = new Intl.DateTimeFormat(tag, { day: '2-digit', month: '2-digit', timeZone: 'UTC' });
  const time = new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit', timeZone: zone });
  const number = new Intl.NumberFormat(tag);
  const money = new Intl.NumberFormat(tag, { style: 'currency', currency: 'RUB' });
  const zoneName = zone === 'Europe/Moscow' ? { ru: 'МСК', en: 'MSK' }[locale] : zone;
  const fixed = engine.getFixedT(locale);
  // Intl is handed milliseconds: it does not know the Temporal values of a polyfill.
  const ofDay = (value: Temporal.PlainDate): number => value.toZonedDateTime('UTC').epochMilliseconds;
  const toDay = (value: Temporal.PlainDate | Temporal.Instant | string): Temporal.PlainDate => {
    if (typeof value !== 'string') return value instanceof Temporal.Instant ? inZone(value) : value;
    return value.includes('T') ? inZone(Temporal.Instant.from(value)) : Temporal.PlainDate.from(value);
  };
  const inZone = (value: Temporal.Instant): Temporal.PlainDate => value.toZonedDateTimeISO(zone).toPlainDate();
  const self: Words = {
    locale,
    t: (text, values) => fixed(text, values as never) as unknown as string,
    date: (value) => (value ? day.format(ofDay(toDay(value))) : empty),
    shortDate: (value) => short.format(ofDay(value)),
    time: (at) => `${time.format(at.epochMilliseconds)} ${zoneName}`,
    dateTime(value) {
      if (!value) return empty;
      const at = typeof value === 'string' ? Temporal.Instant.from(value) : value;
      return `${self.date(at)}, ${self.time(at)}`;
    },
    number: (value) => number.format(value),
    bytes(value) {
      const units = { ru: ['Б', 'КБ', 'МБ', 'ГБ'], en: ['B', 'KB', 'MB', 'GB'] }[locale];
      let size = value;
      let unit = 0;
      while (size >= 1024 && unit < units.length - 1) {
        size /= 1024;
        unit++;
      }
      return `${number.format(Math.round(size * 10) / 10)}\u00a0${units[unit]}`;
    },
    money: (kopecks) => money.format(kopecks / 100).replace(/[,.]00(?=\D|$)/, ''),
    percent: (part, whole) => `${whole > 0 ? Math.floor((part / whole) * 100) : 0}\u00a0%`,
  };
  return self;
}
