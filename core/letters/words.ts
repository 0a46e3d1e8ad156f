import { Temporal } from '../base/index.ts';
import type { DayLike, Moment } from './data.ts';
import type { Locale } from './types.ts';

const nbsp = '\u00a0';
const units = {
  ru: ['Б', 'КБ', 'МБ', 'ГБ', 'ТБ'],
  en: ['B', 'KB', 'MB', 'GB', 'TB'],
};

/** Days, moments, numbers and sums as they are printed. */
export interface Words {
  /** `16.06.2026`; English `16 June 2026` */
  day(value: DayLike): string;
  /** `16.06.2026, 14:05 МСК` */
  moment(value: Moment): string;
  number(value: number): string;
  /** of integer kopecks: `4 900,00 ₽` */
  money(kopecks: number): string;
  /** the number with the right form: `5 записей` */
  count(value: number, ...forms: string[]): string;
  size(bytes: number): string;
  /** why something stays, in one breath */
  ground(text: string): string;
  /** a clause as it is cited: «Оферта, п. 3.5.2» */
  clause(text: string): string;
  /** a project by its name, or by the end of its number where no name is known */
  project(nameOrId: string): string;
}

/**
 * @param zone the operator's
 */
export function createWords(locale: Locale, zone: string): Words {
  const number = new Intl.NumberFormat(locale === 'ru' ? 'ru-RU' : 'en-GB', { maximumFractionDigits: 1 });
  const sum = new Intl.NumberFormat(locale === 'ru' ? 'ru-RU' : 'en-GB', { minimumFractionDigits: 2 });
  const plural = new Intl.PluralRules(locale);
  const longDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });

  function day(value: DayLike): string {
    const plain = Temporal.PlainDate.from(value);
    if (locale === 'en') return longDay.format(plain.toZonedDateTime('UTC').epochMilliseconds).replaceAll(' ', nbsp);
    return [pad(plain.day), pad(plain.month), plain.year].join('.');
  }

  return {
    day,
    moment(value) {
      const at = Temporal.Instant.from(value.toString()).toZonedDateTimeISO(zone);
      return `${day(at.toPlainDate())}, ${pad(at.hour)}:${pad(at.minute)}${nbsp}${zoneLabel(zone, locale, at.offset)}`;
    },
    number: (value) => number.format(value),
    money: (kopecks) => `${sum.format(kopecks / 100)}${nbsp}${locale === 'ru' ? '₽' : 'RUB'}`,
    count(value, ...forms) {
      const rule = plural.select(value);
      const index = locale === 'ru' ? ({ one: 0, few: 1 }[rule as string] ?? 2) : rule === 'one' ? 0 : 1;
      return `${number.format(value)}${nbsp}${forms[index] ?? forms.at(-1)}`;
    },
    size(bytes) {
      let value = bytes;
      let unit = 0;
      while (value >= 1024 && unit < 4) {
        value /= 1024;
        unit++;
      }
      return `${number.format(value)}${nbsp}${units[locale][unit]}`;
    },
    ground: plainGround,
    clause: (text) => (locale === 'ru' ? clauseOf(text) : text),
    project(nameOrId) {
      const [, end] = /^prj_[0-9a-z]{20}([0-9a-z]{6})$/.exec(nameOrId) ?? [];
      if (end) return `…${end}`;
      return locale === 'ru' ? `«${nameOrId}»` : `“${nameOrId}”`;
    },
  };
}

function zoneLabel(zone: string, locale: Locale, offset: string): string {
  if (zone === 'Europe/Moscow') return locale === 'ru' ? 'МСК' : 'MSK';
  return `UTC${offset}`;
}

const pad = (value: number): string => String(value).padStart(2, '0');

/** Russian abbreviations do not part from their number: «ст. 14», «№ 152-ФЗ», «10 рабочих дней». */
export function bind(text: string): string {
  return text
    .replace(/(^|[\s(«])(ст|п|пп|ч|г|ул|д|кв|стр|абз)\. (?=\S)/giu, `$1$2.${nbsp}`)
    .replace(/№ (?=\S)/g, `№${nbsp}`)
    .replace(/(ИНН|ОГРН|КПП|БИК) (?=\d)/g, `$1${nbsp}`)
    .replace(/(\d) (?=(?:рабоч|календарн|дн|день|час|мин|лет|год|месяц|₽|%|МСК|КБ|МБ|ГБ))/g, `$1${nbsp}`)
    .replace(/ (—|–) /g, `${nbsp}$1 `);
}

/**
 * Why something stays, as a person writes it. A plan names the term, every clause it rests on and, where the operator
 * chose the term, every ground of the purposes: here the clause that won speaks, and of the grounds the first that
 * outlives the contract. A text of another shape stays as it is.
 */
export function plainGround(ground: string): string {
  const [, term, clauses, grounds] = /^(\d[^:]*): (.+?)(?:; основание: (.+))?$/su.exec(ground) ?? [];
  if (!term || !clauses) return ground;
  const winner = clauses.split('; ')[0] ?? clauses;
  if (winner !== 'Выбор оператора') return `${term} (${winner})`;
  const all = grounds?.split(/(?<=\)), /) ?? [];
  const first = all.find((one) => !one.startsWith('Исполнение договора')) ?? all[0];
  const chosen = `${term}, срок установлен оператором`;
  return first ? `${chosen}; основание — ${first[0]?.toLowerCase()}${first.slice(1)}` : chosen;
}

/** A day as letters print it. */
export function printDay(day: DayLike, locale: Locale): string {
  return createWords(locale, 'UTC').day(day);
}

/** The first letter large, as a line begins. */
export function capital(text: string): string {
  return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`;
}

const idWords: Readonly<Record<string, string>> = {
  acc: 'учётная запись',
  prj: 'проект',
  req: 'обращение',
  grt: 'разрешение',
  pln: 'план',
};

/** Long ids in a text become short and say what they are of: «учётная запись …f429d». */
export function shortIds(text: string): string {
  return text.replace(/(\p{L}+ )?\b([a-z]{3})_[0-9a-z]{20}([0-9a-z]{6})\b/gu, (_all, before = '', prefix, end) => {
    const word = idWords[prefix];
    if (!word || before.trim().toLowerCase() === word) return `${before.trim()}${before && nbsp}…${end}`;
    return `${before}${word}${nbsp}…${end}`;
  });
}

/** «Оферта 3.5.2» as it is cited: «Оферта, п. 3.5.2». */
export function clauseOf(clause: string): string {
  return clause.replace(/^(\p{Lu}\p{L}+) (?=\d)/u, `$1, п.${nbsp}`);
}

const ones = ['', 'один', 'два', 'три', 'четыре', 'пять', 'шесть', 'семь', 'восемь', 'девять'];
const teens = [
  ...['десять', 'одиннадцать', 'двенадцать', 'тринадцать', 'четырнадцать'],
  ...['пятнадцать', 'шестнадцать', 'семнадцать', 'восемнадцать', 'девятнадцать'],
];
const tens = [
  ...['', '', 'двадцать', 'тридцать', 'сорок', 'пятьдесят'],
  ...['шестьдесят', 'семьдесят', 'восемьдесят', 'девяносто'],
];
const hundreds = [
  ...['', 'сто', 'двести', 'триста', 'четыреста', 'пятьсот'],
  ...['шестьсот', 'семьсот', 'восемьсот', 'девятьсот'],
];
const scales: { forms: [string, string, string]; female: boolean }[] = [
  { forms: ['рубль', 'рубля', 'рублей'], female: false },
  { forms: ['тысяча', 'тысячи', 'тысяч'], female: true },
  { forms: ['миллион', 'миллиона', 'миллионов'], female: false },
  { forms: ['миллиард', 'миллиарда', 'миллиардов'], female: false },
];

/**
 * A sum as invoices spell it: «Четыре тысячи девятьсот рублей 00 копеек».
 * @param kopecks a whole number, not negative, below 10¹⁴
 */
export function sumInWords(kopecks: number): string {
  const rubles = Math.floor(kopecks / 100);
  const rest = kopecks % 100;
  const parts: string[] = [];
  for (let scale = scales.length - 1; scale >= 0; scale--) {
    const group = Math.floor(rubles / 1000 ** scale) % 1000;
    const { forms, female } = scales[scale] as (typeof scales)[number];
    if (group > 0) parts.push(threeDigits(group, female));
    if (group > 0 || scale === 0) parts.push(form(scale === 0 ? rubles : group, forms));
  }
  if (rubles === 0) parts.unshift('ноль');
  const text = parts.join(' ');
  const small = form(rest, ['копейка', 'копейки', 'копеек']);
  return `${text[0]?.toUpperCase()}${text.slice(1)} ${pad(rest)} ${small}`;
}

function threeDigits(value: number, female: boolean): string {
  const last = value % 10;
  const ten = Math.floor(value / 10) % 10;
  const unit = female && last === 1 ? 'одна' : female && last === 2 ? 'две' : ones[last];
  const words = ten === 1 ? [teens[last]] : [tens[ten], unit];
  return [hundreds[Math.floor(value / 100)], ...words].filter(Boolean).join(' ');
}

function form(value: number, [one, few, many]: [string, string, string]): string {
  const two = value % 100;
  const last = value % 10;
  if (two >= 11 && two <= 14) return many;
  if (last === 1) return one;
  return last >= 2 && last <= 4 ? few : many;
}
