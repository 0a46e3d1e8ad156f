import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type Client, connect, type Frame, publish } from './engine.ts';
import { wrongBy } from './schemas.ts';
import { aStand, type Stand } from './stand.ts';

describe('the native API of the relay', () => {
  let stand: Stand;
  before(async () => {
    stand = await aStand();
  });
  afterEach(() => stand.hangUp());
  after(() => stand?.close());

  const pullOf = async (token: string, channel: string) =>
    (await stand.call('GET', `channels/${channel}/messages`, token)).body;

  describe('a batch', () => {
    it('is answered line by line, in order; what is wrong with one line stops no other', async () => {
      const { token } = await stand.aProject();
      const { status, lines, headers } = await stand.batch(token, [
        { channel: 'a', data: 'first' },
        { channel: 'b', data: Buffer.from([0xff, 0]).toString('base64'), encoding: 'base64', type: 'image/png' },
        'not json',
        { channel: 'a', data: { an: 'object' } },
        '[]',
        '',
        { channel: 'a b', data: 'x' },
        { channel: 'a', data: '***', encoding: 'base64' },
        { channel: 'a', data: 'x', chanel: 'b' },
        { channel: 'a', data: 'x', key: '' },
        { channel: 'a', data: 'x', type: 'тип' },
        { channel: 'a', data: '\ud800' },
        { channel: 'a', data: 'last' },
      ]);
      expect(status).to.equal(200);
      expect(headers.get('content-type')).to.contain('application/x-ndjson');
      expect(lines.map((line) => line.error?.code ?? `${line.channel} ${line.offset}`)).to.deep.equal([
        'a 1',
        'b 1',
        'line.not-json',
        'data-not-string',
        'line.not-object',
        'line.not-json',
        'channel.bad-name',
        'data-not-base64',
        'member.unknown',
        'idempotency.bad-key',
        'message.bad-type',
        'data-not-text',
        'a 2',
      ]);
      const { messages } = await pullOf(token, 'a');
      expect(messages.map(({ id }: { id: string }) => id)).to.deep.equal([lines[0].id, lines.at(-1).id]);
      expect((await pullOf(token, 'b')).messages[0]).to.include({ encoding: 'base64', type: 'image/png' });
    });

    it('of a thousand lines is one group; one line more and nothing of it is published', async () => {
      const { token } = await stand.aProject();
      const lines = Array.from({ length: 1000 }, (_, index) => ({ channel: `c${index % 7}`, data: `m${index}` }));
      const { lines: answers } = await stand.batch(token, lines);
      expect(answers).to.have.length(1000);
      expect(answers.map(({ channel }) => channel)).to.deep.equal(lines.map(({ channel }) => channel));
      const offsets = new Map<string, number>();
      for (const { channel, offset } of answers) {
        expect(offset).to.equal((offsets.get(channel) ?? 0) + 1);
        offsets.set(channel, offset);
      }
      const rows = await stand.base.db('relay.messages').whereIn(
        'id',
        answers.map(({ id }) => id),
      );
      expect(rows).to.have.length(1000);
      expect(new Set(rows.map((row) => String(row.stored_at))).size).to.equal(1);
      const more = await stand.batch(token, [...lines, { channel: 'over', data: 'x' }]);
      expect(more.status).to.equal(400);
      expect(more.body).to.deep.include({ code: 'batch.too-many-lines', limit: { name: 'lines', value: 1000 } });
      expect((await pullOf(token, 'c0')).newest).to.equal(offsets.get('c0'));
    });

    it('reaches readers once, in the order of its lines, and is in the log before its answer', async () => {
      const { token, project } = await stand.aProject();
      const reader = await stand.join(token);
      reader.send({ subscribe: 'stream' });
      await reader.next((frame) => frame.subscribed);
      const { lines } = await stand.batch(
        token,
        Array.from({ length: 50 }, (_, index) => ({ channel: 'stream', data: `m${index}` })),
      );
      const logged = await stand.base.db('relay.payloads').where({ project_id: project }).count({ n: '*' });
      expect(logged[0]?.n).to.equal(50);
      const frames = await reader.until(50, (frame) => frame.channel);
      expect(frames.map(({ data, id }) => [data, id])).to.deep.equal(lines.map(({ id }, index) => [`m${index}`, id]));
    });

    it('and each single message keep to the rate of a plan that has one; the next second begins anew', async () => {
      const plan = stand.house.law.operator.plans.find(({ id }) => id === 'start') as { limits: object };
      const { limits } = plan;
      plan.limits = { ...limits, messagesPerSecond: 3 };
      try {
        const { token } = await stand.aProject('start');
        const other = await stand.aProject('start');
        const five = Array.from({ length: 5 }, (_, index) => ({ channel: 'rate', data: `m${index}` }));
        const { lines } = await stand.batch(token, five);
        expect(lines.map(({ offset, error }) => offset ?? error.code)).to.deep.equal([
          ...[1, 2, 3],
          ...['limit.rate', 'limit.rate'],
        ]);
        const over = await publish(stand.house.origin, token, 'rate', 'x');
        expect(over.status).to.equal(429);
        expect(over.headers.get('retry-after')).to.equal('1');
        expect(over.body).to.deep.include({ limit: { name: 'messages-per-second', value: 3 }, clause: 'Оферта 4.5.2' });
        const resets = Date.parse(over.body.resetsAt) - stand.house.clock.now().epochMilliseconds;
        expect(resets).to.be.within(1, 1000);
        expect((await publish(stand.house.origin, other.token, 'rate', 'x')).status).to.equal(202);
        stand.house.clock.moveTo(stand.house.clock.now().add({ seconds: 1 }));
        expect((await publish(stand.house.origin, token, 'rate', 'x')).body.offset).to.equal(4);
      } finally {
        plan.limits = limits;
      }
    });

    it('fits the limit to the message: the lines beyond it are refused one by one, with the clause and the reset', async () => {
      const { token, project } = await stand.aProject('mini');
      await publish(stand.house.origin, token, 'limit', 'before');
      const { status, lines } = await stand.batch(
        token,
        Array.from({ length: 15 }, (_, index) => ({ channel: 'limit', data: `m${index}` })),
      );
      expect(status).to.equal(200);
      expect(lines.map(({ offset, error }) => offset ?? error.code)).to.deep.equal([
        ...[2, 3, 4, 5, 6, 7, 8, 9, 10],
        ...Array(6).fill('limit.messages'),
      ]);
      expect(lines.at(-1).error).to.deep.include({
        limit: { name: 'messages-per-day', value: 10 },
        clause: 'Оферта 4.5.2',
        resetsAt: '2026-05-12T21:00:00Z',
      });
      const [row] = await stand.base.db('relay.payloads').where({ project_id: project }).count({ n: '*' });
      expect(row?.n).to.equal(10);
    });

    it('honours the key of each line: a repetition is the same message, another body is refused', async () => {
      const { token } = await stand.aProject();
      const order = { channel: 'keys', data: 'one', key: 'order-1' };
      const first = await stand.batch(token, [order, order, { ...order, data: 'two' }, { ...order, key: 'order-2' }]);
      const [a, b, c, d] = first.lines;
      expect(b).to.deep.equal(a);
      expect(c.error.code).to.equal('idempotency.other-body');
      expect(d.offset).to.equal(2);
      const again = await stand.batch(token, [order, { ...order, key: 'order-2' }]);
      expect(again.lines).to.deep.equal([a, d]);
      const alone = await publish(stand.house.origin, token, 'keys', 'three', { 'idempotency-key': 'order-1' });
      expect([alone.status, alone.body.code]).to.deep.equal([422, 'idempotency.other-body']);
      // The same key by the other door is the same message too.
      const single = await publish(stand.house.origin, token, 'keys', 'plain', { 'idempotency-key': 'k' });
      const viaBatch = await stand.batch(token, [
        { channel: 'keys', data: 'plain', type: 'application/json', key: 'k' },
      ]);
      expect(viaBatch.lines).to.deep.equal([single.body]);
      stand.house.clock.moveTo(stand.house.clock.now().add({ hours: 24 }));
      expect((await stand.batch(token, [order])).lines[0].offset).to.equal(4);
    });

    it('is refused as a whole by its type, its size, its emptiness and its token', async () => {
      const { token, project } = await stand.aProject();
      const line = { channel: 'x', data: 'x' };
      const wrongType = await stand.batch(token, [line], { 'content-type': 'application/json' });
      expect([wrongType.status, wrongType.body.code]).to.deep.equal([415, 'body.wrong-type']);
      const keyed = await stand.batch(token, [line], { 'idempotency-key': 'k' });
      expect([keyed.status, keyed.body.code]).to.deep.equal([400, 'idempotency.per-line']);
      expect((await stand.batch(token, [])).body.code).to.equal('batch.empty');
      const large = 'x'.repeat(16 * 1024 * 1024 + 1);
      const tooLarge = await stand.batch(token, [large]);
      expect([tooLarge.status, tooLarge.body.code]).to.deep.equal([413, 'batch.too-large']);
      expect((await stand.batch('srok_nobody', [line])).status).to.equal(401);
      expect((await stand.call('GET', 'batches', token)).headers.get('allow')).to.equal('POST');
      const readOnly = await stand.base.db.transaction((trx) =>
        stand.relay.issueToken(trx, project, { rights: ['read'] }),
      );
      expect((await stand.batch(readOnly.token, [line])).status).to.equal(403);
      expect(await stand.base.db('relay.payloads').where({ project_id: project })).to.deep.equal([]);
    });

    it('is read in pieces, wherever they are cut, and a line that is too long is refused without being kept', async () => {
      const { token } = await stand.aProject();
      const lines = [
        JSON.stringify({ channel: 'cut', data: 'раз — съешь ещё' }),
        JSON.stringify({ channel: 'cut', data: 'x'.repeat(1_500_000) }),
        JSON.stringify({ channel: 'cut', data: 'два' }),
      ];
      const bytes = Buffer.from(`${lines.join('\r\n')}\r\n`);
      const cuts = [0, 1, 30, 31, 33, 40, 500_000, bytes.length - 3, bytes.length];
      const body = new ReadableStream({
        async start(controller) {
          for (const [index, cut] of cuts.slice(1).entries()) {
            controller.enqueue(new Uint8Array(bytes.subarray(cuts[index], cut)));
            await delay(2);
          }
          controller.close();
        },
      });
      const answer = await stand.call('POST', 'batches', token, body, { 'content-type': 'application/x-ndjson' });
      const answers = answer.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(answers.map(({ offset, error }) => offset ?? error.code)).to.deep.equal([1, 'line.too-long', 2]);
      const { messages } = await pullOf(token, 'cut');
      expect(messages.map(({ data }: { data: string }) => data)).to.deep.equal(['раз — съешь ещё', 'два']);
    });

    it('with a line that is not UTF-8 publishes the others', async () => {
      const { token } = await stand.aProject();
      const body = Buffer.concat([
        Buffer.from('{"channel":"u","data":"'),
        Buffer.from([0xc3, 0x28]),
        Buffer.from('"}\n{"channel":"u","data":"good"}'),
      ]);
      const answer = await stand.call('POST', 'batches', token, body, { 'content-type': 'application/x-ndjson' });
      const answers = answer.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(answers.map(({ offset, error }) => offset ?? error.code)).to.deep.equal(['line.not-utf8', 1]);
    });
  });

  describe('a ticket', () => {
    const order = { channels: ['news', 'room-*'], rights: ['publish', 'subscribe'], seconds: 60 };
    const offer = (ticket: string) => ({ protocols: ['srok.v1', `ticket.${ticket}`] });

    it('opens one connection, for its channels and rights, and is not repeated by the answer', async () => {
      const { token, project } = await stand.aProject();
      const { status, body } = await stand.ticket(token, order);
      expect(status).to.equal(201);
      expect(body.expiresAt).to.equal(
        stand.house.clock.now().add({ seconds: 60 }).toString({ smallestUnit: 'millisecond' }),
      );
      const [row] = await stand.base.db('relay.tickets').where({ project_id: project });
      expect(JSON.stringify(row)).not.to.contain(body.ticket.slice(-43));

      const client = await stand.join(null, offer(body.ticket));
      expect(client.socket.protocol).to.equal('srok.v1');
      for (const channel of ['news', 'room-', 'room-7']) {
        client.send({ subscribe: channel });
        expect((await client.next((frame) => frame.subscribed)).subscribed).to.equal(channel);
      }
      client.send({ publish: 'room-7', data: 'hello', ref: 1 });
      expect(await client.next((frame) => frame.ack)).to.include({ ack: 1, offset: 1 });
      for (const frame of [
        { subscribe: 'other', ref: 2 },
        { publish: 'newsletter', data: 'x', ref: 2 },
        { subscribe: 'room', ref: 2 },
      ]) {
        client.send(frame);
        expect((await client.next((one) => one.error)).error).to.include({ code: 'ticket.other-channel', ref: 2 });
      }
      client.send({ ticket: body.ticket, ref: 3 });
      expect((await client.next((one) => one.error)).error).to.include({ code: 'ticket.late', ref: 3 });
      const again = await stand.join(null, offer(body.ticket)).catch((error) => error.message);
      expect(again).to.equal('401');
    });

    it('may be the first frame, for who cannot offer it; and what follows it at once is heard', async () => {
      const { token } = await stand.aProject();
      const { body } = await stand.ticket(token, order);
      const client = await stand.join(null);
      client.send({ ticket: body.ticket });
      client.send({ subscribe: 'news' });
      client.send({ publish: 'news', data: 'x', ref: 1 });
      expect(await client.next((frame) => frame.subscribed)).to.include({ subscribed: 'news' });
      await client.next((frame) => frame.ack === 1);

      const second = await stand.join(null);
      second.send({ ticket: body.ticket, ref: 'r' });
      expect((await second.next((frame) => frame.error)).error).to.include({ code: 'ticket.refused', ref: 'r' });
      expect((await second.closed).code).to.equal(4401);
      const third = await stand.join(null);
      third.send({ subscribe: 'news' });
      expect((await third.closed).code).to.equal(4401);
      expect(third.frames.map(({ error }) => error.code)).to.deep.equal(['ticket.missing']);
    });

    it('is used up by one of all who try at once, on whichever node', async () => {
      const { token, project } = await stand.aProject();
      const other = await stand.node();
      try {
        const { body } = await stand.ticket(token, order);
        const tries = await Promise.all(
          Array.from({ length: 10 }, (_, index) => {
            const { origin } = index % 2 === 0 ? stand.house : other;
            return connect(origin, null, offer(body.ticket)).catch((error) => error.message as string);
          }),
        );
        expect(tries.filter((one) => one === '401')).to.have.length(9);
        const client = tries.find((one) => typeof one !== 'string') as Client;
        // Revoked here, closed there.
        const before = performance.now();
        await stand.base.db.transaction((trx) => stand.relay.rotateToken(trx, project));
        expect((await client.closed).code).to.equal(4401);
        expect(performance.now() - before).to.be.lessThan(1000);
      } finally {
        await other.close();
      }
    });

    it('ends with its time, and what nobody used is tidied away', async () => {
      const { token, project } = await stand.aProject();
      const { body } = await stand.ticket(token, { ...order, seconds: 5 });
      stand.house.clock.moveTo(stand.house.clock.now().add({ seconds: 5 }));
      expect(await stand.join(null, offer(body.ticket)).catch((error) => error.message)).to.equal('401');
      expect(await stand.base.db('relay.tickets').where({ project_id: project })).to.have.length(1);
      expect(await stand.house.wake()).to.include('relay.tidy');
      expect(await stand.base.db('relay.tickets').where({ project_id: project })).to.deep.equal([]);
    });

    it('dies with its token, and so does the connection that it opened, within a second', async () => {
      const { project, token } = await stand.aProject();
      const [used, kept] = [await stand.ticket(token, order), await stand.ticket(token, order)];
      const client = await stand.join(null, offer(used.body.ticket));
      client.send({ subscribe: 'news' });
      await client.next((frame) => frame.subscribed);
      const before = performance.now();
      await stand.base.db.transaction((trx) => stand.relay.rotateToken(trx, project));
      expect((await client.closed).code).to.equal(4401);
      expect(performance.now() - before).to.be.lessThan(1000);
      expect(await stand.join(null, offer(kept.body.ticket)).catch((error) => error.message)).to.equal('401');
      expect((await stand.ticket(token, order)).status).to.equal(401);
    });

    it('is never more than its token, and an order that is wrong says where', async () => {
      const { project, token } = await stand.aProject();
      const reader = await stand.base.db.transaction((trx) =>
        stand.relay.issueToken(trx, project, { rights: ['subscribe'] }),
      );
      const beyond = await stand.ticket(reader.token, order);
      expect([beyond.status, beyond.body.code]).to.deep.equal([403, 'token.no-right']);
      const wrong: [object | string, string][] = [
        [{ ...order, channels: [] }, 'channels'],
        [{ ...order, channels: Array(101).fill('x') }, 'channels'],
        [{ ...order, channels: ['a*b'] }, 'channel'],
        [{ ...order, channels: ['**'] }, 'channel'],
        [{ ...order, channels: [1] }, 'channel'],
        [{ ...order, rights: [] }, 'rights'],
        [{ ...order, rights: ['admin'] }, 'rights'],
        [{ ...order, seconds: 901 }, 'seconds'],
        [{ ...order, seconds: 0 }, 'seconds'],
        [{ ...order, seconds: 1.5 }, 'seconds'],
        [{ ...order, chanels: ['x'] }, 'chanels'],
      ];
      for (const [body, field] of wrong) {
        const answer = await stand.ticket(token, body as object);
        expect(answer.status, JSON.stringify(body)).to.equal(400);
        expect(answer.body.errors[0].field, JSON.stringify(body)).to.equal(field);
      }
      expect((await stand.call('POST', 'tickets', token, '{')).status).to.equal(400);
      const channels = Array.from({ length: 100 }, (_, index) => `${'𠀀'.repeat(197)}${index + 100}`);
      expect((await stand.ticket(token, { channels, rights: ['read'] })).status).to.equal(201);
      const far = await stand.call('POST', 'tickets', token, ' '.repeat(256 * 1024 + 1));
      expect([far.status, far.body.code]).to.deep.equal([413, 'ticket.too-large']);
      expect((await stand.ticket(token, { ...order, seconds: 900 })).status).to.equal(201);
    });

    it('is no credential of HTTP, and in the URL it is nothing at all', async () => {
      const { token } = await stand.aProject();
      const { body } = await stand.ticket(token, order);
      expect((await publish(stand.house.origin, body.ticket, 'news', 'x')).status).to.equal(401);
      const inUrl = await stand.call('GET', `connect?ticket=${body.ticket}&token=${token}`, null);
      expect(inUrl.status).to.equal(401);
      const client = await stand.join(null, offer(body.ticket));
      expect(client.socket.readyState).to.equal(client.socket.OPEN);
    });
  });

  describe('the settings of a project', () => {
    const page = 'https://app.example.org';
    const change = (project: string, settings: object) =>
      stand.base.db.transaction(async (trx) => {
        const now = await stand.relay.settings(project);
        return stand.relay.changeSettings(trx, project, { ...now, ...settings });
      });

    /** What a frame is answered once a change has reached an open connection: at most a second later. */
    async function refusal(client: Client, frame: object): Promise<Frame> {
      const over = performance.now() + 1000;
      for (let ref = 100; performance.now() < over; ref++) {
        client.send({ ...frame, ref });
        const answer = await client.next((one) => one.ack === ref || one.error?.ref === ref);
        if (answer.error) return answer.error;
      }
      throw new Error('Nothing was refused.');
    }

    it('let pages of other sites in by their origin: WebSockets and requests alike, and nobody before', async () => {
      const { project, token } = await stand.aProject();
      const from = (origin: string) => ({ headers: { origin } });
      expect(await stand.join(token, from(page)).catch((error) => error.message)).to.equal('403');
      const refused = await publish(stand.house.origin, token, 'x', 'x', { origin: page });
      expect([refused.status, refused.body.code]).to.deep.equal([403, 'origin.refused']);
      expect(refused.headers.get('access-control-allow-origin')).to.equal(null);

      expect(await change(project, { origins: ['https://APP.example.org/', page] })).to.deep.include({
        origins: [page],
      });
      const taken = await publish(stand.house.origin, token, 'x', 'x', { origin: page });
      expect(taken.status).to.equal(202);
      expect(taken.headers.get('access-control-allow-origin')).to.equal(page);
      expect(taken.headers.get('vary')).to.equal('origin');
      const client = await stand.join(token, from(page));
      for (const other of ['https://app.example.org.evil.example', 'http://app.example.org', 'null']) {
        expect((await publish(stand.house.origin, token, 'x', 'x', { origin: other })).status, other).to.equal(403);
      }
      // A page of the service itself needs no word.
      expect((await publish(stand.house.origin, token, 'x', 'x', { origin: stand.house.origin })).status).to.equal(202);

      // What is taken away closes what it had let in.
      await change(project, { origins: [] });
      expect((await client.closed).code).to.equal(4403);
      await change(project, { origins: ['*'] });
      expect((await publish(stand.house.origin, token, 'x', 'x', { origin: 'null' })).status).to.equal(202);
    });

    it('answer what a browser asks first, without naming any project', async () => {
      const asked = await stand.call('OPTIONS', 'channels/x/messages', null, undefined, {
        origin: page,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      });
      expect(asked.status).to.equal(204);
      expect(asked.headers.get('access-control-allow-origin')).to.equal(page);
      expect(asked.headers.get('access-control-allow-methods')).to.equal('POST, GET');
      expect(asked.headers.get('access-control-allow-headers')).to.contain('authorization');
      expect(asked.headers.get('access-control-allow-credentials')).to.equal(null);
      expect((await stand.call('OPTIONS', 'batches', null)).headers.get('allow')).to.equal('POST');
    });

    it('lower the largest payload, never above the plan, at once and by every door', async () => {
      const { project, token } = await stand.aProject();
      const client = await stand.join(token);
      expect(await change(project, { maxPayloadBytes: 10 })).to.include({ maxPayloadBytes: 10 });
      const eleven = 'x'.repeat(11);
      const http = await publish(stand.house.origin, token, 'size', eleven);
      expect(http.status).to.equal(413);
      expect(http.body.limit).to.deep.equal({ name: 'payload-bytes', value: 10 });
      expect(await refusal(client, { publish: 'open', data: eleven })).to.include({ code: 'message.too-large' });
      const { lines } = await stand.batch(token, [
        { channel: 'size', data: eleven },
        { channel: 'size', data: 'x'.repeat(10) },
      ]);
      expect(lines.map(({ offset, error }) => offset ?? error.code)).to.deep.equal(['message.too-large', 1]);
      const over = await change(project, { maxPayloadBytes: 1024 * 1024 + 1 }).catch((error) => error);
      expect(over).to.include({ code: 'settings.payload-over-plan' });
      await change(project, { maxPayloadBytes: null });
      expect((await publish(stand.house.origin, token, 'size', eleven)).status).to.equal(202);
    });

    it('turn publishing off for pages and tickets, also for those that are open; programs go on', async () => {
      const { project, token } = await stand.aProject();
      await change(project, { origins: [page] });
      const { body } = await stand.ticket(token, { channels: ['*'], rights: ['publish', 'subscribe'] });
      const client = await stand.join(null, { protocols: ['srok.v1', `ticket.${body.ticket}`] });
      client.send({ publish: 'x', data: 'x', ref: 1 });
      await client.next((frame) => frame.ack === 1);
      await change(project, { clientPublishing: false });
      expect(await refusal(client, { publish: 'x', data: 'x' })).to.include({ code: 'publishing.off' });
      const refused = await publish(stand.house.origin, token, 'x', 'x', { origin: page });
      expect(refused.body.code).to.equal('publishing.off');
      // So that the page can read why.
      expect(refused.headers.get('access-control-allow-origin')).to.equal(page);
      expect((await publish(stand.house.origin, token, 'x', 'x')).status).to.equal(202);
      client.send({ subscribe: 'x', after: 0 });
      await client.next((frame) => frame.channel);
      await stand.base.db.transaction((trx) => stand.relay.suspend(trx, project, 'dispute'));
      const stopped = await publish(stand.house.origin, token, 'x', 'x', { origin: page });
      expect(stopped.body.code).to.equal('project.stopped');
      expect(stopped.headers.get('access-control-allow-origin')).to.equal(page);
    });

    it('refuse what is no origin, and fit their schema', async () => {
      const { project } = await stand.aProject();
      for (const origin of ['example.org', 'https://a.example/path', 'ftp://a.example', 'https://u@a.example', '']) {
        const error = await change(project, { origins: [origin] }).catch((one) => one);
        expect(error, origin).to.include({ code: 'settings.bad-origin' });
      }
      const many = Array.from({ length: 51 }, (_, index) => `https://a${index}.example`);
      expect(await change(project, { origins: many }).catch((one) => one)).to.include({
        code: 'settings.too-many-origins',
      });
      expect(wrongBy('settings.json', await stand.relay.settings(project))).to.equal(null);
    });
  });
});
