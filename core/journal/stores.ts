import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import { bodyKeyOf } from './entry.ts';
import { eraseBodies, startOf } from './journal.ts';
import { type BodyChoice, bodyDays, bodySpan, countBodies, listEntries } from './store.ts';
import type { Journal } from './types.ts';

/*
 * The journal's place in the data map. Shaped like the `Store` of `datamap`, which stands to the right of this room;
 * the tests of this room hold the two together.
 */
type Day = Temporal.PlainDate;
type Scope =
  | { why: 'request'; subject: string; anchored: { from: Day; before: Day }[] | 'all' }
  | { why: 'expiry'; anchored: { from: Day; before: Day }[]; held: string[] };

interface Context {
  trx: Trx;
  clock: { now(): Temporal.Instant };
  journal: Pick<Journal, 'append'>;
  vault: {
    has(name: string): boolean;
    shred(names: readonly string[], run: { runId: string }): Promise<{ keys: number }>;
  };
  runId: string;
}

/** Tables that say nothing about anyone, each with why. */
export const journalImpersonal: Record<string, string> = {
  'core.journal_checkpoints': 'Signed sizes and roots of the tree; they name no one.',
  'core.journal_head': 'The right edge of the tree: hashes only.',
};

/**
 * @param options.zone the operator's, for days
 * @returns `bodies`: what the entries say. Their headers stay, with ids and commitments, because the chain is the proof
 */
export function journalStores({ zone = 'Europe/Moscow' }: { zone?: string } = {}) {
  const choiceOf = (scope: Scope): BodyChoice => ({
    ...(scope.anchored === 'all'
      ? {}
      : {
          spans: scope.anchored.map(({ from, before }) => ({
            from: startOf(from, zone),
            before: startOf(before, zone),
          })),
        }),
    ...(scope.why === 'request' ? { of: scope.subject } : { notOf: scope.held }),
  });

  /** Keys of past months that no longer seal anything; the present month's is still in use. */
  async function keysDone(trx: Trx, scope: Scope, { clock, vault }: Context): Promise<string[]> {
    if (scope.why !== 'expiry') return [];
    const present = clock.now().toZonedDateTimeISO(zone).toPlainDate().toPlainYearMonth();
    const months = new Map<string, Day>();
    for (const { from, before } of scope.anchored) {
      for (let month = from.with({ day: 1 }); month.until(before).days > 0; month = month.add({ months: 1 })) {
        months.set(month.toString(), month);
      }
    }
    const done: string[] = [];
    for (const month of months.values()) {
      if (month.toPlainYearMonth().equals(present)) continue;
      const span = { from: startOf(month, zone), before: startOf(month.add({ months: 1 }), zone) };
      const name = bodyKeyOf(span.from, zone);
      if (vault.has(name) && (await countBodies(trx, { spans: [span] })) === 0) done.push(name);
    }
    return done;
  }

  const bodies = {
    title: { ru: 'Журнал учёта действий', en: 'Journal of actions' },
    system: { ru: 'ИСПДн «Журнал учёта»', en: 'Journal' },
    subject: 'any',
    tables: ['core.journal_inbox', 'core.journal_entries', 'core.journal_bodies'],
    columns: {
      'core.journal_inbox.action': 'technical',
      'core.journal_inbox.about': 'journal.entry',
      'core.journal_inbox.actor': 'journal.entry',
      'core.journal_inbox.com': 'technical',
      'core.journal_inbox.body': 'journal.entry',
      'core.journal_inbox.erased_with': 'technical',
      'core.journal_entries.action': 'technical',
      'core.journal_entries.about': 'journal.entry',
      'core.journal_entries.actor': 'journal.entry',
      'core.journal_entries.com': 'technical',
      'core.journal_entries.leaf': 'technical',
      'core.journal_bodies.body': 'journal.entry',
      'core.journal_bodies.erased_with': 'technical',
    },
    purposes: ['compliance'],
    schedule: 'journal.entry',

    async anchors(trx: Trx, subject?: string, until?: Day) {
      const before = until && startOf(until.add({ days: 1 }), zone);
      return bodyDays(trx, zone, { ...(subject ? { of: subject } : {}), ...(before ? { spans: [{ before }] } : {}) });
    },
    span: (db: Db | Trx, from?: Day) => bodySpan(db, zone, from),

    /** When what was done with the person's data, without the inner words of the operator. */
    async collect(subject: string, { trx }: Pick<Context, 'trx'>) {
      const all = 1_000_000;
      const byActor = await listEntries(trx, { actor: subject, order: 'oldest', limit: all });
      const byAbout = await listEntries(trx, { about: subject, order: 'oldest', limit: all });
      const entries = new Map([...byActor, ...byAbout].map((entry) => [entry.seq, entry]));
      return {
        rows: [...entries.values()]
          .sort((a, b) => a.seq - b.seq)
          .map(({ seq, at, action }) => ({ seq, at: at.toString(), action })),
        source: 'созданы оператором при работе сервиса',
      };
    },

    async erase(scope: Scope, context: Context) {
      const { trx, journal, vault, runId } = context;
      const choice = choiceOf(scope);
      const why =
        scope.anchored === 'all'
          ? { run: runId }
          : { run: runId, days: scope.anchored.map(({ from, before }) => `${from}/${before}`) };
      const affected = await eraseBodies(journal, trx, choice, why);
      const keyNames = await keysDone(trx, scope, context);
      const keys = keyNames.length > 0 ? (await vault.shred(keyNames, { runId })).keys : 0;
      const days = scope.anchored === 'all' ? [] : scope.anchored;
      const [first] = days;
      const last = days.at(-1);
      return {
        outcome: affected > 0 ? ('erased' as const) : ('not_found' as const),
        affected,
        // Held entries of the days, or what came in meanwhile.
        remaining: await countBodies(trx, {
          ...(choice.spans ? { spans: choice.spans } : {}),
          ...(choice.of ? { of: choice.of } : {}),
        }),
        keys,
        keyNames,
        tables: ['core.journal_bodies'],
        ...(first && last ? { from: first.from, to: last.before.subtract({ days: 1 }) } : {}),
      };
    },

    rectify: {
      unsupported: 'Запись журнала не изменяется: исправление вносится новой записью.',
    },
    restrict: {
      unsupported: 'Записи журнала нужны для подтверждения законности обработки и не используются ни для чего иного.',
    },
  };
  return { bodies };
}
