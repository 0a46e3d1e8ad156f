import type { Knex } from 'knex';

/** The same form or call sent twice makes one project: a digest of its one-time key stays with what it made. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('relay').alterTable('projects', (table) => {
    table.binary('made_with');
    table.unique(['subject_id', 'made_with']);
  });
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
