import { newId, Refusal, Temporal } from '../base/index.ts';
import { dayOf, startOf } from '../calendar/index.ts';
import { type DestroyedCarriers, type EraseReceipt, isUnsupported, type Store, toRanges } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import { cite, type Law } from '../law/index.ts';
import type { Staying } from '../letters/index.ts';
import type { ActLine } from './act.ts';
import type { Acts } from './acts.ts';
import { covers, decide } from './keeping.ts';
import { planDays, planDaysAfterHold } from './plan-days.ts';
import { categoryTitles, ledgerRow, periodOf, receiptFrom, settled } from './receipts.ts';
import type { Room } from './room.ts';
import {
  beginItem,
  defer,
  duePlans,
  findPlan,
  goesOn,
  holdsFrom,
  type ItemRow,
  insertLedger,
  insertPlan,
  itemsOf,
  type KeptReceipt,
  listPlans,
  lockItem,
  lockPerson,
  lockPlan,
  lockStore,
  type NewItem,
  nameAct,
  openPlanOf,
  type PlanRow,
  replaceItems,
  updateItem,
  updatePlan,
} from './store.ts';
import type { Act, Cause, Person, Plan, PlanItem, PlanListener, Preview, Retention } from './types.ts';

type Day = Temporal.PlainDate;
const compare = Temporal.PlainDate.compare;
/** Lines of a plan, and the days of each store that go. */
interface Drawn {
  items: NewItem[];
  days: { store: string; days: Day[] }[];
}

const personKey = (plan: string): string => `evidence/${plan}`;

export function createPlans(room: Room, acts: Acts, tombstones: Retention['tombstones']) {
  const { db, clock, law, journal, vault, datamap, report, keeper, jobs } = room;
  const listeners: PlanListener[] = [];

  /** Every store's part: what goes, what stays, why and until when. `plan` names the lines; nothing is written. */
  async function drawUp(trx: Trx, subject: string, plan: string): Promise<Drawn> {
    const today = room.today();
    const days: Drawn['days'] = [];
    const holds = await holdsFrom(trx, today, subject);
    const items: NewItem[] = [];
    for (const entry of datamap.stores()) {
      const { key, store } = entry;
      const collected = await store.collect(subject, room.context(trx, plan));
      const volumes = collected.summary ?? [];
      const total = collected.rows.length + volumes.reduce((sum, { count }) => sum + count, 0);
      const anchors = (await store.anchors?.(trx, subject)) ?? [];
      const counted = anchors.reduce((sum, { count }) => sum + count, 0);
      if (total === 0 && counted === 0) continue;
      if (counted === 0) anchors.push({ day: null, count: total });
      const mine = holds.filter(({ categories }) => covers(categories, store.schedule));
      const decision = decide(
        keeper,
        store.schedule,
        anchors,
        today,
        mine.map(({ starts_on, ends_on }) => ({ from: starts_on, until: ends_on })),
      );
      const line = {
        plan_id: plan,
        store: key,
        title: store.title.ru,
        system: store.system.ru,
        categories: categoryTitles(datamap, entry),
      };
      const bytes = volumes.reduce((sum, volume) => sum + (volume.bytes ?? 0), 0) || null;
      const goes = decision.goCount + decision.openCount;
      if (goes > 0) {
        const ranges = toRanges(decision.go);
        days.push({ store: key, days: decision.go });
        items.push({
          ...line,
          position: items.length,
          outcome: 'erase',
          records: goes,
          bytes: decision.stayCount === 0 ? bytes : null,
          because: null,
          until_on: null,
          held_until: null,
          anchored:
            decision.stayCount === 0
              ? 'all'
              : ranges.map(({ from, before }): [string, string] => [from.toString(), before.toString()]),
        });
      }
      if (decision.stayCount > 0) {
        items.push({
          ...line,
          position: items.length,
          outcome: 'retain',
          records: decision.stayCount,
          bytes: goes === 0 ? bytes : null,
          because: decision.byChoice ? `${decision.because}; ${basesOf(store)}` : decision.because,
          until_on: decision.until,
          held_until: decision.heldUntil,
          anchored: null,
        });
      }
    }
    return { items, days };
  }

  /** Where the operator chose the term, the grounds of the purposes say why the data may stay at all. */
  function basesOf(store: Store): string {
    const purposes = law.operator.purposes.filter(({ id }) => store.purposes.includes(id));
    const bases = purposes.flatMap((purpose) =>
      law.grounds(purpose, room.today()).standing.map(({ text, cite: from }) => `${text} (${cite(from, 'ru')})`),
    );
    return `основание: ${[...new Set(bases)].join(', ')}`;
  }

  async function lost(trx: Trx, subject: string): Promise<Plan['lostPaidTime'] | undefined> {
    return (await room.lostPaidTime?.(trx, subject, clock.now())) ?? undefined;
  }

  async function read(id: string, source: Trx | Db = db): Promise<Plan> {
    const row = await findPlan(source, id);
    if (!row) throw new Refusal('plan.unknown', 'not-found', { plan: id });
    return toPlan(law, row, await itemsOf(source, [id]));
  }

  async function locked(trx: Trx, id: string): Promise<PlanRow> {
    const row = await lockPlan(trx, id);
    if (!row) throw new Refusal('plan.unknown', 'not-found', { plan: id });
    return row;
  }

  /** Name and address for the act: given by whoever asked for the plan, or known to a store. */
  async function personOf(trx: Trx, subject: string, given: Person = {}): Promise<Person> {
    const person = { ...given };
    for (const { store } of datamap.stores()) {
      if (person.name && person.email) break;
      const known = store.identify
        ? await store.identify(trx, subject)
        : namedIn(store, (await store.collect(subject, room.context(trx, 'identify'))).rows);
      if (!person.name && known?.name) person.name = known.name;
      if (!person.email && known?.email) person.email = known.email;
    }
    return person;
  }

  async function openPerson(row: PlanRow): Promise<Person> {
    return row.person ? JSON.parse((await vault.open(row.person, row.id)).toString('utf8')) : {};
  }

  /** What people write of carriers may name somebody: the table has it sealed, as the act has. */
  async function toKeep({ id }: PlanRow, { store }: ItemRow, receipt: EraseReceipt): Promise<KeptReceipt> {
    const { carriers, ...rest } = receipt;
    if (!carriers) return rest;
    const sealed = await vault.seal(personKey(id), Buffer.from(JSON.stringify(carriers)), `${id}|${store}`);
    return { ...rest, carriers: sealed.toString('base64') };
  }

  async function fromKept({ plan_id, store, receipt }: ItemRow): Promise<EraseReceipt> {
    const whole = receiptFrom(receipt);
    if (!receipt?.carriers) return whole;
    const opened = await vault.open(Buffer.from(receipt.carriers, 'base64'), `${plan_id}|${store}`);
    return { ...whole, carriers: JSON.parse(opened.toString('utf8')) as DestroyedCarriers };
  }

  /**
   * A sweep must not take what a plan is about to: where a term is so short that the records could go at once, those
   * days wait until the plan's last day.
   */
  async function waitForPlan(trx: Trx, drawn: Drawn, began: Day, eraseBy: Day): Promise<void> {
    const also = [began, room.today()];
    for (const { store, days } of drawn.days) {
      const all = new Map([...days, ...also].map((day) => [day.toString(), day]));
      await defer(trx, store, [...all.values()], eraseBy);
    }
  }

  const plan: Retention['plan'] = async (trx, subject, options) => {
    const known = await openPlanOf(trx, subject);
    if (known) return read(known.id, trx);
    await datamap.subjects.alive(trx, subject);
    const now = clock.now();
    const id = newId('pln', now);
    const began = options.at ?? now;
    const { eraseBy, lateFrom, autoAt } = planDays(law, began, options.notLaterThan);
    const lostPaidTime = await lost(trx, subject);
    const person = await personOf(trx, subject, options.person);
    await insertPlan(trx, {
      id,
      subject_id: subject,
      cause_kind: options.cause.kind,
      cause_about: options.cause.about,
      state: 'waiting',
      erase_by: eraseBy,
      late_from: lateFrom,
      due: { from: began.toString(), digest: law.digest },
      auto_at: autoAt,
      lost_paid_time: lostPaidTime ? { until: lostPaidTime.until.toString(), days: lostPaidTime.days } : null,
      person: await vault.seal(personKey(id), Buffer.from(JSON.stringify(person)), id),
      made_at: now,
      made_by: options.by ?? 'system',
    });
    const drawn = await drawUp(trx, subject, id);
    await replaceItems(trx, id, drawn.items);
    await waitForPlan(trx, drawn, dayOf(began, law.zone), eraseBy);
    await journal.append(trx, {
      action: 'erasure.planned',
      about: id,
      actor: options.by ?? 'system',
      body: { subject, cause: options.cause.kind, about: options.cause.about, eraseBy: eraseBy.toString() },
    });
    return read(id, trx);
  };

  /** Freezes what will be destroyed, before the first destructive step. A plan under way keeps what it froze. */
  async function freeze(id: string, jobId: string): Promise<PlanRow | null> {
    return db.transaction(async (trx) => {
      const row = await locked(trx, id);
      if (row.state === 'executed' || row.state === 'cancelled') return null;
      const checked = row.state !== 'waiting';
      if (!checked && Temporal.Instant.compare(clock.now(), row.auto_at) < 0) {
        throw new Refusal('plan.not-checked', 'conflict', { plan: id, autoAt: row.auto_at.toString() });
      }
      if (row.state === 'waiting' || row.state === 'approved') {
        await replaceItems(trx, id, (await drawUp(trx, row.subject_id, id)).items);
        await journal.append(trx, { action: 'erasure.started', about: id, body: { job: jobId, checked } });
      }
      await updatePlan(trx, id, { state: 'executing', job: row.job ?? jobId });
      return { ...row, state: 'executing', job: row.job ?? jobId };
    });
  }

  async function eraseOne(row: PlanRow, item: ItemRow): Promise<EraseReceipt> {
    const entry = datamap.store(item.store);
    const { erase, schedule } = entry.store;
    if (isUnsupported(erase)) {
      const receipt = {
        outcome: 'not_attempted',
        affected: 0,
        remaining: item.records,
        because: erase.unsupported,
      } as const;
      await updateItem(db, row.id, item.position, { receipt, done_at: null });
      return receipt;
    }
    await beginItem(db, row.id, item.position);
    return db.transaction(async (trx) => {
      await lockStore(trx, item.store);
      const now = await lockItem(trx, row.id, item.position);
      if (now?.done_at) return receiptFrom(now.receipt);
      const today = room.today();
      const hold = (await holdsFrom(trx, today, row.subject_id)).find(({ categories }) => covers(categories, schedule));
      let receipt: EraseReceipt;
      if (hold) {
        receipt = {
          outcome: 'retained',
          affected: 0,
          remaining: item.records,
          because: `Запрет уничтожения ${hold.id}`,
          until: hold.ends_on,
        };
      } else {
        const anchored = item.anchored === 'all' || item.anchored === null ? 'all' : rangesOf(item.anchored);
        const given = await erase({ why: 'request', subject: row.subject_id, anchored }, room.context(trx, row.id));
        receipt = { ...periodOf(anchored), ...settled(given, now ?? item) };
      }
      const done = isDone(receipt);
      await updateItem(trx, row.id, item.position, {
        receipt: await toKeep(row, item, receipt),
        done_at: done ? clock.now() : null,
      });
      if (done) await insertLedger(trx, ledgerRow(row.id, entry, receipt, clock.now(), today, row.subject_id));
      return receipt;
    });
  }

  async function finish({ id, subject_id }: PlanRow): Promise<Plan> {
    return db.transaction(async (trx) => {
      await lockPerson(trx, subject_id);
      const row = await locked(trx, id);
      if (row.state !== 'executing') return read(id, trx);
      const items = await itemsOf(trx, [id]);
      const now = clock.now();
      const today = room.today();
      const open = items.filter((item) => item.outcome === 'erase' && !item.done_at);
      if (open.length > 0) {
        await updatePlan(trx, id, { state: 'partly', auto_at: startOf(today.add({ days: 1 }), law.zone) });
        await journal.append(trx, {
          action: 'erasure.partly',
          about: id,
          body: { open: open.map(({ store, receipt }) => ({ store, outcome: receipt?.outcome ?? 'failed' })) },
        });
        return read(id, trx);
      }
      const lines: ActLine[] = [];
      for (const item of items) {
        const entry = datamap.store(item.store);
        const receipt = await fromKept(item);
        if (item.outcome === 'retain') {
          const kept: EraseReceipt = {
            outcome: 'retained',
            affected: 0,
            remaining: item.records,
            ...(item.because ? { because: item.because } : {}),
            ...(item.until_on ? { until: item.until_on } : {}),
          };
          await insertLedger(trx, ledgerRow(id, entry, kept, now, today, row.subject_id));
        } else if (receipt.affected > 0 || receipt.keys) {
          lines.push({
            store: item.store,
            title: item.title,
            system: item.system,
            categories: item.categories,
            receipt,
          });
        }
      }
      let act: Act | null = null;
      if (lines.length > 0) {
        act = await acts.make(trx, {
          run: id,
          plan: id,
          subject: row.subject_id,
          matter: {
            lines,
            stays: staying(items),
            reason: reasonOf({ kind: row.cause_kind, about: row.cause_about }, await openPerson(row)),
            person: { ...(await openPerson(row)), subject: row.subject_id },
            checked: row.checked_by
              ? `План проверило второе лицо: ${await nameOf(trx, row.checked_by)}.`
              : 'Второе лицо план не проверило; уничтожение выполнено автоматически в последний обещанный день.',
          },
        });
        await nameAct(
          trx,
          id,
          lines.map(({ store }) => store),
          act.id,
        );
      }
      // From here on a late event about this person is refused, and an import cannot bring them back.
      await datamap.subjects.erased(trx, row.subject_id);
      await tombstones.add(trx, row.subject_id, [row.subject_id, row.cause_about]);
      await updatePlan(trx, id, { state: 'executed', executed_at: now, executed_on: today, act_id: act?.id ?? null });
      await journal.append(trx, {
        action: 'erasure.done',
        about: id,
        body: { subject: row.subject_id, act: act?.id ?? null, checked: row.checked_by !== null },
      });
      for (const category of new Set(lines.map(({ store }) => datamap.store(store).store.schedule))) {
        await report(trx, {
          name: 'data.destroyed',
          about: id,
          at: now,
          subject: row.subject_id,
          fields: { category, ...(act ? { act: act.id } : {}) },
        });
      }
      await planAgainAfterHolds(trx, row, items);
      const done = await read(id, trx);
      for (const listener of listeners) await listener(trx, done, act ? [act] : []);
      return done;
    });
  }

  /** An act is read without the system: it says who, not which account. */
  async function nameOf(trx: Trx, account: string): Promise<string> {
    return (await room.nameOf?.(trx, account)) ?? 'сотрудник (учётная запись удалена)';
  }

  /**
   * When the first of these records is free of holds, by the holds that stand today: a record is free after the last
   * of those on it, not counting what ends after `until`.
   */
  async function firstEnd(
    trx: Trx,
    subject: string,
    records: readonly { store: string; until: Day | null }[],
  ): Promise<Day> {
    const today = room.today();
    const holds = await holdsFrom(trx, today, subject);
    const ends = records.map(({ store, until }) => {
      const { schedule } = datamap.store(store).store;
      const mine = holds.filter(
        ({ categories, ends_on }) => covers(categories, schedule) && (!until || compare(ends_on, until) <= 0),
      );
      return (
        mine
          .map(({ ends_on }) => ends_on)
          .sort(compare)
          .at(-1) ?? today
      );
    });
    return ends.sort(compare)[0] ?? today;
  }

  /** What a hold kept goes by a plan of its own, checked already, on the day after the first of the holds. */
  async function planAgainAfterHolds(trx: Trx, row: PlanRow, items: readonly ItemRow[]): Promise<void> {
    const endOf = (item: ItemRow): Day | null => {
      const receipt = receiptFrom(item.receipt);
      return item.outcome === 'retain'
        ? item.held_until
        : receipt.outcome === 'retained'
          ? (receipt.until ?? null)
          : null;
    };
    const held = items.filter((item) => endOf(item) !== null);
    if (held.length === 0) return;
    // A hold may have been released since the plan was drawn up.
    const first = await firstEnd(
      trx,
      row.subject_id,
      held.map((item) => ({ store: item.store, until: endOf(item) })),
    );
    const { eraseBy, lateFrom, autoAt } = planDaysAfterHold(first, law.zone);
    const id = newId('pln', clock.now());
    await insertPlan(trx, {
      ...row,
      id,
      state: 'approved',
      missed_at: null,
      person: row.person && (await vault.seal(personKey(id), Buffer.from(JSON.stringify(await openPerson(row))), id)),
      erase_by: eraseBy,
      late_from: lateFrom,
      auto_at: autoAt,
      made_at: clock.now(),
      made_by: 'system',
    });
    await replaceItems(
      trx,
      id,
      held.map(({ receipt: _receipt, done_at: _done, attempts: _attempts, ...item }, position) => ({
        ...item,
        plan_id: id,
        position,
      })),
    );
  }

  /** A hold has ended before its day: what it alone still keeps goes on the day after, not on the day that was foreseen. */
  async function afterRelease(trx: Trx, subject: string): Promise<void> {
    await lockPerson(trx, subject);
    const row = await openPlanOf(trx, subject);
    if (row?.state !== 'approved' || !(await goesOn(trx, row))) return;
    const records = (await itemsOf(trx, [row.id])).map(({ store }) => ({ store, until: null }));
    const first = await firstEnd(trx, subject, records);
    const { eraseBy, lateFrom, autoAt } = planDaysAfterHold(first, law.zone);
    if (compare(eraseBy, row.erase_by) >= 0) return;
    await updatePlan(trx, row.id, { erase_by: eraseBy, late_from: lateFrom, auto_at: autoAt });
  }

  const execute: Retention['execute'] = async (id, { jobId }) => {
    const row = await freeze(id, jobId);
    if (!row) return read(id);
    const failures: string[] = [];
    let cause: unknown;
    for (const item of await itemsOf(db, [id])) {
      if (item.outcome !== 'erase' || item.done_at) continue;
      try {
        const receipt = await eraseOne(row, item);
        if (receipt.outcome === 'failed') failures.push(item.store);
      } catch (error) {
        failures.push(item.store);
        cause = error;
        const because = error instanceof Refusal ? error.code : error instanceof Error ? error.name : 'unknown';
        const receipt: KeptReceipt = { outcome: 'failed', affected: 0, remaining: item.records, because };
        await updateItem(db, id, item.position, { receipt, done_at: null });
      }
    }
    const done = await finish(row);
    if (failures.length > 0) throw new Error(`The plan ${id} could not erase in: ${failures.join(', ')}.`, { cause });
    return done;
  };

  return {
    plan,
    execute,
    onPlanDone: (listener: PlanListener) => void listeners.push(listener),

    async preview(subject: string): Promise<Preview> {
      return db.transaction(async (trx) => {
        const { items } = await drawUp(trx, subject, 'preview');
        const lostPaidTime = await lost(trx, subject);
        return {
          items: items.map((item) => toItem({ ...item, attempts: 0, receipt: null, done_at: null })),
          ...(lostPaidTime ? { lostPaidTime } : {}),
          eraseBy: planDays(law, clock.now()).eraseBy,
        };
      });
    },

    afterRelease,

    plans: {
      get: (id: string, trx?: Trx) => read(id, trx ?? db),
      async list(filter = {}) {
        const rows = await listPlans(db, filter);
        const items = await itemsOf(
          db,
          rows.map(({ id }) => id),
        );
        return rows.map((row) =>
          toPlan(
            law,
            row,
            items.filter(({ plan_id }) => plan_id === row.id),
          ),
        );
      },
    } satisfies Retention['plans'],

    async check(trx: Trx, id: string, by: string): Promise<Plan> {
      const row = await locked(trx, id);
      if (row.state !== 'waiting') throw new Refusal('plan.wrong-state', 'conflict', { plan: id, state: row.state });
      // Four eyes: whoever made the plan, or asked for it, cannot be the second person.
      if ([row.made_by, row.cause_about, row.subject_id].includes(by)) {
        throw new Refusal('plan.same-person', 'forbidden', { plan: id });
      }
      await updatePlan(trx, id, { state: 'approved', checked_at: clock.now(), checked_by: by, auto_at: clock.now() });
      await journal.append(trx, { action: 'erasure.checked', about: id, actor: by, body: { subject: row.subject_id } });
      const job = await jobs.enqueue(trx, 'retention.execute-plan', { plan: id }, { key: id });
      await updatePlan(trx, id, { job });
      return read(id, trx);
    },

    async cancel(trx: Trx, id: string, by: string): Promise<Plan> {
      const row = await locked(trx, id);
      if (row.state !== 'waiting' && row.state !== 'approved') {
        throw new Refusal('plan.wrong-state', 'conflict', { plan: id, state: row.state });
      }
      await updatePlan(trx, id, { state: 'cancelled' });
      await journal.append(trx, {
        action: 'erasure.cancelled',
        about: id,
        actor: by,
        body: { subject: row.subject_id },
      });
      return read(id, trx);
    },

    /** The job: everything that is checked, unfinished, or come to its last day. */
    async executeDue(jobId: string): Promise<void> {
      let failure: unknown;
      for (const id of await duePlans(db, clock.now())) {
        try {
          await execute(id, { jobId });
        } catch (error) {
          failure ??= error;
        }
      }
      if (failure) throw failure;
    },
  };
}

/** A store of profiles answers with rows that have `name` and `email`: the columns it declares say so. */
function namedIn(store: Store, rows: readonly Record<string, unknown>[]): Person | null {
  const has = (field: string): boolean => Object.keys(store.columns).some((column) => column.endsWith(`.${field}`));
  const [row] = has('name') && has('email') ? rows : [];
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);
  const [name, email] = [text(row?.name), text(row?.email)];
  return row ? { ...(name ? { name } : {}), ...(email ? { email } : {}) } : null;
}

/** What stays after an erasure, with its ground and last day, for the act and the letter. */
export function staying(
  items: readonly Pick<ItemRow, 'outcome' | 'title' | 'records' | 'because' | 'until_on' | 'receipt'>[],
): Staying[] {
  return items.flatMap((item) => {
    const receipt = receiptFrom(item.receipt);
    if (item.outcome === 'erase' && receipt.outcome !== 'retained') return [];
    return [
      {
        what: item.title,
        ground: (item.outcome === 'erase' ? receipt.because : item.because) ?? '',
        until: (item.outcome === 'erase' ? receipt.until : item.until_on) ?? null,
        count: item.records,
      },
    ];
  });
}

function reasonOf(cause: Cause, person: Person): string {
  if (cause.kind === 'request')
    return `Обращение субъекта персональных данных${person.caseNumber ? ` ${person.caseNumber}` : ''}`;
  if (cause.kind === 'inactivity') return 'Прекращение договора: учётная запись долго не использовалась';
  return 'Удаление учётной записи пользователем, прекращение договора';
}

function isDone({ outcome }: EraseReceipt): boolean {
  return outcome !== 'failed' && outcome !== 'not_attempted';
}

function rangesOf(anchored: readonly [string, string][]) {
  return anchored.map(([from, before]) => ({
    from: Temporal.PlainDate.from(from),
    before: Temporal.PlainDate.from(before),
  }));
}

function toItem(row: ItemRow): PlanItem {
  return {
    store: row.store,
    title: row.title,
    system: row.system,
    categories: row.categories,
    count: row.records,
    ...(row.bytes ? { bytes: row.bytes } : {}),
    outcome: row.outcome,
    ...(row.because ? { because: row.because } : {}),
    ...(row.until_on ? { until: row.until_on } : {}),
    ...(row.receipt ? { receipt: receiptFrom(row.receipt) } : {}),
  };
}

function toPlan(law: Law, row: PlanRow, items: readonly ItemRow[]): Plan {
  const lost = row.lost_paid_time;
  const due = law.due('account-deleted.erase', { from: Temporal.Instant.from(row.due.from) });
  return {
    id: row.id,
    subject: row.subject_id,
    cause: { kind: row.cause_kind, about: row.cause_about },
    state: row.state,
    items: items.map(toItem),
    ...(lost ? { lostPaidTime: { until: Temporal.PlainDate.from(lost.until), days: lost.days } } : {}),
    eraseBy: row.erase_by,
    lateFrom: row.late_from,
    due,
    autoAt: row.auto_at,
    madeAt: row.made_at,
    madeBy: row.made_by,
    checkedAt: row.checked_at,
    checkedBy: row.checked_by,
    executedAt: row.executed_at,
    unchecked: row.state === 'executed' && row.checked_by === null,
    job: row.job,
    act: row.act_id,
  };
}
