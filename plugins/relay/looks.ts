import { type Actor, type Engine, newId, Refusal, Temporal, type Trx } from '../../core/index.ts';
import { finishView, type GrantRow, grantById, insertView, projectById } from './store.ts';
import type { Grant, LogScope } from './types.ts';

/** A look at the log that has been written down. */
export interface Look {
  scope: LogScope;
  /** Says how much was given; the rows must have been read after `begin`. */
  end(rows: number): Promise<void>;
}

/** Every look at the log, on a screen or in a file, is in the journal before the first row is read. */
export function createLooks({ clock, db, journal, report }: Pick<Engine, 'clock' | 'db' | 'journal' | 'report'>) {
  async function allowed(id: string, actor: Actor, at: Temporal.Instant): Promise<Grant> {
    const found = await grantById(db, id);
    if (!found || found.asked_by !== actor.account) throw new Refusal('log.no-grant', 'not-found', { grant: id });
    const grant = grantOf(found, at);
    if (grant.state === 'granted') return grant;
    throw new Refusal('log.not-granted', 'forbidden', {
      state: grant.state,
      message:
        grant.state === 'expired'
          ? 'Срок разрешения истёк; запросите доступ заново.'
          : 'Доступ ещё не разрешён вторым человеком.',
    });
  }

  return {
    /**
     * @param what what the journal's entry says beside purpose and scope
     * @throws Refusal `log.no-grant` | `log.not-granted`
     */
    async begin(
      id: string,
      actor: Actor,
      action: 'log.viewed' | 'log.exported',
      what: (grant: Grant) => Record<string, unknown> | Promise<Record<string, unknown>>,
    ): Promise<Look> {
      const at = clock.now();
      const grant = await allowed(id, actor, at);
      const { purpose, scope } = grant;
      const project = await projectById(db, scope.project);
      const more = await what(grant);
      const look = newId('jrn', at);
      await db.transaction(async (trx) => {
        const entry = await journal.append(trx, {
          action,
          about: id,
          actor: actor.account,
          body: {
            ...{ purpose, project: scope.project, from: scope.from.toString(), before: scope.before.toString() },
            ...more,
          },
        });
        const exported = action === 'log.exported';
        const row = { id: look, grant_id: id, actor: actor.account, viewed_at: at, journal_id: entry, exported };
        await insertView(trx, row);
        await report(trx, {
          name: 'log.accessed',
          about: id,
          at,
          ...(project ? { subject: project.subject_id } : {}),
          fields: { purpose },
        });
      });
      return { scope, end: (rows) => db.transaction((trx: Trx) => finishView(trx, look, rows)) };
    },
  };
}

export function scopeOf(row: GrantRow): LogScope {
  const never = Temporal.PlainDate.from('1970-01-01');
  return {
    project: row.project_id,
    from: row.from_on ?? never,
    before: row.before_on ?? never,
    payload: row.payload,
  };
}

export function grantOf(row: GrantRow, now: Temporal.Instant): Grant {
  const over = row.expires_at !== null && Temporal.Instant.compare(row.expires_at, now) <= 0;
  return {
    id: row.id,
    state: row.state === 'granted' && over ? 'expired' : row.state,
    askedBy: row.asked_by,
    askedAt: row.asked_at,
    purpose: row.purpose,
    need: row.need,
    scope: scopeOf(row),
    grantedBy: row.granted_by,
    grantedAt: row.granted_at,
    expiresAt: row.expires_at,
    refusal: row.refusal,
    views: 0,
    rowsShown: 0,
  };
}
