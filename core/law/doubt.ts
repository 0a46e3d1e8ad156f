import type { Temporal } from '../base/index.ts';
import { dayNumber } from '../calendar/index.ts';
import type { Pack } from './pack.ts';
import { type Anchor, type End, endOf, type TermContext } from './term.ts';
import type { DatedValue, Doubt, Keep, Rule } from './types.ts';

/*
 * Values of certainty D. They are applied and shown, and before something irreversible is done by one of them a person
 * decides about it, once: a line of `settles.yaml` under the name of its finding.
 */

/** Is somebody to decide about a value, or about whether it reaches running periods? */
export function isDoubtful({ cite, transition, items }: DatedValue): boolean {
  return cite.certainty === 'D' || transition === 'D' || Boolean(items?.some(({ certainty }) => certainty === 'D'));
}

/** The name of its finding: the first doubtful value of a rule bears the rule's name, a later one also its own day. */
export function doubtName(rule: Rule, value: DatedValue): string {
  const first = rule.values.find(isDoubtful);
  return `certainty.${rule.id}${first === value ? '' : `.${value.from}`}`;
}

/** The doubtful value that a term rests on, its own or the one its beginning is counted from; null where all are surer. */
export function doubtOf(
  pack: Pack,
  { rule, value, cite }: End,
  anchor: Anchor,
  asOf?: { asOf: Temporal.PlainDate },
): Doubt | null {
  if (cite.certainty === 'D') {
    const finding = doubtName(rule, value);
    return { finding, decidedOn: decidedOn(pack, finding) };
  }
  const before = rule.after ? pack.rules.get(rule.after) : undefined;
  const context: TermContext = { calendar: pack.calendar, zone: pack.calendar.zone, rules: pack.rules };
  const end = before && endOf(before, anchor, context, asOf);
  return end ? doubtOf(pack, end, anchor, asOf) : null;
}

/** Two decisions about one finding are none. */
function decidedOn({ settlements }: Pack, finding: string): Temporal.PlainDate | null {
  const [one, ...more] = settlements.filter((settlement) => settlement.finding === finding);
  return one && more.length === 0 ? one.on : null;
}

/**
 * The first day on which a record may be destroyed: `destroyFrom`, and where that rests on a doubtful value not before
 * the day of the decision. Null while nobody has decided: the record is frozen.
 */
export function goesFrom({ destroyFrom, doubt }: Pick<Keep, 'destroyFrom' | 'doubt'>): Temporal.PlainDate | null {
  if (!doubt) return destroyFrom;
  if (!doubt.decidedOn) return null;
  return dayNumber(doubt.decidedOn) > dayNumber(destroyFrom) ? doubt.decidedOn : destroyFrom;
}
