import { randomBytes } from 'node:crypto';
import { Temporal } from 'temporal-polyfill';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

let lastMs = -1;
let lastRandom = 0n;

/**
 * A new id: prefix, underscore, ten characters of time, sixteen of chance (the ULID layout, in lower case).
 * Ids of one process sort in the order they were made, also within one millisecond.
 *
 * @param prefix what it names: `req`, `prj`, `msg` …
 * @param at     domain time, from the clock
 */
export function newId(prefix: string, at: Temporal.Instant): string {
  const ms = at.epochMilliseconds;
  lastRandom = ms === lastMs ? (lastRandom + 1n) & ((1n << 80n) - 1n) : BigInt(`0x${randomBytes(10).toString('hex')}`);
  lastMs = ms;
  return `${prefix}_${base32(BigInt(ms), 10)}${base32(lastRandom, 16)}`;
}

/** When an id was made, to the millisecond; null for what is not an id of ours. */
export function timeOfId(id: string): Temporal.Instant | null {
  const time = /^[a-z]+_([0-9a-z]{10})[0-9a-z]{16}$/.exec(id)?.[1];
  if (!time) return null;
  let ms = 0;
  for (const letter of time) {
    const digit = alphabet.indexOf(letter);
    if (digit < 0) return null;
    ms = ms * alphabet.length + digit;
  }
  return Temporal.Instant.fromEpochMilliseconds(ms);
}

function base32(value: bigint, length: number): string {
  let text = '';
  for (let rest = value, i = 0; i < length; i++, rest >>= 5n) text = alphabet[Number(rest & 31n)] + text;
  return text;
}
