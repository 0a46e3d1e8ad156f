import { type Clock, newId, Refusal, type Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import type { DataMap, Store } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Because, Law } from '../law/index.ts';
import { type Term, termOf } from './due.ts';
import { checkFact } from './facts.ts';
import { adopts, discharged, dischargesOf, extended, openedBy, type Query, speaksOf, type Told } from './ledger.ts';
import {
  adopt,
  earliestLate,
  insertFact,
  insertObligation,
  listFacts,
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
  id?: string; // fct_…; made here unless whoever reports has written it down elsewhere already
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
  query: Query; // what the law was asked
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
  id?: string;
  fact?: string; // fct_… that opened it
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
  /** What happened: one fact by its id, or everything about a thing, in order. */
  facts(of: { id: string } | { about: string }): Promise<(Fact & { id: string })[]>;
  /** What today's packs say of a duty that was opened earlier; the same question is asked again. */
  again(obligation: Obligation): Term;
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
  const discharges = dischargesOf(law);

  const obligations: Obligations = {
    async report(trx, fact) {
      const { type, fields } = checkFact(types, fact.name, fact.fields ?? {});
      const id = fact.id ?? newId('fct', clock.now());
      await insertFact(trx, {
        id,
        name: fact.name,
        about: fact.about,
        subject_id: fact.subject ?? null,
        at: fact.at,
        happened_on: dayOf(fact.at, law.zone),
        fields,
      });
      const { name, about, at } = fact;
      const told: Told = { name, about, aboutKind: type.about, subject: fact.subject ?? null, at, fields };
      if (adopts(told)) await adopt(trx, about, told.subject);
      const ended = [...(discharges.get(name) ?? [])];
      for (const row of ended.length > 0 ? await lockOpen(trx, ended, told) : []) {
        if (!speaksOf(told, row)) continue;
        const change = { ...discharged(row, at), discharged_on: dayOf(at, law.zone), discharged_by: id };
        await updateObligation(trx, row.id, change);
      }
      for (const opened of openedBy(law, told)) {
        await insertObligation(trx, { id: newId('obl', clock.now()), fact_id: id, ...opened });
      }
      return id;
    },

    async extend(trx, { about, duty, at, reason }) {
      const [row] = await lockOpen(trx, [duty], { about, subject: null });
      if (!row) throw new Refusal('obligation.unknown', 'not-found', { about, duty });
      const term = extended(law, row, at);
      const change = { ...term, because: JSON.stringify(term.because), extended_at: at, extension_reason: reason };
      await updateObligation(trx, row.id, change);
      await journal.append(trx, { action: 'obligation.extended', about, body: { obligation: row.id, duty } });
      return toObligation({ ...row, ...term, extended_at: at, extension_reason: reason });
    },

    async list(filter = {}, trx) {
      return (await listObligations(trx ?? db, filter)).map(toObligation);
    },

    async facts(of) {
      return (await listFacts(db, of)).map(({ subject_id, ...fact }) => ({
        ...fact,
        ...(subject_id ? { subject: subject_id } : {}),
      }));
    },

    again: ({ duty, query, extended: longer }) => termOf(law, duty, longer ? { ...query, extended: longer.at } : query),

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

function toObligation(row: ObligationRow): Obligation {
  return {
    id: row.id,
    duty: row.duty,
    about: row.about,
    subject: row.subject_id,
    fact: row.fact_id,
    openedAt: row.opened_at,
    query: row.query,
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
