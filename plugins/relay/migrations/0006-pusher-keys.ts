import type { Knex } from 'knex';

/** Keys of the Pusher protocol live among the tokens. Their secret signs: it must be readable, so it is sealed. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('relay').alterTable('tokens', (table) => {
    table.text('kind').notNullable().defaultTo('token');
    table.binary('secret'); // sealed; gone once the key is revoked
    table.text('tag'); // of a Pusher key: what makes its public half unguessable
    table.setNullable('hash');
  });
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
