import { linkSync, mkdirSync, readFileSync, realpathSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../base/index.ts';

/** Homes this process writes to: after a restart in a container our own number may stand in an old lock. */
const mine = new Set<string>();

/**
 * Takes the home for writing. The lock names the process; one left behind by a killed process is taken over.
 * @returns how to let go
 * @throws Refusal `vault.locked` (conflict) while another writer lives
 */
export function lockHome(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const home = realpathSync(folder);
  const lock = join(home, 'lock');
  const own = join(home, `lock.${process.pid}`);
  if (mine.has(home)) throw locked(process.pid);
  // A link appears with its content or not at all, and only one of two can make it.
  writeFileSync(own, `${process.pid} ${startOf(process.pid)}\n`, { mode: 0o600 });
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        linkSync(own, lock);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readLock(lock);
      if (holder && (isAlive(holder) || attempt >= 5)) throw locked(holder.pid);
      takeAway(lock, own, holder);
    }
  } finally {
    unlinkSync(own);
  }
  mine.add(home);
  return () => {
    mine.delete(home);
    try {
      if (readLock(lock)?.pid === process.pid) unlinkSync(lock);
    } catch {
      // The home itself is gone: nothing is left to let go of.
    }
  };
}

interface Holder {
  pid: number;
  start: string;
}

function locked(pid: number): Refusal {
  return new Refusal('vault.locked', 'conflict', {
    pid,
    message: `The keys of this home are in use by process ${pid}. Only one process may write them: stop it first.`,
  });
}

function readLock(lock: string): Holder | null {
  try {
    const [pid = '', start = ''] = readFileSync(lock, 'utf8').trim().split(' ');
    return { pid: Number(pid), start };
  } catch {
    return null;
  }
}

/** Moves a dead process's lock aside; if a living one slipped in meanwhile, puts it back. */
function takeAway(lock: string, own: string, holder: Holder | null): void {
  const aside = `${own}.old`;
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  const moved = readLock(aside);
  if (moved && holder && (moved.pid !== holder.pid || moved.start !== holder.start)) {
    try {
      linkSync(aside, lock);
    } catch {
      // Somebody holds the lock already; the caller's next attempt will see who.
    }
  }
  unlinkSync(aside);
}

function isAlive({ pid, start }: Holder): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return false; // not ours (`mine`), so it is an old one with our number
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(pid) === start;
}

/** When a process started, in the system's ticks: tells it from a later one with the same number. '-' if unknown. */
function startOf(pid: number): string {
  if (process.platform !== 'linux') return '-';
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program may hold spaces and brackets; the fields are counted behind its last bracket.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
  } catch {
    return '-';
  }
}
