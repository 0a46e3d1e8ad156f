import { expect } from 'chai';
import fc from 'fast-check';
import { Temporal } from '../../core/base/index.ts';
import { type Entry, type Scenario, timelineOf } from '../../core/cli/timeline/index.ts';
import { type FactType, type Law, loadLaw } from '../../core/law/index.ts';
import { misfits } from './run.ts';

const root = new URL('../../policies/', import.meta.url);
const operators = ['qsockets', 'chat2desk', 'x-keeper', 'activecloud'];

class Wrong extends Error {}
const wrong = (place: number, reason: string): Error => new Wrong(`${place}: ${reason}`);

/** The timeline, or null where the facts contradict one another. */
function play(law: Law, scenario: Scenario): Entry[] | null {
  try {
    return timelineOf(law, scenario, wrong);
  } catch (error) {
    if (error instanceof Wrong) return null;
    throw error;
  }
}

const start = Temporal.Instant.from('2024-01-01T00:00:00+03:00');

/** A value for every field that a fact needs, and sometimes for one that it may have. */
function fieldsOf(type: FactType): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(type.fields).map(([name, { type: kind, values, required }]) => {
    const value: fc.Arbitrary<unknown> = values
      ? fc.constantFrom(...values)
      : kind === 'number'
        ? fc.constantFrom(1, 12)
        : kind === 'day'
          ? fc.constant('2031-01-01')
          : fc.constant('x');
    return [name, required ? value : fc.option(value, { nil: undefined })] as const;
  });
  return fc
    .record(Object.fromEntries(fields))
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
}

function scenarios(law: Law): fc.Arbitrary<Scenario> {
  const fact = fc.constantFrom(...law.facts()).chain((type) =>
    fc.record({
      fact: fc.constant(type.fact),
      about: fc.constantFrom(`${type.about}-1`, `${type.about}-2`),
      // No two facts at one instant: their order would decide.
      hour: fc.integer({ min: 0, max: 3 * 365 * 24 }),
      subject: fc.constantFrom(null, null, 'account-1', 'sub-2'),
      fields: fieldsOf(type),
    }),
  );
  return fc.uniqueArray(fact, { minLength: 1, maxLength: 12, selector: ({ hour }) => hour }).map((facts) => ({
    operator: law.operator.id,
    until: Temporal.PlainDate.from('2030-12-31'),
    facts: facts.map(({ hour, ...told }, place) => ({ ...told, at: start.add({ hours: hour }), place })),
    holds: [],
  }));
}

describe('the timeline of whatever facts', () => {
  const laws: Law[] = [];
  before(async () => {
    for (const operator of operators) laws.push(await loadLaw({ root, operator }));
  });

  const whatever = (check: (law: Law, scenario: Scenario, entries: Entry[]) => void): void => {
    for (const law of laws) {
      fc.assert(
        fc.property(scenarios(law), (scenario) => {
          const entries = play(law, scenario);
          if (entries) check(law, scenario, entries);
        }),
        { numRuns: 60, seed: 20261120 },
      );
    }
  };

  it('is in order, in shape, and ends with the last day, for every operator', () => {
    whatever((_law, _scenario, entries) => {
      const keys = entries.map(({ at, kind, about }) => `${String(Date.parse(at)).padStart(15, '0')} ${kind} ${about}`);
      expect(keys).to.deep.equal(keys.toSorted());
      expect(misfits('timeline', JSON.parse(JSON.stringify({ entries })))).to.deep.equal([]);
      for (const { on, at } of entries) {
        expect(at.startsWith(String(on))).to.equal(true);
        expect(String(on) <= '2030-12-31').to.equal(true);
      }
    });
  });

  it('does not depend on the order in which the file lists the facts', () => {
    whatever((law, scenario, entries) => {
      const plain = (lines: readonly Entry[] | null) => lines?.map((line) => JSON.stringify(line)).sort();
      expect(plain(play(law, { ...scenario, facts: scenario.facts.toReversed() }))).to.deep.equal(plain(entries));
    });
  });

  it('tells of no end that comes before its beginning', () => {
    whatever((_law, _scenario, entries) => {
      for (const { kind, from, to, about } of entries) {
        if (kind !== 'state' && from && to) expect(from <= to, `${kind} ${about} ${from} ${to}`).to.equal(true);
      }
      const opened = entries.filter(({ kind }) => kind === 'opened').length;
      for (const kind of ['due', 'discharged', 'overdue']) {
        expect(entries.filter((entry) => entry.kind === kind).length).to.be.at.most(opened);
      }
    });
  });

  it('foretells the same beginning, however far it looks', () => {
    whatever((law, scenario, entries) => {
      const until = Temporal.PlainDate.from('2027-06-30');
      const sooner = play(law, { ...scenario, until })?.map((line) => JSON.stringify(line));
      const same = entries.filter(({ on }) => Temporal.PlainDate.compare(on, until) <= 0);
      expect(sooner).to.deep.equal(same.map((line) => JSON.stringify(line)));
    });
  });
});
