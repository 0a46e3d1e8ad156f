import { expect } from 'chai';
import fc from 'fast-check';
import { Refusal } from '../../core/base/index.ts';
import { type Law, loadLaw, noticeKey, noticesDue } from '../../core/law/index.ts';
import { policies } from './altered.ts';

describe('a limit of a plan', () => {
  let law: Law;
  before(async () => {
    law = await loadLaw({ root: policies, operator: 'qsockets' });
  });

  it('is told of once for each share of the policy, however the messages come in', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.array(fc.integer({ min: 1, max: 40 })), (limit, batches) => {
        const given: string[] = [];
        let used = 0;
        for (const batch of batches) {
          used = Math.min(limit, used + batch);
          for (const { key } of noticesDue('messages', { used, limit, warnAt: [80, 100], given })) given.push(key);
        }
        const due = [80, 100].filter((percent) => used > 0 && used * 100 >= limit * percent);
        expect(given).to.have.members(due.map((percent) => noticeKey('messages', percent, limit)));
        expect(new Set(given).size).to.equal(given.length);
      }),
    );
  });

  it('accepts up to itself and refuses the next, by the clause on excess', () => {
    const last = law.threshold({ what: 'connections', used: 10, limit: 10 });
    const next = law.threshold({ what: 'connections', used: 11, limit: 10 });
    expect([last.accepted, next.accepted]).to.deep.equal([true, false]);
    expect(last.because.winner.cite.clause).to.equal('Оферта 4.5.1');
    expect(next.because.winner.cite.clause).to.equal('Оферта 4.5.2');
  });

  it('is that of the plan where no other is given; without either it is refused', () => {
    const free = law.operator.plans.find(({ id }) => id === 'free')?.limits;
    const full = law.threshold({ what: 'connections', used: free?.connections ?? 0, plan: 'free' });
    expect([full.accepted, full.notices]).to.deep.equal([true, [80, 100]]);
    expect(() => law.threshold({ what: 'messages', used: 1 })).to.throw(Refusal, 'Нужен лимит или тариф.');
    expect(() => law.threshold({ what: 'messages', used: 1, plan: 'fre' })).to.throw(
      Refusal,
      'There is no plan "fre".',
    );
  });

  it('of messages is not the one of connections: a notice of one says nothing of the other', () => {
    expect(noticeKey('messages', 80, 10)).not.to.equal(noticeKey('connections', 80, 10));
  });

  for (const [field, used, limit] of [
    ['used', -1, 10],
    ['used', 1.5, 10],
    ['limit', 1, Number.NaN],
    ['limit', 1, Number.POSITIVE_INFINITY],
  ] as const) {
    it(`refuses ${field} of ${field === 'used' ? used : limit}`, () => {
      try {
        law.threshold({ what: 'messages', used, limit });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        expect([error.code, error.details.field]).to.deep.equal(['law.threshold-input', field]);
        return;
      }
      throw new Error('it was not refused');
    });
  }
});
