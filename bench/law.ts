import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { Temporal } from '../core/base/index.ts';
import { loadLaw } from '../core/law/index.ts';

/*
 * How long the packs take to load in a fresh process, and how many decisions a second come with their full reasons.
 *
 *   node bench/law.ts
 */

const started = performance.now();
const law = await loadLaw({ root: new URL('../policies/', import.meta.url), operator: 'qsockets' });
const loadedMs = performance.now() - started;

const first = Temporal.PlainDate.from('2026-01-12');
const questions: [string, (day: Temporal.PlainDate) => unknown][] = [
  ['due access.answer', (day) => law.due('access.answer', { from: day })],
  ['due account-deleted.erase', (day) => law.due('account-deleted.erase', { from: day })],
  ['keep message.payload', (day) => law.keep('message.payload', { from: day })],
  ['keep message.metadata', (day) => law.keep('message.metadata', { from: day })],
];

console.log(`${cpus().length} cores; packs loaded in ${loadedMs.toFixed(0)} ms`);
for (const [name, ask] of questions) {
  const times = 3_000;
  for (let n = 0; n < 300; n++) ask(first.add({ days: n }));
  const from = performance.now();
  for (let n = 0; n < times; n++) ask(first.add({ days: n % 300 }));
  const ms = performance.now() - from;
  console.log(
    `${name.padEnd(26)} ${((times / ms) * 1000).toFixed(0).padStart(6)}/s  ${((ms / times) * 1000).toFixed(0)} µs each`,
  );
}
