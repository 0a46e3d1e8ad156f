import { Temporal } from '../base/index.ts';
import type { PolicyFile } from './files.ts';
import {
  citation,
  day,
  periodOf,
  type RawFine,
  type RawItem,
  type RawPeriod,
  type RawRule,
  type RawValue,
} from './raw.ts';
import type { Counting, DatedValue, FineRange, LawItem, Rule } from './types.ts';

/** In a rouble. */
const kopecks = 100;

/** Since when the values of an operator hold that have no day of their own: a day before all days, not one that was told. */
export const always = Temporal.PlainDate.from('1970-01-01');

const countings: Record<string, Counting> = {
  'ru.civil-code': 'civil',
  'calendar-months': 'calendar-months',
  'after-year-end': 'after-year-end',
};

export function lawRule(file: PolicyFile, index: number, raw: RawRule): Rule {
  const values = (raw.period ?? raw.content ?? []).map((value, at) =>
    lawValue(file, [index, raw.period ? 'period' : 'content', at], value, raw),
  );
  if (values.length === 0) throw file.fail([index], `${raw.id}: needs "period" or "content"`);
  for (const [at, value] of values.entries()) {
    const before = values[at - 1];
    if (!before) continue;
    if (Temporal.PlainDate.compare(before.from, value.from) >= 0) {
      throw file.fail(
        [index, raw.period ? 'period' : 'content', at],
        `from: values must follow one another by date; ${value.from} does not come after ${before.from}`,
      );
    }
    if (before.until && Temporal.PlainDate.compare(before.until, value.from) >= 0) {
      throw file.fail(
        [index, raw.period ? 'period' : 'content', at],
        `from: overlaps the value before, which holds until ${before.until}`,
      );
    }
  }
  const keep = typeof raw.keep === 'string' ? raw.keep : null;
  if (raw.kind === 'retention' && (!keep || !raw.for))
    throw file.fail([index], 'a retention rule needs "keep" and "for"');
  if (raw.duty && !raw.direction) throw file.fail([index], 'a rule with "duty" needs "direction"');
  if (raw.period && !raw.duty && !raw.for) {
    throw file.fail([index], 'a rule with "period" needs "duty" or "for": else nothing is counted by it');
  }
  if (raw.period && !raw.starts) throw file.fail([index], 'a rule with "period" needs "starts"');
  return {
    ...common(file, index, raw),
    layer: 'law',
    role: 'bound',
    direction: keep ?? raw.direction ?? 'at-most',
    counting: values.some((value) => value.day) ? 'day-of-next-month' : (countings[raw.counting ?? ''] ?? 'civil'),
    values,
  };
}

function lawValue(file: PolicyFile, path: readonly (string | number)[], raw: RawValue, rule: RawRule): DatedValue {
  const period = rule.content || raw.day_of_next_month ? null : periodOf(raw);
  if (period && Object.keys(period).length === 0) {
    throw file.fail(path, 'needs a unit: hours, working_days, days, months, years or day_of_next_month');
  }
  if (raw.until && raw.until < raw.from) throw file.fail(path, `until: ${raw.until} comes before ${raw.from}`);
  if (rule.period) checkUnits(file, path, raw, rule);
  return {
    from: day(raw.from),
    until: raw.until ? day(raw.until) : null,
    period,
    day: raw.day_of_next_month ?? null,
    extension: raw.extension ? periodOf(raw.extension) : null,
    items: raw.items ? raw.items.map((item, at) => lawItem(file, [...path, 'items', at], item)) : null,
    governs: raw.governs ?? 'new',
    cite: citation(raw.cite, raw.certainty),
    transition: raw.transition ?? null,
    reviewBy: raw.review_by ? day(raw.review_by) : null,
  };
}

const units = ['hours', 'working_days', 'days', 'months', 'years', 'day_of_next_month'] as const;

/** Units that a sum would pass over in silence, or stumble on when it is asked. @throws PolicyError */
function checkUnits(
  file: PolicyFile,
  path: readonly (string | number)[],
  raw: RawPeriod & { day_of_next_month?: number; extension?: RawPeriod },
  { kind, counting, extension = raw.extension }: RawRule,
): void {
  const used = units.filter((unit) => raw[unit] !== undefined);
  const wrong = (unit: string, reason: string) => file.fail([...path, unit], `${unit}: ${reason}`);
  for (const alone of ['hours', 'day_of_next_month'] as const) {
    if (used.length > 1 && used.includes(alone)) throw wrong(alone, 'stands alone, without another unit');
  }
  for (const unit of used) {
    const ofDays = unit === 'days' || unit === 'months' || unit === 'years';
    if (kind === 'retention' && !ofDays) throw wrong(unit, 'a record is kept for days, months or years');
    if (counting === 'calendar-months' && unit !== 'months' && unit !== 'years') {
      throw wrong(unit, 'whole calendar months are counted in months or years');
    }
  }
  if (!extension) return;
  if (used.includes('hours')) throw wrong('extension', 'a term in hours has no last day to add to');
  if (extension.hours !== undefined) throw wrong('extension', 'is added to the last day: not in hours');
}

/** A point as it was written, with its fines in kopecks. */
function lawItem(file: PolicyFile, path: readonly (string | number)[], raw: RawItem): LawItem {
  const { legal, officials, ...item } = raw;
  for (const span of [raw.leak?.subjects, raw.leak?.identifiers, raw.protection?.outsiders]) {
    if (span && span.from !== undefined && span.over !== undefined) {
      throw file.fail(path, `${raw.point}: either "from" or "over", not both`);
    }
  }
  if (!legal !== !officials) throw file.fail(path, `${raw.point}: a fine needs both "legal" and "officials"`);
  if (raw.leak && !legal) throw file.fail(path, `${raw.point}: a part with "leak" needs its fines`);
  return legal && officials ? { ...item, fine: { legal: fine(legal), officials: fine(officials) } } : item;
}

function fine({ rub: [min, max], percent }: RawFine): FineRange {
  return { kopecks: [min * kopecks, max * kopecks], ...(percent ? { percent } : {}) };
}

export function operatorRule(file: PolicyFile, index: number, raw: RawRule, role: 'promise' | 'schedule'): Rule {
  const told = raw.keep ? 'keep' : 'term';
  const period = periodOf(raw[told] as RawPeriod);
  checkUnits(file, [index, told], raw[told] as RawPeriod, { ...raw, kind: raw.kind ?? 'retention' });
  return {
    ...common(file, index, raw),
    kind: raw.kind ?? 'retention',
    layer: 'operator',
    role,
    direction: raw.direction ?? 'at-most',
    counting: countings[raw.counting ?? ''] ?? 'civil',
    values: [
      {
        from: raw.from ? day(raw.from) : always,
        until: null,
        period,
        day: null,
        extension: raw.extension ? periodOf(raw.extension) : null,
        items: null,
        governs: 'new',
        cite: { act: 'документы оператора', clause: raw.clause as string, certainty: raw.own ? 'C' : 'A' },
        transition: null,
        reviewBy: null,
      },
    ],
  };
}

function common(file: PolicyFile, index: number, raw: RawRule) {
  return {
    id: raw.id,
    title: raw.title,
    kind: raw.kind,
    duties: raw.duty ?? [],
    category: raw.for?.category ?? null,
    starts: raw.starts ?? [],
    after: raw.after ?? null,
    opensOn: raw.opens_on ?? ('next-day' as const),
    customer: raw.customer ?? null,
    oriStatus: raw.ori_status ?? null,
    implements: raw.implements ?? [],
    note: raw.note ?? raw.why ?? null,
    restates: raw.restates ?? [],
    successor: raw.successor ?? null,
    file: file.name,
    line: file.lineOf([index]),
  };
}
