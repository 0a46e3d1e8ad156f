import type { Clock, Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import type { DataMap, StoreContext } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Law } from '../law/index.ts';
import type { Letters } from '../letters/index.ts';
import type { Report } from '../obligations/index.ts';
import type { Vault } from '../vault/index.ts';
import type { Keeper } from './keeping.ts';
import type { Plan } from './types.ts';

/** What the room is handed. */
export interface RetentionDeps {
  db: Db;
  clock: Clock;
  law: Law;
  journal: Journal;
  vault: Vault;
  jobs: Pick<Jobs, 'define' | 'source' | 'enqueue'>;
  letters: Pick<Letters, 'documents'>;
  datamap: DataMap;
  report: Report;
  /** Name and post of somebody who works here, as an act prints them; null when the account is gone. */
  nameOf?(trx: Trx, account: string): Promise<string | null>;
  /** Paid time that ends with the account; a plugin's answer. */
  lostPaidTime?(trx: Trx, subject: string, at: Temporal.Instant): Promise<NonNullable<Plan['lostPaidTime']> | null>;
}

/** The room's insides, shared by its parts. */
export interface Room extends RetentionDeps {
  keeper: Keeper;
  today(): Temporal.PlainDate;
  context(trx: Trx, runId: string): StoreContext;
}

export function openRoom(deps: RetentionDeps, keeper: Keeper): Room {
  const { db, vault, clock, law, journal } = deps;
  return {
    ...deps,
    keeper,
    today: () => dayOf(clock.now(), law.zone),
    context: (trx, runId) => ({ trx, db, vault, clock, law, journal, runId }),
  };
}
