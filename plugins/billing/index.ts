/**
 * Billing: takes payments as facts, opens and ends the periods they pay for, issues invoices. Knows a project as an id
 * it has heard of; that a paid project comes alive is the work of whoever hears the payment.
 */
import type { Engine, Plugin } from '../../core/index.ts';
import { createBilling } from './billing.ts';
import { billingRoutes } from './routes.ts';
import { endPeriodsOf, rememberProject } from './store.ts';
import { customers, documents } from './stores.ts';
import type { Billing } from './types.ts';

export type * from './types.ts';

const running = new WeakMap<Engine, ReturnType<typeof createBilling>>();

function partsOf(engine: Engine): ReturnType<typeof createBilling> {
  let parts = running.get(engine);
  if (!parts) {
    parts = createBilling(engine);
    running.set(engine, parts);
  }
  return parts;
}

/** The use cases of billing, for pages, the demo and tests. */
export function billingOf(engine: Engine): Billing {
  return partsOf(engine).billing;
}

export default {
  name: 'billing',
  contract: 1,
  migrations: new URL('./migrations/', import.meta.url),
  stores: { documents, customers },
  facts: ['payment.succeeded', 'plan.changed', 'invoice.issued', 'period.ended'],
  hears: {
    'project.created': async (trx, fact) => {
      if (!fact.subject) return;
      await rememberProject(trx, {
        project_id: fact.about,
        subject_id: fact.subject,
        plan: String(fact.fields?.plan ?? ''),
        created_at: fact.at,
      });
    },
    // The contract is over, and with it what was paid for: its end suspends nothing any more.
    'account.deleted': async (trx, fact) => {
      if (fact.subject) await endPeriodsOf(trx, fact.subject, fact.at);
    },
    'contract.terminated': async (trx, fact) => {
      if (fact.subject) await endPeriodsOf(trx, fact.subject, fact.at);
    },
  },
  answers: {
    paidUntil: (trx, subject, engine) => billingOf(engine).paidUntil(trx, subject),
    async lostPaidTime(trx, subject, at, engine) {
      const lost = await billingOf(engine).lostPaidTime(trx, subject, at);
      // The project that is paid for longest: what the person is told about.
      const longest = lost.sort((one, other) => other.days - one.days)[0];
      return longest ? { until: longest.until, days: longest.days } : null;
    },
  },
  jobs: {
    'billing.periods': async (_data, _job, engine) => {
      await billingOf(engine).endPeriods();
    },
  },
  sources: [{ name: 'billing.periods', job: 'billing.periods', next: (_db, engine) => partsOf(engine).next() }],
  pages: (engine) => ({ invoices: billingOf(engine) }),
  routes: (engine) => billingRoutes(engine, billingOf(engine)),
} satisfies Plugin;
