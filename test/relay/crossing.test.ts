import { expect } from 'chai';
import fc from 'fast-check';
import type WebSocket from 'ws';
import { kinds } from '../../plugins/relay/binary.ts';
import { type Client, connect, publish } from './engine.ts';
import { aStand, joinBinary, type Stand, until } from './stand.ts';

interface Party {
  name: string; // what each of its payloads begins with
  project: string;
  token: string;
  client: Client;
  binary: { socket: WebSocket; frames: Buffer[] };
  sent: Map<string, number>; // messages by channel
}

describe('projects side by side', function () {
  this.timeout(60_000);
  let stand: Stand;
  let parties: Party[];
  let channels: string[];

  before(async () => {
    stand = await aStand();
    parties = [];
    for (const name of ['анна', 'борис', 'вера']) {
      const { project, token } = await stand.aProject();
      const client = await stand.join(token);
      const binary = await joinBinary(stand.house.origin, token);
      parties.push({ name, project, token, client, binary, sent: new Map() });
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
    ];
    for (const { client, binary } of parties) {
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
    for (const { binary } of parties ?? []) binary.socket.terminate();
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
    const act = fc.record({ who: fc.nat(2), channel: fc.nat(8), door: fc.nat(5), more: fc.nat(3) });
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
    for (const { name, project, client, binary, sent } of parties) {
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
      const [row] = await stand.base.db('relay.messages').where({ project_id: project }).count({ n: '*' });
      expect(row?.n).to.equal(all);
    }
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
