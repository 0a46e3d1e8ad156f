import { Temporal } from '../base/index.ts';
import { dayOf, startOf } from '../calendar/index.ts';
import { afterPaidTime, type Because, type Due, type Law, type LawStep } from '../law/index.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

/** What the next step of a life cycle depends on. */
export interface Life {
  state: string;
  blockGround: string | null;
  lastActiveOn: Day;
  noticedAt: Instant | null;
  blockedAt: Instant | null;
}

/** A step and the first day on which it may be taken. */
export interface Step {
  step: 'notice' | 'block' | 'end';
  on: Day;
  by: Day | null; // the last day of what the step leads to, where the operator promised one
  because: Because;
}

const laterOf = (a: Day, b: Day): Day => (Temporal.PlainDate.compare(a, b) >= 0 ? a : b);

/**
 * The next step that inactivity leads to, or null when it leads to none (also for an operator whose accounts have no
 * such life cycle). The law says the days; paid time that still
 * runs puts a step off (the person has paid for access, active or not).
 *
 * @param paidUntil the last paid day, or null
 */
export function nextStep(life: Life, law: Law, paidUntil: Day | null = null): Step | null {
  if (!law.operator.inactivity) return null;
  if (life.state === 'active') return step('notice', law, 'inactivity.notice', life.lastActiveOn, paidUntil);
  if (life.state === 'noticed' && life.noticedAt) {
    return step('block', law, 'inactivity.block', life.noticedAt, paidUntil);
  }
  if (life.state === 'blocked' && life.blockGround === 'inactivity' && life.blockedAt) {
    const end = step('end', law, 'inactivity.erase', life.blockedAt, paidUntil);
    // The letter of the block is also the notice of termination: no erasure while the contract is alive.
    const termination = law.due('termination.effective', { from: life.blockedAt }).mayFrom;
    return termination ? { ...end, on: laterOf(end.on, termination) } : end;
  }
  return null;
}

function step(name: Step['step'], law: Law, duty: string, from: Day | Instant, paidUntil: Day | null): Step {
  const due = law.due(duty, { from });
  // A step without a day would be taken never; the packs are checked for this when they are loaded.
  if (!due.mayFrom) throw new Error(`The duty ${duty} names no first day; the operator's pack must give it one.`);
  const on = afterPaidTime(due.mayFrom, paidUntil);
  return { step: name, on, by: due.dueOn, because: opening(due, law) };
}

/** Why the step may be taken from its first day: where a last day follows too, it is not what opens the step. */
function opening({ mayFrom, because }: Due, law: Law): Because {
  const opens = ({ rule, on }: LawStep) =>
    law.rule(rule).direction === 'at-least' && mayFrom !== null && on?.equals(mayFrom) === true;
  const winner = opens(because.winner) ? because.winner : because.losers.find(opens);
  if (!winner || winner === because.winner) return because;
  const { why: _, ...opener } = winner;
  return { ...because, winner: opener, losers: [because.winner, ...because.losers.filter((step) => step !== winner)] };
}

/** The last moment of the contract when it ends by itself on the eve of `on`: 24:00 of the day before. */
export function endOfEve(on: Day, zone: string): Instant {
  return startOf(on, zone).subtract({ milliseconds: 1 });
}

/** The days that the letter about a block names: until when the person may come back, and by when the data are gone. */
export function afterBlock(blockedAt: Instant, law: Law): { endsOn: Day; eraseFrom: Day; eraseBy: Day } {
  const blockedOn = dayOf(blockedAt, law.zone);
  const life = { state: 'blocked', blockGround: 'inactivity', blockedAt, noticedAt: null, lastActiveOn: blockedOn };
  const end = nextStep(life, law) as Step;
  const ends = endOfEve(end.on, law.zone);
  const promised = law.due('account-deleted.erase', { from: ends }).dueOn;
  return { endsOn: dayOf(ends, law.zone), eraseFrom: end.on, eraseBy: promised ?? end.by ?? end.on };
}
