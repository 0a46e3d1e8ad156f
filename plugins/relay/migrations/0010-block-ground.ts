import type { Knex } from 'knex';

/** The coded ground on which staff have suspended a project; null while they have not. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('relay').alterTable('projects', (table) => {
    table.text('block_ground');
  });
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
