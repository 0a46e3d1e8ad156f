import type { Knex } from 'knex';

/** The key of a project's day under which its senders get pseudonyms, sealed with the key of that day's metadata. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('relay').alterTable('volumes', (table) => {
    table.binary('pseudonym_key');
  });
  await knex.schema.withSchema('relay').alterTable('log_views', (table) => {
    table.boolean('exported').notNullable().defaultTo(false);
  });
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
