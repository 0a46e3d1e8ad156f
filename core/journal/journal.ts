import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { newId, Refusal, type Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import {
  asKept,
  bodyAad,
  bodyKeyOf,
  commitmentTo,
  type Header,
  leafOfHeader,
  packBody,
  saltBytes,
  unpackBody,
} from './entry.ts';
import { exportJournal, verifyFile } from './export.ts';
import { readNote, writeNote } from './note.ts';
import {
  allCheckpoints,
  type BodyChoice,
  countBodies,
  type EntryRow,
  entriesAfter,
  eraseChosen,
  erasures,
  headOf,
  insertInbox,
  insertSealed,
  lastCheckpoint,
  listEntries,
  lockHead,
  oldestWaiting,
  takeInbox,
} from './store.ts';
import { edgeFrom, emptyEdge, push, rootOf } from './tree.ts';
import type { Checkpoint, Entry, Journal, JournalDeps, Verification } from './types.ts';
import { verdict } from './verdict.ts';

const batchSize = 1_000;
const pageSize = 2_000;
const erasureAction = 'journal.bodies-erased';

type Body =
  | { state: 'none' | 'erased' }
  | { state: 'here'; salt: Buffer; body: Buffer }
  | { state: 'wrong'; what: string };

export function createJournal(deps: JournalDeps): Journal {
  const { db, clock, keys, zone = 'Europe/Moscow', anchorFile } = deps;

  async function append(
    trx: Trx,
    { action, about = null, actor = null, body }: Parameters<Journal['append']>[1],
  ): Promise<string> {
    const at = asKept(clock.now());
    const id = newId('jrn', at);
    let com: Buffer | null = null;
    let sealed: Buffer | null = null;
    if (body) {
      const salt = randomBytes(saltBytes);
      const plain = Buffer.from(JSON.stringify(body), 'utf8');
      com = commitmentTo(salt, plain);
      sealed = await deps.seal(bodyKeyOf(at, zone), packBody(salt, plain), bodyAad(id));
    }
    await insertInbox(trx, { id, at, action, about, actor, com, body: sealed });
    return id;
  }

  async function sealUp(): Promise<{ sealed: number; size: number; root: string }> {
    let sealed = 0;
    let newest: string | null = null;
    while (await oldestWaiting(db)) {
      const took = await db.transaction(async (trx) => {
        const head = await lockHead(trx);
        const rows = await takeInbox(trx, batchSize);
        if (rows.length === 0) return 0;
        const edge = edgeFrom(head.size, head.edge);
        const batch = rows.map((row) => {
          const { id, at, action, about, actor, com } = row;
          const header: Header = { seq: edge.size + 1, id, at, action, about, actor, com };
          const leaf = leafOfHeader(header);
          push(edge, leaf);
          return { header, leaf, body: row.body, erasedWith: row.erased_with };
        });
        const checkpoint = { size: edge.size, root: rootOf(edge), at: asKept(clock.now()) };
        const note = writeNote(checkpoint, keys);
        await insertSealed(trx, batch, head.size, edge, { ...checkpoint, note });
        newest = note;
        return rows.length;
      });
      // Empty-handed: another sealer was faster.
      if (took === 0) break;
      sealed += took;
    }
    if (newest !== null) await keepAnchor(newest);
    const head = await headOf(db);
    return { sealed, size: head.size, root: rootOf(edgeFrom(head.size, head.edge)).toString('hex') };
  }

  async function keepAnchor(note: string): Promise<void> {
    if (!anchorFile) return;
    const temporary = `${anchorFile}.${process.pid}.${randomBytes(4).toString('hex')}`;
    await writeFile(temporary, note, { mode: 0o600 });
    await rename(temporary, anchorFile);
  }

  function readAnchor(): string[] {
    if (!anchorFile) return [];
    try {
      return [readFileSync(anchorFile, 'utf8')];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  async function bodyOf(row: EntryRow): Promise<Body> {
    if (row.com === null) return { state: 'none' };
    if (!row.kept) return { state: 'wrong', what: 'its body is missing, and nothing records an erasure' };
    if (row.body === null) return { state: 'erased' };
    let packed: Buffer;
    try {
      packed = await deps.open(row.body, bodyAad(row.id));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // The key of another month does not excuse this body.
      const own = error.details.name === undefined || error.details.name === bodyKeyOf(row.at, zone);
      if (error.code === 'vault.key-destroyed' && own) return { state: 'erased' };
      return { state: 'wrong', what: 'its body does not open: it was changed' };
    }
    const { salt, body } = unpackBody(packed);
    if (!commitmentTo(salt, body).equals(row.com)) return { state: 'wrong', what: 'its body was changed' };
    return { state: 'here', salt, body };
  }

  async function toEntry(row: EntryRow): Promise<Entry> {
    const { seq, id, at, action, about, actor, leaf } = row;
    const found = await bodyOf(row);
    const body =
      found.state === 'here'
        ? JSON.parse(found.body.toString('utf8'))
        : found.state === 'none'
          ? {}
          : found.state === 'wrong'
            ? { unreadable: found.what }
            : null;
    return { seq, id, at, action, about, actor, body, leaf: leaf.toString('hex') };
  }

  /** One unchanging view of the whole chain, however long the reading takes. */
  function snapshot<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return db.transaction(work, { isolationLevel: 'repeatable read', readOnly: true });
  }

  async function verify({ anchors = [] }: { anchors?: string[] } = {}): Promise<Verification> {
    await sealUp();
    // Read before the view is taken, so that the view reaches at least as far.
    const outside = [...readAnchor(), ...anchors];
    return snapshot((trx) => verifyIn(trx, outside));
  }

  async function verifyIn(trx: Trx, outside: string[]): Promise<Verification> {
    const edge = emptyEdge();
    let erased = 0;
    const done = (problem?: Verification['problem']): Verification => verdict(edge, { clock, erased, problem });
    const general = (what: string): Verification => done({ seq: null, id: null, what });

    const checkpoints = await allCheckpoints(trx);
    const expected = new Map<number, string>();
    for (const { size, root, note } of checkpoints) {
      const reading = readNote(note, keys.publicKey);
      if (!reading.ok) return general(`The checkpoint of ${size} entries: ${reading.what}.`);
      if (reading.checkpoint.size !== size || reading.checkpoint.root !== root.toString('hex')) {
        return general(`The checkpoint of ${size} entries was changed: its signature is about something else.`);
      }
      expected.set(size, reading.checkpoint.root);
    }
    const last = checkpoints.at(-1)?.size ?? 0;
    let furthest = last;
    for (const note of outside) {
      const reading = readNote(note, keys.publicKey);
      if (!reading.ok) return general(`A checkpoint kept outside the database: ${reading.what}.`);
      const { size, root } = reading.checkpoint;
      if (expected.has(size) && expected.get(size) !== root) {
        return general(
          `The checkpoint of ${size} entries is not the one kept outside the database: the past was rewritten.`,
        );
      }
      expected.set(size, root);
      furthest = Math.max(furthest, size);
    }

    const recorded = await erasures(trx, erasureAction);
    let sound = 0;
    let firstUnproven: string | null = null;
    for (let more = true; more; ) {
      const page = await entriesAfter(trx, edge.size, pageSize);
      more = page.length === pageSize;
      for (const row of page) {
        const { seq, id } = row;
        const fault = (what: string): Verification => done({ seq, id, what });
        if (seq !== edge.size + 1) {
          return done({
            seq: edge.size + 1,
            id: null,
            what: `Entry ${edge.size + 1} is missing; the next one is ${seq} (${id}).`,
          });
        }
        if (seq > furthest) return fault(`Entry ${seq} (${id}) stands behind the last checkpoint: it was not sealed.`);
        if (!leafOfHeader(row).equals(row.leaf)) return fault(`Entry ${seq} (${id}) was changed.`);
        const found = await bodyOf(row);
        if (found.state === 'wrong') return fault(`Entry ${seq} (${id}): ${found.what}.`);
        if (found.state === 'erased') {
          if (row.body === null && !isRecorded(row, recorded)) {
            return fault(`Entry ${seq} (${id}): its body was taken away, and no later entry records an erasure.`);
          }
          erased++;
        }
        push(edge, row.leaf);
        firstUnproven ??= id;
        const root = expected.get(seq);
        if (root === undefined) continue;
        if (rootOf(edge).toString('hex') !== root) {
          const which =
            sound + 1 === seq
              ? `Entry ${seq} (${id}) was`
              : `One of the entries ${sound + 1} (${firstUnproven}) to ${seq} (${id}) was`;
          return done({ seq: sound + 1, id: firstUnproven, what: `${which} changed or put in another's place.` });
        }
        sound = seq;
        firstUnproven = null;
      }
    }
    if (edge.size < furthest) {
      const first = edge.size + 1;
      const what = first === furthest ? `Entry ${first} is missing` : `The entries ${first} to ${furthest} are missing`;
      return done({ seq: first, id: null, what: `${what}: a signed checkpoint covers ${furthest}.` });
    }
    const head = await headOf(trx);
    if (head.size !== edge.size || !head.edge.equals(Buffer.concat(edge.roots))) {
      return general('The head of the journal is not the end of its entries.');
    }
    return done();
  }

  function isRecorded(row: EntryRow, recorded: Map<string, number | null>): boolean {
    if (row.erased_with === null || !recorded.has(row.erased_with)) return false;
    const by = recorded.get(row.erased_with);
    return by === null || (by as number) > row.seq;
  }

  return {
    append,
    sealUp,
    verify,

    next: (on: Db | Trx = db) => oldestWaiting(on),

    async list(filter = {}) {
      await sealUp();
      const entries: Entry[] = [];
      for (const row of await listEntries(db, filter)) entries.push(await toEntry(row));
      return entries;
    },

    async checkpoint(): Promise<Checkpoint | null> {
      const row = await lastCheckpoint(db);
      if (!row) return null;
      const reading = readNote(row.note, keys.publicKey);
      if (reading.ok) return reading.checkpoint;
      throw new Refusal('journal.checkpoint', 'unavailable', {
        message: `The last checkpoint of the journal cannot be relied on: ${reading.what}.`,
      });
    },

    async exportTo(path, { withBodies = false } = {}) {
      await sealUp();
      return snapshot(async (trx) => {
        const last = await lastCheckpoint(trx);
        const empty = { size: 0, root: rootOf(emptyEdge()), at: asKept(clock.now()) };
        const note = last?.note ?? writeNote(empty, keys);
        const end = last ?? empty;
        return exportJournal(path, { ...end, note }, keys, async function* () {
          for (let seq = 0; seq < end.size; ) {
            const page = await entriesAfter(trx, seq, pageSize);
            if (page.length === 0) return;
            for (const row of page) {
              seq = row.seq;
              const found = withBodies ? await bodyOf(row) : null;
              yield {
                header: row,
                leaf: row.leaf,
                ...(found?.state === 'here' ? { salt: found.salt, body: found.body } : {}),
              };
            }
          }
        });
      });
    },

    verifyFile: (path, { publicKey = keys.publicKey } = {}) => verifyFile(path, { publicKey, clock }),

    eraseBodies: (trx, beforeDay) =>
      eraseBodies({ append }, trx, { spans: [{ before: startOf(beforeDay, zone) }] }, { before: beforeDay.toString() }),
  };
}

/** Erases the bodies of a choice and records it in the same transaction. Answers how many went. */
export async function eraseBodies(
  journal: Pick<Journal, 'append'>,
  trx: Trx,
  choice: BodyChoice,
  why: Record<string, unknown>,
): Promise<number> {
  const count = await countBodies(trx, choice);
  if (count === 0) return 0;
  const id = await journal.append(trx, { action: erasureAction, actor: 'system', body: { ...why, entries: count } });
  // The record of this erasure is new: a choice without an end must not take it along.
  return eraseChosen(trx, { ...choice, notIds: [id] }, id);
}

/** The instant at which a day begins. */
export function startOf(day: Temporal.PlainDate, zone: string): Temporal.Instant {
  return day.toZonedDateTime(zone).toInstant();
}
