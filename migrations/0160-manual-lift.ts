import type { Knex } from 'knex';

/** A person is also told to lift a restriction: the check of the first migration did not know the word. */
export async function up(knex: Knex): Promise<void> {
  const { rows } = await knex.raw(
    "select conname from pg_constraint where conrelid = 'core.manual_tasks'::regclass and contype = 'c'",
  );
  for (const { conname } of rows) await knex.raw('alter table core.manual_tasks drop constraint ??', [conname]);
  await knex.raw(`
    alter table core.manual_tasks add constraint manual_tasks_action
    check (action in ('collect', 'erase', 'rectify', 'restrict', 'lift'))`);
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
