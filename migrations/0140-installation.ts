import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  // One row: the operator whose people this database is about, since the first start.
  await knex.schema.withSchema('core').createTable('installation', (table) => {
    table.boolean('single').primary().defaultTo(true);
    table.text('operator').notNullable();
    table.timestamp('since_at', { useTz: true }).notNullable();
    table.check('single', [], 'installation_is_one');
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
