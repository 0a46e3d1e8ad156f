import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { movableClock, Refusal, Temporal } from '../../core/base/index.ts';
import { createVault, type Vault } from '../../core/vault/index.ts';

const clock = movableClock(Temporal.Instant.from('2026-05-12T09:00:00Z'));
const may = 'payload/2026-05-12/prj_a';
const june = 'payload/2026-06-01/prj_a';
const text = Buffer.from('Здравствуйте');

describe('the vault', () => {
  let folder: string;
  let open: Vault[];

  function aVault(extra: { readOnly?: boolean | 'if-locked'; step?: (name: string) => void } = {}): Vault {
    const vault = createVault({ folder, clock, ...extra });
    open.push(vault);
    return vault;
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'srok-vault-'));
    open = [];
  });
  afterEach(async () => {
    for (const vault of open) await vault.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('opens what it sealed, also after a restart, and only with the same words', async () => {
    const first = aVault();
    const box = await first.seal(may, text, 'message|msg_1');
    const empty = await first.seal(may, Buffer.alloc(0), 'message|msg_2');
    await first.close();
    const vault = aVault();
    expect((await vault.open(box, 'message|msg_1')).equals(text)).to.equal(true);
    expect((await vault.open(empty, 'message|msg_2')).length).to.equal(0);
    await refuses(vault.open(box, 'message|msg_2'), 'vault.unreadable');
  });

  it('refuses a box in which any byte was changed', async () => {
    const vault = aVault();
    const box = await vault.seal(may, text, 'a');
    for (let i = 0; i < box.length; i++) {
      const changed = Buffer.from(box);
      changed[i] = (changed[i] as number) ^ 1;
      await refuses(vault.open(changed, 'a'), 'vault.unreadable');
    }
    await refuses(vault.open(box.subarray(0, 20), 'a'), 'vault.unreadable');
  });

  it('makes one key for many callers that ask at once, and one write for many keys', async () => {
    const vault = aVault();
    const sealers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => vault.sealer(`payload/2026-05-12/prj_${i % 100}`)),
    );
    expect(vault.names('payload/')).to.have.length(100);
    const box = (sealers[150] as (plain: Buffer, aad: string) => Buffer)(text, 'x');
    expect((await vault.open(box, 'x')).equals(text)).to.equal(true);
  });

  it('keeps its files for their owner only', async () => {
    const vault = aVault();
    await vault.seal(may, text, 'a');
    await vault.shred([may], { runId: 'act_1' });
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077, name).to.equal(0);
  });

  it('cannot open anything of a shredded key, and opens everything else', async () => {
    const vault = aVault();
    const gone = await vault.seal(may, text, 'a');
    const stays = await vault.seal(june, text, 'a');
    const sealer = await vault.sealer(may);
    const receipt = await vault.shred([may], { runId: 'act_1' });
    expect(receipt).to.include({ keys: 1, epochFrom: 1, epochTo: 2 });
    expect(receipt.commitments)
      .to.have.length(1)
      .and.satisfy(([one]: string[]) => /^[0-9a-f]{64}$/.test(one as string));
    await refuses(vault.open(gone, 'a'), 'vault.key-destroyed');
    expect(() => sealer(text, 'a'))
      .to.throw(Refusal)
      .with.property('code', 'vault.key-destroyed');
    expect((await vault.open(stays, 'a')).equals(text)).to.equal(true);
    expect(vault.names()).to.deep.equal([june]);
    await vault.close();
    const later = aVault();
    await refuses(later.open(gone, 'a'), 'vault.key-destroyed');
    expect((await later.open(stays, 'a')).equals(text)).to.equal(true);
  });

  it('gives nothing to whoever kept an older copy of the keystore', async () => {
    const vault = aVault();
    await vault.seal(may, text, 'a');
    await vault.seal(june, text, 'a');
    const copies = readdirSync(folder)
      .filter((name) => name.endsWith('.keys'))
      .map((name) => readFileSync(join(folder, name)));
    const kek = readFileSync(join(folder, 'epoch-000001.kek'));
    await vault.shred([may], { runId: 'act_1' });
    expect(readdirSync(folder).sort()).to.deep.equal([
      'current',
      'epoch-000002.kek',
      'epoch-000002.keys',
      'epoch-000002.owed',
      'lock',
    ]);
    // The copy opens with nothing that is left in the home: the key of its epoch stands in no file.
    for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name)).includes(kek)).to.equal(false);
    expect(copies).to.have.length(1);
  });

  it('answers the same receipt when asked again under the same run, and destroys nothing twice', async () => {
    const vault = aVault();
    await vault.seal(may, text, 'a');
    await vault.seal(june, text, 'a');
    const first = await vault.shred([may, 'payload/2026-05-12/prj_none'], { runId: 'act_1' });
    expect(await vault.shred([may], { runId: 'act_1' })).to.deep.equal(first);
    expect(vault.epoch()).to.equal(2);
    const second = await vault.shred([june], { runId: 'act_1' });
    expect(second).to.include({ keys: 1, epochFrom: 2, epochTo: 3 });
    expect((await vault.shred([may, june], { runId: 'act_1' })).keys).to.equal(2);
    expect((await vault.shred([may], { runId: 'act_2' })).keys).to.equal(0);
  });

  it('makes a new, unrelated key when a name is used again', async () => {
    const vault = aVault();
    const old = await vault.seal('account/acc_1', text, 'totp');
    await vault.shred(['account/acc_1'], { runId: 'run_1' });
    const fresh = await vault.seal('account/acc_1', text, 'totp');
    await refuses(vault.open(old, 'totp'), 'vault.key-destroyed');
    expect((await vault.open(fresh, 'totp')).equals(text)).to.equal(true);
  });

  it('forgets destroyed keys when their evidence goes', async () => {
    const vault = aVault();
    const box = await vault.seal(may, text, 'a');
    await vault.shred([may], { runId: 'act_1' });
    expect(await vault.forget(clock.now())).to.equal(0);
    expect(await vault.forget(clock.now().add({ hours: 1 }))).to.equal(1);
    await refuses(vault.open(box, 'a'), 'vault.unreadable');
  });

  it('tells the journal before and after a destruction, and destroys nothing when the journal refuses', async () => {
    const told: [string, Record<string, unknown>][] = [];
    const vault = aVault();
    await vault.noteTo(async (action, body) => {
      // The journal seals with keys of this very vault.
      await vault.seal('journal/2026-05', Buffer.from('x'), 'j');
      told.push([action, body]);
    });
    await vault.seal(may, text, 'a');
    await vault.seal(june, text, 'a');
    await vault.shred([may], { runId: 'act_1' });
    expect(told.map(([action]) => action)).to.deep.equal(['vault.shred-intended', 'vault.shredded']);
    expect(told[1]?.[1]).to.include({ runId: 'act_1', keys: 1, epochFrom: 1, epochTo: 2 });
    expect(readdirSync(folder).some((name) => name.endsWith('.owed'))).to.equal(false);
    await vault.noteTo(async () => {
      throw new Error('no journal');
    });
    await vault.shred([june], { runId: 'act_2' }).then(
      () => expect.fail('must refuse'),
      (error: Error) => expect(error.message).to.equal('no journal'),
    );
    expect(vault.has(june)).to.equal(true);
  });

  it('lets one process write; a second may read, sees new keys, and sees destruction', async () => {
    const writer = aVault();
    const box = await writer.seal(may, text, 'a');
    expect(() => aVault())
      .to.throw(Refusal)
      .with.property('code', 'vault.locked');
    const reader = aVault({ readOnly: 'if-locked' });
    expect(reader.readOnly).to.equal(true);
    expect((await reader.open(box, 'a')).equals(text)).to.equal(true);
    const later = await writer.seal(june, text, 'a');
    expect((await reader.open(later, 'a')).equals(text)).to.equal(true);
    const byReader = await reader.seal(june, text, 'b');
    expect((await writer.open(byReader, 'b')).equals(text)).to.equal(true);
    await refuses(reader.seal('payload/2026-07-01/prj_a', text, 'a'), 'vault.read-only');
    await refuses(reader.shred([may], { runId: 'x' }), 'vault.read-only');
    await writer.shred([may], { runId: 'act_1' });
    await refuses(reader.open(box, 'a'), 'vault.key-destroyed');
    expect((await reader.open(later, 'a')).equals(text)).to.equal(true);
    await writer.close();
    expect(aVault({ readOnly: 'if-locked' }).readOnly).to.equal(false);
  });

  it('takes over the lock of a process that was killed', async () => {
    const vault = aVault();
    await vault.close();
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await once(child, 'exit');
    writeFileSync(join(folder, 'lock'), `${child.pid} 12345\n`);
    expect(aVault().readOnly).to.equal(false);
  });

  it('leaves out a key that was cut off while it was written, and refuses damage in the middle', async () => {
    const vault = aVault();
    const box = await vault.seal(may, text, 'a');
    await vault.seal(june, text, 'a');
    await vault.seal('payload/2026-06-02/prj_a', text, 'a');
    await vault.close();
    const path = join(folder, 'epoch-000001.keys');
    truncateSync(path, statSync(path).size - 7);
    const cut = aVault();
    expect(cut.names()).to.deep.equal([may, june]);
    expect((await cut.open(box, 'a')).equals(text)).to.equal(true);
    await cut.seal('payload/2026-06-03/prj_a', text, 'a');
    await cut.close();
    const again = aVault();
    expect(again.names()).to.have.length(3);
    await again.close();
    const bytes = readFileSync(path);
    bytes[60] = (bytes[60] as number) ^ 1;
    writeFileSync(path, bytes);
    expect(() => aVault())
      .to.throw(Refusal)
      .with.property('code', 'vault.damaged');
  });

  it('refuses to begin anew where the pointer to the keys is lost', async () => {
    const vault = aVault();
    await vault.seal(may, text, 'a');
    await vault.close();
    rmSync(join(folder, 'current'));
    expect(() => aVault())
      .to.throw(Refusal)
      .with.property('code', 'vault.damaged');
  });

  async function refuses(work: Promise<unknown>, code: string): Promise<void> {
    try {
      await work;
    } catch (error) {
      expect(error).to.be.instanceOf(Refusal).with.property('code', code);
      return;
    }
    expect.fail(`must refuse with ${code}`);
  }
});
