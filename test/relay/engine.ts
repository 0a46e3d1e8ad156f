import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';
import { type MovableClock, movableClock, newId, Temporal } from '../../core/base/index.ts';
import { createDataMap } from '../../core/datamap/index.ts';
import type { Db, Trx } from '../../core/db/index.ts';
import { createJournal, loadSigningKeys } from '../../core/journal/index.ts';
import { type Law, loadLaw } from '../../core/law/index.ts';
import { createLetters } from '../../core/letters/index.ts';
import { createObligations, type Fact } from '../../core/obligations/index.ts';
import { createHost, type Engine, giveConnections, type Plugin } from '../../core/plugin/index.ts';
import { createVault } from '../../core/vault/index.ts';
import { mustFit, wrongBy } from './schemas.ts';

let loaded: Promise<Law> | null = null;

/** The real law of the pack, loaded once for a run. */
export function testLaw(): Promise<Law> {
  loaded ??= loadLaw({ root: new URL('../../policies/', import.meta.url), operator: 'qsockets' });
  return loaded;
}

/** A letter or a document as a plugin asked for it. */
// biome-ignore lint/suspicious/noExplicitAny: the data of all templates, looked into by the tests
type Asked = { template?: string; kind?: string; to?: any; data: any; channels?: string[]; attachments?: string[] };

export interface TestEngine {
  engine: Engine;
  clock: MovableClock;
  law: Law;
  origin: string;
  home: string;
  server: Server;
  letters: Asked[];
  documents: Asked[];
  activity: { account: string; kind: string }[];
  host: ReturnType<typeof createHost>;
  /** A person with an account, as core knows them. */
  aPerson(): Promise<{ subject: string; account: string }>;
  report(fact: Fact): Promise<void>;
  /** Runs the jobs whose work is due at the present of the clock. */
  wake(): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * An engine of real law, vault, journal, letters, data map and obligations over a database of the test's own, with the
 * given plugins and their doors on a real server. Accounts and the queue are stand-ins that remember what was asked.
 */
export async function startEngine(
  db: Db,
  plugins: readonly Plugin[],
  start = Temporal.Instant.from('2026-05-12T09:00:00Z'),
): Promise<TestEngine> {
  const home = mkdtempSync(join(tmpdir(), 'srok-relay-'));
  const clock = movableClock(start);
  const law = await testLaw();
  const vault = createVault({ folder: join(home, 'keystore'), clock });
  const journal = createJournal({
    db,
    clock,
    seal: vault.seal,
    open: vault.open,
    keys: loadSigningKeys(join(home, 'keys')),
  });
  const datamap = createDataMap({ db, law, clock });
  const letters: Asked[] = [];
  const documents: Asked[] = [];
  const activity: { account: string; kind: string }[] = [];
  const people = new Map<string, string>(); // account → subject
  const jobs = {
    define(name: string, handler: (data: object, job: { jobId: string }) => Promise<void>) {
      handlers.set(name, handler);
    },
    source(source: { name: string; job: string; next(db: Db): Promise<Temporal.Instant | null> }) {
      sources.push(source);
    },
    enqueue: async () => 'job',
  };
  const handlers = new Map<string, (data: object, job: { jobId: string }) => Promise<void>>();
  const sources: { name: string; job: string; next(db: Db): Promise<Temporal.Instant | null> }[] = [];
  const obligations = createObligations({ law, journal, clock, db, jobs, datamap } as never);
  const host = createHost(plugins, law);
  const report = host.hearing((trx, fact) => obligations.report(trx, fact));
  const post = createLetters({ db, clock, vault, journal, law, root: new URL('../../templates/', import.meta.url) });
  const engine = {
    ...{ db, clock, law, journal, vault, datamap, jobs, report },
    letters: {
      ...post,
      queue: (trx: Trx, order: Parameters<typeof post.queue>[1]) => {
        letters.push(order);
        return post.queue(trx, order);
      },
      documents: {
        ...post.documents,
        create: (trx: Trx, order: Parameters<typeof post.documents.create>[1]) => {
          documents.push(order);
          return post.documents.create(trx, order);
        },
      },
    },
    accounts: {
      activity: async (_trx: Trx, account: string, kind: string) => {
        activity.push({ account, kind });
      },
      get: async (_trx: Trx, account: string) =>
        people.has(account) ? { id: account, subject: people.get(account) } : null,
      bySubject: async (_trx: Trx, subject: string) => {
        const found = [...people].find(([, one]) => one === subject);
        return found ? { id: found[0], subject } : null;
      },
      profile: async (_trx: Trx, account: string) =>
        people.has(account)
          ? { email: 'anna@example.org', name: 'Анна Примерова', position: null, locale: 'ru' as const }
          : null,
    },
    config: { home, mailDir: join(home, 'mail'), publicUrl: 'http://127.0.0.1' },
    log: { info() {}, warn() {}, error() {} },
  } as unknown as Engine;
  host.join(engine);

  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  engine.config.publicUrl = origin;
  await host.start();
  const doors = host.doors();
  const doorFor = (url: string | undefined) => doors.find(({ prefix }) => url?.startsWith(prefix));
  giveConnections(server, { doors, knowsHost: () => true });
  server.on('request', (request, response) => doorFor(request.url)?.request?.(request, response));
  server.on('upgrade', (request, socket, head) => doorFor(request.url)?.upgrade?.(request, socket, head));

  return {
    ...{ engine, clock, law, origin, home, server, letters, documents, activity, host },
    async aPerson() {
      const subject = await db.transaction((trx) => datamap.subjects.create(trx, { kind: 'relay-user' }));
      const account = newId('acc', clock.now());
      people.set(account, subject);
      return { subject, account };
    },
    report: (fact) => db.transaction((trx) => report(trx, fact)),
    async wake() {
      const woken: string[] = [];
      for (const { job, next } of sources) {
        const at = await next(db);
        if (!at || Temporal.Instant.compare(at, clock.now()) > 0) continue;
        await handlers.get(job)?.({}, { jobId: 'job' });
        woken.push(job);
      }
      return woken;
    },
    async close() {
      await host.stop();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await vault.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: frames of the protocol, looked into by the tests
export type Frame = any;

/** A program on the other end of a WebSocket: sends frames and waits for those it is curious about. */
export interface Client {
  socket: WebSocket;
  frames: Frame[];
  send(frame: object): void;
  /** The first frame, also one that has come already, that fits; it is taken once. */
  next(fits: (frame: Frame) => boolean): Promise<Frame>;
  until(count: number, fits: (frame: Frame) => boolean): Promise<Frame[]>;
  closed: Promise<{ code: number; reason: string }>;
}

const patienceMs = 10_000;

/** @throws Error whose message is the status of the answer when the connection is refused */
export async function connect(
  origin: string,
  token: string | null,
  { protocols = ['srok.v1'], headers = {} }: { protocols?: string[]; headers?: Record<string, string> } = {},
): Promise<Client> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/relay/v1/connect`, protocols, {
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
  });
  const frames: Frame[] = [];
  const broken: string[] = [];
  const taken = new Set<Frame>();
  let wake: () => void = () => {};
  socket.on('message', (data) => {
    const frame = JSON.parse(data.toString());
    // Whatever a test is about: every frame that it sees is one of the published ones.
    const wrong = wrongBy('server-frame.json', frame);
    if (wrong) broken.push(wrong);
    frames.push(frame);
    wake();
  });
  const closed = new Promise<{ code: number; reason: string }>((done) => {
    socket.on('close', (code, reason) => done({ code, reason: reason.toString() }));
  });
  await new Promise<void>((done, fail) => {
    socket.on('open', done);
    socket.on('error', fail);
    socket.on('unexpected-response', (_request, response) => {
      fail(new Error(String(response.statusCode)));
      socket.terminate();
    });
  });
  async function wait<T>(look: () => T | undefined): Promise<T> {
    const over = performance.now() + patienceMs;
    for (;;) {
      if (broken.length > 0) throw new Error(broken.join('; '));
      const found = look();
      if (found !== undefined) return found;
      const left = over - performance.now();
      if (left <= 0) throw new Error(`Nothing fitting came; the last frames: ${JSON.stringify(frames.slice(-3))}`);
      await new Promise<void>((done) => {
        const timer = setTimeout(done, left);
        wake = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  }
  return {
    socket,
    frames,
    closed,
    send: (frame) => socket.send(JSON.stringify(frame)),
    next: (fits) =>
      wait(() => {
        const found = frames.find((frame) => !taken.has(frame) && fits(frame));
        if (found) taken.add(found);
        return found;
      }),
    until: (count, fits) =>
      wait(() => {
        const found = frames.filter(fits);
        return found.length >= count ? found : undefined;
      }),
  };
}

/** Publishes by HTTP. */
export async function publish(
  origin: string,
  token: string,
  channel: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Frame; headers: Headers }> {
  const response = await fetch(`${origin}/relay/v1/channels/${encodeURIComponent(channel)}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  const answer = await response.json();
  mustFit(response.status === 202 ? 'accepted.json' : 'problem.json', answer);
  return { status: response.status, body: answer, headers: response.headers };
}
