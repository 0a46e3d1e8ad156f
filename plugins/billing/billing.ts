import {
  dayOf,
  daysLeft,
  type Engine,
  endingNotices,
  newId,
  Refusal,
  sectionOf,
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
  paymentByExternalId,
  periodById,
  periodOf,
  periodsOf,
  runningPeriods,
} from './store.ts';
import type { Billing, Paid, Payer, PaymentFact } from './types.ts';

/** Payments, the periods they open, the invoices that go with them. */
export function createBilling(engine: Engine) {
  const { clock, db, law, letters } = engine;
  const noticeDays = sectionOf(law.operator, 'paidPeriodNotices');

  function checkedPlan({ plan: id, months, kopecks, paidAt }: PaymentFact) {
    const plan = law.operator.plans.find((one) => one.id === id);
    if (!plan || plan.priceKopecks === 0) {
      throw new Refusal('payment.wrong-plan', 'invalid', {
        field: 'plan',
        message: `Тарифа «${id}» среди платных нет.`,
      });
    }
    if (!plan.periods.includes(months)) {
      throw new Refusal('payment.wrong-period', 'invalid', {
        field: 'months',
        periods: plan.periods,
        ...(plan.clause ? { clause: plan.clause } : {}),
        message: `Тариф «${plan.title}» оплачивают на ${plan.periods.join(', ')} мес.`,
      });
    }
    const { kopecks: price } = law.purchase({ plan: id, months, paidAt });
    if (kopecks !== price) {
      throw new Refusal('payment.wrong-amount', 'invalid', {
        field: 'kopecks',
        expected: price,
        message: `За ${months} мес. тарифа «${plan.title}» полагается ${price} коп., пришло ${kopecks} коп.`,
      });
    }
    return plan;
  }

  async function recordPayment(trx: Trx, payment: PaymentFact): Promise<Paid> {
    const before = await paymentByExternalId(trx, payment.externalId);
    if (before) return repeated(trx, before, payment);

    const plan = checkedPlan(payment);
    const now = clock.now();
    if (Temporal.Instant.compare(payment.paidAt, now) > 0) {
      throw new Refusal('payment.not-yet', 'invalid', { field: 'paidAt', message: 'Платёж ещё не состоялся.' });
    }
    const project = await lockProject(trx, payment.project);
    if (!project) throw new Refusal('payment.unknown-project', 'not-found', { project: payment.project });
    if (project.plan !== plan.id) {
      throw new Refusal('payment.wrong-plan', 'invalid', {
        field: 'plan',
        expected: project.plan,
        message: `Проект создан на тарифе «${project.plan}», оплачен «${plan.id}».`,
      });
    }

    const newest = await newestPeriod(trx, project.project_id);
    const running = newest && !newest.ended_at ? newest : null;
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
      ...{ ended_at: null, noticed_days: [] },
    };
    await insertPeriod(trx, period);
    const id = newId('pay', now);
    const row: PaymentRow = {
      ...{ id, external_id: payment.externalId, project_id, subject_id, period_id: period.id },
      ...{ plan: plan.id, months: payment.months, kopecks: payment.kopecks },
      payer: await sealPayer(engine.vault, id, paid_on, payment.payer),
      ...{ paid_at: payment.paidAt, paid_on, recorded_by: payment.by ?? 'system' },
    };
    await insertPayment(trx, row);
    await engine.report(trx, {
      name: 'payment.succeeded',
      about: project_id,
      at: payment.paidAt,
      subject: subject_id,
      fields: { months: payment.months, kopecks: payment.kopecks },
    });
    await engine.journal.append(trx, {
      action: 'payment.recorded',
      about: row.id,
      actor: row.recorded_by,
      body: { project: project_id, kopecks: row.kopecks, period: period.id },
    });
    const account = await engine.accounts.bySubject(trx, subject_id);
    if (account) await engine.accounts.activity(trx, account.id, 'payment');
    const invoice = await issueInvoice(trx, row, payment.payer, period, plan);
    return { payment: row.id, period: periodOf(period), invoice, repeated: false };
  }

  async function repeated(trx: Trx, before: PaymentRow, payment: PaymentFact): Promise<Paid> {
    const same =
      before.project_id === payment.project &&
      before.plan === payment.plan &&
      before.months === payment.months &&
      before.kopecks === payment.kopecks;
    if (!same) throw new Refusal('payment.differs', 'conflict', { payment: before.id });
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
    period: PeriodRow,
    plan: { title: string; priceKopecks: number },
  ) {
    const now = clock.now();
    const id = newId('inv', now);
    const issued_on = dayOf(now, law.zone);
    const title = `Доступ к сервису, тариф «${plan.title}», ${payment.months} мес.`;
    const document = await letters.documents.create(trx, {
      kind: 'invoice',
      about: id,
      subject: payment.subject_id,
      data: {
        payer: { name: payer.name, ...(payer.inn ? { inn: payer.inn } : {}) },
        basis: offerTitle(),
        lines: [
          {
            title,
            quantity: payment.months,
            unit: 'мес.',
            priceKopecks: plan.priceKopecks,
            sumKopecks: payment.kopecks,
          },
        ],
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
        title,
        totalKopecks: payment.kopecks,
        from: dayOf(period.starts_at, law.zone),
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
