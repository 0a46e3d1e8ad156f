import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.withSchema('core').createTable('editions', (table) => {
    table.text('id').primary();
    table.text('document').notNullable();
    table.binary('bytes').notNullable();
    table.text('sha256').notNullable();
    table.text('mime').notNullable();
    table.date('published_on').notNullable();
    table.date('effective_on').notNullable();
    table.timestamp('added_at', { useTz: true }).notNullable();
    table.unique(['document', 'published_on']);
    table.index(['document', 'effective_on']);
    table.check("sha256 = encode(sha256(bytes), 'hex')", [], 'editions_digest');
    table.check('published_on <= effective_on', [], 'editions_days');
  });

  // What people accepted must stay what they accepted.
  await knex.raw(`
    create function core.refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'A row of % never changes and never goes.', tg_table_name using errcode = 'restrict_violation';
    end $$`);
  await knex.raw(`
    create trigger editions_immutable before update or delete on core.editions
    for each row execute function core.refuse_change()`);
  await knex.raw(`
    create trigger editions_not_emptied before truncate on core.editions
    for each statement execute function core.refuse_change()`);

  await knex.schema.withSchema('core').createTable('edition_notices', (table) => {
    table.text('edition_id').notNullable().references('id').inTable('core.editions');
    table.text('account_id').notNullable(); // '' stands for the publication, which is for everyone
    table.text('letter_id').notNullable();
    table.timestamp('at', { useTz: true }).notNullable();
    table.primary(['edition_id', 'account_id']);
  });

  // An edition whose notices are all queued is done; until then the sweep comes back to it.
  await knex.schema.withSchema('core').createTable('edition_announcements', (table) => {
    table.text('edition_id').primary().references('id').inTable('core.editions');
    table.timestamp('due_at', { useTz: true }).notNullable();
    table.timestamp('done_at', { useTz: true });
  });

  await knex.schema.withSchema('core').createTable('acceptances', (table) => {
    table.text('id').primary();
    table.text('subject_id').notNullable().references('id').inTable('core.subjects').index();
    table.text('account_id').notNullable();
    table.text('edition_id').notNullable().references('id').inTable('core.editions');
    table.text('kind').notNullable();
    table.text('sha256').notNullable();
    table.timestamp('at', { useTz: true }).notNullable();
    table.text('via').notNullable();
    table.date('contract_ended_on'); // the proof is kept from this day
    table.unique(['account_id', 'edition_id', 'kind']);
    table.check("kind in ('acceptance', 'acquaintance')", [], 'acceptances_kind');
  });

  await knex.schema.withSchema('core').createTable('consents', (table) => {
    table.text('id').primary();
    table.text('subject_id').notNullable().references('id').inTable('core.subjects').index();
    table.text('purpose').notNullable();
    table.text('edition_id').references('id').inTable('core.editions');
    table.text('wording'); // the text itself, when it is not an edition
    table.text('sha256').notNullable();
    table.timestamp('given_at', { useTz: true }).notNullable();
    table.text('given_via').notNullable();
    table.timestamp('withdrawn_at', { useTz: true });
    table.text('withdrawn_via');
    table.date('withdrawn_on');
    table.check('(edition_id is null) <> (wording is null)', [], 'consents_text');
  });
  await knex.raw(
    'create unique index consents_one_live on core.consents (subject_id, purpose) where withdrawn_at is null',
  );
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
