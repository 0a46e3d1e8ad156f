import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { Refusal, Temporal } from '../../core/base/index.ts';
import { dayOf, startOf } from '../../core/calendar/index.ts';
import { openPolicies, type Reader } from '../../core/law/files.ts';
import { type Due, type HoldDays, type Keep, type Law, loadLaws, type Rule } from '../../core/law/index.ts';
import { createLaw } from '../../core/law/load.ts';
import { type Pack, readPack } from '../../core/law/pack.ts';
import { anchorOf, endOf } from '../../core/law/term.ts';

const root = fileURLToPath(new URL('../../policies/', import.meta.url));
const reader = await openPolicies(root);
const operators = await reader.operators();
const packs = new Map<string, Pack>();
for (const name of operators) packs.set(name, await readPack(root, name, reader));
const laws = await loadLaws({ root });

type Day = Temporal.PlainDate;
const compare = Temporal.PlainDate.compare;
const first = Temporal.PlainDate.from('2021-12-01');
const packOf = (name: string) => packs.get(name) as Pack;
const lawOf = (name: string) => laws.get(name) as Law;

const anyOperator = fc.constantFrom(...operators);
/** The years that have a calendar, and the days around every boundary of the law more often than others. */
const boundaries = lawOf('qsockets')
  .boundaries()
  .filter((day) => day.year < 2028)
  .flatMap((day) => [-1, 0, 1].map((days) => day.add({ days })));
const anyDay = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 365 * 6 }).map((days) => first.add({ days })) },
  { weight: 1, arbitrary: fc.constantFrom(...boundaries) },
);
const duties = [...packOf('qsockets').duties.keys()];
const categories = [...new Set(operators.flatMap((name) => [...packOf(name).scheduleOf.keys()]))].sort();
const anyDuty = fc.constantFrom(...duties);
const anyCategory = fc.constantFrom(...categories);

/** The answer, or null where the law refuses in words. */
function asked<T>(question: () => T): T | null {
  try {
    return question();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** An answer as it is printed; a refusal by its code. */
function told(question: () => unknown): string {
  try {
    return JSON.stringify(question());
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

const leadsTo = ({ dueOn, mayFrom }: Due) => dueOn ?? mayFrom;
const midnightAfter = (day: Day) => startOf(day.add({ days: 1 }), 'Europe/Moscow');
const notBefore = (later: Day, earlier: Day, what: string) =>
  expect(compare(later, earlier), `${what}: ${later} comes before ${earlier}`).to.be.at.least(0);

/** A pack with one more rule, grouped as all others. */
function withRule(pack: Pack, rule: Rule): Pack {
  const added = (groups: Map<string, Rule[]>, keys: readonly string[]) => {
    const more = new Map(groups);
    for (const key of keys) more.set(key, [...(groups.get(key) ?? []), rule]);
    return more;
  };
  return {
    ...pack,
    rules: new Map([...pack.rules, [rule.id, rule]]),
    byDuty: added(pack.byDuty, rule.duties),
    byCategory: added(pack.byCategory, rule.category ? [rule.category] : []),
  };
}

/** A pack without the values that came into force after a day. */
function knownBy(pack: Pack, asOf: Day): Pack {
  const known = (rule: Rule): Rule => ({
    ...rule,
    values: rule.values.filter((value) => compare(value.from, asOf) <= 0),
  });
  const inGroups = (groups: Map<string, Rule[]>) => new Map([...groups].map(([key, rules]) => [key, rules.map(known)]));
  return {
    ...pack,
    rules: new Map([...pack.rules].map(([id, rule]) => [id, known(rule)])),
    byDuty: inGroups(pack.byDuty),
    byCategory: inGroups(pack.byCategory),
  };
}

/** A made-up rule of law with one value that has always been in force. */
function aRule(pack: Pack, part: Partial<Rule>, period: Rule['values'][number]['period']): Rule {
  const like = pack.rules.get('ru.152-fz.access.answer') as Rule;
  const value = { ...(like.values[0] as Rule['values'][number]), from: Temporal.PlainDate.from('1900-01-01'), period };
  return {
    ...like,
    id: 'zz.made-up',
    duties: [],
    category: null,
    after: null,
    counting: 'civil',
    values: [{ ...value, extension: null, until: null }],
    ...part,
  };
}

describe('an answer about a duty, whatever the operator, the duty and the day', () => {
  it('never lies before its event, and is late from the Moscow midnight after the last day', () => {
    fc.assert(
      fc.property(anyOperator, anyDuty, anyDay, (operator, duty, day) => {
        const due = asked(() => lawOf(operator).due(duty, { from: day }));
        if (!due) return;
        const leads = leadsTo(due);
        if (leads) notBefore(leads, day, duty);
        if (due.dueOn) expect(due.lateFrom?.toString()).to.equal(midnightAfter(due.dueOn).toString());
        else if (due.lateFrom)
          expect(Temporal.Instant.compare(due.lateFrom, startOf(day, 'Europe/Moscow'))).to.equal(1);
        if (due.outerOn) expect(compare(due.outerOn, due.dueOn as Day)).to.equal(1);
        expect(due.because.digest).to.equal(packOf(operator).digest);
        expect(due.because.citations.length).to.be.greaterThan(0);
      }),
      { numRuns: 400 },
    );
  });

  it('is the same for every instant of one Moscow day, unless it is counted in hours', () => {
    const second = fc.integer({ min: 0, max: 86_399 });
    fc.assert(
      fc.property(anyOperator, anyDuty, anyDay, second, (operator, duty, day, seconds) => {
        const at = startOf(day, 'Europe/Moscow').add({ seconds });
        fc.pre(dayOf(at, 'Europe/Moscow').equals(day));
        const whole = asked(() => lawOf(operator).due(duty, { from: day }));
        const exact = asked(() => lawOf(operator).due(duty, { from: at }));
        if (whole && !whole.dueOn && whole.lateFrom) return;
        expect(JSON.stringify(exact)).to.equal(JSON.stringify(whole));
      }),
      { numRuns: 200 },
    );
  });

  it('never leads a later event to an earlier day, unless the value of a rule changed between the two', () => {
    const changes = (pack: Pack, rules: readonly Rule[], from: Day, to: Day): boolean =>
      rules.some(
        (rule) =>
          (rule.after !== null && changes(pack, [pack.rules.get(rule.after) as Rule], from, to)) ||
          rule.values.some((value) =>
            [value.from, value.until?.add({ days: 1 })].some(
              (on) => on && compare(from, on) < 0 && compare(on, to) <= 0,
            ),
          ),
      );
    fc.assert(
      fc.property(anyOperator, anyDuty, anyDay, fc.integer({ min: 1, max: 40 }), (operator, duty, day, days) => {
        const pack = packOf(operator);
        const later = day.add({ days });
        fc.pre(!changes(pack, pack.byDuty.get(duty) ?? [], day, later));
        const [one, other] = [day, later].map((from) => asked(() => lawOf(operator).due(duty, { from })));
        const [before, after] = [one && leadsTo(one), other && leadsTo(other)];
        if (before && after) notBefore(after, before, `${duty} from ${day} and ${days} days later`);
      }),
      { numRuns: 400 },
    );
  });

  it('went back on one day only: since 1 September 2022 ten working days, where there had been thirty days', () => {
    const back = new Set<string>();
    const law = lawOf('qsockets');
    for (const { id } of law.dutyTypes()) {
      let before: Day | null = null;
      for (let day = first; day.year < 2027; day = day.add({ days: 1 })) {
        const due = asked(() => law.due(id, { from: day }));
        const leads = due && leadsTo(due);
        if (before && leads && compare(leads, before) < 0) back.add(`${id} ${day}`);
        before = leads;
      }
    }
    expect([...back].sort()).to.deep.equal([
      'access.answer 2022-09-01',
      'access.refuse 2022-09-01',
      'regulator.answer 2022-09-01',
      'request.answer 2022-09-01',
    ]);
  });

  it('sees no value that came into force after the day it is asked as of', () => {
    fc.assert(
      fc.property(anyOperator, anyDuty, anyDay, fc.integer({ min: -900, max: 900 }), (operator, duty, from, days) => {
        const asOf = from.add({ days });
        const older = knownBy(packOf(operator), asOf);
        expect(told(() => lawOf(operator).due(duty, { from, asOf }))).to.equal(
          told(() => createLaw(older).due(duty, { from })),
        );
      }),
      { numRuns: 150 },
    );
  });

  it('is only lengthened by a notice of extension, and not at all by one that was sent too late', () => {
    fc.assert(
      fc.property(anyOperator, anyDuty, anyDay, (operator, duty, from) => {
        const law = lawOf(operator);
        const plain = asked(() => law.due(duty, { from }));
        const extended = asked(() => law.due(duty, { from, extended: true }));
        if (!plain?.dueOn || !extended?.dueOn) return;
        notBefore(extended.dueOn, plain.dueOn, duty);
        const late = asked(() => law.due(duty, { from, extended: plain.dueOn?.add({ days: 400 }) as Day }));
        expect(late?.dueOn?.toString()).to.equal(plain.dueOn.toString());
      }),
      { numRuns: 200 },
    );
  });

  it('names the law before the operator where both lead to the same day', () => {
    fc.assert(
      fc.property(anyOperator, anyDuty, anyDay, (operator, duty, from) => {
        const law = lawOf(operator);
        const { winner, losers = [] } = asked(() => law.due(duty, { from }))?.because ?? {};
        if (!winner || law.rule(winner.rule).layer === 'law') return;
        const same = losers.filter(({ on, rule }) => on && winner.on?.equals(on) && law.rule(rule).layer === 'law');
        expect(
          same.map(({ rule }) => rule).filter((rule) => law.rule(rule).direction === law.rule(winner.rule).direction),
        ).to.deep.equal([]);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the earlier date where the customer is not known', () => {
    fc.assert(
      fc.property(anyOperator, anyDuty, anyDay, (operator, duty, from) => {
        const law = lawOf(operator);
        const ask = (customer?: 'business' | 'consumer') =>
          asked(() => law.due(duty, { from, ...(customer ? { customer } : {}) }))?.dueOn;
        const unknown = ask();
        for (const known of [ask('business'), ask('consumer')]) if (unknown && known) notBefore(known, unknown, duty);
      }),
      { numRuns: 200 },
    );
  });

  it('is never later for one more bound on the act, and no step may be taken sooner for one more floor', () => {
    const added = fc.constantFrom<Rule['direction']>('at-most', 'at-least');
    const anyTerm = fc.integer({ min: 1, max: 90 });
    fc.assert(
      fc.property(anyOperator, anyDuty, anyDay, added, anyTerm, (operator, duty, from, direction, days) => {
        const pack = packOf(operator);
        const more = createLaw(withRule(pack, aRule(pack, { duties: [duty], direction }, { days })));
        const [before, after] = [lawOf(operator), more].map((law) => asked(() => law.due(duty, { from })));
        if (!before || !after) return;
        if (before.dueOn && after.dueOn) notBefore(before.dueOn, after.dueOn, `${duty} with one more ${direction}`);
        if (before.mayFrom && after.mayFrom)
          notBefore(after.mayFrom, before.mayFrom, `${duty} with one more ${direction}`);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a term that counts from the end of another', () => {
  const chained = operators.flatMap((operator) =>
    [...packOf(operator).rules.values()].filter((rule) => rule.after !== null).map((rule) => ({ operator, rule })),
  );

  it('ends no earlier than the one it follows', () => {
    expect(chained.length).to.be.greaterThan(0);
    fc.assert(
      fc.property(fc.constantFrom(...chained), anyDay, ({ operator, rule }, day) => {
        const pack = packOf(operator);
        const context = { calendar: pack.calendar, zone: pack.calendar.zone, rules: pack.rules };
        const anchor = anchorOf(day, context.zone);
        const before = asked(() => endOf(pack.rules.get(rule.after as string) as Rule, anchor, context));
        const after = asked(() => endOf(rule, anchor, context));
        if (before?.last && after?.last) notBefore(after.last, before.last, rule.id);
      }),
      { numRuns: 200 },
    );
  });
});

describe('an answer about keeping, whatever the operator, the category and the day', () => {
  const anyHold = (from: Day) =>
    fc
      .tuple(fc.integer({ min: 0, max: 2500 }), fc.integer({ min: 0, max: 1500 }))
      .map(
        ([begins, days]): HoldDays => ({ from: from.add({ days: begins }), until: from.add({ days: begins + days }) }),
      );
  const keep = (operator: string, category: string, query: Parameters<Law['keep']>[1]): Keep | null =>
    asked(() => lawOf(operator).keep(category, query));

  it('keeps from the event on, destroys from the next day, and has time left for it', () => {
    fc.assert(
      fc.property(anyOperator, anyCategory, anyDay, (operator, category, from) => {
        const kept = keep(operator, category, { from });
        if (!kept) return;
        notBefore(kept.keepUntil, from, category);
        // A term of no length: it may go on the very day of the event.
        const begins = kept.keepUntil.equals(from) ? from : kept.keepUntil.add({ days: 1 });
        expect(kept.destroyFrom.toString()).to.equal(begins.toString());
        notBefore(kept.destroyBy, kept.destroyFrom, category);
        notBefore(kept.destroyBy, kept.keepUntil, category);
        if (kept.outerOn) expect(compare(kept.outerOn, kept.keepUntil)).to.equal(1);
      }),
      { numRuns: 300 },
    );
  });

  it('never keeps the later record shorter', () => {
    fc.assert(
      fc.property(
        anyOperator,
        anyCategory,
        anyDay,
        fc.integer({ min: 1, max: 400 }),
        (operator, category, from, days) => {
          const [one, other] = [
            keep(operator, category, { from }),
            keep(operator, category, { from: from.add({ days }) }),
          ];
          if (one && other) notBefore(other.keepUntil, one.keepUntil, category);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('sees no value that came into force after the day it is asked as of', () => {
    const aDay = fc.integer({ min: -900, max: 900 });
    fc.assert(
      fc.property(anyOperator, anyCategory, anyDay, aDay, (operator, category, from, days) => {
        const asOf = from.add({ days });
        const older = createLaw(knownBy(packOf(operator), asOf));
        expect(told(() => lawOf(operator).keep(category, { from, asOf }))).to.equal(
          told(() => older.keep(category, { from })),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('a hold never shortens, a longer one and one more of them neither', () => {
    const asking = fc
      .tuple(anyOperator, anyCategory, anyDay)
      .chain(([operator, category, from]) =>
        fc.tuple(fc.constant({ operator, category, from }), fc.array(anyHold(from), { maxLength: 4 }), anyHold(from)),
      );
    fc.assert(
      fc.property(asking, fc.integer({ min: 1, max: 900 }), ([{ operator, category, from }, held, one], longer) => {
        const until = (hold: HoldDays[]) => keep(operator, category, { from, hold });
        const none = keep(operator, category, { from });
        const some = until(held);
        if (!none || !some) return;
        notBefore(some.keepUntil, none.keepUntil, category);
        notBefore(some.destroyFrom, none.destroyFrom, category);
        notBefore(some.destroyBy, none.destroyBy, category);
        const more = until([...held, one]) as Keep;
        notBefore(more.keepUntil, some.keepUntil, category);
        const stretched = until([...held, { from: one.from, until: one.until.add({ days: longer }) }]) as Keep;
        notBefore(stretched.keepUntil, more.keepUntil, category);
        for (const hold of more.heldBy) {
          notBefore(more.keepUntil, hold.until, 'the end of a hold');
          expect(more.destroyFrom.toString()).to.equal(more.keepUntil.add({ days: 1 }).toString());
        }
      }),
      { numRuns: 200 },
    );
  });

  it('the order in which holds are named does not matter', () => {
    const asking = fc
      .tuple(anyOperator, anyCategory, anyDay)
      .chain(([operator, category, from]) =>
        fc.tuple(fc.constant({ operator, category, from }), fc.array(anyHold(from), { minLength: 2, maxLength: 4 })),
      );
    fc.assert(
      fc.property(asking, ([{ operator, category, from }, hold]) => {
        const [one, other] = [hold, hold.toReversed()].map((held) => keep(operator, category, { from, hold: held }));
        expect(one?.keepUntil.toString()).to.equal(other?.keepUntil.toString());
        expect(one?.destroyBy.toString()).to.equal(other?.destroyBy.toString());
      }),
      { numRuns: 100 },
    );
  });

  it('one more floor never shortens; one more ceiling never lengthens, and never cuts into a floor', () => {
    fc.assert(
      fc.property(
        anyOperator,
        anyCategory,
        anyDay,
        fc.integer({ min: 1, max: 80 }),
        (operator, category, from, months) => {
          const pack = packOf(operator);
          const before = keep(operator, category, { from });
          if (!before) return;
          const asking = (direction: Rule['direction']) => {
            const rule = aRule(pack, { kind: 'retention', category, direction }, { months });
            return asked(() => createLaw(withRule(pack, rule)).keep(category, { from }))?.keepUntil;
          };
          const [floored, capped] = [asking('at-least'), asking('at-most')];
          if (floored) notBefore(floored, before.keepUntil, `${category} with a floor of ${months} months`);
          if (floored) notBefore(floored, from.add({ months }), `${category} with a floor of ${months} months`);
          if (!capped) return; // the earlier end lies before the law has a term for destroying
          notBefore(before.keepUntil, capped, `${category} with a ceiling of ${months} months`);
          for (const rule of pack.byCategory.get(category) ?? []) {
            if (rule.layer !== 'law' || rule.direction !== 'at-least' || rule.oriStatus) continue;
            const context = { calendar: pack.calendar, zone: pack.calendar.zone, rules: pack.rules };
            const floor = endOf(rule, anchorOf(from, context.zone), context);
            if (floor?.last) notBefore(capped, floor.last, `${category} with a ceiling of ${months} months`);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('an erasure of the person never lengthens, and never cuts into what the law asks to keep', () => {
    fc.assert(
      fc.property(
        anyOperator,
        anyCategory,
        anyDay,
        fc.integer({ min: 0, max: 900 }),
        (operator, category, from, days) => {
          const whole = keep(operator, category, { from });
          const cut = keep(operator, category, { from, erasedOn: from.add({ days }) });
          if (!whole || !cut) return;
          notBefore(whole.keepUntil, cut.keepUntil, category);
          if (cut.keepUntil.equals(whole.keepUntil)) return;
          expect(packOf(operator).scheduleOf.get(category)?.onErasure).to.equal('goes');
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the resolution does not depend on how the packs are written down', () => {
  /** Every question of a sample, answered; with the digest or without. */
  function sample(law: Law, withDigest: boolean): string {
    const days = ['2021-12-30', '2022-08-31', '2022-09-01', '2025-08-31', '2026-01-01', '2026-11-20', '2027-08-31'];
    const answers = days.map((iso) => {
      const from = Temporal.PlainDate.from(iso);
      return [
        ...duties.map((duty) => told(() => law.due(duty, { from }))),
        ...categories.map((category) => told(() => law.keep(category, { from }))),
      ];
    });
    const text = JSON.stringify(answers);
    return withDigest ? text : text.replaceAll(law.digest, '');
  }
  const before = new Map(operators.map((name) => [name, sample(lawOf(name), true)]));
  const beforeAll = (name: string) => (before.get(name) as string).replaceAll(lawOf(name).digest, '');

  it('not on the order in which files are found', async () => {
    await fc.assert(
      fc.asyncProperty(anyOperator, fc.integer(), async (operator, seed) => {
        const plain = await openPolicies(root);
        const shuffled: Reader = {
          ...plain,
          list: async (below, tests) => mixed(await plain.list(below, tests), seed),
        };
        const law = createLaw(await readPack(root, operator, shuffled));
        expect(law.digest).to.equal(lawOf(operator).digest);
        expect(sample(law, true)).to.equal(before.get(operator));
      }),
      { numRuns: 4 },
    );
  });

  it('not on the order of keys, nor on comments', async () => {
    await fc.assert(
      fc.asyncProperty(anyOperator, fc.integer(), async (operator, seed) => {
        const folder = mkdtempSync(join(tmpdir(), 'srok-shuffled-'));
        try {
          cpSync(root, join(folder, 'policies'), { recursive: true });
          for (const below of ['laws', 'taxonomy', 'calendars', `operators/${operator}`]) {
            for (const name of readdirSync(join(folder, 'policies', below))) {
              if (!name.endsWith('.yaml') || name.endsWith('.test.yaml')) continue;
              const file = join(folder, 'policies', below, name);
              const text = stringify(mixedKeys(parse(readFileSync(file, 'utf8')), seed), {
                aliasDuplicateObjects: false,
              });
              writeFileSync(file, `# ${seed}\n${text}`);
            }
          }
          const law = (await loadLaws({ root: join(folder, 'policies'), operators: [operator] })).get(operator) as Law;
          expect(law.digest).to.equal(lawOf(operator).digest);
          expect(sample(law, true)).to.equal(before.get(operator));
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }),
      { numRuns: 2 },
    );
  });

  it('nor on the order of the rules in a file', async () => {
    await fc.assert(
      fc.asyncProperty(anyOperator, fc.integer(), async (operator, seed) => {
        const plain = await openPolicies(root);
        const shuffled: Reader = {
          ...plain,
          async read(path, schema) {
            const file = await plain.read(path, schema);
            const isRules = path.startsWith('laws/') || /(promises|schedules)\.yaml$/.test(path);
            return isRules ? { ...file, data: mixed(file.data as unknown[], seed) } : file;
          },
        };
        const law = createLaw(await readPack(root, operator, shuffled));
        expect(sample(law, false)).to.equal(beforeAll(operator));
      }),
      { numRuns: 4 },
    );
  });
});

/** The same items in an order that a seed decides. */
function mixed<T>(items: readonly T[], seed: number): T[] {
  return items
    .map((item, index) => ({ item, rank: Math.imul(index + 1, 0x9e3779b1 ^ seed) >>> 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

function mixedKeys(value: unknown, seed: number): unknown {
  if (Array.isArray(value)) return value.map((item) => mixedKeys(item, seed));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(mixed(Object.entries(value), seed).map(([key, inner]) => [key, mixedKeys(inner, seed)]));
}
