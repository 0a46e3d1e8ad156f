import { Temporal } from '../base/index.ts';

type Day = Temporal.PlainDate;

/** What decides which edition governs. */
export interface Dated {
  publishedOn: Day;
  effectiveOn: Day;
}

const compare = Temporal.PlainDate.compare;

/**
 * The edition in force on a day: the one whose day of effect came last. Before the first edition has come into force for
 * those who were there before it, it already governs whoever joins (offer 9.2, 10.1, 10.2).
 */
export function inForce<E extends Dated>(editions: readonly E[], on: Day): E | null {
  const published = editions.filter(({ publishedOn }) => compare(publishedOn, on) <= 0);
  const effective = published.filter(({ effectiveOn }) => compare(effectiveOn, on) <= 0);
  const newest = [...effective].sort(
    (a, b) => compare(b.effectiveOn, a.effectiveOn) || compare(b.publishedOn, a.publishedOn),
  )[0];
  return newest ?? [...published].sort((a, b) => compare(a.publishedOn, b.publishedOn))[0] ?? null;
}
