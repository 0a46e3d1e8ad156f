import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw('create schema relay');

  await knex.schema.withSchema('relay').createTable('projects', (table) => {
    table.text('id').primary();
    table.text('subject_id').notNullable();
    table.text('account_id');
    table.text('name').notNullable();
    table.text('plan').notNullable();
    table.text('state').notNullable();
    table.specificType('grounds', 'text[]').notNullable().defaultTo('{}');
    // Keys the digests of idempotency keys and bodies, so that they say nothing to who has only the table.
    table.binary('salt').notNullable();
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('activated_at', { useTz: true });
    table.timestamp('deleted_at', { useTz: true });
    table.index('subject_id');
  });

  await knex.schema.withSchema('relay').createTable('tokens', (table) => {
    table.text('id').primary();
    table.text('project_id').notNullable().references('id').inTable('relay.projects').onDelete('CASCADE');
    table.text('name').notNullable();
    table.binary('hash').notNullable();
    table.text('last4').notNullable();
    table.specificType('rights', 'text[]').notNullable();
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('expires_at', { useTz: true });
    table.timestamp('revoked_at', { useTz: true });
    table.date('last_used_on');
    table.index('project_id');
  });

  await knex.schema.withSchema('relay').createTable('channels', (table) => {
    table.text('project_id').notNullable().references('id').inTable('relay.projects').onDelete('CASCADE');
    table.text('name').notNullable();
    table.bigInteger('last_offset').notNullable();
    table.primary(['project_id', 'name']);
  });

  await knex.schema.withSchema('relay').createTable('usage', (table) => {
    table.text('project_id').notNullable();
    table.text('subject_id').notNullable();
    table.date('used_on').notNullable();
    table.bigInteger('daily_limit').notNullable();
    table.bigInteger('messages').notNullable().defaultTo(0);
    table.bigInteger('fitted').notNullable().defaultTo(0); // how many of the newest batch were within the limit
    table.bigInteger('dropped').notNullable().defaultTo(0);
    table.bigInteger('bytes').notNullable().defaultTo(0);
    table.integer('connections_peak').notNullable().defaultTo(0);
    table.bigInteger('connections_refused').notNullable().defaultTo(0);
    table.jsonb('notices').notNullable().defaultTo('{}');
    table.primary(['project_id', 'used_on']);
    table.index(['used_on']);
    table.index(['subject_id']);
  });

  // What lies in the log, by day and project: anchors, volumes and holds are answered without reading the log.
  await knex.schema.withSchema('relay').createTable('volumes', (table) => {
    table.date('processed_on').notNullable();
    table.text('project_id').notNullable();
    table.text('subject_id').notNullable();
    table.bigInteger('messages').notNullable();
    table.bigInteger('bytes').notNullable();
    table.bigInteger('payloads_left').notNullable(); // 0 once they are destroyed, the held ones otherwise
    table.bigInteger('messages_left').notNullable();
    table.primary(['processed_on', 'project_id']);
    table.index('subject_id');
    table.index('project_id');
  });

  await knex.raw(`create table relay.payloads (
    processed_on date not null,
    project_id text not null,
    channel text not null,
    "offset" bigint not null,
    id text not null,
    at timestamptz not null,
    content_type text,
    box bytea not null,
    primary key (project_id, channel, "offset", processed_on)
  ) partition by range (processed_on)`);
  // Sealed bytes do not compress: trying to would only cost time.
  await knex.raw('alter table relay.payloads alter column box set storage external');

  await knex.raw(`create table relay.messages (
    processed_on date not null,
    project_id text not null,
    channel text not null,
    "offset" bigint not null,
    id text not null,
    received_at timestamptz not null,
    stored_at timestamptz not null,
    bytes integer not null,
    content_type text,
    door text not null,
    connection text not null,
    personal bytea not null,
    primary key (project_id, channel, "offset", processed_on)
  ) partition by range (processed_on)`);

  await knex.raw(`create table relay.deliveries (
    processed_on date not null,
    project_id text not null,
    channel text not null,
    "offset" bigint not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    delivered integer not null,
    failed integer not null,
    primary key (project_id, channel, "offset", processed_on)
  ) partition by range (processed_on)`);

  // Rows of held people, lifted out before their day was destroyed, under keys of their own.
  await knex.raw(`create table relay.held_payloads (
    like relay.payloads including storage,
    subject_id text not null,
    primary key (project_id, channel, "offset", processed_on)
  )`);
  await knex.raw(`create table relay.held_messages (
    like relay.messages including storage,
    subject_id text not null,
    primary key (project_id, channel, "offset", processed_on)
  )`);

  await knex.schema.withSchema('relay').createTable('idempotency', (table) => {
    table.text('project_id').notNullable();
    table.binary('key_hash').notNullable();
    table.binary('body_digest').notNullable();
    table.text('message_id').notNullable();
    table.text('channel').notNullable();
    table.bigInteger('offset').notNullable();
    table.timestamp('accepted_at', { useTz: true }).notNullable();
    table.primary(['project_id', 'key_hash']);
    table.index('accepted_at');
  });

  await knex.schema.withSchema('relay').createTable('runs', (table) => {
    table.text('run_id').notNullable();
    table.text('store').notNullable();
    table.jsonb('receipt').notNullable();
    table.timestamp('at', { useTz: true }).notNullable();
    table.primary(['run_id', 'store']);
  });

  await knex.schema.withSchema('relay').createTable('log_grants', (table) => {
    table.text('id').primary();
    table.text('state').notNullable();
    table.text('asked_by').notNullable();
    table.text('asked_subject');
    table.timestamp('asked_at', { useTz: true }).notNullable();
    table.date('asked_on').notNullable();
    table.text('purpose').notNullable();
    table.text('need').notNullable();
    table.text('project_id').notNullable();
    table.date('from_on');
    table.date('before_on');
    table.boolean('payload').notNullable();
    table.text('granted_by');
    table.text('granted_subject');
    table.timestamp('granted_at', { useTz: true });
    table.timestamp('expires_at', { useTz: true });
    table.text('refusal');
    table.index('asked_at');
  });

  await knex.schema.withSchema('relay').createTable('log_views', (table) => {
    table.text('id').primary();
    table.text('grant_id').notNullable().references('id').inTable('relay.log_grants').onDelete('CASCADE');
    table.text('actor').notNullable();
    table.timestamp('viewed_at', { useTz: true }).notNullable();
    table.text('journal_id').notNullable();
    table.integer('rows_shown'); // null: the entry was written, the rows were not shown
    table.index('grant_id');
  });
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
