import type { Temporal, Trx } from '../../core/index.ts';

export type IncomingOutcome = 'request' | 'bounce' | 'delay' | 'automatic';

/** Answers false when this letter was taken before. A second process waits for the first one's transaction. */
export async function takeIncoming(trx: Trx, digest: string, at: Temporal.Instant): Promise<boolean> {
  const rows = await trx('notification.incoming')
    .insert({ digest, taken_at: at, outcome: 'request' })
    .onConflict('digest')
    .ignore()
    .returning('digest');
  return rows.length > 0;
}

export async function settleIncoming(
  trx: Trx,
  digest: string,
  outcome: IncomingOutcome,
  request: string | null,
): Promise<void> {
  await trx('notification.incoming').where({ digest }).update({ outcome, request_id: request });
}
