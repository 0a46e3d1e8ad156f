import { expect } from 'chai';
import fc from 'fast-check';
import { Temporal } from '../../core/base/index.ts';
import { type Law, loadLaw, type NoticeChannel, type ReceiptInput } from '../../core/law/index.ts';
import { lawWith, policies } from './altered.ts';

const day = (iso: string) => Temporal.PlainDate.from(iso);
const ways: Record<NoticeChannel['receipt'], [ReceiptInput, string | null][]> = {
  'sent-unless-bounced': [
    [{ sent: day('2026-05-05') }, '2026-05-05'],
    [{ sent: day('2026-05-05'), bounced: true }, null],
    [{ placed: day('2026-05-05') }, null],
  ],
  placed: [
    [{ placed: day('2026-05-05') }, '2026-05-05'],
    [{ sent: day('2026-05-05') }, null],
  ],
  published: [[{ placed: day('2026-05-05') }, '2026-05-05']],
  post: [
    [{ arrived: day('2026-05-04') }, '2026-05-11'],
    [{ arrived: day('2026-05-04'), handed: day('2026-05-05') }, '2026-05-05'],
    [{ sent: day('2026-05-01') }, null],
  ],
  delivered: [
    [{ delivered: day('2026-05-05') }, '2026-05-05'],
    [{ delivered: day('2026-05-05'), bounced: true }, null],
    [{ sent: day('2026-05-05') }, null],
  ],
  spoken: [
    [{ spoken: day('2026-05-05') }, '2026-05-05'],
    [{ sent: day('2026-05-05') }, null],
  ],
  handed: [
    [{ handed: day('2026-05-05') }, '2026-05-05'],
    [{ sent: day('2026-05-05') }, null],
  ],
  arrived: [
    [{ arrived: day('2026-05-05') }, '2026-05-05'],
    [{ sent: day('2026-05-05') }, null],
  ],
  none: [[{ sent: day('2026-05-05'), handed: day('2026-05-05') }, null]],
};

describe('the receipt of a legal message', () => {
  let law: Law;
  before(async () => {
    law = await loadLaw({ root: policies, operator: 'qsockets' });
  });

  for (const [rule, cases] of Object.entries(ways) as [NoticeChannel['receipt'], (typeof ways)['none']][]) {
    it(`by the rule «${rule}» looks only at what belongs to it`, async () => {
      const channel = `  - { id: extra, title: "Ещё один канал", to: [user], receipt: ${rule}, uncollected_days: 7, clause: "Оферта 12" }`;
      const other = await lawWith({ channels: (text) => text.replace('channels:\n', `channels:\n${channel}\n`) });
      for (const [known, on] of cases) {
        const { receivedOn, valid } = other.receipt('extra', known);
        expect([receivedOn?.toString() ?? null, valid]).to.deep.equal([on, rule !== 'none']);
      }
    });
  }

  it('counts the day in Moscow, at every hour', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 48 * 60 }), (minutes) => {
        const sent = Temporal.Instant.from('2026-12-30T21:00:00Z').add({ minutes });
        const on = law.receipt('email', { sent }).receivedOn?.toString();
        expect(on).to.equal(minutes < 24 * 60 ? '2026-12-31' : minutes < 48 * 60 ? '2027-01-01' : '2027-01-02');
      }),
    );
  });

  it('by a channel that the documents do not name is none, and the answer lists the clauses that name the others', () => {
    const { valid, receivedOn, because } = law.receipt('messenger', { sent: day('2026-05-05') });
    expect([valid, receivedOn]).to.deep.equal([false, null]);
    expect(because.winner.cite.clause).to.include('Оферта 12.4.1');
  });
});
