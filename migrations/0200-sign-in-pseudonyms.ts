import type { Knex } from 'knex';

/** Where somebody signed in from is kept as a pseudonym; the addresses that were kept until now are forgotten. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').alterTable('sign_ins', (table) => {
    table.dropColumn('ip');
    table.text('origin');
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
