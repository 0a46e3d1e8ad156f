import { createHash } from 'node:crypto';
import { connect as dial } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Client, connect, publish } from './engine.ts';
import { aKey, type Key, pathOf, peerOf, serverOf, signed } from './pusher.ts';
import { aStand, type Node, type Stand, until } from './stand.ts';

describe('the Pusher protocol among hostile peers', function () {
  this.timeout(30_000);
  let stand: Stand;
  let node: Node;
  let origin: string;
  let token: string;
  let key: Key;
  let witness: Client; // an honest reader that must not notice anything

  before(async () => {
    stand = await aStand();
    node = await stand.node({ patience: { heartbeatMs: 1000, helloMs: 1000, bodyMs: 400 } });
    ({ origin } = node);
    const { project, token: own } = await stand.aProject();
    token = own;
    key = await aKey(stand, project);
    witness = await connect(origin, token);
    witness.send({ subscribe: 'witness' });
    await witness.next((frame) => frame.subscribed);
  });
  afterEach(async () => {
    expect((await publish(origin, token, 'witness', 'still here')).status).to.equal(202);
    await witness.next((frame) => frame.channel === 'witness');
  });
  after(async () => {
    witness?.socket.terminate();
    await node?.close();
    await stand?.close();
  });

  const event = (more: object = {}) => JSON.stringify({ name: 'e', data: 'x', channel: 'news', ...more });

  describe('on a WebSocket', () => {
    it('are told what is wrong with a frame, and go on', async () => {
      const peer = await peerOf(origin, pathOf(key));
      const wrong: [unknown, string][] = [
        ['{', 'A frame is JSON.'],
        ['', 'A frame is JSON.'],
        ['[]', 'A frame is a JSON object.'],
        ['null', 'A frame is a JSON object.'],
        ['"x"', 'A frame is a JSON object.'],
        [{}, 'A frame has an "event".'],
        [{ event: 7 }, 'A frame has an "event".'],
        [{ event: 'pusher:connection_established', data: '{}' }, 'A client subscribes'],
        [{ event: 'pusher:unsubscribe', data: 'x' }, 'A channel name'],
        [{ event: 'client-x', channel: ['private-x'], data: 1 }, 'A channel name'],
        [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'A frame is a JSON object.'],
      ];
      for (const [frame, words] of wrong) {
        peer.frames.length = 0;
        peer.say(frame);
        const { data } = await peer.next(({ event: name }) => name === 'pusher:error');
        expect(data.code).to.equal(null);
        expect(data.message).to.contain(words);
      }
      for (const channel of [undefined, null, 7, {}, '', '.', '..', 'a b', 'канал', 'x'.repeat(201), 'a\u0000b']) {
        peer.frames.length = 0;
        peer.say({ event: 'pusher:subscribe', data: { channel } });
        const refused = await peer.next(({ event: name }) => name === 'pusher:subscription_error');
        expect(refused.data).to.include({ type: 'SubscriptionError', status: 400 });
        expect(JSON.stringify(refused).length).to.be.lessThan(600);
      }
      peer.say({ event: 'pusher:subscribe', data: { channel: 'news' } });
      await peer.next(({ event: name }) => name === 'pusher_internal:subscription_succeeded');
      peer.say({ event: 'pusher:subscribe', data: { channel: 'news' } });
      expect((await peer.next(({ channel, data }) => channel === 'news' && data.status)).data.status).to.equal(409);
      peer.socket.terminate();
    });

    it('are closed when they speak in bytes, too much at once, or no text', async () => {
      const codeOf = async (say: (socket: Awaited<ReturnType<typeof peerOf>>['socket']) => void): Promise<number> => {
        const peer = await peerOf(origin, pathOf(key));
        say(peer.socket);
        return (await peer.closed).code;
      };
      expect(await codeOf((socket) => socket.send(Buffer.from('{"event":"pusher:ping"}')))).to.equal(1003);
      expect(await codeOf((socket) => socket.send('x'.repeat(3 * 1024 * 1024)))).to.equal(1009);
      expect(await codeOf((socket) => socket.send(Buffer.from([0x7b, 0xc3, 0x28]), { binary: false }))).to.equal(1007);
      expect(
        await codeOf((socket) => {
          for (let index = 0; index < 5000; index++) socket.ping('x'.repeat(100));
        }),
      ).to.equal(1008);
    });

    it('have a thousand subscriptions; thousands more keep nobody from publishing', async () => {
      const greedy = await peerOf(origin, pathOf(key));
      for (let index = 0; index < 3000; index++)
        greedy.say({ event: 'pusher:subscribe', data: { channel: `c${index}` } });
      const started = performance.now();
      expect((await publish(origin, token, 'busy', 'x')).status).to.equal(202);
      expect(performance.now() - started).to.be.lessThan(2000);
      await until(() => greedy.frames.length === 3001);
      const refused = greedy.frames.filter(({ event: name }) => name === 'pusher:subscription_error');
      expect(refused).to.have.length(2000);
      expect(new Set(refused.map(({ data }) => data.status))).to.deep.equal(new Set([429]));
      greedy.socket.terminate();
    });

    it('are let go when they only talk and never read', async () => {
      const mute = dial(Number(new URL(origin).port), '127.0.0.1');
      let said = '';
      mute.on('data', (chunk) => (said += chunk.toString('latin1'))).on('error', () => {});
      mute.write(
        `GET ${pathOf(key)} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      await until(() => said.includes('connection_established'));
      const connections = (): number => node.parts.relay.connections(key.appId);
      const before = connections();
      mute.pause();
      const ping = Buffer.from('{"event":"pusher:ping","data":{}}');
      const frame = Buffer.concat([Buffer.from([0x81, 0x80 | ping.length, 0, 0, 0, 0]), ping]);
      const many = Buffer.concat(Array(2000).fill(frame));
      await until(() => {
        if (mute.writableLength === 0) mute.write(many);
        return connections() < before || mute.destroyed;
      });
      mute.destroy();
    });

    it('send at most what the plan takes, and are told that it is too much', async () => {
      const small = await stand.aProject('mini');
      const own = await aKey(stand, small.project);
      const peer = await peerOf(origin, pathOf(own));
      const { data } = await peer.next(({ event: name }) => name === 'pusher:connection_established');
      const { auth } = serverOf(origin, own).authorizeChannel(JSON.parse(data).socket_id, 'private-x');
      peer.say({ event: 'pusher:subscribe', data: { channel: 'private-x', auth } });
      await peer.next(({ channel }) => channel === 'private-x');
      peer.say({ event: 'client-big', channel: 'private-x', data: 'x'.repeat(70_000) });
      expect((await peer.next(({ event: name }) => name === 'pusher:error')).data.message).to.contain('65536');
      peer.frames.length = 0;
      for (let index = 0; index < 12; index++) peer.say({ event: 'client-x', channel: 'private-x', data: index });
      await until(() => peer.frames.length === 2);
      expect(peer.frames.map((frame) => [frame.event, frame.data.code])).to.deep.equal([
        ['pusher:error', 4301],
        ['pusher:error', 4301],
      ]);
      expect((await stand.relay.usage(small.project)).messages).to.include({ used: 10, dropped: 2 });
      peer.socket.terminate();
    });

    it('may send any text without the connection failing in another way', async () => {
      const peer = await peerOf(origin, pathOf(key));
      const events = ['pusher:subscribe', 'pusher:unsubscribe', 'pusher:ping', 'pusher:signin', 'client-x', 'x'];
      const channels = ['news', 'private-x', 'presence-x', '__proto__', '', 'a b'];
      const frame = fc.record(
        { event: fc.constantFrom(...events), channel: fc.constantFrom(...channels), data: fc.jsonValue() },
        { requiredKeys: [] },
      );
      fc.assert(
        fc.property(fc.oneof(frame, fc.jsonValue(), fc.string()), (any) => {
          peer.say(any);
        }),
        { numRuns: 400 },
      );
      peer.frames.length = 0;
      peer.say({ event: 'pusher:subscribe', data: { channel: 'at-last' } });
      await peer.next(({ channel }) => channel === 'at-last');
      peer.socket.terminate();
    });
  });

  describe('by HTTP', () => {
    it('are refused with 401 when anything is wrong with the signature', async () => {
      const other = await aKey(stand, (await stand.aProject()).project);
      const body = event();
      const now = Math.floor(Date.now() / 1000);
      const at = (seconds: number) => ({ more: { auth_timestamp: String(now + seconds) } });
      expect(await signed(origin, key, { body })).to.deep.include({ status: 200, body: {} });
      for (const [what, answer] of Object.entries({
        secret: signed(origin, { ...key, secret: 'another' }, { body }),
        key: signed(origin, { ...key, key: other.key }, { body }),
        'no key': signed(origin, { ...key, key: 'x' }, { body }),
        app: signed(origin, { ...key, appId: other.appId }, { body }),
        'no app': signed(origin, { ...key, appId: '1' }, { body }),
        signature: signed(origin, key, { body, signature: 'x' }),
        'another signature': signed(origin, key, { body, signature: '0'.repeat(64) }),
        version: signed(origin, key, { body, more: { auth_version: '2.0' } }),
        'more behind a second mark': signed(origin, key, { body, query: '?more=1' }),
        'more than was signed': signed(origin, key, { body, query: '&info=subscription_count' }),
      })) {
        const refused = await answer;
        expect([refused.status, refused.body.code], what).to.deep.equal([401, 'signature.refused']);
      }
      for (const [what, wrong] of Object.entries({
        early: at(-700),
        late: at(700),
        'no time': { more: { auth_timestamp: 'x' } },
      })) {
        const refused = await signed(origin, key, { body, ...wrong });
        expect([refused.status, refused.body.code], what).to.deep.equal([401, 'signature.expired']);
      }
      expect((await signed(origin, key, { body, ...at(-500) })).status).to.equal(200);
      expect((await signed(origin, key, { body, ...at(500) })).status).to.equal(200);
      const md5 = createHash('md5').update(event()).digest('hex');
      for (const wrong of [{ body, sent: event({ name: 'f' }) }, { sent: body }, { body, sent: '' }]) {
        const refused = await signed(origin, key, wrong);
        expect([refused.status, refused.body.code]).to.deep.equal([401, 'signature.other-body']);
      }
      expect((await signed(origin, key, { body, more: { body_md5: md5.toUpperCase() } })).status).to.equal(200);
      for (const query of ['&auth_key=x', '&AUTH_KEY=x', `&body_md5=${md5}`]) {
        const refused = await signed(origin, key, { body, query });
        expect([refused.status, refused.body.code], query).to.deep.equal([400, 'query.repeated']);
      }
    });

    it('are told what is wrong with an event, and nothing of it is published', async () => {
      const many = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`);
      const bodies: [string, string][] = [
        ['{', 'body.not-json'],
        ['[]', 'body.not-object'],
        ['null', 'body.not-object'],
        [JSON.stringify({ data: 'x', channel: 'news' }), 'event.bad-name'],
        [event({ name: '' }), 'event.bad-name'],
        [event({ name: 'x'.repeat(201) }), 'event.bad-name'],
        [event({ name: 'a\u0000b' }), 'event.bad-name'],
        [event({ name: 'pusher:error' }), 'event.bad-name'],
        [event({ name: 'pusher_internal:member_added' }), 'event.bad-name'],
        [event({ data: { x: 1 } }), 'data-not-string'],
        [event({ data: undefined }), 'data-not-string'],
        ['{"name":"e","channel":"news","data":"\\ud800"}', 'data-not-text'],
        [event({ channel: 'a b' }), 'channel.bad-name'],
        [event({ channel: undefined }), 'channel.bad-name'],
        [event({ channels: [] }), 'event.bad-channels'],
        [event({ channels: 'news' }), 'event.bad-channels'],
        [event({ channels: many(101) }), 'event.bad-channels'],
        [event({ channels: ['news', 'a/b'] }), 'channel.bad-name'],
        [event({ socket_id: 'x' }), 'socket.bad-id'],
        [event({ info: 'cost' }), 'info.unknown'],
        [event({ info: 7 }), 'info.unknown'],
      ];
      const before = (await stand.relay.usage(key.appId)).messages.used;
      for (const [body, code] of bodies) {
        const refused = await signed(origin, key, { body });
        expect([refused.status, refused.body.code], body.slice(0, 80)).to.deep.equal([400, code]);
      }
      const batches: [unknown, string][] = [
        [{}, 'batch.malformed'],
        [{ batch: [] }, 'batch.malformed'],
        [{ batch: Array(11).fill(JSON.parse(event())) }, 'batch.malformed'],
        [{ batch: [JSON.parse(event()), 7] }, 'body.not-object'],
        [{ batch: [JSON.parse(event()), { name: 'e', data: 'x' }] }, 'channel.bad-name'],
      ];
      for (const [batch, code] of batches) {
        const refused = await signed(origin, key, { path: '/batch_events', body: JSON.stringify(batch) });
        expect([refused.status, refused.body.code]).to.deep.equal([400, code]);
      }
      expect((await stand.relay.usage(key.appId)).messages.used).to.equal(before);
      expect((await signed(origin, key, { body: event({ channels: many(100) }) })).status).to.equal(200);
    });

    it('are refused with 413 over the limit of the project or of the door, before a body is read', async () => {
      const small = await stand.aProject('mini');
      const own = await aKey(stand, small.project);
      const over = await signed(origin, own, { body: event({ data: 'x'.repeat(65_537) }) });
      expect([over.status, over.body.limit]).to.deep.equal([413, { name: 'payload-bytes', value: 65_536 }]);
      expect((await signed(origin, own, { body: event({ data: '"'.repeat(65_536) }) })).status).to.equal(200);
      const huge = await serverOf(origin, key)
        .trigger('news', 'e', 'x'.repeat(3 * 1024 * 1024))
        .catch((error) => error);
      expect(huge.status).to.equal(413);
    });

    it('can be read by pages whose origin is allowed, also when they say no, and by no others', async () => {
      const { project } = await stand.aProject();
      const own = await aKey(stand, project);
      const page = 'https://app.example.org';
      const readable = async (body = event({})): Promise<unknown[]> => {
        const {
          status,
          headers,
          body: said,
        } = await signed(stand.house.origin, own, { body, headers: { origin: page } });
        return [status, said.code, headers.get('access-control-allow-origin'), headers.get('vary')];
      };
      const change = (clientPublishing: boolean) =>
        stand.base.db.transaction((trx) =>
          stand.relay.changeSettings(trx, project, { origins: [page], maxPayloadBytes: null, clientPublishing }),
        );
      expect(await readable()).to.deep.equal([403, 'origin.refused', null, 'origin']);
      await change(true);
      expect(await readable()).to.deep.equal([200, undefined, page, 'origin']);
      expect(await readable('[]')).to.deep.equal([400, 'body.not-object', page, 'origin']);
      await change(false);
      expect(await readable()).to.deep.equal([403, 'publishing.off', page, 'origin']);
      await stand.base.db.transaction((trx) => stand.relay.suspend(trx, project, 'dispute'));
      expect(await readable()).to.deep.equal([403, 'project.stopped', page, 'origin']);
      const asked = await fetch(`${stand.house.origin}/apps/${project}/events`, {
        method: 'OPTIONS',
        headers: { origin: page },
      });
      expect(asked.status).to.equal(204);
      expect(asked.headers.get('access-control-allow-methods')).to.equal('POST');
    });

    it('are refused over the messages of the day with 429, told how many were still published', async () => {
      const small = await stand.aProject('mini');
      const own = await aKey(stand, small.project);
      const channels = Array.from({ length: 12 }, (_, index) => `c${index}`);
      const { status, body } = await signed(origin, own, { body: event({ channels }) });
      expect(status).to.equal(429);
      expect(body).to.deep.include({ limit: { name: 'messages-per-day', value: 10 }, published: 10 });
      expect(body).to.include.keys('clause', 'resetsAt');
      const refused = await serverOf(origin, own)
        .trigger('news', 'e', 'x')
        .catch((error) => error);
      expect(refused.status).to.equal(429);
      expect(JSON.parse(refused.body)).not.to.have.property('published');
    });

    it('find no paths but ours, and hang up who sends slowly', async () => {
      for (const [method, path, status] of [
        ['GET', '/events', 405],
        ['POST', '/channels', 405],
        ['GET', '/', 404],
        ['GET', '/channels/news/more', 404],
        ['GET', '/channels/news/users/more', 404],
        ['GET', '/channels/a%20b', 400],
        ['GET', '/channels/%ff', 400],
        ['GET', '/channels/news', 200],
      ] as const) {
        expect((await signed(origin, key, { method, path })).status, path).to.equal(status);
      }
      const slow = dial(Number(new URL(origin).port), '127.0.0.1');
      let said = '';
      slow.on('data', (chunk) => (said += chunk.toString('latin1'))).on('error', () => {});
      const path = serverOf(origin, key).createSignedQueryString({
        ...{ method: 'POST', path: `/apps/${key.appId}/events`, body: 'x'.repeat(1000) },
      });
      slow.write(`POST /apps/${key.appId}/events?${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx`);
      await new Promise((done) => slow.once('close', done));
      expect(said).to.match(/^HTTP\/1.1 408 /);
    });
  });
});
