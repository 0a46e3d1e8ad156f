import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const program = ['/usr/sbin/nats-server', '/usr/bin/nats-server'].find(existsSync) ?? 'nats-server';
const password = 'не-для-журнала';

export interface Nats {
  /** With its password. */
  url: string;
  /** Ends it as hard as it gets. */
  kill(): Promise<void>;
  /** Starts it again on its port. */
  revive(): Promise<void>;
  close(): Promise<void>;
}

/** A real NATS server on a free port of this machine, with a user and a password. */
export async function startNats(): Promise<Nats> {
  const folder = mkdtempSync(join(tmpdir(), 'srok-nats-'));
  let child: ChildProcess | null = null;
  let port = 0;

  async function start(): Promise<void> {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    const where = ['-a', '127.0.0.1', '-p', String(port || -1), '--ports_file_dir', folder];
    const started = spawn(program, [...where, '--user', 'srok', '--pass', password], { stdio: 'ignore' });
    child = started;
    const failed = new Promise<never>((_, fail) => {
      started.once('error', fail).once('exit', () => fail(new Error('The NATS server ended.')));
    });
    failed.catch(() => {});
    port = await Promise.race([failed, listening()]);
  }

  async function listening(): Promise<number> {
    for (;;) {
      const [file] = readdirSync(folder).filter((name) => name.endsWith('.ports'));
      try {
        const { nats } = JSON.parse(readFileSync(join(folder, file ?? ''), 'utf8')) as { nats: string[] };
        return Number(new URL(nats[0] as string).port);
      } catch {
        // Not written yet, or not wholly.
        await delay(5);
      }
    }
  }

  async function kill(): Promise<void> {
    const killed = child;
    child = null;
    if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
    const ended = new Promise((done) => killed.once('exit', done));
    killed.kill('SIGKILL');
    await ended;
  }

  await start();
  return {
    get url() {
      return `nats://srok:${encodeURIComponent(password)}@127.0.0.1:${port}`;
    },
    kill,
    revive: start,
    async close() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
