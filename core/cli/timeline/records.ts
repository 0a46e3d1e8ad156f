import { Refusal, Temporal } from '../../base/index.ts';
import { dayOf, startOf } from '../../calendar/index.ts';
import type { HoldDays, Keep, Law } from '../../law/index.ts';
import { laterOf, type Note } from './entries.ts';
import type { Told } from './told.ts';

interface Kept {
  category: string;
  about: string;
  subject: string | null;
  at: Temporal.Instant;
  toldAt: Temporal.Instant;
}

/** Records whose term a fact begins, by every category whose rules start with it. */
export function createRecords(
  law: Law,
  note: Note,
  holdsOf: (category: string, about: string, subject: string | null) => readonly HoldDays[],
) {
  const startedBy = new Map<string, Set<string>>();
  for (const { category, starts } of law.rules()) {
    if (!category) continue;
    for (const fact of starts) startedBy.set(fact, (startedBy.get(fact) ?? new Set()).add(category));
  }
  const records = new Map<string, Kept>();

  /** Null for what nothing says how long to keep: it stays until the pack has a schedule. */
  function keepOf({ category, about, subject, at }: Kept, erasedOn: Temporal.PlainDate | null): Keep | null {
    const from = dayOf(at, law.zone);
    const gone = erasedOn && Temporal.PlainDate.compare(erasedOn, from) >= 0 ? { erasedOn } : {};
    try {
      return law.keep(category, { from, hold: holdsOf(category, about, subject), ...gone });
    } catch (error) {
      if (error instanceof Refusal && error.code === 'law.no-schedule') return null;
      throw error;
    }
  }

  return {
    hear({ name, about, subject, at, toldAt }: Told): void {
      const from = dayOf(at, law.zone);
      for (const category of startedBy.get(name) ?? []) {
        // Two facts may tell of one beginning: the deletion of an account is also the end of the contract.
        const key = `${category} ${about} ${from}`;
        if (!records.has(key)) records.set(key, { category, about, subject, at, toldAt });
      }
    },

    /** Once everything is told: for each record until when it is kept, and between which days it goes. */
    close(erasedOn: (subject: string) => Temporal.PlainDate | null): void {
      for (const record of records.values()) {
        const { about, subject, at, toldAt } = record;
        const keep = keepOf(record, subject === null ? null : erasedOn(subject));
        if (!keep) continue;
        const { keepUntil, destroyFrom, destroyBy } = keep;
        const because = { ...keep.because, destroy: keep.destroyBecause };
        // Nothing goes before it is known that its term has begun.
        const goesAt = laterOf(startOf(destroyFrom, law.zone), toldAt);
        const kept = { about, from: dayOf(at, law.zone).toString(), to: keepUntil.toString() };
        const goes = { about, from: dayOf(goesAt, law.zone).toString(), to: destroyBy.toString() };
        note({ ...kept, at: laterOf(startOf(keepUntil, law.zone), at), kind: 'keep-until', because });
        note({ ...goes, at: goesAt, kind: 'destroy-from', because });
        note({
          ...goes,
          at: laterOf(startOf(destroyBy, law.zone), goesAt),
          kind: 'destroy-by',
          because,
        });
      }
    },
  };
}
