import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('relay').alterTable('projects', (table) => {
    table.specificType('origins', 'text[]').notNullable().defaultTo('{}');
    table.integer('max_payload_bytes'); // null: the plan's own
    table.boolean('client_publishing').notNullable().defaultTo(true);
  });

  // One-use admissions for browsers, for minutes: a row goes when it is used, or when its time is over.
  await knex.schema.withSchema('relay').createTable('tickets', (table) => {
    table.text('id').primary();
    table.binary('hash').notNullable();
    table.text('project_id').notNullable().references('id').inTable('relay.projects').onDelete('CASCADE');
    table.text('token_id').notNullable().references('id').inTable('relay.tokens').onDelete('CASCADE');
    table.specificType('rights', 'text[]').notNullable();
    table.specificType('channels', 'text[]').notNullable();
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('expires_at', { useTz: true }).notNullable();
    table.index(['project_id', 'expires_at']);
    table.index('token_id');
    table.index('expires_at');
  });
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
