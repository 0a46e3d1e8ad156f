import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { movableClock, Refusal, Temporal } from '../../core/base/index.ts';
import { createTurn, type Turn } from '../../core/db/index.ts';
import { createVault, type Vault } from '../../core/vault/index.ts';
import { cloneDatabase } from '../support/database.ts';

const clock = movableClock(Temporal.Instant.from('2026-05-12T09:00:00Z'));
const text = Buffer.from('Здравствуйте');

describe('a vault that several nodes write', () => {
  let base: Awaited<ReturnType<typeof cloneDatabase>>;
  let folder: string;
  let turns: Turn[];
  let vaults: Vault[];

  before(async () => {
    base = await cloneDatabase();
  });
  after(() => base?.drop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'srok-shared-vault-'));
    turns = [];
    vaults = [];
  });
  afterEach(async () => {
    for (const vault of vaults) await vault.close();
    for (const turn of turns) await turn.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function several(many: number): Vault[] {
    const made = Array.from({ length: many }, () => {
      const turn = createTurn(base.url, 'test.keystore');
      turns.push(turn);
      return createVault({ folder, clock, shared: turn.take });
    });
    vaults.push(...made);
    return made;
  }

  it('makes one key of a name, whoever asks and however many at once, and each opens what another sealed', async () => {
    const made = several(3);
    const names = Array.from({ length: 40 }, (_, index) => `payload/2026-05-12/prj_${index % 10}`);
    const boxes = await Promise.all(names.map((name, index) => (made[index % 3] as Vault).seal(name, text, name)));
    for (const [index, box] of boxes.entries()) {
      for (const vault of made) {
        expect((await vault.open(box, names[index] as string)).equals(text)).to.equal(true);
      }
    }
    for (const vault of made) expect(vault.names()).to.have.length(10);
  });

  it('destroys a key for all of them: none opens, and none seals with what it remembers', async () => {
    const [one, two] = several(2) as [Vault, Vault];
    const box = await one.seal('case/req_1', text, 'a');
    const kept = await one.seal('case/req_2', text, 'a');
    const sealer = await two.sealer('case/req_1');
    expect((await two.open(box, 'a')).equals(text)).to.equal(true);
    const receipt = await one.shred(['case/req_1'], { runId: 'run_1' });
    expect(receipt.keys).to.equal(1);
    await refuses(two.open(box, 'a'), 'vault.key-destroyed');
    expect(() => sealer(text, 'a')).to.throw(Refusal);
    // Each goes on in the new epoch, and the other follows again.
    expect((await two.open(kept, 'a')).equals(text)).to.equal(true);
    const later = await two.seal('case/req_3', text, 'a');
    expect((await one.open(later, 'a')).equals(text)).to.equal(true);
    expect((await two.shred(['case/req_2'], { runId: 'run_2' })).keys).to.equal(1);
    await refuses(one.open(kept, 'a'), 'vault.key-destroyed');
    expect(one.epoch()).to.equal(two.epoch());
  });

  it('opens and seals on while it destroys, and while others make keys and destroy', async () => {
    const [one, two] = several(2) as [Vault, Vault];
    const kept = await one.seal('case/req_kept', text, 'a');
    await Promise.all(Array.from({ length: 300 }, (_, index) => one.sealer(`account/acc_${index}`)));
    const sealer = await one.sealer('account/acc_299');
    let destroying = true;
    let opened = 0;
    const others = async (): Promise<void> => {
      for (let index = 0; destroying; index++) await two.seal(`case/req_${index}`, text, 'a');
    };
    const reading = async (): Promise<void> => {
      for (; destroying; opened++) {
        expect((await one.open(kept, 'a')).equals(text)).to.equal(true);
        expect(one.has('account/acc_298')).to.equal(true);
        expect(one.openable(sealer(text, 'b'))).to.equal(true);
        await new Promise(setImmediate);
      }
    };
    const beside = Promise.all([others(), reading()]);
    for (let index = 0; index < 10; index++) await one.shred([`account/acc_${index * 20}`], { runId: `run_${index}` });
    destroying = false;
    await beside;
    expect(opened).to.be.greaterThan(10);
    expect((await two.open(kept, 'a')).equals(text)).to.equal(true);
  });

  it('takes away what a killed node has written halfway, and leaves what another is writing', async () => {
    const [one] = several(1) as [Vault];
    await one.seal('case/req_1', text, 'a');
    const keys = readdirSync(folder).find((name) => name.endsWith('.keys')) as string;
    appendFileSync(join(folder, keys), Buffer.alloc(30, 1));
    const [two] = several(1) as [Vault];
    const box = await two.seal('case/req_2', text, 'a');
    expect((await one.open(box, 'a')).equals(text)).to.equal(true);
    expect(several(1)[0]?.names()).to.deep.equal(['case/req_1', 'case/req_2']);
  });

  it('does not write beside a service that has the folder for itself', async () => {
    const alone = createVault({ folder, clock });
    vaults.push(alone);
    const [node] = several(1) as [Vault];
    await refuses(node.seal('case/req_1', text, 'a'), 'vault.locked');
  });
});

async function refuses(work: Promise<unknown>, code: string): Promise<void> {
  const error = await work.then(
    () => null,
    (refusal) => refusal,
  );
  expect(error).to.be.instanceOf(Refusal);
  expect(error.code).to.equal(code);
}
