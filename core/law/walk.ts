import { Refusal, Temporal } from '../base/index.ts';
import { startOf } from '../calendar/index.ts';
import { PolicyError } from './errors.ts';
import { createLaw } from './load.ts';
import type { Pack } from './pack.ts';
import { valueOn } from './term.ts';
import type { DatedValue, Due, Keep, Law, Rule } from './types.ts';

type Day = Temporal.PlainDate;
const compare = Temporal.PlainDate.compare;
const before = (day: Day) => day.subtract({ days: 1 });
const after = (day: Day) => day.add({ days: 1 });

/**
 * Walks over every day on which a value begins or ends: the day before, the day itself, the day after. Each value is in
 * force on exactly its days; every duty and category has an answer or a refusal in words; no answer lies before its
 * event, and an event a day later leads to no earlier day, unless the value itself changed between the two.
 */
export function walk(pack: Pack): PolicyError[] {
  const law = createLaw(pack);
  const boundaries = law.boundaries();
  return [
    ...law.rules().flatMap(misplacedValues),
    ...[...pack.duties.keys()].flatMap((duty) => {
      const rules = pack.byDuty.get(duty) ?? [];
      return aroundEach(boundaries, (day) => asked(() => law.due(duty, { from: day })), {
        place: (reason) => problem(rules, `${duty}: ${reason}`),
        wrong: (day, due) => wrongDue(law, day, due),
        leadsTo: ({ dueOn, mayFrom }) => dueOn ?? mayFrom,
        changesOn: (day) => changesOn(pack, rules, day),
      });
    }),
    ...[...pack.scheduleOf.keys()].flatMap((category) => {
      const rules = pack.byCategory.get(category) ?? [];
      return aroundEach(boundaries, (day) => asked(() => law.keep(category, { from: day })), {
        place: (reason) => problem(rules, `${category}: ${reason}`),
        wrong: wrongKeep,
        leadsTo: ({ keepUntil }) => keepUntil,
        changesOn: (day) => changesOn(pack, rules, day),
      });
    }),
  ];
}

interface Walked<T> {
  place(reason: string): PolicyError;
  wrong(day: Day, answer: T): string | null;
  leadsTo(answer: T): Day | null;
  changesOn(day: Day): boolean;
}

function aroundEach<T>(boundaries: Day[], ask: (day: Day) => T | null, walked: Walked<T>): PolicyError[] {
  const reasons = new Set<string>();
  for (const boundary of boundaries) {
    let earlier: Day | null = null;
    for (const day of [before(boundary), boundary, after(boundary)]) {
      const answer = ask(day);
      const reason = answer && walked.wrong(day, answer);
      if (reason) reasons.add(reason);
      const leads = answer && walked.leadsTo(answer);
      if (leads && earlier && compare(leads, earlier) < 0 && !walked.changesOn(day)) {
        reasons.add(`an event on ${day} leads to ${leads}, and the day before led to ${earlier}`);
      }
      earlier = leads;
    }
  }
  return [...reasons].map((reason) => walked.place(reason));
}

/** The values of a rule that are not in force on their own days, or are on others. */
function misplacedValues(rule: Rule): PolicyError[] {
  const wrong = (day: Day, wanted: DatedValue | null) => {
    if (valueOn(rule, day) === wanted) return [];
    return [problem([rule], `${rule.id}: on ${day} another value is in force than the one that is dated so`)];
  };
  return rule.values.flatMap((value, index) => {
    const last = rule.values[index - 1] ?? null;
    const next = rule.values[index + 1] ?? null;
    const stillLast = last && (!last.until || compare(last.until, before(value.from)) >= 0);
    return [
      ...wrong(before(value.from), stillLast ? last : null),
      ...wrong(value.from, value),
      ...(value.until ? wrong(value.until, value) : []),
      ...(value.until ? wrong(after(value.until), next?.from.equals(after(value.until)) ? next : null) : []),
    ];
  });
}

function wrongDue(law: Law, day: Day, { dueOn, mayFrom, lateFrom, outerOn }: Due): string | null {
  const first = dueOn ?? mayFrom;
  if (first && compare(first, day) < 0) return `from ${day} leads back to ${first}`;
  if (dueOn && !lateFrom?.equals(startOf(after(dueOn), law.zone))) return `from ${day} is late from ${lateFrom}`;
  if (dueOn && outerOn && compare(outerOn, dueOn) <= 0) return `from ${day} the other reading comes first: ${outerOn}`;
  return null;
}

function wrongKeep(day: Day, { keepUntil, destroyFrom, destroyBy }: Keep): string | null {
  const inOrder =
    compare(day, keepUntil) <= 0 && compare(destroyFrom, destroyBy) <= 0 && compare(keepUntil, destroyBy) <= 0;
  return inOrder ? null : `from ${day} cannot be kept until ${keepUntil} and destroyed by ${destroyBy}`;
}

/** Does a value of these rules, or of one they count from, begin or cease on a day? */
function changesOn(pack: Pack, rules: readonly Rule[], day: Day): boolean {
  return rules.some(
    (rule) =>
      rule.values.some(({ from, until }) => from.equals(day) || until?.equals(before(day))) ||
      (rule.after !== null && changesOn(pack, [pack.rules.get(rule.after) as Rule], day)),
  );
}

function problem(rules: readonly Rule[], reason: string): PolicyError {
  const [rule] = rules;
  return new PolicyError(rule?.file ?? 'policies/taxonomy', rule?.line ?? 1, reason);
}

function asked<T>(question: () => T): T | null {
  try {
    return question();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}
