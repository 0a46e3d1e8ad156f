import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { cloneDatabase } from '../support/database.ts';
import { addEditions, aProjectAt } from '../support/installation.ts';
import { type Nats, startNats } from '../support/nats.ts';
import { type Reader, startReader } from '../support/reader.ts';
import { end, type Service, startService } from '../support/service.ts';

const channel = 'limit';
const limit = 10_000; // messages of a day, of the free plan
const callersPerNode = 8;
const linesPerBatch = 20;
const patienceMs = 180_000;

describe('four nodes of one installation at full load', () => {
  let base: Awaited<ReturnType<typeof cloneDatabase>>;
  let nats: Nats;
  let home: string;
  let running: Service[];
  let readers: Reader[];

  beforeEach(async () => {
    running = [];
    readers = [];
    home = mkdtempSync(join(tmpdir(), 'srok-nodes-'));
    [base, nats] = await Promise.all([cloneDatabase(), startNats()]);
    addEditions(home, { DATABASE_URL: base.url });
  });
  afterEach(async () => {
    for (const reader of readers) reader.stop();
    await Promise.all(running.map((service) => end(service, 'SIGTERM')));
    await nats?.close();
    await base?.drop();
    rmSync(home, { recursive: true, force: true });
  });

  async function aNode(): Promise<Service> {
    const env = { DATABASE_URL: base.url, NATS_URL: nats.url };
    const service = await startService(home, 0, { words: ['--node'], env });
    running.push(service);
    return service;
  }

  it('accept exactly as many messages as the plan allows, and every reader of every node has them in order, also when one node is killed and another joins', async () => {
    // All at once, also into an empty folder: each waits for the others where it must.
    const nodes = await Promise.all(Array.from({ length: 4 }, aNode));
    const { project, token } = await aProjectAt((nodes[0] as Service).url, 'four-nodes');
    readers = nodes.flatMap(({ url }) => [startReader(url, token, channel), startReader(url, token, channel)]);

    const acknowledged = new Map<number, { id: string; body: string }>();
    const twice: string[] = [];
    let sent = 0;
    const over: string[] = [];
    /** Publishes at a node until the limit is reached, or the node is gone. */
    async function load({ url }: Service): Promise<void> {
      for (;;) {
        const bodies = Array.from({ length: linesPerBatch }, () => `message ${sent++}`);
        let lines: { id?: string; offset: number; error?: { code: string; limit: { name: string } } }[];
        try {
          const answer = await fetch(`${url}/relay/v1/batches`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
            body: bodies.map((data) => JSON.stringify({ channel, data })).join('\n'),
          });
          if (answer.status !== 200) continue;
          lines = (await answer.text())
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line));
        } catch {
          return; // it was killed
        }
        for (const [index, { id, offset, error }] of lines.entries()) {
          if (id) {
            if (acknowledged.has(offset)) twice.push(`${offset}`);
            acknowledged.set(offset, { id, body: bodies[index] as string });
          } else over.push(error?.code ?? '');
        }
        if (lines.some(({ error }) => error?.code === 'limit.messages')) return;
      }
    }
    const loads = nodes.flatMap((node) => Array.from({ length: callersPerNode }, () => load(node)));

    const doomed = nodes[3] as Service;
    await until(() => acknowledged.size > limit / 3, 'a third is acknowledged');
    await end(doomed, 'SIGKILL');
    const joined = await aNode();
    for (const reader of readers) if (readers.indexOf(reader) >= 6) reader.moveTo(joined.url);
    readers.push(startReader(joined.url, token, channel));
    loads.push(...Array.from({ length: callersPerNode }, () => load(joined)));
    await Promise.all(loads);

    const rows = await base.db('relay.payloads').where({ project_id: project, channel }).orderBy('offset');
    expect(rows.map(({ offset }) => offset)).to.deep.equal(Array.from({ length: limit }, (_, index) => index + 1));
    expect(twice).to.deep.equal([]);
    expect([...new Set(over)]).to.deep.equal(['limit.messages']);
    expect(acknowledged.size).to.be.at.most(limit);
    for (const [offset, { id }] of acknowledged) expect(rows[offset - 1].id).to.equal(id);
    const [usage] = await base.db('relay.usage').where({ project_id: project });
    expect(usage.messages).to.equal(limit);

    const ids = rows.map(({ id }) => id);
    for (const reader of readers) {
      await until(() => reader.got.length >= limit || reader.wrong.length > 0, 'a reader has everything');
      expect(reader.wrong).to.deep.equal([]);
      expect(reader.got.map(({ id }) => id)).to.deep.equal(ids);
      for (const { offset, data } of reader.got) {
        const told = acknowledged.get(offset);
        if (told && told.body !== data) throw new Error(`Offset ${offset} has another body.`);
      }
    }
    expect(new Set(ids).size).to.equal(limit);

    // What the killed node held has come back, and every connection that is open has a seat.
    await until(async () => (await base.db('relay.nodes')).length === 4, 'the killed node is known to be dead');
    await until(async () => {
      const [held] = await base.db('relay.seats').where({ project_id: project }).sum({ taken: 'taken' });
      return Number(held?.taken) === readers.length;
    }, 'the seats are those of the readers');
    for (const { url } of [...nodes.slice(0, 3), joined]) expect((await fetch(`${url}/readyz`)).status).to.equal(200);
  });

  it('lets go of its clients in order when it is told to stop: everything acknowledged is there, and they go on elsewhere', async () => {
    const [going, staying] = [await aNode(), await aNode()];
    const { token } = await aProjectAt(going.url, 'drain');
    const reader = startReader(going.url, token, channel);
    reader.moveTo(staying.url);
    readers = [reader];
    const acknowledged: string[] = [];
    let asked = 0;
    let stopping = false;
    const callers = Array.from({ length: callersPerNode }, async () => {
      while (!stopping) {
        try {
          const answer = await fetch(`${going.url}/relay/v1/channels/${channel}/messages`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}` },
            body: `message ${asked++}`,
          });
          if (answer.status === 202) acknowledged.push(((await answer.json()) as { id: string }).id);
        } catch {
          return; // nobody new is let in
        }
      }
    });
    await until(() => acknowledged.length > 100, 'a hundred are acknowledged');
    expect(await end(going, 'SIGTERM')).to.equal(0);
    stopping = true;
    await Promise.all(callers);
    await until(() => {
      const ids = new Set(reader.got.map(({ id }) => id));
      return acknowledged.every((id) => ids.has(id));
    }, 'the reader has everything');
    expect(reader.ends[0]).to.deep.include({ code: 1012 });
    expect(reader.wrong).to.deep.equal([]);
    const [seat] = await base.db('relay.seats').sum({ taken: 'taken' });
    expect(Number(seat?.taken)).to.equal(1);
  });
});

async function until(look: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const over = performance.now() + patienceMs;
  while (!(await look())) {
    if (performance.now() > over) throw new Error(`It did not come: ${what}`);
    await delay(20);
  }
}
