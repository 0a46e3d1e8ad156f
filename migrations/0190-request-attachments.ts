import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').createTable('request_attachments', (table) => {
    table.text('id').primary();
    table.text('request_id').notNullable().references('id').inTable('core.requests').onDelete('CASCADE').index();
    table.text('type').notNullable(); // of the file: 'image/jpeg'
    table.integer('size').notNullable();
    table.text('key_name').notNullable();
    table.binary('sealed').notNullable(); // its name and its bytes
    // Does it prove who asks? null: nobody has looked yet
    table.boolean('proves_identity');
    table.date('checked_on'); // of a document of identity: the day of the check, where its term begins
  });
  await knex.raw(
    'create index request_attachments_checked on core.request_attachments (checked_on) where proves_identity',
  );
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
