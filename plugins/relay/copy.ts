import type { Client, Connection } from 'pg';
import type { Temporal } from '../../core/index.ts';

const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const trailer = Buffer.from([0xff, 0xff]);
const word = 2 ** 32;

// PostgreSQL counts days and microseconds from the first of January 2000.
const epochDay = 10_957;
const epochMicros = 946_684_800_000_000n;

/** Days since the epoch of PostgreSQL. */
export function pgDay(day: Temporal.PlainDate): number {
  return Math.round(day.toZonedDateTime('UTC').epochMilliseconds / 86_400_000) - epochDay;
}

/** Microseconds since the epoch of PostgreSQL. */
export function pgMicros(at: Temporal.Instant): number {
  return Number(at.epochNanoseconds / 1000n - epochMicros);
}

/** Columns that many rows have in common, in the form in which `ready` takes them. */
export function copyColumns(write: (columns: ReturnType<typeof copyWriter>) => void): Buffer {
  const writer = copyWriter(0, 256);
  write(writer);
  return writer.finish().subarray(signature.length, -trailer.length);
}

/**
 * Writes rows of PostgreSQL's binary COPY format into one growing buffer.
 * @param bytes what they will take, about
 */
export function copyWriter(columns: number, bytes = 64 * 1024) {
  let buffer = Buffer.allocUnsafe(bytes);
  let end = signature.copy(buffer, 0);

  const room = (more: number): void => {
    if (end + more <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, end + more));
    buffer.copy(larger, 0, 0, end);
    buffer = larger;
  };

  const writer = {
    row() {
      room(2);
      end = buffer.writeInt16BE(columns, end);
      return writer;
    },
    text(value: string | null) {
      if (value === null) return writer.nothing();
      room(4 + 3 * value.length);
      const written = buffer.write(value, end + 4);
      end = buffer.writeInt32BE(written, end) + written;
      return writer;
    },
    bytes(value: Buffer) {
      room(4 + value.length);
      end = buffer.writeInt32BE(value.length, end);
      end += value.copy(buffer, end);
      return writer;
    },
    int4(value: number) {
      room(8);
      end = buffer.writeInt32BE(4, end);
      end = buffer.writeInt32BE(value, end);
      return writer;
    },
    /** @param value a safe integer */
    int8(value: number) {
      room(12);
      end = buffer.writeInt32BE(8, end);
      end = buffer.writeInt32BE(Math.floor(value / word), end);
      end = buffer.writeUInt32BE(value >>> 0, end);
      return writer;
    },
    /** Columns that are made already. */
    ready(columns: Buffer) {
      room(columns.length);
      end += columns.copy(buffer, end);
      return writer;
    },
    nothing() {
      room(4);
      end = buffer.writeInt32BE(-1, end);
      return writer;
    },
    finish(): Buffer {
      room(2);
      end += trailer.copy(buffer, end);
      return buffer.subarray(0, end);
    },
  };
  return writer;
}

const copyData = 0x64;
const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);

/** Rows for a table, and the statement that takes them. */
export interface Copy {
  into: string;
  data: Buffer;
}

/** Sends the rows of a COPY without waiting to be asked for them. */
export function sendCopy(stream: Connection['stream'], data: Buffer): void {
  const head = Buffer.from([copyData, 0, 0, 0, 0]);
  head.writeUInt32BE(data.length + 4, 1);
  stream.write(head);
  stream.write(data);
  stream.write(copyDone);
}

/**
 * Sends finished buffers into tables and commits the transaction, all in one go: one way to the server and back,
 * whatever is written. Resolves once the server has said that it has committed.
 * @throws Error of the server, after which nothing of it is committed; when the connection is lost, nobody knows
 */
export function copyAndCommit(client: Client, copies: readonly Copy[]): Promise<void> {
  return new Promise((done, fail) => {
    let last = '';
    let failed = false;
    client.query({
      submit(connection: Connection) {
        const { stream } = connection;
        stream.cork();
        connection.query([...copies.map(({ into }) => into), 'commit'].join('; '));
        for (const { data } of copies) sendCopy(stream, data);
        stream.uncork();
      },
      // What the server asks for has been sent already: it passes over what it no longer wants (PostgreSQL, 54.2.6).
      handleCopyInResponse() {},
      handleCommandComplete({ text }: { text: string }) {
        last = text;
      },
      handleError(error: Error) {
        failed = true;
        fail(error);
      },
      handleReadyForQuery() {
        if (failed) return;
        if (last === 'COMMIT') done();
        else fail(new Error(`The database answered ${last} to a commit.`));
      },
    } as never);
  });
}
