import {
  blockGrounds,
  type Engine,
  type LetterOrder,
  type Locale,
  Refusal,
  requisites,
  type StaffGround,
  type Trx,
} from '../../core/index.ts';
import type { createProjects } from './projects.ts';
import { withoutGround } from './state.ts';
import { stopped } from './stopped.ts';
import { lockProject, type ProjectRow, updateProject } from './store.ts';
import type { Project } from './types.ts';
import { reasonOf } from './words.ts';

/** How to have a project go on, or to object. */
const howToResume = {
  ru: (contact: string) =>
    `Чтобы возобновить работу проекта или возразить, обратитесь к оператору: ${contact}. Пишите с адреса, указанного при регистрации.`,
  en: (contact: string) =>
    `To have the project go on or to object, turn to the operator: ${contact}. Write from the address of your registration.`,
};

/** Staff stop one project on a coded ground, and let it go on; its owner is told, and the journal says who and why. */
export function createBlocks(engine: Engine, projects: Pick<ReturnType<typeof createProjects>, 'suspend' | 'lift'>) {
  const { clock, journal, law, letters } = engine;

  /** @throws Refusal `project.not-found` | `project.deleted-already` */
  async function living(trx: Trx, project: string): Promise<ProjectRow> {
    const row = await lockProject(trx, project);
    if (row.state !== 'deleted') return row;
    throw new Refusal('project.deleted-already', 'conflict', { project, message: 'Проект уже удалён.' });
  }

  /**
   * Without an address (an account that is gone) the dashboard alone.
   * @returns id of the letter; null where project and account are both gone
   */
  async function tell<T extends 'project.blocked' | 'project.unblocked'>(
    trx: Trx,
    row: ProjectRow,
    template: T,
    dataIn: (locale: Locale, common: { project: string; url: string }) => LetterOrder<T>['data'],
  ): Promise<string | null> {
    const profile = row.account_id ? await engine.accounts.profile(trx, row.account_id) : null;
    if (!profile && row.state === 'deleted') return null;
    const locale = profile?.locale ?? 'ru';
    return letters.queue(trx, {
      template,
      to: { subject: row.subject_id, ...(profile ? { email: profile.email, name: profile.name } : {}) },
      locale,
      about: row.id,
      channels: profile ? ['email', 'dashboard'] : ['dashboard'],
      data: dataIn(locale, { project: row.name, url: `${engine.config.publicUrl}/my/projects/${row.id}` }),
    });
  }

  const tellBlocked = (trx: Trx, row: ProjectRow, ground: StaffGround) =>
    tell(trx, row, 'project.blocked', (locale, common) => ({
      ...common,
      blockedAt: clock.now(),
      ground: blockGrounds[ground][locale],
      ...(law.operator.inactivity ? { clause: law.operator.inactivity.clause } : {}),
      how: howToResume[locale](requisites(law.operator, locale).contact),
    }));

  /** With what still stops the project, if something does. */
  const tellUnblocked = (trx: Trx, row: ProjectRow, lifted: Project) =>
    tell(trx, row, 'project.unblocked', (locale, common) => {
      const still = reasonOf(stopped({ ...lifted, block_ground: null }), locale);
      return {
        ...common,
        unblockedAt: clock.now(),
        ...(row.block_ground ? { ground: blockGrounds[row.block_ground][locale] } : {}),
        ...(lifted.state !== 'active' && still ? { still } : {}),
      };
    });

  return {
    async block(
      trx: Trx,
      project: string,
      { ground, reason, by }: { ground: StaffGround; reason: string; by: string },
    ): Promise<Project> {
      const row = await living(trx, project);
      if (row.grounds.includes('violation')) {
        throw new Refusal('project.blocked-already', 'conflict', {
          project,
          message: 'Проект уже приостановлен сотрудником.',
        });
      }
      await updateProject(trx, project, { block_ground: ground });
      const blocked = await projects.suspend(trx, project, 'violation');
      const body = { ground, reason, letter: await tellBlocked(trx, row, ground) };
      await journal.append(trx, { action: 'project.blocked', about: project, actor: by, body });
      return blocked;
    },

    async unblock(trx: Trx, project: string, { reason, by }: { reason: string; by: string }): Promise<Project> {
      const row = await lockProject(trx, project);
      if (!row.grounds.includes('violation')) {
        throw new Refusal('project.not-blocked', 'conflict', {
          project,
          message: 'Проект не приостановлен сотрудником.',
        });
      }
      if (row.state === 'deleted') {
        await updateProject(trx, project, { grounds: withoutGround(row.grounds, 'violation'), block_ground: null });
      }
      const lifted = await projects.lift(trx, project, 'violation');
      const body = { reason, letter: await tellUnblocked(trx, row, lifted) };
      await journal.append(trx, { action: 'project.unblocked', about: project, actor: by, body });
      return lifted;
    },
  };
}
