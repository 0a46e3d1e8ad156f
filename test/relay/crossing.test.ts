import { expect } from 'chai';
import fc from 'fast-check';
import type WebSocket from 'ws';
import { kinds } from '../../plugins/relay/binary.ts';
import { type Client, connect, publish } from './engine.ts';
import { aKey, type Key, pathOf, peerOf, serverOf, signed } from './pusher.ts';
import { aStand, joinBinary, type Stand, until } from './stand.ts';

type Peer = Awaited<ReturnType<typeof peerOf>>;

interface Party {
  name: string; // what each of its payloads begins with
  project: string;
  token: string;
  client: Client;
  binary: { socket: WebSocket; frames: Buffer[] };
  key: Key;
  ear: Peer; // hears everything that the Pusher protocol can name
  mouth: Peer; // sends events of clients
  sent: Map<string, number>; // messages by channel
}

describe('projects side by side', function () {
  this.timeout(60_000);
  let stand: Stand;
  let parties: Party[];
  let channels: string[];
  let named: string[]; // those that the Pusher protocol can name

  before(async () => {
    stand = await aStand();
    parties = [];
    for (const name of ['анна', 'борис', 'вера']) {
      const { project, token } = await stand.aProject();
      const client = await stand.join(token);
      const binary = await joinBinary(stand.house.origin, token);
      const key = await aKey(stand, project);
      const [ear, mouth] = [
        await peerOf(stand.house.origin, pathOf(key)),
        await peerOf(stand.house.origin, pathOf(key)),
      ];
      parties.push({ name, project, token, client, binary, key, ear, mouth, sent: new Map() });
    }
    // The same names for all, and names that look like places of each other.
    channels = [
      'a',
      'A',
      'а',
      'news',
      '=',
      '...',
      parties[1]?.project as string,
      `${parties[0]?.project}:a`,
      'я'.repeat(200),
      'private-room',
    ];
    named = channels.filter((channel) => /^[A-Za-z0-9_\-=.]+$/.test(channel));
    for (const { client, binary, key, ear, mouth } of parties) {
      for (const peer of [ear, mouth]) {
        const { data } = await peer.next(({ event }) => event === 'pusher:connection_established');
        for (const channel of peer === ear ? named : ['private-room']) {
          const { auth } = serverOf(stand.house.origin, key).authorizeChannel(JSON.parse(data).socket_id, channel);
          peer.say({ event: 'pusher:subscribe', data: { channel, auth } });
          await peer.next((frame) => frame.event.endsWith('_succeeded') && frame.channel === channel);
        }
      }
      for (const channel of channels) {
        client.send({ subscribe: channel });
        const name = Buffer.from(channel);
        const head = Buffer.from([kinds.subscribe, 0, 0, 0, 0, 0, name.length >> 8, name.length & 255]);
        binary.socket.send(Buffer.concat([head, name]));
      }
      await client.until(channels.length, (frame) => frame.subscribed);
    }
  });
  after(async () => {
    for (const { binary, ear, mouth } of parties ?? []) {
      for (const { socket } of [binary, ear, mouth]) socket.terminate();
    }
    await stand?.close();
  });

  /** Parts of credentials put together anew: each must be nobody's. */
  const anyForgery = fc.record({ one: fc.nat(2), two: fc.nat(2), way: fc.nat(6), at: fc.nat(100) });

  function forged({ one, two, way, at }: { one: number; two: number; way: number; at: number }): string {
    const a = (parties[one] as Party).token;
    const b = (parties[(two === one ? one + 1 : two) % 3] as Party).token;
    const place = 5 + (at % (a.length - 5));
    const other = a[place] === '7' ? '8' : '7';
    switch (way) {
      case 0:
        return a.slice(0, -43) + b.slice(-43); // the id of one with the secret of another
      case 1:
        return a.slice(0, place) + other + a.slice(place + 1);
      case 2:
        return a.slice(0, -1);
      case 3:
        return `${a}${b}`;
      case 4:
        return a.toUpperCase();
      case 5:
        return (parties[one] as Party).project;
      default:
        return `${a},${b}`;
    }
  }

  it('never see a message of each other, whatever they do with the same names', async () => {
    const act = fc.record({ who: fc.nat(2), channel: fc.nat(9), door: fc.nat(8), more: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 12 }), async (acts) => {
        await Promise.all(
          acts.map(async ({ who, channel: index, door, more }) => {
            const party = parties[who] as Party;
            const channel = channels[index] as string;
            const data = `${party.name} ${more}`;
            const add = (count: number): unknown => party.sent.set(channel, (party.sent.get(channel) ?? 0) + count);
            if (door === 0) add((await publish(stand.house.origin, party.token, channel, data)).status === 202 ? 1 : 0);
            else if (door === 1) {
              const { lines } = await stand.batch(party.token, Array(more + 1).fill({ channel, data }));
              add(lines.length);
            } else if (door === 2) {
              party.client.send({ publish: channel, data });
              add(1);
            } else if (door === 3) {
              const name = Buffer.from(channel);
              const head = Buffer.from([kinds.publish, 0, 0, 0, 0, 0, name.length >> 8, name.length & 255]);
              party.binary.socket.send(Buffer.concat([head, name, Buffer.from(data)]));
              add(1);
            } else if (door === 4) {
              const { body } = await stand.call('GET', `channels/${encodeURIComponent(channel)}/messages`, party.token);
              for (const { data: got } of body.messages) expect(got.startsWith(party.name)).to.equal(true);
            } else if (door === 5) {
              const body = JSON.stringify({ name: 'e', data, channel });
              const { status } = await signed(stand.house.origin, party.key, { body });
              expect(status).to.equal(named.includes(channel) ? 200 : 400);
              add(status === 200 ? 1 : 0);
            } else if (door === 6) {
              party.mouth.say({ event: 'client-x', channel: 'private-room', data });
              party.sent.set('private-room', (party.sent.get('private-room') ?? 0) + 1);
            } else if (door === 7) {
              const told = await serverOf(stand.house.origin, party.key).get({
                ...{ path: '/channels', params: { info: 'subscription_count' } },
              });
              const counts = Object.entries(((await told.json()) as { channels: object }).channels);
              expect(counts.map(([channel]) => channel).sort()).to.deep.equal([...named].sort());
              // The text, the bytes and the ear; where clients send, the mouth too; and passing guests of our own.
              for (const [channel, { subscription_count: count }] of counts) {
                expect(count).to.be.within(channel === 'private-room' ? 4 : 3, 16);
              }
            } else {
              const { body } = await stand.ticket(party.token, {
                channels: [channel],
                rights: ['subscribe'],
                seconds: 60,
              });
              const guest = await connect(stand.house.origin, null, {
                protocols: ['srok.v1', `ticket.${body.ticket}`],
              });
              guest.send({ subscribe: channel, after: 0 });
              await guest.next((frame) => frame.subscribed);
              guest.send({ subscribe: channels[(index + 1) % channels.length] as string });
              expect((await guest.next((frame) => frame.error)).error.code).to.equal('ticket.other-channel');
              for (const frame of guest.frames)
                if (frame.data) expect(frame.data.startsWith(party.name)).to.equal(true);
              guest.socket.terminate();
            }
          }),
        );
      }),
      { numRuns: 25 },
    );
    for (const { name, project, client, binary, ear, mouth, sent } of parties) {
      const all = [...sent.values()].reduce((sum, count) => sum + count, 0);
      const frames = await client.until(all, (frame) => frame.data !== undefined);
      expect(frames).to.have.length(all);
      for (const frame of frames) expect(frame.data.startsWith(name)).to.equal(true);
      // Each of its channels has its own numbers, from 1 and without a gap.
      for (const [channel, count] of sent) {
        const offsets = frames.filter((frame) => frame.channel === channel).map(({ offset }) => offset);
        expect(offsets).to.deep.equal(Array.from({ length: count }, (_, index) => index + 1));
      }
      const told = await until(() => {
        const found = binary.frames.filter((frame) => frame[0] === kinds.message);
        return found.length >= all ? found : null;
      });
      expect(told).to.have.length(all);
      for (const frame of told) expect(frame.toString('utf8')).to.contain(name);
      const heard = named.reduce((sum, channel) => sum + (sent.get(channel) ?? 0), 0);
      const events = await until(() => {
        const found = ear.frames.filter(({ event }) => !event.startsWith('pusher'));
        return found.length >= heard ? found : null;
      });
      expect(events).to.have.length(heard);
      for (const { data } of [...events, ...mouth.frames.filter(({ event }) => !event.startsWith('pusher'))]) {
        expect(data.startsWith(name)).to.equal(true);
      }
      const [row] = await stand.base.db('relay.messages').where({ project_id: project }).count({ n: '*' });
      expect(row?.n).to.equal(all);
    }
  });

  it('let nobody in with parts of two keys of the Pusher protocol, and sign nothing for each other', async () => {
    const [a, b] = parties as [Party, Party];
    const { origin } = stand.house;
    const body = JSON.stringify({ name: 'e', data: 'x', channel: 'a' });
    const answers = new Set<string>();
    for (const forged of [
      { ...a.key, secret: b.key.secret },
      { ...a.key, key: b.key.key },
      { ...a.key, appId: b.key.appId },
      { ...a.key, key: b.key.key, secret: b.key.secret },
      { ...b.key, appId: a.key.appId },
      { ...a.key, key: a.key.key.toUpperCase() },
      { ...a.key, key: a.token },
    ]) {
      const answer = await signed(origin, forged, { body });
      expect(answer.status).to.equal(401);
      answers.add(JSON.stringify(answer.body));
    }
    expect(answers.size).to.equal(1);
    // What one owner's program allows opens nothing on a connection of the other.
    const guest = await peerOf(origin, pathOf(a.key));
    const { data } = await guest.next(({ event }) => event === 'pusher:connection_established');
    const socket = JSON.parse(data).socket_id;
    for (const key of [b.key, { ...b.key, key: a.key.key }, { ...a.key, key: b.key.key }]) {
      guest.frames.length = 0;
      const { auth } = serverOf(origin, key).authorizeChannel(socket, 'private-room');
      guest.say({ event: 'pusher:subscribe', data: { channel: 'private-room', auth } });
      expect((await guest.next(({ event }) => event === 'pusher:subscription_error')).data.status).to.equal(401);
    }
    // A connection of one cannot be left out by the other: the name says nothing there.
    guest.say({ event: 'pusher:subscribe', data: { channel: 'a' } });
    await guest.next(({ event }) => event.endsWith('_succeeded'));
    const except = JSON.stringify({ name: 'e', data: `${b.name} 1`, channel: 'a', socket_id: socket });
    expect((await signed(origin, b.key, { body: except })).status).to.equal(200);
    expect(
      (await signed(origin, a.key, { body: JSON.stringify({ name: 'e', data: `${a.name} 1`, channel: 'a' }) })).status,
    ).to.equal(200);
    expect((await guest.next(({ event }) => event === 'e')).data).to.equal(`${a.name} 1`);
    guest.socket.terminate();
  });

  it('let nobody in with parts of two credentials, and say no more of one than of another', async () => {
    const answers = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyForgery, async (parts) => {
        const token = forged(parts);
        const answer = await publish(stand.house.origin, token, 'a', 'x');
        expect(answer.status, token).to.equal(401);
        answers.add(JSON.stringify(answer.body));
        expect((await stand.call('POST', 'tickets', token, { channels: ['*'], rights: ['read'] })).status).to.equal(
          401,
        );
      }),
      { numRuns: 60 },
    );
    expect(answers.size).to.equal(1);
    const [mine, theirs] = await Promise.all(
      [0, 1].map(async (who) => {
        const order = { channels: ['*'], rights: ['subscribe'] };
        return (await stand.ticket((parties[who] as Party).token, order)).body.ticket as string;
      }),
    );
    for (const ticket of [
      (mine as string).slice(0, -43) + (theirs as string).slice(-43),
      `${mine}x`,
      (mine as string).slice(0, -1),
      (mine as string).toUpperCase(),
      'tkt_',
      '',
    ]) {
      const refused = await connect(stand.house.origin, null, { protocols: ['srok.v1', `ticket.${ticket}`] }).catch(
        (error) => error.message,
      );
      expect(refused, ticket).to.equal('401');
    }
    // None of these tries has used them up.
    const client = await stand.join(null, { protocols: ['srok.v1', `ticket.${mine}`] });
    client.send({ subscribe: 'a', after: 0 });
    await client.next((frame) => frame.subscribed);
  });
});
