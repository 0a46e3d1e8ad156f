import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').createTable('facts', (table) => {
    table.text('id').primary();
    table.text('name').notNullable();
    table.text('about').notNullable();
    table.text('subject_id');
    table.timestamp('at', { useTz: true }).notNullable();
    table.date('happened_on').notNullable();
    table.jsonb('fields').notNullable();
    table.index(['about', 'name']);
    table.index(['happened_on']);
    table.index(['subject_id']);
  });
  await knex.schema.withSchema('core').createTable('obligations', (table) => {
    table.text('id').primary();
    table.text('duty').notNullable();
    table.text('about').notNullable();
    table.text('about_kind').notNullable();
    table.text('subject_id');
    table.text('fact_id').notNullable();
    table.jsonb('query').notNullable(); // what the law was asked, so that the answer can be replayed
    table.timestamp('opened_at', { useTz: true }).notNullable();
    table.date('due_on');
    table.timestamp('late_from', { useTz: true });
    table.date('outer_on');
    table.jsonb('because');
    table.text('digest').notNullable();
    table.text('state').notNullable().checkIn(['open', 'discharged']);
    table.timestamp('extended_at', { useTz: true });
    table.text('extension_reason');
    table.timestamp('discharged_at', { useTz: true });
    table.date('discharged_on');
    table.text('discharged_by');
    table.timestamp('overdue_at', { useTz: true });
    table.text('problem');
    table.unique(['fact_id', 'duty']);
    table.index(['about', 'duty']);
    table.index(['subject_id']);
    table.index(['discharged_on']);
  });
  await knex.raw(`create index obligations_open on core.obligations (late_from) where state = 'open'`);
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
