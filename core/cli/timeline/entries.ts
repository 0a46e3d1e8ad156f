import { Temporal } from '../../base/index.ts';
import { dayOf } from '../../calendar/index.ts';
import type { Because } from '../../law/index.ts';
import { withOffset } from '../moments.ts';

export const kinds = [
  ...(['opened', 'due', 'discharged', 'overdue', 'state', 'keep-until', 'destroy-from', 'destroy-by'] as const),
];
export type Kind = (typeof kinds)[number];

/** One line of a timeline. */
export interface Entry {
  on: Temporal.PlainDate; // the Moscow day of `at`
  at: string; // with its offset
  kind: Kind;
  about: string;
  rule: string | null; // the rule that decides; null for what a fact says by itself
  from: string | null; // a state, or where the term begins
  to: string | null; // a state, or where the term ends
  because: (Because & { destroy?: Because }) | null; // `destroy`: of records, where the last day comes from
}

export interface Draft {
  at: Temporal.Instant;
  kind: Kind;
  about: string;
  from: string | null;
  to: string | null;
  because: Entry['because'];
}

/** Writes a line down; lines may come in any order. */
export type Note = (draft: Draft) => void;

export function laterOf(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) >= 0 ? a : b;
}

/** The lines before an instant, in the order of `at`, `kind` and `about`; of equal ones what was noted first. */
export function inOrder(drafts: readonly Draft[], before: Temporal.Instant, zone: string): Entry[] {
  const text = (a: string, b: string): number => (a < b ? -1 : a === b ? 0 : 1);
  return drafts
    .filter(({ at }) => Temporal.Instant.compare(at, before) < 0)
    .map((draft) => ({ ...draft, rule: draft.because?.winner.rule ?? null }))
    .sort((a, b) => Temporal.Instant.compare(a.at, b.at) || text(a.kind, b.kind) || text(a.about, b.about))
    .map(({ at, kind, about, rule, from, to, because }) => ({
      ...{ on: dayOf(at, zone), at: withOffset(at, zone), kind, about, rule, from, to, because },
    }));
}
