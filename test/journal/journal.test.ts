import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type MovableClock, movableClock, Temporal } from '../../core/base/index.ts';
import type { Store } from '../../core/datamap/index.ts';
import type { Db } from '../../core/db/index.ts';
import {
  createJournal,
  type Journal,
  journalStores,
  loadSigningKeys,
  type SigningKeys,
  verifyFile,
} from '../../core/journal/index.ts';
import { createVault, type Vault } from '../../core/vault/index.ts';
import { cloneDatabase } from '../support/database.ts';

describe('the journal', () => {
  let database: Awaited<ReturnType<typeof cloneDatabase>>;
  let db: Db;
  let home: string;
  let vault: Vault;
  let keys: SigningKeys;
  let clock: MovableClock;
  let journal: Journal;

  before(async () => {
    database = await cloneDatabase();
    db = database.db;
  });
  after(() => database?.drop());

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'srok-journal-'));
    clock = movableClock(Temporal.Instant.from('2026-05-12T09:00:00.123456789Z'));
    vault = createVault({ folder: join(home, 'keys'), clock });
    keys = loadSigningKeys(join(home, 'keys'));
    journal = createJournal({ db, clock, seal: vault.seal, open: vault.open, keys });
  });
  afterEach(async () => {
    await vault.close();
    rmSync(home, { recursive: true, force: true });
    await tamper(`truncate core.journal_inbox, core.journal_bodies, core.journal_entries, core.journal_checkpoints;
      update core.journal_head set size = 0, edge = ''`);
  });

  it('keeps what happened, in order, with its sealed body', async () => {
    await record({ action: 'request.received', about: 'req_1', actor: 'acc_1', body: { channel: 'post', n: 1 } });
    clock.moveTo(Temporal.Instant.from('2026-05-13T09:00:00Z'));
    await record({ action: 'request.answered', about: 'req_1', actor: 'system' });
    const [second, first] = await journal.list();
    expect(first).to.deep.include({
      seq: 1,
      action: 'request.received',
      about: 'req_1',
      actor: 'acc_1',
      body: { channel: 'post', n: 1 },
    });
    expect(first?.at.toString()).to.equal('2026-05-12T09:00:00.123456Z');
    expect(second).to.deep.include({ seq: 2, action: 'request.answered', actor: 'system', body: {} });
    expect(first?.id).to.match(/^jrn_/);
    const { rows } = await db.raw('select body from core.journal_bodies');
    expect(rows[0].body.includes('channel')).to.equal(false);
  });

  it('finds entries by time, action, thing and doer, page by page', async () => {
    for (let i = 1; i <= 5; i++) {
      clock.moveTo(Temporal.Instant.from(`2026-06-0${i}T00:00:00Z`));
      await record({
        action: i % 2 ? 'request.received' : 'requests-of-another-kind',
        about: `req_${i}`,
        actor: 'acc_1',
      });
    }
    const seqs = async (filter: Parameters<Journal['list']>[0]): Promise<number[]> =>
      (await journal.list(filter)).map(({ seq }) => seq);
    expect(await seqs({ prefix: 'request.' })).to.deep.equal([5, 3, 1]);
    expect(await seqs({ action: 'requests-of-another-kind' })).to.deep.equal([4, 2]);
    expect(await seqs({ about: 'req_4' })).to.deep.equal([4]);
    expect(await seqs({ actor: 'nobody' })).to.deep.equal([]);
    const day = {
      from: Temporal.Instant.from('2026-06-02T00:00:00Z'),
      to: Temporal.Instant.from('2026-06-04T00:00:00Z'),
    };
    expect(await seqs(day)).to.deep.equal([3, 2]);
    expect(await seqs({ limit: 2 })).to.deep.equal([5, 4]);
    expect(await seqs({ limit: 2, before: 4 })).to.deep.equal([3, 2]);
    expect(await seqs({ limit: 2, after: 1, order: 'oldest' })).to.deep.equal([2, 3]);
  });

  it('forgets what the caller took back', async () => {
    await db
      .transaction(async (trx) => {
        await journal.append(trx, { action: 'request.received', about: 'req_1' });
        throw new Error('taken back');
      })
      .catch(() => {});
    expect(await journal.next()).to.equal(null);
    expect(await journal.list()).to.deep.equal([]);
    expect(await journal.checkpoint()).to.equal(null);
    expect((await journal.verify()).ok).to.equal(true);
  });

  it('gives no number twice and leaves none out when many write and many seal at once', async () => {
    await Promise.all(
      Array.from({ length: 120 }, async (_, i) => {
        await record({ action: 'test.done', about: `t_${i}`, body: { i } });
        if (i % 10 === 0) await journal.sealUp();
      }),
    );
    const entries = await journal.list({ order: 'oldest', limit: 500 });
    expect(entries.map(({ seq }) => seq)).to.deep.equal(Array.from({ length: 120 }, (_, i) => i + 1));
    expect(new Set(entries.map(({ about }) => about)).size).to.equal(120);
    const checked = await journal.verify();
    expect(checked).to.include({ ok: true, size: 120 });
    expect(checked.root).to.equal((await journal.checkpoint())?.root);
  });

  it('lets an entry of a long transaction come later without losing it', async () => {
    const slow = await db.transaction();
    await journal.append(slow, { action: 'slow' });
    await record({ action: 'quick' });
    expect((await journal.list()).map(({ action }) => action)).to.deep.equal(['quick']);
    await slow.commit();
    expect((await journal.list()).map(({ action }) => action)).to.deep.equal(['slow', 'quick']);
    expect((await journal.verify()).ok).to.equal(true);
  });

  it('refuses to change or delete an entry', async () => {
    await someEntries(2);
    await journal.sealUp();
    for (const sql of [
      `update core.journal_entries set action = 'x' where seq = 1`,
      'delete from core.journal_entries where seq = 2',
      'truncate core.journal_entries cascade',
      'delete from core.journal_checkpoints',
      'delete from core.journal_bodies',
      `update core.journal_bodies set body = 'x'`,
    ]) {
      const refused = await db.raw(sql).then(
        () => false,
        () => true,
      );
      expect(refused, sql).to.equal(true);
    }
  });

  describe('in the hands of someone who may do anything in the database', () => {
    const harm: [string, string, RegExp, number | null][] = [
      [
        'a changed header',
        `update core.journal_entries set actor = 'acc_9' where seq = 3`,
        /Entry 3 \(jrn_.* was changed/,
        3,
      ],
      [
        'a changed time',
        `update core.journal_entries set at = at + interval '1 microsecond' where seq = 4`,
        /Entry 4 /,
        4,
      ],
      [
        'a changed body',
        `update core.journal_bodies set body = set_byte(body, 60, get_byte(body, 60) # 1) where seq = 2`,
        /Entry 2 .*body/,
        2,
      ],
      [
        'a body of another entry',
        `update core.journal_bodies set body = (select body from core.journal_bodies where seq = 1) where seq = 2`,
        /Entry 2 .*body/,
        2,
      ],
      [
        'a body taken away',
        `update core.journal_bodies set body = null, erased_with = 'jrn_none' where seq = 2`,
        /Entry 2 .*no later entry records/,
        2,
      ],
      ['a body dropped with its row', `delete from core.journal_bodies where seq = 2`, /Entry 2 .*missing/, 2],
      [
        'an entry dropped in the middle',
        `delete from core.journal_bodies where seq = 3; delete from core.journal_entries where seq = 3`,
        /Entry 3 is missing/,
        3,
      ],
      [
        'the last entries dropped',
        `delete from core.journal_bodies where seq > 4; delete from core.journal_entries where seq > 4`,
        /entries 5 to 6 are missing/,
        5,
      ],
      [
        'an entry put behind the end',
        `insert into core.journal_entries select 7, 'jrn_x', at, action, about, actor, null, leaf from core.journal_entries where seq = 6`,
        /Entry 7 /,
        7,
      ],
      [
        'a leaf changed',
        `update core.journal_entries set leaf = set_byte(leaf, 0, get_byte(leaf, 0) # 1) where seq = 5`,
        /Entry 5 /,
        5,
      ],
      [
        'a checkpoint changed',
        `update core.journal_checkpoints set root = set_byte(root, 0, get_byte(root, 0) # 1)`,
        /checkpoint of 6 entries was changed/,
        null,
      ],
      ['all checkpoints dropped', `delete from core.journal_checkpoints`, /Entry 1 /, 1],
      ['the head moved back', `update core.journal_head set size = 5`, /head of the journal/, null],
    ];
    for (const [title, sql, what, seq] of harm) {
      it(`shows ${title}`, async () => {
        await someEntries(6);
        expect((await journal.verify()).ok).to.equal(true);
        await tamper(sql);
        const found = await journal.verify();
        expect(found.ok).to.equal(false);
        expect(found.problem?.what).to.match(what);
        expect(found.problem?.seq).to.equal(seq);
      });
    }

    it('shows an entry rewritten together with its leaf, between the checkpoints around it', async () => {
      await someEntries(3);
      await journal.sealUp();
      await someEntries(1);
      await journal.sealUp();
      await tamper(`update core.journal_entries set leaf = sha256('x'), action = action where seq = 4;
        update core.journal_entries a set id = 'jrn_other', com = null where seq = 4`);
      const found = await journal.verify();
      expect(found.ok).to.equal(false);
      expect(found.problem).to.include({ seq: 4, id: 'jrn_other' });
    });

    it('shows a cut tail by a checkpoint kept outside the database', async () => {
      const anchorFile = join(home, 'journal.checkpoint');
      journal = createJournal({ db, clock, seal: vault.seal, open: vault.open, keys, anchorFile });
      await someEntries(3);
      await journal.sealUp();
      const [edge] = (await db.raw('select edge from core.journal_head')).rows;
      await someEntries(2);
      await journal.sealUp();
      const mailed = readFileSync(anchorFile, 'utf8');
      // Everything that came after is taken back, without a trace inside the database.
      await tamper(`delete from core.journal_bodies where seq > 3; delete from core.journal_entries where seq > 3;
        delete from core.journal_checkpoints where size > 3`);
      await db('core.journal_head').update({ size: 3, edge: edge.edge });
      expect((await journal.verify()).problem?.what).to.match(/entries 4 to 5 are missing/);
      rmSync(anchorFile);
      expect((await journal.verify()).ok).to.equal(true);
      expect((await journal.verify({ anchors: [mailed] })).problem?.seq).to.equal(4);
    });
  });

  describe('when bodies go', () => {
    it('stays whole, says what was erased, and records the erasure', async () => {
      await someEntries(3);
      await journal.sealUp();
      const before = await journal.checkpoint();
      clock.moveTo(Temporal.Instant.from('2026-05-20T00:00:00Z'));
      await someEntries(2);
      const erased = await db.transaction((trx) => journal.eraseBodies(trx, Temporal.PlainDate.from('2026-05-15')));
      expect(erased).to.equal(3);
      const entries = await journal.list({ order: 'oldest' });
      expect(entries.map(({ body }) => body === null)).to.deep.equal([true, true, true, false, false, false]);
      expect(entries[5]).to.deep.include({
        action: 'journal.bodies-erased',
        body: { before: '2026-05-15', entries: 3 },
      });
      expect(await journal.verify({ anchors: [before?.note as string] })).to.include({ ok: true, size: 6, erased: 3 });
      expect(await db.transaction((trx) => journal.eraseBodies(trx, Temporal.PlainDate.from('2026-05-15')))).to.equal(
        0,
      );
    });

    it('counts the days as the operator does', async () => {
      clock.moveTo(Temporal.Instant.from('2026-05-14T20:59:59Z')); // 23:59:59 in Moscow
      await someEntries(1);
      clock.moveTo(Temporal.Instant.from('2026-05-14T21:00:00Z'));
      await someEntries(1);
      expect(await db.transaction((trx) => journal.eraseBodies(trx, Temporal.PlainDate.from('2026-05-15')))).to.equal(
        1,
      );
    });

    it('takes the bodies that still wait to be sealed as well', async () => {
      await someEntries(1);
      await db.transaction((trx) => journal.eraseBodies(trx, Temporal.PlainDate.from('2026-05-15')));
      expect(await journal.verify()).to.include({ ok: true, size: 2, erased: 1 });
    });

    it('counts a body whose key was shredded as erased', async () => {
      await someEntries(2);
      await vault.shred(['journal/2026-05'], { runId: 'act_1' });
      expect((await journal.list()).map(({ body }) => body)).to.deep.equal([null, null]);
      expect(await journal.verify()).to.include({ ok: true, erased: 2 });
    });
  });

  describe('as a store of the data map', () => {
    const store = journalStores().bodies satisfies Store;
    const range = { from: Temporal.PlainDate.from('2026-05-01'), before: Temporal.PlainDate.from('2026-06-01') };

    it('erases the bodies of the days that may go, spares a held person, and shreds the month when nothing is left', async () => {
      await record({ action: 'a', about: 'sub_held', body: { x: 1 } });
      await record({ action: 'a', about: 'sub_other', body: { x: 2 } });
      await record({ action: 'a', actor: 'sub_held', about: 'sub_other', body: { x: 3 } });
      clock.moveTo(Temporal.Instant.from('2029-06-02T00:00:00Z'));
      await journal.sealUp();
      const anchors = await db.transaction((trx) => store.anchors(trx));
      expect(anchors.map(({ day, count }) => [day.toString(), count])).to.deep.equal([['2026-05-12', 3]]);
      const first = await expire(['sub_held']);
      expect(first).to.include({ outcome: 'erased', affected: 1, remaining: 2, keys: 0 });
      expect(vault.has('journal/2026-05')).to.equal(true);
      const second = await expire([]);
      expect(second).to.include({ outcome: 'erased', affected: 2, remaining: 0, keys: 1 });
      expect(second.keyNames).to.deep.equal(['journal/2026-05']);
      expect(vault.has('journal/2026-05')).to.equal(false);
      expect(await expire([])).to.include({ outcome: 'not_found', affected: 0 });
      expect(await journal.verify()).to.include({ ok: true, erased: 3 });
    });

    it('knows its first and last day, also when a later entry was sealed before an earlier one and bodies have gone', async () => {
      const span = async (from?: string) => {
        const found = await store.span(db, from ? Temporal.PlainDate.from(from) : undefined);
        return found && [found.first, found.last].map(String);
      };
      expect(await span()).to.equal(null);
      await record({ action: 'a', about: 'sub_gone', body: { x: 0 } });
      await journal.sealUp();
      // A transaction that was open over midnight: its entry is from before, and gets the higher number.
      const late = await db.transaction();
      clock.moveTo(Temporal.Instant.from('2026-05-12T20:59:59Z'));
      await journal.append(late, { action: 'b', about: 'sub_late', body: { x: 1 } });
      clock.moveTo(Temporal.Instant.from('2026-05-12T21:00:01Z'));
      await record({ action: 'c', about: 'sub_next', body: { x: 2 } });
      await journal.sealUp();
      await late.commit();
      await journal.sealUp();
      clock.moveTo(Temporal.Instant.from('2026-08-01T10:00:00Z'));
      await record({ action: 'd', about: 'sub_last', body: { x: 3 } });
      await journal.sealUp();
      expect(await span()).to.deep.equal(['2026-05-12', '2026-08-01']);
      expect(await span('2026-05-13')).to.deep.equal(['2026-05-13', '2026-08-01']);
      expect(await span('2026-05-14')).to.deep.equal(['2026-08-01', '2026-08-01']);
      expect(await span('2026-08-02')).to.equal(null);
      const erase = (subject: string) =>
        db.transaction((trx) =>
          store.erase({ why: 'request', subject, anchored: 'all' }, { trx, clock, journal, vault, runId: subject }),
        );
      await erase('sub_gone');
      expect(await span()).to.deep.equal(['2026-05-12', '2026-08-01']);
      await erase('sub_late');
      expect((await span())?.[0]).to.equal('2026-05-13');
    });

    it('tells a person what was done about them, and nothing of anyone else', async () => {
      await record({ action: 'request.received', about: 'sub_ada', actor: 'acc_1', body: { x: 1 } });
      await record({ action: 'request.received', about: 'sub_bob', actor: 'acc_1', body: { x: 2 } });
      await journal.sealUp();
      const { rows } = await db.transaction((trx) => store.collect('sub_ada', { trx }));
      expect(rows).to.deep.equal([{ seq: 1, at: '2026-05-12T09:00:00.123456Z', action: 'request.received' }]);
    });

    function expire(held: string[]) {
      return db.transaction((trx) =>
        store.erase({ why: 'expiry', anchored: [range], held }, { trx, clock, journal, vault, runId: 'swp_1' }),
      );
    }
  });

  describe('exported', () => {
    it('verifies without the database, with bodies or without', async () => {
      await someEntries(5);
      const path = join(home, 'journal.ndjson');
      const written = await journal.exportTo(path, { withBodies: true });
      expect(written).to.deep.equal({ entries: 5, root: (await journal.checkpoint())?.root });
      expect(statSync(path).mode & 0o077).to.equal(0);
      expect(await verifyFile(path, { publicKey: keys.publicKey, clock })).to.include({
        ok: true,
        size: 5,
        root: written.root,
      });
      await journal.exportTo(path);
      expect(readFileSync(path, 'utf8')).to.not.include('"body"');
      expect(await journal.verifyFile(path)).to.include({ ok: true, size: 5 });
    });

    it('verifies when there is nothing in it yet', async () => {
      const path = join(home, 'journal.ndjson');
      await journal.exportTo(path);
      expect(await journal.verifyFile(path)).to.include({ ok: true, size: 0 });
    });

    it('is refused when another key signed it', async () => {
      await someEntries(1);
      const path = join(home, 'journal.ndjson');
      await journal.exportTo(path);
      const stranger: KeyObject = generateKeyPairSync('ed25519').publicKey;
      expect((await verifyFile(path, { publicKey: stranger, clock })).problem?.line).to.equal(1);
    });

    it('fails at any changed byte, and names its line and entry', async function () {
      this.timeout(60_000);
      // One that is the first, one between, one that is the last: what a line says of itself is the same in all others.
      await someEntries(3);
      const path = join(home, 'journal.ndjson');
      await journal.exportTo(path, { withBodies: true });
      const whole = readFileSync(path);
      const ids = (await journal.list({ order: 'oldest' })).map(({ id }) => id);
      const lastLine = ids.length + 2;

      async function change(place: { path: string; at: number; line: number; other: number }): Promise<void> {
        const { at, line, other } = place;
        const changed = Buffer.from(whole);
        changed[at] = other;
        writeFileSync(place.path, changed);
        const found = await verifyFile(place.path, { publicKey: keys.publicKey, clock });
        const where = `byte ${at} of line ${line}, ${whole[at]} to ${other}`;
        expect(found.ok, where).to.equal(false);
        expect(found.problem?.line, where).to.equal(line);
        if (line === 1 || line === lastLine) return;
        expect(found.problem?.seq, where).to.equal(line - 1);
        // A change inside the id shows what now stands there; a line broken before its id has none.
        if (other === 10) return;
        const id = ids[line - 2] as string;
        if (changed.includes(`"id":"${id}"`)) expect(found.problem?.id, where).to.equal(id);
      }

      const changes: { at: number; line: number; other: number }[] = [];
      let line = 1;
      for (const [at, byte] of whole.entries()) {
        const others = at % 3 ? [byte ^ 1] : [byte ^ 1, byte ^ 32, 10];
        for (const other of others) if (other !== byte) changes.push({ at, line, other });
        if (byte === 10) line++;
      }
      expect([line, changes.length > whole.length]).to.deep.equal([lastLine + 1, true]);
      // Several files at once: one is read while another is weighed.
      const next = changes.values();
      const work = async (_: unknown, worker: number): Promise<void> => {
        for (const one of next) await change({ ...one, path: join(home, `changed-${worker}.ndjson`) });
      };
      await Promise.all(Array.from({ length: 8 }, work));
    });

    it('fails when lines are cut, dropped, doubled, swapped or stripped of their bodies', async () => {
      await someEntries(4);
      const path = join(home, 'journal.ndjson');
      await journal.exportTo(path, { withBodies: true });
      const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
      const [a, b, c, d, e, f] = lines as [string, string, string, string, string, string];
      const without = (line: string): string => line.replace(/,"salt".*$/, '}');
      for (const [seq, variant] of [
        [null, [a, b, c, d, e]],
        [2, [a, b, d, e, f]],
        [4, [a, b, c, d, f]],
        [3, [a, b, c, c, d, e, f]],
        [2, [a, b, d, c, e, f]],
        [null, [a, b, c, d, without(e), f]],
        [null, [a, f]],
        [null, []],
      ] as const) {
        writeFileSync(path, variant.map((line) => `${line}\n`).join(''));
        const found = await verifyFile(path, { publicKey: keys.publicKey, clock });
        expect(found.ok).to.equal(false);
        if (seq !== null) expect(found.problem?.seq).to.equal(seq);
      }
    });
  });

  it('makes its signing key once, for its owner only', () => {
    const folder = join(home, 'keys');
    expect(statSync(join(folder, 'journal.ed25519')).mode & 0o077).to.equal(0);
    const again = loadSigningKeys(folder);
    expect(again.publicKey.equals(keys.publicKey)).to.equal(true);
    writeFileSync(join(folder, 'journal.ed25519'), 'nonsense');
    expect(() => loadSigningKeys(folder)).to.throw(/no Ed25519 key/);
  });

  function record(happening: Parameters<Journal['append']>[1]): Promise<string> {
    return db.transaction((trx) => journal.append(trx, happening));
  }

  async function someEntries(count: number): Promise<void> {
    for (let i = 1; i <= count; i++)
      await record({ action: 'test.done', about: `t_${i}`, actor: 'acc_1', body: { i, words: 'слова' } });
  }

  /** Someone with all rights: the fences are down. */
  async function tamper(sql: string): Promise<void> {
    await db.raw(
      `set session_replication_role = replica; ${sql.replaceAll('?', '\\?')}; set session_replication_role = default`,
    );
  }
});
