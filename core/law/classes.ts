import type { Temporal } from '../base/index.ts';
import { because } from './due.ts';
import type { Pack } from './pack.ts';
import { valueOn } from './term.ts';
import type {
  Citation,
  DatedValue,
  FineRange,
  Incident,
  IncidentClass,
  LawItem,
  LawStep,
  ProtectedSystem,
  ProtectionLevel,
  Rule,
  Span,
} from './types.ts';

const numbers = new Intl.NumberFormat('ru');
const nbsp = '\u00a0';

/**
 * The part of the code of administrative offences that a leak falls under: of the parts it reaches by people, by
 * identifiers or by the kind of data, the one with the heaviest fine; after an earlier punishment the part for
 * repetition. Null when it reaches none, and before there were such parts.
 *
 * @throws RangeError for numbers that cannot count anything
 */
export function incidentClassOf(
  pack: Pack,
  rule: Rule,
  incident: Incident,
  on: Temporal.PlainDate,
): IncidentClass | null {
  counted(incident.subjects, incident.identifiers);
  const value = valueOn(rule, on);
  const parts = value?.items ?? [];
  const reached = parts.filter((part) => why(part, incident) !== null).sort(heaviestFirst);
  const [plain] = reached;
  if (!value || !plain) return null;
  const repeated = incident.repeat ? parts.find((part) => part.repeats?.includes(plain.point)) : undefined;
  const part = repeated ?? plain;
  const step = (one: LawItem, reason: string): LawStep => ({
    rule: rule.id,
    value: describeFine((one.fine as Fine).legal),
    cite: citeOf(value, one),
    why: reason,
  });
  const heavier = `более тяжёлая часть: ч.${nbsp}${part.point}`;
  return {
    part: part.point,
    title: part.title,
    fine: part.fine as Fine,
    because: because(
      pack,
      step(part, repeated ? `повторно: ${why(plain, incident)}` : (why(plain, incident) as string)),
      reached.filter((one) => one !== part).map((one) => step(one, `${why(one, incident)}; ${heavier}`)),
    ),
  };
}
type Fine = NonNullable<LawItem['fine']>;

/** By what an incident reaches a part, in Russian; null when it does not. */
function why({ leak }: LawItem, incident: Incident): string | null {
  if (!leak) return null;
  if (leak.data === 'special') return incident.special ? 'среди данных — специальные категории' : null;
  if (leak.data === 'biometric') return incident.biometric ? 'среди данных — биометрические' : null;
  const by = [
    ...(within(leak.subjects, incident.subjects) ? [`субъектов ${numbers.format(incident.subjects)}`] : []),
    ...(within(leak.identifiers, incident.identifiers)
      ? [`идентификаторов ${numbers.format(incident.identifiers)}`]
      : []),
  ];
  return by.length > 0 ? by.join(', ') : null;
}

function heaviestFirst({ fine: a }: LawItem, { fine: b }: LawItem): number {
  const most = (range: FineRange | undefined) => range?.kopecks[1] ?? 0;
  return most(b?.legal) - most(a?.legal) || most(b?.officials) - most(a?.officials);
}

/** «от 3 000 000 до 5 000 000 ₽», «от 1 до 3 % выручки, но не менее 20 000 000 и не более 500 000 000 ₽». */
function describeFine({ kopecks, percent }: FineRange): string {
  const [min, max] = kopecks.map((sum) => numbers.format(sum / 100));
  if (!percent) return `от ${min} до ${max}${nbsp}₽`;
  return `от ${percent[0]} до ${percent[1]}${nbsp}% выручки, но не менее ${min} и не более ${max}${nbsp}₽`;
}

/**
 * The protection level of a system with personal data: of the rows of the table that fit, the strictest.
 * @throws RangeError for a number of people that is no number of people
 */
export function protectionLevelOf(pack: Pack, rule: Rule, value: DatedValue, system: ProtectedSystem): ProtectionLevel {
  counted(system.outsiders);
  const fitting = (value.items ?? [])
    .flatMap((item) => (item.protection && fits(item.protection, system) ? [{ item, row: item.protection }] : []))
    .sort((a, b) => a.row.level - b.row.level);
  const [strictest, ...rest] = fitting.map(({ item, row }) => ({
    level: row.level,
    step: { rule: rule.id, value: `УЗ-${row.level}`, cite: citeOf(value, item), why: item.title },
  }));
  if (!strictest) throw new RangeError('a system without personal data has no protection level');
  return {
    level: strictest.level,
    because: because(
      pack,
      strictest.step,
      rest.map(({ step }) => step),
    ),
  };
}

function fits(row: NonNullable<LawItem['protection']>, { threats, data, outsiders }: ProtectedSystem): boolean {
  if (row.threats !== threats || !row.data.some((kind) => data.includes(kind))) return false;
  return !row.outsiders || within(row.outsiders, outsiders);
}

function within(span: Span | undefined, count: number): boolean {
  if (!span) return false;
  const { from = 0, over = -1, to = Number.POSITIVE_INFINITY } = span;
  return count >= from && count > over && count <= to;
}

/** The citation of one item of a list; where the item is less certain than its list, with its own letter. */
function citeOf(value: DatedValue, item: LawItem): Citation {
  const { cite } = value;
  const place = cite.part || !cite.article ? { point: item.point } : { part: item.point };
  return { ...cite, ...place, ...(item.certainty ? { certainty: item.certainty } : {}) };
}

function counted(...counts: number[]): void {
  for (const count of counts) {
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`not a number of anything: ${count}`);
  }
}
