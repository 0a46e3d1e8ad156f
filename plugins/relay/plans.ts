import { dayOf, type Engine, sectionOf, type Trx } from '../../core/index.ts';
import type { Notices } from './notices.ts';
import { type Projects, planOf } from './projects.ts';
import { limitOfDay, openSeats } from './store.ts';
import type { Project } from './types.ts';

/** The limits of a project change: at once, on every node. What was counted of the day stays counted. */
export function createPlans(engine: Engine, { projects, notices }: { projects: Projects; notices: Notices }) {
  const { clock, law } = engine;
  const { dayZone } = sectionOf(law.operator, 'limits');

  return {
    async changePlan(trx: Trx, id: string, plan: string): Promise<Project> {
      const project = await projects.putOn(trx, id, plan);
      const { messagesPerDay, connections } = planOf(engine, plan).limits;
      const at = clock.now();
      const on = dayOf(at, dayZone);
      const today = await limitOfDay(trx, { project: id, on, daily: messagesPerDay });
      if (!today) return project; // nothing has come today: there is nothing to tell
      const use = { project: id, subject: project.subject, given: today.notices };
      await notices.told(trx, 'messages', { ...use, used: today.messages, limit: messagesPerDay }, { at, on });
      const open = await openSeats(trx, id);
      await notices.told(trx, 'connections', { ...use, used: open, limit: connections }, { at, on });
      return project;
    },
  };
}
