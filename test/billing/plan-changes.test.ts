import { expect } from 'chai';
import { Refusal, Temporal } from '../../core/base/index.ts';
import type { EraseReceipt, EraseScope, Store, StoreContext } from '../../core/datamap/index.ts';
import type { Db } from '../../core/db/index.ts';
import type { Billing, ChangeFact, PaymentFact } from '../../plugins/billing/index.ts';
import billingPlugin, { billingOf } from '../../plugins/billing/index.ts';
import { up as knowPlanChanges } from '../../plugins/billing/migrations/0003-plan-changes.ts';
import type { Relay } from '../../plugins/relay/index.ts';
import relayPlugin, { relayOf } from '../../plugins/relay/index.ts';
import { startEngine, type TestEngine } from '../relay/engine.ts';
import { cloneDatabase } from '../support/database.ts';

const payer = { name: 'ООО «Пример»', inn: '7700000000', email: 'buh@example.org' };
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('a payment for more limits', () => {
  let base: Awaited<ReturnType<typeof cloneDatabase>>;
  let house: TestEngine;
  let billing: Billing;
  let relay: Relay;
  let payments = 0;
  let year = 2025;

  before(async () => {
    base = await cloneDatabase();
    house = await startEngine(base.db, [billingPlugin, relayPlugin], Temporal.Instant.from('2026-05-05T09:00:00Z'));
    billing = billingOf(house.engine);
    relay = relayOf(house.engine);
  });
  // The clock goes one way: each test has a year of its own, which begins on the fifth of May.
  beforeEach(() => {
    year++;
    on('05-05');
  });
  after(async () => {
    await house?.close();
    await base?.drop();
  });

  const order = (project: string) => ({
    ...{ externalId: `bank-${++payments}`, project, payer, paidAt: house.clock.now() },
  });
  const pay = (project: string, more: Partial<PaymentFact> = {}) =>
    base.db.transaction((trx) =>
      billing.recordPayment(trx, { ...order(project), plan: 'start', months: 1, kopecks: 99_000, ...more }),
    );
  const raise = (project: string, kopecks: number, more: Partial<ChangeFact> = {}) =>
    base.db.transaction((trx) => billing.recordChange(trx, { ...order(project), plan: 'business', kopecks, ...more }));

  async function aProject(plan = 'start', ...kopecks: number[]) {
    const person = await house.aPerson();
    const { project } = await base.db.transaction((trx) =>
      relay.createProject(trx, { ...person, name: 'Платный', plan }),
    );
    for (const sum of kopecks) await pay(project.id, { plan, kopecks: sum });
    return { ...person, project: project.id };
  }

  const refusalOf = (promise: Promise<unknown>): Promise<Refusal> =>
    promise.then(
      () => expect.fail('it was not refused'),
      (error) => {
        expect(error).to.be.instanceOf(Refusal);
        return error as Refusal;
      },
    );
  const codeOf = async (promise: Promise<unknown>) => (await refusalOf(promise)).code;
  const on = (day: string) => house.clock.moveTo(noon(day));
  const noon = (day: string) => Temporal.Instant.from(`${year}-${day}T09:00:00Z`);

  it('is the difference for the days that are left; the period keeps its end, and its plan is the new one', async () => {
    const { project, subject } = await aProject('start', 99_000);
    on('05-20');
    const offer = await billing.changeOffer(project, 'business');
    expect(offer).to.include({ plan: 'business', kopecks: 201_806 });
    expect(String(offer.lastDay)).to.equal('2026-06-05');
    house.letters.length = 0;
    const paid = await raise(project, offer.kopecks);
    expect(paid).to.include({ repeated: false });
    expect(paid.period).to.include({ project, plan: 'business', endedAt: null });
    expect(String(paid.period.lastDay)).to.equal('2026-06-05');
    expect(await billing.periods(project)).to.deep.equal([paid.period]);
    expect(await relay.project(project)).to.include({ plan: 'business', state: 'active' });

    const line = house.documents.at(-1)?.data.lines[0];
    expect(plain(line.title)).to.equal(
      'Увеличение лимитов с тарифа «Старт» до тарифа «Бизнес»: (4 900,00 ₽ − 990,00 ₽) × 16 / 31 день',
    );
    expect(line).to.include({ quantity: 1, priceKopecks: 201_806, sumKopecks: 201_806 });
    const [letter] = house.letters;
    expect(letter).to.deep.include({ template: 'billing.invoice', attachments: [paid.invoice.document] });
    expect([String(letter?.data.from), String(letter?.data.until)]).to.deep.equal(['2026-05-20', '2026-06-05']);
    const facts = await base.db('core.facts').where({ subject_id: subject }).orderBy('id').select('name', 'fields');
    expect(facts.slice(-3)).to.deep.equal([
      { name: 'payment.succeeded', fields: { kind: 'change', kopecks: 201_806 } },
      { name: 'plan.changed', fields: { plan: 'business', from: 'start' } },
      { name: 'invoice.issued', fields: { kopecks: 201_806 } },
    ]);
    await house.engine.journal.sealUp();
    const [entry] = await house.engine.journal.list({ about: paid.payment });
    expect(entry).to.deep.include({ action: 'payment.recorded' });
    expect(entry?.body).to.deep.equal({
      ...{ project, kopecks: 201_806, period: paid.period.id, plan: 'business', from: 'start' },
    });
    const [changed] = await house.engine.journal.list({ about: project, prefix: 'project.plan' });
    expect(changed?.body).to.deep.equal({ plan: 'business', from: 'start' });
  });

  it('twice under one id is one, under the id of another payment none, and another sum is told what it should be', async () => {
    const { project } = await aProject('start', 99_000);
    on('05-20');
    const wrong = await refusalOf(raise(project, 201_805));
    expect(wrong).to.include({ code: 'payment.wrong-amount', kind: 'invalid' });
    expect(wrong.details).to.include({ field: 'kopecks', expected: 201_806 });
    const first = await raise(project, 201_806, { externalId: 'raise' });
    const again = await raise(project, 201_806, { externalId: 'raise' });
    expect(again).to.deep.equal({ ...first, repeated: true });
    expect(await codeOf(raise(project, 201_805, { externalId: 'raise' }))).to.equal('payment.differs');
    // The same numbers as a payment for a period are another payment.
    const asPeriod = { externalId: 'raise', plan: 'business', months: 1, kopecks: 201_806 };
    expect(await codeOf(pay(project, asPeriod))).to.equal('payment.differs');
    await pay(project, { externalId: 'period', plan: 'business', kopecks: 490_000 });
    expect(await codeOf(raise(project, 490_000, { externalId: 'period' }))).to.equal('payment.differs');
    expect(await base.db('billing.payments').where({ project_id: project })).to.have.length(3);
  });

  it('that comes twice at once raises the limits once: the second is refused, or the same', async () => {
    const { project } = await aProject('start', 99_000);
    const both = await Promise.allSettled([raise(project, 391_000), raise(project, 391_000)]);
    const refused = both.filter((one) => one.status === 'rejected').map(({ reason }) => reason.code);
    expect(refused).to.deep.equal(['law.plan-not-more']);
    const other = await aProject('start', 99_000);
    const same = await Promise.all(
      [1, 2, 3].map(() => raise(other.project, 391_000, { externalId: `same-${other.project}` })),
    );
    expect(same.filter(({ repeated }) => !repeated)).to.have.length(1);
    expect(new Set(same.map(({ payment }) => payment)).size).to.equal(1);
    expect(await base.db('billing.payments').where({ project_id: other.project })).to.have.length(2);
  });

  it('reaches what was paid ahead too; a renewal afterwards is one of the new plan', async () => {
    const { project } = await aProject('start', 99_000, 99_000);
    on('05-20');
    const paid = await raise(project, 592_806);
    expect(String(paid.period.lastDay)).to.equal(`${year}-07-05`);
    expect((await billing.periods(project)).map(({ plan }) => plan)).to.deep.equal(['business', 'business']);
    expect(await codeOf(pay(project))).to.equal('payment.period-runs');
    const renewed = await pay(project, { plan: 'business', kopecks: 490_000 });
    expect(String(renewed.period.lastDay)).to.equal(`${year}-08-05`);
  });

  it('in two steps costs no more than in one: the price of the plan between is what has been paid', async () => {
    const { project } = await aProject('mini', 10_000);
    on('05-20');
    const first = await raise(project, 45_935, { plan: 'start' });
    expect(String(first.period.lastDay)).to.equal(`${year}-06-05`);
    expect((await billing.changeOffer(project, 'business')).kopecks).to.equal(201_806);
    await raise(project, 201_806);
    expect((await relay.project(project)).plan).to.equal('business');
  });

  it('asks for the price of the day of the payment, whenever the bank has told of it', async () => {
    const { project } = await aProject('start', 99_000);
    on('05-23');
    const paidAt = noon('05-20');
    expect((await billing.changeOffer(project, 'business')).kopecks).to.equal(163_968);
    expect(await codeOf(raise(project, 163_968, { paidAt }))).to.equal('payment.wrong-amount');
    expect((await raise(project, 201_806, { paidAt })).period.plan).to.equal('business');
    expect(await codeOf(raise(project, 1, { paidAt: house.clock.now().add({ hours: 1 }) }))).to.equal(
      'payment.not-yet',
    );
  });

  it('is refused where nothing is paid for, where nothing would be more, and where nothing is left to pay', async () => {
    const waiting = await aProject('start');
    expect(await codeOf(raise(waiting.project, 391_000))).to.equal('law.no-paid-period');
    const { project } = await aProject('business', 490_000);
    expect(await codeOf(raise(project, 1, { plan: 'start' }))).to.equal('law.plan-not-more');
    expect(await codeOf(raise(project, 1, { plan: 'business' }))).to.equal('law.plan-not-more');
    expect(await codeOf(raise(project, 1, { plan: 'free' }))).to.equal('payment.not-a-paid-plan');
    expect(await codeOf(raise('prj_00000000000000000000000000', 1))).to.equal('payment.unknown-project');
    const other = await aProject('start', 99_000);
    on('06-05');
    expect(await codeOf(raise(other.project, 1))).to.equal('law.nothing-to-pay');
    on('06-06');
    // Over, though nobody has swept it yet; the money came in time, and there is nothing left to raise.
    const inTime = noon('06-04');
    expect(await codeOf(raise(other.project, 12_613, { paidAt: inTime }))).to.equal('law.no-paid-period');
    expect((await relay.project(other.project)).plan).to.equal('start');
  });

  it('for a project that its owner has deleted is refused as a whole', async () => {
    const { project } = await aProject('start', 99_000);
    await base.db.transaction((trx) => relay.deleteProject(trx, project));
    expect(await codeOf(raise(project, 391_000))).to.equal('project.not-active');
    expect((await billing.periods(project))[0]?.plan).to.equal('start');
  });

  it('leaves a project stopped that stands still for another reason', async () => {
    const { project, subject } = await aProject('start', 99_000);
    await house.report({ name: 'payment.disputed', about: project, at: house.clock.now(), subject });
    await raise(project, 391_000);
    expect(await relay.project(project)).to.deep.include({
      ...{ plan: 'business', state: 'suspended', grounds: ['dispute'] },
    });
  });

  it('is not needed once the period is over: the next payment is for any plan, more or less, and begins it', async () => {
    const { project } = await aProject('business', 490_000);
    on('06-05');
    expect(await codeOf(pay(project))).to.equal('payment.period-runs');
    on('06-06');
    await house.wake();
    expect((await relay.project(project)).state).to.equal('suspended');
    const paid = await pay(project);
    expect(paid.period).to.include({ plan: 'start' });
    expect(String(paid.period.lastDay)).to.equal(`${year}-07-06`);
    expect(await relay.project(project)).to.deep.include({ plan: 'start', state: 'active', grounds: [] });
    // Also in the minute between the end and the sweep: the project is never stopped.
    on('07-07');
    await pay(project, { plan: 'business', kopecks: 490_000 });
    await house.wake();
    expect(await relay.project(project)).to.deep.include({ plan: 'business', state: 'active', grounds: [] });
  });

  it('finds what was paid before periods knew their price', async () => {
    const old = await cloneDatabase();
    try {
      await old.db.raw(`
        alter table billing.periods drop column own_months, drop column price_kopecks;
        alter table billing.payments drop column kind, alter column months set not null;
        insert into billing.periods (id, project_id, subject_id, plan, paid_on, anchor_on, months, starts_at, last_on, ends_at)
          values ('prd_2', 'prj_1', 'sub_1', 'start', '2026-05-05', '2026-05-05', 4, '2026-06-05T21:00:00Z', '2026-09-05', '2026-09-05T21:00:00Z');
        insert into billing.payments (id, external_id, project_id, subject_id, period_id, plan, months, kopecks, payer, paid_at, paid_on, recorded_by)
          values ('pay_2', 'x', 'prj_1', 'sub_1', 'prd_2', 'start', 3, 297000, '', '2026-05-05T09:00:00Z', '2026-05-05', 'system');
      `);
      await knowPlanChanges(old.db as never);
      const found = await (old.db as Db)('billing.periods as d')
        .join('billing.payments as p', 'p.period_id', 'd.id')
        .select('d.own_months', 'd.price_kopecks', 'p.kind');
      expect(found).to.deep.equal([{ own_months: 3, price_kopecks: 297_000, kind: 'period' }]);
    } finally {
      await old.drop();
    }
  });

  it('goes with its documents when their terms are over, also when it was made in the year after the period was paid', async () => {
    on('12-20');
    const { project, subject } = await aProject('start', 99_000);
    year++;
    on('01-05');
    const { kopecks } = await billing.changeOffer(project, 'business');
    await raise(project, kopecks);
    const store = billingPlugin.stores.documents as Store;
    const goes = (from: string, before: string) =>
      base.db.transaction((trx) => {
        const { db, vault, clock, law, journal } = house.engine;
        const anchored = [{ from: Temporal.PlainDate.from(from), before: Temporal.PlainDate.from(before) }];
        const work = store.erase as (scope: EraseScope, context: StoreContext) => Promise<EraseReceipt>;
        const scope: EraseScope = { why: 'request', subject, anchored };
        return work(scope, { trx, db, vault, clock, law, journal, runId: `swp_${from}` });
      });
    expect(await goes(`${year - 1}-01-01`, `${year}-01-01`)).to.include({ affected: 2, remaining: 3 });
    expect(await base.db('billing.payments').where({ subject_id: subject })).to.have.length(1);
    expect(await goes(`${year}-01-01`, `${year + 1}-01-01`)).to.include({ outcome: 'erased', remaining: 0 });
    for (const table of ['payments', 'invoices', 'periods']) {
      expect(await base.db(`billing.${table}`).where({ subject_id: subject }), table).to.deep.equal([]);
    }
  });

  it('is not got round by a payment that is recorded late: money that came before the end prolongs, on the same plan', async () => {
    const { project } = await aProject('start', 99_000);
    on('06-07');
    expect(
      await house.engine.db('billing.periods').where({ project_id: project }).whereNull('ended_at'),
    ).to.have.length(1);
    await billing.endPeriods();
    expect(await house.engine.db('billing.periods').where({ project_id: project }).whereNull('ended_at')).to.deep.equal(
      [],
    );
    const paidAt = noon('06-03');
    expect(await codeOf(pay(project, { paidAt, plan: 'business', kopecks: 490_000 }))).to.equal('payment.period-runs');
    const { period } = await pay(project, { paidAt });
    expect(String(period.lastDay)).to.equal(`${year}-07-05`);
  });
});
