import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { expect } from 'chai';
import fc from 'fast-check';
import type WebSocket from 'ws';
import { flags, kinds } from '../../plugins/relay/binary.ts';
import type { Client, Frame } from './engine.ts';
import { aStand, joinBinary, type Stand, until } from './stand.ts';

/** A message as a reader has it. */
interface Got {
  bytes: Buffer;
  type: string | null;
}

describe('a payload', function () {
  this.timeout(60_000);
  let stand: Stand;
  let token: string;
  let project: string;
  let writer: Client;
  let writerInBinary: { socket: WebSocket; frames: Buffer[] };
  let reader: Client;
  let readerInBinary: { socket: WebSocket; frames: Buffer[] };
  const channel = 'any:bytes@all';

  before(async () => {
    stand = await aStand();
    ({ token, project } = await stand.aProject());
    [writer, reader] = [await stand.join(token), await stand.join(token)];
    [writerInBinary, readerInBinary] = [
      await joinBinary(stand.house.origin, token),
      await joinBinary(stand.house.origin, token),
    ];
    reader.send({ subscribe: channel });
    readerInBinary.socket.send(Buffer.concat([Buffer.from([kinds.subscribe, 0, 0, 0, 0, 0]), textOf(channel)]));
    await reader.next((frame) => frame.subscribed);
    await until(() => readerInBinary.frames.find((frame) => frame[0] === kinds.subscribed));
  });
  after(async () => {
    for (const one of [writerInBinary, readerInBinary]) one?.socket.terminate();
    await stand?.close();
  });

  function textOf(value: string): Buffer {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
  }

  /** By HTTP, its body cut into chunks. @returns the offset */
  function byHttp(bytes: Buffer, type: string | null, cut: number): Promise<number> {
    return new Promise((done, fail) => {
      const headers = { authorization: `Bearer ${token}`, ...(type === null ? {} : { 'content-type': type }) };
      const path = `/relay/v1/channels/${encodeURIComponent(channel)}/messages`;
      const call = request(`${stand.house.origin}${path}`, { method: 'POST', headers }, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => (response.statusCode === 202 ? done(JSON.parse(body).offset) : fail(new Error(body))));
      });
      call.on('error', fail);
      for (let at = 0; at < bytes.length; at += cut) call.write(bytes.subarray(at, at + cut));
      call.end();
    });
  }

  const lineOf = (bytes: Buffer, type: string | null, asText: boolean) => ({
    ...(asText ? { data: bytes.toString('utf8') } : { data: bytes.toString('base64'), encoding: 'base64' }),
    ...(type === null ? {} : { type }),
  });

  async function byBatch(bytes: Buffer, type: string | null, asText: boolean): Promise<number> {
    const { lines } = await stand.batch(token, [{ channel, ...lineOf(bytes, type, asText) }]);
    return lines[0].offset;
  }

  /** One WebSocket message in so many fragments. */
  function inFragments(socket: WebSocket, message: Buffer, isBinary: boolean, cut: number): void {
    for (let at = 0; at < message.length; at += cut) {
      socket.send(message.subarray(at, at + cut), { binary: isBinary, fin: at + cut >= message.length });
    }
  }

  let refs = 0;
  async function bySocket(bytes: Buffer, type: string | null, asText: boolean, cut: number): Promise<number> {
    const ref = ++refs;
    const frame = Buffer.from(JSON.stringify({ publish: channel, ...lineOf(bytes, type, asText), ref }));
    inFragments(writer.socket, frame, false, cut);
    return (await writer.next((one) => one.ack === ref)).offset;
  }

  async function byBinary(bytes: Buffer, type: string | null, cut: number): Promise<number> {
    const ref = ++refs;
    const head = Buffer.from([kinds.publish, flags.ref | (type === null ? 0 : flags.type), 0, 0, ref >> 8, ref & 255]);
    const frame = Buffer.concat([head, textOf(channel), ...(type === null ? [] : [textOf(type)]), bytes]);
    inFragments(writerInBinary.socket, frame, true, cut);
    const ack = await until(() =>
      writerInBinary.frames.find((one) => one[0] === kinds.ack && one.readUInt32BE(2) === ref),
    );
    return Number(ack.readBigUInt64BE(6));
  }

  const unshown = (frame: Frame): Got => ({
    bytes: Buffer.from(frame.data, frame.encoding === 'base64' ? 'base64' : 'utf8'),
    type: frame.type ?? null,
  });

  function unpacked(frame: Buffer): Got {
    let at = 22;
    const next = (): string => {
      const length = frame.readUInt16BE(at);
      at += 2 + length;
      return frame.toString('utf8', at - length, at);
    };
    next();
    expect(next()).to.equal(channel);
    const type = (frame[1] as number) & flags.type ? next() : null;
    return { bytes: frame.subarray(at), type };
  }

  /** The message of an offset as each kind of reader has it. */
  async function seen(offset: number): Promise<Got[]> {
    const live = unshown((await reader.until(1, (frame) => frame.offset === offset && frame.channel))[0]);
    const frame = await until(() =>
      readerInBinary.frames.find((one) => one[0] === kinds.message && one.readBigUInt64BE(6) === BigInt(offset)),
    );
    const path = `channels/${encodeURIComponent(channel)}/messages?after=${offset - 1}&limit=1`;
    const { body } = await stand.call('GET', path, token);
    return [live, unpacked(frame), unshown(body.messages[0])];
  }

  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: 'binary', maxLength: 200 }).map((value) => Buffer.from(value.toWellFormed())),
    fc
      .constantFrom('', '\0', '\uFEFFx', '{"a":1}', '\r\n', '"', '\\ud800', '=', '💥é'.repeat(50))
      .map((value) => Buffer.from(value)),
    fc.integer({ min: 1, max: 70_000 }).map((length) => randomBytes(length)),
  );
  const anyType = fc.option(
    fc.oneof(
      fc.constantFrom('application/json; charset=utf-8', 'image/png', 'text/plain', 'x'),
      fc.stringMatching(/^[!-~]([ -~]{0,40}[!-~])?$/),
    ),
    { nil: null },
  );

  it('of any bytes and any content type comes back the same, whichever door it came by and whichever it is read by', async () => {
    let before = 0;
    await fc.assert(
      fc.asyncProperty(
        anyBytes,
        anyType,
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 1, max: 5000 }),
        async (bytes, type, door, share) => {
          // At most a few hundred pieces, so that a run stays short.
          const cut = Math.max(share, Math.ceil((bytes.length * 2) / 300), 1);
          const asText = bytes.equals(Buffer.from(bytes.toString('utf8')));
          const doors = [
            () => byHttp(bytes, type, cut),
            () => byBatch(bytes, type, false),
            () => byBatch(bytes, type, asText),
            () => bySocket(bytes, type, asText, cut),
            () => bySocket(bytes, type, false, cut),
            () => byBinary(bytes, type, cut),
          ];
          const offset = await (doors[door] as () => Promise<number>)();
          // One call, or one WebSocket message in however many fragments, is one message.
          expect(offset).to.equal(++before);
          for (const got of await seen(offset)) {
            expect(got.bytes.equals(bytes)).to.equal(true);
            expect(got.type).to.equal(type);
          }
        },
      ),
      { numRuns: 120 },
    );
    const [row] = await stand.base.db('relay.messages').where({ project_id: project }).count({ n: '*' });
    expect(row?.n).to.equal(before);
  });

  it('of the largest size comes through every door', async () => {
    const bytes = randomBytes(1024 * 1024);
    for (const send of [
      () => byHttp(bytes, null, 100_000),
      () => byBatch(bytes, null, false),
      () => bySocket(bytes, null, false, 300_000),
      () => byBinary(bytes, null, 300_000),
    ]) {
      for (const got of await seen(await send())) expect(got.bytes.equals(bytes)).to.equal(true);
    }
  });

  it('that is six times as long in JSON closes no reader, live or from the log', async () => {
    const bytes = Buffer.alloc(1024 * 1024, 1);
    const offsets: number[] = [];
    for (let round = 0; round < 2; round++) {
      const offset = await byHttp(bytes, null, 100_000);
      for (const got of await seen(offset)) expect(got.bytes.equals(bytes)).to.equal(true);
      offsets.push(offset);
    }
    const late = await stand.join(token);
    late.send({ subscribe: channel, after: (offsets[0] as number) - 1 });
    const again = await late.until(2, (frame) => frame.id !== undefined);
    expect(again.map((frame) => frame.offset)).to.deep.equal(offsets);
  });
});
