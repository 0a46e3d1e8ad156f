import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { described } from '../../plugins/relay/pusher/described.ts';
import { rawMember } from '../../plugins/relay/pusher/raw.ts';
import { channelText, isDigest, isSignature, requestText } from '../../plugins/relay/pusher/signatures.ts';
import { publish } from './engine.ts';
import {
  aKey,
  hangUpReaders,
  type Key,
  outcomeOf,
  pathOf,
  peerOf,
  readerOf,
  serverOf,
  signed,
  subscribed,
} from './pusher.ts';
import { checkOf } from './schemas.ts';
import { aStand, type Stand, until } from './stand.ts';

describe('the Pusher protocol, with the libraries that were written for it', function () {
  this.timeout(30_000);
  let stand: Stand;
  let origin: string;
  let project: string;
  let token: string;
  let key: Key;

  before(async () => {
    stand = await aStand();
    ({ origin } = stand.house);
  });
  beforeEach(async () => {
    ({ project, token } = await stand.aProject());
    key = await aKey(stand, project);
  });
  afterEach(() => {
    hangUpReaders();
    stand.hangUp();
  });
  after(() => stand?.close());

  const pulled = async (channel: string, of = token) =>
    (await stand.call('GET', `channels/${channel}/messages`, of)).body.messages;

  describe('an event', () => {
    it('of the server library is in the log before it reaches whoever reads its channel, by either door', async () => {
      const news = await subscribed(readerOf(origin, key), 'news');
      const native = await stand.join(token);
      native.send({ subscribe: 'news' });
      await native.next((frame) => frame.subscribed);
      const answer = await serverOf(origin, key).trigger('news', 'новый-заказ', { id: 17, имя: 'Анна' });
      expect([answer.status, await answer.json()]).to.deep.equal([200, {}]);
      const [stored] = await stand.base.db('relay.messages').where({ project_id: project });
      expect(stored).to.include({ channel: 'news', content_type: 'новый-заказ', door: 'http' });
      await until(() => news.events.length);
      expect(news.events).to.deep.equal([['новый-заказ', { id: 17, имя: 'Анна' }]]);
      const frame = await native.next(({ offset, data }) => offset && data);
      expect(frame).to.include({ channel: 'news', offset: 1, type: 'новый-заказ', data: '{"id":17,"имя":"Анна"}' });
      expect(await pulled('news')).to.deep.equal([frame]);
    });

    it('for several channels, and each of a batch, is one message of its channel and counts as one', async () => {
      const server = serverOf(origin, key);
      await server.trigger(['a', 'b', 'a'], 'one', 'текст');
      const answer = await server.triggerBatch([
        { channel: 'a', name: 'two', data: { n: 2 } },
        { channel: 'b', name: 'three', data: '"3"' },
      ]);
      expect(await answer.json()).to.deep.equal({});
      const shown = async (channel: string) =>
        (await pulled(channel)).map(({ offset, type, data }: Record<string, unknown>) => [offset, type, data]);
      expect(await shown('a')).to.deep.equal([
        [1, 'one', 'текст'],
        [2, 'two', '{"n":2}'],
      ]);
      expect(await shown('b')).to.deep.equal([
        [1, 'one', 'текст'],
        [2, 'three', '"3"'],
      ]);
      expect((await stand.relay.usage(project)).messages.used).to.equal(4);
    });

    it('is what a native message is called after its type, or `message`; bytes that are no text come as base64', async () => {
      const news = await subscribed(readerOf(origin, key), 'news');
      await publish(origin, token, 'news', '{"order":17}');
      const native = await stand.join(token);
      native.send({ publish: 'news', data: 'just text' });
      native.send({ publish: 'news', data: 'x', type: 'pusher:error' });
      native.send({ publish: 'news', data: 'x', type: 'pusher_internal:subscription_succeeded' });
      native.send({ publish: 'news', data: 'AP8=', encoding: 'base64', type: 'image/png' });
      await until(() => news.events.length === 5);
      expect(news.events).to.deep.equal([
        ['application/json', { order: 17 }],
        ['message', 'just text'],
        ['message', 'x'],
        ['message', 'x'],
        ['image/png', 'AP8='],
      ]);
    });

    it('does not reach the connection that its publisher names', async () => {
      const [one, two] = [readerOf(origin, key), readerOf(origin, key)];
      const [mine, theirs] = [await subscribed(one, 'room'), await subscribed(two, 'room')];
      const server = serverOf(origin, key);
      await server.trigger('room', 'first', 1, { socket_id: one.connection.socket_id });
      await server.triggerBatch([{ channel: 'room', name: 'second', data: 2, socket_id: two.connection.socket_id }]);
      await server.trigger('room', 'third', 3);
      await until(() => mine.events.length === 2 && theirs.events.length === 2);
      expect(mine.events.map(([name]) => name)).to.deep.equal(['second', 'third']);
      expect(theirs.events.map(([name]) => name)).to.deep.equal(['first', 'third']);
    });

    it('comes no more to who has unsubscribed', async () => {
      const reader = readerOf(origin, key);
      const [left, kept] = [await subscribed(reader, 'left'), await subscribed(reader, 'kept')];
      reader.unsubscribe('left');
      const server = serverOf(origin, key);
      await until(() => stand.relay.connections(project) === 1);
      await waitUnread(server, 'left');
      await server.trigger(['left', 'kept'], 'e', 'x');
      await until(() => kept.events.length);
      expect(left.events).to.deep.equal([]);
    });

    async function waitUnread(server: ReturnType<typeof serverOf>, channel: string): Promise<void> {
      for (;;) {
        const answer = await server.get({ path: `/channels/${channel}` });
        if (!((await answer.json()) as { occupied: boolean }).occupied) return;
      }
    }
  });

  describe('a private channel', () => {
    it('lets in whom the owner’s server allows, and nobody without or with another signature', async () => {
      const reader = readerOf(origin, key);
      const { events } = await subscribed(reader, 'private-room');
      await serverOf(origin, key).trigger('private-room', 'e', { ok: true });
      await until(() => events.length);
      expect(events).to.deep.equal([['e', { ok: true }]]);

      const peer = await peerOf(origin, pathOf(key));
      const hello = await peer.next(({ event }) => event === 'pusher:connection_established');
      const { socket_id: socket, activity_timeout: seconds } = JSON.parse(hello.data);
      expect(socket).to.match(/^\d+\.\d+$/);
      expect(seconds).to.equal(120);
      const server = serverOf(origin, key);
      const other = await aKey(stand, (await stand.aProject()).project);
      const wrong: (string | undefined)[] = [
        undefined,
        '',
        'x',
        server.authorizeChannel(socket, 'private-other').auth,
        server.authorizeChannel('1.1', 'private-room').auth,
        serverOf(origin, { ...key, secret: 'another' }).authorizeChannel(socket, 'private-room').auth,
        serverOf(origin, other).authorizeChannel(socket, 'private-room').auth,
        serverOf(origin, { ...key, key: other.key }).authorizeChannel(socket, 'private-room').auth,
      ];
      for (const auth of wrong) {
        peer.frames.length = 0;
        peer.say({ event: 'pusher:subscribe', data: { channel: 'private-room', auth } });
        const { channel, data } = await peer.next(({ event }) => event === 'pusher:subscription_error');
        expect([channel, data.type, data.status], String(auth)).to.deep.equal(['private-room', 'AuthError', 401]);
      }
      const { auth } = server.authorizeChannel(socket, 'private-room');
      peer.say({ event: 'pusher:subscribe', data: { channel: 'private-room', auth } });
      await peer.next(({ event }) => event === 'pusher_internal:subscription_succeeded');
      peer.socket.terminate();
    });

    it('carries events of clients to all others as they were sent, and to the log', async () => {
      const [one, two] = [readerOf(origin, key), readerOf(origin, key)];
      const [mine, theirs] = [await subscribed(one, 'private-room'), await subscribed(two, 'private-room')];
      const native = await stand.join(token);
      native.send({ subscribe: 'private-room' });
      await native.next((frame) => frame.subscribed);
      mine.channel.trigger('client-typing', { who: 'Анна', n: [1, 2] });
      await until(() => theirs.events.length);
      expect(theirs.events).to.deep.equal([['client-typing', { who: 'Анна', n: [1, 2] }]]);
      const frame = await native.next(({ type }) => type === 'client-typing');
      expect(frame.data).to.equal('{"who":"Анна","n":[1,2]}');
      theirs.channel.trigger('client-answer', 'так');
      await until(() => mine.events.length);
      expect(mine.events).to.deep.equal([['client-answer', 'так']]);
      expect((await pulled('private-room')).map(({ data }: { data: string }) => data)).to.deep.equal([
        frame.data,
        'так',
      ]);
      const [row] = await stand.base.db('relay.messages').where({ project_id: project, offset: 1 });
      expect(row.door).to.equal('ws');
    });

    it('keeps numbers and spaces of a client’s event as they stood in its frame', async () => {
      const peer = await peerOf(origin, pathOf(key));
      const { data } = await peer.next(({ event }) => event === 'pusher:connection_established');
      const { auth } = serverOf(origin, key).authorizeChannel(JSON.parse(data).socket_id, 'private-x');
      peer.say({ event: 'pusher:subscribe', data: { channel: 'private-x', auth } });
      await peer.next(({ event }) => event === 'pusher_internal:subscription_succeeded');
      const raw = '{ "big": 12345678901234567890, "one":1.0 , "data":"\\u0434}" }';
      peer.say(`{"data":1,"event":"client-raw","channel":"private-x", "data" : ${raw} }`);
      peer.say('{"event":"client-none","channel":"private-x"}');
      peer.say('{"event":"client-null","channel":"private-x","data":null}');
      await until(async () => (await pulled('private-x')).length === 3);
      const stored = (await pulled('private-x')).map((message: { data: string }) => message.data);
      expect(stored).to.deep.equal([raw, '', 'null']);
      expect(peer.frames.filter(({ event }) => event.startsWith('client-'))).to.deep.equal([]);
      peer.socket.terminate();
    });

    it('never returns an event to its sender, not even one sent while it is still subscribing', async () => {
      const peer = await peerOf(origin, pathOf(key));
      const { data } = await peer.next(({ event }) => event === 'pusher:connection_established');
      const server = serverOf(origin, key);
      const names = Array.from({ length: 40 }, (_, index) => `private-${index}`);
      for (const channel of names) {
        const { auth } = server.authorizeChannel(JSON.parse(data).socket_id, channel);
        peer.say({ event: 'pusher:subscribe', data: { channel, auth } });
        for (let n = 0; n < 3; n++) peer.say({ event: 'client-early', channel, data: n });
      }
      await until(() => peer.frames.filter(({ event }) => event.endsWith('_succeeded')).length === names.length);
      await server.trigger(names, 'last', 'x');
      await until(() => peer.frames.filter(({ event }) => event === 'last').length === names.length);
      expect(peer.frames.filter(({ event }) => event === 'client-early')).to.deep.equal([]);
      expect(await pulled('private-7')).to.have.length(4);
      peer.socket.terminate();
    });

    it('is where clients may send, once subscribed and while the owner lets them', async () => {
      const peer = await peerOf(origin, pathOf(key));
      const { data } = await peer.next(({ event }) => event === 'pusher:connection_established');
      const told = async (frame: object): Promise<string> => {
        peer.frames.length = 0;
        peer.say(frame);
        return (await peer.next(({ event }) => event === 'pusher:error')).data.message;
      };
      peer.say({ event: 'pusher:subscribe', data: { channel: 'news' } });
      await peer.next(({ event }) => event === 'pusher_internal:subscription_succeeded');
      const refused = 'Client events are for private channels to which their sender is subscribed.';
      expect(await told({ event: 'client-x', channel: 'news', data: {} })).to.equal(refused);
      expect(await told({ event: 'client-x', channel: 'private-x', data: {} })).to.equal(refused);
      expect(await told({ event: 'other', channel: 'news', data: {} })).to.contain('client-');
      const { auth } = serverOf(origin, key).authorizeChannel(JSON.parse(data).socket_id, 'private-x');
      peer.say({ event: 'pusher:subscribe', data: { channel: 'private-x', auth } });
      await peer.next(({ channel }) => channel === 'private-x');
      const settings = { origins: [], maxPayloadBytes: null, clientPublishing: false };
      await stand.base.db.transaction((trx) => stand.relay.changeSettings(trx, project, settings));
      peer.frames.length = 0;
      const off = await until(() => {
        peer.say({ event: 'client-x', channel: 'private-x', data: {} });
        return peer.frames.find(({ event }) => event === 'pusher:error');
      });
      expect(off.data.message).to.contain('may not publish');
      // The owner's own programs go on.
      expect((await serverOf(origin, key).trigger('private-x', 'e', {})).status).to.equal(200);
      peer.socket.terminate();
    });
  });

  describe('a connection', () => {
    it('answers pings, its own and those of WebSocket', async () => {
      const reader = readerOf(origin, key, { activityTimeout: 100, pongTimeout: 5000 });
      await until(() => reader.connection.state === 'connected');
      const socket = reader.connection.socket_id;
      let pongs = 0;
      reader.connection.bind('message', ({ event }: { event: string }) => {
        if (event === 'pusher:pong') pongs++;
      });
      const peer = await peerOf(origin, pathOf(key));
      peer.say({ event: 'pusher:ping', data: {} });
      expect(await peer.next(({ event }) => event === 'pusher:pong')).to.deep.equal({
        event: 'pusher:pong',
        data: '{}',
      });
      const pong = new Promise((done) => peer.socket.once('pong', done));
      peer.socket.ping();
      await pong;
      await until(() => pongs > 1);
      expect(reader.connection.socket_id).to.equal(socket);
      peer.socket.terminate();
    });

    it('with a key that nobody has is refused for good with 4001', async () => {
      const other = key.key.endsWith('0') ? '1' : '0';
      // The last one has the id of another key of the house: ids that were made together are much alike.
      const next = await aKey(stand, project);
      for (const wrong of [`${key.key.slice(0, -1)}${other}`, 'x', `${next.key.slice(0, 26)}${key.key.slice(26)}`]) {
        expect(await outcomeOf(readerOf(origin, { ...key, key: wrong }), 'disconnected')).to.deep.equal([4001]);
      }
    });

    it('over the limit of the plan is refused for good with 4004, and those that are open stay', async () => {
      const small = await stand.aProject('mini');
      const own = await aKey(stand, small.project);
      const first = readerOf(origin, own);
      await until(() => first.connection.state === 'connected');
      await stand.join(small.token);
      expect(await outcomeOf(readerOf(origin, own), 'disconnected')).to.deep.equal([4004]);
      expect(first.connection.state).to.equal('connected');
      expect((await stand.relay.usage(small.project)).connections).to.include({ used: 2, refused: 1 });
    });

    it('of a blocked project is closed and refused with 4003, and works again when it is lifted', async () => {
      const open = readerOf(origin, key);
      await until(() => open.connection.state === 'connected');
      const ended = outcomeOf(open, 'disconnected');
      const started = performance.now();
      await stand.base.db.transaction((trx) => stand.relay.suspend(trx, project, 'violation'));
      await ended;
      expect(performance.now() - started).to.be.lessThan(1000);
      expect(await outcomeOf(readerOf(origin, key), 'disconnected')).to.deep.equal([4003]);
      const refused = await serverOf(origin, key)
        .trigger('news', 'e', 'x')
        .catch((error) => error);
      expect(refused.status).to.equal(403);
      await stand.base.db.transaction((trx) => stand.relay.activate(trx, project, 'violation'));
      const again = readerOf(origin, key);
      await until(() => again.connection.state === 'connected');
    });

    it('says which protocol it speaks: without it, in no number, or in another it is refused', async () => {
      const codeOf = async (path: string): Promise<number> => (await (await peerOf(origin, path)).closed).code;
      expect(await codeOf(`/app/${key.key}`)).to.equal(4008);
      expect(await codeOf(`/app/${key.key}?protocol=seven`)).to.equal(4006);
      expect(await codeOf(`/app/${key.key}?protocol=5`)).to.equal(4007);
      expect(await codeOf(`/app/${key.key}/more?protocol=7`)).to.equal(4005);
      expect(await codeOf('/app/?protocol=7')).to.equal(4005);
      const plain = await fetch(`${origin}${pathOf(key)}`);
      expect([plain.status, ((await plain.json()) as { code: string }).code]).to.deep.equal([
        400,
        'connect.no-upgrade',
      ]);
    });

    it('is taken up by another node when its own restarts, and the library subscribes again', async () => {
      const nodes = [await stand.node(), await stand.node()];
      let now = 0;
      const front = createServer();
      front.on('upgrade', (request, socket, head) =>
        nodes[now]?.parts.doors.find(({ prefix }) => prefix === '/app/')?.upgrade?.(request, socket, head),
      );
      await new Promise<void>((done) => front.listen(0, '127.0.0.1', done));
      const reader = readerOf(`http://127.0.0.1:${(front.address() as AddressInfo).port}`, key);
      const { events } = await subscribed(reader, 'news');
      const codes: number[] = [];
      reader.connection.bind('error', ({ data }: { data?: { code: number } }) => {
        if (data) codes.push(data.code);
      });
      const before = reader.connection.socket_id;
      now = 1;
      await nodes[0]?.close();
      await until(() => reader.connection.state === 'connected' && reader.connection.socket_id !== before);
      expect(codes).to.deep.equal([4200]);
      const server = serverOf(nodes[1]?.origin as string, key);
      await until(
        async () => ((await (await server.get({ path: '/channels/news' })).json()) as { occupied: boolean }).occupied,
      );
      await server.trigger('news', 'e', 'x');
      await until(() => events.length);
      reader.disconnect();
      await nodes[1]?.close();
      front.closeAllConnections();
      await new Promise((done) => front.close(done));
    });

    it('of a page comes from an origin that the owner allows', async () => {
      const socket = await peerOf(origin, pathOf(key));
      socket.socket.terminate();
      const { default: WebSocket } = await import('ws');
      const page = new WebSocket(`${origin.replace('http', 'ws')}${pathOf(key)}`, {
        origin: 'https://elsewhere.example',
      });
      const code = await new Promise((done) => page.once('close', done));
      expect(code).to.equal(4009);
    });
  });

  describe('channels', () => {
    it('that somebody reads are listed, by prefix and with the number of subscriptions', async () => {
      const [one, two] = [readerOf(origin, key), readerOf(origin, key)];
      for (const reader of [one, two]) await subscribed(reader, 'private-room');
      await subscribed(one, 'news');
      const native = await stand.join(token);
      for (const name of ['news', 'новости', 'presence-x']) native.send({ subscribe: name });
      await native.until(3, (frame) => frame.subscribed);
      const server = serverOf(origin, key);
      const get = async (path: string, params?: Record<string, string>) =>
        (await server.get(params ? { path, params } : { path })).json();
      expect(await get('/channels')).to.deep.equal({ channels: { news: {}, 'private-room': {} } });
      expect(await get('/channels', { filter_by_prefix: 'private-', info: 'subscription_count' })).to.deep.equal({
        channels: { 'private-room': { subscription_count: 2 } },
      });
      expect(await get('/channels/news', { info: 'subscription_count' })).to.deep.equal({
        ...{ occupied: true, subscription_count: 2 },
      });
      expect(await get('/channels/nobody')).to.deep.equal({ occupied: false });
      const counted = await server.trigger(['news', 'nobody'], 'e', 'x', { info: 'subscription_count' });
      expect(await counted.json()).to.deep.equal({
        channels: { news: { subscription_count: 2 }, nobody: { subscription_count: 0 } },
      });
      const batch = await server.triggerBatch([
        { channel: 'news', name: 'e', data: 'x', info: 'subscription_count' },
        { channel: 'nobody', name: 'e', data: 'x' },
      ]);
      expect(await batch.json()).to.deep.equal({ batch: [{ subscription_count: 2 }, {}] });
    });

    it('of kinds that are not offered are refused in words, by both ways', async () => {
      const server = serverOf(origin, key);
      const peer = await peerOf(origin, pathOf(key));
      const kinds = [
        ['presence-room', 'pusher.no-presence', 'Presence channels'],
        ['private-encrypted-room', 'pusher.no-encryption', 'Encrypted channels'],
        ['cache-room', 'pusher.no-cache', 'Cache channels'],
        ['private-cache-room', 'pusher.no-cache', 'Cache channels'],
        ['presence-cache-room', 'pusher.no-cache', 'Cache channels'],
        ['#server-to-user-1', 'pusher.no-users', 'Channels of signed-in users'],
      ];
      for (const [channel, code, words] of kinds) {
        const { status, body } = await signed(origin, key, {
          body: JSON.stringify({ name: 'e', data: 'x', channel }),
        });
        expect([status, body.code, body.detail]).to.deep.equal([400, code, `${words} are not offered here.`]);
        peer.frames.length = 0;
        peer.say({ event: 'pusher:subscribe', data: { channel, auth: 'x:y' } });
        const { data } = await peer.next(({ event }) => event === 'pusher:subscription_error');
        expect(data).to.deep.equal({ type: 'SubscriptionError', error: `${words} are not offered here.`, status: 400 });
      }
      peer.say({ event: 'pusher:signin', data: { auth: 'x', user_data: '{}' } });
      expect((await peer.next(({ event }) => event === 'pusher:error')).data.message).to.contain('not offered');
      for (const ask of [
        server.get({ path: '/channels/presence-room/users' }),
        server.get({ path: '/channels', params: { info: 'user_count', filter_by_prefix: 'presence-' } }),
        server.terminateUserConnections('1'),
        server.sendToUser('1', 'e', 'x'),
      ]) {
        const { status, body } = await ask.catch((error) => error);
        expect([status, JSON.parse(body).detail]).to.satisfy(
          ([got, words]: [number, string]) => got === 400 && words.includes('not offered'),
        );
      }
      peer.socket.terminate();
    });
  });

  describe('a key', () => {
    it('shows its secret once: what is kept of it is sealed, and goes with its owner', async () => {
      const person = await stand.aProject();
      const own = await aKey(stand, person.project, ['publish']);
      expect(own.appId).to.equal(person.project);
      const [row] = await stand.base.db('relay.tokens').where({ project_id: person.project, kind: 'pusher' });
      expect(row.secret.includes(own.secret)).to.equal(false);
      expect(row.hash).to.equal(null);
      const [listed] = await stand.relay.pusherKeys(person.project);
      expect(listed).to.include({ id: own.id, key: own.key, last4: own.secret.slice(-4), lastUsedOn: null });
      expect(JSON.stringify(listed)).not.to.contain(own.secret);
      expect((await stand.relay.tokens(person.project)).map(({ id }) => id)).not.to.contain(own.id);
      expect((await serverOf(origin, own).trigger('news', 'e', 'x')).status).to.equal(200);
      await until(async () => (await stand.relay.pusherKeys(person.project))[0]?.lastUsedOn);
      const { projects } = (await import(
        '../../plugins/relay/stores.ts'
      )) as typeof import('../../plugins/relay/stores.ts');
      const { vault, clock, law, journal } = stand.house.engine;
      expect(vault.has(`pusher/${person.project}`)).to.equal(true);
      const receipt = await stand.base.db.transaction((trx) =>
        (projects.erase as Exclude<typeof projects.erase, { unsupported: string }>)(
          { why: 'request', subject: person.subject, anchored: 'all', held: [] } as never,
          { trx, db: stand.base.db, vault, clock, law, journal, runId: 'run_pusher' } as never,
        ),
      );
      expect(receipt).to.deep.include({ outcome: 'erased', keys: 1, keyNames: [`pusher/${person.project}`] });
      expect(vault.has(`pusher/${person.project}`)).to.equal(false);
      const refused = await serverOf(origin, own)
        .trigger('news', 'e', 'x')
        .catch((error) => error);
      expect(refused.status).to.equal(401);
    });

    it('has rights, and may do nothing else', async () => {
      const [writer, reader, asker] = await Promise.all(
        (['publish', 'subscribe', 'read'] as const).map((right) => aKey(stand, project, [right])),
      );
      const status = (ask: Promise<{ status: number }>): Promise<number> =>
        ask.then(
          (answer) => answer.status,
          (error) => error.status,
        );
      for (const [one, publishes, asks] of [
        [writer, 200, 403],
        [reader, 403, 403],
        [asker, 403, 200],
      ] as const) {
        const server = serverOf(origin, one as Key);
        expect(await status(server.trigger('x', 'e', 'x'))).to.equal(publishes);
        expect(await status(server.get({ path: '/channels' }))).to.equal(asks);
      }
      await subscribed(readerOf(origin, reader as Key), 'news');
      const refused = await subscribed(readerOf(origin, writer as Key), 'news').catch((error) => error.message);
      expect(JSON.parse(refused)).to.deep.equal({
        type: 'AuthError',
        error: 'This token may not subscribe.',
        status: 403,
      });
    });

    it('dies when it is revoked, with its connections, and is no token of the native door', async () => {
      const own = await aKey(stand, project);
      const reader = readerOf(origin, own);
      await until(() => reader.connection.state === 'connected');
      expect((await publish(origin, `srok_${own.key.slice(0, 26)}_${own.secret}`, 'x', 'x')).status).to.equal(401);
      // A rotation of tokens is none of its business.
      await stand.base.db.transaction((trx) => stand.relay.rotateToken(trx, project));
      expect((await serverOf(origin, own).trigger('x', 'e', 'x')).status).to.equal(200);
      const ended = outcomeOf(reader, 'disconnected');
      await stand.base.db.transaction((trx) => stand.relay.revokeToken(trx, project, own.id));
      await ended;
      expect(await outcomeOf(readerOf(origin, own), 'disconnected')).to.deep.equal([4001]);
      const refused = await serverOf(origin, own)
        .trigger('x', 'e', 'x')
        .catch((error) => error);
      expect(refused.status).to.equal(401);
      const [row] = await stand.base.db('relay.tokens').where({ id: own.id });
      expect(row.secret).to.equal(null);
    });
  });

  describe('the document of the API', () => {
    // biome-ignore lint/suspicious/noExplicitAny: a document of OpenAPI, looked into by the test
    const operation = (path: string, method: string): any => described.paths[`/apps/{id}${path}`]?.[method];
    const answerOf = (path: string, method: string, status: number) =>
      status === 200
        ? operation(path, method).responses[200].content['application/json'].schema
        : operation(path, method).responses.default.content['application/problem+json'].schema;

    it('describes every call as it is made and answered', async () => {
      await subscribed(readerOf(origin, key), 'news');
      const info = { info: 'subscription_count' };
      const event = { name: 'e', data: 'x', channels: ['news', 'nobody'] };
      const one = { name: 'e', data: 'x', channel: 'news', socket_id: '1.2' };
      const calls: [place: string, path: string, method: string, body: object | null, more?: Record<string, string>][] =
        [
          ['/events', '/events', 'post', event],
          ['/events', '/events', 'post', { ...one, ...info }],
          ['/events', '/events', 'post', { ...event, ...info, socket_id: null }],
          ['/batch_events', '/batch_events', 'post', { batch: [one] }],
          ['/batch_events', '/batch_events', 'post', { batch: [{ ...one, ...info }, one] }],
          ['/channels', '/channels', 'get', null],
          ['/channels', '/channels', 'get', null, { ...info, filter_by_prefix: 'ne' }],
          ['/channels/{name}', '/channels/news', 'get', null, info],
          ['/channels/{name}', '/channels/nobody', 'get', null],
        ];
      for (const [place, path, method, body, more = {}] of calls) {
        const answer = await signed(origin, key, {
          ...{ method: method.toUpperCase(), path, more },
          ...(body ? { body: JSON.stringify(body) } : {}),
        });
        const { parameters, requestBody } = operation(place, method);
        expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
        expect(checkOf(answerOf(place, method, 200))(answer.body), path).to.equal(true);
        if (body) expect(checkOf(requestBody.content['application/json'].schema)(body), path).to.equal(true);
        const named = parameters.map(({ name }: { name: string }) => name);
        expect(named).to.include.members(['auth_timestamp', 'auth_version', 'auth_signature']);
        expect(named).to.include.members(Object.keys(more));
      }
    });

    it('allows no body that the door refuses for its form', async () => {
      const check = checkOf(operation('/events', 'post').requestBody.content['application/json'].schema);
      const good = { name: 'e', data: 'x', channel: 'news' };
      const bad = [
        { ...good, data: { an: 'object' } },
        { ...good, name: 'pusher:x' },
        { ...good, name: '' },
        { ...good, channel: 'presence-x' },
        { ...good, channel: 'private-cache-x' },
        { ...good, channel: 'с пробелом' },
        { ...good, socket_id: 'x' },
        { ...good, info: 'user_count' },
        { name: 'e', data: 'x', channels: [] },
        { name: 'e', data: 'x' },
        [],
      ];
      for (const body of bad) {
        const answer = await signed(origin, key, { body: JSON.stringify(body) });
        expect(answer.status, JSON.stringify(body)).to.equal(400);
        expect(checkOf(answerOf('/events', 'post', 400))(answer.body)).to.equal(true);
        expect(check(body), JSON.stringify(body)).to.equal(false);
      }
    });
  });

  it('is walked as the first page of the project shows it', async () => {
    const page = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const code = /^```js\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '';
    const shown = /console\.log\(.*\/\/ (.*)$/m.exec(code)?.[1];
    const { appId: PUSHER_APP_ID, key: PUSHER_KEY, secret: PUSHER_SECRET } = key;
    const child = spawn(process.execPath, ['--input-type=module', '-'], {
      env: { ...process.env, RELAY_URL: origin, PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET },
      cwd: new URL('../../', import.meta.url),
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    const ended = new Promise((done) => child.once('close', done));
    child.stdin.end(code);
    try {
      await until(() => said.includes('\n'));
      expect(said.trim()).to.equal(shown);
      expect((await pulled('orders')).map(({ type, data }: Record<string, string>) => [type, data])).to.deep.equal([
        ['paid', '{"order":17}'],
      ]);
    } finally {
      child.kill();
      await ended;
    }
  });

  it('and the native protocol beside it are walked with curl as that page shows', async () => {
    const page = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const lines = /^```sh\n(curl [\s\S]*?)^```$/m.exec(page)?.[1] ?? '';
    const env = { ...process.env, RELAY_URL: origin, TOKEN: token };
    const { stdout } = await promisify(execFile)('bash', ['-ec', lines.replaceAll('\n', '; echo\n')], { env });
    const [sent, read] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(sent).to.include({ channel: 'orders', offset: 1 });
    expect(read).to.include({ channel: 'orders', newest: 1 });
    expect(read.messages).to.deep.equal([
      { ...sent, at: read.messages[0].at, data: '{"order":16}', type: 'application/json' },
    ]);
  });

  it('signs as its page says', () => {
    const secret = '7ad3773142a6692b25b8';
    const given = '58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4';
    expect(isSignature(given, { secret, text: channelText('1234.1234', 'private-foobar') })).to.equal(true);
    expect(isSignature(`${given.slice(0, -1)}5`, { secret, text: '1234.1234:private-foobar' })).to.equal(false);
    expect(channelText('1.1', 'presence-x', '{"user_id":"1"}')).to.equal('1.1:presence-x:{"user_id":"1"}');
    const body = '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}';
    expect(isDigest('ec365a775a4cd0599faeb73354201b6f', Buffer.from(body))).to.equal(true);
    const text = requestText(
      'POST',
      '/apps/3/events',
      new Map([
        ['body_md5', 'ec365a775a4cd0599faeb73354201b6f'],
        ['auth_version', '1.0'],
        ['auth_key', '278d425bdf160c739803'],
        ['auth_timestamp', '1353088179'],
        ['auth_signature', 'itself'],
      ]),
    );
    const request = 'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c';
    expect(isSignature(request, { secret, text })).to.equal(true);
  });

  it('finds the text of a member wherever it stands', () => {
    expect(rawMember('{"a":{"data":1},"data":[1, {"x":"]"}],"b":"data"}', 'data')).to.equal('[1, {"x":"]"}]');
    expect(rawMember('{"\\u0064ata": 1e2 }', 'data')).to.equal('1e2');
    expect(rawMember('{"b":"\\\\","data":"\\"}"}', 'data')).to.equal('"\\"}"');
    expect(rawMember('{}', 'data')).to.equal(null);
    const anyObject = fc.dictionary(fc.constantFrom('data', 'event', 'a"b', '\\', 'data '), fc.jsonValue());
    fc.assert(
      fc.property(anyObject, fc.constantFrom(undefined, 1, '\t'), (object, spaces) => {
        const raw = rawMember(JSON.stringify(object, null, spaces), 'data');
        expect(raw === null ? undefined : JSON.parse(raw)).to.deep.equal(JSON.parse(JSON.stringify(object)).data);
      }),
    );
  });
});
