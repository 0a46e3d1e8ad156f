import { readFileSync } from 'node:fs';

/**
 * Number and start of a process of this machine, as one word: a number alone may belong to another by now.
 * Where the start cannot be read, whether it runs.
 */
export function processId(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program may hold spaces and brackets; the fields are counted behind its last bracket.
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    try {
      process.kill(pid, 0);
      return `${pid} running`;
    } catch {
      return `${pid} gone`;
    }
  }
}
