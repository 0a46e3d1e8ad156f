import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').alterTable('requests', (table) => {
    table.text('stopped_purpose'); // of an objection that was upheld
  });
  // Purposes for which a person's data are not processed any more, whatever became of the request.
  await knex.schema.withSchema('core').createTable('stopped_purposes', (table) => {
    table.text('subject_id').notNullable().references('id').inTable('core.subjects');
    table.text('purpose').notNullable();
    table.text('request_id').notNullable();
    table.timestamp('stopped_at', { useTz: true }).notNullable();
    table.primary(['subject_id', 'purpose']);
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
