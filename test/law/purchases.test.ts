import { expect } from 'chai';
import fc from 'fast-check';
import { Refusal, Temporal } from '../../core/base/index.ts';
import { daysLeft, type Law, loadLaw, type PaidPeriod } from '../../core/law/index.ts';
import { policies } from './altered.ts';

const noon = (day: string) => Temporal.Instant.from(`${day}T12:00:00+03:00`);
const paidAt = fc.integer({ min: 0, max: 10 * 365 * 24 * 60 }).map((minutes) => noon('2022-01-01').add({ minutes }));
const months = fc.constantFrom(1, 3, 9, 12);

describe('what a payment buys', () => {
  let law: Law;
  before(async () => {
    law = await loadLaw({ root: policies, operator: 'qsockets' });
  });

  it('ends at midnight after its last day, on the number of the month of the payment or at the end of the month', () => {
    fc.assert(
      fc.property(paidAt, months, (at, count) => {
        const { lastDay, endsAt, anchor, from } = law.purchase({ plan: 'start', months: count, paidAt: at });
        expect(from.equals(at)).to.equal(true);
        expect(lastDay.toString()).to.equal(anchor.add({ months: count }).toString());
        expect([anchor.day, lastDay.daysInMonth]).to.include(lastDay.day);
        expect(endsAt.toString()).to.equal(lastDay.add({ days: 1 }).toZonedDateTime(law.zone).toInstant().toString());
      }),
    );
  });

  it('in parts is what it is in one, as long as each part is paid before the end of the one before', () => {
    fc.assert(
      fc.property(paidAt, fc.array(months, { minLength: 1, maxLength: 6 }), (at, parts) => {
        let running: PaidPeriod | null = null;
        for (const count of parts) running = law.purchase({ plan: 'start', months: count, paidAt: at, running });
        const total = parts.reduce((sum, count) => sum + count, 0);
        const whole = at.toZonedDateTimeISO(law.zone).toPlainDate().add({ months: total });
        expect(running?.lastDay.toString()).to.equal(whole.toString());
      }),
    );
  });

  it('costs the monthly price for every month, and the notices of its end stand inside it', () => {
    const bought = law.purchase({ plan: 'start', months: 3, paidAt: noon('2026-11-30') });
    expect(bought.kopecks).to.equal(297_000);
    expect(bought.notices.map(({ days, at }) => `${days}: ${at}`)).to.deep.equal([
      '7: 2027-02-20T21:00:00Z',
      '1: 2027-02-26T21:00:00Z',
    ]);
    expect(bought.because.winner.cite.clause).to.equal('Оферта 4.2.2');
  });

  it('does not begin anew while the period that it prolongs still runs, and does so at its very end', () => {
    const first = law.purchase({ plan: 'start', months: 1, paidAt: noon('2026-01-31') });
    const eve = first.endsAt.subtract({ milliseconds: 1 });
    const inTime = law.purchase({ plan: 'start', months: 1, paidAt: eve, running: first });
    const late = law.purchase({ plan: 'start', months: 1, paidAt: first.endsAt, running: first });
    expect([inTime.lastDay.toString(), late.lastDay.toString()]).to.deep.equal(['2026-03-31', '2026-04-01']);
    expect(inTime.from.equals(first.endsAt)).to.equal(true);
  });

  it('counts the days not begun: none on the last day, none after it', () => {
    const last = Temporal.PlainDate.from('2026-02-28');
    const left = ['2026-02-26', '2026-02-28', '2026-03-05'].map((on) => daysLeft(last, noon(on), law.zone));
    expect(left).to.deep.equal([2, 0, 0]);
  });

  it('of a plan that is not there, or for months that are not sold, is refused with what there is', () => {
    const code = (plan: string, count: number) => {
      try {
        law.purchase({ plan, months: count, paidAt: noon('2026-05-05') });
      } catch (error) {
        if (error instanceof Refusal) return [error.code, error.details.near ?? error.details.periods];
      }
      return null;
    };
    expect(code('stort', 1)).to.deep.equal(['law.unknown-plan', ['start']]);
    expect(code('start', 2)).to.deep.equal(['law.no-such-period', [1, 3, 9, 12]]);
  });
});
