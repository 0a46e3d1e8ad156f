import { expect } from 'chai';
import fc from 'fast-check';
import { Refusal, Temporal } from '../../core/base/index.ts';
import { type Law, loadLaw, type PermissionInputs, permissions } from '../../core/law/index.ts';
import { failureOf, lawWith, policies } from './altered.ts';

const day = (iso: string) => Temporal.PlainDate.from(iso);
const at = (iso: string) => Temporal.Instant.from(iso);
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

/** What the documents of other operators promise, in one pack. */
const sections = `
age: { minimum: 18, clause: "Политика 7.1" }
special_categories: { allowed_by: [law, contract], clause: "Политика 7.2" }
marketing:
  audience: clients
  own_address_only: true
  letter_has: [reason, opt-out]
  opt_out: [link]
  channels: [email]
  clause: "Политика 2.2"
user_contacts: { confirmation: true, stop: true, clause: "Политика 4.2" }
orders: { manual_check: true, clause: "Политика 3" }
correspondence: { disclosure: written-consent, clause: "Политика 9" }
not_collected:
  - { what: "неотправленный текст чата", why: "данные избыточны для цели", clause: "Политика 1.3" }
`;

function code(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'answered';
}

describe('may this be done', () => {
  let law: Law; // an operator whose documents are silent about most of it
  let strict: Law; // one that promises all of it
  before(async () => {
    law = await loadLaw({ root: policies, operator: 'qsockets' });
    strict = await lawWith({ process: sections });
  });
  const said = <What extends keyof PermissionInputs>(what: What, input: PermissionInputs[What], by = strict) => {
    const { allowed, reason } = by.may(what, input);
    return `${allowed ? 'yes' : 'no'}: ${reason}`;
  };

  it('answers with a reason, a clause and an explanation', () => {
    const found = strict.may('registration', { born: day('2010-01-01'), on: day('2026-05-01') });
    expect(found.allowed).to.equal(false);
    expect(plain(found.clause)).to.equal('Политика, п. 7.1');
    expect(found.why).to.equal('моложе 18 лет до 2028-01-01');
    expect(found.from?.toString()).to.equal('2028-01-01');
    expect(found.because.winner.rule).to.equal('age');
    expect(found.because.digest).to.equal(strict.digest);
  });

  describe('a registration', () => {
    const years = [
      ['2008-05-02', 'no: under-age'],
      ['2008-05-01', 'yes: of-age'],
      ['1970-01-01', 'yes: of-age'],
      ['2027-01-01', 'no: age-unknown'],
      [null, 'no: age-unknown'],
    ] as const;
    for (const [born, answer] of years) {
      it(`of somebody born ${born ?? 'on an unknown day'}`, () => {
        expect(said('registration', { born: born && day(born), on: day('2026-05-01') })).to.equal(answer);
      });
    }

    it('of somebody born on the 29th of February waits for the end of that day', () => {
      const born = day('2008-02-29');
      expect(said('registration', { born, on: day('2026-02-28') })).to.equal('no: under-age');
      expect(said('registration', { born, on: day('2026-03-01') })).to.equal('yes: of-age');
    });

    it('is open to everybody where the documents name no age', () => {
      expect(said('registration', { born: day('2020-01-01'), on: day('2026-05-01') }, law)).to.equal(
        'yes: no-age-rule',
      );
    });

    it('is never closed again by a later day', () => {
      const days = fc.integer({ min: 0, max: 20_000 }).map((count) => day('1990-01-01').add({ days: count }));
      fc.assert(
        fc.property(days, days, (born, on) => {
          const then = strict.may('registration', { born, on }).allowed;
          const next = strict.may('registration', { born, on: on.add({ days: 1 }) }).allowed;
          expect(!then || next).to.equal(true);
        }),
      );
    });
  });

  describe('an advertisement', () => {
    const fits = {
      at: at('2026-05-05T10:00:00Z'),
      consentedAt: at('2026-04-01T10:00:00Z'),
      client: true,
      ownAddress: true,
      letterHas: ['reason', 'opt-out'],
      channel: 'email',
    } as const;

    for (const [what, change, answer] of [
      ['that has everything the documents promise goes out', {}, 'yes: consent'],
      [
        'without a consent does not, whatever the document of the operator says',
        { consentedAt: null },
        'no: no-consent',
      ],
      ['to somebody who is no client does not', { client: false }, 'no: not-a-client'],
      ['to an address that somebody else gave does not', { ownAddress: false }, 'no: foreign-address'],
      ['by another channel does not', { channel: 'post' }, 'no: other-channel'],
      ['without the reason for it does not', { letterHas: ['opt-out'] }, 'no: letter-lacks'],
      ['without a way to opt out does not', { letterHas: ['reason'] }, 'no: letter-lacks'],
      ['after the refusal does not, in the same instant', { stoppedAt: fits.at }, 'no: stopped'],
      ['before the refusal still does', { stoppedAt: at('2026-05-05T10:00:01Z') }, 'yes: consent'],
      ['after a new consent does again', { stoppedAt: at('2026-03-01T10:00:00Z') }, 'yes: consent'],
      [
        'that is a notice of the service needs none of it',
        { service: true, consentedAt: null, client: false },
        'yes: service',
      ],
    ] as [string, Partial<PermissionInputs['marketing']>, string][]) {
      it(what, () => {
        expect(said('marketing', { ...fits, ...change })).to.equal(answer);
      });
    }

    it('without consent names the law that says so, the other that says the same, and the document that gives way', () => {
      const { clause, because } = strict.may('marketing', { ...fits, consentedAt: null });
      expect(plain(clause)).to.equal('ст. 15 ч. 1 152-ФЗ от 27.07.2006');
      expect(because.losers.map(({ rule }) => rule)).to.deep.equal(['ru.38-fz.consent', 'marketing']);
    });

    it('needs a consent also where the documents say nothing of advertising', () => {
      expect(said('marketing', { at: fits.at, client: true }, law)).to.equal('no: no-consent');
      expect(said('marketing', { at: fits.at, consentedAt: fits.consentedAt }, law)).to.equal('yes: consent');
    });
  });

  describe('what other operators promise', () => {
    for (const [what, input, answer] of [
      ['special-category', { category: 'special.health' }, 'no: special'],
      ['special-category', { category: 'special.health', by: 'contract' }, 'yes: allowed'],
      ['special-category', { category: 'contact.email' }, 'yes: ordinary'],
      ['user-contact', { confirmed: true }, 'yes: confirmed'],
      ['user-contact', { confirmed: false }, 'no: not-confirmed'],
      ['user-contact', { confirmed: true, stopped: true }, 'no: stopped'],
      ['order-done', { checked: false }, 'no: not-checked'],
      ['order-done', { checked: true }, 'yes: checked'],
      ['correspondence-disclosure', { writtenConsent: false }, 'no: no-consent'],
      ['correspondence-disclosure', { writtenConsent: true }, 'yes: written-consent'],
      ['correspondence-disclosure', { writtenConsent: false, lawfulDemand: true }, 'yes: lawful-demand'],
      ['collection', { what: 'неотправленный текст чата' }, 'no: not-collected'],
      ['collection', { what: 'имя' }, 'yes: not-listed'],
    ] as [keyof PermissionInputs, never, string][]) {
      it(`${what} with ${JSON.stringify(input)} is answered «${answer}»`, () => {
        expect(said(what, input)).to.equal(answer);
      });
    }

    it('is not asked of an operator that promises nothing of the kind', () => {
      expect(said('order-done', { checked: false }, law)).to.equal('yes: no-rule');
      expect(said('user-contact', { confirmed: false }, law)).to.equal('yes: no-rule');
      expect(said('special-category', { category: 'special.health', by: 'law' }, law)).to.equal('no: special');
    });

    it('and forgets the channel of its advertising stops the start', async () => {
      const error = await failureOf({ process: sections.replace('[email]', '[emial]') });
      expect(error.file).to.equal('policies/operators/qsockets/process.yaml');
      expect(error.reason).to.equal('channels: unknown channel "emial"; near: email');
    });

    it('with a word nobody knows stops the start', async () => {
      const error = await failureOf({ process: sections.replace('audience: clients', 'audience: friends') });
      expect(error.reason).to.equal('audience: unknown value "friends"; one of anyone, clients');
    });
  });

  it('goes abroad only where the documents plan it and the regulator was told before', async () => {
    const abroad = await lawWith({ operator: (text) => text.replace('planned: false', 'planned: true') });
    const on = day('2026-08-01');
    const told = (noticedOn: string | null) =>
      said('recipient', { country: 'DE', on, noticedOn: noticedOn === null ? null : day(noticedOn) }, abroad);
    expect(told(null)).to.equal('no: not-noticed');
    expect(told('2026-08-02')).to.equal('no: not-noticed');
    expect(told('2026-08-01')).to.equal('yes: noticed');
    expect(said('recipient', { country: 'RU', on }, abroad)).to.equal('yes: at-home');
    expect(said('recipient', { country: 'DE', on, noticedOn: day('2026-07-01') }, law)).to.equal('no: not-planned');
  });

  it('lets no step of inactivity be taken before the day after the last paid one', () => {
    const days = fc.integer({ min: 0, max: 900 });
    fc.assert(
      fc.property(days, days, (paid, later) => {
        const from = day('2025-05-14');
        const on = from.add({ days: later });
        const paidUntil = from.add({ days: paid });
        const step = law.may('inactivity-step', { step: 'notice', from, on, paidUntil });
        expect(step.allowed).to.equal(
          Temporal.PlainDate.compare(on, paidUntil) > 0 && Temporal.PlainDate.compare(on, day('2026-06-01')) >= 0,
        );
      }),
    );
  });

  it('says whether a notice of extension moved the term just as the term itself does', () => {
    const sent = fc
      .integer({ min: 0, max: 40 * 24 * 60 })
      .map((minutes) => at('2026-04-30T06:00:00Z').add({ minutes }));
    fc.assert(
      fc.property(sent, (moment) => {
        const from = at('2026-04-30T06:00:00Z');
        const { allowed } = law.may('extension', { duty: 'access.answer', from, sent: moment });
        const { dueOn } = law.due('access.answer', { from, extended: moment });
        expect(dueOn?.toString()).to.equal(allowed ? '2026-05-25' : '2026-05-18');
      }),
    );
  });

  it('refuses a question nobody knows with the nearest names, and one without its facts with the field', () => {
    expect(code(() => law.may('registartion' as never, {} as never))).to.equal('law.unknown-permission');
    for (const what of permissions) {
      const answer = code(() => law.may(what, {} as never));
      expect(answer, what).to.be.oneOf(['answered', 'law.permission-input']);
    }
    expect(code(() => law.may('edition', {} as never))).to.equal('law.permission-input');
    expect(
      code(() => law.may('extension', { duty: 'nothing', from: day('2026-05-01'), sent: day('2026-05-01') })),
    ).to.equal('law.unknown-duty');
    expect(code(() => law.may('special-category', { category: 'nothing' }))).to.equal('law.unknown-category');
    expect(code(() => law.may('project', { plan: 'nothing', active: 0 }))).to.equal('law.unknown-plan');
  });
});
