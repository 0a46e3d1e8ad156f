import { type Clock, newId, Refusal, type Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import type { DataMap, Store } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Because, Law } from '../law/index.ts';
import { termOf } from './due.ts';
import { checkFact } from './facts.ts';
import {
  adopt,
  earliestLate,
  insertFact,
  insertObligation,
  listObligations,
  listProblems,
  lockOpen,
  markOverdue,
  type ObligationRow,
  updateObligation,
} from './store.ts';
import { obligationStores } from './stores.ts';

/** Something that happened, in the closed vocabulary of `policies/taxonomy/facts.yaml`. Ids only, no names. */
export interface Fact {
  name: string;
  about: string;
  at: Temporal.Instant;
  subject?: string;
  fields?: Record<string, unknown>;
}

/** Tells the house that something happened, in the caller's transaction. */
export type Report = (trx: Trx, fact: Fact) => Promise<void>;

export type ObligationState = 'open' | 'discharged';

export interface Obligation {
  id: string;
  duty: string;
  about: string;
  subject: string | null;
  fact: string; // fct_… that opened it
  openedAt: Temporal.Instant;
  dueOn: Temporal.PlainDate | null;
  lateFrom: Temporal.Instant | null; // null when it could not be computed: see `problem`
  outerOn: Temporal.PlainDate | null;
  because: Because | null;
  digest: string;
  state: ObligationState;
  extended: { at: Temporal.Instant; reason: string } | null;
  dischargedAt: Temporal.Instant | null;
  dischargedBy: string | null; // fct_…
  overdueAt: Temporal.Instant | null; // set when it was still open at `lateFrom`; stays after a late discharge
  problem: string | null; // 'calendar.missing' …: nothing is guessed, the DPO is told
}

export interface ObligationFilter {
  about?: string;
  subject?: string;
  duty?: string;
  state?: ObligationState;
  overdue?: boolean;
  lateBefore?: Temporal.Instant;
  limit?: number;
}

export interface Obligations {
  /** Writes the fact, opens the duties it opens and discharges those it discharges. @returns fct_… */
  report(trx: Trx, fact: Fact): Promise<string>;
  /** Moves the term of an open duty, once, before its base term has ended. @throws Refusal `obligation.*` */
  extend(
    trx: Trx,
    extension: { about: string; duty: string; at: Temporal.Instant; reason: string },
  ): Promise<Obligation>;
  list(filter?: ObligationFilter, trx?: Trx): Promise<Obligation[]>;
  /** Marks what is overdue now and computes what could not be computed before. @returns how many became overdue */
  sweep(): Promise<number>;
  /** When the next open duty becomes late. */
  next(db: Db): Promise<Temporal.Instant | null>;
  /** The store of this room: facts and duties by their ids. */
  stores: Record<string, Store>;
}

/**
 * With `datamap` the room registers its store, with `jobs` its job `obligations.sweep` and when it has work.
 */
export function createObligations({
  law,
  journal,
  clock,
  db,
  jobs,
  datamap,
}: {
  law: Law;
  journal: Pick<Journal, 'append'>;
  clock: Clock;
  db: Db;
  jobs?: Pick<Jobs, 'define' | 'source'>;
  datamap?: Pick<DataMap, 'register'>;
}): Obligations {
  const types = new Map(law.facts().map((type) => [type.fact, type]));
  // Read once from the law: fact → the duties it discharges.
  const discharges = new Map<string, string[]>();
  for (const { id } of law.dutyTypes()) {
    for (const fact of law.dischargedBy(id)) discharges.set(fact, [...(discharges.get(fact) ?? []), id]);
  }

  const obligations: Obligations = {
    async report(trx, fact) {
      const { type, fields } = checkFact(types, fact.name, fact.fields ?? {});
      const id = newId('fct', clock.now());
      await insertFact(trx, {
        id,
        name: fact.name,
        about: fact.about,
        subject_id: fact.subject ?? null,
        at: fact.at,
        happened_on: dayOf(fact.at, law.zone),
        fields,
      });
      if (fact.subject && type.about === 'request') await adopt(trx, fact.about, fact.subject);
      const match = { about: fact.about, aboutKind: type.about, subject: fact.subject ?? null };
      for (const duty of discharges.get(fact.name) ?? []) {
        for (const row of await lockOpen(trx, duty, match)) {
          await updateObligation(trx, row.id, {
            state: 'discharged',
            discharged_at: fact.at,
            discharged_on: dayOf(fact.at, law.zone),
            discharged_by: id,
            // Late is late, also when nobody had looked before.
            overdue_at: row.overdue_at ?? lateAt(row, fact.at),
          });
        }
      }
      for (const duty of law.duties(fact.name, fields)) {
        // A permission obliges nobody: whoever may take the step asks the law for `mayFrom`.
        if (law.dutyType(duty).kind === 'permission') continue;
        const query = { from: fact.at.toString(), ...customerOf(fields) };
        const term = termOf(law, duty, query);
        await insertObligation(trx, {
          id: newId('obl', clock.now()),
          duty,
          about: fact.about,
          about_kind: type.about,
          subject_id: fact.subject ?? null,
          fact_id: id,
          query,
          opened_at: fact.at,
          ...term,
        });
      }
      return id;
    },

    async extend(trx, { about, duty, at, reason }) {
      const [row] = await lockOpen(trx, duty, { about, aboutKind: '', subject: null });
      if (!row) throw new Refusal('obligation.unknown', 'not-found', { about, duty });
      if (row.extended_at) throw new Refusal('obligation.extended-already', 'conflict', { about, duty });
      if (row.late_from && lateAt(row, at)) throw new Refusal('obligation.extension-late', 'conflict', { about, duty });
      const term = termOf(law, duty, { ...row.query, extended: at });
      if (!term.late_from || !row.late_from || !isLater(term.late_from, row.late_from)) {
        throw new Refusal('obligation.not-extendable', 'conflict', { about, duty });
      }
      const change = { ...term, because: JSON.stringify(term.because), extended_at: at, extension_reason: reason };
      await updateObligation(trx, row.id, change);
      await journal.append(trx, { action: 'obligation.extended', about, body: { obligation: row.id, duty } });
      return toObligation({ ...row, ...term, extended_at: at, extension_reason: reason });
    },

    async list(filter = {}, trx) {
      return (await listObligations(trx ?? db, filter)).map(toObligation);
    },

    async sweep() {
      return db.transaction(async (trx) => {
        for (const row of await listProblems(trx)) {
          const term = termOf(law, row.duty, row.query);
          if (term.problem) continue;
          await updateObligation(trx, row.id, { ...term, because: JSON.stringify(term.because) });
        }
        const late = await markOverdue(trx, clock.now());
        for (const { id, about, duty } of late) {
          await journal.append(trx, { action: 'obligation.overdue', about, body: { obligation: id, duty } });
        }
        return late.length;
      });
    },

    next: earliestLate,
    stores: obligationStores,
  };
  datamap?.register('obligations', obligationStores);
  jobs?.define('obligations.sweep', async () => {
    await obligations.sweep();
  });
  jobs?.source({ name: 'obligations', job: 'obligations.sweep', next: earliestLate });
  return obligations;
}

function customerOf(fields: Record<string, unknown>): { customer?: 'business' | 'consumer' } {
  const { customer } = fields;
  return customer === 'business' || customer === 'consumer' ? { customer } : {};
}

function isLater(a: Temporal.Instant, b: Temporal.Instant): boolean {
  return a.epochNanoseconds > b.epochNanoseconds;
}

function lateAt(row: ObligationRow, at: Temporal.Instant): Temporal.Instant | null {
  return row.late_from && !isLater(row.late_from, at) ? at : null;
}

function toObligation(row: ObligationRow): Obligation {
  return {
    id: row.id,
    duty: row.duty,
    about: row.about,
    subject: row.subject_id,
    fact: row.fact_id,
    openedAt: row.opened_at,
    dueOn: row.due_on,
    lateFrom: row.late_from,
    outerOn: row.outer_on,
    because: row.because,
    digest: row.digest,
    state: row.state,
    extended: row.extended_at && { at: row.extended_at, reason: row.extension_reason ?? '' },
    dischargedAt: row.discharged_at,
    dischargedBy: row.discharged_by,
    overdueAt: row.overdue_at,
    problem: row.problem,
  };
}
