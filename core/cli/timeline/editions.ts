import { Temporal } from '../../base/index.ts';
import { dayOf, startOf } from '../../calendar/index.ts';
import { earliestOf, inForce, mayTakeEffect } from '../../consents/index.ts';
import type { Because, Law } from '../../law/index.ts';
import { laterOf, type Note } from './entries.ts';
import type { Told } from './told.ts';

interface Edition {
  about: string;
  document: string;
  at: Temporal.Instant;
  publishedOn: Temporal.PlainDate;
  effectiveOn: Temporal.PlainDate;
  because: Because;
}

/** Editions of documents: published, in force from their day, replaced by the next. */
export function createEditions(law: Law, note: Note, wrong: (fact: Told, reason: string) => Error) {
  const editions: Edition[] = [];

  return {
    hear(fact: Told): void {
      if (fact.name !== 'document.published') return;
      const { about, at, fields } = fact;
      const document = String(fields.document);
      const known = law.operator.documents.find(({ id }) => id === document) ?? { kind: 'contract', editions: [] };
      const publishedOn = dayOf(at, law.zone);
      const before = editions.filter((edition) => edition.document === document);
      const earliest = mayTakeEffect(law, known, publishedOn, before);
      const effectiveOn =
        typeof fields.effective === 'string'
          ? Temporal.PlainDate.from(fields.effective)
          : earliestOf(law, known, publishedOn).effectiveOn;
      // An edition that has been in force for a while was only taken in now.
      const isOld = Temporal.PlainDate.compare(effectiveOn, publishedOn) < 0;
      if (!isOld && Temporal.PlainDate.compare(effectiveOn, earliest.effectiveOn) < 0) {
        throw wrong(fact, `effective: ${effectiveOn} is too early; the earliest day is ${earliest.effectiveOn}`);
      }
      editions.push({ about, document, at, publishedOn, effectiveOn, because: earliest.because });
      note({ at, kind: 'state', about, from: null, to: 'published', because: null });
    },

    /** Once everything is told: from when each edition is in force, and which one it replaces. */
    close(): void {
      for (const edition of editions) {
        const { about, document, at, effectiveOn, because } = edition;
        const all = editions.filter((one) => one.document === document);
        if (inForce(all, effectiveOn) !== edition) continue;
        const from = laterOf(startOf(effectiveOn, law.zone), at);
        const earlier = all.filter((one) => Temporal.PlainDate.compare(one.effectiveOn, effectiveOn) < 0);
        const before = inForce(earlier, effectiveOn);
        if (before) note({ at: from, kind: 'state', about: before.about, from: 'in-force', to: 'replaced', because });
        note({ at: from, kind: 'state', about, from: 'published', to: 'in-force', because });
      }
    },
  };
}
