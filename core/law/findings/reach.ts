import { Refusal, Temporal } from '../../base/index.ts';
import { cite } from '../cite.ts';
import { anchorOf, describeValue, endOf } from '../term.ts';
import type { DatedValue, Rule } from '../types.ts';
import { type Found, type Lint, listed, namesOfRules } from './lint.ts';

/** A duty with a term that no fact opens and that nobody says is asked for: its term never begins. */
export function dutiesNeverOpened(lint: Lint): Found[] {
  const { pack } = lint;
  return [...pack.duties.values()]
    .filter((duty) => duty.opens.length === 0 && !duty.asked)
    .flatMap((duty): Found[] => {
      const rules = pack.byDuty.get(duty.id) ?? [];
      if (rules.length === 0) return [];
      return [
        {
          id: `unreachable.${duty.id}`,
          inventory: namesOfRules(...rules),
          severity: 'warning',
          rule: duty.id,
          clauses: [...new Set(rules.flatMap(citesOf))],
          apply: 'Срок вычисляется, только если о нём спросить; сам он не начнётся.',
          why: `«${duty.title}»: ни один факт не открывает эту обязанность.`,
          settle: 'Назовите факт в taxonomy/duties.yaml (opens) или кто и когда её спрашивает (asked).',
        },
      ];
    });
}

/** A rule that counts from facts none of which opens its duty. */
export function startsNeverMet(lint: Lint): Found[] {
  const { pack } = lint;
  const titleOf = (fact: string) => `«${pack.facts.get(fact)?.title ?? fact}»`;
  return [...pack.rules.values()].flatMap((rule) =>
    rule.duties.flatMap((id): Found[] => {
      const duty = pack.duties.get(id);
      const opens = duty?.opens.map(({ fact }) => fact) ?? [];
      if (!duty || rule.after || rule.starts.length === 0 || opens.length === 0) return [];
      if (rule.starts.some((fact) => opens.includes(fact))) return [];
      return [
        {
          id: `start-never-met.${rule.id}`,
          inventory: namesOfRules(rule),
          severity: 'warning',
          rule: rule.id,
          clauses: citesOf(rule),
          apply: 'Срок считается от факта, который открыл обязанность.',
          why: `«${rule.title}»: срок назван от события ${listed(rule.starts.map(titleOf))}, а обязанность «${duty.title}» открывает ${listed(opens.map(titleOf))}.`,
          settle: 'Исправьте starts правила или opens обязанности.',
        },
      ];
    }),
  );
}

/** A dated value under which no term can ever end: the next one reaches all that began under it. */
export function valuesNeverApplied(lint: Lint): Found[] {
  return [...lint.pack.rules.values()].flatMap((rule) =>
    rule.values.flatMap((value, at): Found[] => {
      const next = rule.values[at + 1];
      if (!next || !isOvertaken(lint, rule, at, next)) return [];
      return [
        {
          id: `value-never-applied.${rule.id}.${value.from}`,
          inventory: namesOfRules(rule),
          severity: 'warning',
          rule: rule.id,
          clauses: [cite(value.cite, 'ru'), cite(next.cite, 'ru')],
          apply: `Применяется следующее значение: ${describeValue(rule, next)}.`,
          why: `«${rule.title}»: по значению от ${value.from} (${describeValue(rule, value)}) ни один срок не кончится — все они ещё идут ${next.from}, когда начинает действовать следующее.`,
          settle: 'Сверьте дни вступления в силу или порядок действия (governs) обоих значений.',
        },
      ];
    }),
  );
}

/** Even the first term that begins under the value still runs when the next one reaches the running terms. */
function isOvertaken({ pack }: Lint, rule: Rule, at: number, next: DatedValue): boolean {
  if (next.governs !== 'open' || rule.after) return false;
  const value = rule.values[at] as DatedValue;
  const alone: Rule = { ...rule, values: [value] };
  const { zone } = pack.calendar;
  try {
    const end = endOf(alone, anchorOf(value.from, zone), { calendar: pack.calendar, zone, rules: pack.rules });
    return Boolean(end?.last && Temporal.PlainDate.compare(end.last, next.from) >= 0);
  } catch (error) {
    // A year without a calendar: nothing can be said about it.
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** A rule that begins where another one ends, which has no last day, or never speaks when this one does. */
export function chainsWithoutEnd(lint: Lint): Found[] {
  const { pack } = lint;
  return [...pack.rules.values()].flatMap((rule): Found[] => {
    const before = rule.after ? pack.rules.get(rule.after) : undefined;
    if (!before) return [];
    const endless = before.values.every((value) => value.items !== null || value.period?.hours !== undefined);
    const apart = Boolean(
      before.oriStatus && !(rule.oriStatus ?? []).some((status) => before.oriStatus?.includes(status)),
    );
    if (!endless && !apart) return [];
    return [
      {
        id: `chain-without-end.${rule.id}`,
        inventory: namesOfRules(rule),
        severity: 'error',
        rule: rule.id,
        clauses: [...citesOf(rule), ...citesOf(before)],
        apply: 'Правило молчит: его срок не начинается.',
        why: `«${rule.title}» считается от конца правила «${before.title}», ${endless ? 'у которого нет последнего дня' : 'которое при этом статусе оператора не действует'}.`,
        settle: 'Исправьте after: правило должно кончаться днём и действовать при том же статусе.',
      },
    ];
  });
}

function citesOf(rule: Rule): string[] {
  return [...new Set(rule.values.map((value) => cite(value.cite, 'ru')))];
}
