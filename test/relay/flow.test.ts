import { expect } from 'chai';
import { connect } from './engine.ts';
import { aStand, type Node, type Stand } from './stand.ts';

describe('many messages at once', () => {
  let stand: Stand;
  let other: Node;

  before(async () => {
    stand = await aStand();
    other = await stand.node();
  });
  after(async () => {
    await other?.close();
    await stand?.close();
  });
  afterEach(() => stand.hangUp());

  const rowsOf = (project: string, channel: string) =>
    stand.base.db('relay.payloads').where({ project_id: project, channel }).orderBy('offset').select('offset', 'id');

  it('of several projects and channels have offsets without a gap, each sender’s in its order, through two nodes', async () => {
    const projects = await Promise.all([stand.aProject(), stand.aProject(), stand.aProject()]);
    const channels = ['a', 'b', 'c'];
    const each = 40;
    const sent = await Promise.all(
      projects.flatMap(({ project, token }) =>
        [stand.house.origin, other.origin].map(async (origin) => {
          const client = await connect(origin, token);
          const sender = origin === other.origin ? 'other' : 'house';
          for (let number = 0; number < each; number++) {
            for (const channel of channels) {
              client.send({ publish: channel, data: `${sender} ${number}`, ref: `${channel} ${number}` });
            }
          }
          const acks = await client.until(each * channels.length, (frame) => frame.ack !== undefined);
          client.socket.terminate();
          return { project, acks };
        }),
      ),
    );
    for (const { project } of projects) {
      for (const channel of channels) {
        const rows = await rowsOf(project, channel);
        expect(rows.map(({ offset }) => offset)).to.deep.equal(rows.map((_, index) => index + 1));
        expect(rows).to.have.length(2 * each);
        const logged = new Map(rows.map(({ offset, id }) => [offset, id]));
        for (const one of sent.filter((some) => some.project === project)) {
          const own = one.acks.filter(({ ack }) => ack.startsWith(`${channel} `));
          expect(own.map(({ ack }) => ack)).to.deep.equal(own.map((_, number) => `${channel} ${number}`));
          const offsets = own.map(({ offset }) => offset);
          expect(offsets).to.deep.equal([...offsets].sort((a, b) => a - b));
          expect(own.every(({ offset, id }) => logged.get(offset) === id)).to.equal(true);
        }
      }
    }
  });

  it('one after another, from nodes in turns, take their places where each node had foreseen others', async () => {
    const { project, token } = await stand.aProject();
    const origins = [stand.house.origin, other.origin];
    const turns = [0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 1];
    const offsets: number[] = [];
    for (const turn of turns) {
      const response = await fetch(`${origins[turn]}/relay/v1/channels/turns/messages`, {
        ...{ method: 'POST', headers: { authorization: `Bearer ${token}` }, body: 'in turns' },
      });
      offsets.push(((await response.json()) as { offset: number }).offset);
    }
    expect(offsets).to.deep.equal(turns.map((_, index) => index + 1));
    expect((await rowsOf(project, 'turns')).map(({ offset }) => offset)).to.deep.equal(offsets);
    // What was tried in vain has left nothing behind.
    const { length: messages } = turns;
    const bytes = messages * 'in turns'.length;
    const [usage] = await stand.base.db('relay.usage').where({ project_id: project });
    expect(usage).to.include({ messages, bytes, dropped: 0 });
    expect(usage.hours.reduce((sum: number, hour: number | string) => sum + Number(hour), 0)).to.equal(messages);
    const [volume] = await stand.base.db('relay.volumes').where({ project_id: project });
    expect(volume).to.include({ messages, bytes, payloads_left: messages, messages_left: messages });
  });

  it('whose places are foreseen end at the limit of the day, and where the project is stopped', async () => {
    const { project, token } = await stand.aProject();
    const send = () => stand.call('POST', 'channels/foreseen/messages', token, 'message').then(({ status }) => status);
    const { limits } = stand.house.law.operator.plans.find(({ id }) => id === 'free') as {
      limits: { messagesPerDay: number };
    };
    for (let number = 0; number < 3; number++) expect(await send()).to.equal(202);
    const ofProject = { project_id: project };
    await stand.base
      .db('relay.usage')
      .where(ofProject)
      .update({ messages: limits.messagesPerDay - 1 });
    expect([await send(), await send(), await send()]).to.deep.equal([202, 429, 429]);
    const [full] = await stand.base.db('relay.usage').where(ofProject);
    expect(full).to.include({ messages: limits.messagesPerDay, dropped: 2 });
    await stand.base.db('relay.usage').where(ofProject).update({ messages: 4 });
    for (let number = 0; number < 3; number++) expect(await send()).to.equal(202);
    // The gate still trusts what it has seen a moment ago; the log does not.
    await stand.base.db('relay.projects').where({ id: project }).update({ state: 'suspended' });
    expect(await send()).to.equal(403);
    expect((await rowsOf(project, 'foreseen')).map(({ offset }) => offset)).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
  });

  it('of one project are not held up by those of another whose row is locked', async () => {
    const [locked, free] = await Promise.all([stand.aProject(), stand.aProject()]);
    const lock = await stand.base.db.transaction();
    try {
      await lock('relay.projects').where({ id: locked.project }).forUpdate();
      const held = stand.call('POST', 'channels/held/messages', locked.token, 'held');
      // Once its batch waits for the lock, others are written beside it.
      while ((await stand.base.db('pg_locks').where({ granted: false })).length === 0);
      let answered = false;
      void held.then(() => {
        answered = true;
      });
      for (let number = 0; number < 5; number++) {
        expect((await stand.call('POST', 'channels/free/messages', free.token, 'free')).status).to.equal(202);
      }
      expect(answered).to.equal(false);
      await lock.rollback();
      expect((await held).status).to.equal(202);
    } finally {
      if (!lock.isCompleted()) await lock.rollback();
    }
  });

  it('fill the limit of a day exactly, whichever node and project they come by', async () => {
    const [small, large] = await Promise.all([stand.aProject(), stand.aProject('business')]);
    const { limits } = stand.house.law.operator.plans.find(({ id }) => id === 'free') as {
      limits: { messagesPerDay: number };
    };
    // What was used before this test began.
    await stand.call('POST', 'channels/x/messages', small.token, 'first');
    await stand.base
      .db('relay.usage')
      .where({ project_id: small.project })
      .update({ messages: limits.messagesPerDay - 50 });
    const publish = (origin: string, { token }: { token: string }, lines: number) =>
      fetch(`${origin}/relay/v1/batches`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
        body: '{"channel":"x","data":"abc"}\n'.repeat(lines),
      }).then(async (response) =>
        (await response.text())
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );
    const answers = await Promise.all(
      [stand.house.origin, other.origin].flatMap((origin) => [
        ...[publish(origin, small, 30), publish(origin, large, 30), publish(origin, small, 30)],
      ]),
    );
    const small60 = [0, 2, 3, 5].flatMap((index) => answers[index] ?? []);
    expect(small60.filter(({ id }) => id)).to.have.length(50);
    expect(small60.filter(({ error }) => error?.code === 'limit.messages')).to.have.length(70);
    const [use] = await stand.base.db('relay.usage').where({ project_id: small.project });
    expect([use.messages, use.dropped, use.bytes]).to.deep.equal([limits.messagesPerDay, 70, 'first'.length + 150]);
    expect(use.hours.map(Number).reduce((sum: number, n: number) => sum + n, 0)).to.equal(51);
    const [volume] = await stand.base.db('relay.volumes').where({ project_id: small.project });
    expect([volume.messages, volume.bytes]).to.deep.equal([51, 'first'.length + 150]);
    expect(await rowsOf(small.project, 'x')).to.have.length(51);
    expect(await rowsOf(large.project, 'x')).to.have.length(60);
  });

  it('that were missed reach everyone who comes back, from wherever, once and in order, while more are published', async () => {
    const { token } = await stand.aProject('business');
    const all = 1300;
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => ({ channel: 'back', data: `m${from + index + 1}` }));
    await stand.batch(token, lines(0, 600));
    await stand.batch(token, lines(600, 1200));
    const readers = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const client = await stand.join(token);
        const after = index * 97;
        client.send({ subscribe: 'back', after });
        return { client, after };
      }),
    );
    for (let next = 1200; next < all; next += 10) await stand.batch(token, lines(next, next + 10));
    for (const { client, after } of readers) {
      const frames = await client.until(all - after, (frame) => frame.channel === 'back');
      expect(frames.map(({ offset, data }) => `${offset} ${data}`)).to.deep.equal(
        Array.from({ length: all - after }, (_, index) => `${after + index + 1} m${after + index + 1}`),
      );
    }
  });

  it('are counted as delivered, each by how many got it', async () => {
    const { project, token } = await stand.aProject();
    const readers = await Promise.all([stand.join(token), stand.join(token)]);
    for (const reader of readers) {
      reader.send({ subscribe: 'count' });
      await reader.next((frame) => frame.subscribed);
    }
    await stand.batch(token, [
      { channel: 'count', data: 'one' },
      { channel: 'count', data: 'two' },
    ]);
    for (const reader of readers) await reader.until(2, (frame) => frame.channel);
    const late = await stand.join(token);
    late.send({ subscribe: 'count', after: 1 });
    await late.next((frame) => frame.channel && frame.offset === 2);
    const counts = (await stand.relay.deliveries(project)).map(({ offset, delivered }) => [offset, delivered]);
    expect(counts).to.deep.equal([
      [2, 3],
      [1, 2],
    ]);
  });

  it('too large to be written as one reach a reader that keeps up, one behind the other', async () => {
    const { token } = await stand.aProject('business');
    const reader = await stand.join(token);
    reader.send({ subscribe: 'large' });
    await reader.next((frame) => frame.subscribed);
    const data = 'x'.repeat(100_000);
    await stand.batch(
      token,
      Array.from({ length: 20 }, () => ({ channel: 'large', data })),
    );
    const frames = await reader.until(20, (frame) => frame.channel);
    expect(frames.map(({ offset }) => offset)).to.deep.equal(frames.map((_, index) => index + 1));
    expect(frames.every((frame) => frame.data === data)).to.equal(true);
  });
});
