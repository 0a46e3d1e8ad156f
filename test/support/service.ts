import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const srok = fileURLToPath(new URL('../../bin/srok.js', import.meta.url));

export interface Service {
  child: ChildProcess;
  url: string;
  /** One-time link of the first administrator, while there is none. */
  setup: string | null;
}

/** Starts the service as a process of its own, as a person would, and waits until it says where it listens. */
export function startService(home: string, port = 0): Promise<Service> {
  const { DATABASE_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, [srok, 'serve', '--json', '--home', home, '--port', String(port)], {
    env,
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
  if (service.child.exitCode !== null) return Promise.resolve(service.child.exitCode);
  const ended = new Promise<number | null>((done) => service.child.once('exit', done));
  service.child.kill(signal);
  return ended;
}
