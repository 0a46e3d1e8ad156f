import { readFileSync } from 'node:fs';
import { memoryUsage } from 'node:process';

/*
 * One cold start in a process of its own, told as JSON: how long the modules take to load, how long it takes until the
 * first question can be asked, how long the first answer, and the memory that is held then.
 *
 *   node --expose-gc bench/law/start.ts srok|json-rules-engine|cedar-wasm SUBJECTS.json
 */

const [name, file] = process.argv.slice(2) as [string, string];
const collect = globalThis.gc as () => void;
collect();
const empty = memoryUsage();
const times = [performance.now()];
const lap = () => times.push(performance.now());

const ask = await open();
lap();
await ask();
lap();
collect();
const full = memoryUsage();
const [, loaded = 0, ready = 0, answered = 0] = times.map((time, index) => time - (times[index - 1] ?? time));
console.log(
  JSON.stringify({
    modulesMs: loaded,
    loadMs: ready,
    firstMs: answered,
    heapMb: (full.heapUsed - empty.heapUsed) / 2 ** 20,
    residentMb: full.rss / 2 ** 20,
  }),
);

async function open(): Promise<() => unknown> {
  if (name === 'srok') {
    const { Temporal } = await import('../../core/base/index.ts');
    const { loadLaws } = await import('../../core/law/index.ts');
    lap();
    const laws = await loadLaws({ root: new URL('../../policies/', import.meta.url) });
    return () => laws.get('qsockets')?.due('access.answer', { from: Temporal.PlainDate.from('2026-11-20') });
  }
  const { cedarPolicies, jsonRules } = await import('./engines.ts');
  lap();
  const subjects = JSON.parse(readFileSync(file, 'utf8'));
  const decider = name === 'cedar-wasm' ? cedarPolicies(subjects) : jsonRules(subjects);
  return decider.prepare({
    subject: { id: 'qsockets due access.answer', operator: 'qsockets', kind: 'due', about: 'access.answer' },
    day: undefined as never,
    number: 20_777,
    customer: 'unknown',
  });
}
