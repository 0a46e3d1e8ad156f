import type { Temporal, Vault } from '../../core/index.ts';
import type { InvoicedTo } from './types.ts';

/** The key of the payers of one year: the documents of a year go together, and the key with them. */
export function payerKey(paidOn: Temporal.PlainDate): string {
  return `billing/${paidOn.year}`;
}

/** Who paid is read by bookkeeping and by the person alone; in the table it lies sealed. */
export function sealPayer(
  vault: Vault,
  payment: string,
  paidOn: Temporal.PlainDate,
  { name, inn }: InvoicedTo,
): Promise<Buffer> {
  return vault.seal(payerKey(paidOn), Buffer.from(JSON.stringify({ name, ...(inn ? { inn } : {}) })), aad(payment));
}

export async function openPayer(vault: Vault, payment: string, box: Buffer): Promise<InvoicedTo> {
  return JSON.parse((await vault.open(box, aad(payment))).toString('utf8')) as InvoicedTo;
}

function aad(payment: string): string {
  return `billing.payments|${payment}`;
}
