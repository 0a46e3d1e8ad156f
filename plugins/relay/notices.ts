import {
  countedAnew,
  type Engine,
  type Limited,
  noticesDue,
  sectionOf,
  type Temporal,
  type Trx,
} from '../../core/index.ts';
import { lockNotices, noteNotice } from './store.ts';
import type { ProjectUse } from './usage.ts';

/** Tells the owner of a project, once for a limit and day, that it is nearly or wholly used up. */
export function createNotices(engine: Engine) {
  const { db, law, letters, log } = engine;
  const { dayZone, clause, warnAt } = sectionOf(law.operator, 'limits');

  /** The channels of the policy; without an address (an account that is gone) the dashboard alone. */
  function channelsFor(addressed: boolean): ('email' | 'dashboard')[] {
    const all = law.operator.noticeChannels.limits as readonly ('email' | 'dashboard')[];
    return all.filter((channel) => channel === 'dashboard' || addressed);
  }

  async function tell(
    trx: Trx,
    what: Limited,
    use: { project: string; subject: string; used: number; limit: number; given: Record<string, string> },
    { at, on }: { at: Temporal.Instant; on: Temporal.PlainDate },
  ): Promise<void> {
    const due = noticesDue(what, { used: use.used, limit: use.limit, warnAt, given: Object.keys(use.given) });
    for (const { percent, key } of due) {
      try {
        // A letter that cannot be made must not stop the messages: it is tried again with the next one.
        await trx.transaction(async (inner) => {
          const row = await inner('relay.projects').where({ id: use.project }).first('name', 'plan', 'account_id');
          const plan = law.operator.plans.find((one) => one.id === row?.plan);
          const full = percent >= 100;
          await noteNotice(inner, { project: use.project, on, key, at });
          await engine.report(inner, {
            name: full ? 'limit.exhausted' : 'limit.warned',
            about: use.project,
            at,
            subject: use.subject,
            fields: full ? { what } : { what, percent },
          });
          const account = row?.account_id ? await engine.accounts.profile(inner, row.account_id) : null;
          await letters.queue(inner, {
            template: full ? 'limit.exhausted' : 'limit.warning',
            to: { subject: use.subject, ...(account ? { email: account.email, name: account.name } : {}) },
            locale: account?.locale ?? 'ru',
            about: use.project,
            channels: channelsFor(account !== null),
            data: {
              what,
              project: row?.name ?? use.project,
              plan: plan?.title ?? row?.plan ?? '',
              used: use.used,
              limit: use.limit,
              percent,
              ...(what === 'messages' ? { resetsAt: countedAnew(on, dayZone) } : {}),
              url: `${engine.config.publicUrl}/my/projects/${use.project}`,
              clause,
            },
          });
        });
      } catch (error) {
        log.error(
          { project: use.project, what, percent, error: String(error) },
          'A notice of a limit could not be made.',
        );
      }
    }
  }

  /** The first message of a day is a sign of life of its owner. */
  async function signOfLife({ account_id: account, messages, fitted }: ProjectUse): Promise<void> {
    if (messages !== fitted || !account) return;
    await db
      .transaction((trx) => engine.accounts.activity(trx, account, 'message'))
      .catch((error) => log.error({ account, error: String(error) }, 'A sign of life could not be noted.'));
  }

  return {
    /** Tells what a batch has brought about; its messages are in the log already. */
    async messages(use: ProjectUse, when: { at: Temporal.Instant; on: Temporal.PlainDate }): Promise<void> {
      if (use.messages === 0) return;
      await signOfLife(use);
      const { project_id: project, subject_id: subject, messages: used, daily_limit: limit } = use;
      const asked = { project, subject, used, limit };
      if (noticesDue('messages', { used, limit, warnAt, given: Object.keys(use.notices) }).length === 0) return;
      await db
        .transaction(async (trx) => {
          // Another batch may have told it meanwhile, here or on another node.
          const given = await lockNotices(trx, project, when.on);
          await tell(trx, 'messages', { ...asked, given }, when);
        })
        .catch((error) => log.error({ project, error: String(error) }, 'A notice of a limit could not be made.'));
    },
    connections: (
      trx: Trx,
      use: { project: string; subject: string; used: number; limit: number; given: Record<string, string> },
      when: { at: Temporal.Instant; on: Temporal.PlainDate },
    ): Promise<void> => tell(trx, 'connections', use, when),
    /** Tells what is due by now; `given` are the notices of the day. */
    told: tell,
  };
}

export type Notices = ReturnType<typeof createNotices>;
