import { createHash, createSecretKey, type KeyObject, randomFillSync } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setImmediate as breathe, setTimeout as pause } from 'node:timers/promises';
import { type Clock, Refusal, Temporal } from '../base/index.ts';
import { keyIdOf, openBox, sealBox } from './box.ts';
import { destroyFile, ignoreMissing, replaceFile, syncFolder, writeAt, writeNew } from './files.ts';
import {
  buried,
  DamagedKeystore,
  type DataKey,
  decode,
  encodeHead,
  formatVersion,
  headBytes,
  type KeystoreContents,
  type Tombstone,
  type Tranche,
} from './keystore.ts';
import { lockHome } from './lock.ts';
import {
  arrange,
  type EpochKey,
  type Moved,
  makeKey,
  makeTranche,
  mayTakeMore,
  move,
  nextNumber,
  plainOf,
  type Renewed,
  renew,
  trancheSize,
} from './tranches.ts';
import type { Note, Sealer, ShredReceipt, Vault } from './types.ts';

/** At most this many keys lie open in memory at once; then all are put away, and opened again when used. */
const mostOpen = 4_096;
/** Keys re-wrapped before the event loop gets its turn. */
const rewrapSlice = 250;
const namePattern = /^[a-z][a-z-]*(\/[\w.-]+)*$/;
const longestName = 200;
const followMs = 1000;
const lockTries = 20;
const lockPauseMs = 100;

/**
 * Opens the keystore in this folder, or makes one.
 *
 * What may be said of it. After `shred` returns, nobody who gets the disks, the database, its log, its archives,
 * replicas or backups, from any time, together with today's system, can read what the destroyed keys sealed:
 * under AES-256, and provided the key of the ended epoch had no other copy. It lies in one file of 32 bytes beside the
 * keystore, which is overwritten twice and removed; that reaches the medium on plain ext4 or xfs, not on
 * copy-on-write file systems, snapshots or backups of this folder (so keep none), and on flash it is "Clear" in the
 * sense of NIST SP 800-88, not "Purge". It says nothing of copies that were lawfully shown or secretly taken before.
 *
 * @param options.folder   kept out of the database and of every backup
 * @param options.readOnly true: beside a running service, no new keys; `if-locked`: only when another process writes
 * @param options.shared   several processes write: each write is done under this lock of all of them, after a look at
 *   what the others wrote. Keys that another process destroyed leave this one's memory within a second
 * @param options.step     called between the steps of a destruction; tests break it off there
 * @throws Refusal `vault.locked` (conflict) | `vault.damaged` (unavailable) with one line that says what is wrong
 */
export function createVault(options: {
  folder: string;
  clock: Clock;
  readOnly?: boolean | 'if-locked';
  shared?: <T>(work: () => Promise<T>) => Promise<T>;
  step?: (name: string) => void;
}): Vault {
  const { clock } = options;
  const step = options.step ?? (() => {});
  const folder = resolve(options.folder);
  const current = join(folder, 'current');
  const fileOf = (epoch: number, kind: 'kek' | 'keys' | 'owed'): string =>
    join(folder, `epoch-${String(epoch).padStart(6, '0')}.${kind}`);

  let unlock: (() => void) | null = null;
  const { shared } = options;
  if (options.readOnly !== true && !shared) {
    try {
      unlock = lockHome(folder);
    } catch (error) {
      if (options.readOnly !== 'if-locked' || !(error instanceof Refusal) || error.code !== 'vault.locked') throw error;
    }
  }
  const readOnly = unlock === null && !shared;
  /** Others write, too. */
  const follows = readOnly || shared !== undefined;

  let epoch = 0;
  let epochKey: Buffer = Buffer.alloc(0);
  let length = 0;
  /** the file is of an earlier version: it is read as it is, and written as the present one */
  let outdated = false;
  let tranches: Tranche[] = [];
  let pointerSeen = '';
  let byName = new Map<string, DataKey>();
  let byId = new Map<string, DataKey>();
  let tombstones = new Map<string, Tombstone>();
  const lyingOpen = new Set<DataKey>();
  let handle: FileHandle | null = null;
  let note: Note | null = null;
  let closed = false;
  /** the pointer was moved, but the folder is not known to be on the medium */
  let unsettled = false;
  let writing = false;

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The first epoch. Nothing was ever sealed, so what a killed first start left behind is worth nothing. */
  function begin(): void {
    if (readOnly) throw damaged('there is no keystore in this home yet; start the service first');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) {
      if (!/^epoch-\d+\./.test(name)) continue;
      if (
        !name.startsWith('epoch-000001.') ||
        (name.endsWith('.keys') && statSync(join(folder, name)).size > headBytes)
      ) {
        throw damaged(
          'the file "current" is missing beside keys that were in use; put it back with the epoch’s number',
        );
      }
      unlinkSync(join(folder, name));
    }
    const first = randomFillSync(Buffer.alloc(32));
    for (const [path, bytes] of [
      [fileOf(1, 'kek'), first],
      [fileOf(1, 'keys'), encodeHead(1, first)],
      [`${current}.new`, Buffer.from('1\n')],
    ] as const) {
      writeFileSync(path, bytes, { mode: 0o600 });
      syncNow(path, 'r+');
    }
    first.fill(0);
    syncNow(folder, 'r');
    renameSync(`${current}.new`, current);
    syncNow(folder, 'r');
  }

  function beginOnce(): void {
    const release = shared ? lockHome(folder) : () => {};
    try {
      if (!existsSync(current)) begin();
    } finally {
      release();
    }
  }

  function load(): void {
    for (let attempt = 0; ; attempt++) {
      const pointer = pointerNow();
      const number = Number(readFileSync(current, 'utf8'));
      if (!Number.isInteger(number) || number < 1) throw damaged('the file "current" holds no number of an epoch');
      let contents: KeystoreContents;
      let key: Buffer | null = null;
      try {
        key = readKey(fileOf(number, 'kek'));
        contents = decode(readFileSync(fileOf(number, 'keys')), number, key);
      } catch (error) {
        key?.fill(0);
        // Beside a running service the epoch may have ended between our two reads.
        if (pointerNow() !== pointer && attempt < 10) continue;
        if (error instanceof DamagedKeystore) throw damaged(`${fileOf(number, 'keys')}: ${error.message}`);
        if ((error as NodeJS.ErrnoException).code === 'ENOENT')
          throw damaged(`${(error as Error & { path?: string }).path} is missing`);
        throw error;
      }
      adopt(number, key, contents);
      pointerSeen = pointer;
      return;
    }
  }

  function adopt(number: number, key: Buffer, contents: KeystoreContents): void {
    wipe();
    // The file of an epoch that another process has ended.
    if (number !== epoch) letGo();
    epochKey.fill(0);
    epoch = number;
    epochKey = key;
    length = contents.length;
    outdated = contents.version !== formatVersion;
    tranches = contents.tranches;
    byName = new Map(contents.keys.map((each) => [each.name, each]));
    byId = new Map(contents.keys.map((each) => [each.id.toString('hex'), each]));
    tombstones = new Map(contents.tombstones.map((each) => [each.id.toString('hex'), each]));
  }

  /** Tells one `current` file from the next without reading it. */
  function pointerNow(): string {
    const { ino, mtimeNs } = statSync(current, { bigint: true });
    return `${ino}.${mtimeNs}`;
  }

  function letGo(): void {
    handle?.close().catch(() => {});
    handle = null;
  }

  /**
   * Where others write, too: a look whether the epoch has ended, or (when a key is missing) whether one was added.
   * While this process writes nobody else does, and what it holds in memory may be ahead of the files.
   */
  function refresh(missing: boolean): void {
    if (!follows || writing) return;
    if (missing || pointerNow() !== pointerSeen) load();
  }

  /** What a killed process left: strays of an epoch that never began, an ended epoch not yet destroyed. */
  function tidyAtStart(): void {
    // Where others write, what looks like a stray may be theirs, and still growing.
    if (!shared) {
      dropStrays();
      // The killed process may have moved the pointer without seeing it safely down.
      syncNow(folder, 'r');
    }
    if (leftovers().length > 0) {
      // The rest runs in its turn; every operation on keys that writes waits for it.
      void exclusive(finishDestruction).catch(() => {});
    }
  }

  /** What was written halfway by a process that was killed. */
  function dropStrays(): void {
    const size = statSync(fileOf(epoch, 'keys')).size;
    if (size > length) {
      const file = openSync(fileOf(epoch, 'keys'), 'r+');
      try {
        ftruncateSync(file, length);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    }
  }

  // ── keys in memory ─────────────────────────────────────────────────────────────────────────────────────────────

  const presentEpoch = (): EpochKey => ({ number: epoch, key: epochKey });

  function opened(key: DataKey): Buffer {
    if (key.dead) throw destroyed(key.name);
    if (key.open) return key.open;
    if (lyingOpen.size >= mostOpen) wipe();
    key.open = plainOf(key, presentEpoch());
    lyingOpen.add(key);
    return key.open;
  }

  /** The key as ciphers take it, made ready once. */
  function ready(key: DataKey): KeyObject {
    const bytes = opened(key);
    key.ready ??= createSecretKey(bytes);
    return key.ready;
  }

  function putAway(key: DataKey): void {
    key.open?.fill(0);
    key.open = null;
    key.ready = null;
    lyingOpen.delete(key);
  }

  function wipe(): void {
    for (const key of lyingOpen) putAway(key);
    for (const tranche of tranches) tranche.ready = null;
  }

  // ── making keys: many callers, one write, one fsync ────────────────────────────────────────────────────────────

  let tail: Promise<unknown> = Promise.resolve();
  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = tail.then(() => (shared ? shared(() => alone(work)) : work()));
    tail = run.catch(() => {});
    return run;
  }

  /** One of several writers writes: nobody else does meanwhile, and what the others wrote is known. */
  async function alone<T>(work: () => Promise<T>): Promise<T> {
    const release = await lockSoon();
    try {
      load();
      dropStrays();
      writing = true;
      return await work();
    } finally {
      writing = false;
      release();
    }
  }

  /** A command beside the nodes may have the folder for itself, for a moment. */
  async function lockSoon(): Promise<() => void> {
    for (let tries = 0; ; tries++) {
      try {
        return lockHome(folder);
      } catch (error) {
        if (tries >= lockTries || closed || !(error instanceof Refusal) || error.code !== 'vault.locked') throw error;
        await pause(lockPauseMs);
      }
    }
  }

  const wanted = new Map<
    string,
    { promise: Promise<DataKey>; resolve(key: DataKey): void; reject(error: unknown): void }
  >();

  function keyOf(name: string): Promise<DataKey> {
    if (closed) return Promise.reject(shut());
    refresh(false);
    const existing = byName.get(name);
    if (existing) return Promise.resolve(existing);
    if (!namePattern.test(name) || name.length > longestName) {
      return Promise.reject(new RangeError(`"${name}" is no name of a key.`));
    }
    if (readOnly) {
      refresh(true);
      const added = byName.get(name);
      if (added) return Promise.resolve(added);
      return Promise.reject(
        new Refusal('vault.read-only', 'unavailable', {
          name,
          message:
            'A new key is needed, and only the running service may make one. Do this in the service, or stop it first.',
        }),
      );
    }
    const waiting = wanted.get(name);
    if (waiting) return waiting.promise;
    const deferred = Promise.withResolvers<DataKey>();
    wanted.set(name, deferred);
    if (wanted.size === 1) exclusive(makeWanted).catch(refuseWanted);
    return deferred.promise;
  }

  /** The turn to write did not come. */
  function refuseWanted(error: unknown): void {
    const batch = [...wanted.values()];
    wanted.clear();
    for (const { reject } of batch) reject(error);
  }

  async function makeWanted(): Promise<void> {
    const batch: [string, { resolve(key: DataKey): void; reject(error: unknown): void }][] = [];
    for (const [name, waiting] of wanted) {
      // Another process may have made it meanwhile.
      const existing = byName.get(name);
      if (existing) waiting.resolve(existing);
      else batch.push([name, waiting]);
    }
    wanted.clear();
    if (batch.length === 0) return;
    const made: DataKey[] = [];
    const begun: Tranche[] = [];
    try {
      if (outdated) await rewrite();
      const records: Buffer[] = [];
      for (const [name] of batch) {
        const tranche = withRoom(begun);
        if (begun.includes(tranche) && tranche.members.size === 0) records.push(tranche.record);
        const key = makeKey(name, tranche, presentEpoch());
        tranche.members.add(key);
        made.push(key);
        records.push(key.record);
      }
      await append(Buffer.concat(records));
    } catch (error) {
      for (const key of made) {
        key.tranche?.members.delete(key);
        putAway(key);
      }
      for (const [, { reject }] of batch) reject(error);
      return;
    }
    tranches.push(...begun);
    for (const [i, [name, { resolve: hand }]] of batch.entries()) {
      const key = made[i] as DataKey;
      if (lyingOpen.size >= mostOpen) wipe();
      lyingOpen.add(key);
      byName.set(name, key);
      byId.set(key.id.toString('hex'), key);
      hand(key);
    }
  }

  /** Where the next key goes: the newest tranche, or one that is begun. */
  function withRoom(begun: Tranche[]): Tranche {
    const newest = begun.at(-1) ?? tranches.at(-1);
    if (mayTakeMore(newest)) return newest;
    const tranche = makeTranche(nextNumber([...tranches, ...begun]), presentEpoch());
    begun.push(tranche);
    return tranche;
  }

  async function append(records: Buffer): Promise<void> {
    if (unsettled) await settle();
    handle ??= await open(fileOf(epoch, 'keys'), 'r+');
    try {
      await writeAt(handle, records, length);
      await handle.datasync();
    } catch (error) {
      // Half a batch must not stand before the next one.
      await handle.truncate(length).catch(() => {});
      throw error;
    }
    length += records.length;
  }

  // ── destroying keys ────────────────────────────────────────────────────────────────────────────────────────────

  /** The same keys in a file of the present version. */
  async function rewrite(): Promise<void> {
    await finishDestruction();
    await turnEpoch([], '');
  }

  /**
   * Ends the epoch: the neighbours of what is destroyed are wrapped anew, and so are the keys of all tranches; the
   * pointer moves, and the old epoch's files are destroyed.
   */
  async function turnEpoch(doomed: DataKey[], runId: string, forgotten: readonly Tombstone[] = []): Promise<void> {
    const to = epoch + 1;
    const at = clock.now().toString();
    const gravestones = doomed.map(({ id, name, commitment }) =>
      buried({
        ...{ id: Buffer.from(id), commitment: Buffer.from(commitment) },
        name,
        runId,
        epochFrom: epoch,
        epochTo: to,
        at,
      }),
    );
    const nextKey = randomFillSync(Buffer.alloc(32));
    let adopted = false;
    try {
      const { renewed, begun, moved } = await wrapAnew(doomed, { number: to, key: createSecretKey(nextKey) });
      const stones = new Map(tombstones);
      for (const stone of forgotten) stones.delete(stone.id.toString('hex'));
      for (const stone of gravestones) stones.set(stone.id.toString('hex'), stone);
      const bytes = Buffer.concat([
        encodeHead(to, nextKey),
        ...renewed.flatMap(({ tranche, record }) => [record, ...recordsOf(tranche.members)]),
        ...begun.map(({ record }) => record),
        ...moved.map(({ anew }) => anew.record),
        ...recordsOf(stones.values()),
      ]);
      await writeNew(fileOf(to, 'kek'), nextKey);
      step('new-epoch-key');
      await writeNew(fileOf(to, 'keys'), bytes);
      step('new-keystore');
      if (doomed.length > 0) await writeNew(fileOf(to, 'owed'), Buffer.alloc(0));
      await syncFolder(folder);
      step('new-epoch-synced');
      await replaceFile(current, Buffer.from(`${to}\n`), () => step('new-pointer'));
      adopted = true;
      unsettled = true;
      // From here on the new epoch is the truth, on the medium and in memory alike.
      await handle?.close().catch(() => {});
      handle = null;
      wipe();
      epochKey.fill(0);
      epochKey = nextKey;
      epoch = to;
      length = bytes.length;
      outdated = false;
      tombstones = stones;
      takeOver(renewed, begun, moved);
      for (const key of doomed) forgetKey(key);
      pointerSeen = pointerNow();
    } finally {
      if (!adopted) nextKey.fill(0);
    }
    step('switched');
    await settle();
    step('switch-synced');
    await finishDestruction();
  }

  async function wrapAnew(
    doomed: DataKey[],
    to: EpochKey,
  ): Promise<{ renewed: Renewed[]; begun: Tranche[]; moved: Moved[] }> {
    const from = { number: epoch, key: createSecretKey(epochKey) };
    const { staying, moving } = arrange(byName.values(), tranches, doomed);
    const renewed = staying.map((tranche) => renew(tranche, from, to));
    const first = nextNumber(tranches);
    const begun: Tranche[] = [];
    const moved: Moved[] = [];
    for (const [index, key] of moving.entries()) {
      if (index % trancheSize === 0) begun.push(makeTranche(first + begun.length, to));
      moved.push(move(key, begun.at(-1) as Tranche, from, to));
      if (index % rewrapSlice === rewrapSlice - 1) await breathe();
    }
    return { renewed, begun, moved };
  }

  function takeOver(renewed: Renewed[], begun: Tranche[], moved: Moved[]): void {
    const staying = new Set(renewed.map(({ tranche }) => tranche));
    for (const tranche of tranches) if (!staying.has(tranche)) tranche.wrapped.fill(0);
    for (const { tranche, wrapped, record } of renewed) Object.assign(tranche, { wrapped, record });
    tranches = [...staying, ...begun];
    for (const { key, anew } of moved) {
      const { id, commitment, wrapped, record, tranche } = anew;
      Object.assign(key, { id, commitment, wrapped, record, tranche });
      tranche?.members.add(key);
    }
  }

  function forgetKey(key: DataKey): void {
    key.dead = true;
    key.wrapped.fill(0);
    byName.delete(key.name);
    byId.delete(key.id.toString('hex'));
  }

  async function settle(): Promise<void> {
    await syncFolder(folder);
    unsettled = false;
  }

  function leftovers(): { path: string; epoch: number; kind: string }[] {
    return (
      readdirSync(folder)
        .map((name) => ({ name, match: /^epoch-(\d+)\.(kek|keys|owed)$/.exec(name) }))
        .flatMap(({ name, match }) =>
          match ? [{ path: join(folder, name), epoch: Number(match[1]), kind: match[2] as string }] : [],
        )
        .filter((file) => (file.kind === 'owed' ? file.epoch > epoch : file.epoch !== epoch))
        // The wrapping keys first: with them gone the rest is noise.
        .sort((a, b) => Number(b.kind === 'kek') - Number(a.kind === 'kek'))
    );
  }

  async function finishDestruction(): Promise<void> {
    // The old epoch may go only when the new one is what a restart will find.
    if (unsettled) await settle();
    await unlink(`${current}.new`).catch(ignoreMissing);
    for (const { path, kind } of leftovers()) await destroyFile(path, (name) => step(`${kind}-${name}`));
  }

  /** Writes to the journal what was destroyed. A kill between the entry and the unlink repeats the entry, no more. */
  function payNotes(): Promise<void> {
    // One after the other, and never inside `exclusive`: the journal seals with our keys.
    const run = noting.then(payOwed);
    noting = run.catch(() => {});
    return run;
  }
  let noting: Promise<unknown> = Promise.resolve();

  async function payOwed(): Promise<void> {
    if (!note) return;
    for (const name of readdirSync(folder).sort()) {
      const match = /^epoch-(\d+)\.owed$/.exec(name);
      if (!match || Number(match[1]) > epoch) continue;
      const told = [...tombstones.values()].filter((each) => each.epochTo === Number(match[1]));
      const [one] = told;
      if (one) {
        const digest = createHash('sha256');
        for (const { commitment } of [...told].sort(byTombstoneName)) digest.update(commitment);
        await note('vault.shredded', {
          runId: one.runId,
          keys: told.length,
          epochFrom: one.epochFrom,
          epochTo: one.epochTo,
          commitments: digest.digest('hex'),
          at: one.at,
        });
      }
      step('noted');
      await unlink(join(folder, name)).catch(ignoreMissing);
      await syncFolder(folder);
    }
  }

  function requireWriter(): void {
    if (closed) throw shut();
    if (readOnly) {
      throw new Refusal('vault.read-only', 'unavailable', {
        message: 'Keys are destroyed by the running service only. Do this in the service, or stop it first.',
      });
    }
  }

  function seal(key: DataKey, plain: Buffer, aad: string): Buffer {
    return sealBox(key.id, ready(key), plain, aad);
  }

  try {
    if (!existsSync(current)) beginOnce();
    load();
    if (!readOnly) tidyAtStart();
  } catch (error) {
    unlock?.();
    throw error;
  }

  const following = shared ? setInterval(followQuietly, followMs).unref() : null;

  /** Keys that another process destroyed are not kept in memory, even when nobody asks for any. */
  function followQuietly(): void {
    try {
      refresh(false);
    } catch {
      // Between two files of another process; whoever needs a key looks again and says what is wrong.
    }
  }

  return {
    readOnly,

    async seal(name, plain, aad) {
      return seal(await keyOf(name), plain, aad);
    },

    async sealer(name): Promise<Sealer> {
      const key = await keyOf(name);
      if (!follows) return (plain, aad) => seal(key, plain, aad);
      return (plain, aad) => {
        refresh(false);
        const present = byName.get(name);
        if (!present) throw destroyed(name);
        return seal(present, plain, aad);
      };
    },

    async open(box, aad) {
      if (closed) throw shut();
      refresh(false);
      const id = keyIdOf(box);
      if (!id) throw unreadable('this is no sealed box');
      let key = byId.get(id);
      if (!key) {
        refresh(true);
        key = byId.get(id);
      }
      if (!key) {
        const stone = tombstones.get(id);
        throw stone ? destroyed(stone.name) : unreadable('there is no key for it');
      }
      const whole = ready(key);
      try {
        return openBox(whole, box, aad);
      } catch {
        throw unreadable('it was changed, or belongs elsewhere');
      }
    },

    openable(box) {
      refresh(false);
      const id = keyIdOf(box);
      return id !== null && byId.has(id);
    },

    names(prefix = '') {
      refresh(true);
      return [...byName.keys()].filter((name) => name.startsWith(prefix)).sort();
    },

    has(name) {
      refresh(true);
      return byName.has(name);
    },

    async shred(names, { runId }): Promise<ShredReceipt> {
      requireWriter();
      const asked = new Set(names);
      refresh(true);
      const alive = [...asked].filter((name) => byName.has(name));
      if (alive.length > 0) await note?.('vault.shred-intended', { runId, keys: alive.length, epochFrom: epoch });
      step('intended');
      await exclusive(async () => {
        // An earlier run may have been broken off after the switch: its old key must go before anything is claimed.
        await finishDestruction();
        const doomed = [...asked].map((name) => byName.get(name)).filter((key) => key !== undefined);
        if (doomed.length > 0) await turnEpoch(doomed, runId);
      });
      await payNotes();
      const told = [...tombstones.values()]
        .filter((each) => each.runId === runId && asked.has(each.name))
        .sort(byTombstoneName);
      return {
        keys: told.length,
        epochFrom: Math.min(epoch, ...told.map((each) => each.epochFrom)),
        epochTo: told.length > 0 ? Math.max(...told.map((each) => each.epochTo)) : epoch,
        commitments: told.map((each) => each.commitment.toString('hex')),
        at: told.length > 0 ? latest(told.map((each) => Temporal.Instant.from(each.at))) : clock.now(),
      };
    },

    async forget(before) {
      requireWriter();
      const old = (each: Tombstone): boolean => Temporal.Instant.compare(each.at, before) < 0;
      return exclusive(async () => {
        await finishDestruction();
        const forgotten = [...tombstones.values()].filter(old);
        if (forgotten.length > 0) await turnEpoch([], '', forgotten);
        return forgotten.length;
      });
    },

    async noteTo(to) {
      note = to;
      if (!readOnly) {
        await exclusive(finishDestruction);
        await payNotes();
      }
    },

    epoch: () => epoch,

    async close() {
      if (closed) return;
      closed = true;
      if (following) clearInterval(following);
      await noting;
      await tail;
      wipe();
      epochKey.fill(0);
      await handle?.close().catch(() => {});
      handle = null;
      unlock?.();
    },
  };
}

/** Into memory of its own: what `readFileSync` answers comes from the shared pool and cannot be wiped for sure. */
function readKey(path: string): Buffer {
  const key = Buffer.alloc(32);
  const file = openSync(path, 'r');
  try {
    if (readSync(file, key, 0, 32, 0) !== 32) throw new DamagedKeystore('the key of its epoch is cut off');
  } finally {
    closeSync(file);
  }
  return key;
}

function syncNow(path: string, flags: 'r' | 'r+'): void {
  // Windows neither opens a folder nor needs it.
  if (process.platform === 'win32' && flags === 'r') return;
  const file = openSync(path, flags);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function recordsOf(items: Iterable<{ record: Buffer }>): Buffer[] {
  return Array.from(items, ({ record }) => record);
}

function byTombstoneName(a: Tombstone, b: Tombstone): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : Temporal.Instant.compare(a.at, b.at);
}

function latest(instants: Temporal.Instant[]): Temporal.Instant {
  return instants.reduce((a, b) => (Temporal.Instant.compare(a, b) < 0 ? b : a));
}

function destroyed(name: string): Refusal {
  return new Refusal('vault.key-destroyed', 'not-found', {
    name,
    message: 'The key of this was destroyed; nobody can read it any more.',
  });
}

function unreadable(why: string): Refusal {
  return new Refusal('vault.unreadable', 'not-found', { message: `This cannot be opened: ${why}.` });
}

function damaged(what: string): Refusal {
  return new Refusal('vault.damaged', 'unavailable', { message: `The keystore cannot be used: ${what}.` });
}

function shut(): Refusal {
  return new Refusal('vault.closed', 'unavailable', { message: 'The vault is closed.' });
}
