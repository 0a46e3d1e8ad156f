import { expect } from 'chai';
import { type Nats, startNats } from '../support/nats.ts';
import { connect } from './engine.ts';
import { aKey, hangUpReaders, outcomeOf, pathOf, peerOf, readerOf, serverOf, subscribed } from './pusher.ts';
import { aStand, type Node, type Stand, until } from './stand.ts';

describe('the Pusher protocol on several nodes', function () {
  this.timeout(30_000);
  let stand: Stand;
  let nats: Nats;
  let one: Node;
  let two: Node;

  before(async () => {
    [stand, nats] = await Promise.all([aStand(), startNats()]);
    const options = { rhythm: { beatMs: 50 }, natsUrl: nats.url };
    [one, two] = [await stand.node(options), await stand.node(options)];
    await until(() => [one, two].every(({ parts }) => parts.cluster.state() === 'up' && parts.nodes.others() >= 2));
  });
  afterEach(() => hangUpReaders());
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
});
