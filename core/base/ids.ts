import { randomBytes } from 'node:crypto';
import { Temporal } from 'temporal-polyfill';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

const forty = 2 ** 40;
/** Two letters for each ten bits. */
const pairs = Array.from({ length: 1024 }, (_, bits) => alphabet.charAt(bits >> 5) + alphabet.charAt(bits & 31));

let lastMs = -1;
let time = '';
// The chance, as two numbers of 40 bits: each is eight characters, and far quicker than one big integer.
let high = 0;
let low = 0;

/**
 * A new id: prefix, underscore, ten characters of time, sixteen of chance (the ULID layout, in lower case).
 * Ids of one process sort in the order they were made, also within one millisecond.
 *
 * @param prefix what it names: `req`, `prj`, `msg` …
 * @param at     domain time, from the clock
 */
export function newId(prefix: string, at: Temporal.Instant): string {
  const ms = at.epochMilliseconds;
  if (ms === lastMs) countUp();
  else {
    lastMs = ms;
    time = base32(ms, 10);
    const chance = randomBytes(10);
    high = chance.readUIntBE(0, 5);
    low = chance.readUIntBE(5, 5);
  }
  return `${prefix}_${time}${base32(high, 8)}${base32(low, 8)}`;
}

function countUp(): void {
  low = (low + 1) % forty;
  if (low === 0) high = (high + 1) % forty;
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

/** @param length even */
function base32(value: number, length: number): string {
  let text = '';
  for (let rest = value, i = 0; i < length; i += 2, rest = Math.floor(rest / 1024)) text = pairs[rest % 1024] + text;
  return text;
}
