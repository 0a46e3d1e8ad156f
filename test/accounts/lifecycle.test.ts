import { expect } from 'chai';
import { afterBlock, endOfEve, nextStep } from '../../core/accounts/lifecycle.ts';
import { Temporal } from '../../core/base/index.ts';
import { type Law, loadLaw } from '../../core/law/index.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const at = (text: string) => Temporal.PlainDateTime.from(text).toZonedDateTime('Europe/Moscow').toInstant();

describe('the life cycle of an account, by the law and the offer', () => {
  let law: Law;
  const quiet = { blockGround: null, noticedAt: null, blockedAt: null, lastActiveOn: day('2025-05-14') };

  before(async () => {
    law = await loadLaw({ root: new URL('../../policies/', import.meta.url), operator: 'qsockets' });
  });

  it('an account that was last active on 2025-05-14 may be noticed from 2026-06-01, when both readings have passed', () => {
    const step = nextStep({ ...quiet, state: 'active' }, law);
    expect(step?.step).to.equal('notice');
    expect(step?.on.toString()).to.equal('2026-06-01');
  });

  it('a notice of 2026-06-01 leads to a block from 2026-07-02, after thirty whole days', () => {
    const step = nextStep({ ...quiet, state: 'noticed', noticedAt: at('2026-06-01T09:00') }, law);
    expect(step?.step).to.equal('block');
    expect(step?.on.toString()).to.equal('2026-07-02');
  });

  it('a block of 2026-07-02 leads to erasure from 2026-10-01 and by 2026-10-07', () => {
    const blocked = { ...quiet, state: 'blocked', blockGround: 'inactivity', blockedAt: at('2026-07-02T00:00') };
    const step = nextStep(blocked, law);
    expect(step?.step).to.equal('end');
    expect(step?.on.toString()).to.equal('2026-10-01');
    expect(step?.by?.toString()).to.equal('2026-10-07');
  });

  it('the contract has ended, by the notice in the letter of the block, before the data go', () => {
    const { endsOn, eraseFrom, eraseBy } = afterBlock(at('2026-07-02T00:00'), law);
    expect([endsOn, eraseFrom, eraseBy].map(String)).to.deep.equal(['2026-09-30', '2026-10-01', '2026-10-07']);
    const termination = law.due('termination.effective', { from: at('2026-07-02T00:00') })
      .mayFrom as Temporal.PlainDate;
    expect(Temporal.PlainDate.compare(termination, eraseFrom)).to.equal(-1);
    expect(endOfEve(eraseFrom, law.zone).toZonedDateTimeISO(law.zone).toPlainDate().toString()).to.equal('2026-09-30');
  });

  it('paid time puts every step off until the day after it', () => {
    const step = nextStep({ ...quiet, state: 'active' }, law, day('2026-08-31'));
    expect(step?.on.toString()).to.equal('2026-09-01');
    const early = nextStep({ ...quiet, state: 'active' }, law, day('2026-02-01'));
    expect(early?.on.toString()).to.equal('2026-06-01');
  });

  it('a block for a violation leads nowhere by itself', () => {
    const blocked = { ...quiet, state: 'blocked', blockGround: 'violation', blockedAt: at('2026-07-02T00:00') };
    expect(nextStep(blocked, law)).to.equal(null);
  });

  it('a deleted account has no next step', () => {
    expect(nextStep({ ...quiet, state: 'deleted' }, law)).to.equal(null);
  });
});
