import type { Knex } from 'knex';

/** Nothing is paid for a project before it is there: billing remembers since when that is. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table billing.projects add column created_at timestamptz;
    update billing.projects p set created_at = f.at
      from core.facts f where f.name = 'project.created' and f.about = p.project_id;
  `);
}

export async function down(): Promise<void> {
  throw new Error('There is no way back from here: restore a backup.');
}
