import type { Knex } from 'knex';

/**
 * A period knows what it was paid for by itself, and a payment what it was for: with other limits within a period its
 * price changes, and its days do not.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table billing.periods add column own_months integer, add column price_kopecks bigint;
    update billing.periods d set own_months = p.months, price_kopecks = p.kopecks
      from billing.payments p where p.period_id = d.id;
    alter table billing.payments add column kind text not null default 'period', alter column months drop not null;
  `);
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
