import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  // An account is ids, states and days. What says who it is lies in a profile row that can go alone.
  await knex.schema.withSchema('core').createTable('accounts', (table) => {
    table.text('id').primary();
    table.text('subject_id').notNullable().unique().references('id').inTable('core.subjects');
    table.text('kind').notNullable();
    table.text('state').notNullable();
    table.specificType('roles', 'text[]').notNullable();
    table.timestamp('registered_at', { useTz: true }).notNullable();
    table.date('last_active_on').notNullable();
    table.timestamp('noticed_at', { useTz: true });
    table.timestamp('blocked_at', { useTz: true });
    table.text('block_ground');
    table.timestamp('ended_at', { useTz: true });
    table.timestamp('erased_at', { useTz: true });
    table.binary('farewell'); // sealed: where the last letter goes, from the erasure until the letter is queued
    table.check("kind in ('user', 'staff')", [], 'accounts_kind');
    table.check(
      "state in ('invited', 'active', 'noticed', 'blocked', 'deleted', 'erased', 'closed')",
      [],
      'accounts_state',
    );
    table.check("(state in ('deleted', 'erased', 'closed')) = (ended_at is not null)", [], 'accounts_ended');
    table.index(['kind', 'state', 'last_active_on', 'id']);
  });

  for (const name of ['profiles', 'staff_profiles']) {
    await knex.schema.withSchema('core').createTable(name, (table) => {
      table.text('account_id').primary().references('id').inTable('core.accounts');
      table.text('email').notNullable().unique();
      table.text('name').notNullable();
      table.text('position');
      table.text('locale').notNullable().defaultTo('ru');
      table.text('password_hash'); // null: invited, no password yet
      table.boolean('restricted').notNullable().defaultTo(false);
    });
  }

  await knex.schema.withSchema('core').createTable('one_time_links', (table) => {
    table.text('token_hash').primary();
    table.text('account_id').references('id').inTable('core.accounts'); // null: the first administrator
    table.timestamp('made_at', { useTz: true }).notNullable();
    table.timestamp('expires_at', { useTz: true }).notNullable();
  });

  // Real time: sessions and second factors do not follow the clock of the domain.
  await knex.schema.withSchema('core').createTable('sessions', (table) => {
    table.text('key_hash').primary();
    table.text('account_id').index();
    table.jsonb('value').notNullable();
    table.timestamp('expires_at', { useTz: true }).notNullable().index();
  });

  await knex.schema.withSchema('core').createTable('second_factors', (table) => {
    table.text('account_id').primary().references('id').inTable('core.accounts');
    table.binary('secret').notNullable(); // sealed
    table.timestamp('confirmed_at', { useTz: true }); // null: begun, not required yet
    table.bigInteger('last_step').notNullable().defaultTo(0); // a code is good for one sign-in
  });

  await knex.schema.withSchema('core').createTable('recovery_codes', (table) => {
    table.text('account_id').notNullable().references('id').inTable('core.accounts');
    table.text('code_hash').notNullable();
    table.primary(['account_id', 'code_hash']);
  });

  await knex.schema.withSchema('core').createTable('sign_ins', (table) => {
    table.text('id').primary();
    table.text('account_id').notNullable().references('id').inTable('core.accounts').index();
    table.timestamp('at', { useTz: true }).notNullable();
    table.text('outcome').notNullable();
    table.text('ip');
  });

  // The shape that rate-limiter-flexible asks for.
  await knex.schema.withSchema('core').createTable('sign_in_attempts', (table) => {
    table.string('key', 255).primary();
    table.integer('points').notNullable().defaultTo(0);
    table.bigInteger('expire');
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
