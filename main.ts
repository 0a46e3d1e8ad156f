import { hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { pathToFileURL } from 'node:url';
import pino from 'pino';
import { type Accounts, accountStores, createAccounts } from './core/accounts/index.ts';
import { Refusal, systemClock } from './core/base/index.ts';
import type { App, AppOptions } from './core/cli/index.ts';
import { createConnectors, createTaskStore } from './core/connectors/index.ts';
import { consentStores, createConsents } from './core/consents/index.ts';
import { createConsole, taskRoutes } from './core/console/index.ts';
import { createDataMap, type Store } from './core/datamap/index.ts';
import {
  checkDatabase,
  createTurn,
  ensureHome,
  findPostgres,
  leadOne,
  lockHome,
  type MigrationFolder,
  migrate,
  openDatabase,
  startPostgres,
  type Turn,
} from './core/db/index.ts';
import { createHttp, httpImpersonal } from './core/http/index.ts';
import { createJobs } from './core/jobs/index.ts';
import { createJournal, journalImpersonal, journalStores, loadSigningKeys } from './core/journal/index.ts';
import { type Law, loadLaw, readClauses } from './core/law/index.ts';
import { createLetters, letterImpersonal, letterStores } from './core/letters/index.ts';
import { createEvents, createObligations, obligationStores, type Report } from './core/obligations/index.ts';
import {
  type Config,
  checkInstallation,
  createHost,
  type Door,
  type Engine,
  giveConnections,
  installationImpersonal,
  type Log,
  loadPlugins,
  rememberOperator,
} from './core/plugin/index.ts';
import { createRequests, requestStores } from './core/requests/index.ts';
import { createRetention, retentionStores } from './core/retention/index.ts';
import { createVault } from './core/vault/index.ts';

/*
 * The composition root: the only file that sees core and plugins. It opens the rooms in the order of the staircase,
 * hands each what it needs, and closes them in the opposite order.
 */

const root = new URL('./', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };

const drainMs = 10_000;

/** How long a job may wait, and a destruction be late, before the process calls itself unwell. */
const stuckSeconds = 900;
const overdueHours = 24;
const idleLookMs = 50;

/**
 * Opens an installation: law, database, migrations, rooms, plugins; in `service` mode also the web server and the jobs.
 * @throws Refusal or PolicyError with one clear line; whatever was opened before is closed again
 */
export async function createApp(options: AppOptions): Promise<App> {
  const service = (options.mode ?? 'service') === 'service';
  const clock = options.clock ?? systemClock;
  const closing: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    let failure: unknown;
    for (const step of closing.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        // What stands below must be closed all the same: the database must not outlive us.
        failure ??= error;
      }
    }
    if (failure) throw failure;
  };
  try {
    // The port first: one that is taken is said before anything is started.
    const server = service
      ? createServer((_request, response) => {
          response
            .writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' })
            .end('{"status":"starting"}');
        })
      : null;
    let url = '';
    if (server) {
      const host = options.host ?? '127.0.0.1';
      url = `http://${hostInUrl(host)}:${await listen(server, host, options.port ?? 0)}`;
      closing.push(() => drain(server));
    }
    const config: Config = {
      home: resolve(options.home),
      mailDir: join(resolve(options.home), 'mail'),
      publicUrl: options.publicUrl || url,
      ...(options.natsUrl ? { natsUrl: options.natsUrl } : {}),
      ...(options.smtpUrl ? { smtpUrl: options.smtpUrl } : {}),
      ...(options.mailFrom ? { mailFrom: options.mailFrom } : {}),
      ...(options.behindProxy ? { behindProxy: true } : {}),
    };
    const policies = options.policies ? pathToFileURL(`${resolve(options.policies)}/`) : new URL('policies/', root);
    const law = await loadLaw({ root: policies, operator: options.operator });
    const home = ensureHome(options.home);

    // Beside a running service a command joins its database; alone it takes the folder and starts one for itself.
    const joined = service ? null : (options.databaseUrl ?? (await findPostgres(home)));
    const node = service && options.node === true;
    if (node && !options.databaseUrl) throw noDatabase();
    if (!joined && !node) closing.push(lockHome(home));
    const log = options.log ?? createLog(home);
    let databaseUrl = options.databaseUrl ?? joined;
    if (!databaseUrl) {
      const server = await startPostgres({
        home,
        ...(options.durable === false ? { durable: false } : {}),
        onCrash: (message) => log.warn({}, message),
      });
      closing.push(() => server.stop());
      databaseUrl = server.url;
    }
    const db = openDatabase(databaseUrl);
    closing.push(() => db.destroy());
    await checkDatabase(db, databaseUrl);

    const plugins = await loadPlugins(new URL('plugins/', root), law.operator.plugins);
    const host = createHost(plugins, law);
    await checkInstallation(db, law);
    await migrate(db, [coreMigrations(), ...host.migrations()]);
    await rememberOperator(db, { clock, law, home });

    // Nodes of one installation open it one after the other, and write keys in turns.
    const opening = node ? createTurn(databaseUrl, 'srok.opening') : null;
    const writing = node ? createTurn(databaseUrl, 'srok.keystore') : null;
    if (writing) closing.push(() => writing.close());
    const vault = await inTurn(opening, async () =>
      createVault({
        ...{ folder: join(home, 'keystore'), clock, readOnly: joined ? 'if-locked' : false },
        ...(writing ? { shared: writing.take } : {}),
      }),
    );
    closing.push(() => vault.close());
    const [signingKeys, cookieSecret] = await inTurn(opening, async () => [
      loadSigningKeys(join(home, 'keys')),
      service ? cookieKey(join(home, 'keys')) : Buffer.alloc(0),
    ]);
    await opening?.close();
    const journal = createJournal({
      db,
      clock,
      zone: law.zone,
      seal: vault.seal,
      open: vault.open,
      keys: signingKeys,
      anchorFile: join(home, 'keys', 'journal.checkpoint'),
    });
    if (!vault.readOnly) {
      await vault.noteTo((action, body) =>
        db.transaction((trx) => journal.append(trx, { action, actor: 'system', body })),
      );
    }

    const jobs = createJobs({ db, url: databaseUrl, log });
    const letters = createLetters({
      ...{ db, clock, vault, journal, law, root: new URL('templates/', root) },
      publicUrl: () => config.publicUrl,
    });
    const datamap = createDataMap({ db, law, clock });
    datamap.register('journal', journalStores({ zone: law.zone }), journalImpersonal);
    datamap.register('letters', letters.stores, letterImpersonal);
    datamap.register('http', {}, httpImpersonal);
    datamap.register('plugin', {}, installationImpersonal);
    const connectors = createConnectors({
      ...{ db, clock, zone: law.zone, vault, journal, datamap },
      connectors: law.operator.connectors,
    });
    closing.push(() => connectors.close());
    const obligations = createObligations({ db, clock, law, journal, jobs, datamap });
    const report: Report = host.hearing(async (trx, fact) => {
      const id = await obligations.report(trx, fact);
      await accounts.heard(trx, fact);
      return id;
    });
    const retention = createRetention({
      ...{ db, clock, law, journal, vault, jobs, letters, datamap, report },
      lostPaidTime: host.lostPaidTime,
      nameOf: async (trx, account) => {
        const profile = await accounts.profile(trx, account);
        const official = (await accounts.actor(account))?.roles.includes('dpo') ? law.operator.dpo.post : null;
        const post = (profile?.position ?? official)?.replace(/^./, (first) => first.toLowerCase());
        return profile && [profile.name, post].filter(Boolean).join(', ');
      },
    });
    const requests = createRequests({
      ...{ db, clock, law, journal, vault, jobs, letters, datamap, retention, obligations, report },
    });
    const accounts: Accounts = createAccounts({
      ...{ db, clock, law, journal, vault, jobs, letters, datamap, retention, requests, report },
      paidUntil: host.paidUntil,
      publicUrl: () => config.publicUrl,
      ...(service ? { pepper: Buffer.from(hkdfSync('sha256', cookieSecret, '', 'addresses of sign-ins', 32)) } : {}),
    });
    const consents = createConsents({
      ...{ db, clock, law, journal, letters, jobs, accounts, datamap, report },
      publicUrl: () => config.publicUrl,
    });
    const events = createEvents({
      ...{ db, clock, law, journal, letters, datamap, obligations, report },
      subjectOf: async (trx, account) => (await accounts.get(trx, account))?.subject ?? null,
    });
    const engine: Engine = {
      ...{ db, clock, law, journal, vault, jobs, letters, datamap, retention, requests, accounts, consents },
      ...{ report, config, log },
    };
    host.join(engine);
    jobs.define('journal.seal', async () => {
      await journal.sealUp();
    });
    jobs.source({ name: 'journal.inbox', job: 'journal.seal', next: (pool) => journal.next(pool) });

    if (server) {
      let stopping = false;
      const http = createHttp({
        ...{ db, clock, law, accounts, log },
        config: {
          ...{ publicUrl: config.publicUrl, cookieKey: cookieSecret, version },
          ...(config.behindProxy ? { behindProxy: true } : {}),
        },
        notes: () => host.notes(),
        ...(options.metricsToken ? { metrics: { token: options.metricsToken, text: () => host.metrics() } } : {}),
        ready: {
          service: async () => (stopping ? 'it is about to stop' : null),
          database: async () => {
            await db.raw('select 1');
            return null;
          },
          jobs: async () => {
            const stuck = (await jobs.counts()).filter(({ oldestSeconds }) => oldestSeconds > stuckSeconds);
            return (
              stuck.map(({ queue, oldestSeconds }) => `${queue} has waited for ${oldestSeconds} s`).join('; ') || null
            );
          },
          destruction: async () => {
            const next = await retention.next(db);
            const overdue = next && clock.now().since(next).total('hours') > overdueHours;
            return overdue ? `something should have been destroyed since ${next}` : null;
          },
          plugins: async () => (await host.ready()).join('; ') || null,
          connectors: async () =>
            (await connectors.check()).map(({ connector, problem }) => `${connector}: ${problem}`).join('; ') || null,
        },
      });
      const clauses = () => readClauses(policies, law.operator.id);
      createConsole({ http, ...engine, ...host.pages(), connectors, events, clauses });
      for (const route of [...taskRoutes({ db, connectors, requests }), ...host.routes()]) http.route(route);
      // What is under way is answered while the rooms are still open.
      closing.push(() => drain(server));
      // Also makes the month's key of the journal, so that a command beside this service may write to it.
      await db.transaction((trx) =>
        journal.append(trx, { action: 'service.started', actor: 'system', body: { version } }),
      );
      await host.start();
      closing.push(() => host.stop());
      const startJobs = () => jobs.start({ ...(options.cron ? {} : { cron: null }), now: () => clock.now() });
      if (node) {
        // One node works and wakes for all; when it is gone, another does.
        const failed = (error: unknown) => log.warn({ error: String(error) }, 'The jobs could not be taken over.');
        closing.push(leadOne(databaseUrl, 'srok.jobs', { begin: startJobs, end: jobs.stop, failed }));
      } else await startJobs();
      closing.push(() => jobs.stop());
      http.guard(server);
      const doors = host.doors();
      for (const { describes } of doors) if (describes) http.describe(describes);
      serve(server, { koa: http.handler(), doors, knowsHost: http.knowsHost });
      // Said first, so that nobody sends anyone here any more; then those who are here are let go.
      closing.push(async () => {
        stopping = true;
        await host.drain((options.drainSeconds ?? 0) * 1000);
        server.close();
      });
    }

    return {
      engine,
      obligations,
      events,
      paidUntil: (subject) => db.transaction((trx) => host.paidUntil(trx, subject)),
      config,
      url,
      databaseUrl,
      async setupLink() {
        const link = await accounts.staff.firstLink();
        return link && new URL(link.path, config.publicUrl || 'http://127.0.0.1:3000').href;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The stores that the rooms and the operator's plugins declare, for whoever only reads what they say of themselves. No
 * engine stands behind them.
 */
export async function declaredStores(law: Law): Promise<Store[]> {
  const closed = (): never => {
    throw new Error('These stores are only to be read: nothing is open behind them.');
  };
  const plugins = await loadPlugins(new URL('plugins/', root), law.operator.plugins);
  const rooms = {
    ...{ journal: journalStores({ zone: law.zone }), letters: letterStores(law.operator), consents: consentStores },
    ...{ obligations: obligationStores, requests: requestStores, retention: retentionStores },
    accounts: accountStores({ report: closed, life: { end: closed } as never }),
    connectors: { tasks: createTaskStore((connector) => connector) },
  };
  return [...Object.values(rooms), ...plugins.map((plugin) => plugin.stores ?? {})].flatMap(
    (stores) => Object.values(stores) as Store[],
  );
}

function coreMigrations(): MigrationFolder {
  const folder = new URL('migrations/', root);
  return { prefix: 'core', folder, names: readdirSync(folder).filter((name) => name.endsWith('.ts')) };
}

/** Words and ids for operators, in `home/srok.log`; warnings also on the terminal. */
function createLog(home: string): Log {
  const level = process.env.LOG_LEVEL ?? 'info';
  return pino(
    {
      level,
      base: null,
      redact: { paths: ['*.password', '*.token', '*.email', '*.authorization', '*.cookie'], remove: true },
    },
    pino.multistream([
      { level: 'info', stream: pino.destination({ dest: join(home, 'srok.log'), mkdir: true, mode: 0o600 }) },
      { level: 'error', stream: process.stderr },
    ]),
  );
}

function inTurn<T>(turn: Turn | null, work: () => Promise<T>): Promise<T> {
  return turn ? turn.take(work) : work();
}

function noDatabase(): Refusal {
  return new Refusal('node.no-database', 'invalid', {
    message: 'Several nodes share one PostgreSQL: give its address in DATABASE_URL, or leave out --node.',
  });
}

function cookieKey(folder: string): Buffer {
  const file = join(folder, 'cookie.key');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600 });
  return readFileSync(file);
}

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? `The port ${port} is in use. Choose another with PORT or --port.`
          : `Cannot listen on ${address}:${port} (${error.code}). Choose another with HOST and PORT.`;
      fail(new Refusal('server.listen', 'unavailable', { message: why }));
    });
    server.listen(port, address, () => {
      const bound = server.address();
      done(typeof bound === 'object' && bound ? bound.port : port);
    });
  });
}

function hostInUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Doors first, by the longest prefix, and only for hosts that are ours; everything else goes to Koa. */
function serve(
  server: Server,
  {
    koa,
    doors,
    knowsHost,
  }: {
    koa(request: IncomingMessage, response: ServerResponse): unknown;
    doors: Door[];
    knowsHost(host: string | undefined): boolean;
  },
): void {
  const sorted = [...doors].sort((a, b) => b.prefix.length - a.prefix.length);
  const doorOf = (request: IncomingMessage): Door | undefined => {
    // Koa answers a host that is not ours, in its words.
    if (!knowsHost(request.headers.host)) return undefined;
    const path = (request.url ?? '').split('?', 1)[0] as string;
    return sorted.find(({ prefix }) => path.startsWith(prefix));
  };
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const door = doorOf(request);
    if (door?.request) door.request(request, response);
    else koa(request, response);
  });
  giveConnections(server, { doors, knowsHost });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const door = doorOf(request);
    if (door?.upgrade) door.upgrade(request, socket, head);
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  });
}

/** Answers what is under way, then closes; whoever holds on longer is cut. */
function drain(server: Server): Promise<void> {
  return new Promise((done) => {
    const cut = setTimeout(() => server.closeAllConnections(), drainMs);
    // A browser keeps its connection after the answer: it is idle then, and goes.
    const look = setInterval(() => server.closeIdleConnections(), idleLookMs);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(look);
      done();
    });
    server.closeIdleConnections();
  });
}
