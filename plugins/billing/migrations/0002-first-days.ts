import type { Knex } from 'knex';

/** The first day of what is still kept is asked every minute: it is read out of an index. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index periods_paid on billing.periods (paid_on);
    create index invoices_paid on billing.invoices (paid_on);
  `);
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
