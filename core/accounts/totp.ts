import { randomBytes } from 'node:crypto';
import { generateSecret, generateURI, verify } from 'otplib';
import { Refusal, systemClock } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import { digest } from './passwords.ts';
import {
  changeFactor,
  deleteFactor,
  findFactor,
  findProfile,
  lockFactor,
  putFactor,
  putRecoveryCodes,
  takeRecoveryCode,
} from './store.ts';
import type { AccountsDeps, Totp } from './types.ts';

const period = 30; // seconds, RFC 6238
const recoveryCodes = 10;

/** The key of everything sealed for one account; it is shredded with the account. */
export const keyOf = (account: string): string => `account/${account}`;

const aadOf = (account: string): string => `totp:${account}`;

export interface SecondFactor extends Totp {
  /** Whether the code is right; a code, and a recovery code, is good once. */
  passes(trx: Trx, account: string, code: string): Promise<boolean>;
}

/**
 * Time-based codes (RFC 6238). Real time, one step of tolerance to each side.
 *
 * @param issuer the name that the app shows
 */
export function createTotp(
  { db, vault, journal }: Pick<AccountsDeps, 'db' | 'vault' | 'journal'>,
  issuer: string,
): SecondFactor {
  async function stepOf(secret: Buffer, account: string, code: string, after: number): Promise<number | null> {
    if (!/^\d{6}$/.test(code)) return null;
    const result = await verify({
      secret: (await vault.open(secret, aadOf(account))).toString('utf8'),
      token: code,
      epoch: Math.floor(systemClock.now().epochMilliseconds / 1000),
      epochTolerance: period,
    });
    if (!result.valid || !('timeStep' in result)) return null;
    return result.timeStep > after ? result.timeStep : null;
  }

  async function passes(trx: Trx, account: string, code: string): Promise<boolean> {
    const factor = await lockFactor(trx, account);
    if (!factor?.confirmed_at) return false;
    const plain = code.replace(/[\s-]/g, '').toLowerCase();
    const step = await stepOf(factor.secret, account, plain, factor.last_step);
    if (step !== null) {
      await changeFactor(trx, account, { last_step: step });
      return true;
    }
    if (!(await takeRecoveryCode(trx, account, digest(`${account}:${plain}`)))) return false;
    await journal.append(trx, { action: 'account.recovery-code-used', about: account, actor: account });
    return true;
  }

  return {
    passes,
    async begin(trx, account) {
      if ((await lockFactor(trx, account))?.confirmed_at) {
        throw new Refusal('totp.already-on', 'conflict', { account });
      }
      const profile = await findProfile(trx, account);
      if (!profile) throw new Refusal('account.unknown', 'not-found', { account });
      const secret = generateSecret();
      await putFactor(trx, account, await vault.seal(keyOf(account), Buffer.from(secret), aadOf(account)));
      return { secret, uri: generateURI({ issuer, label: profile.email, secret }) };
    },
    async confirm(trx, account, code) {
      const factor = await lockFactor(trx, account);
      if (!factor) throw new Refusal('totp.not-begun', 'conflict', { account });
      if (factor.confirmed_at) throw new Refusal('totp.already-on', 'conflict', { account });
      const step = await stepOf(factor.secret, account, code.replace(/\s/g, ''), factor.last_step);
      if (step === null) throw wrongCode();
      await changeFactor(trx, account, { confirmed_at: systemClock.now(), last_step: step });
      const codes = Array.from({ length: recoveryCodes }, () => randomBytes(10).toString('hex'));
      await putRecoveryCodes(
        trx,
        account,
        codes.map((plain) => digest(`${account}:${plain}`)),
      );
      await journal.append(trx, { action: 'account.second-factor-on', about: account, actor: account });
      return { recoveryCodes: codes.map((plain) => plain.replace(/(.{5})(?=.)/g, '$1-')) };
    },
    async disable(trx, account, code) {
      if (!(await passes(trx, account, code))) throw wrongCode();
      await deleteFactor(trx, account);
      await journal.append(trx, { action: 'account.second-factor-off', about: account, actor: account });
    },
    enabled: async (account) => Boolean((await findFactor(db as Db, account))?.confirmed_at),
  };
}

function wrongCode(): Refusal {
  return new Refusal('totp.wrong-code', 'invalid', {
    field: 'code',
    message: 'Код не подошёл. Проверьте время на телефоне и введите новый код.',
  });
}
