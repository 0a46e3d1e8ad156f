import { Refusal } from '../../base/index.ts';
import { dayOf, startOf } from '../../calendar/index.ts';
import type { Law } from '../../law/index.ts';
import { ledger } from '../../obligations/index.ts';
import { withOffset } from '../moments.ts';
import { laterOf, type Note } from './entries.ts';
import type { Told } from './told.ts';

/** Duties in memory: opened, extended and discharged by the same code that writes them to a database. */
export function createDuties(law: Law, note: Note) {
  const discharges = ledger.dischargesOf(law);
  const rows: ledger.Running[] = [];

  /** Where a term ends, as a line names it: a day, or the instant when it is counted in hours. */
  const endOf = ({ due_on, late_from }: ledger.Opened): string | null =>
    due_on?.toString() ?? (late_from && withOffset(late_from, law.zone));
  const beginOf = ({ due_on, late_from, opened_at }: ledger.Opened): string =>
    due_on || !late_from ? dayOf(opened_at, law.zone).toString() : withOffset(opened_at, law.zone);
  const line = (row: ledger.Running) => ({
    about: row.about,
    from: beginOf(row),
    to: endOf(row),
    because: row.because,
  });

  /** A notice of extension moves the duties of its request that can be moved; sent too late, it moves none. */
  function extend(fact: Told): void {
    for (const row of rows.filter(({ about, state }) => about === fact.about && state === 'open')) {
      try {
        const term = ledger.extended(law, row, fact.at);
        const before = endOf(row);
        Object.assign(row, term, { extended_at: fact.at });
        note({ ...line(row), at: fact.at, kind: 'state', from: before });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
  }

  return {
    hear(fact: Told): void {
      if (ledger.adopts(fact)) {
        for (const row of rows) if (row.about === fact.about) row.subject_id ??= fact.subject;
      }
      for (const duty of discharges.get(fact.name) ?? []) {
        for (const row of rows) {
          if (row.duty !== duty || row.state !== 'open' || !ledger.speaksOf(fact, row)) continue;
          Object.assign(row, ledger.discharged(row, fact.at));
          note({ ...line(row), at: fact.at, kind: 'discharged' });
        }
      }
      if (fact.name === 'request.extended') extend(fact);
      for (const opened of ledger.openedBy(law, fact)) {
        const row: ledger.Running = {
          ...opened,
          ...{ state: 'open', extended_at: null, discharged_at: null, overdue_at: null },
        };
        rows.push(row);
        note({ ...line(row), at: fact.at, kind: 'opened' });
      }
    },

    /** Once everything is told: the last days, and what was still open on the instant after them. */
    close(): void {
      for (const row of rows) {
        if (!row.late_from) continue;
        const last = row.due_on ? startOf(row.due_on, law.zone) : row.late_from;
        note({ ...line(row), at: laterOf(last, row.opened_at), kind: 'due' });
        if (!row.discharged_at || ledger.isLate(row, row.discharged_at)) {
          note({ ...line(row), at: row.late_from, kind: 'overdue' });
        }
      }
    },

    /** The duties as they stand, for a comparison with those of a running service. */
    rows: (): readonly ledger.Running[] => rows,
  };
}

export type Duties = ReturnType<typeof createDuties>;
