import { type Engine, json, Refusal, type RouteDefinition, route, type Schema, Temporal } from '../../core/index.ts';
import type { Billing, PaymentKind } from './types.ts';

const id: Schema = { type: 'string', pattern: '^[a-z]{3}_[0-9a-z]{26}$' };
const day: Schema = { type: 'string', format: 'date' };
const instant: Schema = { type: 'string', format: 'date-time' };
const object = (properties: Record<string, Schema>, required = Object.keys(properties)): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const periodSchema = object({
  id,
  project: id,
  plan: { type: 'string' },
  anchor: day,
  from: instant,
  lastDay: day,
  endsAt: instant,
  endedAt: { anyOf: [instant, { type: 'null' }] },
});
const invoiceSchema = object({
  id,
  number: { type: 'string' },
  project: id,
  kopecks: { type: 'integer' },
  issuedOn: day,
  document: id,
});

interface PaymentBody {
  externalId: string;
  kind?: PaymentKind;
  project: string;
  plan: string;
  months?: number;
  kopecks: number;
  payer: { name: string; inn?: string; email: string };
  paidAt?: string;
}

/** The JSON routes of billing. Until a payment provider is connected, a bookkeeper enters what the bank has received. */
export function billingRoutes(engine: Engine, billing: Billing): RouteDefinition[] {
  return [
    route<PaymentBody>({
      method: 'post',
      path: '/api/v1/payments',
      roles: ['billing'],
      tag: 'billing',
      summary:
        'Records a payment: for a period, or (kind "change", without months) for the limits of another plan within the time that is paid for. The same external id again answers the same payment.',
      body: object(
        {
          externalId: { type: 'string', minLength: 1, maxLength: 200 },
          project: id,
          plan: { type: 'string', minLength: 1, maxLength: 50 },
          kind: { enum: ['period', 'change'], description: 'A period unless it says otherwise.' },
          months: { type: 'integer', minimum: 1, description: 'Of a payment for a period, and of no other.' },
          kopecks: { type: 'integer', minimum: 1 },
          payer: object(
            {
              name: { type: 'string', minLength: 1, maxLength: 300 },
              inn: { type: 'string', pattern: '^(\\d{10}|\\d{12})$' },
              email: { type: 'string', format: 'email', maxLength: 254 },
            },
            ['name', 'email'],
          ),
          paidAt: instant,
        },
        ['externalId', 'project', 'plan', 'kopecks', 'payer'],
      ),
      response: {
        200: object({ payment: id, period: periodSchema, invoice: invoiceSchema, repeated: { type: 'boolean' } }),
        201: object({ payment: id, period: periodSchema, invoice: invoiceSchema, repeated: { type: 'boolean' } }),
      },
      async handler({ body: { paidAt, kind = 'period', months, ...order }, actor }) {
        if ((kind === 'change') !== (months === undefined)) {
          throw new Refusal('payment.months', 'invalid', {
            field: 'months',
            message: 'Число месяцев называют у платежа за период, и только у него.',
          });
        }
        const at = paidAt ? Temporal.Instant.from(paidAt) : engine.clock.now();
        const payment = { ...order, paidAt: at, ...(actor ? { by: actor.account } : {}) };
        const paid = await engine.db.transaction((trx) =>
          months === undefined
            ? billing.recordChange(trx, payment)
            : billing.recordPayment(trx, { ...payment, months }),
        );
        return json(paid, paid.repeated ? 200 : 201);
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/invoices',
      roles: ['relay-user'],
      tag: 'billing',
      summary: 'The invoices of the person who is signed in.',
      response: object({ invoices: { type: 'array', items: invoiceSchema } }),
      async handler({ actor }) {
        if (!actor?.subject)
          throw new Refusal('billing.no-owner', 'forbidden', {
            message: 'Счета есть у пользователей: у этой учётной записи их нет.',
          });
        return { invoices: await billing.invoices(actor.subject) };
      },
    }),
  ];
}
