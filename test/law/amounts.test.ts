import { expect } from 'chai';
import fc from 'fast-check';
import { Temporal } from '../../core/base/index.ts';
import { type AmountInput, cite, type Law, loadLaw } from '../../core/law/index.ts';
import { failureOf, lawWith, policies, refusal } from './altered.ts';

const day = (iso: string) => Temporal.PlainDate.from(iso);
const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const kopecks = fc.integer({ min: 0, max: 100_000_000_000_000 });
const someDay = fc.integer({ min: 0, max: 3650 }).map((days) => day('2022-01-01').add({ days }));

describe('a sum of money from the documents of the operator', () => {
  let law: Law;
  before(async () => {
    law = await loadLaw({ root: policies, operator: 'qsockets' });
  });
  const sum = (rule: string, input: AmountInput): number => {
    const { kopecks: found, decision } = law.amount(rule, input);
    expect(decision).to.equal('sum');
    return found as number;
  };

  it('says how it was found, by which clause, and which general rule it stands in the place of', () => {
    const { because } = law.amount('qsockets.refund.operator-withdraws', {
      ...{ paid: 1_200_000, from: day('2026-05-01'), until: day('2027-05-01'), endedOn: day('2026-11-01') },
    });
    expect(plain(because.winner.value)).to.equal('12 000,00 ₽ × 181 / 365 дней');
    expect(plain(cite(because.winner.cite, 'ru'))).to.equal('Оферта, п. 8.2.1(б)');
    expect(because.losers.map(({ rule }) => rule)).to.deep.equal(['qsockets.refund.none']);
    expect(because.digest).to.equal(law.digest);
  });

  it('gives way to the law for a consumer, and names the clause that lost', () => {
    const { kopecks: none, decision, because } = law.amount('qsockets.refund.none', { customer: 'consumer' });
    expect([none, decision]).to.deep.equal([null, 'human']);
    expect(plain(cite(because.winner.cite, 'ru'))).to.equal('ст. 32 Закона РФ от 07.02.1992 № 2300-1');
    expect(plain(cite(because.losers[0]?.cite ?? because.winner.cite, 'ru'))).to.equal('Оферта, п. 4.3.2.1, 8.2.1(б)');
    expect(because.note).to.equal(undefined);
  });

  it('takes an unknown customer for a consumer, and says so', () => {
    const { decision, because } = law.amount('qsockets.liability.limit', { on: day('2026-11-20'), payments: [] });
    expect(decision).to.equal('no-limit');
    expect(because.note).to.include('Вид заказчика не известен');
  });

  it('is nowhere more than what was paid, and with the used part makes it whole to a kopeck', () => {
    fc.assert(
      fc.property(kopecks, someDay, fc.integer({ min: 1, max: 800 }), fc.nat(900), (paid, from, length, used) => {
        const until = from.add({ days: length });
        const endedOn = from.add({ days: used });
        const back = sum('qsockets.refund.operator-withdraws', { paid, from, until, endedOn });
        expect(back).to.be.within(0, paid);
        const left = BigInt(Math.max(0, length - used));
        const exact = BigInt(paid) * left;
        const off = BigInt(back) * BigInt(length) - exact;
        expect(2n * (off < 0n ? -off : off) <= BigInt(length)).to.equal(true);
      }),
    );
  });

  it('grows with every day of delay, and never shrinks', () => {
    fc.assert(
      fc.property(kopecks, someDay, fc.nat(1000), (owed, dueOn, late) => {
        const at = (days: number) => ({ owed, dueOn, paidOn: dueOn.add({ days }), deferred: true });
        expect(sum('qsockets.penalty.late', at(late + 1))).to.be.at.least(sum('qsockets.penalty.late', at(late)));
        expect(sum('qsockets.penalty.late', at(0))).to.equal(0);
      }),
    );
  });

  it('of liability is the lesser of the share and the fixed sum, whatever was paid', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ on: someDay, kopecks: fc.nat(1_000_000_000) })), someDay, (payments, on) => {
        const limit = sum('qsockets.liability.limit', { customer: 'business', payments, on });
        const counted = payments.filter(
          (one) =>
            Temporal.PlainDate.compare(one.on, on) <= 0 &&
            Temporal.PlainDate.compare(one.on, on.subtract({ months: 12 })) > 0,
        );
        const paid = counted.reduce((total, one) => total + one.kopecks, 0);
        expect(limit).to.equal(Math.min(Math.round(paid / 10), 1_000_000));
      }),
    );
  });

  it('is counted without loss where a double would lose a kopeck', () => {
    const paid = Number.MAX_SAFE_INTEGER;
    const whole = { paid, from: day('2026-05-01'), until: day('2027-05-01'), endedOn: day('2026-05-01') };
    expect(sum('qsockets.refund.operator-withdraws', whole)).to.equal(paid);
  });

  for (const [rule, input, field] of [
    ['qsockets.refund.operator-withdraws', { paid: 1 }, 'from'],
    ['qsockets.refund.force-majeure', { paid: 1 }, 'expenses'],
    ['qsockets.refund.force-majeure', { paid: 1.5, expenses: 0 }, 'paid'],
    ['qsockets.refund.force-majeure', { paid: -1, expenses: 0 }, 'paid'],
    ['qsockets.refund.force-majeure', { paid: Number.NaN, expenses: 0 }, 'paid'],
    ['qsockets.penalty.late', { owed: 1, dueOn: day('2026-05-01'), paidOn: day('2026-05-02') }, 'deferred'],
    ['qsockets.liability.limit', { on: day('2026-05-01') }, 'payments'],
    [
      'qsockets.liability.limit',
      { on: day('2026-05-01'), payments: [{ on: day('2026-05-01'), kopecks: 0.5 }] },
      'payments',
    ],
    [
      'qsockets.refund.no-access',
      { paid: 1, from: day('2026-05-01'), until: day('2026-05-31'), downDays: 30 },
      'proven',
    ],
  ] as [string, AmountInput, string][]) {
    it(`of ${rule} is refused for want of ${field}, from ${Object.values(input).join(', ')}`, () => {
      const { code, details } = refusal(() => law.amount(rule, { customer: 'business', ...input }));
      expect([code, details.field]).to.deep.equal(['law.amount-input', field]);
    });
  }

  it('by a rule that is not there is refused with the nearest names', () => {
    const { code, details } = refusal(() => law.amount('qsockets.refund.non', {}));
    expect(code).to.equal('law.unknown-amount');
    expect(details.near).to.include('qsockets.refund.none');
  });

  it('for one kind of customer is not given to another', async () => {
    const other = await lawWith({
      amounts:
        '- { id: business.only, title: "Только для организаций", formula: nothing, customer: business, clause: "Оферта 4" }',
    });
    expect(other.amount('business.only', { customer: 'business' }).kopecks).to.equal(0);
    expect(refusal(() => other.amount('business.only', { customer: 'consumer' })).code).to.equal('law.amount-not-for');
  });
});

describe('a money rule that makes no sense stops the start', () => {
  const rule = (rest: string) => ({ amounts: `- { id: x.rule, title: "Правило", clause: "Оферта 1", ${rest} }` });

  for (const [what, rest, reason] of [
    ['without the figure its formula needs', 'formula: per-day-percent', '"per-day-percent" needs "percent"'],
    ['with a figure its formula has no use for', 'formula: nothing, percent: 5', '"nothing" has no such figure'],
    ['with a formula nobody knows', 'formula: guess', 'formula: unknown value "guess"'],
    ['with a share finer than a thousandth', 'formula: per-day-percent, percent: 0.12345', 'more than three decimals'],
    ['with a share of nothing', 'formula: per-day-percent, percent: 0', 'percent: must be > 0'],
    ['with half a kopeck', 'formula: lesser-of-share-and-sum, percent: 1, kopecks: 0.5, months: 1', 'must be integer'],
    ['special to a rule that is not there', 'formula: nothing, special_to: [x.other]', 'unknown money rule "x.other"'],
    [
      'for organisations that makes an exception for consumers',
      'formula: nothing, customer: business, exceptions: [{ when: consumer, answer: human, why: "x", cite: { act: "Закон РФ от 07.02.1992 № 2300-1" }, certainty: B }]',
      'says nothing of consumers',
    ],
    [
      'with an exception without its act',
      'formula: nothing, exceptions: [{ when: consumer, answer: human, why: "x", certainty: B }]',
      'missing "cite"',
    ],
    [
      'written twice',
      'formula: nothing }\n- { id: x.rule, title: "Ещё", clause: "Оферта 2", formula: nothing',
      '"x.rule" is already taken',
    ],
  ] as const) {
    it(what, async () => {
      const error = await failureOf(rule(rest));
      expect(error.file).to.equal('policies/operators/qsockets/amounts.yaml');
      expect(error.line).to.be.greaterThan(50);
      expect(error.reason).to.include(reason);
    });
  }
});
