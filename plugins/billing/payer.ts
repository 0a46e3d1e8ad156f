import type { Temporal, Vault } from '../../core/index.ts';
import type { Payer } from './types.ts';

/** The key of the payers of one year: the documents of a year go together, and the key with them. */
export function payerKey(paidOn: Temporal.PlainDate): string {
  return `billing/${paidOn.year}`;
}

/** Who paid is read by bookkeeping and by the person alone; in the table it lies sealed. */
export function sealPayer(vault: Vault, payment: string, paidOn: Temporal.PlainDate, payer: Payer): Promise<Buffer> {
  return vault.seal(payerKey(paidOn), Buffer.from(JSON.stringify(payer)), aad(payment));
}

export async function openPayer(vault: Vault, payment: string, box: Buffer): Promise<Payer> {
  return JSON.parse((await vault.open(box, aad(payment))).toString('utf8')) as Payer;
}

function aad(payment: string): string {
  return `billing.payments|${payment}`;
}
