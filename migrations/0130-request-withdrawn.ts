import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').alterTable('requests', (table) => {
    table.timestamp('withdrawn_at', { useTz: true });
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
