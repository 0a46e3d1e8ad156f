import { expect } from 'chai';
import fc from 'fast-check';
import { Temporal } from '../../core/base/index.ts';
import { type Law, loadLaw, type PaidFor, type PaidPeriod } from '../../core/law/index.ts';
import { failureOf, lawWith, policies, refusal } from './altered.ts';

const noon = (day: string) => Temporal.Instant.from(`${day}T12:00:00+03:00`);
const months = fc.constantFrom(1, 3, 9, 12);
const moments = { minutes: fc.nat(10 * 365 * 24 * 60), months, passed: fc.nat(400 * 24 * 60) };

describe('more limits within time that is paid for', () => {
  let law: Law;
  before(async () => {
    law = await loadLaw({ root: policies, operator: 'qsockets' });
  });

  function bought(plan: string, at: Temporal.Instant, ...parts: number[]): PaidFor[] {
    let running: PaidPeriod | null = null;
    return parts.map((count) => {
      const one = law.purchase({ plan, months: count, paidAt: at, running });
      running = one;
      return { ...one, months: count };
    });
  }

  it('cost at most the difference of the two prices, and no later day costs more', () => {
    fc.assert(
      fc.property(fc.record(moments), ({ minutes, months: count, passed }) => {
        const paidAt = noon('2022-01-01').add({ minutes });
        const periods = bought('start', paidAt, count);
        const costs = (at: Temporal.Instant) => law.planChange({ plan: 'start', to: 'business', at, periods }).kopecks;
        const left = paidAt.until(periods[0]?.endsAt as Temporal.Instant).total('minutes');
        const at = paidAt.add({ minutes: passed % Math.max(1, Math.floor(left) - 3 * 24 * 60) });
        expect(costs(paidAt)).to.equal((490_000 - 99_000) * count);
        expect(costs(at)).to.be.within(1, costs(paidAt));
        expect(costs(at.add({ hours: 24 }))).to.be.below(costs(at));
      }),
    );
  });

  it('in two steps on one day cost what they cost in one, to a kopeck', () => {
    fc.assert(
      fc.property(fc.record(moments), ({ minutes, months: count, passed }) => {
        const paidAt = noon('2022-01-01').add({ minutes });
        const at = paidAt.add({ minutes: passed % (25 * 24 * 60) });
        const periods = bought('mini', paidAt, count);
        const bare = { at, periods };
        const first = law.planChange({ ...bare, plan: 'mini', to: 'start' });
        const between = periods.map((one, index) => ({ ...one, kopecks: first.periods[index]?.price ?? 0 }));
        const second = law.planChange({ at, periods: between, plan: 'start', to: 'business' });
        const once = law.planChange({ ...bare, plan: 'mini', to: 'business' });
        expect(Math.abs(first.kopecks + second.kopecks - once.kopecks)).to.be.at.most(1);
      }),
    );
  });

  it('reach to the end of all that is paid ahead, and each period is counted by itself', () => {
    const periods = bought('start', noon('2026-01-31'), 1, 3);
    const {
      kopecks,
      lastDay,
      periods: parts,
    } = law.planChange({
      ...{ plan: 'start', to: 'business', at: noon('2026-02-14'), periods },
    });
    expect(parts).to.deep.equal([
      { price: 490_000, kopecks: 195_500 },
      { price: 1_470_000, kopecks: 1_173_000 },
    ]);
    expect([kopecks, lastDay.toString()]).to.deep.equal([1_368_500, '2026-05-31']);
  });

  it('are refused where anything would be less: the refusal names what', () => {
    const periods = bought('start', noon('2026-05-05'), 1);
    const asked = (to: string) => refusal(() => law.planChange({ plan: 'start', to, at: noon('2026-05-20'), periods }));
    expect(asked('mini')).to.deep.include({ code: 'law.plan-not-more', kind: 'conflict' });
    expect(asked('mini').details.less).to.deep.equal(['messagesPerDay', 'connections', 'payloadBytes', 'price']);
    expect(asked('start').details.less).to.deep.equal([]);
    expect(asked('busines')).to.deep.include({ code: 'law.unknown-plan', kind: 'not-found' });
  });

  it('a plan with a rate is less than one without, and more than one with a lower rate', async () => {
    const slow = await lawWith({
      plans: (text) =>
        text
          .replace('connections: 1000, payload_bytes: 1048576', '$&, messages_per_second: 10')
          .replace('connections: 20000, payload_bytes: 1048576', '$&, messages_per_second: 100'),
    });
    const periods = bought('start', noon('2026-05-05'), 1);
    const order = { at: noon('2026-05-20'), periods };
    expect(slow.planChange({ ...order, plan: 'start', to: 'business' }).kopecks).to.equal(201_806);
    expect(refusal(() => slow.planChange({ ...order, plan: 'mini', to: 'business' })).details.less).to.deep.equal([
      'messagesPerSecond',
    ]);
  });

  it('are not offered by an operator without a rule for them, and two rules are one too many', async () => {
    const without = await lawWith({
      amounts: (text) => text.replace('formula: difference-for-unused-days', 'formula: nothing'),
    });
    const periods = bought('start', noon('2026-05-05'), 1);
    const asked = () => without.planChange({ plan: 'start', to: 'business', at: noon('2026-05-20'), periods });
    expect(refusal(asked).code).to.equal('law.no-plan-change');
    const twice = await failureOf({
      amounts: '- { id: qsockets.other, title: "Ещё", formula: difference-for-unused-days, clause: "Оферта 4.1.3" }',
    });
    expect(twice.message).to.include('there is another "difference-for-unused-days" already');
  });
});
