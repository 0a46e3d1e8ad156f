import type { Knex } from 'knex';

/** The first day of what is still kept is asked every minute: it is read out of an index. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('create index log_grants_asked on relay.log_grants (asked_on)');
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
