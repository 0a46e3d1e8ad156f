import { Temporal } from '../base/index.ts';
import type { DataMap, DateRange, EraseReceipt, RegisteredStore } from '../datamap/index.ts';
import type { KeptReceipt, LedgerRow } from './store.ts';

/** A receipt as it comes back from the database, where days are text. Its carriers stay sealed there. */
export function receiptFrom(stored: KeptReceipt | EraseReceipt | null | undefined): EraseReceipt {
  if (!stored) return { outcome: 'not_found', affected: 0, remaining: 0 };
  const { carriers: _, ...receipt } = stored;
  for (const key of ['from', 'to', 'until', 'doneOn'] as const) {
    const value: unknown = receipt[key];
    if (typeof value === 'string') receipt[key] = Temporal.PlainDate.from(value);
  }
  return receipt;
}

/** First and last day of ranges, both inclusive. */
export function periodOf(ranges: readonly DateRange[] | 'all'): { from?: Temporal.PlainDate; to?: Temporal.PlainDate } {
  if (ranges === 'all') return {};
  const [first] = ranges;
  const last = ranges.at(-1);
  return first && last ? { from: first.from, to: last.before.subtract({ days: 1 }) } : {};
}

export function ledgerRow(
  run: string,
  entry: Pick<RegisteredStore, 'key' | 'store'>,
  receipt: EraseReceipt,
  at: Temporal.Instant,
  today: Temporal.PlainDate,
  subject: string | null = null,
): Omit<LedgerRow, 'id' | 'act_id'> {
  return {
    run,
    store: entry.key,
    system: entry.store.system.ru,
    subject_id: subject,
    outcome: receipt.outcome,
    affected: receipt.affected,
    remaining: receipt.remaining,
    keys: receipt.keys ?? 0,
    from_on: receipt.from ?? null,
    to_on: receipt.to ?? null,
    because: receipt.because ?? null,
    until_on: receipt.until ?? null,
    at,
    made_on: today,
  };
}

/** What an act calls the categories of a store; a store without personal columns has its schedule's name. */
export function categoryTitles(datamap: DataMap, { store }: Pick<RegisteredStore, 'store'>): string[] {
  return datamap.categoriesOf(store).map(({ title }) => title);
}

/**
 * After a crash a store may find nothing left of what it destroyed before: the count that was frozen before the first
 * attempt then stands for what has been done in all. A person's answer is the same each time: it stands as it is.
 */
export function settled(receipt: EraseReceipt, frozen: { records: number; attempts: number }): EraseReceipt {
  if (receipt.doneOn) return receipt;
  const done = frozen.records - receipt.remaining;
  const destroyed = receipt.outcome === 'erased' || receipt.outcome === 'not_found';
  if (!destroyed || frozen.attempts < 2 || receipt.affected >= done) return receipt;
  const note = 'Число записей взято по перечню, составленному до начала уничтожения.';
  return { ...receipt, outcome: 'erased', affected: done, note };
}
