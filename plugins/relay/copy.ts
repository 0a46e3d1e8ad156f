import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Temporal } from '../../core/index.ts';

const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const trailer = Buffer.from([0xff, 0xff]);

// PostgreSQL counts days and microseconds from the first of January 2000.
const epochDay = 10_957;
const epochMicros = 946_684_800_000_000n;

/** Days since the epoch of PostgreSQL. */
export function pgDay(day: Temporal.PlainDate): number {
  return Math.round(day.toZonedDateTime('UTC').epochMilliseconds / 86_400_000) - epochDay;
}

/** Microseconds since the epoch of PostgreSQL. */
export function pgMicros(at: Temporal.Instant): bigint {
  return at.epochNanoseconds / 1000n - epochMicros;
}

/** Writes rows of PostgreSQL's binary COPY format into one growing buffer. */
export function copyWriter(columns: number) {
  let buffer = Buffer.allocUnsafe(64 * 1024);
  let end = signature.copy(buffer, 0);

  const room = (bytes: number): void => {
    if (end + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, end + bytes));
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
      const bytes = Buffer.byteLength(value);
      room(4 + bytes);
      end = buffer.writeInt32BE(bytes, end);
      end += buffer.write(value, end);
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
    int8(value: bigint) {
      room(12);
      end = buffer.writeInt32BE(8, end);
      end = buffer.writeBigInt64BE(value, end);
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

/** Sends a finished buffer into a table by COPY, on the connection of a transaction. */
export async function copyInto(connection: Client, statement: string, data: Buffer): Promise<void> {
  await pipeline(Readable.from([data], { objectMode: false }), connection.query(copyFrom(statement)));
}
