import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').createTable('events', (table) => {
    table.text('id').primary();
    table.text('number').notNullable().unique();
    table.text('fact').notNullable(); // the name of the fact it began with
    table.text('fact_id').notNullable();
    table.text('subject_id');
    table.timestamp('at', { useTz: true }).notNullable();
    table.index(['at']);
    table.index(['fact_id']);
    table.index(['subject_id']);
  });
  // What a person of the staff has told; `key` and `said` keep a report that is sent twice from being told twice.
  await knex.schema.withSchema('core').createTable('staff_reports', (table) => {
    table.text('fact_id').primary();
    table.text('about').notNullable();
    table.text('by').notNullable();
    table.timestamp('reported_at', { useTz: true }).notNullable();
    table.binary('key').notNullable().unique();
    table.binary('said').notNullable();
    table.jsonb('contains').notNullable(); // points of the duty's list
    table.index(['about']);
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
