import { Refusal, Temporal } from '../../base/index.ts';
import { startOf } from '../../calendar/index.ts';
import type { Law } from '../../law/index.ts';
import { covers } from '../../retention/index.ts';
import { createDuties } from './duties.ts';
import { createEditions } from './editions.ts';
import { type Draft, type Entry, inOrder } from './entries.ts';
import { createLives } from './lives.ts';
import { createPayments } from './payments.ts';
import { createProjects } from './projects.ts';
import { createRecords } from './records.ts';
import type { Scenario, ScenarioFact } from './scenario.ts';
import type { Coming, Told } from './told.ts';
import { whoseIs } from './whose.ts';

/** A fact that cannot be told where it stands: its place in the scenario, and why. */
export type Wrong = (place: number, reason: string) => Error;

/**
 * What follows from the facts of a scenario, up to the end of its last day: duties, the life of accounts, editions, paid
 * periods, the terms of records. Accounts go on by themselves, as in the running service when nobody is faster: each
 * step on the first day on which it may be taken, the erasure with the first minute of its last day. The facts of the
 * scenario come first where both fall on one instant.
 *
 * Pure: the same scenario and the same packs give the same timeline.
 *
 * @throws Error of `wrong` for a fact that cannot follow those before it
 */
export function timelineOf(law: Law, scenario: Scenario, wrong: Wrong): Entry[] {
  const drafts: Draft[] = [];
  const note = (draft: Draft): void => void drafts.push(draft);
  const end = startOf(scenario.until.add({ days: 1 }), law.zone);
  const types = new Map(law.facts().map((type) => [type.fact, type]));
  const whose = whoseIs(scenario, types);

  const holdsOf = (category: string, about: string, subject: string | null) =>
    scenario.holds.filter(
      (hold) =>
        (hold.about === about || (subject !== null && whose.ofAccount(hold.about) === subject)) &&
        (hold.categories.length === 0 || covers(hold.categories, category)),
    );
  const duties = createDuties(law, note);
  const payments = createPayments(law, note);
  const projects = createProjects(note);
  const records = createRecords(law, note, holdsOf);
  const editions = createEditions(law, note, ({ place }, reason) => wrong(place ?? 0, reason));
  const lives = createLives({
    ...{ law, note, ofAccount: whose.ofAccount, paidUntil: payments.paidUntil },
    heldUntil(category, about, subject, on) {
      const ends = holdsOf(category, about, subject).map(({ until }) => until);
      return (
        ends
          .filter((day) => Temporal.PlainDate.compare(day, on) >= 0)
          .sort(Temporal.PlainDate.compare)
          .at(-1) ?? null
      );
    },
    tells: (fact, about, at) =>
      scenario.facts.some(
        (one) => one.fact === fact && one.about === about && Temporal.Instant.compare(one.at, at) >= 0,
      ),
  });

  function hear(fact: Told): void {
    duties.hear(fact);
    records.hear(fact);
    editions.hear(fact);
    payments.hear(fact);
    projects.hear(fact);
    for (const following of lives.hear(fact)) hear(following);
  }

  function tell(fact: ScenarioFact): void {
    const { fact: name, about, at, fields, place } = fact;
    const aboutKind = types.get(name)?.about ?? '';
    try {
      hear({ name, about, aboutKind, subject: whose.of(fact), at, toldAt: at, fields, place });
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'account.wrong-state') throw error;
      throw wrong(place, `${name}: the account ${about} is ${error.details.from} at that time`);
    }
  }

  const queue = scenario.facts.toSorted((a, b) => Temporal.Instant.compare(a.at, b.at));
  let now = queue[0]?.at ?? end;
  while (Temporal.Instant.compare(now, end) < 0) {
    const coming = earlier(payments.next(), lives.next(now));
    const [fact] = queue;
    if (fact && (!coming || Temporal.Instant.compare(fact.at, coming.at) <= 0)) {
      queue.shift();
      now = fact.at;
      if (Temporal.Instant.compare(now, end) < 0) tell(fact);
    } else if (coming) {
      now = coming.at;
      if (Temporal.Instant.compare(now, end) < 0) coming.take().forEach(hear);
    } else break;
  }
  duties.close();
  records.close(lives.erasedOn);
  editions.close();
  return inOrder(drafts, end, law.zone);
}

function earlier(a: Coming | null, b: Coming | null): Coming | null {
  if (!a || !b) return a ?? b;
  return Temporal.Instant.compare(a.at, b.at) <= 0 ? a : b;
}
