import type { Knex } from 'knex';

/** Whom a message leaves out is known wherever it is read from the log, and goes with its payload. */
export async function up(knex: Knex): Promise<void> {
  for (const name of ['payloads', 'held_payloads']) {
    await knex.schema.withSchema('relay').alterTable(name, (table) => {
      table.text('left_out'); // a digest of a random number of a connection, never the number itself
    });
  }
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
