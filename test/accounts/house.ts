import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Accounts, createAccounts } from '../../core/accounts/index.ts';
import { type MovableClock, movableClock, Temporal } from '../../core/base/index.ts';
import { type Consents, createConsents } from '../../core/consents/index.ts';
import { createDataMap, type DataMap } from '../../core/datamap/index.ts';
import type { Db, Trx } from '../../core/db/index.ts';
import { createJobs, type Jobs } from '../../core/jobs/index.ts';
import { createJournal, type Journal, loadSigningKeys } from '../../core/journal/index.ts';
import { type Law, loadLaw } from '../../core/law/index.ts';
import { createLetters, type LetterOrder, type Letters } from '../../core/letters/index.ts';
import { createObligations, type Fact, type Obligations } from '../../core/obligations/index.ts';
import { createRequests, type Requests } from '../../core/requests/index.ts';
import { createRetention, type Retention } from '../../core/retention/index.ts';
import { createVault, type Vault } from '../../core/vault/index.ts';
import { cloneDatabase } from '../support/database.ts';

/** The rooms up to the consents, on a database of its own and with a clock that is moved. */
export interface House {
  db: Db;
  clock: MovableClock;
  law: Law;
  vault: Vault;
  journal: Journal;
  datamap: DataMap;
  obligations: Obligations;
  retention: Retention;
  requests: Requests;
  letters: Letters;
  jobs: Jobs | null;
  accounts: Accounts;
  consents: Consents;
  /** Letters in the order in which they were queued. */
  sent: (LetterOrder & { id: string })[];
  facts: Fact[];
  received: Parameters<Requests['receive']>[1][];
  /** Subject → last paid day. */
  paid: Map<string, Temporal.PlainDate>;
  story<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
  /** Moves the clock; Moscow wall time. */
  at(time: string): void;
  close(): Promise<void>;
}

/** Moscow wall time. */
function moscow(at: string): Temporal.Instant {
  return Temporal.PlainDateTime.from(at).toZonedDateTime('Europe/Moscow').toInstant();
}

export const lightHashing = { memoryCost: 64, timeCost: 1, parallelism: 1 };

/** @param options.jobs with a real queue, for tests of what runs by itself */
export async function openHouse(start = '2026-05-05T10:00', options: { jobs?: boolean } = {}): Promise<House> {
  const { db, url, drop } = await cloneDatabase();
  const home = mkdtempSync(join(tmpdir(), 'srok-accounts-'));
  const clock = movableClock(moscow(start));
  const law = await loadLaw({ root: new URL('../../policies/', import.meta.url), operator: 'qsockets' });
  const vault = createVault({ folder: join(home, 'keystore'), clock });
  const { seal, open } = vault;
  const journal = createJournal({ db, clock, zone: law.zone, seal, open, keys: loadSigningKeys(join(home, 'keys')) });
  const datamap = createDataMap({ db, law, clock });
  const obligations = createObligations({ db, clock, law, journal, datamap });
  const sent: House['sent'] = [];
  const facts: Fact[] = [];
  const received: House['received'] = [];
  const paid: House['paid'] = new Map();
  const idle: Pick<Jobs, 'define' | 'source' | 'enqueue'> = {
    define() {},
    source() {},
    enqueue: async () => 'job',
  };
  const real = options.jobs ? createJobs({ db, url, log: { info() {}, warn() {}, error() {} } }) : null;
  const jobs = real ?? idle;
  const root = new URL('../../templates/', import.meta.url);
  const realLetters = createLetters({ db, clock, vault, journal, law, root });
  const letters: Letters = {
    ...realLetters,
    async queue(trx, order) {
      const id = await realLetters.queue(trx, order);
      sent.push({ ...(order as LetterOrder), id });
      return id;
    },
  };
  const report = async (trx: Trx, fact: Fact): Promise<void> => {
    await obligations.report(trx, fact);
    facts.push(fact);
    await accounts.heard(trx, fact);
  };
  const retention = createRetention({ db, clock, law, journal, vault, jobs, letters, datamap, report });
  const realRequests = createRequests({
    ...{ db, clock, law, journal, vault, jobs, letters, datamap, retention, obligations, report },
  });
  const requests: Requests = {
    ...realRequests,
    async receive(trx, intake) {
      received.push(intake);
      return realRequests.receive(trx, intake);
    },
  };
  const accounts: Accounts = createAccounts({
    ...{ db, clock, law, journal, vault, jobs, letters, datamap, retention, requests, report },
    paidUntil: async (_trx, subject) => paid.get(subject) ?? null,
    hashing: lightHashing,
  });
  const consents = createConsents({ db, clock, law, journal, letters, jobs, accounts, datamap, report });
  await real?.start({ cron: null });
  return {
    ...{ db, clock, law, vault, journal, datamap, obligations, retention, requests, letters, accounts, consents },
    jobs: real,
    ...{ sent, facts, received, paid },
    story: (work) => db.transaction(work),
    at: (time) => clock.moveTo(moscow(time)),
    async close() {
      await real?.stop();
      await vault.close();
      await drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export interface Person {
  account: string;
  subject: string;
  email: string;
  password: string;
  name: string;
}

let people = 0;

/** A registered user whose name the test is not about. */
export async function aUser(house: House, given: Partial<Omit<Person, 'account' | 'subject'>> = {}): Promise<Person> {
  people++;
  const person = {
    email: `user-${people}@example.org`,
    password: `пароль для проверки ${people}`,
    name: `Проверкина Вера ${people}`,
    ...given,
  };
  return { ...person, ...(await house.story((trx) => house.accounts.registerUser(trx, person))) };
}

export const ip = '203.0.113.7';

export async function signIn(house: House, { email, password }: Person): Promise<void> {
  await house.accounts.signIn({ email, password, ip });
}

/** The code of a refusal, or null when nothing was refused. */
export async function refusalOf(work: Promise<unknown>): Promise<string | null> {
  return work.then(
    () => null,
    (error: { code?: string }) => error.code ?? String(error),
  );
}
