import { expect } from 'chai';
import fc from 'fast-check';
import { Refusal, Temporal } from '../../core/base/index.ts';
import { cite, type Law, loadLaw } from '../../core/law/index.ts';

const root = new URL('../../policies/', import.meta.url);
const day = (iso: string) => Temporal.PlainDate.from(iso);
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('asking the law', () => {
  let law: Law;
  before(async () => {
    law = await loadLaw({ root, operator: 'qsockets' });
  });

  it('names the winner, the losers with why, and the digest it rests on', () => {
    const { because, skipped } = law.due('access.answer', { from: day('2026-04-30') });
    expect(because.winner.rule).to.equal('ru.152-fz.access.answer');
    expect(plain(cite(because.winner.cite, 'ru'))).to.equal('ст. 14 ч. 3 152-ФЗ от 27.07.2006');
    expect(because.losers.map((step) => [step.rule, String(step.on)])).to.deep.equal([
      ['qsockets.answer', '2026-05-30'],
    ]);
    expect(because.losers[0]?.why).to.be.a('string');
    expect(because.digest)
      .to.equal(law.digest)
      .and.to.match(/^[0-9a-f]{64}$/);
    expect(skipped.map((one) => String(one.day))).to.include('2026-05-11');
  });

  it('offers the nearest names for one it does not know', () => {
    const refusal = refusalOf(() => law.due('acces.answer', { from: day('2026-04-30') }));
    expect(refusal.code).to.equal('law.unknown-duty');
    expect(refusal.details.near).to.include('access.answer');
    expect(refusalOf(() => law.keep('message.payloads', { from: day('2026-04-30') })).details.near).to.include(
      'message.payload',
    );
  });

  it('takes a day as its noon and an instant in the zone of the operator', () => {
    const late = law.due('incident.notice', { from: day('2026-04-30') }).lateFrom;
    expect(String(late)).to.equal('2026-05-01T09:00:00Z');
    const keep = law.keep('message.payload', { from: Temporal.Instant.from('2026-05-15T02:00:00+05:00') });
    expect(String(keep.keepUntil)).to.equal('2026-11-15');
  });

  it('knows which duties a fact opens and what discharges them', () => {
    expect(law.duties('request.received', { kind: 'access' })).to.deep.equal(['access.answer']);
    expect(law.duties('request.received', { kind: 'erasure' })).to.deep.equal(['request.answer']);
    expect(law.duties('incident.detected')).to.deep.equal(['incident.notice', 'incident.result']);
    expect(law.duties('account.deleted')).to.deep.equal(['account-deleted.erase']);
    expect(law.duties('account.blocked', { ground: 'violation' })).to.deep.equal([]);
    expect(law.dischargedBy('access.answer')).to.include.members(['request.answered', 'request.refused']);
  });

  it('gives an answer about access eleven points, one of them only since the reform of 2022', () => {
    expect(law.answerPoints(day('2026-05-20'))).to.have.length(11);
    expect(law.answerPoints(day('2022-08-31'))).to.have.length(10);
    expect(law.refusalGrounds(day('2026-05-20')).map((one) => plain(cite(one.cite, 'ru')))).to.include(
      'ст. 14 ч. 8 п. 4 152-ФЗ от 27.07.2006',
    );
  });

  it('keeps the fields of order 179 as a choice of the operator once the order has ended', () => {
    const under = law.actFields(day('2029-03-01'));
    expect(plain(cite(under.cite, 'ru'))).to.equal('п. 3 приказа Роскомнадзора от 28.10.2022 № 179');
    expect(under.note).to.equal(undefined);
    const after = law.actFields(day('2029-03-02'));
    expect(plain(cite(after.cite, 'ru'))).to.equal('ст. 21 ч. 7 152-ФЗ от 27.07.2006');
    expect(after.fields).to.deep.equal(under.fields);
    expect(after.note).to.be.a('string');
    expect(law.extractFields(day('2026-06-19')).fields).to.have.length(5);
  });

  it('reports the two great contradictions as errors and still answers', () => {
    const findings = law.lint(day('2026-11-20'));
    const errors = findings.filter((one) => one.severity === 'error');
    expect(errors.flatMap((one) => one.inventory)).to.include.members(['C-01', 'C-02', 'C-07']);
    expect(findings.every((one) => !one.settled)).to.equal(true);
    expect(new Set(findings.map((one) => one.id)).size).to.equal(findings.length);
    const named = new Set(findings.flatMap((one) => one.inventory));
    for (let i = 1; i <= 43; i++) expect(named, `C-${i}`).to.include(`C-${String(i).padStart(2, '0')}`);
  });

  it('says in the summary what it really applies', () => {
    const policy = law.summary('policy', day('2026-05-20')).flatMap((section) => section.items);
    const answer = policy.find((item) => item.text.startsWith('Ответить на запрос о доступе'));
    expect(plain(answer?.text ?? ''))
      .to.include('10 рабочих дней')
      .and.to.include('ещё 5 рабочих дней');
    const payload = policy.find((item) => item.text.startsWith('Содержание сообщений'));
    expect(plain(payload?.text ?? '')).to.include('6 месяцев');
    expect(plain(payload?.clause ?? ''))
      .to.include('Оферта, п. 3.5.3')
      .and.not.to.include('Политика, п. 8');
    // The summary of an edition stays readable in a year whose calendar is not there yet.
    expect(law.summary('offer', day('2029-06-01')).length).to.be.greaterThan(5);
  });

  it('has the pack of the operator, every part with its clause', () => {
    const { operator } = law;
    expect(operator.inn).to.equal('9705149126');
    expect(operator.plans.find((plan) => plan.id === 'mini')?.limits).to.include({
      messagesPerDay: 10,
      connections: 2,
    });
    expect(operator.plans.find((plan) => plan.id === 'free')?.activeProjects).to.equal(1);
    expect(operator.limits?.warnAt).to.deep.equal([80, 100]);
    expect(operator.logAccess?.purposes).to.have.length(4);
    expect(operator.channels.map((channel) => channel.receipt)).to.include('sent-unless-bounced');
    expect(operator.schedules.every((schedule) => schedule.clause && law.category(schedule.category))).to.equal(true);
    expect(operator.recipients.every((one) => one.country === operator.region)).to.equal(true);
  });

  it('names the contract before the policy where both promise the same notice of a change', () => {
    const { effectiveOn, because } = law.effective('document', day('2026-06-01'));
    expect(effectiveOn.toString()).to.equal('2026-06-16');
    expect(because.winner.cite.clause).to.match(/^Оферта/);
    expect(because.losers.map(({ cite: { clause } }) => clause)).to.deep.equal(['Политика 11']);
  });

  it('never lets a hold shorten a term, nor a term shrink as the event moves on', () => {
    const anyDay = fc.integer({ min: 0, max: 1200 }).map((days) => day('2026-01-01').add({ days }));
    const categories = fc.constantFrom('message.payload', 'message.metadata', 'billing.document', 'account.profile');
    fc.assert(
      fc.property(anyDay, anyDay, fc.integer({ min: 0, max: 400 }), categories, (from, start, length, category) => {
        const free = law.keep(category, { from });
        const held = law.keep(category, { from, hold: [{ from: start, until: start.add({ days: length }) }] });
        expect(Temporal.PlainDate.compare(free.keepUntil, held.keepUntil)).to.be.at.most(0);
        expect(Temporal.PlainDate.compare(free.destroyBy, held.destroyBy)).to.be.at.most(0);
        const next = law.keep(category, { from: from.add({ days: 1 }) });
        expect(Temporal.PlainDate.compare(free.keepUntil, next.keepUntil)).to.be.at.most(0);
        expect(Temporal.PlainDate.compare(free.destroyFrom, free.destroyBy)).to.be.at.most(0);
      }),
      { numRuns: 60 },
    );
  });
});

function refusalOf(work: () => unknown): Refusal {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('there was no refusal');
}
