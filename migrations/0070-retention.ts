import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  const schema = knex.schema.withSchema('core');
  await schema.createTable('holds', (table) => {
    table.text('id').primary();
    table.text('subject_id').notNullable().references('id').inTable('core.subjects');
    table.specificType('categories', 'text[]').notNullable();
    table.text('because').notNullable();
    table.text('owner').notNullable();
    table.date('starts_on').notNullable();
    table.date('ends_on').notNullable();
    table.timestamp('placed_at', { useTz: true }).notNullable();
    table.timestamp('released_at', { useTz: true });
    table.text('released_by');
    table.date('closed_on').notNullable(); // the earlier of its end and its release
    table.index(['subject_id']);
  });

  // What a sweep is going to destroy is written down before the first destructive step.
  await knex.schema.withSchema('core').createTable('sweep_runs', (table) => {
    table.text('id').primary();
    table.text('state').notNullable().checkIn(['running', 'done']);
    table.text('job').notNullable();
    table.timestamp('started_at', { useTz: true }).notNullable();
    table.timestamp('finished_at', { useTz: true });
    table.timestamp('retry_at', { useTz: true });
    table.date('started_on').notNullable();
  });
  await knex.schema.withSchema('core').createTable('sweep_targets', (table) => {
    table.text('run_id').notNullable().references('id').inTable('core.sweep_runs').onDelete('cascade');
    table.text('store').notNullable();
    table.jsonb('anchored').notNullable();
    table.bigInteger('records').notNullable();
    table.integer('attempts').notNullable().defaultTo(0);
    table.text('state').notNullable().defaultTo('planned').checkIn(['planned', 'done', 'failed']);
    table.jsonb('receipt');
    table.timestamp('done_at', { useTz: true });
    table.text('act_id');
    table.primary(['run_id', 'store']);
  });
  await knex.raw(`create index sweep_runs_running on core.sweep_runs (started_at) where state = 'running'`);
  // Days that were swept although something of them had to stay: looked at again after the day named here.
  await knex.schema.withSchema('core').createTable('sweep_deferrals', (table) => {
    table.text('store').notNullable();
    table.date('anchored_on').notNullable();
    table.date('until_on').notNullable();
    table.primary(['store', 'anchored_on']);
  });

  await knex.schema.withSchema('core').createTable('erasure_plans', (table) => {
    table.text('id').primary();
    table.text('subject_id').notNullable().references('id').inTable('core.subjects');
    table.text('cause_kind').notNullable().checkIn(['account-deleted', 'inactivity', 'request']);
    table.text('cause_about').notNullable();
    table.text('state').notNullable().checkIn(['waiting', 'approved', 'executing', 'partly', 'executed', 'cancelled']);
    table.date('erase_by').notNullable();
    table.timestamp('late_from', { useTz: true }).notNullable();
    table.jsonb('due').notNullable();
    table.timestamp('auto_at', { useTz: true }).notNullable();
    table.jsonb('lost_paid_time');
    table.binary('person'); // sealed: name and address for the act
    table.timestamp('made_at', { useTz: true }).notNullable();
    table.text('made_by').notNullable();
    table.timestamp('checked_at', { useTz: true });
    table.text('checked_by');
    table.timestamp('executed_at', { useTz: true });
    table.date('executed_on');
    table.text('job');
    table.text('act_id');
    table.index(['subject_id']);
    table.index(['cause_about']);
  });
  await knex.raw(
    `create unique index erasure_plans_one_open on core.erasure_plans (subject_id) where state not in ('executed', 'cancelled')`,
  );
  await knex.schema.withSchema('core').createTable('erasure_items', (table) => {
    table.text('plan_id').notNullable().references('id').inTable('core.erasure_plans').onDelete('cascade');
    table.integer('position').notNullable();
    table.text('store').notNullable();
    table.text('outcome').notNullable().checkIn(['erase', 'retain']);
    table.text('title').notNullable();
    table.text('system').notNullable();
    table.jsonb('categories').notNullable();
    table.bigInteger('records').notNullable();
    table.bigInteger('bytes');
    table.text('because');
    table.date('until_on');
    table.date('held_until'); // stays only because of a legal hold, to the end of this day
    table.integer('attempts').notNullable().defaultTo(0);
    table.jsonb('anchored'); // ranges of days, or "all"
    table.jsonb('receipt');
    table.timestamp('done_at', { useTz: true });
    table.primary(['plan_id', 'position']);
  });

  await knex.schema.withSchema('core').createTable('destruction_acts', (table) => {
    table.text('id').primary();
    table.text('number').notNullable().unique();
    table.text('system').notNullable();
    table.text('run').notNullable();
    table.text('plan_id');
    table.text('subject_id');
    table.timestamp('made_at', { useTz: true }).notNullable();
    table.date('made_on').notNullable();
    table.bigInteger('records').notNullable();
    table.integer('keys').notNullable();
    table.text('document_id').notNullable();
    table.binary('sealed').notNullable(); // the act's own data: names the person
    table.timestamp('signed_at', { useTz: true });
    table.text('signed_by');
    table.index(['made_on']);
    table.index(['plan_id']);
  });
  await knex.schema.withSchema('core').createTable('destruction_ledger', (table) => {
    table.bigIncrements('id');
    table.text('run').notNullable();
    table.text('act_id');
    table.text('store').notNullable();
    table.text('system').notNullable();
    table.text('subject_id');
    table.text('outcome').notNullable();
    table.bigInteger('affected').notNullable();
    table.bigInteger('remaining').notNullable();
    table.integer('keys').notNullable();
    table.date('from_on');
    table.date('to_on');
    table.text('because');
    table.date('until_on');
    table.timestamp('at', { useTz: true }).notNullable();
    table.date('made_on').notNullable();
    table.index(['run']);
    table.index(['made_on']);
  });

  await knex.schema.withSchema('core').createTable('tombstones', (table) => {
    table.text('mark').primary(); // keyed hash of the id a source system knew the person by
    table.text('subject_id').notNullable();
    table.date('made_on').notNullable();
  });
  await knex.schema.withSchema('core').createTable('tombstone_key', (table) => {
    table.boolean('only').primary().defaultTo(true);
    table.binary('sealed').notNullable();
    table.check('??', ['only']);
  });
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
