import type { KeyObject } from 'node:crypto';
import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';

/** What happened, in the words of the caller. Ids and facts only: no names, no addresses, no payloads. */
export interface Happening {
  /** dotted: `request.received` */
  action: string;
  /** the id of what it is about */
  about?: string | null;
  /** the id of who did it, or `system` */
  actor?: string | null;
  /** sealed; has a schedule of its own and may be erased without breaking the chain */
  body?: Record<string, unknown>;
}

export interface Entry {
  /** dense, from 1 */
  seq: number;
  id: string;
  at: Temporal.Instant;
  action: string;
  about: string | null;
  actor: string | null;
  /** null when erased; `{}` when there never was one */
  body: Record<string, unknown> | null;
  /** hex of the leaf of the tree */
  leaf: string;
}

export interface Verification {
  ok: boolean;
  size: number;
  /** hex */
  root: string;
  checkedAt: Temporal.Instant;
  /** entries whose body has been erased by a recorded erasure or by the destruction of its key */
  erased: number;
  /** the first thing that is wrong; `line` only for a file, `seq` and `id` when an entry can be named */
  problem?: { seq: number | null; id: string | null; what: string; line?: number };
}

/** The size and root of the tree at one moment, signed. `note` is the C2SP signed note itself. */
export interface Checkpoint {
  size: number;
  /** hex */
  root: string;
  at: Temporal.Instant;
  /** base64 of the Ed25519 signature */
  signature: string;
  /** base64 of the raw public key */
  key: string;
  note: string;
}

export interface SigningKeys {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

export interface EntryFilter {
  from?: Temporal.Instant;
  /** half-open */
  to?: Temporal.Instant;
  action?: string;
  /** of the action: `request.` */
  prefix?: string;
  about?: string;
  actor?: string;
  /** only entries with a smaller seq: the cursor of the next, older page */
  before?: number;
  /** only entries with a larger seq: the cursor when reading oldest first */
  after?: number;
  /** newest first unless told */
  order?: 'newest' | 'oldest';
  /** at most this many, 100 unless told */
  limit?: number;
}

export interface JournalDeps {
  db: Db;
  clock: { now(): Temporal.Instant };
  /** the vault's, handed in */
  seal(name: string, plain: Buffer, aad: string): Promise<Buffer>;
  /** throws a Refusal `vault.key-destroyed` when the key is gone for good */
  open(box: Buffer, aad: string): Promise<Buffer>;
  keys: SigningKeys;
  /** the operator's, for days: `Europe/Moscow` unless told */
  zone?: string;
  /** a file outside the database that keeps the newest checkpoint, so that a cut tail is seen */
  anchorFile?: string;
}

export interface Journal {
  /** Records a happening in the caller's transaction. Answers the entry's id (`jrn_…`). */
  append(trx: Trx, happening: Happening): Promise<string>;
  /** Moves what was recorded into the chain and signs a checkpoint. One at a time over all processes. */
  sealUp(): Promise<{ sealed: number; size: number; root: string }>;
  /** When there is something to seal: since when (the source of the job `journal.seal`). */
  next(db?: Db | Trx): Promise<Temporal.Instant | null>;
  list(filter?: EntryFilter): Promise<Entry[]>;
  /**
   * Recomputes everything in the database.
   * @param options.anchors checkpoints (signed notes) kept elsewhere: mailed, printed; each must lie on this chain
   */
  verify(options?: { anchors?: string[] }): Promise<Verification>;
  /** Writes the whole journal as canonical NDJSON, readable by its owner only. */
  exportTo(path: string, options?: { withBodies?: boolean }): Promise<{ entries: number; root: string }>;
  /** Verifies an export against the given key, or else this journal's own. */
  verifyFile(path: string, options?: { publicKey?: KeyObject }): Promise<Verification>;
  checkpoint(): Promise<Checkpoint | null>;
  /** Erases the bodies of entries made before this day began; records that. The chain stays valid. */
  eraseBodies(trx: Trx, beforeDay: Temporal.PlainDate): Promise<number>;
}
