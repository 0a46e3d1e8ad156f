import { Temporal } from '../../base/index.ts';
import { type Law, type NextPeriod, nextPeriod } from '../../law/index.ts';
import type { Note } from './entries.ts';
import type { Coming, Told } from './told.ts';

interface Paid {
  project: string;
  subject: string | null;
  period: NextPeriod;
}

/** Paid periods in memory: opened by payments, prolonged, ended by time or with the contract. */
export function createPayments(law: Law, note: Note) {
  const running = new Map<string, Paid>();

  function end({ project }: Paid, at: Temporal.Instant): void {
    running.delete(project);
    note({ at, kind: 'state', about: project, from: 'paid', to: 'unpaid', because: null });
  }

  return {
    hear(fact: Told): void {
      const { name, about, subject, at, fields } = fact;
      if (name === 'payment.succeeded' && typeof fields.months === 'number') {
        const before = running.get(about) ?? null;
        const period = nextPeriod(at, fields.months, before?.period ?? null, law);
        running.set(about, { project: about, subject, period });
        if (!before) note({ at, kind: 'state', about, from: 'unpaid', to: 'paid', because: null });
      }
      const paid = running.get(about);
      if (name === 'period.ended' && paid && fact.place !== null) end(paid, at);
      // The contract is over, and with it what was paid for.
      if ((name === 'account.deleted' || name === 'contract.terminated') && subject) {
        for (const one of [...running.values()]) if (one.subject === subject) end(one, at);
      }
    },

    paidUntil(subject: string): Temporal.PlainDate | null {
      const days = [...running.values()].filter((paid) => paid.subject === subject).map(({ period }) => period.lastDay);
      return days.sort(Temporal.PlainDate.compare).at(-1) ?? null;
    },

    next(): Coming | null {
      const [first] = [...running.values()].sort((a, b) => Temporal.Instant.compare(a.period.endsAt, b.period.endsAt));
      if (!first) return null;
      const { project, subject, period } = first;
      const at = period.endsAt;
      return {
        at,
        take() {
          end(first, at);
          const told = { name: 'period.ended', about: project, aboutKind: 'project', subject, at, toldAt: at };
          return [{ ...told, fields: {}, place: null }];
        },
      };
    },
  };
}
