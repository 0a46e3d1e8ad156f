import { Temporal } from '../../core/base/index.ts';
import { dayAt, dayNumber } from '../../core/calendar/index.ts';
import { cite, describeValue, type Law, type Rule } from '../../core/law/index.ts';

/** Who asks: a customer that is not known may be either. */
export type Customer = 'unknown' | 'business' | 'consumer';

/** One dated value of one rule, in words that any engine of rules has: it holds for events of these days. */
export interface Clause {
  rule: string;
  from: number; // days since 1970-01-01, the first
  before: number; // the first day on which it no longer holds
  customer: Customer; // `unknown`: for every customer
  says: string; // the value and where it comes from, in Russian
}

/** What may be asked about: a duty or a category of one operator, with all clauses that speak of it. */
export interface Subject {
  id: string; // `qsockets due access.answer`
  operator: string;
  kind: 'due' | 'keep';
  about: string;
  clauses: Clause[];
}

/** Which rules apply to this record, whose event lies on this day? */
export interface Question {
  subject: Pick<Subject, 'id' | 'operator' | 'kind' | 'about'>;
  day: Temporal.PlainDate;
  number: number; // the same day as a number
  customer: Customer;
}

const first = dayNumber(Temporal.PlainDate.from('2022-01-10'));
const days = 1900; // to the spring of 2027: the terms end inside the years that have a calendar
const never = 1_000_000;

/**
 * The duties of an operator and the categories that it keeps. Without those that count from the end of another rule: there the day that
 * decides is itself an answer, which the other engines cannot give.
 */
export function subjectsOf(name: string, law: Law): Subject[] {
  const groups = new Map<string, Rule[]>();
  const scheduled = new Set<string | null>(law.operator.schedules.map(({ category }) => category));
  for (const rule of law.rules()) {
    if (rule.oriStatus && !rule.oriStatus.includes(law.operator.oriStatus)) continue;
    for (const duty of rule.duties) put(groups, `${name} due ${duty}`, rule);
    if (scheduled.has(rule.category)) put(groups, `${name} keep ${rule.category}`, rule);
  }
  return [...groups]
    .filter(([, rules]) => rules.every((rule) => rule.after === null))
    .map(([id, rules]) => {
      const [operator, kind, about] = id.split(' ') as [string, 'due' | 'keep', string];
      return { id, operator, kind, about, clauses: rules.flatMap(clausesOf) };
    });
}

function put(groups: Map<string, Rule[]>, id: string, rule: Rule): void {
  groups.set(id, [...(groups.get(id) ?? []), rule]);
}

function clausesOf(rule: Rule): Clause[] {
  return rule.values.map((value, index) => {
    const next = rule.values[index + 1];
    const ends = [value.until ? dayNumber(value.until) + 1 : never, next ? dayNumber(next.from) : never];
    return {
      rule: rule.id,
      from: dayNumber(value.from),
      before: Math.min(...ends),
      customer: rule.customer ?? 'unknown',
      says: `${describeValue(rule, value)}: ${cite(value.cite, 'ru')}`,
    };
  });
}

/** So many questions, all different while there are different ones, in an order that is always the same. */
export function questionsOf(subjects: Subject[], count: number): Question[] {
  const questions: Question[] = [];
  let seed = 42;
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  while (questions.length < count) {
    const subject = subjects[below(subjects.length)] as Subject;
    const number = first + below(days);
    const customer =
      subject.kind === 'keep' ? 'unknown' : ((['unknown', 'business', 'consumer'] as const)[below(3)] as Customer);
    const day = dayAt(number);
    const question: Question = { subject, day, number, customer };
    if (applying(subject, question).length > 0) questions.push(question);
  }
  return questions;
}

/** The clauses that hold for a question, found by looking at all of them. */
export function applying(subject: Subject, { number, customer }: Question): Clause[] {
  return subject.clauses.filter(
    (clause) =>
      clause.from <= number &&
      number < clause.before &&
      (clause.customer === 'unknown' || customer === 'unknown' || clause.customer === customer),
  );
}
