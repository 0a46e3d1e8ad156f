import { Refusal, type Temporal } from '../../base/index.ts';
import { cite } from '../cite.ts';
import { dueOf } from '../due.ts';
import { keepOf } from '../keep.ts';
import { type End, stepOf } from '../term.ts';
import type { LawStep, Rule } from '../types.ts';
import { endsOn, type Found, isLater, type Lint, lawClause, namesOfRules, withTodaysLaw } from './lint.ts';

type Day = Temporal.PlainDate;

const clauseOf = (end: End) => cite(end.cite, 'ru');
const textOf = (end: End) => stepOf(end, null).value;
const said = (step: LawStep) => `${step.value} (${cite(step.cite, 'ru')})`;

/** Statements of an operator that lead to different days for one duty or one category. */
export function documentsThatDiffer(today: Lint): Found[] {
  const lint = withTodaysLaw(today);
  const found: Found[] = [];
  for (const [category, rules] of lint.pack.byCategory) found.push(...differing(lint, category, rules, 'keep'));
  for (const [duty, rules] of lint.pack.byDuty) {
    for (const direction of ['at-most', 'at-least'] as const) {
      const bound = rules.filter((rule) => rule.direction === direction);
      found.push(...differing(lint, duty, bound, direction));
    }
  }
  return found;
}

function differing(lint: Lint, key: string, rules: Rule[], bound: 'keep' | Rule['direction']): Found[] {
  const own = rules.filter((rule) => rule.layer === 'operator' && !rule.after);
  if (own.length < 2) return [];
  for (const day of lint.days) {
    const ends = endsOn(lint, own, day).sort((a, b) => (isLater(a, b) ? 1 : -1));
    const [first] = ends;
    const last = ends.at(-1);
    if (!first || !last || !isLater(last, first)) continue;
    const step = bound === 'keep' ? keptFor(lint, key, day) : boundOf(lint, key, day, bound);
    if (!step) continue;
    const clauses = [...new Set(ends.map(clauseOf))];
    const terms = ends.map((end) => `${textOf(end)} (${clauseOf(end)})`).join(', ');
    return [
      {
        id: `documents-differ.${key}`,
        inventory: namesOfRules(...ends.map((end) => end.rule)),
        severity: bound === 'keep' ? 'error' : 'warning',
        rule: (bound === 'at-least' ? last : first).rule.id,
        // One clause that can be read in two ways: the other side is the law that says how to count.
        clauses: clauses.length > 1 ? clauses : [...clauses, ...lawClause(lint, 'ru.civil-code.counting')],
        apply: `Применяется более строгое: ${said(step)}.`,
        why:
          clauses.length > 1
            ? `Документы оператора расходятся: ${terms}.`
            : `Пункт можно прочесть по-разному: ${ends.map(textOf).join(' или ')}.`,
        settle:
          clauses.length > 1
            ? 'Приведите документы к одному сроку и внесите его в пакет; до новой редакции подтвердите в settles.yaml, что действует более строгий.'
            : 'Уточните формулировку в новой редакции или подтвердите в settles.yaml, что действует более строгое чтение.',
      },
    ];
  }
  return [];
}

const customers = {
  consumer: { to: 'Потребителю', when: 'когда заказчик — потребитель' },
  business: { to: 'Организации и предпринимателю', when: 'когда заказчик — организация или предприниматель' },
};

/** May a promise be made to a customer of this kind? */
function isFor(promise: Rule, customer: Rule['customer']): boolean {
  return !customer || !promise.customer || promise.customer === customer;
}

/** A promise that gives the operator more time, or the person less notice, than the law. */
export function looserPromises(today: Lint): Found[] {
  const lint = withTodaysLaw(today);
  const found = new Map<string, Found>();
  for (const [duty, rules] of lint.pack.byDuty) {
    for (const direction of ['at-most', 'at-least'] as const) {
      const bound = rules.filter((rule) => rule.direction === direction);
      for (const day of lint.days) {
        const ends = endsOn(lint, bound, day);
        const looser = (promise: End, law: End) =>
          direction === 'at-most' ? isLater(promise, law) : isLater(law, promise);
        for (const promise of ends.filter((end) => end.rule.layer === 'operator')) {
          const id = `promise-looser.${promise.rule.id}`;
          const stricter = ends.filter(
            (end) => end.rule.layer === 'law' && isFor(promise.rule, end.rule.customer) && looser(promise, end),
          );
          const law = stricter.find(({ rule }) => !rule.customer) ?? stricter[0];
          // A promise to everybody that the law forbids towards some: it is no breach before one of them has come.
          const some = law?.rule.customer && !promise.rule.customer ? customers[law.rule.customer] : null;
          const known = found.get(id);
          if (!law || (known && (some || known.severity === 'error'))) continue;
          const step = boundOf(lint, duty, day, direction);
          if (!step) continue;
          found.set(id, {
            id,
            inventory: namesOfRules(promise.rule),
            severity: some ? 'warning' : 'error',
            rule: promise.rule.id,
            clauses: [clauseOf(promise), clauseOf(law)],
            apply: some
              ? `${some.to} и тому, чей вид не известен, — ${said(step)}; остальным — обещанное.`
              : `Применяется ${said(step)}.`,
            why: `Обещание (${textOf(promise)}) мягче закона (${textOf(law)}): «${lint.pack.duties.get(duty)?.title}»${some ? `, ${some.when}` : ''}.`,
            settle:
              'Исправьте срок в документе и в promises.yaml; до новой редакции подтвердите в settles.yaml, что действует закон.',
          });
        }
      }
    }
  }
  return [...found.values()];
}

/** Promises of one step, equally long, that different documents count from different events. */
export function startsThatDiffer({ pack }: Lint): Found[] {
  const promises = [...pack.rules.values()].filter((rule) => rule.role === 'promise' && rule.duties.length > 0);
  const endsWith = (rule: Rule) => [...new Set(rule.duties.flatMap((id) => pack.duties.get(id)?.discharged ?? []))];
  const factTitle = (fact: string) => `«${pack.facts.get(fact)?.title ?? fact}»`;
  return promises.flatMap((one, at) =>
    promises.slice(at + 1).flatMap((other): Found[] => {
      const [a, b] = [one.values[0], other.values[0]];
      const step = endsWith(one);
      const sameStep = step.length > 0 && step.toSorted().join() === endsWith(other).toSorted().join();
      const sameTerm = one.direction === other.direction && JSON.stringify(a?.period) === JSON.stringify(b?.period);
      const sameStart = one.starts.toSorted().join() === other.starts.toSorted().join();
      if (!a || !b || !sameStep || !sameTerm || sameStart || one.after || other.after) return [];
      const [left, right] = [documentsOf(a.cite.clause), documentsOf(b.cite.clause)];
      if (left.join() === right.join()) return [];
      return [
        {
          id: `starts-differ.${[one.id, other.id].sort()[0]}`,
          inventory: namesOfRules(one, other),
          severity: 'info',
          rule: one.id,
          clauses: [cite(a.cite, 'ru'), cite(b.cite, 'ru')],
          apply: 'Срок считается от каждого из этих событий; применяется тот, что кончается раньше.',
          why: `Документы начинают один срок по-разному: ${one.starts.map(factTitle).join(', ')} и ${other.starts.map(factTitle).join(', ')}.`,
          settle: 'Назовите в обоих документах одно начало срока или подтвердите применение в settles.yaml.',
        },
      ];
    }),
  );
}

/** The documents that a clause names: «Оферта 8.3.1; Политика 8» are two. */
function documentsOf(clause = ''): string[] {
  return [...new Set(clause.split(';').map((part) => part.trim().split(/[\s,]/)[0] as string))].sort();
}

/** The law asks to keep longer than the law allows. */
export function ceilingsUnderFloors(today: Lint): Found[] {
  const lint = withTodaysLaw(today);
  return perCategory(lint, (category, ends, day) => {
    const floors = ends.filter((end) => end.rule.layer === 'law' && end.rule.direction === 'at-least');
    const ceilings = ends.filter((end) => end.rule.layer === 'law' && end.rule.direction === 'at-most');
    for (const floor of floors) {
      const ceiling = ceilings.find((end) => isLater(floor, end));
      if (!ceiling) continue;
      return [
        {
          ...{
            id: `ceiling-under-floor.${category}`,
            inventory: namesOfRules(floor.rule, ceiling.rule),
            severity: 'error',
          },
          rule: ceiling.rule.id,
          clauses: [clauseOf(floor), clauseOf(ceiling)],
          ...applied(lint, category, day),
          why: `${titleOf(lint, category)}: предел хранения (${textOf(ceiling)}) короче обязательного срока (${textOf(floor)}).`,
          settle: 'Сверьте оба значения с законом: ошибка — в одном из пакетов законов.',
        },
      ];
    }
    return [];
  });
}

/** A term of the operator that is shorter than the law asks to keep: it never wins. */
export function termsUnderFloors(today: Lint): Found[] {
  const lint = withTodaysLaw(today);
  return perCategory(lint, (category, ends, day) => {
    const floors = ends.filter((end) => end.rule.layer === 'law' && end.rule.direction === 'at-least');
    return ends
      .filter((end) => end.rule.layer === 'operator')
      .flatMap((own): Found[] => {
        const floor = floors.find((end) => isLater(end, own));
        if (!floor) return [];
        return [
          {
            ...{ id: `schedule-under-floor.${own.rule.id}`, inventory: namesOfRules(own.rule), severity: 'error' },
            rule: own.rule.id,
            clauses: [clauseOf(own), clauseOf(floor)],
            ...applied(lint, category, day),
            why: `${titleOf(lint, category)}: срок оператора (${textOf(own)}) короче обязательного (${textOf(floor)}).`,
            settle: 'Исправьте срок в документе и в пакете; до этого подтвердите в settles.yaml, что действует закон.',
          },
        ];
      });
  });
}

/** A term of the operator that is longer than the law lets a category be kept. */
export function termsOverCeilings(today: Lint): Found[] {
  const lint = withTodaysLaw(today);
  return perCategory(lint, (category, ends, day) => {
    const ceilings = ends.filter((end) => end.rule.layer === 'law' && end.rule.direction === 'at-most');
    return ends
      .filter((end) => end.rule.layer === 'operator')
      .flatMap((own): Found[] => {
        const ceiling = ceilings.find((end) => isLater(own, end));
        if (!ceiling) return [];
        return [
          {
            ...{ id: `over-ceiling.${own.rule.id}`, inventory: namesOfRules(own.rule), severity: 'error' },
            rule: own.rule.id,
            clauses: [clauseOf(own), clauseOf(ceiling)],
            ...applied(lint, category, day),
            why: `${titleOf(lint, category)}: ${textOf(own)} — дольше, чем допускает закон (${textOf(ceiling)}).`,
            settle:
              'Сократите срок в документе и в пакете; дольше данные хранит только запрет уничтожения по отдельному основанию.',
          },
        ];
      });
  });
}

/** Looks at the ends of every category on the sample days; the first day on which a finding appears stands for it. */
function perCategory(lint: Lint, look: (category: string, ends: End[], day: Day) => Found[]): Found[] {
  const found = new Map<string, Found>();
  for (const [category, rules] of lint.pack.byCategory) {
    for (const day of lint.days) {
      for (const one of look(category, endsOn(lint, rules, day), day)) {
        if (!found.has(one.id)) found.set(one.id, one);
      }
    }
  }
  return [...found.values()];
}

function applied(lint: Lint, category: string, day: Day): Pick<Found, 'apply'> {
  const step = keptFor(lint, category, day);
  return {
    apply: step ? `Применяется ${said(step)}.` : 'Ничего из этой категории не уничтожается: срок не вычислить.',
  };
}

function titleOf({ pack }: Lint, category: string): string {
  return pack.categories.get(category)?.title ?? category;
}

/** What the engine keeps a category for: the linter never says it in its own words. */
function keptFor({ pack }: Lint, category: string, day: Day): LawStep | null {
  return asked(() => keepOf(pack, category, { from: day }).because.winner);
}

/** What the engine takes for a duty: the winner, or for a first day the strictest of the bounds that hold it back. */
function boundOf({ pack }: Lint, duty: string, day: Day, direction: Rule['direction']): LawStep | null {
  const due = asked(() => dueOf(pack, duty, { from: day }));
  if (!due) return null;
  const steps = [due.because.winner, ...due.because.losers].filter(
    (step) => pack.rules.get(step.rule)?.direction === direction,
  );
  return direction === 'at-most'
    ? due.because.winner
    : (steps.find((step) => step.on && due.mayFrom?.equals(step.on)) ?? null);
}

function asked<T>(question: () => T): T | null {
  try {
    return question();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}
