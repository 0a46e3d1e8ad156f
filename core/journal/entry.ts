import { createHmac } from 'node:crypto';
import { Temporal } from '../base/index.ts';
import { leafOf } from './tree.ts';

const formatVersion = 1;
export const saltBytes = 32;

/** The part of an entry that is chained. It never goes, so it names no one: ids only. */
export interface Header {
  seq: number;
  id: string;
  at: Temporal.Instant;
  action: string;
  about: string | null;
  actor: string | null;
  /** the commitment to the body; null when there never was one */
  com: Buffer | null;
}

/** The header as everybody must write it: JSON without spaces, in this order, binary as lower-case hex. */
export function canonical({ seq, id, at, action, about, actor, com }: Header): string {
  return JSON.stringify({
    v: formatVersion,
    seq,
    id,
    at: at.toString(),
    action,
    about,
    actor,
    com: com?.toString('hex') ?? null,
  });
}

export function leafOfHeader(header: Header): Buffer {
  return leafOf(Buffer.from(canonical(header), 'utf8'));
}

/** HMAC-SHA-256(salt, body): says nothing of the body to whoever lacks the salt, and the salt goes with the body. */
export function commitmentTo(salt: Buffer, body: Buffer): Buffer {
  return createHmac('sha256', salt).update(body).digest();
}

/** What the database keeps of an instant; finer digits would be lost on the way and break the leaf. */
export function asKept(at: Temporal.Instant): Temporal.Instant {
  return at.round({ smallestUnit: 'microsecond', roundingMode: 'floor' });
}

/** The name of the key that seals the bodies of one month, as the operator's calendar has it. */
export function bodyKeyOf(at: Temporal.Instant, zone: string): string {
  return `journal/${Temporal.PlainYearMonth.from(at.toZonedDateTimeISO(zone)).toString()}`;
}

/** The words bound to a sealed body: it cannot be shown as another entry's. */
export function bodyAad(id: string): string {
  return `journal|${id}`;
}

/** Salt and body, as they are sealed together. */
export function packBody(salt: Buffer, body: Buffer): Buffer {
  return Buffer.concat([salt, body]);
}

export function unpackBody(packed: Buffer): { salt: Buffer; body: Buffer } {
  return { salt: packed.subarray(0, saltBytes), body: packed.subarray(saltBytes) };
}
