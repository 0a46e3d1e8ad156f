import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openSocket } from './wire.ts';

/* Starting what is compared: each server by itself on the first core, as long as a measurement of it takes. */

export const serverCore = 0;
export const loadCore = Math.min(1, cpus().length - 1);
const nchanModule = '/usr/lib/nginx/modules/ngx_nchan_module.so';

export interface Running {
  port: number;
  tokens: string[];
  pids: number[];
  stop(): Promise<void>;
}

/** Whether a program is there; a machine without `taskset` measures without pinning. */
export function has(program: string): boolean {
  return spawnSync('which', [program]).status === 0;
}

export function pinned(core: number, command: string, args: readonly string[]): [string, string[]] {
  return has('taskset') ? ['taskset', ['-c', String(core), command, ...args]] : [command, [...args]];
}

/** What is missing to run this server, in words; null when nothing is. */
export function missing(server: string): string | null {
  if (server === 'nchan' && !(has('nginx') && existsSync(nchanModule))) {
    return 'nginx with nchan is not installed (Debian: nginx-light libnginx-mod-nchan)';
  }
  if (server === 'nats' && !has('nats-server')) return 'nats-server is not installed (Debian: nats-server)';
  return null;
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A server of ours: it says its port in its first line. */
async function startNode(script: string, args: readonly string[]): Promise<Running> {
  const extra = process.env.SERVER_FLAGS?.split(' ') ?? [];
  const [command, all] = pinned(serverCore, process.execPath, [...extra, here(script), ...args]);
  const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const first = await new Promise<string>((done, fail) => {
    lines.once('line', done);
    child.once('exit', () => fail(new Error(`${script} ${args.join(' ')} did not start`)));
  });
  const { port, tokens = [] } = JSON.parse(first);
  return { port, tokens, pids: [child.pid as number], stop: () => ended(child, () => child.disconnect()) };
}

function ended(child: ChildProcess, ask: () => void): Promise<void> {
  return new Promise((done) => {
    child.once('exit', () => done());
    ask();
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      (await openSocket(port, () => {})).destroy();
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

/** One worker; every message is kept in memory for those who come later, as is its way. */
async function startNchan(folder: string): Promise<Running> {
  const port = await freePort();
  const conf = join(folder, 'nginx.conf');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    conf,
    `load_module ${nchanModule};
     daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log warn;
     worker_rlimit_nofile 20000;
     events { worker_connections 15000; }
     http {
       access_log off; keepalive_requests 100000000; tcp_nodelay on;
       client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
       uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
       nchan_shared_memory_size 256M;
       server {
         listen 127.0.0.1:${port} backlog=4096;
         location ~ ^/pub/(\\w+)$ { nchan_publisher; nchan_channel_id $1; nchan_message_buffer_length 1000; nchan_message_timeout 10s; }
         location ~ ^/sub/(\\w+)$ { nchan_subscriber websocket; nchan_channel_id $1; nchan_subscriber_first_message newest; }
       }
     }`,
  );
  const [command, args] = pinned(serverCore, 'nginx', ['-c', conf, '-p', folder]);
  const child = spawn(command, args, { stdio: 'inherit' });
  await listening(port);
  const children = spawnSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n');
  return {
    ...{ port, tokens: [], pids: [child.pid as number, ...children.map(Number)] },
    stop: () => ended(child, () => void child.kill('SIGTERM')),
  };
}

async function startNats(): Promise<Running> {
  const port = await freePort();
  const [command, args] = pinned(serverCore, 'nats-server', ['-a', '127.0.0.1', '-p', String(port)]);
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, GOMAXPROCS: '1' } });
  await listening(port);
  return {
    ...{ port, tokens: [], pids: [child.pid as number] },
    stop: () => ended(child, () => void child.kill('SIGTERM')),
  };
}

export function start(server: string, { home, databaseUrl }: { home: string; databaseUrl: string }): Promise<Running> {
  if (server === 'srok') return startNode('serve-srok.ts', [join(home, 'srok'), databaseUrl]);
  if (server === 'nchan') return startNchan(join(home, 'nchan'));
  if (server === 'nats') return startNats();
  return startNode('serve.ts', [server, databaseUrl]);
}

/** How busy a process has been, in seconds of a core. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}
