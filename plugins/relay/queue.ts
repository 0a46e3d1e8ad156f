import { type Waiting, weightOf } from './waiting.ts';

const rowsPerBatch = 1000;
const bytesPerBatch = 16 * 1024 * 1024;
const waitingBytes = 64 * 1024 * 1024;
const batchesAtOnce = 4;
/** Of so many answered, as one waits, nobody who was answered is waited for. */
const restless = 4;
const patienceMs = 10_000;
const lookMs = 500;

/** Messages of one project that wait, in the order in which they came. */
interface Line {
  waiting: Waiting[];
  /** One of its batches is being written. */
  going: boolean;
}

/**
 * Puts what waits into batches (group commit): what comes while one is being written is the next. A project is in one
 * batch at a time, which keeps its order and lets no batch wait for the locks of another; several batches of other
 * projects go on beside it.
 */
export function createQueue({
  write,
  tooLate,
}: {
  /** Never rejects; every message has been answered when it resolves. */
  write(batch: Waiting[]): Promise<void>;
  /** Why a message that has waited too long is not taken. */
  tooLate(): Error;
}) {
  const lines = new Map<string, Line>();
  const going = new Set<Waiting[]>();
  let bytes = 0;
  let scheduled = false;
  let timer: NodeJS.Timeout | null = null;
  const emptied: (() => void)[] = [];

  function next(): Waiting[] {
    const batch: Waiting[] = [];
    let size = 0;
    for (const [project, line] of lines) {
      if (line.going) continue;
      let rows = 0;
      while (rows < line.waiting.length && batch.length + rows < rowsPerBatch && size < bytesPerBatch) {
        size += weightOf((line.waiting[rows++] as Waiting).message);
      }
      line.going = true;
      batch.push(...line.waiting.splice(0, rows));
      // Whoever had its turn goes to the end of the row.
      lines.delete(project);
      lines.set(project, line);
      if (batch.length >= rowsPerBatch || size >= bytesPerBatch) break;
    }
    bytes -= size;
    return batch;
  }

  function soon(work: () => void): void {
    scheduled = true;
    setImmediate(work);
  }

  function go(): void {
    scheduled = false;
    while (going.size < batchesAtOnce) {
      const batch = next();
      if (batch.length === 0) break;
      going.add(batch);
      void write(batch).then(() => finish(batch));
    }
    if (going.size > 0) timer ??= setTimeout(look, lookMs).unref();
  }

  function finish(batch: Waiting[]): void {
    going.delete(batch);
    for (const project of new Set(batch.map(({ message }) => message.project))) {
      const line = lines.get(project) as Line;
      line.going = false;
      if (line.waiting.length === 0) lines.delete(project);
    }
    let waiting = 0;
    for (const line of lines.values()) if (!line.going) waiting += line.waiting.length;
    // Others wait already: the database writes them while readers are told of those before.
    if (!scheduled && waiting * restless >= batch.length) go();
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
    for (const batch of going) for (const one of batch) if (late(one)) one.fail(tooLate());
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
      const line = lines.get(waiting.message.project);
      if (line) line.waiting.push(waiting);
      else lines.set(waiting.message.project, { waiting: [waiting], going: false });
      // What a batch of the same project holds up goes when that one is done.
      if (!scheduled && !line?.going) soon(go);
    },
    /** Resolves when nothing waits any more. */
    async empty(): Promise<void> {
      if (lines.size > 0) await new Promise<void>((done) => emptied.push(done));
      if (timer) clearTimeout(timer);
    },
  };
}
