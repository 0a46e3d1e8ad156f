import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { movableClock, Refusal, Temporal } from '../../core/base/index.ts';
import { unwrapKey } from '../../core/vault/box.ts';
import { createVault, type Vault } from '../../core/vault/index.ts';
import {
  bindingOfKey,
  bindingOfTranche,
  commitmentOf,
  decode,
  type KeystoreContents,
} from '../../core/vault/keystore.ts';
import { trancheSize } from '../../core/vault/tranches.ts';
import first from './first-format.json' with { type: 'json' };

const clock = movableClock(Temporal.Instant.from('2026-05-12T09:00:00Z'));
const text = Buffer.from('Здравствуйте');
const nameOf = (number: number): string => `account/acc_${String(number).padStart(5, '0')}`;

describe('keys in tranches', () => {
  let folder: string;
  let open: Vault[];

  function aVault(extra: { readOnly?: boolean; step?: (name: string) => void } = {}): Vault {
    const vault = createVault({ folder, clock, ...extra });
    open.push(vault);
    return vault;
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'srok-tranches-'));
    open = [];
  });
  afterEach(async () => {
    for (const vault of open) await vault.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are wrapped anew beside a destroyed key only: all others stay in the file as they were', async () => {
    const vault = aVault();
    await Promise.all(Array.from({ length: 10 * trancheSize }, (_, number) => vault.sealer(nameOf(number))));
    const before = present(folder);
    expect(before.tranches).to.have.length(10);
    const doomed = nameOf(3 * trancheSize + 5);
    await vault.shred([doomed], { runId: 'act_1' });
    const after = present(folder);
    const records = new Set(before.keys.map(({ record }) => record.toString('hex')));
    const anew = after.keys.filter(({ record }) => !records.has(record.toString('hex'))).map(({ name }) => name);
    const beside = Array.from({ length: trancheSize }, (_, number) => nameOf(3 * trancheSize + number));
    expect(anew.sort()).to.deep.equal(beside.filter((name) => name !== doomed));
    const wrapped = new Set(before.tranches.map(({ wrapped }) => wrapped.toString('hex')));
    expect(after.tranches.some((tranche) => wrapped.has(tranche.wrapped.toString('hex')))).to.equal(false);
  });

  it('give nothing to whoever kept every keystore there ever was and has the key of the present epoch', async () => {
    const vault = aVault();
    await Promise.all(Array.from({ length: 3 * trancheSize }, (_, number) => vault.sealer(nameOf(number))));
    const kept: KeystoreContents[] = [present(folder)];
    const doomed = [7, trancheSize + 1, trancheSize + 2].map(nameOf);
    const lost = (kept[0] as KeystoreContents).keys.filter(({ name }) => doomed.includes(name));
    for (const name of doomed) {
      await vault.shred([name], { runId: 'act_1' });
      kept.push(present(folder));
    }
    const key = readFileSync(join(folder, `epoch-${String(vault.epoch()).padStart(6, '0')}.kek`));
    const reach = keysInReach(kept, vault.epoch(), key);
    // All that live can be found so, which shows that it is the right way to look.
    const { keys } = kept.at(-1) as KeystoreContents;
    expect(keys).to.have.length(3 * trancheSize - doomed.length);
    for (const { commitment } of keys) expect(reach.has(commitment.toString('hex'))).to.equal(true);
    for (const { commitment, name } of lost) expect(reach.has(commitment.toString('hex')), name).to.equal(false);
  });

  it('stay few and full, whatever is made, destroyed and forgotten in whatever order, through restarts', async () => {
    let vault = aVault();
    const random = chances(20_260_512);
    const living = new Map<string, Buffer>();
    const gone: Buffer[] = [];
    let made = 0;
    for (let round = 0; round < 60; round++) {
      const names = Array.from({ length: Math.floor(random() * 40) }, () => nameOf(made++));
      for (const name of names) living.set(name, await vault.seal(name, text, name));
      const doomed = [...living.keys()].filter(() => random() < 0.05);
      expect((await vault.shred(doomed, { runId: `act_${round}` })).keys).to.equal(doomed.length);
      for (const name of doomed) {
        gone.push(living.get(name) as Buffer);
        living.delete(name);
      }
      if (random() < 0.1) await vault.forget(clock.now());
      if (random() < 0.2) {
        await vault.close();
        vault = aVault();
      }
      expect(vault.names()).to.deep.equal([...living.keys()].sort());
    }
    expect(made).to.be.greaterThan(5 * trancheSize);
    for (const [name, box] of living) expect((await vault.open(box, name)).equals(text), name).to.equal(true);
    for (const box of gone) expect(vault.openable(box)).to.equal(false);
    const { tranches } = present(folder);
    expect(tranches.length).to.be.at.most(2 + Math.ceil((4 * living.size) / trancheSize));
    for (const { members } of tranches) expect(members.size).to.be.within(1, trancheSize);
  });

  it('are made of a keystore of the first format with the first key that is added, and nothing is lost', async () => {
    firstFormat(folder);
    const reader = aVault({ readOnly: true });
    await opensWhatWasKept(reader);
    const vault = aVault();
    await opensWhatWasKept(vault);
    expect(present(folder).version).to.equal(1);
    const box = await vault.seal(nameOf(1), text, 'a');
    expect(present(folder)).to.include({ version: 2, epoch: 3 });
    await opensWhatWasKept(vault);
    await opensWhatWasKept(reader);
    expect((await reader.open(box, 'a')).equals(text)).to.equal(true);
    await vault.close();
    const later = aVault();
    await opensWhatWasKept(later);
    expect((await later.open(box, 'a')).equals(text)).to.equal(true);
    expect(readdirSync(folder).filter((name) => name.startsWith('epoch-'))).to.deep.equal([
      'epoch-000003.kek',
      'epoch-000003.keys',
    ]);
  });

  it('are made of it by a destruction as well, and the receipts of earlier ones stay', async () => {
    firstFormat(folder);
    const vault = aVault();
    expect((await vault.shred(['payload/2026-06-01/prj_a'], { runId: 'act_2' })).keys).to.equal(1);
    expect(present(folder)).to.include({ version: 2, epoch: 3 });
    expect((await vault.shred(['payload/2026-05-12/prj_a'], { runId: 'act_1' })).keys).to.equal(1);
    const [ended, stays] = first.boxes.kept as [string, string];
    expect(vault.openable(Buffer.from(ended, 'base64'))).to.equal(false);
    expect((await vault.open(Buffer.from(stays, 'base64'), 'a')).equals(text)).to.equal(true);
  });

  it('are whole wherever the change of the format is broken off', async () => {
    const steps: string[] = [];
    firstFormat(folder);
    await aVault({ step: (name) => steps.push(name) }).seal(nameOf(1), text, 'a');
    expect(steps).to.include.members(['new-epoch-key', 'new-keystore', 'new-pointer', 'switched', 'kek-unlinked']);
    for (const [at, name] of steps.entries()) {
      for (const restarted of [true, false]) {
        for (const vault of open.splice(0)) await vault.close();
        for (const file of readdirSync(folder)) rmSync(join(folder, file));
        firstFormat(folder);
        let count = 0;
        let vault = aVault({
          step() {
            if (count++ === at) throw new Error(`broken off at ${name}`);
          },
        });
        await refuses(vault.seal(nameOf(1), text, 'a'), `broken off at ${name}`);
        if (restarted) {
          await vault.close();
          vault = aVault();
        }
        const box = await vault.seal(nameOf(1), text, 'a');
        await opensWhatWasKept(vault);
        expect((await vault.open(box, 'a')).equals(text)).to.equal(true);
        expect(present(folder).version).to.equal(2);
      }
    }
  });

  it('refuse a keystore in which the tranche of a key is missing', async () => {
    const vault = aVault();
    await vault.seal(nameOf(1), text, 'a');
    await vault.close();
    const path = join(folder, 'epoch-000001.keys');
    const { tranches, keys } = present(folder);
    const bytes = readFileSync(path);
    const [tranche] = tranches;
    expect(keys).to.have.length(1);
    const at = bytes.indexOf(tranche?.record as Buffer);
    const cut = at + (tranche?.record.length as number);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, at), bytes.subarray(cut)]));
    expect(() => aVault())
      .to.throw(Refusal)
      .with.property('code', 'vault.damaged');
  });

  async function opensWhatWasKept(vault: Vault): Promise<void> {
    for (const box of first.boxes.kept) {
      expect((await vault.open(Buffer.from(box, 'base64'), 'a')).equals(text)).to.equal(true);
    }
    expect(vault.openable(Buffer.from(first.boxes.gone, 'base64'))).to.equal(false);
  }
});

/** A keystore as the first format had it: epoch 2, two keys, and one that act_1 destroyed. */
function firstFormat(folder: string): void {
  for (const [name, bytes] of Object.entries(first.files)) writeFileSync(join(folder, name), bytes, 'base64');
}

function present(folder: string): KeystoreContents {
  const epoch = Number(readFileSync(join(folder, 'current'), 'utf8'));
  const path = join(folder, `epoch-${String(epoch).padStart(6, '0')}`);
  return decode(readFileSync(`${path}.keys`), epoch, readFileSync(`${path}.kek`));
}

/** Commitments of all data keys that can be had from these keystores and the key of this epoch. */
function keysInReach(kept: KeystoreContents[], epoch: number, key: Buffer): Set<string> {
  const trancheKeys: Buffer[] = [];
  for (const { tranches } of kept) {
    for (const { number, wrapped } of tranches) {
      for (let any = 1; any <= epoch; any++) {
        const plain = tried(() => unwrapKey(key, wrapped, bindingOfTranche(any, number)));
        if (plain) trancheKeys.push(plain);
      }
    }
  }
  const reach = new Set<string>();
  for (const { keys } of kept) {
    for (const dataKey of keys) {
      const words = bindingOfKey(dataKey.tranche?.number as number, dataKey);
      for (const trancheKey of trancheKeys) {
        const plain = tried(() => unwrapKey(trancheKey, dataKey.wrapped, words));
        if (plain) reach.add(commitmentOf(plain).toString('hex'));
      }
    }
  }
  return reach;
}

function tried<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

/** Chances that come the same every time (a linear congruence). */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function refuses(work: Promise<unknown>, message: string): Promise<void> {
  const error = await work.then(
    () => null,
    (refusal: Error) => refusal,
  );
  expect(error?.message).to.equal(message);
}
