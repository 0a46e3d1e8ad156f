import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').createTable('requests', (table) => {
    table.text('id').primary();
    table.text('number').notNullable().unique();
    table.text('kind').notNullable();
    table.text('channel').notNullable();
    table.text('state').notNullable();
    table.timestamp('received_at', { useTz: true }).notNullable();
    table.text('subject_id').references('id').inTable('core.subjects');
    table.boolean('subject_known').notNullable().defaultTo(false); // false and identified: in no store
    table.text('identity_method');
    table.text('identity_by');
    table.timestamp('identified_at', { useTz: true });
    table.timestamp('extended_at', { useTz: true });
    table.text('extension_reason');
    table.boolean('blocked').notNullable().defaultTo(false);
    table.date('due_on');
    table.timestamp('late_from', { useTz: true });
    table.text('plan_id');
    table.text('answer_document');
    table.text('package_document');
    table.text('refusal_ground');
    table.text('refusal_cite');
    table.text('repeat_of');
    table.boolean('in_full').notNullable().defaultTo(false); // answered with the data, not refused, not empty
    table.binary('sealed').notNullable(); // the case file
    table.timestamp('answered_at', { useTz: true });
    table.timestamp('closed_at', { useTz: true });
    table.date('closed_on');
    table.text('job');
    table.index(['subject_id']);
    table.index(['plan_id']);
    table.index(['state', 'late_from']);
  });
  await knex.schema.withSchema('core').createTable('request_events', (table) => {
    table.bigIncrements('id');
    table.text('request_id').notNullable().references('id').inTable('core.requests').onDelete('cascade');
    table.timestamp('at', { useTz: true }).notNullable();
    table.text('step').notNullable();
    table.text('by').notNullable();
    table.jsonb('details').notNullable();
    table.index(['request_id']);
  });
  await knex.schema.withSchema('core').createTable('request_parts', (table) => {
    table.text('request_id').notNullable().references('id').inTable('core.requests').onDelete('cascade');
    table.text('store').notNullable();
    table.text('outcome').notNullable();
    table.bigInteger('records').notNullable();
    table.text('because');
    table.binary('sealed'); // what the store gave, with the key of the case
    table.timestamp('at', { useTz: true }).notNullable();
    table.primary(['request_id', 'store']);
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
