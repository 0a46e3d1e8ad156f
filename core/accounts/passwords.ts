import { createHash, randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { Refusal } from '../base/index.ts';

export interface Hashing {
  memoryCost: number; // KiB
  timeCost: number;
  parallelism: number;
}

/** argon2id with the second of the settings that RFC 9106 and OWASP name for servers: 19 MiB, two passes. */
export const usualHashing: Hashing = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export interface Passwords {
  /** @throws Refusal `account.password-too-short`, `account.password-too-long` */
  hash(password: string): Promise<string>;
  /** Takes the same time for an account without a hash, so that the answer does not tell who exists. */
  matches(stored: string | null, password: string): Promise<boolean>;
}

const longest = 1024; // bytes; a hash of more is work for nothing

/** @param shortest the operator's least length, in characters */
export function createPasswords(hashing: Hashing, shortest: number): Passwords {
  const normal = (password: string): string => password.normalize('NFKC');
  const make = (password: string): Promise<string> => hash(normal(password), hashing);
  let decoy: Promise<string> | null = null;
  return {
    async hash(password) {
      const text = normal(password);
      if ([...text].length < shortest) {
        throw new Refusal('account.password-too-short', 'invalid', {
          field: 'password',
          shortest,
          message: `Пароль должен быть не короче ${shortest} знаков.`,
        });
      }
      if (Buffer.byteLength(text) > longest) {
        throw new Refusal('account.password-too-long', 'invalid', {
          field: 'password',
          message: 'Пароль слишком длинный.',
        });
      }
      return make(password);
    },
    async matches(stored, password) {
      if (Buffer.byteLength(password) > longest * 4) return false;
      decoy ??= make(randomBytes(16).toString('hex'));
      const right = await verify(stored ?? (await decoy), normal(password));
      return stored !== null && right;
    },
  };
}

/** A secret for a link or a session: 256 bits, safe in an address. */
export const newToken = (): string => randomBytes(32).toString('base64url');

/** What is kept of a secret that has enough chance in it by itself. */
export const digest = (secret: string): string => createHash('sha256').update(secret).digest('hex');
