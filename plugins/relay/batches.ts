import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Engine, type Locale, Refusal } from '../../core/index.ts';
import { errorOf } from './answers.ts';
import { createPile, readChunks } from './bodies.ts';
import { bytesOf, checkChannel, checkKey, checkType } from './channel.ts';
import { noOthers } from './frames.ts';
import type { Pass } from './gate.ts';
import type { Accepted } from './log.ts';
import type { Outgoing, Publisher, Sender } from './publisher.ts';
import { languageOf } from './words.ts';

export const batchType = 'application/x-ndjson';
const linesPerBatch = 1000;
const batchBytes = 16 * 1024 * 1024;
/** Bodies of batches that may be in memory at once, of all callers. */
const allBatchesBytes = 128 * 1024 * 1024;
const members = ['channel', 'data', 'encoding', 'type', 'key'];
const newline = 0x0a;

/**
 * Publishes many messages with one request: a line of JSON each, answered by a line each in the same order. A line that
 * is wrong is answered as such and does not stop the others; a request that is wrong as a whole publishes nothing.
 */
export function createBatches(
  engine: Engine,
  publisher: Publisher,
  { lineBytes, bodyMs }: { lineBytes: number; bodyMs: number },
) {
  let held = 0;

  /** @throws Refusal `batch.too-many-lines` | `batch.too-large` | `batch.empty`; TooSlow | HungUp */
  async function read(request: IncomingMessage): Promise<(Outgoing | Refusal)[]> {
    const lines: (Outgoing | Refusal)[] = [];
    const split = createLines(lineBytes, (line) => {
      if (lines.length === linesPerBatch) throw tooManyLines();
      lines.push(line === null ? tooLong(lineBytes) : messageOf(line));
    });
    let bytes = 0;
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > batchBytes) throw tooManyBytes();
      split.take(chunk);
    };
    await readChunks(request, take, { limitMs: bodyMs });
    split.end();
    if (lines.length === 0) throw new Refusal('batch.empty', 'invalid', { message: 'A batch has at least one line.' });
    return lines;
  }

  return async (request: IncomingMessage, response: ServerResponse, pass: Pass, from: Sender): Promise<void> => {
    checkHead(request);
    // What was announced is what may come; a body without a length may be of any.
    const declared = Number(request.headers['content-length'] ?? batchBytes);
    if (declared > batchBytes) throw tooManyBytes();
    if (held + declared > allBatchesBytes) throw busy();
    held += declared;
    try {
      const lines = await read(request);
      const outcomes = await publisher.many(pass, from, lines);
      answer(response, outcomes, languageOf(request.headers));
    } finally {
      held -= declared;
    }
  };

  function answer(response: ServerResponse, outcomes: readonly (Accepted | Error)[], language: Locale | null): void {
    for (const outcome of outcomes) {
      if (outcome instanceof Error && !(outcome instanceof Refusal)) {
        engine.log.error({ error: String(outcome) }, 'A line of a batch failed.');
      }
    }
    // Nothing was taken and nothing was wrong with the lines: the whole request is to be tried again.
    if (outcomes.every((outcome) => outcome instanceof Refusal && outcome.kind === 'unavailable')) throw outcomes[0];
    const body = outcomes.map((outcome) => lineOf(outcome, language)).join('');
    response
      .writeHead(200, {
        'content-type': `${batchType}; charset=utf-8`,
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
      })
      .end(body);
  }
}

function lineOf(outcome: Accepted | Error, language: Locale | null): string {
  if (outcome instanceof Error) return `${JSON.stringify({ error: errorOf(outcome, language) })}\n`;
  // Channel names are checked to have no character that JSON escapes.
  return `{"id":"${outcome.id}","channel":"${outcome.channel}","offset":${outcome.offset}}\n`;
}

/** @throws Refusal `body.wrong-type` | `idempotency.per-line` */
function checkHead({ headers }: IncomingMessage): void {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== batchType) {
    throw new Refusal('body.wrong-type', 'invalid', { message: `A batch is ${batchType}: one JSON object a line.` });
  }
  if (headers['idempotency-key'] !== undefined) {
    throw new Refusal('idempotency.per-line', 'invalid', {
      field: 'Idempotency-Key',
      message: 'In a batch each line has its own "key".',
    });
  }
}

/** One line of a batch as a message, or what is wrong with it. */
function messageOf(line: Buffer): Outgoing | Refusal {
  try {
    if (!isUtf8(line)) throw new Refusal('line.not-utf8', 'invalid', { message: 'A line is text in UTF-8.' });
    const value = parse(line.toString('utf8'));
    noOthers(value, members);
    const { key } = value;
    return {
      channel: checkChannel(value.channel),
      payload: bytesOf(value.data, value.encoding),
      type: checkType(value.type),
      ...(key === undefined ? {} : { key: checkKey(key) }),
    };
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function parse(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Refusal('line.not-json', 'invalid', { message: 'A line is JSON.' });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Refusal('line.not-object', 'invalid', { message: 'A line is a JSON object.' });
}

/**
 * Cuts chunks into lines at each newline. Of a line that is longer than `limit` nothing is kept: it comes as null.
 * Bytes after the last newline are a line too.
 */
export function createLines(limit: number, give: (line: Buffer | null) => void) {
  const pile = createPile();
  let over = false;

  function add(piece: Buffer): void {
    if (over || pile.bytes() + piece.length <= limit) {
      if (!over && piece.length > 0) pile.add(piece);
      return;
    }
    over = true;
    pile.take();
  }

  function finish(): void {
    const line = pile.take();
    give(over ? null : line);
    over = false;
  }

  return {
    take(chunk: Buffer): void {
      let start = 0;
      for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
        add(chunk.subarray(start, end));
        finish();
        start = end + 1;
      }
      add(chunk.subarray(start));
    },
    end(): void {
      if (over || pile.bytes() > 0) finish();
    },
  };
}

function tooLong(bytes: number): Refusal {
  return new Refusal('line.too-long', 'too-large', {
    limit: { name: 'line-bytes', value: bytes },
    message: `A line has at most ${bytes} bytes.`,
  });
}

function tooManyLines(): Refusal {
  return new Refusal('batch.too-many-lines', 'invalid', {
    limit: { name: 'lines', value: linesPerBatch },
    message: `A batch has at most ${linesPerBatch} lines; nothing of this one was published.`,
  });
}

function busy(): Refusal {
  return new Refusal('batch.busy', 'unavailable', {
    retryAfter: 1,
    message: 'Too many batches are on their way at once; try again.',
  });
}

function tooManyBytes(): Refusal {
  return new Refusal('batch.too-large', 'too-large', {
    limit: { name: 'batch-bytes', value: batchBytes },
    message: `A batch has at most ${batchBytes} bytes; nothing of this one was published.`,
  });
}
