import { connect as dial, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type Client, connect, publish } from './engine.ts';
import { aStand, type Node, type Stand, until } from './stand.ts';

describe('the relay among hostile peers', function () {
  this.timeout(30_000);
  let stand: Stand;
  let node: Node;
  let origin: string;
  let token: string;
  let project: string;
  let witness: Client; // an honest reader that must not notice anything
  const patience = { heartbeatMs: 1000, helloMs: 1000, bodyMs: 400 };

  before(async () => {
    stand = await aStand();
    // The same relay with less patience than in service.
    node = await stand.node({ patience });
    ({ origin } = node);
    ({ token, project } = await stand.aProject());
    witness = await connect(origin, token);
    witness.send({ subscribe: 'witness' });
    await witness.next((frame) => frame.subscribed);
  });
  afterEach(async () => {
    // Whatever happened: the service goes on, and the honest reader is served.
    expect((await publish(origin, token, 'witness', 'still here')).status).to.equal(202);
    await witness.next((frame) => frame.channel === 'witness');
  });
  after(async () => {
    witness?.socket.terminate();
    await node?.close();
    await stand?.close();
  });

  /** A peer that writes bytes as it likes. */
  async function peer(): Promise<{ socket: Socket; said(): string; closed: Promise<void> }> {
    const socket = dial(Number(new URL(origin).port), '127.0.0.1');
    let said = '';
    socket.on('data', (chunk) => (said += chunk.toString('latin1')));
    socket.on('error', () => {});
    const closed = new Promise<void>((done) => socket.once('close', () => done()));
    await new Promise((done) => socket.once('connect', done));
    return { socket, said: () => said, closed };
  }

  async function upgraded(headers: Record<string, string> = { Authorization: `Bearer ${token}` }) {
    const one = await peer();
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    one.socket.write(
      `GET /relay/v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${lines.join('')}\r\n`,
    );
    await until(() => one.said().includes('\r\n\r\n'));
    return one;
  }

  /** A masked frame; the mask is zero, so that the bytes stay readable. */
  function frame(opcode: number, content: Buffer | string, fin = true): Buffer {
    const bytes = Buffer.from(content as string);
    const head = bytes.length < 126 ? Buffer.from([0, 0x80 | bytes.length]) : Buffer.from([0, 0xfe, 0, 0]);
    if (bytes.length >= 126) head.writeUInt16BE(bytes.length, 2);
    head[0] = (fin ? 0x80 : 0) | opcode;
    return Buffer.concat([head, Buffer.alloc(4), bytes]);
  }

  const codeOf = async (client: Client): Promise<number> => (await client.closed).code;

  describe('on a WebSocket', () => {
    it('closes a message that is too large with 1009, in one piece or in many', async () => {
      const whole = await connect(origin, token);
      whole.socket.send(Buffer.alloc(2 * 1024 * 1024, 'x'), { binary: false });
      expect(await codeOf(whole)).to.equal(1009);
      const pieces = await connect(origin, token);
      for (let index = 0; index < 20; index++) {
        pieces.socket.send(Buffer.alloc(100 * 1024, 'x'), { binary: false, fin: false });
      }
      expect(await codeOf(pieces)).to.equal(1009);
    });

    it('closes endless fragments of nothing, and text that is no UTF-8 with 1007', async () => {
      const crumbs = await connect(origin, token);
      for (let index = 0; index < 20_000; index++) crumbs.socket.send('', { fin: false });
      expect(await codeOf(crumbs)).to.equal(1008);
      const noise = await connect(origin, token);
      noise.socket.send(Buffer.from([0x7b, 0xc3, 0x28]), { binary: false });
      expect(await codeOf(noise)).to.equal(1007);
    });

    it('lets go who does not answer its pings', async () => {
      const started = performance.now();
      const dead = await upgraded();
      dead.socket.write(frame(1, '{"subscribe":"x"}'));
      await dead.closed;
      expect(performance.now() - started).to.be.lessThan(4 * patience.heartbeatMs);
    });

    it('closes a flood of pings with 1008, and answers a decent number', async () => {
      const decent = await connect(origin, token);
      let pongs = 0;
      decent.socket.on('pong', () => pongs++);
      for (let index = 0; index < 50; index++) decent.socket.ping('x');
      await until(() => pongs === 50);
      decent.socket.terminate();
      const flood = await connect(origin, token);
      for (let index = 0; index < 5000; index++) flood.socket.ping('x'.repeat(100));
      expect(await flood.closed).to.deep.equal({ code: 1008, reason: 'too many pings' });
    });

    it('gives a connection a thousand subscriptions; thousands more keep nobody from publishing', async () => {
      const greedy = await connect(origin, token);
      for (let index = 0; index < 3000; index++) greedy.send({ subscribe: `c${index}`, after: 0, ref: index });
      const started = performance.now();
      expect((await publish(origin, token, 'busy', 'x')).status).to.equal(202);
      expect(performance.now() - started).to.be.lessThan(2000);
      const refused = await greedy.until(2000, (one) => one.error);
      expect(new Set(refused.map(({ error }) => error.code))).to.deep.equal(new Set(['subscription.too-many']));
      await greedy.until(1000, (one) => one.subscribed);
      greedy.send({ unsubscribe: 'c0' });
      greedy.send({ subscribe: 'c3000' });
      expect((await greedy.next((one) => one.subscribed === 'c3000')).offset).to.equal(0);
      greedy.socket.terminate();
    });

    it('takes subscribing and leaving at once as never having come', async () => {
      const restless = await connect(origin, token);
      for (let index = 0; index < 50; index++) {
        restless.send({ subscribe: 'door' });
        restless.send({ unsubscribe: 'door' });
      }
      restless.send({ subscribe: 'door' });
      await restless.next((one) => one.subscribed);
      restless.send({ publish: 'door', data: 'x', ref: 1 });
      await restless.next((one) => one.ack === 1);
      await restless.next((one) => one.channel);
      expect(restless.frames.map((one) => one.subscribed ?? one.channel ?? one.ack)).to.deep.equal(['door', 'door', 1]);
      restless.socket.terminate();
    });

    it('bounds what waits for a peer that only talks, and lets it go', async () => {
      const mute = await upgraded();
      const connections = (): number => node.parts.relay.connections(project);
      const before = connections();
      mute.socket.pause();
      const wrong = Buffer.concat(Array(1000).fill(frame(1, `{"ref":"${'r'.repeat(190)}"}`)));
      for (let round = 0; round < 200 && connections() === before && !mute.socket.destroyed; round++) {
        if (!mute.socket.write(wrong)) await delay(10);
      }
      await until(() => connections() < before);
      mute.socket.destroy();
    });

    it('lets nobody stay who shows nothing: it is closed soon, and may say little', async () => {
      const silent = await connect(origin, null);
      const started = performance.now();
      expect(await silent.closed).to.deep.equal({ code: 4401, reason: 'ticket.missing' });
      expect(performance.now() - started).to.be.lessThan(4 * patience.helloMs);
      const chatty = await connect(origin, null);
      chatty.socket.send('x'.repeat(20_000));
      expect(await codeOf(chatty)).to.equal(1006);
      const strangers = await Promise.all(
        Array.from({ length: 110 }, () => connect(origin, null).catch((error) => error.message)),
      );
      const refused = strangers.filter((one) => typeof one === 'string');
      expect(refused.length).to.be.within(1, 10);
      expect(new Set(refused)).to.deep.equal(new Set(['401']));
      for (const one of strangers) if (typeof one !== 'string') one.socket.terminate();
    });

    it('tells who waits and who was let in when the node stops', async () => {
      const other = await stand.node();
      const [stranger, guest] = [await connect(other.origin, null), await connect(other.origin, token)];
      await other.close();
      expect([await codeOf(stranger), await codeOf(guest)]).to.deep.equal([1012, 1012]);
    });

    it('refuses an upgrade that is none', async () => {
      const tries: [Record<string, string>, RegExp][] = [
        [{ Authorization: `Bearer ${token}`, 'Sec-WebSocket-Protocol': 'chat' }, /^HTTP\/1.1 400 /],
        [{ Authorization: `Bearer ${token}`, 'Sec-WebSocket-Protocol': 'srok.v1,,' }, /^HTTP\/1.1 400 /],
        [{ Authorization: 'Bearer' }, /^HTTP\/1.1 401 /],
        [{ Authorization: `Basic ${token}` }, /^HTTP\/1.1 401 /],
        [{ 'Sec-WebSocket-Protocol': `srok.v1, ticket.${'t'.repeat(8000)}` }, /^HTTP\/1.1 401 /],
      ];
      for (const [headers, answer] of tries) {
        const one = await upgraded(headers);
        expect(one.said()).to.match(answer);
        expect(one.said()).not.to.contain(token);
        await one.closed;
      }
    });
  });

  describe('by HTTP', () => {
    it('refuses a bomb of headers with 431', async () => {
      for (const bomb of [`X: ${'x'.repeat(64 * 1024)}\r\n`, 'X: y\r\n'.repeat(20_000)]) {
        const one = await peer();
        one.socket.write(`POST /relay/v1/channels/x/messages HTTP/1.1\r\nHost: x\r\n${bomb}\r\n`);
        await one.closed;
        expect(one.said()).to.match(/^HTTP\/1.1 431 /);
      }
    });

    it('waits for a slow body as long as it may, then answers 408 and hangs up', async () => {
      for (const path of ['channels/x/messages', 'batches', 'tickets']) {
        const one = await peer();
        const started = performance.now();
        one.socket.write(
          `POST /relay/v1/${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
            'Content-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\nx',
        );
        await one.closed;
        expect(one.said(), path).to.match(/^HTTP\/1.1 408 /);
        expect(performance.now() - started).to.be.lessThan(10 * patience.bodyMs);
      }
    });

    it('keeps the bodies of batches within bounds together, and gives back what was promised and never came', async () => {
      const line = JSON.stringify({ channel: 'x', data: 'x' });
      const send = () =>
        fetch(`${origin}/relay/v1/batches`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
          body: line,
        });
      for (const way of ['hangs up', 'is slow']) {
        const many = await Promise.all(
          Array.from({ length: 8 }, async () => {
            const one = await peer();
            one.socket.write(
              `POST /relay/v1/batches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
                `Content-Type: application/x-ndjson\r\nContent-Length: ${16 * 1024 * 1024}\r\n\r\n{`,
            );
            return one;
          }),
        );
        await delay(50);
        const full = async (): Promise<Response> => {
          for (let tries = 0; tries < 100; tries++) {
            const answer = await send();
            if (answer.status === 503) return answer;
            await delay(1);
          }
          throw new Error('Nothing was refused.');
        };
        const refused = await full();
        expect(refused.headers.get('retry-after')).to.equal('1');
        expect(await refused.json()).to.include({ code: 'batch.busy' });
        if (way === 'hangs up') for (const { socket } of many) socket.destroy();
        await Promise.all(many.map(({ closed }) => closed));
        await delay(20);
        expect((await send()).status, way).to.equal(200);
      }
    });

    it('reads a body of single bytes as it is', async () => {
      const one = await peer();
      const body = Buffer.from(Array.from({ length: 20_000 }, (_, index) => 33 + (index % 90)));
      one.socket.write(
        `POST /relay/v1/channels/bytes/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
          'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
      );
      one.socket.write(Buffer.concat([...body].map((byte) => Buffer.from([49, 13, 10, byte, 13, 10]))));
      one.socket.write('0\r\n\r\n');
      await one.closed;
      expect(one.said()).to.match(/^HTTP\/1.1 202 /);
      const pulled = await fetch(`${origin}/relay/v1/channels/bytes/messages`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const { messages } = (await pulled.json()) as { messages: { data: string }[] };
      expect(messages.at(-1)?.data).to.equal(body.toString());
    });

    it('answers what is hard to read as fast as what is easy', async () => {
      const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
      const lines = [
        deep,
        `{"channel":"x","data":${deep}}`,
        JSON.stringify({ channel: 'x', data: `${'='.repeat(1_300_000)}x`, encoding: 'base64' }),
        JSON.stringify({ channel: '.'.repeat(1_000_000), data: 'x' }),
        `{${Array.from({ length: 100_000 }, (_, index) => `"${index}":1`).join(',')}}`,
        JSON.stringify({ channel: 'x', data: 'x', type: 'x'.repeat(1_000_000) }),
        JSON.stringify({ channel: 'x', data: 'x', key: 'x'.repeat(1_000_000) }),
      ];
      const started = performance.now();
      const { lines: answers } = await stand.batch(token, lines);
      expect(performance.now() - started).to.be.lessThan(3000);
      expect(answers.map(({ error }) => error.code)).to.deep.equal([
        'line.not-object',
        'data-not-string',
        'data-not-base64',
        'channel.bad-name',
        'member.unknown',
        'message.bad-type',
        'idempotency.bad-key',
      ]);
      for (const { error } of answers) expect(JSON.stringify(error).length).to.be.lessThan(500);
    });

    it('knows its own paths and no others', async () => {
      const status = async (method: string, path: string): Promise<number> => {
        const one = await peer();
        one.socket.write(
          `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n` +
            'Content-Length: 0\r\n\r\n',
        );
        await one.closed;
        return Number(one.said().slice(9, 12));
      };
      expect(await status('GET', '/relay/v1/../aaatickets')).to.equal(404);
      expect(await status('POST', '/relay/v1/channels/%2e%2e/messages')).to.equal(404);
      expect(await status('POST', '/relay/v1/channels/%ff/messages')).to.equal(400);
      expect(await status('POST', '/relay/v1/channels/a%20b/messages')).to.equal(400);
      expect(await status('POST', '/relay/v1/channels/a/b/messages')).to.equal(404);
      expect(await status('DELETE', '/relay/v1/channels/a/messages')).to.equal(405);
      expect(await status('GET', '/relay/v1/schema/..%2fdoor.ts')).to.equal(404);
      expect(await status('GET', '/relay/v1/channels/a/messages?after=-1')).to.equal(400);
      expect(await status('GET', '/relay/v1/connect')).to.equal(400);
    });
  });
});
