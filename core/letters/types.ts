import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { DocumentData, DocumentKind, LetterData, LetterTemplate } from './data.ts';
import type { LetterStore } from './stores.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

export type LetterChannel = 'email' | 'dashboard' | 'publication';

/** `bounced` is final: it did not arrive. `failed` is a try that is repeated. */
export type DeliveryState = 'waiting' | 'failed' | 'received' | 'bounced' | 'cancelled';

export type Locale = 'ru' | 'en';

/** Who a letter goes to. E-mail needs an address, the dashboard a subject; a publication is addressed to no one. */
export interface Addressee {
  subject?: string;
  account?: string;
  email?: string;
  name?: string;
}

export interface LetterOrder<T extends LetterTemplate = LetterTemplate> {
  template: T;
  to: Addressee;
  /** `ru` unless told */
  locale?: Locale;
  data: LetterData[T];
  /** the id of what it is about: `req_…`, `acc_…` */
  about?: string;
  /** ids of documents */
  attachments?: string[];
  /** `['email']` unless told */
  channels?: LetterChannel[];
  /** Address and text are wiped as soon as nothing more has to be delivered: for the last letter to an erased person. */
  forgetOnceSent?: boolean;
}

export interface Delivery {
  id: string;
  letter: string;
  channel: LetterChannel;
  state: DeliveryState;
  attempts: number;
  sentAt: Instant | null;
  /** by the operator's rule of the channel; null again once it has bounced */
  receivedAt: Instant | null;
  bouncedAt: Instant | null;
  /** what the mail system answered: `5.1.1` */
  code: string | null;
  readAt: Instant | null;
}

/** A letter without its text and address. */
export interface LetterRecord {
  id: string;
  template: string;
  /** version of the template: the first characters of its SHA-256 */
  version: string;
  locale: Locale;
  subject: string | null;
  about: string | null;
  queuedAt: Instant;
  attachments: string[];
  deliveries: Delivery[];
}

export interface LetterContent {
  id: string;
  subject: string;
  text: string;
  html: string;
  to: { email?: string; name?: string };
  attachments: { id: string; name: string; type: string; bytes: Buffer }[];
  /** the case or the thing: for Reply-To and the subject line */
  about: string | null;
}

export interface Notice {
  id: string;
  template: string;
  subject: string;
  text: string;
  html: string;
  about: string | null;
  placedAt: Instant;
  readAt: Instant | null;
}

/** What a step of a delivery did; null when there was nothing to do (already settled, unknown id). */
export interface Settled {
  delivery: string;
  letter: string;
  channel: LetterChannel;
  subject: string | null;
  about: string | null;
  /** the moment of receipt by the operator's rule, null when it has none */
  receivedAt: Instant | null;
}

export interface DocumentRecord {
  id: string;
  kind: DocumentKind | 'attachment';
  number: string | null;
  name: string;
  type: string;
  about: string;
  subject: string | null;
  sha256: string;
  size: number;
  pages: number;
  madeAt: Instant;
  /** grows with `replace` */
  version: number;
}

export interface DocumentOrder<K extends DocumentKind = DocumentKind> {
  kind: K;
  /** the id of what it is about */
  about: string;
  subject?: string;
  /** taken already with `number`; otherwise the next one of the kind's series */
  number?: string;
  data: DocumentData[K];
}

export interface Documents {
  /** Numbers, renders, seals and stores a document. */
  create<K extends DocumentKind>(
    trx: Trx,
    order: DocumentOrder<K>,
  ): Promise<{ id: string; number: string; sha256: string; pages: number }>;
  /** Renders the same document anew under its number: an act that has now been signed. The old digest is journaled. */
  replace<K extends DocumentKind>(
    trx: Trx,
    id: string,
    data: DocumentData[K],
  ): Promise<{ number: string; sha256: string; pages: number; version: number }>;
  /** Stores a file that is no rendered document: a ZIP package. */
  attachment(
    trx: Trx,
    file: { about: string; name: string; type: string; bytes: Buffer; subject?: string },
  ): Promise<{ id: string; sha256: string; size: number }>;
  /** @throws Refusal `document.unknown`, `vault.key-destroyed` */
  pdf(id: string): Promise<Buffer>;
  /** The same for any file, with its name and type. */
  file(id: string, trx?: Trx): Promise<{ name: string; type: string; bytes: Buffer }>;
  get(id: string, trx?: Trx): Promise<DocumentRecord>;
  find(
    filter: { about?: string; kind?: DocumentKind | 'attachment'; subject?: string },
    trx?: Trx,
  ): Promise<DocumentRecord[]>;
  /** The day on which the term of these documents starts, where that is later than the day they were made. */
  anchor(trx: Trx, about: string, day: Day): Promise<number>;
}

export interface Letters {
  /**
   * Renders a letter now and queues it; the transport finds it by itself.
   * @returns the letter's id
   * @throws Refusal `letter.data` (a field is missing or wrong), `letter.no-address`, `letter.addressed-publication`
   */
  queue<T extends LetterTemplate>(trx: Trx, order: LetterOrder<T>): Promise<string>;
  /** Deliveries that may be tried now, locked for the caller; other processes skip them. */
  waiting(trx: Trx, channel: LetterChannel, limit: number): Promise<Delivery[]>;
  /** When the first waiting delivery may be tried; null when none waits. */
  nextWaiting(db: Db | Trx): Promise<Instant | null>;
  /** It has left (or was placed). Answers the moment of receipt by the operator's rule. */
  sent(trx: Trx, deliveryId: string, sent: { at: Instant; messageId?: string }): Promise<Settled | null>;
  /** It came back: counts as not received. */
  bounced(
    trx: Trx,
    which: { deliveryId: string } | { messageId: string },
    bounce: { at: Instant; code: string },
  ): Promise<Settled | null>;
  /** A try failed and is repeated later; after the last try it has bounced. */
  failed(trx: Trx, deliveryId: string, failure: { at: Instant; code: string }): Promise<{ bounced: Settled | null }>;
  /** Takes back what has not been delivered. Answers how many letters. */
  cancel(trx: Trx, which: { about?: string; subject?: string; template?: LetterTemplate }): Promise<number>;
  /** The letters about a case belong to this person from now on: they go with the person's others. How many. */
  adopt(trx: Trx, about: string, subject: string): Promise<number>;
  /** The text and the address. @throws Refusal `letter.unknown`, `letter.erased`, `vault.key-destroyed` */
  open(id: string, trx?: Trx): Promise<LetterContent>;
  list(filter: {
    about?: string;
    subject?: string;
    template?: LetterTemplate;
    limit?: number;
  }): Promise<LetterRecord[]>;
  /** The notices on a person's dashboard, newest first. */
  notices(subject: string, options?: { unread?: boolean; limit?: number }): Promise<Notice[]>;
  markRead(trx: Trx, id: string, subject: string): Promise<void>;
  /** What is published, newest first. */
  publications(options?: { locale?: Locale; limit?: number }): Promise<Notice[]>;
  /** «АУ-2026-0001»: without gaps, since the counter is part of the transaction. */
  number(trx: Trx, series: string, year: number): Promise<string>;
  documents: Documents;
  /** Renders without storing, for previews and tests. */
  preview<T extends LetterTemplate>(
    template: T,
    data: LetterData[T],
    locale?: Locale,
  ): { subject: string; text: string; html: string };
  templates(): readonly { name: LetterTemplate; version: string; sample: unknown }[];
  /** The stores of this room: letters, and documents by the term they follow. */
  stores: Record<string, LetterStore>;
}
