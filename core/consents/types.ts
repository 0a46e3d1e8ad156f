import type { Accounts } from '../accounts/index.ts';
import type { Clock, Temporal } from '../base/index.ts';
import type { DataMap, Store } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Law, SummarySection } from '../law/index.ts';
import type { Letters } from '../letters/index.ts';
import type { Report } from '../obligations/index.ts';

export interface ConsentsDeps {
  db: Db;
  clock: Clock;
  law: Law;
  journal: Pick<Journal, 'append'>;
  letters: Pick<Letters, 'queue'>;
  jobs: Pick<Jobs, 'define' | 'source' | 'enqueue'>;
  accounts: Pick<Accounts, 'living' | 'get' | 'profile' | 'onEnded'>;
  datamap: Pick<DataMap, 'register'>;
  report: Report;
  /** The address people see, without a slash at the end. Asked when a letter is written. */
  publicUrl?(): string;
}

/** One edition of one of the operator's documents. Immutable: bytes, digest and days never change. */
export interface Edition {
  id: string; // edn_…
  document: string; // id in the operator's pack: offer, policy …
  title: string;
  sha256: string; // of the bytes, hex
  mime: string;
  size: number; // bytes
  publishedOn: Temporal.PlainDate;
  effectiveOn: Temporal.PlainDate;
  addedAt: Temporal.Instant;
}

export interface NewEdition {
  document: string;
  bytes: Buffer;
  mime: string;
  published: Temporal.PlainDate;
  /** Without it: the earliest day the law and the operator's own documents allow. */
  effective?: Temporal.PlainDate;
  by?: string; // acc_… of the person who adds it
}

/** The edition that binds an account on a day, and whether the person ever acted on it. */
export interface Governing {
  edition: Edition;
  /** When this very edition was accepted; null: it governs because its day has come, not because anyone accepted it. */
  acceptedAt: Temporal.Instant | null;
}

/** Акцепт or ознакомление: an act of the person, about one edition by its digest. */
export interface Acceptance {
  id: string; // acp_…
  account: string;
  subject: string;
  kind: 'acceptance' | 'acquaintance';
  edition: string;
  document: string;
  sha256: string;
  at: Temporal.Instant;
  via: string;
}

/** A consent to processing, apart from every other text and act (152-ФЗ ст. 9 ч. 1). */
export interface Consent {
  id: string; // cns_…
  subject: string;
  purpose: string; // of the operator's pack
  edition: string | null; // the text it was given on
  sha256: string; // of the text it was given on
  givenAt: Temporal.Instant;
  via: string;
  withdrawnAt: Temporal.Instant | null;
  withdrawnVia: string | null;
}

/** What the engine really applies beside an edition. Marked: it is not the document. */
export interface EditionSummary {
  edition: Edition;
  mark: { ru: string; en: string };
  sections: SummarySection[];
  digest: string; // of the merged packs
  html: string;
  text: string;
}

export interface Consents {
  editions: {
    /**
     * Takes an edition in and tells every user of it. The same bytes with the same days are one edition. The first
     * edition of a document, when the operator's pack lists it, binds only those who join after it and may govern from
     * the day of its publication.
     * @throws Refusal `edition.too-early` with the clause and the earliest day; `edition.unknown-document`,
     * `edition.empty`, `edition.exists` when another text was published that day
     */
    add(trx: Trx, edition: NewEdition): Promise<Edition>;
    /** The edition in force on a day; before the first one is in force, the first that is published. */
    current(trx: Db | Trx, document: string, on: Temporal.PlainDate): Promise<Edition | null>;
    /** The edition that binds an account on a day; null when it has accepted none. */
    governing(trx: Db | Trx, account: string, document: string, on: Temporal.PlainDate): Promise<Governing | null>;
    list(trx: Db | Trx, document?: string): Promise<Edition[]>;
    get(trx: Db | Trx, id: string): Promise<Edition>;
    bytes(trx: Db | Trx, id: string): Promise<Buffer>;
  };
  /**
   * Акцепт. The first act counts; repeating it answers with the same record.
   * @throws Refusal `edition.not-for-acceptance` when the document is only to be read, `edition.not-in-force` when it is
   * not published yet or another edition has taken its place
   */
  accept(trx: Trx, account: string, edition: string, how?: { via?: string }): Promise<Acceptance>;
  /** Ознакомление: for any document. */
  acquaint(trx: Trx, account: string, edition: string, how?: { via?: string }): Promise<Acceptance>;
  acceptances(trx: Db | Trx, account: string): Promise<Acceptance[]>;
  /**
   * @throws Refusal `consent.unknown-purpose`, `consent.not-asked` when the purpose rests on another ground,
   *   `consent.not-separate` when its text is a contract or a policy
   */
  give(
    trx: Trx,
    consent: { subject: string; purpose: string; edition?: string; text?: string; via: string },
  ): Promise<Consent>;
  withdraw(trx: Trx, subject: string, purpose: string, how: { via: string }): Promise<Consent | null>;
  given(trx: Db | Trx, subject: string): Promise<Consent[]>;
  /** Tells those who have not been told yet; safe to run again. The job `consents.notify-edition` runs it. @returns letters queued */
  notifyAll(edition: string): Promise<number>;
  /** Who was told of an edition, by which letter. `account` is null for the publication. */
  notices(trx: Db | Trx, edition: string): Promise<{ account: string | null; letter: string }[]>;
  /** When the next edition has to be announced; null when none waits. */
  next(db: Db): Promise<Temporal.Instant | null>;
  summary(edition: string): Promise<EditionSummary>;
  stores: Record<string, Store>;
  impersonal: Record<string, string>;
}
