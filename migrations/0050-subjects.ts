import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').createTable('subjects', (table) => {
    table.text('id').primary();
    table.text('kind').notNullable();
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('erased_at', { useTz: true });
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
