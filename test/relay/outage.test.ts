import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type Db, migrate, openDatabase, type RunningPostgres, startPostgres } from '../../core/db/index.ts';
import relayPlugin, { relayOf } from '../../plugins/relay/index.ts';
import { allMigrations } from '../support/database.ts';
import { connect, publish, startEngine, type TestEngine } from './engine.ts';

describe('the relay while its database is away', () => {
  let home: string;
  let server: RunningPostgres;
  let db: Db;
  let house: TestEngine;
  let token: string;
  let project: string;

  before(async function () {
    this.timeout(60_000);
    // A durable cluster, as in production: what was committed must outlive the kill.
    home = mkdtempSync(join(tmpdir(), 'srok-outage-'));
    server = await startPostgres({ home });
    db = openDatabase(server.url);
    await migrate(db, allMigrations());
    house = await startEngine(db, [relayPlugin]);
    const person = await house.aPerson();
    const made = await db.transaction((trx) =>
      relayOf(house.engine).createProject(trx, { ...person, name: 'Стенд', plan: 'free' }),
    );
    token = made.token?.token as string;
    project = made.project.id;
  });
  after(async () => {
    await house?.close();
    await db?.destroy();
    await server?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('answers 503, acknowledges nothing, and goes on by itself; readers miss nothing and get nothing twice', async function () {
    this.timeout(60_000);
    const reader = await connect(house.origin, token);
    reader.send({ subscribe: 'outage' });
    await reader.next((frame) => frame.subscribed);
    expect((await publish(house.origin, token, 'outage', 'before')).status).to.equal(202);

    // Killed as hard as it gets, in the middle of traffic.
    const pid = Number(readFileSync(join(home, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    const outcomes: { body: string; status: number; id?: string }[] = [];
    let stop = false;
    const traffic = (async () => {
      for (let index = 0; !stop; index++) {
        const body = `m${index}`;
        const answer = await publish(house.origin, token, 'outage', body);
        outcomes.push({ body, status: answer.status, ...(answer.status === 202 ? { id: answer.body.id } : {}) });
        if (answer.status === 503) {
          expect(answer.headers.get('retry-after')).to.equal('1');
          expect(answer.body.code).to.equal('log.unavailable');
        }
        await delay(5);
      }
    })();
    await delay(200);
    expect(spawnSync('kill', ['-9', String(pid)]).status).to.equal(0);
    const until = performance.now() + 40_000;
    const seen503 = () => outcomes.some(({ status }) => status === 503);
    const recovered = () => outcomes.findLastIndex(({ status }) => status === 503) < outcomes.length - 20;
    while ((!seen503() || !recovered()) && performance.now() < until) await delay(50);
    stop = true;
    await traffic;
    expect(seen503()).to.equal(true);
    expect(outcomes.at(-1)?.status).to.equal(202);

    // Every acknowledged message is in the log exactly once, and offsets have no gap.
    const rows = await db('relay.payloads').where({ project_id: project, channel: 'outage' }).orderBy('offset');
    expect(rows.map(({ offset }) => offset)).to.deep.equal(rows.map((_, index) => index + 1));
    const logged = new Set(rows.map(({ id }) => id));
    for (const { id } of outcomes) if (id) expect(logged.has(id)).to.equal(true);
    // The reader was there all the time: it has every logged message once, in order.
    const frames = await reader.until(rows.length, (frame) => frame.channel);
    expect(frames.map((frame) => frame.id)).to.deep.equal(rows.map(({ id }) => id));
    reader.socket.terminate();
  });

  it('is ready again when the database is back, although nobody publishes', async function () {
    this.timeout(60_000);
    expect(await house.host.ready()).to.deep.equal([]);
    // A killed postmaster's backends may still answer for a moment, and its successor comes soon: kill until a message is refused.
    let refused = false;
    for (let tries = 0; !refused && tries < 200; tries++) {
      killPostmaster();
      refused = (await publish(house.origin, token, 'outage', 'lost')).status === 503;
    }
    expect(refused).to.equal(true);
    const until = performance.now() + 40_000;
    while ((await house.host.ready()).length > 0 && performance.now() < until) await delay(50);
    expect(await house.host.ready()).to.deep.equal([]);
  });

  it('tells who reads that nothing new comes, and delivers by itself when it is back', async function () {
    this.timeout(60_000);
    await accepted('outage');
    await beaten();
    const reader = await connect(house.origin, token);
    reader.send({ subscribe: 'silence' });
    await reader.next((frame) => frame.subscribed);
    const told = reader.next((frame) => frame.error);
    let heard = false;
    void told.then(() => {
      heard = true;
    });
    for (let tries = 0; !heard && tries < 200; tries++) {
      killPostmaster();
      await delay(40);
    }
    expect((await told).error).to.include({ code: 'log.unavailable' });
    await accepted('silence');
    expect(await reader.next((frame) => frame.channel)).to.include({ channel: 'silence', data: 'back' });
    reader.socket.terminate();
  });

  async function accepted(channel: string): Promise<void> {
    const until = performance.now() + 40_000;
    while ((await publish(house.origin, token, channel, 'back')).status !== 202 && performance.now() < until) {
      await delay(50);
    }
  }

  /** Until the node has found the database there again: what it says of it, it says once. */
  async function beaten(): Promise<void> {
    const beat = async (): Promise<unknown> => (await db('relay.nodes').max({ beat: 'beat' }))[0]?.beat;
    const before = await beat();
    const until = performance.now() + 10_000;
    while ((await beat()) === before && performance.now() < until) await delay(20);
  }

  function killPostmaster(): void {
    const file = join(home, 'postgres', 'postmaster.pid');
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
    // A file that is just being written names nobody; process 0 would be our own group.
    if (pid > 1) spawnSync('kill', ['-9', String(pid)]);
  }
});
