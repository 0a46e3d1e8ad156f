import { createHash } from 'node:crypto';
import { Temporal } from '../base/index.ts';
import { type Calendar, type CalendarData, createCalendar, type Period } from '../calendar/index.ts';
import { PolicyError } from './errors.ts';
import { openPolicies, type PolicyFile, type Reader } from './files.ts';
import type {
  Category,
  Citation,
  Counting,
  DatedValue,
  DutyType,
  FactType,
  Finding,
  Operator,
  OperatorDocument,
  Rule,
  Schedule,
} from './types.ts';

/** What the lawyer decided about one finding. */
export interface Settlement {
  finding: string;
  reason: string;
  by: string;
  on: Temporal.PlainDate;
}

/** One part of the summary of a document: which rules are printed under which heading. */
export interface SummaryPlan {
  heading: string;
  categories?: string[];
  duties?: string[];
  texts?: { text: string; clause: string }[];
  effective?: ('document' | 'price')[];
}

/** All packs, merged and checked; nothing in it is a sum. */
export interface Pack {
  digest: string;
  calendar: Calendar;
  operator: Operator;
  rules: Map<string, Rule>;
  byDuty: Map<string, Rule[]>;
  byCategory: Map<string, Rule[]>;
  duties: Map<string, DutyType>;
  categories: Map<string, Category>;
  facts: Map<string, FactType>;
  scheduleOf: Map<string, Schedule & { destroyedBy: string | null; why: string | null }>;
  declared: Omit<Finding, 'settled'>[];
  settlements: Settlement[];
  summaries: Map<string, SummaryPlan[]>;
  inventory: Map<string, string[]>; // `recipient.ID`, `document.ID`: what they implement of the rule inventory
  partOf: Map<string, { whole: string; clause: string }>; // documents that are made part of another one
  fileCount: number;
}

// The shapes below were checked against policies/schema; only what the code names is written out.
type RawPeriod = { hours?: number; working_days?: number; days?: number; months?: number; years?: number };
type RawCite = { act: string; article?: string; part?: string | number; point?: string | number; text?: string };
type RawValue = RawPeriod & {
  from: string;
  until?: string;
  governs?: 'new' | 'open';
  transition?: 'A' | 'B' | 'C' | 'D';
  review_by?: string;
  cite: RawCite;
  certainty: 'A' | 'B' | 'C' | 'D';
  day_of_next_month?: number;
  extension?: RawPeriod;
  items?: { point: string; title: string }[];
};
type RawRule = {
  id: string;
  title: string;
  kind: Rule['kind'];
  direction?: Rule['direction'];
  keep?: Rule['direction'] | RawPeriod;
  duty?: string[];
  for?: { category: string };
  starts?: string[];
  after?: string;
  counting?: string;
  opens_on?: Rule['opensOn'];
  customer?: 'business' | 'consumer';
  ori_status?: string[];
  implements?: string[];
  note?: string;
  successor?: string;
  restates?: string[];
  period?: RawValue[];
  content?: RawValue[];
  term?: RawPeriod;
  extension?: RawPeriod;
  clause?: string;
  from?: string;
  system?: string;
  destroyed_by?: string;
  on_erasure?: 'goes' | 'stays';
  own?: boolean;
  why?: string;
};

/** Values of the operator without a day of their own hold from the beginning. */
const always = Temporal.PlainDate.from('1970-01-01');

const countings: Record<string, Counting> = {
  'ru.civil-code': 'civil',
  'calendar-months': 'calendar-months',
  'after-year-end': 'after-year-end',
};

/**
 * Reads, checks and merges the laws and one operator's pack. Nothing is loaded in part.
 * @throws PolicyError file, line, reason
 */
export async function readPack(root: URL | string, operator: string, opened?: Reader): Promise<Pack> {
  const reader = opened ?? (await openPolicies(root));
  const folder = `operators/${operator}`;
  const [lawPaths, operatorPaths] = await Promise.all([reader.list('laws'), reader.list(folder)]);
  if (lawPaths.length === 0) throw new PolicyError('policies/laws', 1, 'there is no law pack');
  if (operatorPaths.length === 0) throw new PolicyError(`policies/${folder}`, 1, 'there is no such operator pack');
  const word = (path: string) => path.slice(path.lastIndexOf('/') + 1, -'.yaml'.length);
  const taxonomyWords = ['categories', 'duties', 'facts', 'purposes'] as const;
  const [laws, own, taxonomy, calendarFile] = await Promise.all([
    Promise.all(lawPaths.map((path) => reader.read(path, 'laws.schema.json'))),
    Promise.all(operatorPaths.map((path) => reader.read(path, `operator.schema.json#/$defs/${word(path)}`))),
    Promise.all(
      taxonomyWords.map((name) => reader.read(`taxonomy/${name}.yaml`, `taxonomy.schema.json#/$defs/${name}`)),
    ),
    reader.read('calendars/ru.yaml', 'calendar.schema.json'),
  ]);
  const ownFile = (name: string) => own.find((file) => word(file.path) === name);
  const listOf = <T>(name: string) => (ownFile(name)?.data ?? []) as T[];
  const [categoryFile, dutyFile, factFile, purposeFile] = taxonomy as [PolicyFile, PolicyFile, PolicyFile, PolicyFile];

  const categories = keyed(categoryFile, 'id') as Map<string, Category>;
  const duties = keyed(dutyFile, 'id') as Map<string, DutyType>;
  const facts = keyed(factFile, 'fact') as Map<string, FactType>;
  for (const [name, fact] of facts) {
    facts.set(name, {
      ...fact,
      fields: Object.fromEntries(
        Object.entries(fact.fields ?? {}).map(([field, shape]) => [
          field,
          { ...shape, required: shape.required ?? false },
        ]),
      ),
    });
  }
  const calendar = calendarOf(calendarFile);

  const rules = new Map<string, Rule>();
  const add = (file: PolicyFile, index: number, rule: Rule) => {
    if (rules.has(rule.id)) throw file.fail([index, 'id'], `id: "${rule.id}" is already taken by another rule`);
    for (const duty of rule.duties) need(file, [index, 'duty'], duties, duty, 'duty');
    if (rule.category) need(file, [index, 'for'], categories, rule.category, 'category');
    for (const fact of rule.starts) need(file, [index, 'starts'], facts, fact, 'fact');
    rules.set(rule.id, rule);
  };
  for (const file of laws) {
    for (const [index, raw] of (file.data as RawRule[]).entries()) add(file, index, lawRule(file, index, raw));
  }
  const scheduleOf: Pack['scheduleOf'] = new Map();
  const scheduleFile = ownFile('schedules');
  for (const [index, raw] of listOf<RawRule>('schedules').entries()) {
    const file = scheduleFile as PolicyFile;
    const rule = operatorRule(file, index, raw, 'schedule');
    add(file, index, rule);
    const category = rule.category as string;
    if (scheduleOf.has(category)) throw file.fail([index, 'for'], `for: "${category}" already has a schedule`);
    if (raw.destroyed_by) need(file, [index, 'destroyed_by'], duties, raw.destroyed_by, 'duty');
    scheduleOf.set(category, {
      id: raw.id,
      title: raw.title,
      category,
      system: raw.system as string,
      starts: rule.starts,
      keep: rule.values[0]?.period as Period,
      onErasure: raw.on_erasure ?? 'stays',
      clause: raw.clause as string,
      own: raw.own ?? false,
      destroyedBy: raw.destroyed_by ?? null,
      why: raw.why ?? null,
    });
  }
  const promiseFile = ownFile('promises');
  for (const [index, raw] of listOf<RawRule>('promises').entries()) {
    const file = promiseFile as PolicyFile;
    if (!raw.term === !raw.keep) throw file.fail([index], 'needs either "term" (with duty) or "keep" (with for)');
    if (raw.term && !raw.duty) throw file.fail([index], 'a promise with "term" needs "duty"');
    if (raw.keep && !raw.for) throw file.fail([index], 'a promise with "keep" needs "for"');
    add(file, index, operatorRule(file, index, raw, 'promise'));
  }
  for (const [file, list] of [...laws, scheduleFile, promiseFile].flatMap((file) =>
    file ? [[file, file.data as RawRule[]] as const] : [],
  )) {
    for (const [index, raw] of list.entries()) {
      for (const id of raw.restates ?? []) need(file, [index, 'restates'], rules, id, 'rule');
      if (raw.after) need(file, [index, 'after'], rules, raw.after, 'rule');
    }
  }
  for (const [index, raw] of (dutyFile.data as DutyType[]).entries()) {
    for (const [at, open] of raw.opens.entries()) {
      need(dutyFile, [index, 'opens', at], facts, open.fact, 'fact');
      for (const [field, values] of Object.entries(open.when ?? {})) {
        const allowed = facts.get(open.fact)?.fields[field];
        if (!allowed) throw dutyFile.fail([index, 'opens', at], `when: "${open.fact}" has no field "${field}"`);
        for (const value of values) {
          if (allowed.values && !allowed.values.includes(value)) {
            throw dutyFile.fail([index, 'opens', at], `when: "${value}" is not a value of ${open.fact}.${field}`);
          }
        }
      }
    }
    for (const fact of raw.discharged) need(dutyFile, [index, 'discharged'], facts, fact, 'fact');
  }

  const pack = {
    digest: digestOf([...laws, ...own, ...taxonomy, calendarFile]),
    calendar,
    operator: operatorOf(
      ownFile,
      [...scheduleOf.values()],
      { categories, rules, purposes: keyed(purposeFile, 'id') },
      folder,
    ),
    rules,
    byDuty: grouped([...rules.values()], (rule) => rule.duties),
    byCategory: grouped([...rules.values()], (rule) => (rule.category ? [rule.category] : [])),
    duties,
    categories,
    facts,
    scheduleOf,
    declared: listOf<Omit<Finding, 'settled' | 'rule' | 'inventory'> & { rule?: string; inventory?: string[] }>(
      'findings',
    ).map((finding) => ({ ...finding, rule: finding.rule ?? 'declared', inventory: finding.inventory ?? [] })),
    settlements: listOf<{ finding: string; reason: string; by: string; on: string }>('settles').map((one) => ({
      ...one,
      on: day(one.on),
    })),
    summaries: new Map(
      listOf<{ id: string; summary?: SummaryPlan[] }>('documents').map((one) => [one.id, one.summary ?? []]),
    ),
    inventory: new Map(
      (['recipient', 'document'] as const).flatMap((kind) =>
        listOf<{ id: string; implements?: string[] }>(`${kind}s`).map(
          (one) => [`${kind}.${one.id}`, one.implements ?? []] as const,
        ),
      ),
    ),
    partOf: new Map(
      listOf<{ id: string; part_of?: string; clause?: string }>('documents').flatMap((one) =>
        one.part_of ? [[one.id, { whole: one.part_of, clause: one.clause ?? '' }] as const] : [],
      ),
    ),
    fileCount: laws.length + own.length + taxonomy.length + 1,
  } satisfies Pack;
  for (const [index, raw] of listOf<{ summary?: SummaryPlan[] }>('documents').entries()) {
    const file = ownFile('documents') as PolicyFile;
    for (const part of raw.summary ?? []) {
      for (const id of part.categories ?? []) need(file, [index, 'summary'], scheduleOf, id, 'schedule for category');
      for (const id of part.duties ?? []) need(file, [index, 'summary'], duties, id, 'duty');
    }
  }
  return pack;
}

function lawRule(file: PolicyFile, index: number, raw: RawRule): Rule {
  const values = (raw.period ?? raw.content ?? []).map((value, at) =>
    lawValue(file, [index, 'period', at], value, raw),
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
  return {
    from: day(raw.from),
    until: raw.until ? day(raw.until) : null,
    period,
    day: raw.day_of_next_month ?? null,
    extension: raw.extension ? periodOf(raw.extension) : null,
    items: raw.items ?? null,
    governs: raw.governs ?? 'new',
    cite: citation(raw.cite, raw.certainty),
    transition: raw.transition ?? null,
    reviewBy: raw.review_by ? day(raw.review_by) : null,
  };
}

function operatorRule(file: PolicyFile, index: number, raw: RawRule, role: 'promise' | 'schedule'): Rule {
  const period = periodOf((raw.keep ?? raw.term) as RawPeriod);
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

function operatorOf(
  ownFile: (name: string) => PolicyFile | undefined,
  schedules: Schedule[],
  known: { categories: Map<string, unknown>; rules: Map<string, unknown>; purposes: Map<string, unknown> },
  folder: string,
): Operator {
  const part = (name: string) => {
    const file = ownFile(name);
    if (!file) throw new PolicyError(`policies/${folder}/${name}.yaml`, 1, 'this file is missing');
    return { file, data: camel(file.data) as never };
  };
  const purposes = part('purposes');
  for (const [index, purpose] of (purposes.data as Operator['purposes'][number][]).entries()) {
    need(purposes.file, [index, 'id'], known.purposes, purpose.id, 'purpose');
    for (const id of purpose.processing) need(purposes.file, [index, 'processing'], known.categories, id, 'category');
  }
  const recipients = part('recipients');
  for (const [index, one] of (recipients.data as Operator['recipients'][number][]).entries()) {
    need(recipients.file, [index, 'purpose'], known.purposes, one.purpose, 'purpose');
  }
  const channels = part('channels');
  const process = part('process');
  const { channels: list, notices } = channels.data as {
    channels: Operator['channels'];
    notices: Operator['noticeChannels'];
  };
  const ids = new Map(list.map((one) => [one.id, one]));
  for (const use of ['documents', 'limits'] as const) {
    for (const id of notices[use]) need(channels.file, ['notices', use], ids, id, 'channel');
  }
  const rest = process.data as Pick<
    Operator,
    'limits' | 'logAccess' | 'recovery' | 'inactivity' | 'security' | 'paidPeriodNotices'
  >;
  for (const step of ['notice', 'block', 'erase', 'terminationNotice'] as const) {
    need(process.file, ['inactivity'], known.rules, rest.inactivity[step], 'rule');
  }
  type RawDocument = Omit<OperatorDocument, 'editions'> & {
    editions: { published: string; effective?: string; note?: string }[];
  };
  return {
    ...(part('operator').data as object),
    ...rest,
    documents: (part('documents').data as RawDocument[]).map((document) => ({
      id: document.id,
      title: document.title,
      kind: document.kind,
      ...(document.url ? { url: document.url } : {}),
      editions: document.editions.map((edition) => ({
        published: day(edition.published),
        ...(edition.effective ? { effective: day(edition.effective) } : {}),
        ...(edition.note ? { note: edition.note } : {}),
      })),
    })),
    purposes: (
      purposes.data as (Omit<Operator['purposes'][number], 'bases'> & {
        bases: { text: string; cite: RawCite; certainty: Citation['certainty'] }[];
      })[]
    ).map((purpose) => ({
      id: purpose.id,
      title: purpose.title,
      clause: purpose.clause,
      processing: purpose.processing,
      consent: purpose.consent ?? false,
      bases: purpose.bases.map((base) => ({ text: base.text, cite: citation(base.cite, base.certainty) })),
    })),
    recipients: recipients.data,
    channels: list,
    noticeChannels: notices,
    schedules,
    plans: part('plans').data,
    connectors: connectorsOf(ownFile('connectors'), known),
  } as unknown as Operator;
}

/** Other systems of the operator; a pack without the file has none. Names of foreign columns stay as they are. */
function connectorsOf(
  file: PolicyFile | undefined,
  known: { categories: Map<string, unknown>; purposes: Map<string, unknown> },
): Record<string, unknown>[] {
  if (!file) return [];
  type RawConnector = { id: string; schedule: string; purposes: string[] } & Record<
    'columns' | 'fields',
    Record<string, string> | undefined
  >;
  keyed(file, 'id');
  return (file.data as RawConnector[]).map((raw, index) => {
    need(file, [index, 'schedule'], known.categories, raw.schedule, 'category');
    for (const purpose of raw.purposes) need(file, [index, 'purposes'], known.purposes, purpose, 'purpose');
    for (const part of ['columns', 'fields'] as const) {
      for (const [field, category] of Object.entries(raw[part] ?? {})) {
        need(file, [index, part, field], known.categories, category, 'category');
      }
    }
    return Object.fromEntries(Object.entries(raw).map(([key, value]) => [camelWord(key), value]));
  });
}

function calendarOf(file: PolicyFile): Calendar {
  const data = file.data as CalendarData;
  for (const year of Object.keys(data.years)) {
    try {
      createCalendar({ ...data, years: { [year]: data.years[year] as never } });
    } catch (error) {
      throw file.fail(['years', year], `${year}: ${(error as Error).message.replace(`${year}: `, '')}`);
    }
  }
  return createCalendar(data);
}

function keyed(file: PolicyFile, key: string): Map<string, never> {
  const map = new Map<string, never>();
  for (const [index, item] of (file.data as Record<string, unknown>[]).entries()) {
    const id = String(item[key]);
    if (map.has(id)) throw file.fail([index, key], `${key}: "${id}" is already taken`);
    map.set(id, item as never);
  }
  return map;
}

function need(
  file: PolicyFile,
  path: (string | number)[],
  known: Map<string, unknown>,
  id: string,
  what: string,
): void {
  if (known.has(id)) return;
  const near = nearest(id, [...known.keys()]);
  const hint = near.length > 0 ? `; near: ${near.join(', ')}` : '';
  throw file.fail(path, `${path.findLast((part) => typeof part === 'string')}: unknown ${what} "${id}"${hint}`);
}

function grouped(rules: Rule[], keysOf: (rule: Rule) => readonly string[]): Map<string, Rule[]> {
  const groups = new Map<string, Rule[]>();
  for (const rule of rules.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    for (const key of keysOf(rule)) groups.set(key, [...(groups.get(key) ?? []), rule]);
  }
  return groups;
}

/** SHA-256 over what the files say: neither their order nor comments, spaces and the order of keys change it. */
function digestOf(files: PolicyFile[]): string {
  const hash = createHash('sha256');
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`${file.path}\n${JSON.stringify(sortedKeys(file.data))}\n`);
  }
  return hash.digest('hex');
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortedKeys(inner)]),
  );
}

function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camelWord(key), camel(inner)]));
}

function camelWord(key: string): string {
  return key.replace(/_(\w)/g, (_all, letter) => letter.toUpperCase());
}

function periodOf(raw: RawPeriod): Period {
  const period: Period = {};
  if (raw.years !== undefined) period.years = raw.years;
  if (raw.months !== undefined) period.months = raw.months;
  if (raw.days !== undefined) period.days = raw.days;
  if (raw.working_days !== undefined) period.workingDays = raw.working_days;
  if (raw.hours !== undefined) period.hours = raw.hours;
  return period;
}

function citation(raw: RawCite, certainty: Citation['certainty']): Citation {
  return {
    act: raw.act,
    ...(raw.article ? { article: raw.article } : {}),
    ...(raw.part ? { part: String(raw.part) } : {}),
    ...(raw.point ? { point: String(raw.point) } : {}),
    ...(raw.text ? { text: raw.text } : {}),
    certainty,
  };
}

function day(iso: string): Temporal.PlainDate {
  return Temporal.PlainDate.from(iso);
}

/** Up to three known names that look most like the one that was asked for. */
export function nearest(wanted: string, known: readonly string[]): string[] {
  return known
    .map((name) => ({ name, far: distance(wanted, name) }))
    .filter(({ name, far }) => far <= Math.max(3, Math.ceil(name.length / 3)))
    .sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(
        Math.min((row[j + 1] as number) + 1, (next[j] as number) + 1, (row[j] as number) + (letter === other ? 0 : 1)),
      );
    }
    row = next;
  }
  return row.at(-1) as number;
}
