import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadLaws } from '../core/law/index.ts';
import { cedarPolicies, jsonRules, srok } from './law/engines.ts';
import { questionsOf, subjectsOf } from './law/questions.ts';

/*
 * The law beside json-rules-engine and Cedar, in one run and in turns: which rules apply to this record today? The two
 * others say which; the law also says which of them wins, the days, why the others lose, and cites all of them.
 *
 *   node bench/law.ts [rounds] [milliseconds of each in a round]
 */

const rounds = Number(process.argv[2] ?? 9);
const roundMs = Number(process.argv[3] ?? 500);
const warming = 2; // rounds of each that are not counted
const different = 20_000; // questions, the same ones of all three
const batch = 50; // questions between two looks at the clock
const timed = 1_000; // questions of a round that are timed one by one

const laws = await loadLaws({ root: new URL('../policies/', import.meta.url) });
const subjects = [...laws].flatMap(([name, law]) => subjectsOf(name, law));
const deciders = [srok(laws), jsonRules(subjects), cedarPolicies(subjects)];
console.log(`${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.versions.node}`);
console.log(
  `${laws.size} operators, ${subjects.length} duties and categories, ${rounds} rounds of ${roundMs} ms of each`,
);

interface Calls {
  all: (() => unknown)[];
  at: number;
}

interface Round {
  perSecond: number;
  p50: number; // µs
  p99: number;
}

/** Asks one question after another until the time is over, then some more of them each by the clock. */
async function round(calls: Calls): Promise<Round> {
  const started = performance.now();
  let count = 0;
  for (; performance.now() - started < roundMs; count += batch) {
    for (let n = 0; n < batch; n++) {
      const answer = next(calls)();
      if (answer instanceof Promise) await answer;
    }
  }
  const perSecond = (count / (performance.now() - started)) * 1000;
  const took: number[] = [];
  for (let n = 0; n < timed; n++) {
    const call = next(calls);
    const before = performance.now();
    const answer = call();
    if (answer instanceof Promise) await answer;
    took.push((performance.now() - before) * 1000);
  }
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor((took.length - 1) * share)] ?? 0;
  return { perSecond, p50: at(0.5), p99: at(0.99) };
}

/** The next question; the first again after the last. */
function next(calls: Calls): () => unknown {
  calls.at = (calls.at + 1) % calls.all.length;
  return calls.all[calls.at] as () => unknown;
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
const cell = (text: string, width = 14) => text.padStart(width);
const head = (first: string, rest: string[]) =>
  console.log(`\n${first.padEnd(20)}${rest.map((one) => cell(one)).join('')}`);

const questions = questionsOf(subjects, different);
const calls = new Map<string, Calls>();
for (const { name, prepare } of deciders) calls.set(name, { all: questions.map(prepare), at: 0 });
const found = new Map<string, Round[]>();
for (let n = 0; n < warming + rounds; n++) {
  for (const { name } of deciders) {
    const one = await round(calls.get(name) as Calls);
    if (n >= warming) found.set(name, [...(found.get(name) ?? []), one]);
  }
}

head('decisions', ['per second', 'p50, µs', 'p99, µs', 'srok, times', 'in rounds']);
const own = found.get('srok') as Round[];
for (const [name, all] of found) {
  const times = all.map(({ perSecond }, n) => (own[n] as Round).perSecond / perSecond);
  const of = (key: keyof Round, digits: number) => cell(median(all.map((one) => one[key])).toFixed(digits));
  const span = `${Math.min(...times).toFixed(1)}–${Math.max(...times).toFixed(1)}`;
  console.log(
    name.padEnd(20) + of('perSecond', 0) + of('p50', 1) + of('p99', 1) + cell(median(times).toFixed(1)) + cell(span),
  );
}

type Start = Record<'modulesMs' | 'loadMs' | 'firstMs' | 'heapMb' | 'residentMb', number>;
const folder = mkdtempSync(join(tmpdir(), 'srok-bench-'));
const file = join(folder, 'subjects.json');
writeFileSync(file, JSON.stringify(subjects));
const script = fileURLToPath(new URL('law/start.ts', import.meta.url));
const starts = new Map<string, Start[]>();
for (let n = 0; n < rounds; n++) {
  for (const { name } of deciders) {
    const said = execFileSync(process.execPath, ['--expose-gc', script, name, file], { encoding: 'utf8' });
    starts.set(name, [...(starts.get(name) ?? []), JSON.parse(said) as Start]);
  }
}
rmSync(folder, { recursive: true });

head('cold start', ['modules, ms', 'load, ms', 'at best', 'first, ms', 'heap, MB', 'resident, MB']);
for (const [name, all] of starts) {
  const of = (key: keyof Start, digits: number) => cell(median(all.map((one) => one[key])).toFixed(digits));
  const best = cell(Math.min(...all.map(({ loadMs }) => loadMs)).toFixed(0));
  console.log(
    name.padEnd(20) +
      of('modulesMs', 0) +
      of('loadMs', 0) +
      best +
      of('firstMs', 1) +
      of('heapMb', 1) +
      of('residentMb', 0),
  );
}
