import type { Knex } from 'knex';

/** Which nodes live, and how many connections of each project are open on which of them. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('relay').createTable('nodes', (table) => {
    table.text('id').primary();
    table.bigInteger('beat').notNullable(); // grows while the node lives; no clock is compared with another
    table.text('host').notNullable();
    table.text('process').notNullable();
  });

  // A node that is gone takes its seats with it.
  await knex.schema.withSchema('relay').createTable('seats', (table) => {
    table.text('project_id').notNullable();
    table.text('node_id').notNullable().references('id').inTable('relay.nodes').onDelete('CASCADE');
    table.integer('taken').notNullable();
    table.primary(['project_id', 'node_id']);
    table.index('node_id');
  });
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
