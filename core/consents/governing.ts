import { Temporal } from '../base/index.ts';
import type { Effective, Law, OperatorDocument } from '../law/index.ts';

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

/** What the effect of an edition rests on: prices change by rules of their own. */
export function earliestOf(law: Law, { kind }: Pick<OperatorDocument, 'kind'>, published: Day): Effective {
  return law.effective(kind === 'price' ? 'price' : 'document', published);
}

/**
 * The first day on which an edition may take effect. The edition with which the document began, by the operator's pack,
 * may at once: there is none before it that anyone could have accepted, so the notice period protects nobody.
 *
 * @param known the editions of the document that are already there
 */
export function mayTakeEffect(
  law: Law,
  document: Pick<OperatorDocument, 'kind' | 'editions'>,
  published: Day,
  known: readonly Pick<Dated, 'publishedOn'>[],
): Effective {
  const earliest = earliestOf(law, document, published);
  const begins = document.editions[0]?.published.equals(published) === true;
  const isFirst = begins && known.every(({ publishedOn }) => publishedOn.equals(published));
  return isFirst ? { ...earliest, effectiveOn: published } : earliest;
}
