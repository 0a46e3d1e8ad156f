import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { movableClock, Temporal } from '../../core/base/index.ts';
import { createVault, type Vault } from '../../core/vault/index.ts';

const clock = movableClock(Temporal.Instant.from('2026-05-12T09:00:00Z'));
const text = Buffer.from('payload');
interface Sealed {
  goneBox: Buffer;
  keptBoxes: Buffer[];
  kek: Buffer;
}

const doomed = 'payload/2026-05-12/prj_a';
const survivor = 'payload/2026-06-01/prj_a';

describe('a destruction that is broken off', () => {
  it('is whole after it is asked for again, wherever it broke, in a process that lives on or in a new one', async () => {
    const steps = await stepsOfAWholeRun();
    expect(steps).to.include.members([
      'intended',
      'new-keystore',
      'new-pointer',
      'switched',
      'kek-overwritten-random',
      'kek-unlinked',
      'noted',
    ]);
    for (let at = 0; at < steps.length; at++) {
      for (const restarted of [true, false]) await breakOffAt(steps, at, restarted);
    }
  });

  it('is whole after a real kill between any two steps', async function () {
    this.timeout(60_000);
    const steps = await stepsOfAWholeRun();
    for (const at of [1, 3, 4, 5, 6, 8, 10, steps.length - 1].filter((index) => index < steps.length)) {
      const folder = mkdtempSync(join(tmpdir(), 'srok-crash-'));
      try {
        const sealed = await prepare(folder);
        const child = spawn(
          process.execPath,
          [new URL('./killed-while-shredding.ts', import.meta.url).pathname, folder, String(at), doomed],
          {
            stdio: ['ignore', 'inherit', 'inherit'],
          },
        );
        const [, signal] = await once(child, 'exit');
        expect(signal, `step ${at} was reached`).to.equal('SIGKILL');
        const vault = createVault({ folder, clock });
        await finishAndCheck(vault, folder, sealed);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
  });
});

async function stepsOfAWholeRun(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'srok-crash-'));
  try {
    await prepare(folder);
    const steps: string[] = [];
    const vault = createVault({ folder, clock, step: (name) => steps.push(name) });
    await vault.noteTo(async () => {});
    await vault.shred([doomed], { runId: 'act_1' });
    await vault.close();
    return steps;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function prepare(folder: string): Promise<Sealed> {
  const vault = createVault({ folder, clock });
  const goneBox = await vault.seal(doomed, text, 'a');
  const keptBox = await vault.seal(survivor, text, 'a');
  // So many that not all of them lie beside the one that will be destroyed.
  await Promise.all(Array.from({ length: 130 }, (_, index) => vault.sealer(`account/acc_${index}`)));
  const farBox = await vault.seal('account/acc_129', text, 'a');
  await vault.close();
  return { goneBox, keptBoxes: [keptBox, farBox], kek: readFileSync(join(folder, 'epoch-000001.kek')) };
}

async function breakOffAt(steps: string[], at: number, restarted: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'srok-crash-'));
  try {
    const sealed = await prepare(folder);
    let count = 0;
    let vault = createVault({
      folder,
      clock,
      step(name) {
        if (count++ === at) throw new Error(`broken off at ${name}`);
      },
    });
    await vault.noteTo(async () => {});
    let broken = false;
    await vault.shred([doomed], { runId: 'act_1' }).catch(() => {
      broken = true;
    });
    expect(broken, `broken off at ${steps[at]}`).to.equal(true);
    if (restarted) {
      await vault.close();
      vault = createVault({ folder, clock });
    } else {
      // A key asked for between the two attempts must be safe as well.
      await vault.seal('payload/2026-06-02/prj_b', text, 'a');
    }
    await finishAndCheck(vault, folder, sealed);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function finishAndCheck(vault: Vault, folder: string, { goneBox, keptBoxes, kek }: Sealed): Promise<void> {
  const told: string[] = [];
  await vault.noteTo(async (action) => {
    told.push(action);
  });
  const receipt = await vault.shred([doomed], { runId: 'act_1' });
  expect(receipt).to.include({ keys: 1, epochFrom: 1, epochTo: 2 });
  expect(vault.has(doomed)).to.equal(false);
  for (const box of keptBoxes) expect((await vault.open(box, 'a')).equals(text)).to.equal(true);
  expect(vault.openable(goneBox)).to.equal(false);
  await vault.close();
  const files = readdirSync(folder)
    .filter((name) => name !== 'lock')
    .sort();
  expect(files).to.deep.equal(['current', 'epoch-000002.kek', 'epoch-000002.keys']);
  for (const name of files) expect(readFileSync(join(folder, name)).includes(kek)).to.equal(false);
  const later = createVault({ folder, clock });
  for (const box of keptBoxes) expect((await later.open(box, 'a')).equals(text)).to.equal(true);
  expect(later.openable(goneBox)).to.equal(false);
  await later.close();
}
