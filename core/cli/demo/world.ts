import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MovableClock, Temporal } from '../../base/index.ts';
import type { App } from '../app.ts';
import { type Answer, createPerson, type Person } from './client.ts';
import type { DemoReport } from './report.ts';

/** Someone with an account of the relay. */
export interface DemoUser {
  name: string;
  email: string;
  password: string;
  account: string;
  subject: string;
  browser: Person;
}

export interface DemoStaff {
  name: string;
  email: string;
  password: string;
  account: string;
  browser: Person;
}

export interface Letter {
  file: string;
  bytes: Buffer;
  email: string;
  name: string;
}

/** A message body to publish, and what it came from. */
export interface Payload {
  name: string;
  bytes: Buffer;
  type: string;
}

/** Everything the chapters share. Filled as the script goes. */
export interface World {
  app: App;
  clock: MovableClock;
  report: DemoReport;
  home: string;
  canary: string;
  payloads: Payload[];
  letters: Letter[];
  /** Our own letters: written when nobody else asks for access. */
  ours: Letter[];
  users: Map<string, DemoUser>;
  staff: Map<'admin' | 'dpo' | 'second' | 'specialist' | 'auditor' | 'billing', DemoStaff>;
  /** Small facts that one chapter leaves for another. */
  kept: Record<string, string>;
  /** Bytes that must not be found later: keys as they lay on disk before they were destroyed. */
  secrets: { name: string; bytes: Buffer }[];
  /** Ids of the jobs that ran, by name. */
  jobs: Record<string, string[]>;
}

/** One moment of the script. */
export interface Scene {
  /** Moscow wall time: `2026-05-05T10:00` */
  at: string;
  chapter: number;
  title: string;
  play(world: World): Promise<void>;
}

export const zone = 'Europe/Moscow';

export function moscow(at: string): Temporal.Instant {
  return Temporal.PlainDateTime.from(at).toZonedDateTime(zone).toInstant();
}

export function dayIn(world: World): Temporal.PlainDate {
  return world.clock.now().toZonedDateTimeISO(zone).toPlainDate();
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Fails loudly: a demo that goes on after an answer it did not expect proves nothing. */
export function expectStatus(answer: Answer, ...statuses: number[]): Answer {
  if (!statuses.includes(answer.status)) {
    throw new Error(
      `Expected ${statuses.join(' or ')}, got ${answer.status}: ${JSON.stringify(answer.body)?.slice(0, 500)}`,
    );
  }
  return answer;
}

export async function signIn(world: World, person: { email: string; password: string }): Promise<Person> {
  const browser = createPerson(world.app.url);
  const { body } = expectStatus(
    await browser.send('POST', '/api/v1/session', { email: person.email, password: person.password }),
    200,
  );
  browser.useCsrf(body.csrf);
  return browser;
}

/** Registers through the public API: account, acceptance of the offer, acquaintance with the policy. */
export async function register(
  world: World,
  key: string,
  who: { name: string; email: string; position?: string },
): Promise<DemoUser> {
  const browser = createPerson(world.app.url);
  const editions = expectStatus(await browser.get('/api/v1/editions/current'), 200).body as {
    id: string;
    kind: string;
  }[];
  const current = (kind: string): string[] => editions.filter((edition) => edition.kind === kind).map(({ id }) => id);
  const password = `demo-${sha256(Buffer.from(who.email)).slice(0, 16)}`;
  const { body } = expectStatus(
    await browser.send('POST', '/api/v1/accounts', {
      ...who,
      password,
      accepts: current('contract'),
      acquaints: current('policy'),
    }),
    201,
  );
  const user = { ...who, password, ...body, browser: await signIn(world, { email: who.email, password }) } as DemoUser;
  world.users.set(key, user);
  return user;
}

export function user(world: World, key: string): DemoUser {
  const found = world.users.get(key);
  if (!found) throw new Error(`The demo has no user ${key} yet.`);
  return found;
}

export async function staffBrowser(world: World, key: Parameters<World['staff']['get']>[0]): Promise<Person> {
  const found = world.staff.get(key);
  if (!found) throw new Error(`The demo has no ${key} yet.`);
  // Sessions keep to the machine's time, so a browser of the first day serves the whole script.
  return found.browser;
}

/** Puts a document of the service beside the report, as a person would save it. */
export async function save(world: World, browser: Person, document: string, name: string): Promise<string> {
  const { bytes } = expectStatus(await browser.get(`/api/v1/documents/${document}`), 200);
  writeFileSync(join(world.home, name), bytes);
  return sha256(bytes);
}
