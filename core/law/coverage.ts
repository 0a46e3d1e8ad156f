import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PolicyError } from './errors.ts';
import { openPolicies, type PolicyFile, type Reader } from './files.ts';
import { nearest } from './raw.ts';

/**
 * What stands behind a rule or a clause: `enforced` — something computed names it, a sentence with dates or a test;
 * `tracked` — it is told to people, and nothing is computed; `informational` — there is nothing to be carried out;
 * `planned` — a later plugin will need it.
 */
export type CoverageStatus = 'enforced' | 'tracked' | 'informational' | 'planned';

export const coverageStatuses: readonly CoverageStatus[] = ['enforced', 'tracked', 'informational', 'planned'];

export interface CoverageRow {
  id: string | null; // null: a clause that has no name in the rule inventory
  clauses: string[];
  document: string; // the inventory file: `qsockets-offer`
  operator: string | null; // null: the law, for all operators
  title: string;
  status: CoverageStatus | null; // null: nothing names it, and a problem says so
  where: string[]; // file:line of entries, sentences and tests
  reason: string | null; // why it is informational, what it is planned for, or what remains to be done
}

export interface Coverage {
  rows: CoverageRow[];
  problems: PolicyError[];
}

interface RawRow {
  id?: string;
  clauses: string[];
  title: string;
  tests?: string[];
  informational?: string;
  planned?: string;
  remains?: string;
}
interface RawInventory {
  source: { operator?: string; document?: string; title: string; cited_as: string };
  clauses?: string[];
  rows: RawRow[];
}

/** One place of the policies that says what it implements, or which clause it rests on. */
interface Mention {
  file: PolicyFile;
  path: (string | number)[];
  operator: string | null;
  ids: string[];
  cites: string[]; // «Оферта 3.5.3, 5.1.4; Политика 8»
  computed: boolean;
}

/** Files of an operator's pack that are told to people; everything else in a pack is computed with. */
const toldFiles = new Set(['operator', 'documents', 'purposes', 'recipients', 'findings', 'settles']);

/**
 * The table of every rule and clause of the inventories, and what carries each of them out.
 *
 * @param policies the folder `policies/`
 * @param project the folder that the names of tests start from
 * @throws PolicyError when a policy file has not the right shape
 */
export async function readCoverage(policies: URL | string, project: URL | string): Promise<Coverage> {
  const reader = await openPolicies(policies);
  const [inventories, mentions] = await Promise.all([readInventories(reader), readMentions(reader)]);
  const problems = [
    ...unknownIn(inventories, mentions),
    ...doubledIds(inventories),
    ...inventories.flatMap(clauseGaps),
  ];
  const tests = testTitles(project instanceof URL ? fileURLToPath(project) : project);
  const rows: CoverageRow[] = [];
  for (const file of inventories) {
    const { source, rows: raw } = file.data as RawInventory;
    for (const [index, row] of raw.entries()) {
      const named = mentions.filter((one) => isNamed(one, row, source));
      const checked = await Promise.all((row.tests ?? []).map((name) => tests(name)));
      const fail = (reason: string) => problems.push(file.fail(['rows', index], `${nameOf(row, source)}: ${reason}`));
      for (const [at, place] of checked.entries()) if (place === null) fail(`there is no test "${row.tests?.[at]}"`);
      const status = statusOf(row, named, fail);
      rows.push({
        id: row.id ?? null,
        clauses: row.clauses,
        document: file.path.slice('inventory/'.length, -'.yaml'.length),
        operator: source.operator ?? null,
        title: row.title,
        status,
        where: [
          ...named.map((one) => `${one.file.name}:${one.file.lineOf(one.path)}`),
          ...checked.filter((place) => place !== null),
        ],
        reason: row.informational ?? row.planned ?? row.remains ?? null,
      });
    }
  }
  return { rows, problems };
}

/** Names of the rule inventory that no inventory has: the last of the checks that need no project around them. */
export async function unknownNames(reader: Reader): Promise<PolicyError[]> {
  const inventories = await readInventories(reader);
  if (inventories.length === 0) return [];
  return unknownIn(inventories, await readMentions(reader));
}

function statusOf(row: RawRow, named: Mention[], fail: (reason: string) => void): CoverageStatus | null {
  const enforced = Boolean(row.tests) || named.some(({ computed }) => computed);
  const says = Boolean(row.tests) || named.length > 0;
  if ([row.informational, row.planned, row.remains].filter(Boolean).length > 1) {
    fail('says two of informational, planned and remains');
  }
  if (row.informational) {
    if (says) fail(`is called informational, and yet ${row.tests ? 'a test' : placeOf(named)} names it`);
    return 'informational';
  }
  if (row.planned) {
    if (enforced) fail(`is called planned, and yet ${row.tests ? 'a test' : placeOf(named)} carries it out`);
    return 'planned';
  }
  if (!says) fail('nothing names it');
  return enforced ? 'enforced' : says ? 'tracked' : null;
}

const placeOf = ([first]: Mention[]) => (first ? `${first.file.name}:${first.file.lineOf(first.path)}` : '');

const nameOf = (row: RawRow, source: RawInventory['source']) =>
  row.id ?? `${source.cited_as} ${row.clauses.join(', ')}`;

/** A rule of the inventory is named by `implements`; a clause without a name there, by the clauses of the entries. */
function isNamed(one: Mention, row: RawRow, source: RawInventory['source']): boolean {
  if (row.id !== undefined) return one.ids.includes(row.id);
  if (one.operator === null || one.operator !== source.operator) return false;
  return one.cites.some((text) => clausesOf(text, source.cited_as).some((clause) => row.clauses.includes(clause)));
}

/** «Оферта 3.5.3, 8.3.1 (ч. 3 ст. 21); Политика 8», read for «Оферта»: 3.5.3 and 8.3.1. */
export function clausesOf(text: string, document: string): string[] {
  return text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${document} `) || part.startsWith(`${document},`))
    .flatMap((part) => part.slice(document.length).split(','))
    .map((clause) => clause.replace(/ \((?:ч|п|ст)\..*\)$/, '').trim())
    .filter((clause) => clause !== '');
}

function unknownIn(inventories: PolicyFile[], mentions: Mention[]): PolicyError[] {
  const known = new Set(inventories.flatMap((file) => (file.data as RawInventory).rows.flatMap(({ id }) => id ?? [])));
  return mentions.flatMap(({ file, path, ids }) =>
    ids
      .filter((id) => !known.has(id))
      .map((id) => {
        const near = nearest(id, [...known]);
        const hint = near.length > 0 ? `; near: ${near.join(', ')}` : '';
        return file.fail([...path, 'implements'], `"${id}" is in no inventory${hint}`);
      }),
  );
}

function doubledIds(inventories: PolicyFile[]): PolicyError[] {
  const first = new Map<string, string>();
  const problems: PolicyError[] = [];
  for (const file of inventories) {
    for (const [index, { id }] of (file.data as RawInventory).rows.entries()) {
      if (id === undefined) continue;
      const place = first.get(id);
      if (place) problems.push(file.fail(['rows', index], `${id} already has a row: ${place}`));
      else first.set(id, `${file.name}:${file.lineOf(['rows', index])}`);
    }
  }
  return problems;
}

/** Clauses of a document without a row, and clauses in rows that the document does not have. */
function clauseGaps(file: PolicyFile): PolicyError[] {
  const { clauses, rows } = file.data as RawInventory;
  if (!clauses) return [];
  const rowed = new Set(rows.flatMap((row) => row.clauses));
  return [
    ...clauses.flatMap((clause, index) =>
      rowed.has(clause) ? [] : [file.fail(['clauses', index], `clause ${clause} has no row`)],
    ),
    ...rows.flatMap((row, index) =>
      row.clauses
        .filter((clause) => !clauses.includes(clause))
        .map((clause) => file.fail(['rows', index], `the document has no clause ${clause}`)),
    ),
  ];
}

async function readInventories(reader: Reader): Promise<PolicyFile[]> {
  const paths = await reader.list('inventory');
  return Promise.all(paths.map((path) => reader.read(path, 'inventory.schema.json')));
}

async function readMentions(reader: Reader): Promise<Mention[]> {
  const operators = (await readdir(join(reader.root, 'operators'))).sort();
  const folders = ['laws', 'taxonomy', ...operators.map((name) => `operators/${name}`)];
  const lists = await Promise.all(folders.flatMap((folder) => [reader.list(folder), reader.list(folder, true)]));
  const files = await Promise.all(lists.flat().map((path) => reader.read(path, schemaOf(path))));
  const declared = new Set(
    files
      .filter(({ path }) => path.endsWith('/findings.yaml'))
      .flatMap(({ data }) => data as { id: string; inventory?: string[] }[])
      .flatMap(({ id, inventory = [] }) => [id, ...inventory]),
  );
  return files.flatMap((file) => mentionsOf(file, declared));
}

function schemaOf(path: string): string {
  const [top, ...rest] = path.split('/') as [string, ...string[]];
  const word = (rest.at(-1) as string).slice(0, -'.yaml'.length);
  if (word.endsWith('.test')) return 'cases.schema.json';
  return top === 'laws' ? 'laws.schema.json' : `${top.replace(/s$/, '')}.schema.json#/$defs/${word}`;
}

/** Every part of a file that says what it implements or which clause it rests on. */
function mentionsOf(file: PolicyFile, declared: ReadonlySet<string>): Mention[] {
  const [top, folder] = file.path.split('/') as [string, string];
  const operator = top === 'operators' ? folder : null;
  const isCase = file.path.endsWith('.test.yaml');
  const found: Mention[] = [];
  const visit = (node: unknown, path: (string | number)[]): void => {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) {
      for (const [index, item] of node.entries()) visit(item, [...path, index]);
      return;
    }
    const one = node as Record<string, unknown>;
    const ids = [one.implements, one.inventory].flatMap((names) => (Array.isArray(names) ? names.map(String) : []));
    const cites = isCase ? [] : citesOf(one);
    if (ids.length > 0 || cites.length > 0) {
      found.push({ file, path, operator, ids, cites, computed: isComputed(file.path, one, declared) });
    }
    for (const [key, inner] of Object.entries(one)) visit(inner, [...path, key]);
  };
  visit(file.data, []);
  return found;
}

/** The clauses an entry rests on: `clause`, `over_clause` …, and both sides of a declared finding. */
function citesOf(one: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(one).flatMap(([key, value]) => {
    if (key === 'clauses' && Array.isArray(value)) return value.map(String);
    return /(^|_)clause$/.test(key) && typeof value === 'string' ? [value] : [];
  });
}

/**
 * Is something computed with this entry, or is it only told to people? A rule without a duty and a category is a list
 * that people read; what is more to it shows in a sentence or a test of its own.
 */
function isComputed(path: string, one: Readonly<Record<string, unknown>>, declared: ReadonlySet<string>): boolean {
  const [top] = path.split('/') as [string];
  const word = path.slice(path.lastIndexOf('/') + 1, -'.yaml'.length);
  if (word.endsWith('.test')) return provesMore(one, declared);
  if (top === 'taxonomy') return word === 'duties';
  if (top === 'laws' || word === 'promises') return 'duty' in one || 'for' in one;
  if (word === 'rights') return 'duty' in one || 'points' in one;
  return !toldFiles.has(word);
}

/** A sentence that a declared finding is shown, or what stands in a list, proves the showing alone. */
function provesMore(one: Readonly<Record<string, unknown>>, declared: ReadonlySet<string>): boolean {
  return one.list === undefined && !(typeof one.lint === 'string' && declared.has(one.lint));
}

/** Finds the place of a test by its name «file › title»: a test of its own or a group of tests; null when it is not there. */
function testTitles(project: string): (name: string) => Promise<string | null> {
  const files = new Map<string, Promise<Map<string, number>>>();
  return async (name) => {
    const [path, title] = name.split(' › ') as [string, string];
    if (!files.has(path))
      files.set(
        path,
        readFile(join(project, path), 'utf8').then(titlesOf, () => new Map()),
      );
    const line = (await files.get(path))?.get(title);
    return line === undefined ? null : `${path}:${line}`;
  };
}

/** The titles of the tests and groups of a test file as they are written, with their lines. */
function titlesOf(text: string): Map<string, number> {
  const titles = new Map<string, number>();
  for (const match of text.matchAll(/\b(?:it|describe)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)) {
    titles.set((match[2] as string).replace(/\\(.)/g, '$1'), text.slice(0, match.index).split('\n').length);
  }
  return titles;
}
