import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw('create schema billing');

  // What billing has heard of projects: whose they are, and on which plan. No key into another plugin's tables.
  await knex.schema.withSchema('billing').createTable('projects', (table) => {
    table.text('project_id').primary();
    table.text('subject_id').notNullable();
    table.text('plan').notNullable();
    table.index('subject_id');
  });

  await knex.schema.withSchema('billing').createTable('periods', (table) => {
    table.text('id').primary();
    table.text('project_id').notNullable();
    table.text('subject_id').notNullable();
    table.text('plan').notNullable();
    table.date('paid_on').notNullable();
    table.date('anchor_on').notNullable(); // of the whole chain of renewals
    table.integer('months').notNullable(); // since the anchor
    table.timestamp('starts_at', { useTz: true }).notNullable();
    table.date('last_on').notNullable();
    table.timestamp('ends_at', { useTz: true }).notNullable();
    table.timestamp('ended_at', { useTz: true });
    table.specificType('noticed_days', 'integer[]').notNullable().defaultTo('{}');
    table.index(['project_id', 'ends_at']);
    table.index('subject_id');
    table.index('ends_at');
  });

  await knex.schema.withSchema('billing').createTable('payments', (table) => {
    table.text('id').primary();
    table.text('external_id').notNullable().unique();
    table.text('project_id').notNullable();
    table.text('subject_id').notNullable();
    table.text('period_id').notNullable().references('id').inTable('billing.periods');
    table.text('plan').notNullable();
    table.integer('months').notNullable();
    table.bigInteger('kopecks').notNullable();
    // Name, number and address of who paid, sealed with the key of the year.
    table.binary('payer').notNullable();
    table.timestamp('paid_at', { useTz: true }).notNullable();
    table.date('paid_on').notNullable();
    table.text('recorded_by').notNullable();
    table.index('subject_id');
    table.index('paid_on');
  });

  await knex.schema.withSchema('billing').createTable('invoices', (table) => {
    table.text('id').primary();
    table.text('payment_id').notNullable().unique().references('id').inTable('billing.payments');
    table.text('number').notNullable();
    table.text('project_id').notNullable();
    table.text('subject_id').notNullable();
    table.bigInteger('kopecks').notNullable();
    table.date('issued_on').notNullable();
    table.date('paid_on').notNullable();
    table.text('document_id').notNullable();
    table.index('subject_id');
  });
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
