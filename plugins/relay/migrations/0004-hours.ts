import type { Knex } from 'knex';

/** How many messages of a day came in each hour of the operator's clock: counted where the day itself is. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table relay.usage add column hours bigint[] not null default array_fill(0::bigint, array[24])`);
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
