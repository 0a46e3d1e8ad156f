import { connect as connectNats } from '@nats-io/transport-node';
import { expect } from 'chai';
import { natsServers } from '../../plugins/relay/bus.ts';
import { type Nats, startNats } from '../support/nats.ts';
import { type Client, connect, type Frame, publish } from './engine.ts';
import { aStand, type Node, type Stand, until } from './stand.ts';

const rhythm = { beatMs: 50 };

describe('several nodes of the relay', () => {
  let stand: Stand;
  let nats: Nats;
  const open: Client[] = [];
  const nodes: Node[] = [];

  before(async () => {
    [stand, nats] = await Promise.all([aStand(), startNats()]);
  });
  afterEach(async () => {
    for (const { socket } of open.splice(0)) socket.terminate();
    for (const node of nodes.splice(0)) await node.close();
  });
  after(async () => {
    await stand?.close();
    await nats?.close();
  });

  async function several(many: number, options: Parameters<Stand['node']>[0] = {}): Promise<Node[]> {
    const made = await Promise.all(Array.from({ length: many }, () => stand.node({ rhythm, ...options })));
    nodes.push(...made);
    if (options.natsUrl) await until(() => made.every(({ parts }) => parts.cluster.state() === 'up'));
    await until(() => made.every(({ parts }) => parts.nodes.others() >= many));
    return made;
  }

  async function join(node: Node, token: string): Promise<Client> {
    const client = await connect(node.origin, token);
    open.push(client);
    return client;
  }

  /** A reader of a channel at each of the nodes. */
  async function readersAt(made: readonly Node[], token: string, channel: string): Promise<Client[]> {
    return Promise.all(
      made.map(async (node) => {
        const client = await join(node, token);
        client.send({ subscribe: channel });
        await client.next((frame) => frame.subscribed === channel);
        return client;
      }),
    );
  }

  const outcomeOf = (node: Node, token: string): Promise<string> =>
    join(node, token).then(
      () => 'in',
      (error: Error) => error.message,
    );

  const offsetsOf = (frames: readonly Frame[]): number[] => frames.map(({ offset }) => offset);
  const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

  /** Each reader has everything once, in order, and the same message under the same offset. */
  async function allHaveAll(readers: readonly Client[], last: number): Promise<void> {
    const got = await Promise.all(readers.map((reader) => reader.until(last, (frame) => frame.id && frame.channel)));
    for (const frames of got) expect(offsetsOf(frames)).to.deep.equal(upTo(last));
    const ids = new Set(got.map((frames) => frames.map(({ id, data }) => `${id} ${data}`).join()));
    expect(ids.size).to.equal(1);
  }

  describe('with NATS', () => {
    it('tell each other what is in the log, so that readers of every node have it in the same order', async () => {
      const made = await several(3, { natsUrl: nats.url });
      const { token } = await stand.aProject();
      const readers = await readersAt(made, token, 'news');
      await Promise.all(
        upTo(60).map((index) => publish((made[index % 3] as Node).origin, token, 'news', `message ${index}`)),
      );
      await allHaveAll(readers, 60);
    });

    it('carry on the bus nothing that can be read there, and take nothing from it that was not sealed by them', async () => {
      const [one, two] = (await several(2, { natsUrl: nats.url })) as [Node, Node];
      const { token, project } = await stand.aProject();
      const spy = await connectNats(natsServers(nats.url));
      const seen: Buffer[] = [];
      spy.subscribe('>', { callback: (_error, { data }) => void seen.push(Buffer.from(data)) });
      await spy.flush();
      const readers = await readersAt([one, two], token, 'тайна');
      // Whoever gets at the bus cannot speak for a node.
      spy.publish(`srok.relay.${project}`, Buffer.from('{"day":"2026-05-12","heads":[]}'));
      await publish(one.origin, token, 'тайна', '{"secret":"payload"}', { 'content-type': 'text/secret' });
      await allHaveAll(readers, 1);
      await until(() => seen.length >= 2);
      await spy.close();
      for (const words of ['secret', 'тайна', token]) {
        for (const data of seen.slice(1)) expect(data.includes(words), words).to.equal(false);
      }
      expect(two.parts.cluster.state()).to.equal('up');
    });

    it('find in the log what is too large for the bus, in its place', async () => {
      const [one, two] = (await several(2, { natsUrl: nats.url })) as [Node, Node];
      const { token } = await stand.aProject();
      const readers = await readersAt([one, two], token, 'large');
      const large = 'x'.repeat(1024 * 1024);
      for (const body of ['before', large, 'after']) await publish(one.origin, token, 'large', body);
      await allHaveAll(readers, 3);
      expect(two.parts.cluster.filled()).to.be.at.least(1);
    });

    it('deliver without gap or doubling when the bus loses, doubles and mixes up', async () => {
      const other = await startNats();
      const [here, there] = await Promise.all([
        connectNats(natsServers(nats.url)),
        connectNats(natsServers(other.url)),
      ]);
      try {
        const [writer] = (await several(1, { natsUrl: nats.url })) as [Node];
        const [reader] = (await several(1, { natsUrl: other.url })) as [Node];
        await writer.parts.nodes.beat();
        const { token } = await stand.aProject();
        const [client] = await readersAt([reader], token, 'bad-line');
        // Between the two buses: every third is lost, every second comes twice, and all but a few come late.
        let carried = 0;
        const kept: Buffer[] = [];
        here.subscribe('srok.relay.>', {
          callback(_error, { subject, data }) {
            carried++;
            if (carried % 3 === 0) return;
            kept.push(Buffer.from(data));
            if (carried % 2 === 0) kept.push(Buffer.from(data));
            if (kept.length < 5) return;
            for (const one of kept.splice(0).reverse()) there.publish(subject, one);
          },
        });
        await here.flush();
        for (const index of upTo(40)) await publish(writer.origin, token, 'bad-line', `message ${index}`);
        await allHaveAll([client as Client], 40);
        expect(carried).to.equal(40);
        expect(reader.parts.cluster.filled()).to.be.within(1, 39);
      } finally {
        await Promise.all([here.close(), there.close()]);
        await other.close();
      }
    });

    it('go on while the bus is away, say so, and use it again when it is back', async () => {
      const made = await several(2, { natsUrl: nats.url });
      const [one, two] = made as [Node, Node];
      const { token } = await stand.aProject();
      const readers = await readersAt(made, token, 'storm');
      let sent = 0;
      const send = async (): Promise<void> => {
        const { status } = await publish((made[sent % 2] as Node).origin, token, 'storm', `message ${++sent}`);
        expect(status).to.equal(202);
      };
      for (let times = 0; times < 5; times++) await send();
      await nats.kill();
      for (let times = 0; times < 20; times++) await send();
      await until(() => made.every(({ parts }) => parts.cluster.state() === 'down'));
      expect(one.parts.notes().join()).to.match(/NATS/);
      expect(await one.parts.ready()).to.equal(null);
      for (let times = 0; times < 5; times++) await send();
      await allHaveAll(readers, 30);
      await nats.revive();
      await until(() => made.every(({ parts }) => parts.cluster.state() === 'up'));
      expect(two.parts.notes()).to.deep.equal([]);
      for (let times = 0; times < 10; times++) await send();
      await allHaveAll(readers, 40);
    });

    it('take servers and credentials out of NATS_URL, and repeat nothing of one that is wrong', () => {
      expect(natsServers('nats://anna:p%40ss@bus:4223,nats://two:4222')).to.deep.equal({
        ...{ servers: ['bus:4223', 'two:4222'], user: 'anna', pass: 'p@ss' },
      });
      expect(natsServers('tls://secret-token@bus')).to.deep.equal({ servers: ['bus'], token: 'secret-token', tls: {} });
      expect(natsServers('127.0.0.1:4222')).to.deep.equal({ servers: ['127.0.0.1:4222'] });
      for (const wrong of ['http://anna:geheim@bus', 'nats://', 'nats://anna:geheim@:x']) {
        expect(() => natsServers(wrong))
          .to.throw(/NATS_URL/)
          .and.satisfy(({ message }: Error) => !/geheim/.test(message));
      }
    });

    it('begin without the bus when it is not there yet', async () => {
      await nats.kill();
      const node = await stand.node({ rhythm, natsUrl: nats.url });
      nodes.push(node);
      const { token } = await stand.aProject();
      const readers = await readersAt([node], token, 'early');
      await publish(node.origin, token, 'early', 'first');
      await allHaveAll(readers, 1);
      expect(node.parts.notes().join())
        .to.match(/NATS/)
        .and.not.match(/журнал|srok:/);
      await nats.revive();
      await until(() => node.parts.cluster.state() === 'up');
    });
  });

  describe('with PostgreSQL alone', () => {
    it('tell each other how far channels have come, and read the rest from the log', async () => {
      const made = await several(2);
      const { token } = await stand.aProject();
      const readers = await readersAt(made, token, 'plain');
      await Promise.all(
        upTo(40).map((index) => publish((made[index % 2] as Node).origin, token, 'plain', `message ${index}`)),
      );
      await allHaveAll(readers, 40);
    });
  });

  describe('and the limit of connections', () => {
    it('let in exactly as many as the plan allows, however many come at once and wherever', async () => {
      const made = await several(3);
      const { token, project } = await stand.aProject('mini');
      const outcomes = await Promise.all(upTo(24).map((index) => outcomeOf(made[index % 3] as Node, token)));
      expect(outcomes.sort()).to.deep.equal([...Array(22).fill('429'), 'in', 'in']);
      const { connections } = await stand.relay.usage(project);
      expect(connections).to.include({ used: 2, limit: 2, peak: 2, refused: 22 });

      // One goes, one comes, wherever; nobody else was cut.
      open[0]?.socket.close();
      await open[0]?.closed;
      await until(() => stand.relay.usage(project).then(({ connections: { used } }) => used === 1));
      const again = await Promise.all(made.map((node) => outcomeOf(node, token)));
      expect(again.sort()).to.deep.equal(['429', '429', 'in']);
      expect(open[1]?.socket.readyState).to.equal(1);
    });

    it('give back the seats of a process that is gone at once, and of a machine that is gone once it is sure', async () => {
      const [node] = (await several(1, { rhythm: { beatMs: 20, deadMs: 500 } })) as [Node];
      const { token, project } = await stand.aProject('mini');
      const { db } = stand.base;
      const [self] = await db('relay.nodes').where({ id: node.parts.nodes.id });
      for (const [id, host, taken] of [
        ['nod_gone', self.host, 1],
        ['nod_far', 'another machine', 1],
      ] as const) {
        // At once: the living node beats meanwhile, and buries who is gone.
        await db.transaction(async (trx) => {
          await trx('relay.nodes').insert({ id, beat: 7, host, process: '1 0' });
          await trx('relay.seats').insert({ project_id: project, node_id: id, taken });
        });
      }
      await node.parts.nodes.beat();
      const left = async (): Promise<string[]> =>
        (await db('relay.seats').where({ project_id: project })).map(({ node_id: id }) => id);
      expect(await left()).to.deep.equal(['nod_far']);
      expect(await outcomeOf(node, token)).to.equal('in');
      expect(await outcomeOf(node, token)).to.equal('429');
      await until(async () => !(await left()).includes('nod_far'));
      expect(await outcomeOf(node, token)).to.equal('in');
    });

    it('never let in too many where a living node had been taken for dead', async () => {
      const [one, two] = (await several(2)) as [Node, Node];
      const { token, project } = await stand.aProject('mini');
      const [first, second] = [await join(one, token), await join(one, token)];
      await stand.base.db('relay.nodes').where({ id: one.parts.nodes.id }).delete();
      const third = await outcomeOf(two, token);
      await one.parts.nodes.beat();
      const used = (): Promise<number> => stand.relay.usage(project).then(({ connections }) => connections.used);
      await until(async () => (await used()) === 2);
      if (third === 'in') expect((await second.closed).code).to.equal(1013);
      expect(first.socket.readyState).to.equal(1);
    });
  });

  describe('and a node that is about to stop', () => {
    it('answers what was asked, tells its clients to come back, and lets nobody new in', async () => {
      const [going, staying] = (await several(2, { natsUrl: nats.url })) as [Node, Node];
      const { token, project } = await stand.aProject();
      const [reader] = (await readersAt([staying], token, 'drain')) as [Client];
      const [client] = (await readersAt([going], token, 'other')) as [Client];
      const many = 200;
      for (const index of upTo(many)) client.send({ publish: 'drain', data: `message ${index}`, ref: index });
      await client.next((frame) => frame.ack === 1);
      await Promise.all([going.parts.drain(0), client.closed]);
      expect(await client.closed).to.deep.equal({
        ...{ code: 1012, reason: 'the node restarts; come back and resume from the last offset' },
      });
      const acknowledged = client.frames.filter(({ ack }) => ack).map(({ id }) => id);
      const logged = (await stand.base.db('relay.payloads').where({ project_id: project }).orderBy('offset')).map(
        ({ id }) => id,
      );
      expect(acknowledged).to.deep.equal(logged);
      await allHaveAll([reader], logged.length);
      expect(await outcomeOf(going, token)).to.equal('503');
      expect(await outcomeOf(staying, token)).to.equal('in');
    });
  });

  describe('and their figures', () => {
    it('count what is accepted, refused, delivered and open, and name nobody', async () => {
      const [node] = (await several(1, { natsUrl: nats.url })) as [Node];
      const { token, project } = await stand.aProject('mini');
      const [reader] = (await readersAt([node], token, 'тайна')) as [Client];
      for (const index of upTo(12)) await publish(node.origin, token, 'тайна', `message ${index}`);
      await join(node, token);
      expect(await outcomeOf(node, token)).to.equal('429');
      await reader.until(10, (frame) => frame.id);
      const text = await node.parts.figures();
      for (const line of [
        'srok_relay_accepted_total{door="http"} 10',
        'srok_relay_refused_total{code="limit.messages"} 2',
        'srok_relay_refused_total{code="limit.connections"} 1',
        'srok_relay_delivered_total 10',
        'srok_relay_connections 2',
        'srok_relay_subscriptions 1',
        'srok_relay_nodes 2',
        'srok_relay_bus_up 1',
        'srok_relay_behind 0',
        'srok_relay_log_writable 1',
        'srok_relay_batch_failures_total 0',
        'srok_relay_slow_closes_total 0',
      ]) {
        expect(text.split('\n')).to.include(line);
      }
      expect(text).to.match(/^srok_relay_batch_seconds_count [1-9]/m);
      for (const secret of [project, token, 'тайна']) expect(text).not.to.include(secret);
      const asked = await node.parts.figures();
      expect(asked.split('\n')).to.include('srok_relay_delivered_total 10');
    });
  });

  describe('and what ends a connection', () => {
    it('close it on every node within a second, and let nobody in again', async () => {
      const made = await several(2, { natsUrl: nats.url });
      const { token, project, subject } = await stand.aProject();
      const readers = await readersAt(made, token, 'news');
      const begun = performance.now();
      await stand.base.db.transaction((trx) => stand.relay.suspend(trx, project, 'violation'));
      const closed = await Promise.all(readers.map((reader) => reader.closed));
      expect(performance.now() - begun).to.be.below(1000);
      expect(closed.map(({ code }) => code)).to.deep.equal([4403, 4403]);
      for (const node of made) {
        expect((await publish(node.origin, token, 'news', 'late')).status).to.equal(403);
        expect(await join(node, token).catch((error: Error) => error.message)).to.equal('403');
      }

      await stand.base.db.transaction((trx) => stand.relay.activate(trx, project, 'violation'));
      const again = await readersAt(made, token, 'news');
      const blocked = performance.now();
      const fact = { name: 'account.blocked', about: subject, at: stand.house.clock.now(), subject };
      await stand.house.report({ ...fact, fields: { ground: 'violation' } });
      await Promise.all(again.map((reader) => reader.closed));
      expect(performance.now() - blocked).to.be.below(1000);
    });
  });
});
