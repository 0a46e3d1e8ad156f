import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  // Sessions of people who have not signed in: the secret of a form's token.
  await knex.schema.withSchema('core').createTable('visits', (table) => {
    table.text('key_hash').primary();
    table.jsonb('value').notNullable();
    table.timestamp('expires_at', { useTz: true }).notNullable().index();
  });
  // The layout is that of rate-limiter-flexible; keys are hashes of addresses.
  await knex.schema.withSchema('core').createTable('rate_limits', (table) => {
    table.string('key', 255).primary();
    table.integer('points').notNullable().defaultTo(0);
    table.bigInteger('expire');
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations go one way.');
}
