import type { Temporal } from '../base/index.ts';

/** Seals one plain text with a key that is already at hand. Synchronous: made for a hot path. */
export type Sealer = (plain: Buffer, aad: string) => Buffer;

/** Writes one line to the journal, in a transaction of its own. */
export type Note = (action: string, body: Record<string, unknown>) => Promise<unknown>;

/** What was destroyed, for the act. Commitments were recorded when each key was made; they reveal nothing of it. */
export interface ShredReceipt {
  /** how many keys of the names asked for were destroyed under this run */
  keys: number;
  epochFrom: number;
  epochTo: number;
  /** SHA-256("dek-commit" || key), hex, in the order of the names */
  commitments: string[];
  at: Temporal.Instant;
}

/** Data keys by name. Names carry ids and days, never people: `payload/2026-05-12/prj_x`, `case/req_x`. */
export interface Vault {
  /** Whether another process holds the home and this one may only open and seal with keys that exist. */
  readonly readOnly: boolean;
  /**
   * Seals under the key of this name; makes the key, safely on disk, when there is none.
   * @param aad bound to the box; the same text must be given to open it
   * @throws Refusal `vault.read-only` when a key would have to be made beside a running service
   */
  seal(name: string, plain: Buffer, aad: string): Promise<Buffer>;
  /** The same for many: the key is looked up (or made) once. The sealer refuses after its key was destroyed. */
  sealer(name: string): Promise<Sealer>;
  /** @throws Refusal `vault.key-destroyed` (not-found) | `vault.unreadable` (not-found: unknown key, other aad, damage) */
  open(box: Buffer, aad: string): Promise<Buffer>;
  /** Whether the key that sealed this box is still there. */
  openable(box: Buffer): boolean;
  /** Names that have a key, sorted. */
  names(prefix?: string): string[];
  has(name: string): boolean;
  /**
   * Destroys the keys of these names and the key that wrapped all keys. Names without a key are passed over;
   * asked again under the same run it answers with the same keys. Survives a kill between any two steps.
   */
  shred(names: readonly string[], run: { runId: string }): Promise<ShredReceipt>;
  /** Drops what is remembered of keys destroyed before this instant. Answers how many were forgotten. */
  forget(before: Temporal.Instant): Promise<number>;
  /** Hands in the journal; writes the notes that a killed process still owes. */
  noteTo(note: Note): Promise<void>;
  /** The number of the present epoch; grows with every destruction. */
  epoch(): number;
  /** Ends what is under way, wipes the keys from memory and lets go of the home. */
  close(): Promise<void>;
}
