import { randomBytes } from 'node:crypto';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { keyedDigest, newId, Refusal } from '../base/index.ts';
import type { Trx } from '../db/index.ts';
import { requisites } from '../law/index.ts';
import { normalEmail } from './email.ts';
import type { Passwords } from './passwords.ts';
import type { AccountActor } from './rights.ts';
import { open } from './state.ts';
import { findAccount, findProfile, findProfileByEmail, insertSignIn, type ProfileRow } from './store.ts';
import type { SecondFactor } from './totp.ts';
import type { Account, Accounts, AccountsDeps, SignIn } from './types.ts';

/** How many times more may fail from one address than for one person at it: an office shares an address. */
const addressShare = 10;
/** … and for one person from all addresses together: guessing must not get cheaper by having many of them. */
const personShare = 10;

const originLength = 16;

type Deps = Pick<AccountsDeps, 'db' | 'clock' | 'law' | 'journal' | 'pepper'>;

interface Parts {
  passwords: Passwords;
  totp: SecondFactor;
  activity: Accounts['activity'];
}

/** Counts attempts by person and address, on real time, in the database: the same for every node. */
function createLimits({ db, law }: Deps, pepper: Buffer) {
  const { attempts, minutes } = law.operator.security.lockout;
  const table = { storeClient: db, storeType: 'knex', schemaName: 'core', tableName: 'sign_in_attempts' };
  const shared = { ...table, tableCreated: true, duration: minutes * 60 };
  const perPerson = new RateLimiterPostgres({ ...shared, keyPrefix: 'p', points: attempts });
  const anywhere = new RateLimiterPostgres({ ...shared, keyPrefix: 'w', points: attempts * personShare });
  // Six digits are few, and whoever is asked for them knows the password already: no share for more addresses.
  const codes = new RateLimiterPostgres({ ...shared, keyPrefix: 'c', points: attempts });
  const perAddress = new RateLimiterPostgres({ ...shared, keyPrefix: 'a', points: attempts * addressShare });
  const keyOf = (...parts: string[]): string => keyedDigest(pepper, parts.join('\n'));

  const tooMany = (ms: number): Refusal =>
    new Refusal('sign-in.too-many', 'limit', {
      retryAfter: Math.max(1, Math.ceil(ms / 1000)),
      message: 'Слишком много попыток входа. Подождите и попробуйте снова.',
    });

  async function spend(limiter: RateLimiterPostgres, key: string): Promise<void> {
    try {
      await limiter.consume(key);
    } catch (error) {
      if (error instanceof RateLimiterRes) throw tooMany(error.msBeforeNext);
      throw error;
    }
  }

  return {
    /** Counts an attempt before it is judged, so that many at once are counted too. */
    async begin(who: string, ip: string): Promise<void> {
      for (const spent of [await perAddress.get(keyOf(ip)), await anywhere.get(keyOf(who))]) {
        if (spent && spent.remainingPoints <= 0) throw tooMany(spent.msBeforeNext);
      }
      await spend(perPerson, keyOf(ip, who));
    },
    async failed(who: string, ip: string): Promise<void> {
      await Promise.all([perAddress.penalty(keyOf(ip)), anywhere.penalty(keyOf(who))]);
    },
    beginCode: (account: string): Promise<void> => spend(codes, keyOf(account)),
    async codeWasRight(account: string): Promise<void> {
      await codes.delete(keyOf(account));
    },
    async succeeded(who: string, ip: string): Promise<void> {
      await perPerson.delete(keyOf(ip, who));
    },
  };
}

/** One sentence for an unknown address, a wrong password and a wrong code. */
function refused(): Refusal {
  return new Refusal('sign-in.refused', 'unauthenticated', {
    message: 'Не удалось войти: проверьте почту, пароль и код.',
  });
}

export function actorOf(account: Account, profile: ProfileRow): AccountActor {
  return {
    account: account.id,
    subject: account.kind === 'user' ? account.subject : null,
    roles: account.roles,
    name: profile.name,
    locale: profile.locale,
  };
}

/** Passwords and codes at the door. */
export function createSignIn(deps: Deps, { passwords, totp, activity }: Parts) {
  const { db, clock, journal } = deps;
  const pepper = deps.pepper ?? randomBytes(32);
  const limits = createLimits(deps, pepper);

  async function note(trx: Trx, account: Account, outcome: string, ip: string): Promise<void> {
    const at = clock.now();
    // Enough to see that somebody came from elsewhere, and of use to nobody else (Политика 4(ii), 6).
    const origin = keyedDigest(pepper, `${account.id}\n${ip}`).slice(0, originLength);
    await insertSignIn(trx, { id: newId('sgn', at), account_id: account.id, at, outcome, origin });
  }

  /** Whoever has proved to be the holder is told that the account is blocked, and by which ground. */
  function mustBeOpen(account: Account): void {
    if (account.state === 'blocked') {
      throw new Refusal('account.blocked', 'forbidden', {
        ground: account.blockGround,
        ...(deps.law.operator.inactivity ? { clause: deps.law.operator.inactivity.clause } : {}),
        message: `Учётная запись заблокирована. Чтобы восстановить её, обратитесь к оператору: ${requisites(deps.law.operator).contact}.`,
      });
    }
    const states: readonly string[] = open;
    if (!states.includes(account.state)) throw refused();
  }

  async function enter(account: Account, profile: ProfileRow, ip: string): Promise<AccountActor> {
    await db.transaction(async (trx) => {
      await note(trx, account, 'in', ip);
      await journal.append(trx, { action: 'account.signed-in', about: account.id, actor: account.id });
      await activity(trx, account.id, 'login');
    });
    return actorOf(account, profile);
  }

  async function passes(account: string, code: string): Promise<boolean> {
    await limits.beginCode(account);
    if (!(await db.transaction((trx) => totp.passes(trx, account, code)))) return false;
    await limits.codeWasRight(account);
    return true;
  }

  /** Known or not, the same is done before the answer; what is kept of an account is written after it. */
  async function fail(account: Account | null, outcome: string, who: string, ip: string): Promise<Refusal> {
    await limits.failed(who, ip);
    // A note that is lost with the database costs a line of the history; the attempt itself has been counted.
    if (account) {
      setImmediate(async () => {
        await db.transaction((trx) => note(trx, account, outcome, ip)).catch(() => {});
      });
    }
    return refused();
  }

  return {
    async signIn({ email, password, totp: code, ip }): Promise<SignIn> {
      const address = knownForm(email);
      await limits.begin(address, ip);
      const profile = await findProfileByEmail(db, address);
      // Asked for also when nobody has the address: an answer takes as long for the unknown as for the known.
      const account = await findAccount(db, profile?.account_id ?? '');
      const right = await passwords.matches(profile?.password_hash ?? null, password);
      if (!profile || !account || !right) throw await fail(account, 'wrong-password', address, ip);
      mustBeOpen(account);
      if (await totp.enabled(account.id)) {
        if (code === undefined || code === '') {
          await limits.succeeded(address, ip);
          return { step: 'second-factor', account: account.id };
        }
        if (!(await passes(account.id, code))) throw await fail(account, 'wrong-code', address, ip);
      }
      await limits.succeeded(address, ip);
      return { step: 'done', actor: await enter(account, profile, ip) };
    },
    async secondFactor({ account: id, code, ip }): Promise<AccountActor> {
      await limits.begin(id, ip);
      const account = await findAccount(db, id);
      const profile = account && (await findProfile(db, id));
      if (!account || !profile || !(await passes(id, code))) throw await fail(account, 'wrong-code', id, ip);
      mustBeOpen(account);
      await limits.succeeded(id, ip);
      return enter(account, profile, ip);
    },
  } satisfies Pick<Accounts, 'signIn' | 'secondFactor'>;
}

/** An address that cannot be one is answered like one that nobody has. */
function knownForm(email: string): string {
  try {
    return normalEmail(email);
  } catch {
    return email.slice(0, 254);
  }
}
