import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import type { Relay } from '../../plugins/relay/index.ts';
import relayPlugin, { relayOf } from '../../plugins/relay/index.ts';
import { metadataAad } from '../../plugins/relay/log.ts';
import { cloneDatabase } from '../support/database.ts';
import { type Client, connect, type Frame, publish, startEngine, type TestEngine } from './engine.ts';

describe('the relay', () => {
  let base: Awaited<ReturnType<typeof cloneDatabase>>;
  let house: TestEngine;
  let relay: Relay;
  const open: Client[] = [];

  before(async () => {
    base = await cloneDatabase();
    house = await startEngine(base.db, [relayPlugin]);
    relay = relayOf(house.engine);
  });
  afterEach(() => {
    for (const { socket } of open.splice(0)) socket.terminate();
  });
  after(async () => {
    await house?.close();
    await base?.drop();
  });

  async function aProject(
    plan = 'free',
    of?: { subject: string; account: string },
  ): Promise<{ project: string; token: string; subject: string; account: string }> {
    const person = of ?? (await house.aPerson());
    return base.db.transaction(async (trx) => {
      const { project, token } = await relay.createProject(trx, { ...person, name: 'Стенд', plan });
      if (token) return { project: project.id, token: token.token, ...person };
      await relay.activate(trx, project.id);
      return { project: project.id, token: (await relay.issueToken(trx, project.id)).token, ...person };
    });
  }

  async function join(token: string): Promise<Client> {
    const client = await connect(house.origin, token);
    open.push(client);
    return client;
  }

  function bodyOf(frame: { data: string; encoding?: string }): Buffer {
    return Buffer.from(frame.data, frame.encoding === 'base64' ? 'base64' : 'utf8');
  }

  describe('a project', () => {
    it('on the free plan is active at once, with a token that is shown once and kept as a hash', async () => {
      const { project, token } = await aProject();
      expect(token).to.match(/^srok_/);
      const [row] = await base.db('relay.tokens').where({ project_id: project });
      expect(JSON.stringify(row)).not.to.contain(token.slice(-43));
      expect(await relay.tokens(project)).to.have.length(1);
      expect((await relay.tokens(project))[0]).to.include({ last4: token.slice(-4) });
    });

    it('is refused as the second free one, with the clause', async () => {
      const { subject, account } = await aProject();
      const second = base.db.transaction((trx) =>
        relay.createProject(trx, { subject, account, name: 'Второй', plan: 'free' }),
      );
      const refusal = await second.then(
        () => null,
        (error) => error,
      );
      expect(refusal).to.include({ code: 'project.free-limit', kind: 'conflict' });
      expect(refusal.details.clause).to.equal('Оферта 4.4.2');
    });

    it('on a paid plan waits for its payment and has no token until then', async () => {
      const person = await house.aPerson();
      const { project, token } = await base.db.transaction((trx) =>
        relay.createProject(trx, { ...person, name: 'Платный', plan: 'start' }),
      );
      expect(token).to.equal(null);
      expect(project.state).to.equal('waiting');
      const early = await base.db.transaction((trx) => relay.issueToken(trx, project.id)).catch((error) => error);
      expect(early).to.include({ code: 'project.not-active' });
      await house.report({
        name: 'payment.succeeded',
        about: project.id,
        at: house.clock.now(),
        subject: person.subject,
        fields: { months: 1, kopecks: 99_000 },
      });
      expect((await relay.project(project.id)).state).to.equal('active');
    });

    it('whose payment is disputed stands still until it is paid again', async () => {
      const { project, token, subject } = await aProject('start');
      const fact = { about: project, at: house.clock.now(), subject };
      await house.report({ ...fact, name: 'payment.disputed' });
      expect(await relay.project(project)).to.deep.include({ state: 'suspended', grounds: ['dispute'] });
      expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(403);
      await house.report({ ...fact, name: 'payment.succeeded', fields: { months: 1, kopecks: 99_000 } });
      expect(await relay.project(project)).to.deep.include({ state: 'active', grounds: [] });
      expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(202);
    });

    it('that its owner deletes takes nothing more, and leaves its log where it was', async () => {
      const { project, token } = await aProject();
      await publish(house.origin, token, 'deleted', 'kept');
      await base.db.transaction((trx) => relay.deleteProject(trx, project));
      expect((await relay.project(project)).state).to.equal('deleted');
      expect((await publish(house.origin, token, 'deleted', 'x')).status).to.equal(401);
      for (const table of ['relay.payloads', 'relay.messages']) {
        expect(await base.db(table).where({ project_id: project }), table).to.have.length(1);
      }
    });

    it('of somebody else is not found', async () => {
      const { project } = await aProject();
      const other = await house.aPerson();
      expect(await relay.project(project, other.subject).catch((error) => error)).to.include({
        code: 'project.not-found',
      });
    });
  });

  describe('a message', () => {
    it('arrives byte for byte, once and in order: text, Cyrillic and bytes that are no text', async () => {
      const { token } = await aProject();
      const reader = await join(token);
      reader.send({ subscribe: 'orders' });
      expect(await reader.next((frame) => frame.subscribed)).to.deep.equal({ subscribed: 'orders', offset: 0 });
      const bodies = Array.from({ length: 100 }, (_, index) => {
        if (index % 3 === 0)
          return Buffer.from(JSON.stringify({ index, text: 'Съешь ещё этих мягких булок', nul: '\0' }));
        if (index % 3 === 1) return Buffer.concat([Buffer.from([0xff, 0xfe, 0x00]), randomBytes(index * 50)]);
        return Buffer.from(`\uFEFFстрока ${index}\r\n`);
      });
      for (const [index, body] of bodies.entries()) {
        const answer = await publish(house.origin, token, 'orders', body, { 'content-type': 'text/plain' });
        expect(answer.status).to.equal(202);
        expect(answer.body).to.include({ channel: 'orders', offset: index + 1 });
      }
      const frames = await reader.until(100, (frame) => frame.channel === 'orders');
      expect(frames.map((frame) => frame.offset)).to.deep.equal(bodies.map((_, index) => index + 1));
      expect(new Set(frames.map((frame) => frame.id)).size).to.equal(100);
      for (const [index, frame] of frames.entries())
        expect(bodyOf(frame).equals(bodies[index] as Buffer)).to.equal(true);
    });

    it('over WebSocket is acknowledged by its ref, and text, base64 and type come through as they were', async () => {
      const { token } = await aProject();
      const client = await join(token);
      client.send({ subscribe: 'ws' });
      await client.next((frame) => frame.subscribed);
      const bytes = randomBytes(3000);
      client.send({ publish: 'ws', data: 'Привет\n"мир"', ref: 1 });
      client.send({ publish: 'ws', data: bytes.toString('base64'), encoding: 'base64', type: 'image/png', ref: 2 });
      expect(await client.next((frame) => frame.ack === 1)).to.include({ offset: 1 });
      expect(await client.next((frame) => frame.ack === 2)).to.include({ offset: 2 });
      const [first, second] = await client.until(2, (frame) => frame.channel === 'ws');
      expect(first.data).to.equal('Привет\n"мир"');
      expect(first).not.to.have.property('encoding');
      expect(bodyOf(second).equals(bytes)).to.equal(true);
      expect(second.type).to.equal('image/png');
    });

    it('with data that is no string, no text or no base64 is refused in a frame, and the connection lives', async () => {
      const { token } = await aProject();
      const client = await join(token);
      client.send({ publish: 'ws', data: { an: 'object' }, ref: 'a' });
      client.socket.send('{"publish":"ws","data":"\\ud800","ref":"b"}');
      client.send({ publish: 'ws', data: '***', encoding: 'base64', ref: 'c' });
      client.socket.send('not json');
      client.send({ publish: 'пробел здесь', data: '', ref: 'd' });
      const code = async (ref: string) => (await client.next((frame) => frame.error?.ref === ref)).error.code;
      expect([await code('a'), await code('b'), await code('c'), await code('d')]).to.deep.equal([
        'data-not-string',
        'data-not-text',
        'data-not-base64',
        'channel.bad-name',
      ]);
      expect((await client.next((frame) => frame.error?.code === 'frame.not-json')).error).not.to.have.property('ref');
    });

    it('with a reference that is no short word is refused without repeating it, however deep it is; the door goes on', async () => {
      const { token } = await aProject();
      const client = await join(token);
      const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
      for (const ref of [deep, '{"a":1}', JSON.stringify('x'.repeat(201))]) {
        client.socket.send(`{"publish":"frames","data":"x","ref":${ref}}`);
        const { error } = await client.next((frame) => frame.error);
        expect(error).to.include({ code: 'frame.bad-ref', field: 'ref' });
        expect(error).not.to.have.property('ref');
      }
      client.send({ publish: 'frames', data: 'x', ref: 'word' });
      expect(await client.next((frame) => frame.ack === 'word')).to.include({ offset: 1 });
    });

    it('is in the log, sealed, before it is acknowledged; of the sender the table has no plain text', async () => {
      const { token, project } = await aProject();
      const canary = `канарейка-${randomBytes(8).toString('hex')}`;
      const { body } = await publish(house.origin, token, 'sealed', canary, { 'user-agent': 'canary-agent/1' });
      const [payload] = await base.db('relay.payloads').where({ project_id: project });
      const [message] = await base.db('relay.messages').where({ project_id: project });
      expect(payload).to.include({ id: body.id, offset: 1, channel: 'sealed' });
      expect(message).to.include({ id: body.id, bytes: Buffer.byteLength(canary), door: 'http' });
      expect(payload.box.includes(Buffer.from(canary))).to.equal(false);
      expect(message.personal.includes(Buffer.from('canary-agent'))).to.equal(false);
      expect(String(payload.processed_on)).to.equal('2026-05-12');
      expect(house.engine.vault.names('payload/2026-05-12').some((name) => name.endsWith(project))).to.equal(true);
    });

    it('is noted with the address that a trusted proxy has seen, and with no word of the sender about it', async () => {
      const { token, project } = await aProject();
      const { vault, config } = house.engine;
      const hops = { 'x-forwarded-for': '9.9.9.9, 203.0.113.7' };
      try {
        await publish(house.origin, token, 'hops', 'bare', hops);
        config.behindProxy = true;
        await publish(house.origin, token, 'hops', 'proxied', hops);
      } finally {
        delete config.behindProxy;
      }
      const rows = await base.db('relay.messages').where({ project_id: project }).orderBy('offset');
      const addresses = rows.map(async ({ personal, processed_on: day, connection }) => {
        const plain = await vault.open(personal, metadataAad(String(day), project, connection));
        return JSON.parse(plain.toString()).ip;
      });
      expect(await Promise.all(addresses)).to.deep.equal(['127.0.0.1', '203.0.113.7']);
    });

    it('over the size is refused with 413, without a token or with a wrong one with the same 401', async () => {
      const { token } = await aProject();
      const large = await publish(house.origin, token, 'size', Buffer.alloc(1024 * 1024 + 1));
      expect(large.status).to.equal(413);
      expect(large.headers.get('content-type')).to.contain('application/problem+json');
      const answers = await Promise.all([
        publish(house.origin, '', 'size', 'x'),
        publish(house.origin, 'srok_nonsense', 'size', 'x'),
        publish(house.origin, `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`, 'size', 'x'),
      ]);
      for (const answer of answers) expect(answer.status).to.equal(401);
      expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).to.equal(1);
      expect((await publish(house.origin, token, 'size', 'fits')).status).to.equal(202);
    });

    it('with the same key is one message; the same key with another body is refused with 422', async () => {
      const { token, project } = await aProject();
      const key = { 'idempotency-key': 'order-17' };
      const first = await publish(house.origin, token, 'keys', 'one', key);
      const again = await publish(house.origin, token, 'keys', 'one', key);
      expect(again.body).to.deep.equal(first.body);
      expect((await publish(house.origin, token, 'keys', 'two', key)).status).to.equal(422);
      const both = await Promise.all(
        Array.from({ length: 8 }, () => publish(house.origin, token, 'keys', 'many', { 'idempotency-key': 'at once' })),
      );
      expect(new Set(both.map(({ body }) => body.id)).size).to.equal(1);
      const [row] = await base.db('relay.payloads').where({ project_id: project }).count({ n: '*' });
      expect(row?.n).to.equal(2);
    });

    it('of another project is never delivered here', async () => {
      const [one, two] = [await aProject(), await aProject()];
      const reader = await join(one.token);
      reader.send({ subscribe: 'same-name' });
      await reader.next((frame) => frame.subscribed);
      await publish(house.origin, two.token, 'same-name', 'theirs');
      await publish(house.origin, one.token, 'same-name', 'mine');
      const frame = await reader.next((one) => one.channel);
      expect(frame).to.include({ data: 'mine', offset: 1 });
      expect(reader.frames.filter((frame) => frame.channel)).to.have.length(1);
    });
  });

  describe('resuming', () => {
    it('gives what was missed, in order and once, while publishing goes on', async () => {
      const { token } = await aProject();
      for (let index = 1; index <= 20; index++) await publish(house.origin, token, 'resume', `m${index}`);
      const publishing = (async () => {
        const all = [];
        for (let index = 21; index <= 120; index++) all.push(publish(house.origin, token, 'resume', `m${index}`));
        return Promise.all(all);
      })();
      const reader = await join(token);
      reader.send({ subscribe: 'resume', after: 5 });
      await publishing;
      const frames = await reader.until(115, (frame) => frame.channel);
      expect(frames.map((frame) => frame.offset)).to.deep.equal(Array.from({ length: 115 }, (_, index) => index + 6));
    });

    it('from an offset that no message has yet is refused, on a connection and in a pull', async () => {
      const { token } = await aProject();
      await publish(house.origin, token, 'ahead', 'one');
      const pull = (after: number) =>
        fetch(`${house.origin}/relay/v1/channels/ahead/messages?after=${after}`, {
          headers: { authorization: `Bearer ${token}` },
        });
      expect((await pull(1)).status).to.equal(200);
      const refused = await pull(2);
      expect(refused.status).to.equal(400);
      expect((await refused.json()) as Frame).to.include({ code: 'offset.ahead' });
      const reader = await join(token);
      reader.send({ subscribe: 'ahead', after: 2, ref: 1 });
      expect((await reader.next((frame) => frame.error)).error).to.include({ code: 'offset.ahead', ref: 1 });
      reader.send({ subscribe: 'ahead', after: 1 });
      expect(await reader.next((frame) => frame.subscribed)).to.include({ offset: 1 });
    });

    it('after the recovery window is told what is lost, and a pull says the same', async () => {
      const { token } = await aProject();
      await publish(house.origin, token, 'window', 'old 1');
      await publish(house.origin, token, 'window', 'old 2');
      house.clock.moveTo(house.clock.now().add({ minutes: house.law.operator.recovery?.minutes ?? 0, seconds: 1 }));
      await publish(house.origin, token, 'window', 'new');
      const reader = await join(token);
      reader.send({ subscribe: 'window', after: 0 });
      expect(await reader.next((frame) => frame.lost)).to.deep.equal({
        lost: 'window',
        after: 0,
        before: 3,
        reason: 'recovery-window',
      });
      expect(await reader.next((frame) => frame.channel)).to.include({ offset: 3, data: 'new' });
      const response = await fetch(`${house.origin}/relay/v1/channels/window/messages?after=0`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const pulled = (await response.json()) as Frame;
      expect(pulled.lost).to.deep.equal({ after: 0, before: 3, reason: 'recovery-window' });
      expect(pulled.messages.map((message: { data: string }) => message.data)).to.deep.equal(['new']);
    });
  });

  describe('a limit', () => {
    it('of messages is exact under concurrency, warns at 80 and 100 percent once, and leaves no payload beyond', async () => {
      const { token, project } = await aProject('mini');
      house.letters.length = 0;
      const answers = await Promise.all(
        Array.from({ length: 25 }, (_, index) => publish(house.origin, token, 'limit', `m${index}`)),
      );
      expect(answers.filter(({ status }) => status === 202)).to.have.length(10);
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused).to.have.length(15);
      expect(refused[0]?.body).to.include({ code: 'limit.messages', clause: 'Оферта 4.5.2' });
      expect(refused[0]?.body.limit).to.deep.equal({ name: 'messages-per-day', value: 10 });
      expect(refused[0]?.body.resetsAt).to.equal('2026-05-12T21:00:00Z');
      expect(refused[0]?.headers.get('retry-after')).to.match(/^\d+$/);
      const [row] = await base.db('relay.payloads').where({ project_id: project }).count({ n: '*' });
      expect(row?.n).to.equal(10);
      expect(house.letters.map(({ template, channels }) => [template, channels])).to.deep.equal([
        ['limit.warning', ['email', 'dashboard']],
        ['limit.exhausted', ['email', 'dashboard']],
      ]);
      const facts = await base.db('core.facts').where({ about: project }).whereLike('name', 'limit.%').orderBy('id');
      expect(facts.map(({ name }) => name)).to.deep.equal(['limit.warned', 'limit.exhausted']);
      await publish(house.origin, token, 'limit', 'once more');
      expect(house.letters).to.have.length(2);
      const usage = await relay.usage(project);
      expect(usage.messages).to.include({ used: 10, limit: 10, percent: 100, dropped: 16 });
    });

    it('of messages counts from zero on the next Moscow day', async () => {
      const { token } = await aProject('mini');
      for (let index = 0; index < 10; index++) await publish(house.origin, token, 'day', 'x');
      expect((await publish(house.origin, token, 'day', 'x')).status).to.equal(429);
      house.clock.moveTo(Temporal.Instant.from('2026-05-12T21:00:00Z'));
      expect((await publish(house.origin, token, 'day', 'x')).status).to.equal(202);
    });

    it('of one project is not lent to another of the same person, however little that one uses', async () => {
      const person = await house.aPerson();
      const tokens = [];
      for (const name of ['Занятый', 'Свободный']) {
        const { project } = await base.db.transaction((trx) =>
          relay.createProject(trx, { ...person, name, plan: 'mini' }),
        );
        await base.db.transaction((trx) => relay.activate(trx, project.id));
        tokens.push((await base.db.transaction((trx) => relay.issueToken(trx, project.id))).token);
      }
      const [busy, idle] = tokens as [string, string];
      for (let index = 0; index < 10; index++) await publish(house.origin, busy, 'own', 'x');
      expect((await publish(house.origin, busy, 'own', 'x')).status).to.equal(429);
      expect((await publish(house.origin, idle, 'own', 'x')).status).to.equal(202);
    });

    it('that is exceeded again and again blocks nobody: what is over is dropped, and the next day goes on', async () => {
      const { token, project } = await aProject('mini');
      const facts = () => base.db('core.facts').where({ about: project, name: 'project.suspended' });
      for (let day = 0; day < 3; day++) {
        for (let index = 0; index < 20; index++) await publish(house.origin, token, 'again', 'x');
        expect((await relay.project(project)).state).to.equal('active');
        house.clock.moveTo(house.clock.now().add({ hours: 24 }));
      }
      expect(await facts()).to.deep.equal([]);
      expect((await publish(house.origin, token, 'again', 'x')).status).to.equal(202);
    });

    it('counts a message that comes in many frames once', async () => {
      const { token, project } = await aProject('mini');
      const client = await join(token);
      const text = JSON.stringify({ publish: 'pieces', data: 'слово '.repeat(200), ref: 'whole' });
      for (let at = 0; at < text.length; at += 100) {
        client.socket.send(text.slice(at, at + 100), { fin: at + 100 >= text.length });
      }
      expect(await client.next((frame) => frame.ack === 'whole')).to.include({ offset: 1 });
      expect((await relay.usage(project)).messages).to.include({ used: 1 });
    });

    it('of connections refuses the next one, cuts no open one, and tells the owner', async () => {
      const { token, project } = await aProject('mini');
      house.letters.length = 0;
      const [first] = [await join(token), await join(token)];
      expect(await connect(house.origin, token).catch((error) => error.message)).to.equal('429');
      expect(house.letters.map(({ template, data }) => [template, data.what])).to.deep.equal([
        ['limit.warning', 'connections'],
        ['limit.exhausted', 'connections'],
      ]);
      first?.socket.close();
      await first?.closed;
      await join(token);
      expect((await relay.usage(project)).connections).to.include({ limit: 2, peak: 2, refused: 1 });
    });
  });

  describe('what is stopped', () => {
    it('a suspended project takes nothing and closes its connections within a second', async () => {
      const { token, project } = await aProject();
      const client = await join(token);
      const before = performance.now();
      await base.db.transaction((trx) => relay.suspend(trx, project, 'violation'));
      expect(await client.closed).to.include({ code: 4403 });
      expect(performance.now() - before).to.be.lessThan(1000);
      expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(403);
      await base.db.transaction((trx) => relay.activate(trx, project, 'violation'));
      expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(202);
    });

    it('a project that staff block closes within a second, alone of its account, and comes back', async () => {
      const { token, project, ...person } = await aProject('start');
      const other = await aProject('start', person);
      const [client, beside] = [await join(token), await join(other.token)];
      house.letters.length = 0;
      const why = { ground: 'third-party-rights', reason: 'Жалоба № 7 с приложением', by: 'acc_dpo' } as const;
      const before = performance.now();
      const blocked = await base.db.transaction((trx) => relay.block(trx, project, why));
      expect(blocked).to.deep.include({ state: 'suspended', grounds: ['violation'], blockGround: why.ground });
      expect(await client.closed).to.include({ code: 4403 });
      expect(performance.now() - before).to.be.lessThan(1000);
      expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(403);
      expect((await publish(house.origin, other.token, 'x', 'x')).status).to.equal(202);
      expect(beside.socket.readyState).to.equal(beside.socket.OPEN);
      const payment = { name: 'payment.succeeded', about: project, at: house.clock.now(), subject: person.subject };
      await house.report({ ...payment, fields: { months: 1, kopecks: 99_000 } });
      expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(403);

      const [letter, ...more] = house.letters;
      expect(more).to.deep.equal([]);
      expect(letter).to.deep.include({ template: 'project.blocked', channels: ['email', 'dashboard'] });
      expect(letter?.data).to.include({ project: 'Стенд', ground: 'нарушение прав третьих лиц' });
      expect(letter?.data).to.include({ clause: house.law.operator.inactivity?.clause });
      expect(String(letter?.data.blockedAt)).to.equal(house.clock.now().toString());
      expect(letter?.data.how).to.contain('возразить').and.to.contain(house.law.operator.email);

      const reason = 'Права подтверждены';
      house.letters.length = 0;
      await base.db.transaction((trx) => relay.unblock(trx, project, { reason, by: 'acc_dpo' }));
      expect(house.letters).to.have.length(1);
      expect(house.letters[0]).to.deep.include({ template: 'project.unblocked', channels: ['email', 'dashboard'] });
      expect(house.letters[0]?.data).to.include({ project: 'Стенд', ground: 'нарушение прав третьих лиц' });
      expect(house.letters[0]?.data).not.to.have.property('still');
      expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(202);
      await join(token);
      await house.engine.journal.sealUp();
      const said = await house.engine.journal.list({ about: project, prefix: 'project.', order: 'oldest' });
      const acts = said.filter(({ actor }) => actor === 'acc_dpo');
      expect(acts.map(({ action }) => action)).to.deep.equal(['project.blocked', 'project.unblocked']);
      expect(acts[0]?.body).to.include({ ground: why.ground, reason: why.reason }).and.to.have.property('letter');
      expect(acts[1]?.body).to.include({ reason }).and.to.have.property('letter');
      expect(await relay.project(project)).to.deep.include({ state: 'active', grounds: [], blockGround: null });
    });

    it('a block is refused where it is one already, or where there is nothing left to block', async () => {
      const { project } = await aProject();
      const why = { ground: 'bypass', reason: 'Вторая учётная запись ради лимита', by: 'acc_dpo' } as const;
      const refusalOf = (work: Promise<unknown>) => work.then(() => null).catch(({ code, kind }) => [code, kind]);
      const block = (id = project) => refusalOf(base.db.transaction((trx) => relay.block(trx, id, why)));
      const unblock = (id = project) => refusalOf(base.db.transaction((trx) => relay.unblock(trx, id, why)));
      expect(await unblock()).to.deep.equal(['project.not-blocked', 'conflict']);
      expect(await block()).to.equal(null);
      expect(await block()).to.deep.equal(['project.blocked-already', 'conflict']);
      await base.db.transaction((trx) => relay.deleteProject(trx, project));
      expect(await block()).to.deep.equal(['project.deleted-already', 'conflict']);
      expect(await block('prj_nobody')).to.deep.equal(['project.not-found', 'not-found']);
      expect(await unblock('prj_nobody')).to.deep.equal(['project.not-found', 'not-found']);
    });

    it('deleting a blocked free project makes no room for another, until staff lift the block', async () => {
      const { project, ...person } = await aProject();
      const make = (plan: string) =>
        base.db
          .transaction((trx) => relay.createProject(trx, { ...person, name: 'Ещё один', plan }))
          .then(
            () => null,
            ({ code, kind }) => [code, kind],
          );
      const why = { ground: 'bypass', reason: 'Обход ограничений', by: 'acc_dpo' } as const;
      await base.db.transaction((trx) => relay.block(trx, project, why));
      expect(await make('free')).to.deep.equal(['project.free-limit', 'conflict']);
      const gone = await base.db.transaction((trx) => relay.deleteProject(trx, project));
      expect(gone).to.deep.include({ state: 'deleted', grounds: ['violation'], blockGround: 'bypass' });
      expect(await make('free')).to.deep.equal(['project.free-blocked', 'conflict']);
      expect(await make('start')).to.equal(null);
      house.letters.length = 0;
      const lifted = await base.db.transaction((trx) => relay.unblock(trx, project, why));
      expect(house.letters.map(({ data }) => data.still)).to.deep.equal(['Проект удалён.']);
      expect(lifted).to.deep.include({ state: 'deleted', grounds: [], blockGround: null });
      expect(await make('free')).to.equal(null);
    });

    it('a project that is blocked and not paid for waits on when the block is lifted', async () => {
      const person = await house.aPerson();
      const order = { ...person, name: 'Платный', plan: 'start' };
      const { project } = await base.db.transaction((trx) => relay.createProject(trx, order));
      const why = { ground: 'unlawful', reason: 'Предписание', by: 'acc_dpo' } as const;
      expect((await base.db.transaction((trx) => relay.block(trx, project.id, why))).state).to.equal('suspended');
      house.letters.length = 0;
      expect((await base.db.transaction((trx) => relay.unblock(trx, project.id, why))).state).to.equal('waiting');
      expect(house.letters.map(({ data }) => data.still)).to.deep.equal(['Проект ждёт оплаты.']);
    });

    it('a deleted account ends tokens and connections, a blocked one until it is restored', async () => {
      const { token, project, subject, account } = await aProject();
      const fact = { about: account, at: house.clock.now(), subject };
      const first = await join(token);
      await house.report({ ...fact, name: 'account.blocked', fields: { ground: 'violation' } });
      expect((await first.closed).code).to.equal(4403);
      expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(403);
      await house.report({ ...fact, name: 'account.restored' });
      const second = await join(token);
      await house.report({ ...fact, name: 'account.deleted', fields: { by: 'user' } });
      expect((await second.closed).code).to.equal(4401);
      expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(401);
      expect((await relay.project(project)).state).to.equal('deleted');
    });

    it('a token counts as used by its secret, not by its name', async () => {
      const { token, project } = await aProject();
      const wrong = `${token.slice(0, -43)}${'A'.repeat(43)}`;
      expect((await publish(house.origin, wrong, 'x', 'x')).status).to.equal(401);
      expect((await relay.tokens(project))[0]?.lastUsedOn).to.equal(null);
      expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(202);
      while (!(await relay.tokens(project))[0]?.lastUsedOn) await new Promise((done) => setTimeout(done, 5));
    });

    it('a rotated token dies at once, or after its overlap, and the new one lives', async () => {
      const { token, project } = await aProject();
      const second = await base.db.transaction((trx) => relay.rotateToken(trx, project));
      expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(401);
      const third = await base.db.transaction((trx) => relay.rotateToken(trx, project, { overlapMs: 60_000 }));
      expect((await publish(house.origin, second.token, 'x', 'x')).status).to.equal(202);
      house.clock.moveTo(house.clock.now().add({ seconds: 61 }));
      expect((await publish(house.origin, second.token, 'x', 'x')).status).to.equal(401);
      expect((await publish(house.origin, third.token, 'x', 'x')).status).to.equal(202);
    });

    it('tells each connection what ended its token: the owner, or an overlap', async () => {
      const { token, project } = await aProject();
      const fresh = await base.db.transaction((trx) => relay.rotateToken(trx, project, { overlapMs: 60_000 }));
      const [old, other] = [await join(token), await join(fresh.token)];
      await base.db.transaction((trx) => relay.revokeToken(trx, project, fresh.id));
      expect(await other.closed).to.deep.equal({ code: 4401, reason: 'the token has been revoked' });
      house.clock.moveTo(house.clock.now().add({ seconds: 60 }));
      expect(await old.closed).to.deep.equal({ code: 4401, reason: 'the token has been replaced' });
    });

    it('a token without the right to publish does not', async () => {
      const { project } = await aProject();
      const reader = await base.db.transaction((trx) => relay.issueToken(trx, project, { rights: ['subscribe'] }));
      expect((await publish(house.origin, reader.token, 'x', 'x')).status).to.equal(403);
      const client = await join(reader.token);
      client.send({ publish: 'x', data: 'x', ref: 9 });
      expect((await client.next((frame) => frame.error)).error).to.include({ code: 'token.no-right', ref: 9 });
    });
  });

  describe('a slow reader', () => {
    it('is let go with the offset to resume from, and nobody else feels it', async function () {
      this.timeout(60_000);
      const { token } = await aProject();
      const [slow, quick] = [await join(token), await join(token)];
      for (const client of [slow, quick]) {
        client.send({ subscribe: 'flood' });
        await client.next((frame) => frame.subscribed);
      }
      slow.socket.pause();
      const body = Buffer.alloc(512 * 1024, 'x');
      const messages = 40;
      for (let index = 0; index < messages; index++) {
        expect((await publish(house.origin, token, 'flood', body, { 'content-type': 'text/plain' })).status).to.equal(
          202,
        );
      }
      const frames = await quick.until(messages, (frame) => frame.channel);
      expect(frames.map((frame) => frame.offset)).to.deep.equal(frames.map((_, index) => index + 1));
      slow.socket.resume();
      const { code, reason } = await slow.closed;
      // Closed with the reason, or cut when it did not even read that.
      expect([4408, 1006]).to.include(code);
      if (code === 4408) expect(reason).to.match(/resume after flood=\d+/);
      const seen = slow.frames.filter((frame) => frame.channel);
      expect(seen.length).to.be.lessThan(messages);
      expect(seen.map((frame) => frame.offset)).to.deep.equal(seen.map((_, index) => index + 1));
    });
  });

  describe('beside the messages', () => {
    it('the newest deliveries say how many readers got a message, and no content', async () => {
      const { token, project } = await aProject();
      const reader = await join(token);
      reader.send({ subscribe: 'seen' });
      await reader.next((frame) => frame.subscribed);
      await publish(house.origin, token, 'seen', 'secret');
      await reader.next((frame) => frame.channel);
      const [newest] = await relay.deliveries(project);
      expect(newest).to.include({ channel: 'seen', offset: 1, bytes: 6, delivered: 1, failed: 0 });
      expect(JSON.stringify(newest)).not.to.contain('secret');
    });

    it('the first message of a day is a sign of life of its owner', async () => {
      const { token, account } = await aProject();
      house.activity.length = 0;
      await publish(house.origin, token, 'x', 'one');
      await publish(house.origin, token, 'x', 'two');
      expect(house.activity).to.deep.equal([{ account, kind: 'message' }]);
    });

    it('idempotency keys are forgotten after their day', async () => {
      const { token } = await aProject();
      await publish(house.origin, token, 'keys', 'one', { 'idempotency-key': 'k' });
      house.clock.moveTo(house.clock.now().add({ hours: 24 }));
      expect(await house.wake()).to.deep.equal(['relay.tidy']);
      expect(await base.db('relay.idempotency')).to.deep.equal([]);
      expect(await house.wake()).to.deep.equal([]);
    });
  });
});
