import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw('create schema notification');
  await knex.schema.withSchema('notification').createTable('incoming', (table) => {
    // SHA-256 of the Message-ID, or of the whole letter when it has none
    table.text('digest').primary();
    table.timestamp('taken_at', { useTz: true }).notNullable();
    table.text('outcome').notNullable();
    table.text('request_id');
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only.');
}
