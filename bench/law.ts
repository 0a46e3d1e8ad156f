import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadLaws } from '../core/law/index.ts';
import { cedarPolicies, type Decider, jsonRules, srok } from './law/engines.ts';
import { questionsOf, subjectsOf } from './law/questions.ts';

/*
 * The law beside json-rules-engine and Cedar, in one run and in turns: which rules apply to this record today? The two
 * others say which; the law also says which of them wins, the days, why the others lose, and cites all of them.
 *
 *   node bench/law.ts [rounds] [questions in a round]
 */

const rounds = Number(process.argv[2] ?? 9);
const perRound = Number(process.argv[3] ?? 2_000);

const laws = await loadLaws({ root: new URL('../policies/', import.meta.url) });
const subjects = [...laws].flatMap(([name, law]) => subjectsOf(name, law));
const deciders = [srok(laws), jsonRules(subjects), cedarPolicies(subjects)];
const [first] = deciders as [Decider];
console.log(`${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.versions.node}`);
console.log(
  `${laws.size} operators, ${subjects.length} duties and categories, ${rounds} rounds of ${perRound} questions\n`,
);

interface Round {
  perSecond: number;
  p50: number; // µs
  p99: number;
}

async function round(decider: Decider, from: number, count: number): Promise<Round> {
  const calls = questions.slice(from, from + count).map((question) => decider.prepare(question));
  const took: number[] = [];
  const started = performance.now();
  for (const call of calls) {
    const before = performance.now();
    const answer = call();
    if (answer instanceof Promise) await answer;
    took.push((performance.now() - before) * 1000);
  }
  const seconds = (performance.now() - started) / 1000;
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor((took.length - 1) * share)] ?? 0;
  return { perSecond: count / seconds, p50: at(0.5), p99: at(0.99) };
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
const column = (text: string | number, width = 12) => String(text).padStart(width);

// The first round of each is only to get warm. Every round asks other questions, the same ones of all three.
const questions = questionsOf(subjects, (rounds + 1) * perRound);
const found = new Map<string, Round[]>();
for (let n = 0; n <= rounds; n++) {
  for (const decider of deciders) {
    const one = await round(decider, n * perRound, perRound);
    if (n > 0) found.set(decider.name, [...(found.get(decider.name) ?? []), one]);
  }
}

console.log(
  `${'decisions'.padEnd(20)}${column('per second')}${column('p50, µs')}${column('p99, µs')}${column('srok is', 14)}`,
);
for (const { name } of deciders) {
  const all = found.get(name) as Round[];
  const own = found.get(first.name) as Round[];
  const times = median(all.map(({ perSecond }, n) => (own[n] as Round).perSecond / perSecond));
  const of = (key: keyof Round, digits: number) => column(median(all.map((one) => one[key])).toFixed(digits));
  console.log(
    `${name.padEnd(20)}${of('perSecond', 0)}${of('p50', 1)}${of('p99', 1)}${column(`× ${times.toFixed(1)}`, 14)}`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'srok-bench-'));
const file = join(folder, 'subjects.json');
writeFileSync(file, JSON.stringify(subjects));
const script = fileURLToPath(new URL('law/start.ts', import.meta.url));
type Start = Record<'modulesMs' | 'loadMs' | 'firstMs' | 'heapMb' | 'residentMb', number>;
const starts = new Map<string, Start[]>();
for (let n = 0; n < rounds; n++) {
  for (const { name } of deciders) {
    const said = execFileSync(process.execPath, ['--expose-gc', script, name, file], { encoding: 'utf8' });
    starts.set(name, [...(starts.get(name) ?? []), JSON.parse(said) as Start]);
  }
}
rmSync(folder, { recursive: true });

console.log(
  `\n${'cold start'.padEnd(20)}${column('modules, ms')}${column('load, ms')}${column('first, ms')}${column('heap, MB')}${column('resident, MB', 14)}`,
);
for (const [name, all] of starts) {
  const of = (key: keyof Start, digits: number, width = 12) =>
    column(median(all.map((one) => one[key])).toFixed(digits), width);
  console.log(
    `${name.padEnd(20)}${of('modulesMs', 0)}${of('loadMs', 0)}${of('firstMs', 1)}${of('heapMb', 1)}${of('residentMb', 0, 14)}`,
  );
}
