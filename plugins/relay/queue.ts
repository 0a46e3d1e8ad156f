import { type Waiting, weightOf } from './waiting.ts';

const rowsPerBatch = 1000;
const bytesPerBatch = 16 * 1024 * 1024;
const waitingBytes = 64 * 1024 * 1024;
const batchesAtOnce = 4;
/** So many that wait are a batch of their own while the one before them is still being written. */
const rowsToFollow = 128;
/** Of so many answered, as one waits, nobody who was answered is waited for. */
const restless = 4;
const patienceMs = 10_000;
const lookMs = 500;

/** Messages of one project that wait, in the order in which they came. */
interface Line {
  waiting: Waiting[];
  /** The last of its batches that are being written. */
  going: Batch | null;
}

interface Batch {
  messages: Waiting[];
  projects: string[];
  /** It has the offsets of its messages: whatever comes behind it gets later ones. */
  placed: boolean;
  /** The batch of the same projects that it goes behind, while that is being written. */
  behind: Batch | null;
  followed: boolean;
  /** Rows of its projects are held by somebody: it may take long, and takes nobody's place. */
  locked: boolean;
  over: Promise<void>;
}

/** What is left of a batch that was not written, to be a batch of its own. */
export type Part = Pick<Batch, 'messages' | 'locked'>;

/** The place of a batch among others of the same projects. */
export interface Turn {
  /** To be called when it has the offsets of its messages. */
  placed(): void;
  /** What went before it has been told. */
  before: Promise<void> | null;
  locked: boolean;
}

/**
 * Puts what waits into batches (group commit): what comes while one is being written is the next. A project is in one
 * batch at a time, which keeps its order and lets no batch wait for the locks of another; several batches of other
 * projects go on beside it. Where many wait, a second batch of the same projects goes close behind the first: once that
 * has its offsets, the order is certain, and the database has the next one at hand when it commits. A batch that somebody
 * holds up by the row of one project comes apart: the others go on, and what is held waits by itself.
 */
export function createQueue({
  write,
  tooLate,
}: {
  /** Never rejects; every message has been answered when it resolves, but those of the parts that it resolves with. */
  write(batch: Waiting[], turn: Turn): Promise<Part[]>;
  /** Why a message that has waited too long is not taken. */
  tooLate(): Error;
}) {
  const lines = new Map<string, Line>();
  const going = new Set<Batch>();
  let bytes = 0;
  let scheduled = false;
  let timer: NodeJS.Timeout | null = null;
  const emptied: (() => void)[] = [];

  /** A batch of what waits of some projects; null when nothing does. */
  function gather(projects: Iterable<string>, behind: Batch | null): Batch | null {
    const batch: Batch = {
      ...{ messages: [], projects: [], placed: false, behind, followed: false, locked: false },
      over: Promise.resolve(),
    };
    let size = 0;
    for (const project of projects) {
      const line = lines.get(project);
      if (!line || line.going !== behind || line.waiting.length === 0) continue;
      const { messages } = batch;
      let rows = 0;
      while (rows < line.waiting.length && messages.length + rows < rowsPerBatch && size < bytesPerBatch) {
        size += weightOf((line.waiting[rows++] as Waiting).message);
      }
      line.going = batch;
      batch.projects.push(project);
      messages.push(...line.waiting.splice(0, rows));
      // Whoever had its turn goes to the end of the row.
      lines.delete(project);
      lines.set(project, line);
      if (messages.length >= rowsPerBatch || size >= bytesPerBatch) break;
    }
    bytes -= size;
    return batch.messages.length > 0 ? batch : null;
  }

  function soon(work: () => void): void {
    scheduled = true;
    setImmediate(work);
  }

  const mayBeFollowed = (batch: Batch): boolean => batch.placed && !batch.followed && !batch.behind;

  function waitBehind(batch: Batch): number {
    let rows = 0;
    for (const project of batch.projects) {
      const line = lines.get(project);
      if (line?.going === batch) rows += line.waiting.length;
    }
    return rows;
  }

  function begin(batch: Batch): void {
    const { behind } = batch;
    if (behind) behind.followed = true;
    going.add(batch);
    const placed = (): void => {
      batch.placed = true;
      if (!scheduled && mayBeFollowed(batch) && waitBehind(batch) >= rowsToFollow) soon(go);
    };
    const { messages, locked } = batch;
    batch.over = write(messages, { placed, before: behind?.over ?? null, locked }).then((parts) => {
      for (const part of parts) beginPart(batch, part);
      finish(batch);
    });
  }

  function beginPart({ behind }: Batch, { messages, locked }: Part): void {
    const projects = [...new Set(messages.map(({ message }) => message.project))];
    const part = { messages, projects, placed: false, behind, followed: false, locked, over: Promise.resolve() };
    for (const project of projects) (lines.get(project) as Line).going = part;
    begin(part);
  }

  function go(): void {
    scheduled = false;
    let first = 0;
    for (const { behind, locked } of going) if (!behind && !locked) first++;
    for (; first < batchesAtOnce; first++) {
      const batch = gather([...lines.keys()], null);
      if (!batch) break;
      begin(batch);
    }
    for (const batch of [...going]) {
      if (!mayBeFollowed(batch) || waitBehind(batch) < rowsToFollow) continue;
      const next = gather(batch.projects, batch);
      if (next) begin(next);
    }
    if (going.size > 0) timer ??= setTimeout(look, lookMs).unref();
  }

  function finish(batch: Batch): void {
    going.delete(batch);
    for (const other of going) if (other.behind === batch) other.behind = null;
    for (const project of batch.projects) {
      const line = lines.get(project) as Line;
      if (line.going !== batch) continue;
      line.going = null;
      if (line.waiting.length === 0) lines.delete(project);
    }
    let waiting = 0;
    for (const line of lines.values()) if (!line.going) waiting += line.waiting.length;
    // Others wait already: the database writes them while readers are told of those before.
    if (!scheduled && waiting * restless >= batch.messages.length) go();
    // Whoever has just been answered may send its next one at once: it goes along, if it comes within one turn.
    else if (lines.size > 0) soon(() => soon(go));
    else if (going.size === 0) for (const tell of emptied.splice(0)) tell();
  }

  /** A database that neither works nor fails keeps nobody waiting for ever. */
  function look(): void {
    timer = null;
    const before = performance.now() - patienceMs;
    const late = (waiting: Waiting): boolean => waiting.since < before;
    for (const { waiting } of lines.values()) {
      const kept = waiting.findIndex((one) => !late(one));
      for (const one of waiting.splice(0, kept < 0 ? waiting.length : kept)) {
        bytes -= weightOf(one.message);
        one.fail(tooLate());
      }
    }
    for (const [project, line] of lines) if (!line.going && line.waiting.length === 0) lines.delete(project);
    for (const { messages } of going) for (const one of messages) if (late(one)) one.fail(tooLate());
    if (going.size > 0) timer = setTimeout(look, lookMs).unref();
  }

  return {
    /** How many messages wait for their batch. */
    size(): number {
      let size = 0;
      for (const { waiting } of lines.values()) size += waiting.length;
      return size;
    },
    /** No more fits in. */
    full: (): boolean => bytes > waitingBytes,
    /** All that is added in one turn of the loop goes together. */
    add(waiting: Waiting): void {
      bytes += weightOf(waiting.message);
      const { project } = waiting.message;
      let line = lines.get(project);
      if (line) line.waiting.push(waiting);
      else {
        line = { waiting: [waiting], going: null };
        lines.set(project, line);
      }
      if (scheduled) return;
      // What a batch of the same project holds up goes when that one is done, or when enough of it waits.
      const { going: ahead } = line;
      if (!ahead || (line.waiting.length >= rowsToFollow && mayBeFollowed(ahead))) soon(go);
    },
    /** Resolves when nothing waits any more. */
    async empty(): Promise<void> {
      if (lines.size > 0) await new Promise<void>((done) => emptied.push(done));
      if (timer) clearTimeout(timer);
    },
  };
}
