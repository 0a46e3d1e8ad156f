import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').createTable('letters', (table) => {
    table.text('id').primary();
    table.text('template').notNullable();
    table.text('version').notNullable();
    table.text('locale').notNullable();
    table.text('subject_id').index();
    table.text('account_id');
    table.text('about_id').index();
    table.specificType('attachments', 'text[]').notNullable().defaultTo('{}');
    table.timestamp('queued_at', { useTz: true }).notNullable();
    table.text('key_name').notNullable();
    // null: wiped once sent, or erased
    table.binary('body');
    table.boolean('forget_once_sent').notNullable().defaultTo(false);
    // the day on which the term begins: the last of its deliveries is settled; null while one waits
    table.date('settled_on').index();
  });
  await knex.schema.withSchema('core').createTable('deliveries', (table) => {
    table.text('id').primary();
    table.text('letter_id').notNullable().references('id').inTable('core.letters').onDelete('CASCADE').index();
    table.text('channel').notNullable();
    table.text('state').notNullable();
    table.integer('attempts').notNullable().defaultTo(0);
    table.timestamp('next_try_at', { useTz: true });
    table.timestamp('sent_at', { useTz: true });
    table.timestamp('received_at', { useTz: true });
    table.timestamp('bounced_at', { useTz: true });
    table.timestamp('read_at', { useTz: true });
    table.text('message_id').unique();
    table.text('code');
    table.check("channel in ('email', 'dashboard', 'publication')", [], 'deliveries_channel');
    table.check("state in ('waiting', 'failed', 'received', 'bounced', 'cancelled')", [], 'deliveries_state');
  });
  await knex.raw(
    "create index deliveries_waiting on core.deliveries (channel, next_try_at) where state in ('waiting', 'failed')",
  );
  await knex.schema.withSchema('core').createTable('documents', (table) => {
    table.text('id').primary();
    table.text('kind').notNullable();
    table.text('number').unique();
    table.text('name').notNullable();
    table.text('type').notNullable();
    table.text('about_id').notNullable().index();
    table.text('subject_id').index();
    table.text('key_name').notNullable();
    table.binary('body').notNullable();
    table.text('sha256').notNullable();
    table.integer('size').notNullable();
    table.integer('pages').notNullable();
    table.integer('version').notNullable().defaultTo(1);
    table.timestamp('made_at', { useTz: true }).notNullable();
    // the day on which the term begins; null for papers of a case that is still open
    table.date('anchored_on').index();
  });
  await knex.schema.withSchema('core').createTable('counters', (table) => {
    table.text('series').notNullable();
    table.integer('year').notNullable();
    table.integer('last').notNullable();
    table.primary(['series', 'year']);
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only.');
}
