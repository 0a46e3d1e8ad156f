import { Temporal } from '../../base/index.ts';
import { cite } from '../cite.ts';
import { doubtName, isDoubtful } from '../doubt.ts';
import { applies } from '../due.ts';
import { valueOn, worse } from '../term.ts';
import type { Certainty, DatedValue, Rule } from '../types.ts';
import { type Found, type Lint, lawClause, listed, quote, small } from './lint.ts';

const compare = Temporal.PlainDate.compare;

/** Acts that have ended and whose successor nobody has entered yet. */
export function endedActs(lint: Lint): Found[] {
  const groups = grouped(
    [...lint.pack.rules.values()].filter((rule) => {
      const last = rule.values.at(-1);
      return rule.successor && last?.until && compare(lint.today, last.until) >= 0;
    }),
    (rule) => rule.successor as string,
  );
  return [...groups].map(([successor, rules]) => {
    const last = rules[0]?.values.at(-1) as DatedValue;
    const evidence = rules.some((rule) => rule.id.startsWith('ru.rkn-179.'));
    return {
      id: successor,
      inventory: [],
      severity: 'warning',
      rule: (rules[0] as Rule).id,
      clauses: [
        ...new Set(rules.map((rule) => cite((rule.values.at(-1) as DatedValue).cite, 'ru'))),
        ...(evidence ? lawClause(lint, 'ru.152-fz.destruction.confirmed') : []),
      ],
      apply: evidence
        ? 'Состав акта и выгрузки и срок их хранения сохраняются по выбору оператора; ссылка — на закон.'
        : 'Прежние значения не действуют; где обязанность осталась в законе, её исполнение решает оператор.',
      why: `Акт действует по ${last.until}; преемник в пакет не внесён.`,
      settle: 'Внесите новый акт отдельным значением под прежним.',
    };
  });
}

/** Values that nobody has compared with the law since the day set for it. */
export function reviewsDue(lint: Lint): Found[] {
  const late = [...lint.pack.rules.values()].filter((rule) =>
    rule.values.some((value, at) => isCurrent(lint, rule, at) && isLate(lint, value)),
  );
  return [...grouped(late, fileOf)].map(([file, rules]) => {
    const values = rules.flatMap((rule) =>
      rule.values.filter((value, at) => isCurrent(lint, rule, at) && isLate(lint, value)),
    );
    const first = values.map(({ reviewBy }) => reviewBy as Temporal.PlainDate).sort(compare)[0];
    return {
      id: `review-due.${file}`,
      inventory: [],
      severity: 'warning',
      rule: (rules[0] as Rule).id,
      clauses: [...new Set(values.map((value) => cite(value.cite, 'ru')))],
      apply: 'Применяются внесённые значения.',
      why: `Значения нужно было сверить с законом до ${first}; правил — ${rules.length}.`,
      settle: 'Сверьте значения с законом и внесите новый день пересмотра (review_by).',
    };
  });
}

function isLate({ today }: Lint, { reviewBy }: DatedValue): boolean {
  return reviewBy !== null && compare(reviewBy, today) <= 0;
}

/** In force on the day of the look, or still to come. */
function isCurrent({ today }: Lint, rule: Rule, at: number): boolean {
  const [value, next] = rule.values.slice(at) as [DatedValue, DatedValue | undefined];
  return (!next || compare(next.from, today) > 0) && (!value.until || compare(today, value.until) <= 0);
}

/** Values in doubt, each with a finding of its own: a person decides about each once. */
export function doubtfulValues(lint: Lint): Found[] {
  const inForce = lawRulesOf(lint, 'D');
  const rules = [...inForce, ...stillDeciding(lint, inForce)].map(({ rule, value, points }) => ({
    id: doubtName(rule, value),
    inventory: [],
    severity: 'warning' as const,
    rule: rule.id,
    clauses: [cite(value.cite, 'ru')],
    ...doubt(`«${rule.title}»${points.length > 0 ? ` (${points.map(small).join('; ')})` : ''}`),
    apply: rule.category ? keptUntilDecided : rule.duties.length > 0 ? noDestruction : (rule.note ?? shownOnly),
  }));
  const bases = basesOf(lint, 'D').map(({ purpose, base }) => ({
    id: `certainty.purpose.${purpose.id}`,
    inventory: [],
    severity: 'warning' as const,
    rule: purpose.id,
    clauses: [quote(purpose.clause), cite(base.cite, 'ru')],
    ...doubt(`основание цели «${purpose.title}» — ${small(base.text)}`),
    apply: shownOnly,
  }));
  return [...rules, ...bases];
}

/** Terms of keeping that began under a doubtful value go by it whatever came later, and one to come reaches them. */
function stillDeciding({ pack }: Lint, inForce: ReturnType<typeof lawRulesOf>): ReturnType<typeof lawRulesOf> {
  const shown = new Set(inForce.map(({ value }) => value));
  return [...pack.rules.values()]
    .filter((rule) => rule.layer === 'law' && rule.category && applies(rule, pack))
    .flatMap((rule) => rule.values.map((value) => ({ rule, value, points: [] })))
    .filter(({ value }) => isDoubtful(value) && !shown.has(value));
}

const shownOnly = 'Показывается с этой пометкой; ни срок, ни уничтожение от него не зависят.';
const noDestruction = 'Применяется и показывается с этой пометкой; сам движок по этому сроку ничего не уничтожает.';
const keptUntilDecided =
  'Применяется и показывается с этой пометкой; записи, срок которых держится на этом значении, не уничтожаются, пока не принято решение, а после него уничтожаются сами.';

function doubt(what: string): Pick<Found, 'why' | 'settle'> {
  return {
    why: `Достоверность D: ${what}. Есть сомнение в содержании, дате или применимости.`,
    settle: 'Юрист сверяет значение с официальным текстом; решение — в settles.yaml: имя, день и причина.',
  };
}

/** Well-known values that nobody has compared with the text of the act: one finding for each file. */
export function unconfirmedValues(lint: Lint): Found[] {
  const groups = grouped(lawRulesOf(lint, 'C'), ({ rule }) => fileOf(rule));
  const rules = [...groups].map(([file, values]) => ({
    ...unconfirmed(file),
    rule: (values[0] as (typeof values)[number]).rule.id,
    clauses: [...new Set(values.map(({ value }) => cite(value.cite, 'ru')))],
    why: `Достоверность C, текст акта не сверен: ${values.map(({ rule }) => rule.title).join('; ')}.`,
  }));
  const bases = basesOf(lint, 'C');
  const [first] = bases;
  if (!first) return rules;
  return [
    ...rules,
    {
      ...unconfirmed('purposes'),
      rule: first.purpose.id,
      clauses: [...new Set(bases.flatMap(({ purpose, base }) => [quote(purpose.clause), cite(base.cite, 'ru')]))],
      why: `Достоверность C, применимость не сверена: основания целей ${listed([...new Set(bases.map(({ purpose }) => `«${purpose.title}»`))])}.`,
    },
  ];
}

function unconfirmed(name: string): Pick<Found, 'id' | 'inventory' | 'severity' | 'apply' | 'settle'> {
  return {
    ...{ id: `unconfirmed.${name}`, inventory: [], severity: 'info' },
    apply: 'Значения применяются; достоверность видна в объяснении рядом с каждым.',
    settle: 'Юрист сверяет значения с официальным текстом и меняет certainty на A или B.',
  };
}

/** The law rules in force today whose value, or a part of it, is exactly this sure. */
function lawRulesOf(
  { pack, today }: Lint,
  wanted: Certainty,
): { rule: Rule; value: DatedValue; points: readonly string[] }[] {
  return [...pack.rules.values()].flatMap((rule) => {
    if (rule.layer !== 'law' || !applies(rule, pack)) return [];
    const value = valueOn(rule, today);
    if (!value) return [];
    const whole = worse(value.cite.certainty, value.transition ?? 'A');
    const items = (value.items ?? []).filter((item) => item.certainty && worse(item.certainty, whole) !== whole);
    const all = items.reduce((sum, item) => worse(sum, item.certainty as Certainty), whole);
    if (all !== wanted) return [];
    return [{ rule, value, points: items.filter((item) => item.certainty === wanted).map((item) => item.title) }];
  });
}

function basesOf({ pack }: Lint, wanted: Certainty) {
  return pack.operator.purposes.flatMap((purpose) =>
    purpose.bases.filter((base) => base.cite.certainty === wanted).map((base) => ({ purpose, base })),
  );
}

/** How long before a year begins its missing calendar is worth a warning: the decree comes out in autumn. */
const calendarAhead = Temporal.Duration.from('P3M');

/** A year that has begun, or soon begins, without its production calendar. */
export function calendarsMissing({ pack, today }: Lint): Found[] {
  const missing = [today.year, today.add(calendarAhead).year].find((year) => !pack.calendar.knows(year));
  if (missing === undefined) return [];
  const lastKnown = pack.calendar.years().at(-1);
  return [
    {
      id: `calendar-missing.${missing}`,
      inventory: [],
      severity: missing === today.year ? 'error' : 'warning',
      rule: 'calendar',
      clauses: lastKnown === undefined ? [] : [`Производственный календарь: последний внесённый год — ${lastKnown}`],
      apply: 'Сроки в рабочих днях, которые доходят до этого года, не вычисляются: движок отказывает и называет год.',
      why: `Нет производственного календаря на ${missing} год.`,
      settle: 'Внесите год в policies/calendars/ru.yaml со ссылкой на постановление.',
    },
  ];
}

/** The name of the file a rule stands in: `152-fz`. */
function fileOf(rule: Rule): string {
  return rule.file.slice(rule.file.lastIndexOf('/') + 1, -'.yaml'.length);
}

function grouped<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}
