import type { Knex } from 'knex';

/** The first day of what a store still holds is asked every minute: it is read out of an index, however old the house. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index journal_bodies_kept on core.journal_bodies (seq) where body is not null;
    create index letters_settled_with_body on core.letters (settled_on) where body is not null;
    create index documents_kind_anchored on core.documents (kind, anchored_on);
    create index requests_closed on core.requests (closed_on);
    create index holds_closed on core.holds (closed_on);
    create index acceptances_contract_ended on core.acceptances (contract_ended_on);
    create index consents_withdrawn on core.consents (withdrawn_on);
    create index erasure_plans_executed on core.erasure_plans (executed_on);
    create index tombstones_made on core.tombstones (made_on);
    create index sweep_runs_started on core.sweep_runs (started_on);
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
