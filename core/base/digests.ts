import { createHmac } from 'node:crypto';

/** What is kept of something guessable (an address): needs a key that is not in the database. */
export const keyedDigest = (key: Buffer | string, text: string): string =>
  createHmac('sha256', key).update(text).digest('base64url');
