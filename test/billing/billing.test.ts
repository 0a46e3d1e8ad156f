import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import type { EraseReceipt, EraseScope, Store, StoreContext } from '../../core/datamap/index.ts';
import type { Law } from '../../core/law/index.ts';
import { createBilling } from '../../plugins/billing/billing.ts';
import type { Billing, PaymentFact } from '../../plugins/billing/index.ts';
import billingPlugin, { billingOf } from '../../plugins/billing/index.ts';
import { up as knowProjectDays } from '../../plugins/billing/migrations/0004-project-days.ts';
import { openPayer } from '../../plugins/billing/payer.ts';
import { documents } from '../../plugins/billing/stores.ts';
import type { Relay } from '../../plugins/relay/index.ts';
import relayPlugin, { relayOf } from '../../plugins/relay/index.ts';
import { startEngine, type TestEngine } from '../relay/engine.ts';
import { cloneDatabase } from '../support/database.ts';

const payer = { name: 'ООО «Пример»', inn: '7700000000', email: 'buh@example.org' };

describe('billing', () => {
  let base: Awaited<ReturnType<typeof cloneDatabase>>;
  let house: TestEngine;
  let billing: Billing;
  let relay: Relay;
  let payments = 0;

  before(async () => {
    base = await cloneDatabase();
    house = await startEngine(base.db, [billingPlugin, relayPlugin], Temporal.Instant.from('2026-01-31T09:00:00Z'));
    billing = billingOf(house.engine);
    relay = relayOf(house.engine);
  });
  after(async () => {
    await house?.close();
    await base?.drop();
  });

  async function aPaidProject(plan = 'start') {
    const person = await house.aPerson();
    const { project } = await base.db.transaction((trx) =>
      relay.createProject(trx, { ...person, name: 'Платный', plan }),
    );
    return { ...person, project: project.id };
  }

  function pay(project: string, more: Partial<PaymentFact> = {}) {
    return base.db.transaction((trx) =>
      billing.recordPayment(trx, {
        ...{ externalId: `bank-${++payments}`, project, plan: 'start', months: 1, kopecks: 99_000, payer },
        paidAt: house.clock.now(),
        ...more,
      }),
    );
  }

  const refusalOf = (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error) => error.code,
    );

  it('declares every column of its schema', async () => {
    const problems = (await house.engine.datamap.check(base.db)).filter(({ what }) => what.startsWith('billing.'));
    expect(problems).to.deep.equal([]);
  });

  it('activates a project by its payment, to the last day of February for a month from the 31st of January', async () => {
    const { project, subject } = await aPaidProject();
    const paid = await pay(project);
    expect((await relay.project(project)).state).to.equal('active');
    expect(String(paid.period.lastDay)).to.equal('2026-02-28');
    expect(String(paid.period.endsAt)).to.equal('2026-02-28T21:00:00Z');
    expect(paid.invoice.number).to.match(/^СЧ-2026-\d{4}$/);
    expect(house.documents.at(-1)?.data).to.deep.include({ totalKopecks: 99_000 });
    expect(house.letters.at(-1)).to.deep.include({ template: 'billing.invoice', attachments: [paid.invoice.document] });
    const facts = await base.db('core.facts').where({ subject_id: subject }).orderBy('id').pluck('name');
    expect(facts).to.deep.equal(['project.created', 'payment.succeeded', 'project.activated', 'invoice.issued']);
    const until = await base.db.transaction((trx) => billing.paidUntil(trx, subject));
    expect(String(until)).to.equal('2026-02-28');
  });

  it('has no place for the number of a card: no column, and no field of a payment', async () => {
    const columns: string[] = await base
      .db('information_schema.columns')
      .where({ table_schema: 'billing' })
      .pluck('column_name');
    expect(columns).to.include.members(['payer', 'kopecks']);
    expect(columns.filter((name) => /card|pan|cvv|cvc|expiry/.test(name))).to.deep.equal([]);
    const route = billingPlugin
      .routes?.(house.engine)
      .find(({ method, path }) => method === 'post' && /payments$/.test(path));
    const body = route?.body as { additionalProperties: boolean; properties: object };
    expect(body.additionalProperties).to.equal(false);
    expect(Object.keys(body.properties)).to.not.include('card');
  });

  it('sends the invoice to the address that is given, and keeps that with no document', async () => {
    const { project, subject } = await aPaidProject();
    const paid = await pay(project);
    const { letters, vault } = house.engine;
    const [letter] = await letters.list({ about: paid.invoice.id });
    expect((await letters.open(letter?.id ?? '')).to.email).to.equal(payer.email);
    const { payer: sealed } = await base.db('billing.payments').where({ id: paid.payment }).first();
    expect(await openPayer(vault, paid.payment, sealed)).to.deep.equal({ name: payer.name, inn: payer.inn });
    const shown = await base.db.transaction((trx) =>
      documents.collect(subject, { ...house.engine, trx, runId: 'req_1' }),
    );
    expect(JSON.stringify(shown.rows)).to.include(payer.inn).and.not.include(payer.email);
    const folder = mkdtempSync(join(tmpdir(), 'srok-invoice-'));
    const file = join(folder, 'invoice.pdf');
    writeFileSync(file, await letters.documents.pdf(paid.invoice.document));
    const text = execFileSync('pdftotext', [file, '-'], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    expect(text).to.include(payer.inn).and.not.include(payer.email);
  });

  it('takes the same payment once, and refuses another one under its id', async () => {
    const { project } = await aPaidProject();
    const first = await pay(project, { externalId: 'the same' });
    const again = await pay(project, { externalId: 'the same' });
    expect(again).to.deep.include({ payment: first.payment, repeated: true });
    expect(await billing.periods(project)).to.have.length(1);
    expect(await refusalOf(pay(project, { externalId: 'the same', months: 3, kopecks: 297_000 }))).to.equal(
      'payment.differs',
    );
  });

  it('refuses a wrong amount, a wrong plan, a wrong period, an unknown project and a payment to come', async () => {
    const { project } = await aPaidProject();
    expect(await refusalOf(pay(project, { kopecks: 98_999 }))).to.equal('payment.wrong-amount');
    expect(await refusalOf(pay(project, { plan: 'business', kopecks: 490_000 }))).to.equal('payment.wrong-plan');
    expect(await refusalOf(pay(project, { plan: 'free', kopecks: 0 }))).to.equal('payment.not-a-paid-plan');
    expect(await refusalOf(pay(project, { months: 2, kopecks: 198_000 }))).to.equal('payment.wrong-period');
    expect(await refusalOf(pay('prj_00000000000000000000000000'))).to.equal('payment.unknown-project');
    const later = house.clock.now().add({ hours: 1 });
    expect(await refusalOf(pay(project, { paidAt: later }))).to.equal('payment.not-yet');
    expect((await relay.project(project)).state).to.equal('waiting');
  });

  it('refuses a date before the day of the project, and takes any hour of that day', async () => {
    const { project } = await aPaidProject();
    const dayBefore = Temporal.Instant.from('2026-01-30T20:59:59Z'); // in Moscow the 30th still
    expect(await refusalOf(pay(project, { paidAt: dayBefore }))).to.equal('payment.before-project');
    expect(await billing.periods(project)).to.deep.equal([]);
    const paid = await pay(project, { paidAt: dayBefore.add({ seconds: 1 }) });
    expect(String(paid.period.anchor)).to.equal('2026-01-31');
  });

  it('remembers since when a project is there, also one of which it heard before', async () => {
    const { project } = await aPaidProject();
    const createdAt = async () =>
      String((await base.db('billing.projects').where({ project_id: project }).first()).created_at);
    expect(await createdAt()).to.equal('2026-01-31T09:00:00Z');
    await base.db.raw('alter table billing.projects drop column created_at');
    await knowProjectDays(base.db as never);
    expect(await createdAt()).to.equal('2026-01-31T09:00:00Z');
  });

  it('takes nothing for a free project, and says what to do instead', async () => {
    const { project } = await aPaidProject('free');
    const { externalId, ...order } = {
      ...{ externalId: `free-${project}`, project, plan: 'start', kopecks: 99_000, payer },
      paidAt: house.clock.now(),
    };
    for (const paying of [
      pay(project),
      base.db.transaction((trx) => billing.recordChange(trx, { ...order, externalId })),
    ]) {
      const refusal = await paying.then(
        () => null,
        (error) => error,
      );
      expect(refusal).to.include({ code: 'payment.free-project' });
      expect(refusal.details.message).to.include('«Бесплатный»').and.include('создайте проект на платном тарифе');
    }
    expect(await refusalOf(billing.changeOffer(project, 'start'))).to.equal('law.free-plan');
    expect((await relay.project(project)).state).to.equal('active');
  });

  it('prolongs a period that still runs, counting from its first day', async () => {
    const { project, subject } = await aPaidProject();
    await pay(project);
    const second = await pay(project);
    expect(String(second.period.lastDay)).to.equal('2026-03-31');
    expect(String(second.period.from)).to.equal('2026-02-28T21:00:00Z');
    const lost = await base.db.transaction((trx) => billing.lostPaidTime(trx, subject, house.clock.now()));
    expect(lost.map(({ until, days }) => [String(until), days])).to.deep.equal([['2026-03-31', 59]]);
  });

  it('leaves time that is paid for as it is when prices rise; the new price is asked of the next payment', async () => {
    const { project, subject } = await aPaidProject();
    const paid = await pay(project);
    const purchase: Law['purchase'] = (order) => {
      const bought = house.law.purchase(order);
      return { ...bought, kopecks: bought.kopecks * 2 };
    };
    const dearer = createBilling({ ...house.engine, law: { ...house.law, purchase } }).billing;
    expect(await dearer.periods(project)).to.deep.equal([paid.period]);
    expect(String(await base.db.transaction((trx) => dearer.paidUntil(trx, subject)))).to.equal('2026-02-28');
    const next = { project, plan: 'start', months: 1, payer, paidAt: house.clock.now() };
    const at = (externalId: string, kopecks: number) =>
      base.db.transaction((trx) => dearer.recordPayment(trx, { ...next, externalId, kopecks }));
    expect(await refusalOf(at('old price', 99_000))).to.equal('payment.wrong-amount');
    expect(String((await at('new price', 198_000)).period.lastDay)).to.equal('2026-03-31');
  });

  it('says that the end is near, suspends at 00:00 of the next day, and a new payment lifts that', async () => {
    const { project, subject } = await aPaidProject('mini');
    const start = Temporal.Instant.from('2026-05-05T09:00:00Z');
    house.clock.moveTo(start);
    await house.wake();
    await pay(project, { plan: 'mini', kopecks: 10_000 });
    house.letters.length = 0;
    const told = () => house.letters.filter(({ to }) => to.subject === subject).map(({ template }) => template);

    house.clock.moveTo(Temporal.Instant.from('2026-05-28T21:00:00Z'));
    expect(await house.wake()).to.deep.equal(['billing.periods']);
    expect(told()).to.deep.equal(['billing.period-ending']);
    house.clock.moveTo(Temporal.Instant.from('2026-06-05T20:59:59Z'));
    await house.wake();
    expect((await relay.project(project)).state).to.equal('active');
    house.clock.moveTo(Temporal.Instant.from('2026-06-05T21:00:00Z'));
    expect(await house.wake()).to.deep.equal(['billing.periods']);
    expect(await relay.project(project)).to.deep.include({ state: 'suspended', grounds: ['period-ended'] });
    expect(told()).to.deep.equal(['billing.period-ending', 'billing.period-ending', 'billing.period-ended']);
    expect(await house.wake()).to.deep.equal([]);

    await pay(project, { plan: 'mini', kopecks: 10_000 });
    expect(await relay.project(project)).to.deep.include({ state: 'active', grounds: [] });
    expect(String((await billing.periods(project)).at(-1)?.lastDay)).to.equal('2026-07-06');
  });

  it('ends paid time with the contract, and suspends nothing afterwards', async () => {
    const { project, subject, account } = await aPaidProject();
    await pay(project);
    await house.report({
      ...{ name: 'account.deleted', about: account, subject, at: house.clock.now() },
      fields: { by: 'user' },
    });
    expect(await base.db.transaction((trx) => billing.paidUntil(trx, subject))).to.equal(null);
    expect((await relay.project(project)).state).to.equal('deleted');
    house.clock.moveTo(Temporal.Instant.from('2026-09-01T00:00:00Z'));
    await house.wake();
    expect((await relay.project(project)).state).to.equal('deleted');
  });

  it('keeps documents to the end of the fifth year after theirs, whatever the person asks', async () => {
    const { project, subject } = await aPaidProject();
    const other = await aPaidProject();
    await pay(project);
    await pay(other.project);
    const stores = billingPlugin.stores as Record<'documents' | 'customers', Store>;
    const paidOn = Temporal.PlainDate.from('2026-09-01');
    expect(String(house.law.keep('billing.document', { from: paidOn }).keepUntil)).to.equal('2031-12-31');
    const anchors = await base.db.transaction(async (trx) => (await stores.documents.anchors?.(trx, subject)) ?? []);
    expect(anchors.map(({ day, count }) => [String(day), count])).to.deep.equal([['2026-09-01', 3]]);

    let runs = 0;
    const erase = (store: Store, scope: EraseScope): Promise<EraseReceipt> => {
      const { db, vault, clock, law, journal } = house.engine;
      const work = store.erase as (scope: EraseScope, context: StoreContext) => Promise<EraseReceipt>;
      return db.transaction((trx) => work(scope, { trx, db, vault, clock, law, journal, runId: `swp_${++runs}` }));
    };
    expect(await erase(stores.documents, { why: 'request', subject, anchored: [] })).to.include({
      outcome: 'retained',
      affected: 0,
      remaining: 3,
    });
    expect(await erase(stores.customers, { why: 'request', subject, anchored: 'all' })).to.include({
      outcome: 'erased',
    });
    const anchored = [{ from: paidOn, before: paidOn.add({ days: 1 }) }];
    const swept = await erase(stores.documents, { why: 'expiry', anchored, held: [other.subject] });
    expect(swept).to.include({ outcome: 'erased', affected: 3, remaining: 3 });
    expect(await base.db('billing.payments').where({ subject_id: subject })).to.deep.equal([]);
    expect(await base.db('billing.payments').where({ subject_id: other.subject })).to.have.length(1);
  });
});
