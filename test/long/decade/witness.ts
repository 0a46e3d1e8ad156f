import { Temporal } from '../../../core/base/index.ts';
import { dayOf } from '../../../core/calendar/index.ts';
import { contentTerm, documentTerm, inactiveTerm, metadataTerm, profileLast, withHolds } from './oracle.ts';
import type { Soul } from './people.ts';
import type { Sent, World } from './world.ts';

type Day = Temporal.PlainDate;
const after = (a: Day, b: Day): boolean => Temporal.PlainDate.compare(a, b) > 0;

/** What has happened so far: a run in which nothing was ever destroyed, held or late proves nothing. */
export interface Tally {
  messagesGone: number;
  heldOver: number; // messages that outlived their term because of a hold
  profilesGone: number;
  inactive: number; // of these for inactivity
  documentsGone: number;
  acts: number;
  overdue: number;
  discharged: number;
}

/** The log as the oracle sees it: which table, which store, which terms. */
const logs = [
  { what: 'content', tables: ['relay.payloads', 'relay.held_payloads'], store: 'relay.payloads', term: contentTerm },
  { what: 'metadata', tables: ['relay.messages', 'relay.held_messages'], store: 'relay.metadata', term: metadataTerm },
] as const;

interface LedgerRow {
  id: string;
  store: string;
  act_id: string | null;
  subject_id: string | null;
  outcome: string;
  affected: string;
  keys: number;
  from_on: Day | null;
  to_on: Day | null;
  at: Temporal.Instant;
  run: string;
}

/**
 * Looks at the tables again and again through the years and says what should not be: something gone before its floor
 * or under a hold, something there past its last day, a destruction without an act, a duty that is late and not
 * called overdue.
 */
export function createWitness(world: World) {
  const { db, law } = world.app.engine;
  const seen = { content: new Set<Sent>(), metadata: new Set<Sent>(), profiles: new Set<Soul>(), documents: new Set() };
  const tally: Tally = {
    ...{ messagesGone: 0, heldOver: 0, profilesGone: 0, inactive: 0, documentsGone: 0, acts: 0 },
    ...{ overdue: 0, discharged: 0 },
  };
  let lastLedger = '0';

  async function lookAtLog(log: (typeof logs)[number], ledger: LedgerRow[], wrong: string[]): Promise<void> {
    const there = new Set<string>();
    for (const table of log.tables) {
      for (const row of await db(table).select('project_id', 'offset')) there.add(`${row.project_id} ${row.offset}`);
    }
    const today = world.today();
    for (const message of world.sent) {
      if (seen[log.what].has(message)) continue;
      const name = `${log.what} of ${message.project} ${message.offset}, processed on ${message.processed}`;
      const usual = log.term(message.processed);
      const { floor, last } = withHolds(usual, holdsOf(message.soul, 'message'));
      if (there.has(`${message.project} ${message.offset}`)) {
        if (after(today, last)) wrong.push(`${name} is alive on ${today}, past its last day ${last}`);
        continue;
      }
      seen[log.what].add(message);
      tally.messagesGone++;
      if (after(floor, usual.floor)) tally.heldOver++;
      const gone = ledger.filter((row) => row.store === log.store && covers(row, message.soul, message.processed));
      if (gone.length === 0) wrong.push(`${name} is gone without a line in the ledger`);
      const days = gone.map(({ at }) => dayOf(at, law.zone)).sort(Temporal.PlainDate.compare);
      const day = days.find((one) => after(one, floor));
      if (gone.length > 0 && !day)
        wrong.push(`${name} was destroyed on ${days.join(', ')}, not after its floor ${floor}`);
      if (day && after(day, last)) wrong.push(`${name} was destroyed on ${day}, after its last day ${last}`);
    }
  }

  async function lookAtProfiles(wrong: string[]): Promise<void> {
    const rows = await db('core.accounts as a')
      .leftJoin('core.profiles as p', 'p.account_id', 'a.id')
      .where('a.kind', 'user')
      .select('a.id', 'a.state', 'a.ended_at', 'a.erased_at', 'p.account_id as profile');
    const accounts = new Map(rows.map((row) => [row.id as string, row]));
    const today = world.today();
    for (const soul of world.souls) {
      if (!soul.account || seen.profiles.has(soul)) continue;
      const row = accounts.get(soul.account);
      const ended = row?.ended_at ? dayOf(row.ended_at, law.zone) : null;
      const holds = holdsOf(soul, 'account');
      const last = ended && withHolds({ floor: ended, last: profileLast(ended) }, holds).last;
      if (row?.profile) {
        if (last && after(today, last)) wrong.push(`the profile of ${soul.key} is alive on ${today}, past ${last}`);
        continue;
      }
      seen.profiles.add(soul);
      tally.profilesGone++;
      if (!row?.erased_at || !ended) {
        wrong.push(`the profile of ${soul.key} is gone, and its account does not say that it was erased`);
        continue;
      }
      const erased = dayOf(row.erased_at, law.zone);
      if (last && after(erased, last)) wrong.push(`the profile of ${soul.key} went on ${erased}, after ${last}`);
      const under = holds.find((hold) => !after(hold.from, erased) && after(hold.until, erased));
      if (under) wrong.push(`the profile of ${soul.key} went on ${erased}, under a hold to ${under.until}`);
      if (soul.left || soul.askedErasure) continue;
      tally.inactive++;
      const { floor } = inactiveTerm(soul.lastActive as Day);
      if (!after(erased, floor)) {
        wrong.push(
          `${soul.key} was last active on ${soul.lastActive} and lost the profile on ${erased}, not after ${floor}`,
        );
      }
    }
  }

  async function lookAtDocuments(ledger: LedgerRow[], wrong: string[]): Promise<void> {
    const rows = new Set((await db('billing.payments').select('id')).map(({ id }) => id));
    const today = world.today();
    for (const one of world.paid) {
      if (seen.documents.has(one)) continue;
      const { floor, last } = documentTerm(one.paid);
      if (rows.has(one.payment)) {
        if (after(today, last)) wrong.push(`the payment of ${one.paid} is alive on ${today}, past ${last}`);
        continue;
      }
      seen.documents.add(one);
      tally.documentsGone++;
      const gone = ledger.filter((row) => row.store === 'billing.documents' && covers(row, one.soul, one.paid));
      const day = gone.map(({ at }) => dayOf(at, law.zone)).find((when) => after(when, floor));
      if (!day) wrong.push(`the payment of ${one.paid} is gone, and not by a line of the ledger after ${floor}`);
      else if (after(day, last)) wrong.push(`the payment of ${one.paid} was destroyed on ${day}, after ${last}`);
    }
  }

  /** Every other store says which days its records start on; the law says their last day. */
  async function lookAtStores(wrong: string[]): Promise<void> {
    const today = world.today();
    for (const { key, store } of world.app.engine.datamap.stores()) {
      if (!store.anchors || store.schedule.startsWith('message') || typeof store.erase !== 'function') continue;
      const anchors = await db.transaction((trx) => store.anchors?.(trx) ?? Promise.resolve([]));
      for (const { day, count } of anchors) {
        if (!day || count === 0) continue;
        const { destroyBy } = law.keep(store.schedule, { from: day });
        if (!after(today, destroyBy) || (await allHeld(store, day))) continue;
        wrong.push(`${key}: ${count} of ${day} are there on ${today}, past their last day ${destroyBy}`);
      }
    }
  }

  type StoreOf = ReturnType<typeof world.app.engine.datamap.stores>[number]['store'];
  async function allHeld(store: StoreOf, day: Day): Promise<boolean> {
    let held = 0;
    const all = await db.transaction((trx) => store.anchors?.(trx) ?? Promise.resolve([]));
    const total = all.find((one) => one.day?.equals(day))?.count ?? 0;
    for (const soul of world.souls.filter((one) => one.holds.length > 0)) {
      const own = await db.transaction((trx) => store.anchors?.(trx, soul.subject) ?? Promise.resolve([]));
      held += own.find((one) => one.day?.equals(day))?.count ?? 0;
    }
    return held >= total;
  }

  async function lookAtLedger(ledger: LedgerRow[], wrong: string[]): Promise<void> {
    const acts = new Set((await db('core.destruction_acts').select('id')).map(({ id }) => id as string));
    const targets = await db('core.sweep_targets')
      .whereIn('run_id', [...new Set(ledger.map(({ run }) => run))])
      .select('run_id', 'store', 'receipt');
    const impersonal = new Set(
      targets.filter(({ receipt }) => receipt?.impersonal).map(({ run_id, store }) => `${run_id} ${store}`),
    );
    for (const row of ledger) {
      if (row.outcome !== 'erased' && row.outcome !== 'anonymised') continue;
      if (Number(row.affected) === 0 && row.keys === 0) continue;
      if (impersonal.has(`${row.run} ${row.store}`)) continue;
      if (row.act_id && acts.has(row.act_id)) tally.acts++;
      else wrong.push(`${row.store} destroyed ${row.affected} at ${row.at} (${row.run}) without an act`);
    }
  }

  async function lookAtDuties(wrong: string[]): Promise<void> {
    const late = await db('core.obligations')
      .where({ state: 'open' })
      .whereNull('overdue_at')
      .where('late_from', '<=', world.clock.now());
    for (const row of late)
      wrong.push(`${row.duty} of ${row.about} is late since ${row.late_from} and not called overdue`);
    const unknown = await db('core.obligations').where({ state: 'open' }).whereNotNull('problem');
    for (const row of unknown) wrong.push(`${row.duty} of ${row.about} has no term: ${row.problem}`);
    const [counts] = await db('core.obligations').select(
      db.raw("count(*) filter (where state = 'discharged') as discharged"),
      db.raw('count(*) filter (where overdue_at is not null) as overdue'),
    );
    tally.discharged = Math.max(tally.discharged, Number(counts.discharged));
    tally.overdue = Math.max(tally.overdue, Number(counts.overdue));
  }

  return {
    tally,
    /** Looks once. @returns what is wrong, in words; empty when all is well */
    async look(): Promise<string[]> {
      const wrong: string[] = [];
      const ledger: LedgerRow[] = await db('core.destruction_ledger').where('id', '>', lastLedger).orderBy('id');
      lastLedger = ledger.at(-1)?.id ?? lastLedger;
      for (const log of logs) await lookAtLog(log, ledger, wrong);
      await lookAtProfiles(wrong);
      await lookAtDocuments(ledger, wrong);
      await lookAtStores(wrong);
      await lookAtLedger(ledger, wrong);
      await lookAtDuties(wrong);
      return wrong;
    },
  };
}

function holdsOf(soul: Soul, category: string) {
  return soul.holds.filter(({ categories }) => categories.includes(category));
}

function covers(row: LedgerRow, soul: Soul, day: Day): boolean {
  if (row.subject_id && row.subject_id !== soul.subject) return false;
  if (!row.from_on || !row.to_on) return false;
  return !after(row.from_on, day) && !after(day, row.to_on);
}
