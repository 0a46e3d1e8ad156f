import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').createTable('manual_tasks', (table) => {
    table.text('id').primary();
    table.text('connector').notNullable();
    table.text('run').notNullable();
    table.text('action').notNullable().checkIn(['collect', 'erase', 'rectify', 'restrict']);
    table.text('subject_id').notNullable().references('id').inTable('core.subjects');
    table.timestamp('opened_at', { useTz: true }).notNullable();
    table.timestamp('done_at', { useTz: true });
    table.date('done_on');
    table.text('done_by');
    table.bigInteger('records');
    table.binary('sealed'); // what the person found or noted
    table.unique(['connector', 'run', 'action', 'subject_id']);
    table.index(['done_on']);
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
