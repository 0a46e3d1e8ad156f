import type { Temporal } from '../base/index.ts';
import type { Changes, Store, Volume, Words } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Because, Due } from '../law/index.ts';
import type { Plan } from '../retention/index.ts';
import type { RequestState } from './state.ts';

type Instant = Temporal.Instant;
type Day = Temporal.PlainDate;

export type RequestChannel = 'email' | 'dashboard' | 'post' | 'in-person' | 'portal';
export type RequestKind =
  | 'access'
  | 'erasure'
  | 'rectification'
  | 'withdrawal'
  | 'stop'
  | 'objection'
  // Only where the operator's documents name the right:
  | 'restriction'
  | 'portability'
  | 'interest-objection'
  | 'other';

export interface Intake {
  channel: RequestChannel;
  kind: RequestKind;
  receivedAt: Instant; // the clock runs from here, not from triage
  from: { email?: string; name?: string; subject?: string };
  text?: string;
  raw?: Buffer; // the letter as it came, without what was attached to it
  attachments?: AttachmentFile[];
  /** Set when the channel itself proves who asks (a signed-in session). */
  identified?: { method: string; by: string };
  /** For an erasure whose cause is older than the request: the deleted account. */
  cause?: Plan['cause'];
}

/** A person's request. Names and addresses are in the sealed case file: see `open`. */
export interface DataRequest {
  id: string;
  number: string; // «ЗС-2026-0001»
  kind: RequestKind;
  channel: RequestChannel;
  state: RequestState;
  receivedAt: Instant;
  subject: string | null;
  identity: { method: string; by: string; at: Instant } | null;
  extended: { at: Instant; reason: string } | null;
  blocked: boolean;
  /** The purpose that an upheld objection has stopped; null before the decision. */
  stoppedPurpose: string | null;
  dueOn: Day | null;
  lateFrom: Instant | null;
  overdue: boolean;
  plan: string | null;
  answerDocument: string | null;
  packageDocument: string | null;
  refusal: { ground: string; cite: string } | null;
  repeatOf: string | null; // an earlier request of the same person that may make this one refusable
  answeredAt: Instant | null;
  withdrawnAt: Instant | null; // its sender took it back
  closedAt: Instant | null;
}

/** What the case file holds. */
export interface CaseFile {
  email: string | null;
  name: string | null;
  text: string | null;
  raw: string | null; // base64, without what was attached
  notes: { at: string; by: string; text: string }[];
}

/** A file that came with a request. */
export interface AttachmentFile {
  name: string;
  type: string; // 'image/jpeg'
  bytes: Buffer;
}

/** The same without what it holds: a name may name somebody. */
export interface Attachment {
  id: string; // att_…
  type: string;
  size: number; // bytes
  /** Is it a document of identity? null: nobody has looked. Such a document goes once it has been checked. */
  provesIdentity: boolean | null;
  checkedOn: Day | null;
}

/** What one store gave for the package. */
export interface CollectedPart {
  store: string;
  title: string;
  outcome: 'collected' | 'not_found' | 'failed';
  rows: number;
  volumes: Volume[];
  source: string;
  because?: string;
}

/** What came of an order to all stores. */
export interface StoreOutcome {
  store: string;
  title: string;
  outcome: string;
  because?: string;
}

export interface RequestEvent {
  at: Instant;
  step: string;
  by: string;
  details: Record<string, unknown>;
}

/** A duty that a request has opened. */
export interface RequestDuty {
  duty: string;
  title: string;
  state: 'open' | 'discharged';
  late: boolean;
  dueOn: Day | null;
  lateFrom: Instant | null;
  dischargedAt: Instant | null;
  because: Because | null;
}

export interface RequestFilter {
  state?: RequestState;
  kind?: RequestKind;
  open?: boolean;
  overdue?: boolean;
  subject?: string;
  limit?: number;
}

export interface Refused {
  /** A code of `law.refusalGrounds` or of the operator's own coded grounds. */
  ground: string;
  reasoning: string;
  by: string;
  /** For the ground `other-law`: the article it rests on, in words. */
  cite?: string;
}

/** A ground on which a request may be refused. */
export interface RefusalGround {
  code: string;
  title: string;
  /** null: the citation must be given with the refusal */
  cite: string | null;
}

export interface Requests {
  /** @throws Refusal `request.kind-not-offered` for a right that the operator's documents do not name */
  receive(trx: Trx, intake: Intake): Promise<DataRequest>;
  /** The kinds this operator takes: what the law gives, and the rights that its documents name. */
  kinds(): RequestKind[];
  /**
   * Asks the sender to prove who they are; the clock runs on. `copy`: there is no other way than a copy of a document.
   * @throws Refusal `request.copy-asked` when the text asks for a copy and nobody has said that there is no other way
   */
  clarify(trx: Trx, id: string, question: { text: string; by: string; copy?: boolean }): Promise<DataRequest>;
  /**
   * `subject` null: no such person in any store, an answer all the same. Starts collection, or the erasure plan.
   * `identityDocuments`: which of the attachments prove who asks; they are destroyed, the others stay in the case.
   * @throws Refusal `request.attachment-unknown`, `request.identity-documents` when a document was checked and none of
   * the attachments is named
   */
  identify(
    trx: Trx,
    id: string,
    identity: { subject: string | null; method: string; by: string; identityDocuments?: string[] },
  ): Promise<DataRequest>;
  /** The files that came with it, as far as they are still here. */
  attachments(id: string): Promise<Attachment[]>;
  /** One of them; journaled before it is shown. @throws Refusal `request.attachment-unknown` */
  attachment(id: string, attachment: string, by: string): Promise<AttachmentFile>;
  /** People that the sender may be, by the address and name given. */
  candidates(id: string): Promise<{ store: string; subject: string }[]>;
  /** The job of `collect`: every request that waits for its collection. */
  collectDue(run: { jobId: string }): Promise<void>;
  /** Collects from every store into the sealed package; a failed store can be collected again alone. */
  collect(id: string, run?: { jobId: string }): Promise<CollectedPart[]>;
  /**
   * A person has done something for this run: a collection that waited for it goes on at once. Any other run is left alone,
   * and what fails now is tried again by itself.
   */
  goOn(run: string): Promise<void>;
  parts(id: string): Promise<CollectedPart[]>;
  /**
   * Sends the answer: documents, package, letter; discharges the duty. `text` for the kinds answered in words, and as a
   * word more for a restriction and an objection.
   * @throws Refusal `request.not-restricted`, `request.not-decided` when what was asked for has not been done yet
   */
  answer(trx: Trx, id: string, answer: { by: string; text?: string }): Promise<DataRequest>;
  refuse(trx: Trx, id: string, refusal: Refused): Promise<DataRequest>;
  /**
   * Its sender takes it back (`text`: in which words): what the law lets go with it is owed no more.
   * @throws Refusal `request.wrong-state`, `request.plan-stands` (the erasure follows from something else),
   * `plan.wrong-state` (the erasure has begun)
   */
  withdraw(trx: Trx, id: string, order: { by: string; text?: string }): Promise<DataRequest>;
  extend(trx: Trx, id: string, extension: { reason: string; by: string }): Promise<DataRequest>;
  /**
   * Blocks (or frees) the person's records while something is checked, or restricts their use at the person's demand.
   * Lifting a restriction that was answered tells the person, with the reason in `text`.
   */
  restrict(trx: Trx, id: string, order: { on: boolean; by: string; text?: string }): Promise<StoreOutcome[]>;
  /** The purposes of the operator that rest on a legitimate interest: a person may object to these. */
  objectionable(): { id: string; title: string }[];
  /**
   * Upholds an objection: the purpose is stopped for this person as far as it rests on a legitimate interest; stores
   * that serve nothing else are restricted. May be repeated for stores that could not do it yet.
   * @throws Refusal `request.wrong-kind`, `request.purpose` when the purpose does not rest on a legitimate interest
   */
  stopPurpose(trx: Trx, id: string, order: { purpose: string; by: string }): Promise<StoreOutcome[]>;
  /** The purposes that a person's objections have stopped: ask before processing on a legitimate interest. */
  stopped(subject: string, trx?: Trx): Promise<{ purpose: string; at: Instant }[]>;
  /**
   * Corrects the data in the stores that hold them. `elsewhere`: what a person has corrected where no program reaches,
   * in their words.
   */
  rectify(trx: Trx, id: string, order: { changes: Changes; elsewhere?: string; by: string }): Promise<StoreOutcome[]>;
  /** What may be corrected, by the columns of `changes`. */
  correctable(): { column: string; title: Words; store: Words }[];
  /**
   * The sender has proved what the request says: that data are wrong, or not needed. From `at` the term runs in which
   * they are corrected or destroyed.
   * @throws Refusal `request.wrong-kind`, `request.evidence-moment`, `request.evidence-taken`
   */
  evidence(trx: Trx, id: string, order: { at: Instant; by: string }): Promise<DataRequest>;
  /**
   * Contested data are not blocked while they are checked, because a block would do harm to the person or to others.
   * @throws Refusal `request.wrong-kind`, `request.blocking-reason`, `request.blocking-settled`
   */
  declineBlocking(trx: Trx, id: string, order: { reason: string; by: string }): Promise<DataRequest>;
  /** What is owed because of a request, with its terms; the most urgent first. */
  duties(id: string): Promise<RequestDuty[]>;
  /** Which decisions about contested data may still be made. */
  questions(kind: RequestKind, duties: readonly RequestDuty[]): { blocking: boolean; evidence: boolean };
  close(trx: Trx, id: string, by: string): Promise<DataRequest>;
  list(filter?: RequestFilter): Promise<DataRequest[]>;
  get(idOrNumber: string, trx?: Trx): Promise<DataRequest>;
  history(id: string): Promise<RequestEvent[]>;
  /** The deadline with its computation, and the same in Russian sentences. */
  deadline(id: string): Promise<Due & { explained: string[] }>;
  /** The grounds a refusal may rest on today. */
  grounds(): RefusalGround[];
  /** The case file. Journaled before it is shown. */
  open(id: string, by: string): Promise<CaseFile>;
  /** What was done to each store for an erasure. */
  outcomes(id: string): Promise<StoreOutcome[]>;
  next(db: Db): Promise<Instant | null>;
  stores: Record<string, Store>;
}
