import {
  type Actor,
  type Db,
  dayOf,
  type Engine,
  newId,
  Refusal,
  sectionOf,
  Temporal,
  type Trx,
} from '../../core/index.ts';
import { shown } from './channel.ts';
import { metadataAad, payloadAad } from './log.ts';
import { createLogExports } from './log-exports.ts';
import { createLooks, grantOf, scopeOf } from './looks.ts';
import { opened } from './sealers.ts';
import { type GrantRow, grantsOf, insertGrant, lockGrant, logRows, updateGrant, viewsOf } from './store.ts';
import type { AccessRequest, Grant, GrantState, LogRow, LogScope } from './types.ts';

const rowsPerView = 200;

/**
 * A look at the log: asked for with purpose and need, allowed by another person for some hours, recorded before the
 * first byte is shown, and told to the auditor. A refused attempt is recorded too.
 */
export function createLogAccess(engine: Engine) {
  const { clock, db, journal, law, vault } = engine;
  const rules = sectionOf(law.operator, 'logAccess');
  const looks = createLooks(engine);

  /** The refusal of a look at the log in words, by the reason of the law. */
  function noAccess(reason: string, purpose: string, clause: string | undefined): Refusal {
    const banned = rules.forbidden.find(({ id }) => id === purpose);
    const words: Record<string, string> = {
      'no-purpose': `Укажите цель: ${rules.purposes.map(({ title }) => title).join('; ')}.`,
      'purpose-forbidden': `Для этой цели логи не используются: ${banned?.title} (${clause}).`,
      'purpose-unknown': 'Такой цели нет в перечне целей логирования.',
      'no-need': `Укажите документ, которым подтверждена необходимость доступа (${clause}).`,
    };
    return new Refusal(`log.${reason}`, reason === 'purpose-forbidden' ? 'forbidden' : 'invalid', {
      field: reason === 'no-need' ? 'need' : 'purpose',
      clause,
      message: words[reason],
    });
  }

  /** Why an order cannot stand, or null. The first reason is enough. */
  async function objection(actor: Actor, order: Partial<AccessRequest>): Promise<Refusal | null> {
    if (!actor.roles.includes('specialist')) {
      return new Refusal('log.role', 'forbidden', {
        clause: rules.needClause,
        message: `Доступ к логам запрашивает только технический специалист (${rules.needClause}).`,
      });
    }
    const purpose = order.purpose?.trim() ?? '';
    const need = order.need?.trim() ?? '';
    const { allowed, reason, because } = law.may('log-access', { purpose, need });
    if (!allowed) return noAccess(reason, purpose, because.winner.cite.clause);
    if (need.length > 500) return noAccess('no-need', purpose, rules.needClause);
    const { scope } = order;
    const ordered = scope && Temporal.PlainDate.compare(scope.from, scope.before) < 0;
    if (!ordered) {
      return new Refusal('log.scope', 'invalid', {
        field: 'scope',
        message: 'Укажите проект и дни: с какого и по какой.',
      });
    }
    return null;
  }

  return {
    async request(actor: Actor, order: Partial<AccessRequest>): Promise<Grant> {
      const at = clock.now();
      const refusal = await objection(actor, order);
      const { scope } = order;
      const row: GrantRow = {
        id: newId('grt', at),
        state: refusal ? 'refused' : 'asked',
        asked_by: actor.account,
        asked_subject: await subjectOf(db, actor),
        asked_at: at,
        asked_on: dayOf(at, law.zone),
        purpose: (order.purpose ?? '').trim().slice(0, 100),
        need: (order.need ?? '').trim().slice(0, 500),
        project_id: scope?.project ?? '',
        from_on: scope?.from ?? null,
        before_on: scope?.before ?? null,
        payload: scope?.payload ?? false,
        granted_by: null,
        granted_subject: null,
        granted_at: null,
        expires_at: null,
        refusal: refusal?.code ?? null,
      };
      // The attempt stays, also when it is refused: its record is committed before the refusal is said.
      await db.transaction(async (trx) => {
        await insertGrant(trx, row);
        await journal.append(trx, {
          action: refusal ? 'log.access-refused' : 'log.access-asked',
          about: row.id,
          actor: actor.account,
          body: {
            purpose: row.purpose,
            project: row.project_id,
            from: row.from_on?.toString() ?? null,
            before: row.before_on?.toString() ?? null,
            payload: row.payload,
            ...(refusal ? { refusal: refusal.code } : {}),
          },
        });
      });
      if (refusal) throw refusal;
      return grantOf(row, at);
    },

    async grant(trx: Trx, id: string, actor: Actor): Promise<Grant> {
      const row = await lockGrant(trx, id);
      const at = clock.now();
      if (!actor.roles.includes('dpo')) throw new Refusal('log.role', 'forbidden', { clause: rules.needClause });
      if (actor.account === row.asked_by) {
        throw new Refusal('log.own-request', 'forbidden', {
          message: 'Доступ разрешает другой человек, не тот, кто его запросил.',
        });
      }
      if (row.state !== 'asked') throw new Refusal('log.wrong-state', 'conflict', { state: row.state });
      const changes = {
        state: 'granted' as const,
        granted_by: actor.account,
        granted_subject: await subjectOf(trx, actor),
        granted_at: at,
        expires_at: at.add({ hours: rules.grantHours }),
      };
      await updateGrant(trx, id, changes);
      await journal.append(trx, {
        action: 'log.access-granted',
        about: id,
        actor: actor.account,
        body: { askedBy: row.asked_by, until: changes.expires_at.toString() },
      });
      return grantOf({ ...row, ...changes }, at);
    },

    async view(
      id: string,
      actor: Actor,
      { after, limit = rowsPerView }: { after?: string; limit?: number } = {},
    ): Promise<LogRow[]> {
      const look = await looks.begin(id, actor, 'log.viewed', ({ scope }) => ({ payload: scope.payload ?? false }));
      const { scope } = look;
      const rows = await logRows(db, { ...scope, after: after ?? '', limit: Math.min(limit, rowsPerView) });
      const answer = await Promise.all(
        rows.map(async (row): Promise<LogRow> => {
          const day = row.processed_on.toString();
          const personal = await opened(vault, row.personal, metadataAad(day, scope.project, row.connection));
          const { ip, userAgent } = personal ? JSON.parse(personal.toString('utf8')) : { ip: null, userAgent: null };
          const content =
            scope.payload && row.box ? await opened(vault, row.box, payloadAad(day, scope.project, row.id)) : null;
          return {
            message: row.id,
            channel: row.channel,
            offset: row.offset,
            processedOn: row.processed_on,
            receivedAt: row.received_at,
            storedAt: row.stored_at,
            bytes: row.bytes,
            type: row.content_type,
            door: row.door,
            connection: row.connection,
            ip,
            userAgent,
            ...(scope.payload ? { payload: content && shown(content) } : {}),
          };
        }),
      );
      await look.end(answer.length);
      return answer;
    },

    export: createLogExports(engine, looks),

    async list(
      filter: { state?: GrantState; askedBy?: string; from?: Temporal.Instant; to?: Temporal.Instant } = {},
    ): Promise<Grant[]> {
      const at = clock.now();
      const rows = await grantsOf(db, filter);
      const views = await viewsOf(
        db,
        rows.map(({ id }) => id),
      );
      return rows
        .map((row) => {
          const mine = views.filter((view) => view.grant_id === row.id);
          return {
            ...grantOf(row, at),
            views: mine.length,
            rowsShown: mine.reduce((n, view) => n + (view.rows_shown ?? 0), 0),
          };
        })
        .filter((grant) => !filter.state || grant.state === filter.state);
    },

    async report(trx: Trx, { from, to, by }: { from: Temporal.Instant; to: Temporal.Instant; by: string }) {
      const at = clock.now();
      const rows = await grantsOf(db, { from, to });
      const views = await viewsOf(
        db,
        rows.map(({ id }) => id),
      );
      const people = new Map<string, string>();
      const who = async (account: string | null): Promise<string> => {
        if (!account) return '—';
        if (!people.has(account)) people.set(account, await nameOf(trx, account));
        return people.get(account) as string;
      };
      const purposes = new Map([...rules.purposes, ...rules.forbidden].map((one) => [one.id, one]));
      const grants = [];
      const refused = [];
      for (const row of rows) {
        const purpose = purposes.get(row.purpose);
        if (row.state === 'refused') {
          refused.push({
            at: row.asked_at,
            who: await who(row.asked_by),
            purpose: purpose?.title ?? (row.purpose || 'не указана'),
            need: row.need || 'не указан',
            why: refusalWords[row.refusal ?? ''] ?? 'отказано',
            clause: row.refusal === 'log.purpose-forbidden' ? (purpose?.clause ?? '') : rules.needClause,
          });
        } else if (row.granted_at && row.expires_at) {
          grants.push({
            id: row.id,
            who: await who(row.asked_by),
            grantedBy: await who(row.granted_by),
            grantedAt: row.granted_at,
            expiresAt: row.expires_at,
            need: row.need,
            purpose: purpose?.title ?? row.purpose,
            clause: purpose?.clause ?? '',
            scope: scopeWords(scopeOf(row)),
            views: views
              .filter((view) => view.grant_id === row.id)
              .map((view) => ({
                at: view.viewed_at,
                rows: view.rows_shown ?? 0,
                entry: view.journal_id,
                exported: view.exported,
              })),
          });
        }
      }
      await journal.sealUp();
      const [chain, checkpoint] = [await journal.verify(), await journal.checkpoint()];
      await journal.append(trx, { action: 'log.access-reported', actor: by, body: { grants: grants.length } });
      return engine.letters.documents.create(trx, {
        kind: 'log-access-report',
        about: by,
        data: {
          from: dayOf(from, law.zone),
          to: dayOf(to.subtract({ nanoseconds: 1 }), law.zone),
          orderedBy: await who(by),
          grants,
          refused,
          chain: {
            ok: chain.ok,
            size: chain.size,
            root: chain.root,
            checkedAt: at,
            ...(chain.problem ? { what: chain.problem.what } : {}),
          },
          checkpoint: checkpoint && {
            size: checkpoint.size,
            root: checkpoint.root,
            at: checkpoint.at,
            signature: checkpoint.signature,
            key: checkpoint.key,
          },
        },
      });
    },
  };

  async function subjectOf(source: Db | Trx, { subject, account }: Actor): Promise<string | null> {
    return subject ?? (await engine.accounts.get(source, account))?.subject ?? null;
  }

  async function nameOf(trx: Trx, account: string): Promise<string> {
    const profile = await engine.accounts.profile(trx, account);
    return profile ? `${profile.name} (${account})` : account;
  }
}

const refusalWords: Record<string, string> = {
  'log.role': 'не технический специалист',
  'log.no-purpose': 'не указана цель',
  'log.purpose-forbidden': 'цель запрещена',
  'log.purpose-unknown': 'цели нет в перечне',
  'log.no-need': 'не указан документ о необходимости',
  'log.scope': 'не указаны проект и дни',
};

function scopeWords({ project, from, before, payload }: LogScope): string {
  const day = (one: Temporal.PlainDate): string =>
    `${String(one.day).padStart(2, '0')}.${String(one.month).padStart(2, '0')}.${one.year}`;
  const last = before.subtract({ days: 1 });
  const what = payload ? 'метаданные и содержание' : 'метаданные';
  return `проект ${project}, ${day(from)} — ${day(last)}, ${what}`;
}
