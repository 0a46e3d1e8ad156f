import type { Temporal } from '../base/index.ts';
import type { Law, Purpose, Right } from '../law/index.ts';
import type { RequestKind } from './types.ts';
import { kindWords } from './words.ts';

/** Kinds that no law gives: a person may ask for them where the operator's documents name the right. */
const promised: readonly RequestKind[] = ['restriction', 'portability', 'interest-objection'];

/** The right of the operator's documents that a promised kind rests on; null for kinds that the law gives. */
export function rightOf(law: Law, kind: RequestKind): Right | null {
  return promised.includes(kind) ? (law.operator.rights.find(({ id }) => id === kind) ?? null) : null;
}

/** The kinds of requests that this operator takes, in the order of the lists. */
export function kindsOf(law: Law): RequestKind[] {
  const all = Object.keys(kindWords) as RequestKind[];
  return all.filter((kind) => !promised.includes(kind) || rightOf(law, kind) !== null);
}

/** Purposes that rest on a legitimate interest, with or without another ground: those a person may object to. */
export function objectionable(law: Law): readonly Purpose[] {
  return law.operator.purposes.filter(({ bases }) => bases.some(({ ground }) => ground === 'interest'));
}

/** What of a purpose goes on after an objection to the interest: its other grounds that stand on a day. */
export function otherBases(law: Law, purpose: Purpose, on: Temporal.PlainDate): Purpose['bases'] {
  return law.grounds(purpose, on).standing.filter(({ ground }) => ground !== 'interest');
}

/** Do these purposes let the person take the data along: does one of them rest on consent or contract? */
export function isPortable(law: Law, purposes: readonly string[]): boolean {
  return law.operator.purposes.some(
    ({ id, bases }) =>
      purposes.includes(id) && bases.some(({ ground }) => ground === 'consent' || ground === 'contract'),
  );
}
