import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal, type Temporal } from '../base/index.ts';
import { type Calendar, type CalendarData, createCalendar, type Period } from '../calendar/index.ts';
import { type CitedClause, citedIn } from './cited.ts';
import { PolicyError } from './errors.ts';
import { openPolicies, type PolicyFile, type Reader } from './files.ts';
import { groundsOf } from './grounds.ts';
import { operatorOf } from './operator.ts';
import { day, keyed, nearest, need, type RawRule } from './raw.ts';
import { factsOf } from './reported.ts';
import { rightTypesOf } from './rights.ts';
import { lawRule, operatorRule } from './rules.ts';
import type {
  Category,
  DutyType,
  FactType,
  Finding,
  Operator,
  PurposeType,
  RightType,
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
  rights: Map<string, RightType>;
  scheduleOf: Map<string, Schedule & { destroyedBy: string | null; why: string | null }>;
  declared: Omit<Finding, 'settled'>[];
  settlements: Settlement[];
  summaries: Map<string, SummaryPlan[]>;
  purposes: Map<string, PurposeType>;
  cited: CitedClause[];
  inventory: Map<string, string[]>; // `recipient.ID`, `document.ID` …, `operator`, `requests`: what they implement
  partOf: Map<string, { whole: string; clause: string }>; // documents that are made part of another one
  fileCount: number;
}

/**
 * Reads, checks and merges the laws and one operator's pack. Nothing is loaded in part.
 * @throws PolicyError file, line, reason
 * @throws Refusal `law.unknown-operator` with the nearest names
 */
export async function readPack(root: URL | string, operator: string, opened?: Reader): Promise<Pack> {
  const reader = opened ?? (await openPolicies(root));
  const folder = `operators/${operator}`;
  // A name, not a path that leads elsewhere.
  const isName = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(operator);
  const [lawPaths, operatorPaths] = await Promise.all([reader.list('laws'), isName ? reader.list(folder) : []]);
  if (lawPaths.length === 0) throw new PolicyError('policies/laws', 1, 'there is no law pack');
  if (operatorPaths.length === 0) throw await unknownOperator(reader, operator);
  const word = (path: string) => path.slice(path.lastIndexOf('/') + 1, -'.yaml'.length);
  const taxonomyWords = ['categories', 'duties', 'facts', 'purposes', 'plugins', 'rights', 'grounds'] as const;
  const [laws, own, taxonomy, calendarFile] = await Promise.all([
    Promise.all(lawPaths.map((path) => reader.read(path, 'laws.schema.json'))),
    Promise.all(operatorPaths.map((path) => reader.read(path, `operator.schema.json#/$defs/${word(path)}`))),
    Promise.all(
      taxonomyWords.map((name) => reader.read(`taxonomy/${name}.yaml`, `taxonomy.schema.json#/$defs/${name}`)),
    ),
    reader.read('calendars/ru.yaml', 'calendar.schema.json'),
  ]);
  await onlyThese(reader, 'taxonomy', taxonomyWords);
  await onlyThese(reader, 'calendars', ['ru']);
  const ownFile = (name: string) => own.find((file) => word(file.path) === name);
  const listOf = <T>(name: string) => (ownFile(name)?.data ?? []) as T[];
  const [categoryFile, dutyFile, factFile, purposeFile, pluginFile, rightFile, groundFile] = taxonomy as [
    ...[PolicyFile, PolicyFile, PolicyFile, PolicyFile],
    ...[PolicyFile, PolicyFile, PolicyFile],
  ];

  const categories = keyed(categoryFile, 'id') as Map<string, Category>;
  const duties = keyed(dutyFile, 'id') as Map<string, DutyType>;
  const facts = factsOf(factFile);
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
    for (const [index, rule] of rulesOf(file).entries()) add(file, index, rule);
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
      if (raw.after && comesBack(raw.id, rules))
        throw file.fail([index, 'after'], 'after: the rules wait for each other');
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
    if (raw.list) need(dutyFile, [index, 'list'], rules, raw.list, 'rule');
  }

  const rights = rightTypesOf(rightFile, rules);
  const purposes = keyed(purposeFile, 'id') as Map<string, PurposeType>;
  for (const [index, { consent }] of [...purposes.values()].entries()) {
    if (consent) need(purposeFile, [index, 'consent'], rules, consent, 'rule');
  }
  const pack = {
    digest: digestOf([...laws, ...own, ...taxonomy, calendarFile]),
    calendar,
    operator: operatorOf(
      ownFile,
      [...scheduleOf.values()],
      {
        ...{ categories, rules, duties, rights, purposes, plugins: keyed(pluginFile, 'id') },
        groundOf: groundsOf(groundFile),
      },
      folder,
    ),
    rules,
    byDuty: grouped([...rules.values()], (rule) => rule.duties),
    byCategory: grouped([...rules.values()], (rule) => (rule.category ? [rule.category] : [])),
    duties,
    categories,
    facts,
    rights,
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
    purposes,
    cited: citedIn(own.filter((file) => word(file.path) !== 'settles')),
    inventory: inventoryOf(ownFile),
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

/** Refuses a file of a folder in which every file has its place, and this one has none. */
async function onlyThese(reader: Reader, folder: string, names: readonly string[]): Promise<void> {
  for (const path of await reader.list(folder)) {
    if (names.some((name) => path === `${folder}/${name}.yaml`)) continue;
    throw new PolicyError(`policies/${path}`, 1, `nothing reads this file; ${folder} has ${names.join(', ')}`);
  }
}

async function unknownOperator(reader: Reader, operator: string): Promise<Refusal> {
  const known = (await readdir(join(reader.root, 'operators')).catch(() => [])).sort();
  return new Refusal('law.unknown-operator', 'not-found', {
    operator,
    near: nearest(operator, known, known.length),
    message: `There is no pack of the operator "${operator}".`,
  });
}

/** Does a chain of rules, each counting from the end of the one before, lead back to where it began? */
function comesBack(id: string, rules: Map<string, Rule>): boolean {
  const seen = new Set<string>();
  for (let at: string | null = id; at; at = rules.get(at)?.after ?? null) {
    if (seen.has(at)) return true;
    seen.add(at);
  }
  return false;
}

/** What the parts of an operator's pack that are no rules implement of the rule inventory. */
function inventoryOf(ownFile: (name: string) => PolicyFile | undefined): Map<string, string[]> {
  const kinds = ['recipient', 'document', 'purpose', 'right', 'instruction', 'claim', 'connector'];
  const entries = kinds.flatMap((kind) =>
    ((ownFile(`${kind}s`)?.data ?? []) as { id: string; implements?: string[] }[]).map(
      (one) => [`${kind}.${one.id}`, one.implements ?? []] as const,
    ),
  );
  const { requests } = (ownFile('channels')?.data ?? {}) as { requests?: { implements?: string[] } };
  const operator = (ownFile('operator')?.data ?? {}) as { implements?: string[] };
  return new Map([...entries, ['operator', operator.implements ?? []], ['requests', requests?.implements ?? []]]);
}

/** What is made of a file is made once, also when several operators share the file. */
function once<T>(make: (file: PolicyFile) => T): (file: PolicyFile) => T {
  const made = new WeakMap<PolicyFile, { of: T }>();
  return (file) => {
    const known = made.get(file) ?? { of: make(file) };
    made.set(file, known);
    return known.of;
  };
}

const rulesOf = once((file) => (file.data as RawRule[]).map((raw, index) => lawRule(file, index, raw)));

const calendarOf = once((file): Calendar => {
  const data = file.data as CalendarData;
  try {
    return createCalendar(data);
  } catch {
    throw wrongYear(file, data);
  }
});

function wrongYear(file: PolicyFile, data: CalendarData): PolicyError {
  for (const [year, listed] of Object.entries(data.years)) {
    try {
      createCalendar({ ...data, years: { [year]: listed } });
    } catch (error) {
      return file.fail(['years', year], `${year}: ${(error as Error).message.replace(`${year}: `, '')}`);
    }
  }
  return file.fail([], 'the years do not make a calendar');
}

function grouped(rules: Rule[], keysOf: (rule: Rule) => readonly string[]): Map<string, Rule[]> {
  const groups = new Map<string, Rule[]>();
  for (const rule of rules.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    for (const key of keysOf(rule)) {
      const group = groups.get(key);
      if (group) group.push(rule);
      else groups.set(key, [rule]);
    }
  }
  return groups;
}

/** SHA-256 over what the files say: neither their order nor comments, spaces and the order of keys change it. */
function digestOf(files: PolicyFile[]): string {
  const hash = createHash('sha256');
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`${file.path}\n${canonicalOf(file)}\n`);
  }
  return hash.digest('hex');
}

const canonicalOf = once((file) => canonical(file.data));

/** JSON with its keys in order. */
function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += `,${canonical(item)}`;
    return `[${text.slice(1)}]`;
  }
  for (const key of Object.keys(value).sort()) {
    text += `,${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`;
  }
  return `{${text.slice(1)}}`;
}
