import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const srok = fileURLToPath(new URL('../../bin/srok.js', import.meta.url));

export interface Service {
  child: ChildProcess;
  url: string;
  /** One-time link of the first administrator, while there is none. */
  setup: string | null;
}

/**
 * Starts the service as a process of its own, as a person would, and waits until it says where it listens.
 * @param also further words of the command, and variables of the environment
 */
export function startService(
  home: string,
  port = 0,
  also: { words?: readonly string[]; env?: Record<string, string> } = {},
): Promise<Service> {
  const { DATABASE_URL: _, ...env } = process.env;
  const words = ['serve', '--json', '--home', home, '--port', String(port), ...(also.words ?? [])];
  const child = spawn(process.execPath, [srok, ...words], {
    env: { ...env, ...also.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((done, fail) => {
    let out = '';
    let err = '';
    child.stdout?.on('data', (chunk) => {
      out += chunk;
      if (out.includes('\n')) done({ child, ...JSON.parse(out) });
    });
    child.stderr?.on('data', (chunk) => {
      err += chunk;
    });
    child.once('exit', (code, signal) => fail(new Error(`The service ended (${code ?? signal}): ${err}`)));
  });
}

/** The process that really serves: the launcher hands over to another Node when its own is too old. */
export function end(service: Service, signal: NodeJS.Signals): Promise<number | null> {
  const { exitCode, signalCode } = service.child;
  if (exitCode !== null || signalCode !== null) return Promise.resolve(exitCode);
  const ended = new Promise<number | null>((done) => service.child.once('exit', done));
  service.child.kill(signal);
  return ended;
}
