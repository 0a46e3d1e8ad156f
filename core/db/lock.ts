import { accessSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { processId, Refusal } from '../base/index.ts';

/**
 * Takes a folder of data for this process alone, so that two services never write into one keystore or stop each
 * other's PostgreSQL. A lock whose process is gone (also by `kill -9`, also after a reboot) is taken over.
 *
 * @returns a function that gives the folder back
 * @throws Refusal `home.unwritable` | `home.in-use`, each one line that says what to do
 */
export function lockHome(folder: string): () => void {
  const home = ensureHome(folder);
  const file = join(home, 'srok.lock');
  const mine = processId(process.pid);
  for (;;) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o600 });
      return () => {
        if (read(file) === mine) rmSync(file, { force: true });
      };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'EEXIST') throw unwritable(home, code);
    }
    const holder = read(file);
    const pid = Number(holder?.split(' ')[0]);
    if (holder && holder !== mine && Number.isInteger(pid) && processId(pid) === holder) {
      throw new Refusal('home.in-use', 'conflict', {
        message: `Another Srok (process ${pid}) already works in ${home}. Stop it, or choose another folder with --home DIR.`,
      });
    }
    rmSync(file, { force: true });
  }
}

/** Makes the data folder where there is none. @returns its absolute path @throws Refusal `home.unwritable` */
export function ensureHome(folder: string): string {
  const home = resolve(folder);
  try {
    mkdirSync(home, { recursive: true });
    accessSync(home, constants.W_OK);
    return home;
  } catch (error) {
    throw unwritable(home, (error as NodeJS.ErrnoException).code);
  }
}

function unwritable(home: string, code: string | undefined): Refusal {
  return new Refusal('home.unwritable', 'unavailable', {
    message: `The data folder ${home} cannot be written (${code}). Choose another with --home DIR.`,
  });
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
