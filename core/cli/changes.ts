import { Refusal, Temporal } from '../base/index.ts';
import { earliestOf } from '../consents/index.ts';
import {
  always,
  type Citation,
  type DatedValue,
  describeValue,
  type Law,
  type OperatorDocument,
  type Rule,
} from '../law/index.ts';
import { withOffset } from './moments.ts';

/*
 * What changes in the law or in a pack between two days: values that begin, follow one another or end, and what that
 * does to a duty or to a record. Pure.
 */

type Day = Temporal.PlainDate;
const compare = Temporal.PlainDate.compare;

export interface Side {
  value: string; // in Russian
  cite: Citation;
}

/** What the law answers about one event before and after the change; `refused`: why it has no answer. */
export interface Answer {
  dueOn?: Day | null;
  lateFrom?: string | null;
  mayFrom?: Day | null;
  keepUntil?: Day;
  destroyFrom?: Day;
  destroyBy?: Day;
  rule?: string;
  refused?: string;
}

export interface Example {
  asks: 'due' | 'keep';
  of: string; // the duty or the category
  event: Day; // when it happened
  before: Answer;
  after: Answer;
}

/** A point of a list that the law prescribes. */
export interface Point {
  point: string;
  title: string;
}

export interface Change {
  on: Day; // the first day of the new state
  rule: string;
  title: string;
  layer: Rule['layer'];
  what: 'begins' | 'changes' | 'ends';
  before: Side | null;
  after: Side | null;
  governs: DatedValue['governs'] | null; // `open`: also terms that run on `on`
  items: { added: Point[]; removed: Point[]; changed: Point[] } | null; // points of a list; `changed` as they are now
  examples: Example[];
}

/** What changes after the day `from`, up to and including the day `to`, in the order of days and rules. */
export function changesBetween(law: Law, from: Day, to: Day): Change[] {
  const within = (day: Day): boolean => compare(day, from) > 0 && compare(day, to) <= 0;
  return law
    .rules()
    .flatMap((rule) => changesOf(rule).filter(({ on }) => within(on)))
    .map((change) => ({ ...change, examples: examplesOf(law, change) }))
    .map(({ next: _, ...change }) => change)
    .sort((a, b) => compare(a.on, b.on) || (a.rule < b.rule ? -1 : 1));
}

/** Editions of the operator's documents that take effect in the same time, in the order of their days. */
export function editionsBetween(law: Law, from: Day, to: Day) {
  return law.operator.documents
    .flatMap(({ id: document, title, kind, editions }) =>
      editions.map(({ published, effective = unsaid(law, kind, published) }) => ({
        ...{ document, title, published, effective },
      })),
    )
    .filter(({ effective }) => compare(effective, from) > 0 && compare(effective, to) <= 0)
    .sort((a, b) => compare(a.effective, b.effective) || (a.document < b.document ? -1 : 1));
}

export type Editions = ReturnType<typeof editionsBetween>;

/** An edition that does not say from when takes effect on the earliest day; where nothing asks for notice, at once. */
function unsaid(law: Law, kind: OperatorDocument['kind'], published: Day): Day {
  try {
    return earliestOf(law, { kind }, published).effectiveOn;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'law.no-value') return published;
    throw error;
  }
}

type Bare = Omit<Change, 'examples'> & { next: Rule };

function changesOf(rule: Rule): Bare[] {
  const { id, title, layer, values } = rule;
  const side = (value: DatedValue | null): Side | null => value && { value: inWords(rule, value), cite: value.cite };
  return values.flatMap((value, index) => {
    const before = values[index - 1] ?? null;
    const eve = value.from.subtract({ days: 1 });
    const held = before && (!before.until || compare(before.until, eve) >= 0) ? before : null;
    const common = { rule: id, title, layer, next: rule };
    const begun: Bare = {
      on: value.from,
      ...common,
      what: held ? 'changes' : 'begins',
      before: side(held),
      after: side(value),
      governs: value.governs,
      items: held ? itemsOf(held, value) : null,
    };
    const changes = value.from.equals(always) ? [] : [begun];
    const ends = value.until?.add({ days: 1 });
    const follows = ends && values[index + 1]?.from.equals(ends);
    if (ends && !follows) {
      const gone = { what: 'ends', before: side(value), after: null, governs: null, items: null } as const;
      changes.push({ on: ends, ...common, ...gone });
    }
    return changes;
  });
}

function inWords(rule: Rule, value: DatedValue): string {
  return value.items ? `перечень, пунктов: ${value.items.length}` : describeValue(rule, value);
}

function itemsOf(before: DatedValue, after: DatedValue): Change['items'] {
  if (!before.items || !after.items) return null;
  const known = new Map(before.items.map((item) => [item.point, JSON.stringify(item)]));
  const now = new Map(after.items.map((item) => [item.point, JSON.stringify(item)]));
  const point = ({ point: name, title }: Point): Point => ({ point: name, title });
  return {
    added: after.items.filter((item) => !known.has(item.point)).map(point),
    removed: before.items.filter((item) => !now.has(item.point)).map(point),
    changed: after.items
      .filter((item) => (known.get(item.point) ?? now.get(item.point)) !== now.get(item.point))
      .map(point),
  };
}

/**
 * One event for each duty and the category of the rule, as it was answered on the eve and as it is answered from the
 * day itself. A value that also reaches running terms is shown on an event of the eve, another one on an event of its
 * first day; an end, on events of both days.
 */
function examplesOf(law: Law, { on, what, governs, next: { duties, category } }: Bare): Example[] {
  const eve = on.subtract({ days: 1 });
  const event = governs === 'open' ? eve : on;
  const sides = (ask: (from: Day, asOf: Day) => Answer) => ({
    event,
    before: what === 'ends' ? ask(eve, eve) : ask(event, eve),
    after: ask(event, on),
  });
  const examples: Example[] = [
    ...duties.map((of) => ({ asks: 'due' as const, of, ...sides((day, asOf) => dueAnswer(law, of, day, asOf)) })),
    ...(category
      ? [{ asks: 'keep' as const, of: category, ...sides((day, asOf) => keepAnswer(law, category, day, asOf)) }]
      : []),
  ];
  // What has no answer on either side does not concern this operator.
  return examples.filter(({ before, after }) => !before.refused || !after.refused);
}

function dueAnswer(law: Law, duty: string, from: Day, asOf: Day): Answer {
  return asked(() => {
    const { dueOn, lateFrom, mayFrom, because } = law.due(duty, { from, asOf });
    return { dueOn, lateFrom: lateFrom && withOffset(lateFrom, law.zone), mayFrom, rule: because.winner.rule };
  });
}

function keepAnswer(law: Law, category: string, from: Day, asOf: Day): Answer {
  return asked(() => {
    const { keepUntil, destroyFrom, destroyBy, because } = law.keep(category, { from, asOf });
    return { keepUntil, destroyFrom, destroyBy, rule: because.winner.rule };
  });
}

function asked(question: () => Answer): Answer {
  try {
    return question();
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.code };
    throw error;
  }
}
