import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { type Connection, createHub } from '../../plugins/relay/hub.ts';
import { pusher } from '../../plugins/relay/pusher/frames.ts';
import { markOf } from '../../plugins/relay/pusher/names.ts';
import { type Nats, startNats } from '../support/nats.ts';
import { type Client, connect } from './engine.ts';
import { aKey, hangUpReaders, type Key, outcomeOf, pathOf, peerOf, readerOf, serverOf, subscribed } from './pusher.ts';
import { aStand, type Node, type Stand, until } from './stand.ts';

const rhythm = { beatMs: 50 };

describe('the Pusher protocol on several nodes', function () {
  this.timeout(30_000);
  let stand: Stand;
  let nats: Nats;
  let one: Node;
  let two: Node;
  const clients: Client[] = [];

  before(async () => {
    [stand, nats] = await Promise.all([aStand(), startNats()]);
    const options = { rhythm, natsUrl: nats.url };
    [one, two] = [await stand.node(options), await stand.node(options)];
    await until(() => [one, two].every(({ parts }) => parts.cluster.state() === 'up' && parts.nodes.others() >= 2));
  });
  afterEach(() => {
    hangUpReaders();
    for (const { socket } of clients.splice(0)) socket.terminate();
  });
  after(async () => {
    for (const node of [one, two]) await node?.close();
    await stand?.close();
    await nats?.close();
  });

  it('brings events to the readers of every node, but not to the connection that is left out, wherever it is', async () => {
    const key = await aKey(stand, (await stand.aProject()).project);
    const readers = [one, two, two].map(({ origin }) => readerOf(origin, key));
    const rooms = await Promise.all(readers.map((reader) => subscribed(reader, 'private-room')));
    const server = serverOf(one.origin, key);
    const leftOut = { socket_id: readers[2]?.connection.socket_id as string };
    await server.trigger('private-room', 'first', { n: 1 }, leftOut);
    rooms[1]?.channel.trigger('client-second', { n: 2 });
    await until(() => rooms[0]?.events.length === 2);
    await server.trigger('private-room', 'third', { n: 3 });
    await until(() => rooms.every(({ events }) => events.some(([name]) => name === 'third')));
    expect(rooms.map(({ events }) => events.map(([name]) => name))).to.deep.equal([
      ['first', 'client-second', 'third'],
      ['first', 'third'],
      ['client-second', 'third'],
    ]);
  });

  it('gives the seats of a project once, to whichever node and door they come', async () => {
    const { project, token } = await stand.aProject('mini');
    const key = await aKey(stand, project);
    const native = await connect(one.origin, token);
    const reader = readerOf(two.origin, key);
    await until(() => reader.connection.state === 'connected');
    expect((await (await peerOf(one.origin, pathOf(key))).closed).code).to.equal(4004);
    expect((await (await peerOf(two.origin, pathOf(key))).closed).code).to.equal(4004);
    native.socket.terminate();
    await until(async () => {
      const { connection } = readerOf(two.origin, key);
      await until(() => ['connected', 'disconnected'].includes(connection.state));
      return connection.state === 'connected';
    });
  });

  it('knows on every node, within a second, that a key has been revoked', async () => {
    const { project } = await stand.aProject();
    const key = await aKey(stand, project);
    const readers = [one, two].map(({ origin }) => readerOf(origin, key));
    await until(() => readers.every(({ connection }) => connection.state === 'connected'));
    const started = performance.now();
    const ended = readers.map((reader) => outcomeOf(reader, 'disconnected'));
    await stand.base.db.transaction((trx) => stand.relay.revokeToken(trx, project, key.id));
    await Promise.all(ended);
    expect(performance.now() - started).to.be.lessThan(1000);
    for (const { origin } of [one, two]) {
      const refused = await serverOf(origin, key)
        .trigger('news', 'e', 'x')
        .catch((error) => error);
      expect(refused.status).to.equal(401);
    }
  });

  describe('leaves out one connection', () => {
    let alone: Node[];

    before(async () => {
      alone = [await stand.node({ rhythm }), await stand.node({ rhythm })];
      await until(() => alone.every(({ parts }) => parts.nodes.others() >= 4));
    });
    after(async () => {
      for (const node of alone) await node.close();
    });

    /** What a connection gets that is left out of one event, whose publisher is on another node, and not of the next. */
    async function heardBy(made: readonly Node[], data: string): Promise<string[]> {
      const key = await aKey(stand, (await stand.aProject()).project);
      const [here, there] = made as [Node, Node];
      const reader = readerOf(there.origin, key);
      const { events } = await subscribed(reader, 'room');
      const leftOut = { socket_id: reader.connection.socket_id };
      await serverOf(here.origin, key).trigger('room', 'not for it', data, leftOut);
      await serverOf(here.origin, key).trigger('room', 'for it', 'x');
      await until(() => events.some(([name]) => name === 'for it'));
      return events.map(([name]) => name);
    }

    it('also where the other node reads the log, because there is no bus, or the event is too large for it', async () => {
      const large = 'x'.repeat(1024 * 1024);
      expect(await heardBy(alone, 'x')).to.deep.equal(['for it']);
      const before = two.parts.cluster.state();
      expect(await heardBy([one, two], large)).to.deep.equal(['for it']);
      expect(before).to.equal('up');
    });

    it('also when the outcome of a commit was not known and its readers look into the log; its number is not kept', async () => {
      const { project } = await stand.aProject();
      const key = await aKey(stand, project);
      const engine = stand.house.engine;
      const hub = createHub(engine);
      const written: string[] = [];
      const socket = new PassThrough();
      socket.on('data', (bytes: Buffer) => written.push(bytes.toString()));
      const number = '17.4';
      const connection = {
        ...{ id: 'con_1', project, pass: {}, codec: pusher, mark: markOf(number), ws: {}, socket },
        ...{ subscriptions: new Map(), pending: [], pendingBytes: 0, scheduled: false, closed: false },
        ...{ busy: 0, leaving: null },
      } as unknown as Connection;
      hub.join(connection);
      await hub.subscribe(connection, 'room', undefined);
      const server = serverOf(one.origin, key);
      await server.trigger('room', 'not for it', 'x', { socket_id: number });
      await server.trigger('room', 'for it', 'x');
      hub.lookAgain([{ project, channel: 'room' }]);
      await until(() => written.join().includes('"for it"'));
      expect(written.join()).not.to.contain('not for it');
      const rows = await stand.base.db('relay.payloads').where({ project_id: project }).orderBy('offset');
      expect(rows.map(({ left_out: mark }) => mark)).to.deep.equal([markOf(number), null]);
      expect(JSON.stringify(rows)).not.to.contain(number);
    });
  });

  describe('counts who reads', () => {
    const counted = { info: 'subscription_count' };
    const asked = async (node: Node, key: Key, path: string, params: Record<string, string> = {}) =>
      (await serverOf(node.origin, key).get({ path, params })).json();

    it('a channel on all nodes, by either door, whichever node is asked and by whichever call', async () => {
      const { project, token } = await stand.aProject();
      const key = await aKey(stand, project);
      await Promise.all([one, two, two].map(({ origin }) => subscribed(readerOf(origin, key), 'private-room')));
      await subscribed(readerOf(two.origin, key), 'news');
      const native = await connect(stand.house.origin, token);
      clients.push(native);
      for (const name of ['news', 'presence-x']) native.send({ subscribe: name });
      await native.until(2, (frame) => frame.subscribed);
      for (const node of [one, two]) {
        expect(await asked(node, key, '/channels')).to.deep.equal({ channels: { news: {}, 'private-room': {} } });
        expect(await asked(node, key, '/channels', { ...counted, filter_by_prefix: 'private-' })).to.deep.equal({
          channels: { 'private-room': { subscription_count: 3 } },
        });
        expect(await asked(node, key, '/channels/news', counted)).to.deep.equal({
          ...{ occupied: true, subscription_count: 2 },
        });
        expect(await asked(node, key, '/channels/nobody', counted)).to.deep.equal({
          ...{ occupied: false, subscription_count: 0 },
        });
        const server = serverOf(node.origin, key);
        expect(await (await server.trigger(['news', 'private-room'], 'e', 'x', counted)).json()).to.deep.equal({
          channels: { news: { subscription_count: 2 }, 'private-room': { subscription_count: 3 } },
        });
        const batch = await server.triggerBatch([
          { channel: 'news', name: 'e', data: 'x', ...counted },
          { channel: 'news', name: 'e', data: 'x' },
        ]);
        expect(await batch.json()).to.deep.equal({ batch: [{ subscription_count: 2 }, {}] });
      }
    });

    it('more channels than one notice has room for, however many ask at once', async () => {
      const { project, token } = await stand.aProject();
      const key = await aKey(stand, project);
      const names = Array.from({ length: 200 }, (_, index) => `${index}-`.padEnd(200, 'x'));
      for (const { origin } of [one, two]) {
        const native = await connect(origin, token);
        for (const name of names) native.send({ subscribe: name });
        await native.until(names.length, (frame) => frame.subscribed);
        clients.push(native);
      }
      const all = Object.fromEntries(names.map((name) => [name, { subscription_count: 2 }]));
      const some = Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('7')));
      const [whole, part, event] = await Promise.all([
        asked(one, key, '/channels', counted),
        asked(one, key, '/channels', { ...counted, filter_by_prefix: '7' }),
        serverOf(one.origin, key)
          .trigger(names.slice(0, 100), 'e', 'x', counted)
          .then((answer) => answer.json()),
      ]);
      expect(whole).to.deep.equal({ channels: all });
      expect(part).to.deep.equal({ channels: some });
      expect(event).to.deep.equal({ channels: Object.fromEntries(Object.entries(all).slice(0, 100)) });
      // Who is told that a subscription is there, is told the same by every node from then on.
      clients[1]?.send({ subscribe: 'fresh' });
      await clients[1]?.next((frame) => frame.subscribed === 'fresh');
      expect(await asked(one, key, '/channels/fresh', counted)).to.include({ subscription_count: 1 });
    });

    it('without a node that does not answer, and does not wait long for it', async () => {
      const key = await aKey(stand, (await stand.aProject()).project);
      await subscribed(readerOf(two.origin, key), 'news');
      const { db } = stand.base;
      await db('relay.nodes').insert({ id: 'nod_far', beat: 7, host: 'another machine', process: '1 0' });
      try {
        await until(() => one.parts.nodes.living().includes('nod_far'));
        const begun = performance.now();
        expect(await asked(one, key, '/channels/news', counted)).to.include({ subscription_count: 1 });
        expect(performance.now() - begun).to.be.within(200, 2000);
      } finally {
        await db('relay.nodes').where({ id: 'nod_far' }).delete();
      }
    });
  });
});
