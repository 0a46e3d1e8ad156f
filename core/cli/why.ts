import { nextLifeStep } from '../accounts/index.ts';
import { Refusal, Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import type { Because, Law } from '../law/index.ts';
import type { Fact, Obligation } from '../obligations/index.ts';
import { covers, type LedgerEntry, type PlanItem } from '../retention/index.ts';
import type { App } from './app.ts';
import { keepShape } from './commands/law.ts';
import { withOffset } from './moments.ts';
import { UsageError } from './output.ts';

/*
 * Why something on a running installation is as it is, and what comes next: the facts that were reported about it, the
 * duties they opened with what the law answered then and answers today, the terms of its records. Reads only; ids, codes
 * and days, nothing of a person.
 */

type Day = Temporal.PlainDate;

export interface WhyFact {
  id: string;
  fact: string;
  title: string;
  about: string;
  at: string;
  fields: Readonly<Record<string, unknown>>;
}

export interface WhyDuty {
  id: string;
  duty: string;
  title: string;
  state: Obligation['state'];
  openedBy: string; // fct_…
  openedAt: string;
  dueOn: Day | null;
  lateFrom: string | null;
  outerOn: Day | null;
  extendedAt: string | null;
  dischargedBy: string | null; // fct_…
  dischargedAt: string | null;
  overdueAt: string | null;
  problem: string | null;
  because: Because | null;
  digest: string;
  discharges: { fact: string; title: string }[]; // what ends it
  /** The same question to the packs of today. */
  today: {
    same: boolean;
    dueOn: Day | null;
    lateFrom: string | null;
    problem: string | null;
    because: Because | null;
    digest: string;
  };
}

/** A record, or the records of one store: until when they stay, and why. */
export interface WhyRecord {
  store: string;
  title: string;
  category: string | null;
  from: string | null; // where the term began; null: it has not
  count: number | null; // of many
  outcome: string | null; // what is planned or was done
  keep: ReturnType<typeof keepShape> | null;
  until: Day | null;
  because: string | null; // in Russian, where the term was written down with a plan or a receipt
}

export interface WhyNext {
  on: Day | null;
  what: string; // in Russian
  because: Because | null;
}

export interface Why {
  id: string;
  kind: string;
  state: string | null;
  facts: WhyFact[];
  obligations: WhyDuty[];
  records: WhyRecord[];
  next: WhyNext[];
}

const kindsByPrefix: Record<string, string> = {
  obl: 'obligation',
  fct: 'fact',
  req: 'request',
  acc: 'account',
  sub: 'subject',
  pln: 'plan',
  act: 'act',
  swp: 'sweep',
  edn: 'edition',
  hld: 'hold',
};

/** What is known of one kind besides facts, duties and records about the id. */
type Part = Partial<Pick<Why, 'state' | 'facts' | 'obligations' | 'records' | 'next'>> & { also?: readonly string[] };

/** @throws UsageError `why.unknown` when nothing is known of the id */
export async function whyOf(app: App, asked: string): Promise<Why> {
  const { engine, obligations } = app;
  const { law, datamap, db } = engine;
  const titles = new Map(law.facts().map(({ fact, title }) => [fact, title]));
  const at = (instant: Temporal.Instant): string => withOffset(instant, law.zone);

  const factOf = ({ id, name, about, at: when, fields = {} }: Fact & { id: string }): WhyFact => ({
    ...{ id, fact: name, title: titles.get(name) ?? name, about, at: at(when), fields },
  });

  function dutyOf(row: Obligation): WhyDuty {
    const { id, duty, state, dueOn, outerOn, problem, because, digest } = row;
    const now = obligations.again(row);
    const late = (instant: Temporal.Instant | null): string | null => instant && at(instant);
    return {
      ...{ id, duty, title: law.dutyType(duty).title, state, openedBy: row.fact, openedAt: at(row.openedAt) },
      ...{ dueOn, lateFrom: late(row.lateFrom), outerOn, extendedAt: late(row.extended?.at ?? null) },
      ...{ dischargedBy: row.dischargedBy, dischargedAt: late(row.dischargedAt), overdueAt: late(row.overdueAt) },
      ...{ problem, because, digest },
      discharges: law.dischargedBy(duty).map((fact) => ({ fact, title: titles.get(fact) ?? fact })),
      today: {
        same: late(now.late_from) === late(row.lateFrom) && now.because?.winner.rule === because?.winner.rule,
        ...{ dueOn: now.due_on, lateFrom: late(now.late_from), problem: now.problem },
        ...{ because: now.because, digest: now.digest },
      },
    };
  }

  async function recordsOf(id: string): Promise<WhyRecord[]> {
    const found: WhyRecord[] = [];
    for (const { key, store } of datamap.stores()) {
      const record = await db.transaction(async (trx) => (await store.locate?.(trx, id)) ?? null);
      if (!record) continue;
      const holds = record.subject ? await engine.retention.holds.active(record.subject) : [];
      const hold = holds.filter(({ categories }) => covers(categories, store.schedule));
      found.push({
        ...{ store: key, title: store.title.ru, category: store.schedule, count: null, outcome: null },
        ...{ from: record.from && momentOf(record.from, law), until: null, because: null },
        keep: record.from && keepOf(law, store.schedule, record.from, hold),
      });
    }
    return found;
  }

  /** The first letters of ids of events: an incident, a claim. */
  const events = new Set(law.facts().flatMap(({ reported }) => reported?.begins ?? []));

  const parts: Record<string, (id: string) => Promise<Part | null>> = {
    async event(id) {
      const { open, may } = await app.events.get(id);
      const next = may.map(({ mayFrom, title, because }) => ({ on: mayFrom, what: `можно: ${title}`, because }));
      return { state: open ? 'open' : 'discharged', next };
    },
    async obligation(id) {
      const rows = await obligations.list({ id });
      const facts = await Promise.all(rows.map(({ fact }) => obligations.facts({ id: fact })));
      return rows.length > 0
        ? { state: stateOf(rows[0]), facts: facts.flat().map(factOf), obligations: rows.map(dutyOf) }
        : null;
    },
    async fact(id) {
      const facts = await obligations.facts({ id });
      const opened = await obligations.list({ fact: id });
      return facts.length > 0 ? { facts: facts.map(factOf), obligations: opened.map(dutyOf) } : null;
    },
    async request(id) {
      const { state, plan } = await engine.requests.get(id);
      return { state, also: plan ? [plan] : [] };
    },
    async account(id) {
      const account = await engine.accounts.get(db, id);
      if (!account) return null;
      const step = nextLifeStep(account, law, await app.paidUntil(account.subject));
      const plans = await engine.retention.plans.list({ subject: account.subject, open: true });
      const next = step ? [{ on: step.on, what: stepWords[step.step], because: step.because }] : [];
      return { state: account.state, next, also: plans.map((plan) => plan.id) };
    },
    async subject(id) {
      const rows = await obligations.list({ subject: id });
      const account = await engine.accounts.bySubject(db, id);
      const gone = account?.state === 'erased';
      const lines = gone ? [] : (await engine.retention.preview(id)).items.map(lineOfPlan);
      if (rows.length === 0 && lines.length === 0 && !account) return null;
      return { state: account?.state ?? null, obligations: rows.map(dutyOf), records: lines };
    },
    async plan(id) {
      const { state, items, autoAt, due } = await engine.retention.plans.get(id);
      const waits = state !== 'executed' && state !== 'cancelled';
      const what = 'план исполняется сам, если его никто не проверил';
      return {
        state,
        records: items.map(lineOfPlan),
        next: waits ? [{ on: dayOf(autoAt, law.zone), what, because: due.because }] : [],
      };
    },
    async act(id) {
      const { signed } = await engine.retention.acts.get(id);
      const lines = await engine.retention.ledger({ act: id });
      return { state: signed ? 'signed' : 'unsigned', records: lines.map(lineOfLedger) };
    },
    async sweep(id) {
      const lines = await engine.retention.ledger({ run: id });
      return lines.length > 0 ? { records: lines.map(lineOfLedger) } : null;
    },
    async hold(id) {
      const hold = (await engine.retention.holds.active()).find((one) => one.id === id);
      if (!hold) return null;
      const what = `запрет уничтожения больше не действует: ${hold.categories.join(', ')}`;
      return { state: 'active', next: [{ on: hold.until.add({ days: 1 }), what, because: null }] };
    },
    async edition(id) {
      const { effectiveOn, document, publishedOn } = await engine.consents.editions.get(db, id);
      const kind = law.operator.documents.find((one) => one.id === document)?.kind === 'price' ? 'price' : 'document';
      const { because } = law.effective(kind, publishedOn);
      return { next: [{ on: effectiveOn, what: 'редакция действует с этого дня', because }] };
    },
  };

  async function partOf(kind: string, id: string): Promise<Part | null> {
    try {
      return (await parts[kind]?.(id)) ?? null;
    } catch (error) {
      if (error instanceof Refusal && error.kind === 'not-found') return null;
      throw error;
    }
  }

  const byNumber = /^\p{Lu}{2}-\d{4}-\d+$/u.test(asked);
  const id = byNumber ? ((await numbered(app, asked)) ?? asked) : asked;
  const prefix = id.split('_', 1)[0] as string;
  const kind = kindsByPrefix[prefix] ?? (events.has(prefix) ? 'event' : 'record');
  const part = await partOf(kind, id);
  const about = (await obligations.list({ about: id })).map(dutyOf);
  const happened = (await obligations.facts({ about: id })).map(factOf);
  const located = await recordsOf(id);
  const duties = part?.obligations ?? about;
  const records = [...located, ...(part?.records ?? [])];
  const facts = part?.facts ?? happened;
  if (!part && duties.length === 0 && facts.length === 0 && records.length === 0) {
    const gone = 'такой записи не было, или её срок истёк и она уничтожена';
    throw new UsageError(`О «${asked}» ничего не известно: ${gone}.`, [], 'why.unknown');
  }
  const planned = await Promise.all((part?.also ?? []).map((plan) => partOf('plan', plan)));
  return {
    ...{ id, kind, state: part?.state ?? null, facts, obligations: duties, records },
    next: [
      ...(part?.next ?? []),
      ...planned.flatMap((plan) => plan?.next ?? []),
      ...duties.flatMap(nextOfDuty),
      ...located.flatMap(nextOfRecord),
    ],
  };
}

/** Requests, events and acts are also known by the number that is printed on them. */
async function numbered({ engine, events }: App, number: string): Promise<string | null> {
  const act = (await engine.retention.acts.list({})).find((one) => one.number === number);
  if (act) return act.id;
  for (const room of [engine.requests, events]) {
    const found = await room.get(number).catch(() => null);
    if (found) return found.id;
  }
  return null;
}

const stepWords = {
  notice: 'уведомление о неактивности',
  block: 'блокировка за неактивность',
  end: 'прекращение договора, затем уничтожение данных',
};

function stateOf(row: Obligation | undefined): string | null {
  if (!row) return null;
  return row.state === 'open' && row.overdueAt ? 'overdue' : row.state;
}

function nextOfDuty({ state, dueOn, lateFrom, title, today, overdueAt, because }: WhyDuty): WhyNext[] {
  if (state !== 'open') return [];
  const what = overdueAt ? `просрочено: ${title}` : `последний день: ${title}`;
  const on = dueOn ?? (lateFrom ? Temporal.PlainDate.from(lateFrom.slice(0, 10)) : today.dueOn);
  return [{ on, what, because }];
}

function nextOfRecord({ title, keep }: WhyRecord): WhyNext[] {
  if (!keep) return [];
  const { because } = keep;
  return [
    { on: keep.destroyFrom, what: `может быть уничтожено: ${title}`, because },
    { on: keep.destroyBy, what: `должно быть уничтожено: ${title}`, because: because.destroy },
  ];
}

function keepOf(
  law: Law,
  category: string,
  from: Day | Temporal.Instant,
  hold: readonly { from: Day; until: Day }[],
): WhyRecord['keep'] {
  try {
    return keepShape(law.keep(category, { from, hold }));
  } catch (error) {
    // Nothing says how long: frozen, and nothing of it goes.
    if (error instanceof Refusal) return null;
    throw error;
  }
}

function momentOf(from: Day | Temporal.Instant, law: Law): string {
  return from instanceof Temporal.Instant ? withOffset(from, law.zone) : from.toString();
}

const nothingMore = { category: null, from: null, keep: null } as const;

function lineOfPlan({ store, title, count, outcome, until, because }: PlanItem): WhyRecord {
  return { ...nothingMore, ...{ store, title, count, outcome, until: until ?? null, because: because ?? null } };
}

function lineOfLedger({ store, system, affected, remaining, outcome, from, until, because }: LedgerEntry): WhyRecord {
  const count = outcome === 'retained' ? remaining : affected;
  return {
    ...nothingMore,
    ...{ store, title: system, count, outcome, until, because, from: from?.toString() ?? null },
  };
}
