import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  for (const name of ['erasure_plans', 'sweep_runs']) {
    await knex.schema.withSchema('core').alterTable(name, (table) => {
      table.timestamp('missed_at', { useTz: true }); // the last day has gone by, and something is still there
    });
  }
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
