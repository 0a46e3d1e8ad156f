import type { Temporal } from '../base/index.ts';

/*
 * What each letter and each document needs. The schemas beside the templates say the same and are checked at run time;
 * legal values (days, clauses, grounds) come in here, none stands in a template.
 */

/** A calendar day: a PlainDate or `2026-06-16`. */
export type DayLike = Temporal.PlainDate | string;
/** A moment: an Instant or ISO text with a zone. */
export type Moment = Temporal.Instant | string;

/** What stays after an erasure: what, on which ground, until the end of which day (null: until the event named in the ground). */
export interface Staying {
  what: string;
  ground: string;
  until: DayLike | null;
  count?: number;
}

/** What was destroyed. */
export interface Gone {
  what: string;
  system?: string;
  count?: number;
  at?: Moment;
}

export interface LetterData {
  /** A request was taken in. `computed`: the steps of the count, one line each. */
  'request.receipt': {
    number: string;
    kind: string;
    receivedAt: Moment;
    dueOn: DayLike;
    computed?: string[];
    clause: string;
    /** what the sender has to do to be recognised, if anything */
    identity?: string;
  };
  'request.clarify': {
    number: string;
    needed: string[];
    how: string;
    until?: DayLike;
    clause?: string;
    /** there is no other way than a copy of a document */
    copy?: boolean;
  };
  'request.answer-access': {
    number: string;
    receivedAt: Moment;
    dueOn: DayLike;
    clause: string;
    files: { name: string; sha256: string }[];
  };
  'request.answer-no-data': { number: string; receivedAt: Moment; searched: string[]; clause: string };
  /** Answers in words: rectification, withdrawal, objection, other. */
  'request.answer': { number: string; kind: string; receivedAt: Moment; paragraphs: string[]; clause: string };
  'request.refusal': {
    number: string;
    receivedAt: Moment;
    ground: string;
    clause: string;
    reasoning: string;
    appeal: string;
  };
  'request.extension': { number: string; baseDueOn: DayLike; dueOn: DayLike; reason: string; clause: string };
  'erasure.done': {
    number: string;
    erasedAt: Moment;
    acts: string[];
    gone: Gone[];
    stays: Staying[];
    clause: string;
    /** how to complain */
    appeal?: string;
  };
  'account.inactivity-notice': { lastActiveOn: DayLike; blockFrom: DayLike; clause: string; url: string };
  /** Blocked for inactivity; carries the notice that the contract ends. */
  'account.blocked': {
    blockedAt: Moment;
    ground: string;
    /** the day on which the contract ends; absent when the block does not end it */
    terminatesOn?: DayLike;
    terminationClause?: string;
    eraseFrom?: DayLike;
    /** absent where the operator's documents name none for this ground */
    clause?: string;
    how?: string;
  };
  'account.deletion-started': {
    at: Moment;
    eraseBy: DayLike;
    goes: string[];
    stays: Staying[];
    /** in words: «оплачено до 31.08.2026, остаток не возвращается» */
    lostPaidTime?: string;
    /** of the request that was opened */
    number?: string;
    clause: string;
  };
  /** Erased without a request: inactivity. */
  'account.erased': { erasedAt: Moment; acts: string[]; reason: string; stays: Staying[]; clause: string };
  'document.changed': {
    title: string;
    published: DayLike;
    effective: DayLike;
    changes?: string[];
    url: string;
    sha256: string;
    /** what happens if one does nothing, and how to leave */
    how: string;
    clause: string;
  };
  /** Staff stopped one project of the account. */
  'project.blocked': {
    project: string;
    blockedAt: Moment;
    ground: string;
    /** absent where the operator's documents name none for this ground */
    clause?: string;
    url: string;
    how: string;
  };
  /** Staff let a project go on that they had stopped. */
  'project.unblocked': {
    project: string;
    unblockedAt: Moment;
    /** on which it was stopped; absent where none was coded */
    ground?: string;
    /** why it does not go on nevertheless, as a sentence; absent where it does */
    still?: string;
    url: string;
  };
  'limit.warning': LimitData;
  'limit.exhausted': LimitData;
  'billing.invoice': {
    number: string;
    title: string;
    totalKopecks: number;
    from?: DayLike;
    /** last day, inclusive */
    until?: DayLike;
    paidAt?: Moment;
    dueOn?: DayLike;
  };
  'billing.period-ending': { project: string; plan?: string; endsOn: DayLike; url: string; clause: string };
  'billing.period-ended': { project: string; plan?: string; endedOn: DayLike; url: string; clause: string };
  'staff.invite': { url: string; expiresAt: Moment; roles: string[] };
}

interface LimitData {
  what: 'messages' | 'connections';
  project: string;
  plan: string;
  used: number;
  limit: number;
  percent: number;
  /** when counting begins anew; absent for connections */
  resetsAt?: Moment;
  url: string;
  clause: string;
}

export type LetterTemplate = keyof LetterData;

interface Addressed {
  name?: string;
  email?: string;
  address?: string;
}

interface Signatory {
  name?: string;
  post: string;
}

export interface DocumentData {
  'request-receipt': {
    requestNumber: string;
    kind: string;
    channel: string;
    receivedAt: Moment;
    dueOn: DayLike;
    computed: string[];
    clause: string;
    to: Addressed;
  };
  'access-answer': {
    requestNumber: string;
    receivedAt: Moment;
    dueOn: DayLike;
    computed: string[];
    clause: string;
    to: Addressed;
    /** all points of the law's list, in its order; a body is paragraphs */
    points: { point: string; title: string; body: string | string[] }[];
    /** `count`: of all rows, where not all of them are printed */
    tables: {
      title: string;
      source: string;
      count?: number;
      columns: string[];
      rows: (string | number | null)[][];
    }[];
    /** data that is not handed out itself: how much, of which days, kept until when and why */
    volumes: {
      what: string;
      count: number;
      bytes?: number;
      from?: DayLike;
      to?: DayLike;
      until?: DayLike;
      ground?: string;
    }[];
    annexes: { name: string; sha256: string; size: number }[];
    appeal: string;
    signatory: Signatory;
  };
  'no-data-answer': {
    requestNumber: string;
    receivedAt: Moment;
    dueOn: DayLike;
    clause: string;
    to: Addressed;
    searchedAt: Moment;
    /** by what: «адрес электронной почты», never the value */
    by: string[];
    systems: string[];
    appeal: string;
    signatory: Signatory;
  };
  'erasure-answer': {
    requestNumber: string;
    receivedAt: Moment;
    dueOn: DayLike;
    clause: string;
    to: Addressed;
    erasedAt: Moment;
    acts: string[];
    gone: Gone[];
    stays: Staying[];
    appeal: string;
    signatory: Signatory;
  };
  'destruction-act': {
    /** the fields of the act, labels from `law.actFields`; a value may be several lines */
    fields: { point: string; title: string; value: string | string[] }[];
    /** what the form rests on */
    clause: string;
    note?: string;
    destroyedAt: Moment;
    /** people did a part of it on other days, which the fields name: `destroyedAt` is when the act was drawn up */
    drawnUpLater?: boolean;
    /** who or what destroyed: printed on the signature lines */
    performers: Signatory[];
    /** who looked at the plan, or that nobody did and it ran on its day */
    checked?: string;
    /** null: the act is a draft */
    signed: { at: Moment; name: string; post: string } | null;
    /** annex 1; null: nothing was processed by automation, the act alone confirms */
    extract: {
      columns: string[];
      rows: string[][];
      clause: string;
      /** of the canonical text of the extract */
      sha256: string;
    } | null;
    /** annex 2; empty when nothing stays */
    stays: Staying[];
    keepUntil: DayLike | null;
    keepClause?: string;
    journal?: { size: number; root: string };
  };
  'log-access-report': {
    from: DayLike;
    /** last day, inclusive */
    to: DayLike;
    /** who asked for the report */
    orderedBy: string;
    grants: {
      id: string;
      who: string;
      grantedBy: string;
      grantedAt: Moment;
      expiresAt: Moment;
      need: string;
      purpose: string;
      clause: string;
      scope: string;
      views: { at: Moment; rows: number; entry: string; exported: boolean }[];
    }[];
    refused: { at: Moment; who: string; purpose: string; need: string; why: string; clause: string }[];
    chain: { ok: boolean; size: number; root: string; checkedAt: Moment; what?: string };
    checkpoint: { size: number; root: string; at: Moment; signature: string; key: string } | null;
  };
  invoice: {
    payer: { name: string; inn?: string; kpp?: string; address?: string; email?: string };
    basis: string;
    lines: { title: string; quantity: number; unit: string; priceKopecks: number; sumKopecks: number }[];
    totalKopecks: number;
    /** in words, from the settings: «НДС не облагается (УСН)» */
    vat: string;
    issuedOn: DayLike;
    dueOn?: DayLike;
    paidAt?: Moment;
    bank?: { name: string; bik: string; account: string; correspondent: string };
    signatory?: Signatory;
  };
}

export type DocumentKind = keyof DocumentData;
