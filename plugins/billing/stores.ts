import {
  type Anchor,
  type EraseReceipt,
  type Store,
  spanOf,
  type Temporal,
  type Trx,
  type Unsupported,
  whereAnchored,
} from '../../core/index.ts';
import { openPayer } from './payer.ts';

const system = { ru: 'ИСПДн «Расчёты»', en: 'Payments' };

const asIssued: Unsupported = {
  unsupported: 'Первичный документ не меняется: ошибка исправляется новым документом.',
};

// Invoices go before the payments they are for, and payments before their periods.
const tables = ['billing.invoices', 'billing.payments', 'billing.periods'] as const;

async function documentAnchors(trx: Trx, subject?: string, until?: Temporal.PlainDate): Promise<Anchor[]> {
  const { rows } = await trx.raw(
    `select paid_on as day, count(*) as count from (
       select paid_on, subject_id from billing.payments
       union all select paid_on, subject_id from billing.invoices
       union all select paid_on, subject_id from billing.periods
     ) documents where (?::text is null or subject_id = ?) and (?::date is null or paid_on <= ?) group by 1 order by 1`,
    [subject ?? null, subject ?? null, until ?? null, until ?? null] as string[],
  );
  return rows;
}

/** Payments, the periods they opened, the invoices for them: kept as the law on bookkeeping says. */
export const documents: Store = {
  title: { ru: 'Платежи и счета', en: 'Payments and invoices' },
  system,
  subject: 'relay-user',
  tables: [...tables],
  columns: {
    'billing.payments.payer': 'billing.document',
    'billing.payments.kind': 'billing.document',
    'billing.payments.plan': 'billing.document',
    'billing.payments.recorded_by': 'technical',
    'billing.periods.plan': 'billing.document',
    'billing.invoices.number': 'billing.document',
  },
  purposes: ['payments'],
  schedule: 'billing.document',
  anchors: documentAnchors,
  span: (db, from) =>
    spanOf(
      db,
      tables.map((table) => ({ rows: db(table), day: 'paid_on' })),
      from,
    ),
  async locate(trx, id) {
    for (const table of tables) {
      const row = await trx(table).where({ id }).first('paid_on', 'subject_id');
      if (row) return { from: row.paid_on, subject: row.subject_id };
    }
    return null;
  },
  async collect(subject, { trx, vault }) {
    const found = await trx('billing.payments as p')
      .leftJoin('billing.invoices as i', 'i.payment_id', 'p.id')
      .leftJoin('billing.periods as d', 'd.id', 'p.period_id')
      .where({ 'p.subject_id': subject })
      .orderBy('p.id')
      .select(
        'p.id as payment',
        'p.project_id as project',
        'p.kind',
        'p.plan',
        'p.months',
        'p.kopecks',
        'p.payer',
        'p.paid_at as paidAt',
        'd.last_on as paidUntil',
        'i.number as invoice',
      );
    const rows = await Promise.all(
      found.map(async ({ payer, ...row }) => {
        const { name, inn } = await openPayer(vault, row.payment, payer);
        return { ...row, payerName: name, payerInn: inn ?? null };
      }),
    );
    return { rows, source: 'получены от субъекта или платёжной организации при оплате' };
  },
  async erase(scope, { trx, vault, runId }): Promise<EraseReceipt> {
    let affected = 0;
    let remaining = 0;
    const years = new Set<number>();
    for (const { day } of await documentAnchors(trx)) if (day) years.add(day.year);
    for (const table of tables) {
      const mine = scope.why === 'request' ? trx(table).where({ subject_id: scope.subject }) : trx(table);
      const going = whereAnchored(mine.clone(), 'paid_on', scope.anchored);
      if (scope.why === 'expiry') going.whereNotIn('subject_id', scope.held);
      affected += await going.delete();
      const left = scope.why === 'request' ? mine.clone() : whereAnchored(mine.clone(), 'paid_on', scope.anchored);
      const [row] = await left.count({ n: '*' });
      remaining += Number(row?.n ?? 0);
    }
    // A year whose last document has gone needs its key no more.
    for (const { day } of await documentAnchors(trx)) if (day) years.delete(day.year);
    const keyNames = [...years].map((year) => `billing/${year}`).filter((name) => vault.has(name));
    if (keyNames.length > 0) await vault.shred(keyNames, { runId });
    return {
      outcome: affected > 0 ? 'erased' : remaining > 0 ? 'retained' : 'not_found',
      affected,
      remaining,
      keys: keyNames.length,
      keyNames,
      tables: [...tables],
      ...(remaining > 0 ? { because: 'срок хранения первичных документов не истёк' } : {}),
    };
  },
  rectify: asIssued,
  restrict: { unsupported: 'Документы только хранятся и больше ни для чего не используются.' },
};

/** Whose project is on which plan, as billing has heard it. */
export const customers: Store = {
  title: { ru: 'Плательщики и их проекты', en: 'Customers and their projects' },
  system,
  subject: 'relay-user',
  tables: ['billing.projects'],
  columns: { 'billing.projects.plan': 'project', 'billing.projects.created_at': 'project' },
  purposes: ['payments'],
  schedule: 'project',
  async anchors(trx, subject) {
    // The term begins with the end of the contract, which accounts know: until then there is no day.
    const mine = trx('billing.projects');
    if (subject) mine.where({ subject_id: subject });
    const [row] = await mine.count({ n: '*' });
    const count = Number(row?.n ?? 0);
    return count > 0 ? [{ day: null, count }] : [];
  },
  span: async () => null,
  async collect(subject, { trx }) {
    const rows = await trx('billing.projects')
      .where({ subject_id: subject })
      .select('project_id as project', 'plan', 'created_at');
    return { rows, source: 'получены от субъекта при создании проекта' };
  },
  async erase(scope, { trx }) {
    // They go with the person, at a request, never by a sweep.
    if (scope.why === 'expiry') return { outcome: 'not_found', affected: 0, remaining: 0 };
    const affected = await trx('billing.projects').where({ subject_id: scope.subject }).delete();
    return {
      outcome: affected > 0 ? 'erased' : 'not_found',
      affected,
      remaining: 0,
      tables: ['billing.projects'],
    };
  },
  rectify: { unsupported: 'Тариф проекта меняется при следующей оплате, а не исправлением.' },
  restrict: { unsupported: 'Запись нужна только для того, чтобы узнать, за чей проект пришла оплата.' },
};
