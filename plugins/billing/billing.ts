import {
  type Db,
  dayOf,
  daysLeft,
  type Engine,
  endingNotices,
  inRoubles,
  newId,
  Refusal,
  sectionOf,
  type TariffPlan,
  Temporal,
  type Trx,
} from '../../core/index.ts';
import { sealPayer } from './payer.ts';
import {
  endPeriod,
  insertInvoice,
  insertPayment,
  insertPeriod,
  invoiceOf,
  invoiceOfPayment,
  invoicesOf,
  isProlonged,
  lastPaidDays,
  lockEnded,
  lockProject,
  newestPeriod,
  noteNoticed,
  type PaymentRow,
  type PeriodRow,
  type ProjectRow,
  paymentByExternalId,
  periodById,
  periodOf,
  periodsAfter,
  periodsOf,
  projectById,
  putOnPlan,
  repricePeriod,
  runningPeriods,
} from './store.ts';
import type { Billing, ChangeFact, Paid, Payer, PaymentFact } from './types.ts';

/** What a payment has bought, and its line of the invoice. */
interface Bought extends Pick<PaymentRow, 'kind' | 'months'> {
  project: ProjectRow;
  period: PeriodRow; // of several the one that ends last
  line: { title: string; quantity: number; unit: string; priceKopecks: number; kopecks: number };
}

/** Payments, the periods they open, the invoices that go with them. */
export function createBilling(engine: Engine) {
  const { clock, db, law, letters } = engine;
  const titleOf = (plan: string): string => law.operator.plans.find(({ id }) => id === plan)?.title ?? plan;
  const noticeDays = sectionOf(law.operator, 'paidPeriodNotices');

  /** @throws Refusal `payment.not-a-paid-plan` */
  function paidPlan(id: string): TariffPlan {
    const plan = law.operator.plans.find((one) => one.id === id);
    if (plan && plan.priceKopecks > 0) return plan;
    throw new Refusal('payment.not-a-paid-plan', 'invalid', {
      ...{ field: 'plan', title: titleOf(id) },
      message: `Тарифа «${titleOf(id)}» среди платных нет.`,
    });
  }

  function checkedPlan({ plan: id, months, kopecks, paidAt }: PaymentFact): TariffPlan {
    const plan = paidPlan(id);
    if (!plan.periods.includes(months)) {
      throw new Refusal('payment.wrong-period', 'invalid', {
        field: 'months',
        ...{ title: plan.title, periods: plan.periods },
        ...(plan.clause ? { clause: plan.clause } : {}),
        message: `Тариф «${plan.title}» оплачивают на ${plan.periods.join(', ')} мес.`,
      });
    }
    const { kopecks: price } = law.purchase({ plan: id, months, paidAt });
    mustBe(kopecks, price, plan);
    return plan;
  }

  /** @throws Refusal `payment.wrong-amount` */
  function mustBe(kopecks: number, expected: number, { title }: TariffPlan): void {
    if (kopecks === expected) return;
    throw new Refusal('payment.wrong-amount', 'invalid', {
      ...{ field: 'kopecks', expected, kopecks, title },
      message: `Тариф «${title}»: полагается ${inRoubles(expected)}, пришло ${inRoubles(kopecks)}.`,
    });
  }

  /** A payment that has happened, of a project we have heard of; other payments of that wait. */
  async function locked(trx: Trx, { project: id, paidAt }: ChangeFact): Promise<ProjectRow> {
    if (Temporal.Instant.compare(paidAt, clock.now()) > 0) {
      throw new Refusal('payment.not-yet', 'invalid', { field: 'paidAt', message: 'Платёж ещё не состоялся.' });
    }
    const project = await lockProject(trx, id);
    if (!project) throw unknownProject(id);
    mustBeThere(project, paidAt);
    if (isFree(project.plan)) {
      throw new Refusal('payment.free-project', 'conflict', {
        title: titleOf(project.plan),
        message: `Проект на тарифе «${titleOf(project.plan)}» бесплатный: за него не платят. Оплата вносится за каждый проект отдельно: создайте проект на платном тарифе и оплатите его.`,
      });
    }
    return project;
  }

  const isFree = (plan: string): boolean => law.operator.plans.some((one) => one.id === plan && one.priceKopecks === 0);

  /** A bank tells of days, so days are compared. @throws Refusal `payment.before-project` */
  function mustBeThere({ created_at }: ProjectRow, paidAt: Temporal.Instant): void {
    if (!created_at) return;
    const createdOn = dayOf(created_at, law.zone);
    if (Temporal.PlainDate.compare(dayOf(paidAt, law.zone), createdOn) >= 0) return;
    throw new Refusal('payment.before-project', 'invalid', {
      ...{ field: 'paidAt', createdOn: String(createdOn) },
      message: `Платёж датирован днём, когда проекта ещё не было: он создан ${createdOn}.`,
    });
  }

  /** Whoever serves the project hears it in this transaction: its limits change with the payment. */
  async function putProjectOn(trx: Trx, { project_id, subject_id, plan: from }: ProjectRow, plan: string) {
    await putOnPlan(trx, project_id, plan);
    const at = clock.now();
    await engine.report(trx, {
      name: 'plan.changed',
      about: project_id,
      at,
      subject: subject_id,
      fields: { plan, from },
    });
  }

  async function recordPayment(trx: Trx, payment: PaymentFact): Promise<Paid> {
    const before = await paymentByExternalId(trx, payment.externalId);
    if (before) return repeated(trx, before, { ...payment, kind: 'period' });

    const plan = checkedPlan(payment);
    const now = clock.now();
    const project = await locked(trx, payment);
    const newest = await newestPeriod(trx, project.project_id);
    // A period that is over by now ran on when money came before its end; one that ended with the contract did not.
    const running = newest && !endedEarly(newest) ? newest : null;
    if (project.plan !== plan.id) {
      const runs = running !== null && isBefore(payment.paidAt, running.ends_at);
      if (!newest || runs) throw otherPlan({ expected: project.plan, paid: plan.id, runs }, titleOf);
      await putProjectOn(trx, project, plan.id);
    }
    const next = law.purchase({
      plan: plan.id,
      months: payment.months,
      paidAt: payment.paidAt,
      running: running && {
        anchor: running.anchor_on,
        months: running.months,
        lastDay: running.last_on,
        endsAt: running.ends_at,
      },
    });
    const { project_id, subject_id } = project;
    const paid_on = dayOf(payment.paidAt, law.zone);
    const period: PeriodRow = {
      ...{ id: newId('prd', now), project_id, subject_id, plan: plan.id, paid_on, anchor_on: next.anchor },
      ...{ months: next.months, starts_at: next.from, last_on: next.lastDay, ends_at: next.endsAt },
      ...{ own_months: payment.months, price_kopecks: payment.kopecks },
      ...{ ended_at: null, noticed_days: [] },
    };
    await insertPeriod(trx, period);
    const sum = { kopecks: payment.kopecks, title: `Доступ к сервису, тариф «${plan.title}», ${payment.months} мес.` };
    return settle(trx, payment, {
      ...{ kind: 'period', months: payment.months, project, period },
      line: { ...sum, quantity: payment.months, unit: 'мес.', priceKopecks: plan.priceKopecks },
    });
  }

  async function recordChange(trx: Trx, payment: ChangeFact): Promise<Paid> {
    const before = await paymentByExternalId(trx, payment.externalId);
    if (before) return repeated(trx, before, { ...payment, kind: 'change', months: null });

    const plan = paidPlan(payment.plan);
    const project = await locked(trx, payment);
    const { change, periods } = await changeOf(trx, project, plan.id, payment.paidAt);
    mustBe(payment.kopecks, change.kopecks, plan);
    for (const [index, { id }] of periods.entries()) {
      const kopecks = change.periods[index]?.price as number;
      await repricePeriod(trx, id, { plan: plan.id, kopecks, paidOn: dayOf(payment.paidAt, law.zone) });
    }
    const last = periods.at(-1) as PeriodRow;
    const title = `Увеличение лимитов с тарифа «${titleOf(project.plan)}» до тарифа «${plan.title}»: ${change.because.winner.value}`;
    return settle(trx, payment, {
      ...{ kind: 'change', months: null, project, period: { ...last, plan: plan.id } },
      line: { title, quantity: 1, unit: 'усл.', priceKopecks: payment.kopecks, kopecks: payment.kopecks },
    });
  }

  /** The periods that a change reaches, and what it costs. @throws Refusal what `law.planChange` throws */
  async function changeOf(db: Db | Trx, project: ProjectRow, to: string, at: Temporal.Instant) {
    const found = await periodsAfter(db, project.project_id, at);
    // What is over by now, whenever it was paid, has no limits to be raised.
    const periods = found.some(({ ends_at }) => isBefore(clock.now(), ends_at)) ? found : [];
    const paidFor = periods.map((row) => ({
      ...{ anchor: row.anchor_on, from: row.starts_at, lastDay: row.last_on, endsAt: row.ends_at },
      ...{ months: row.own_months, kopecks: row.price_kopecks },
    }));
    return { periods, change: law.planChange({ plan: project.plan, to, at, periods: paidFor }) };
  }

  /** Writes a payment down, tells of it, and sends its invoice. */
  async function settle(trx: Trx, payment: ChangeFact, { kind, months, project, period, line }: Bought): Promise<Paid> {
    const now = clock.now();
    const { project_id, subject_id } = project;
    const paid_on = dayOf(payment.paidAt, law.zone);
    const id = newId('pay', now);
    const row: PaymentRow = {
      ...{ id, external_id: payment.externalId, project_id, subject_id, period_id: period.id, kind },
      ...{ plan: payment.plan, months, kopecks: payment.kopecks },
      payer: await sealPayer(engine.vault, id, paid_on, payment.payer),
      ...{ paid_at: payment.paidAt, paid_on, recorded_by: payment.by ?? 'system' },
    };
    await insertPayment(trx, row);
    await engine.report(trx, {
      name: 'payment.succeeded',
      about: project_id,
      at: payment.paidAt,
      subject: subject_id,
      fields: { kopecks: payment.kopecks, ...(months === null ? { kind } : { months }) },
    });
    if (kind === 'change') await putProjectOn(trx, project, payment.plan);
    const changed = kind === 'change' ? { plan: payment.plan, from: project.plan } : {};
    await engine.journal.append(trx, {
      action: 'payment.recorded',
      about: row.id,
      actor: row.recorded_by,
      body: { project: project_id, kopecks: row.kopecks, period: period.id, ...changed },
    });
    const account = await engine.accounts.bySubject(trx, subject_id);
    if (account) await engine.accounts.activity(trx, account.id, 'payment');
    const invoice = await issueInvoice(trx, row, payment.payer, { period, line });
    return { payment: row.id, period: periodOf(period), invoice, repeated: false };
  }

  async function repeated(
    trx: Trx,
    before: PaymentRow,
    payment: ChangeFact & Pick<PaymentRow, 'kind' | 'months'>,
  ): Promise<Paid> {
    const same =
      before.kind === payment.kind &&
      before.project_id === payment.project &&
      before.plan === payment.plan &&
      before.months === payment.months &&
      before.kopecks === payment.kopecks;
    if (!same) {
      throw new Refusal('payment.differs', 'conflict', {
        ...{ field: 'externalId', payment: before.id },
        message: 'Под этим номером уже записан другой платёж.',
      });
    }
    return {
      payment: before.id,
      period: periodOf(await periodById(trx, before.period_id)),
      invoice: invoiceOf(await invoiceOfPayment(trx, before.id)),
      repeated: true,
    };
  }

  async function issueInvoice(
    trx: Trx,
    payment: PaymentRow,
    payer: Payer,
    { period, line: { kopecks: sumKopecks, ...line } }: Pick<Bought, 'period' | 'line'>,
  ) {
    const now = clock.now();
    const id = newId('inv', now);
    const issued_on = dayOf(now, law.zone);
    const document = await letters.documents.create(trx, {
      kind: 'invoice',
      about: id,
      subject: payment.subject_id,
      data: {
        payer: { name: payer.name, ...(payer.inn ? { inn: payer.inn } : {}) },
        basis: offerTitle(),
        lines: [{ ...line, sumKopecks }],
        totalKopecks: payment.kopecks,
        vat: vatWords(),
        issuedOn: issued_on,
        paidAt: payment.paid_at,
      },
    });
    await insertInvoice(trx, {
      ...{ id, payment_id: payment.id, number: document.number, project_id: payment.project_id },
      ...{ subject_id: payment.subject_id, kopecks: payment.kopecks, issued_on, paid_on: payment.paid_on },
      document_id: document.id,
    });
    await engine.report(trx, {
      name: 'invoice.issued',
      about: id,
      at: now,
      subject: payment.subject_id,
      fields: { kopecks: payment.kopecks },
    });
    await letters.queue(trx, {
      template: 'billing.invoice',
      to: { subject: payment.subject_id, email: payer.email, name: payer.name },
      about: id,
      attachments: [document.id],
      data: {
        number: document.number,
        title: line.title,
        totalKopecks: payment.kopecks,
        from: dayOf(payment.kind === 'change' ? payment.paid_at : period.starts_at, law.zone),
        until: period.last_on,
        paidAt: payment.paid_at,
      },
    });
    return invoiceOf({
      ...{ id, payment_id: payment.id, number: document.number, project_id: payment.project_id },
      ...{ subject_id: payment.subject_id, kopecks: payment.kopecks, issued_on, paid_on: payment.paid_on },
      document_id: document.id,
    });
  }

  function offerTitle(): string {
    const offer = law.operator.documents.find(({ kind }) => kind === 'contract');
    return offer?.title ?? law.operator.name;
  }

  /** The operator's tax regime is its own choice; where the pack is silent the invoice says so and claims nothing. */
  function vatWords(): string {
    return (law.operator as { vat?: string }).vat ?? 'Сведения об НДС: по учётной политике оператора';
  }

  /** A letter about a period, to the owner's address and dashboard; an account that is gone gets none. */
  async function tellOwner(trx: Trx, period: PeriodRow, ending: boolean): Promise<void> {
    const account = await engine.accounts.bySubject(trx, period.subject_id);
    const profile = account && (await engine.accounts.profile(trx, account.id));
    if (!profile) return;
    const plan = law.operator.plans.find(({ id }) => id === period.plan);
    const common = {
      project: period.project_id,
      ...(plan ? { plan: plan.title } : {}),
      url: `${engine.config.publicUrl}/my/projects/${period.project_id}`,
      clause: plan?.clause ?? offerTitle(),
    };
    const order = {
      to: { subject: period.subject_id, email: profile.email, name: profile.name },
      locale: profile.locale,
      about: period.project_id,
      channels: ['email', 'dashboard'] as ('email' | 'dashboard')[],
    };
    if (ending) {
      await letters.queue(trx, {
        ...order,
        template: 'billing.period-ending',
        data: { ...common, endsOn: period.last_on },
      });
    } else {
      await letters.queue(trx, {
        ...order,
        template: 'billing.period-ended',
        data: { ...common, endedOn: period.last_on },
      });
    }
  }

  /** The notices that a running period still owes. */
  function noticesOf({ starts_at: from, last_on: lastDay, noticed_days: given }: PeriodRow) {
    return endingNotices({ from, lastDay }, noticeDays, law.zone).filter(({ days }) => !given.includes(days));
  }

  async function endPeriods(): Promise<number> {
    const now = clock.now();
    await sendNotices(now);
    for (let ended = 0; ; ended++) {
      const more = await db.transaction(async (trx) => {
        const period = await lockEnded(trx, now);
        if (!period) return false;
        await endPeriod(trx, period.id, now);
        if (await isProlonged(trx, period)) return true;
        await engine.report(trx, {
          name: 'period.ended',
          about: period.project_id,
          at: period.ends_at,
          subject: period.subject_id,
        });
        await engine.journal.append(trx, {
          action: 'period.ended',
          about: period.project_id,
          body: { period: period.id },
        });
        await tellOwner(trx, period, false);
        return true;
      });
      if (!more) return ended;
    }
  }

  async function sendNotices(now: Temporal.Instant): Promise<void> {
    for (const period of await runningPeriods(db)) {
      const due = noticesOf(period).filter(({ at }) => Temporal.Instant.compare(at, now) <= 0);
      if (due.length === 0) continue;
      await db.transaction(async (trx) => {
        let fresh = false;
        for (const { days } of due) fresh = (await noteNoticed(trx, period.id, days)) || fresh;
        const over = Temporal.Instant.compare(period.ends_at, now) <= 0;
        if (fresh && !over && !(await isProlonged(trx, period))) await tellOwner(trx, period, true);
      });
    }
  }

  const billing: Billing = {
    recordPayment,
    recordChange,
    async changeOffer(id, plan) {
      const project = await projectById(db, id);
      if (!project) throw unknownProject(id);
      const { change } = await changeOf(db, project, paidPlan(plan).id, clock.now());
      return { plan, kopecks: change.kopecks, lastDay: change.lastDay, because: change.because };
    },
    async paidUntil(trx, subject) {
      const days = (await lastPaidDays(trx, subject)).map(({ last_on }) => last_on);
      return days.sort(Temporal.PlainDate.compare).at(-1) ?? null;
    },
    async lostPaidTime(trx, subject, at) {
      return (await lastPaidDays(trx, subject))
        .map(({ project_id: project, plan, last_on: until }) => ({
          ...{ project, plan, until },
          days: daysLeft(until, at, law.zone),
        }))
        .filter(({ days }) => days > 0);
    },
    periods: async (project) => (await periodsOf(db, project)).map(periodOf),
    invoices: async (subject) => (await invoicesOf(db, subject)).map(invoiceOf),
    endPeriods,
  };

  return {
    billing,
    /** When the next period ends or the next notice of an end is due. */
    async next(): Promise<Temporal.Instant | null> {
      const instants = (await runningPeriods(db)).flatMap((period) => [
        period.ends_at,
        ...noticesOf(period).map(({ at }) => at),
      ]);
      return instants.sort(Temporal.Instant.compare)[0] ?? null;
    },
  };
}

const isBefore = (one: Temporal.Instant, other: Temporal.Instant): boolean => Temporal.Instant.compare(one, other) < 0;

function unknownProject(project: string): Refusal {
  return new Refusal('payment.unknown-project', 'not-found', { project, message: 'Такого проекта нет.' });
}

/** With the contract, and not because its time was over. */
function endedEarly({ ended_at, ends_at }: PeriodRow): boolean {
  return ended_at !== null && isBefore(ended_at, ends_at);
}

/** A payment for a plan that the project is not on, and cannot be put on by it. */
function otherPlan(
  { expected, paid, runs }: Record<'expected' | 'paid', string> & { runs: boolean },
  titleOf: (plan: string) => string,
) {
  const [now, title] = [titleOf(expected), titleOf(paid)];
  const details = { field: 'plan', expected, now, title };
  return runs
    ? new Refusal('payment.period-runs', 'invalid', {
        ...details,
        message: `Идёт период, оплаченный на тарифе «${now}»: лимиты в нём увеличивают доплатой, а тариф «${title}» оплачивают, когда он закончится.`,
      })
    : new Refusal('payment.wrong-plan', 'invalid', {
        ...details,
        message: `Проект создан на тарифе «${now}», а оплачен тариф «${title}».`,
      });
}
