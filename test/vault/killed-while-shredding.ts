import { movableClock, Temporal } from '../../core/base/index.ts';
import { createVault } from '../../core/vault/index.ts';

/* Run as a process of its own: shreds one name in a home and kills itself at the given step. */
const [folder = '', at = '', name = ''] = process.argv.slice(2);
let count = 0;
const vault = createVault({
  folder,
  clock: movableClock(Temporal.Instant.from('2026-05-12T09:00:00Z')),
  step() {
    if (count++ === Number(at)) process.kill(process.pid, 'SIGKILL');
  },
});
await vault.noteTo(async () => {});
await vault.shred([name], { runId: 'act_1' });
