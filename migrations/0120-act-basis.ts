import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').alterTable('destruction_acts', (table) => {
    table.text('basis').notNullable().defaultTo(''); // the citation that the act prints; empty: made before this column
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
