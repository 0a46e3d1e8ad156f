import { type Clock, Refusal, Temporal } from '../base/index.ts';
import type { DataMap, Words } from '../datamap/index.ts';
import { isUnsupported } from '../datamap/index.ts';
import type { Trx } from '../db/index.ts';
import type { Law } from '../law/index.ts';
import type { Obligations } from '../obligations/index.ts';
import { openStates } from './state.ts';
import type { RequestRow } from './store.ts';
import type { RequestDuty, RequestKind } from './types.ts';

/** What a request of a kind says of the data, in the words of the facts. */
const contests: Partial<Record<RequestKind, 'inaccuracy'>> = { rectification: 'inaccuracy' };
/** What the evidence of a request of a kind is for. */
const evidences: Partial<Record<RequestKind, 'inaccuracy' | 'unneeded'>> = {
  rectification: 'inaccuracy',
  erasure: 'unneeded',
};

interface ContestedDeps {
  clock: Clock;
  law: Law;
  datamap: DataMap;
  obligations: Pick<Obligations, 'list'>;
  step(trx: Trx, id: string, name: string, by: string, details?: Record<string, unknown>): Promise<void>;
  tell(
    trx: Trx,
    row: Pick<RequestRow, 'id' | 'subject_id'>,
    name: string,
    fields?: Record<string, unknown>,
    at?: Temporal.Instant,
  ): Promise<void>;
}

/**
 * Data that a person contests: they are blocked from the moment of the request, and what evidence proves is corrected
 * or destroyed in a term of its own.
 */
export function createContested({ clock, law, datamap, obligations, step, tell }: ContestedDeps) {
  const openDuties = async (id: string, source?: Trx): Promise<Set<string>> =>
    new Set((await obligations.list({ about: id, state: 'open' }, source)).map(({ duty }) => duty));

  /** Duties that a fact of a request has opened and that still wait. */
  async function waiting(trx: Trx, id: string, fact: string, fields: Record<string, unknown>): Promise<boolean> {
    const open = await openDuties(id, trx);
    return law.duties(fact, fields).some((duty) => open.has(duty));
  }

  function mustBeOpen({ id, state, kind }: RequestRow, known: boolean): void {
    if (!openStates.includes(state)) throw new Refusal('request.wrong-state', 'conflict', { from: state });
    if (!known) throw new Refusal('request.wrong-kind', 'conflict', { request: id, kind });
  }

  return {
    /** The request itself says that data are wrong: the law wants them blocked from this moment. */
    async received(trx: Trx, row: RequestRow): Promise<void> {
      const of = contests[row.kind as RequestKind];
      if (of) await tell(trx, row, 'data.contested', { of }, row.received_at);
    },

    async evidence(trx: Trx, row: RequestRow, { at, by }: { at: Temporal.Instant; by: string }): Promise<void> {
      const of = evidences[row.kind as RequestKind];
      mustBeOpen(row, of !== undefined);
      const early = Temporal.Instant.compare(at, row.received_at) < 0;
      if (early || Temporal.Instant.compare(at, clock.now()) > 0) {
        throw new Refusal('request.evidence-moment', 'invalid', { field: 'at' });
      }
      if (await waiting(trx, row.id, 'evidence.received', { of })) {
        throw new Refusal('request.evidence-taken', 'conflict', { request: row.id });
      }
      await step(trx, row.id, 'evidence', by, { of, at: at.toString() });
      await tell(trx, row, 'evidence.received', { of }, at);
    },

    /** Only where the law lets a person decide: inaccurate data, when a block would do harm. */
    async declineBlocking(trx: Trx, row: RequestRow, { reason, by }: { reason: string; by: string }): Promise<void> {
      const of = contests[row.kind as RequestKind];
      mustBeOpen(row, of !== undefined);
      if (!reason.trim()) throw new Refusal('request.blocking-reason', 'invalid', { field: 'reason' });
      if (!(await waiting(trx, row.id, 'data.contested', { of }))) {
        throw new Refusal('request.blocking-settled', 'conflict', { request: row.id });
      }
      await step(trx, row.id, 'blocking-declined', by, { reason: reason.trim() });
      await tell(trx, row, 'blocking.declined');
    },

    /** The day before which something of a request must be gone, of everything it has opened. */
    async earliest(trx: Trx, row: RequestRow): Promise<Temporal.PlainDate | null> {
      const open = await obligations.list({ about: row.id, state: 'open' }, trx);
      const days = [row.due_on, ...open.filter(({ duty }) => destroys(duty)).map(({ dueOn }) => dueOn)];
      return days.filter((day) => day !== null).sort(Temporal.PlainDate.compare)[0] ?? null;
    },

    async duties(id: string): Promise<RequestDuty[]> {
      const now = clock.now();
      return (await obligations.list({ about: id })).map(({ duty, state, dueOn, lateFrom, dischargedAt, because }) => ({
        ...{ duty, title: law.dutyType(duty).title, state, dueOn, lateFrom, dischargedAt, because },
        late: lateFrom !== null && Temporal.Instant.compare(dischargedAt ?? now, lateFrom) >= 0,
      }));
    },

    correctable(): { column: string; title: Words; store: Words }[] {
      return datamap
        .stores()
        .flatMap(({ store }) =>
          isUnsupported(store.rectify)
            ? []
            : Object.entries(store.corrects ?? {}).map(([column, title]) => ({ column, title, store: store.title })),
        );
    },

    /** Which decisions about contested data may still be made. */
    questions(kind: RequestKind, duties: readonly RequestDuty[]): { blocking: boolean; evidence: boolean } {
      const isOpen = (fact: string, of: string): boolean =>
        duties.some(({ duty, state }) => state === 'open' && law.duties(fact, { of }).includes(duty));
      const [contested, of] = [contests[kind], evidences[kind]];
      return {
        blocking: contested !== undefined && isOpen('data.contested', contested),
        evidence: of !== undefined && !isOpen('evidence.received', of),
      };
    },
  };

  /** Does a duty end with the destruction of data? */
  function destroys(duty: string): boolean {
    return law.dischargedBy(duty).includes('data.destroyed');
  }
}
