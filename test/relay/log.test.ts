import { type AddressInfo, connect, createServer } from 'node:net';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import type { EraseReceipt, EraseScope, Store, StoreContext } from '../../core/datamap/index.ts';
import type { Actor } from '../../core/http/index.ts';
import type { Relay } from '../../plugins/relay/index.ts';
import relayPlugin, { relayOf } from '../../plugins/relay/index.ts';
import { createLog } from '../../plugins/relay/log.ts';
import { createNotices } from '../../plugins/relay/notices.ts';
import { createPseudonyms } from '../../plugins/relay/pseudonyms.ts';
import { cloneDatabase } from '../support/database.ts';
import { publish, startEngine, type TestEngine } from './engine.ts';

const day = (text: string): Temporal.PlainDate => Temporal.PlainDate.from(text);
const oneDay = (text: string) => [{ from: day(text), before: day(text).add({ days: 1 }) }];

/** A way to the database whose open connections can be made to carry nothing any more: it hears, and says nothing. */
async function aDeafPath(to: string): Promise<{ url: string; deafen(): void; close(): void }> {
  const there = new URL(to);
  // A name of percent signs is a socket in a folder; the server listens beside it, and this path is one of TCP.
  const host = there.hostname.startsWith('%') ? '127.0.0.1' : there.hostname;
  const open = new Set<{ deaf: boolean }>();
  const server = createServer((near) => {
    const state = { deaf: false };
    open.add(state);
    const far = connect(Number(there.port), host);
    near.on('data', (bytes) => !state.deaf && far.write(bytes)).on('error', () => {});
    far.on('data', (bytes) => near.write(bytes)).on('error', () => {});
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const here = new URL(to);
  here.port = String((server.address() as AddressInfo).port);
  here.hostname = host;
  return {
    url: here.href,
    deafen() {
      for (const state of open) state.deaf = true;
    },
    close: () => server.close(),
  };
}

describe('the log of the relay', () => {
  let base: Awaited<ReturnType<typeof cloneDatabase>>;
  let house: TestEngine;
  let relay: Relay;
  let runs = 0;

  before(async () => {
    base = await cloneDatabase();
    house = await startEngine(base.db, [relayPlugin], Temporal.Instant.from('2026-05-12T09:00:00Z'));
    relay = relayOf(house.engine);
  });
  after(async () => {
    await house?.close();
    await base?.drop();
  });

  async function aProject(): Promise<{ project: string; token: string; subject: string; account: string }> {
    const person = await house.aPerson();
    const made = await base.db.transaction((trx) =>
      relay.createProject(trx, { ...person, name: 'Стенд', plan: 'free' }),
    );
    return { ...person, project: made.project.id, token: made.token?.token as string };
  }

  function inStore<T>(work: (context: StoreContext) => Promise<T>, runId = `swp_${++runs}`): Promise<T> {
    const { db, vault, clock, law, journal } = house.engine;
    return db.transaction((trx) => work({ trx, db, vault, clock, law, journal, runId }));
  }

  function erase(
    store: Store,
    scope: EraseScope,
    runId?: string,
    parts: Partial<StoreContext> = {},
  ): Promise<EraseReceipt> {
    if ('unsupported' in store.erase) throw new Error(store.erase.unsupported);
    const { erase: work } = store;
    const run = work as Exclude<Store['erase'], { unsupported: string }>;
    return inStore((context) => run(scope, { ...context, ...parts }), runId);
  }

  const stores = relayPlugin.stores as Record<'payloads' | 'metadata' | 'projects' | 'usage' | 'logAccess', Store>;
  const tables = async (like: string): Promise<string[]> =>
    (
      await base.db.raw('select relname from pg_class where relkind = ? and relname like ? order by 1', ['r', like])
    ).rows.map((row: { relname: string }) => row.relname);

  it('declares every column of its schema', async () => {
    const problems = (await house.engine.datamap.check(base.db)).filter(({ what }) => what.startsWith('relay.'));
    expect(problems).to.deep.equal([]);
  });

  it('puts a message accepted just before midnight into the next day, since redelivery is part of processing', async () => {
    const { token, project } = await aProject();
    house.clock.moveTo(Temporal.Instant.from('2026-05-12T20:59:00Z')); // 23:59 in Moscow
    expect((await publish(house.origin, token, 'midnight', 'late')).status).to.equal(202);
    const [row] = await base.db('relay.messages').where({ project_id: project }).select('processed_on');
    expect(String(row?.processed_on)).to.equal('2026-05-13');
    const [use] = await base.db('relay.usage').where({ project_id: project }).select('used_on');
    expect(String(use?.used_on)).to.equal('2026-05-12');
  });

  it('names the days on which terms start, and tells a person of contents by volume and term', async () => {
    const { token, subject } = await aProject();
    house.clock.moveTo(Temporal.Instant.from('2026-05-15T09:00:00Z'));
    await publish(house.origin, token, 'term', 'one');
    await publish(house.origin, token, 'term', 'three');
    const anchors = await base.db.transaction(async (trx) => (await stores.payloads.anchors?.(trx, subject)) ?? []);
    expect(anchors.map(({ day: on, count }) => [String(on), count])).to.deep.equal([['2026-05-15', 2]]);
    const payloads = await inStore((context) => stores.payloads.collect(subject, context));
    expect(payloads.rows).to.deep.equal([]);
    expect(payloads.summary?.map(({ count, bytes, until }) => [count, bytes, String(until)])).to.deep.equal([
      [2, 8, '2026-11-15'],
    ]);
    const metadata = await inStore((context) => stores.metadata.collect(subject, context));
    expect(metadata.summary?.map(({ until }) => String(until))).to.deep.equal(['2029-05-15']);
  });

  it('ends a day: keys first, then the partition; metadata and what is held stay, and a repeat changes nothing', async () => {
    const [gone, held] = [await aProject(), await aProject()];
    house.clock.moveTo(Temporal.Instant.from('2026-05-20T09:00:00Z'));
    await publish(house.origin, gone.token, 'end', 'goes');
    await publish(house.origin, gone.token, 'end', 'goes too');
    await publish(house.origin, held.token, 'end', 'stays');
    const [row] = await base.db('relay.payloads').where({ project_id: gone.project });
    const scope: EraseScope = { why: 'expiry', anchored: oneDay('2026-05-20'), held: [held.subject] };

    const receipt = await erase(stores.payloads, scope, 'swp_end');
    expect(receipt).to.include({ outcome: 'erased', affected: 2, remaining: 1 });
    expect(String(receipt.from)).to.equal('2026-05-20');
    expect(receipt.keyNames).to.include(`payload/2026-05-20/${gone.project}`);
    expect(receipt.tables).to.include('relay.payloads_20260520');
    expect(await tables('payloads_20260520')).to.deep.equal([]);
    expect(await tables('messages_20260520')).to.deep.equal(['messages_20260520']);
    expect(house.engine.vault.openable(row.box)).to.equal(false);
    expect(await base.db('relay.held_payloads').where({ project_id: gone.project })).to.deep.equal([]);
    expect(await base.db('relay.held_payloads').where({ project_id: held.project })).to.have.length(1);

    const again = await erase(stores.payloads, scope, 'swp_end');
    expect(again).to.deep.equal(receipt);

    // The hold is released: what was lifted out goes with its own key.
    const [kept] = await base.db('relay.held_payloads').where({ project_id: held.project });
    expect(house.engine.vault.openable(kept.box)).to.equal(true);
    const rest = await erase(stores.payloads, { why: 'expiry', anchored: oneDay('2026-05-20'), held: [] });
    expect(rest).to.include({ outcome: 'erased', affected: 1, remaining: 0 });
    expect(house.engine.vault.openable(kept.box)).to.equal(false);
    expect(await base.db('relay.held_payloads')).to.deep.equal([]);

    const metadata = await erase(stores.metadata, { why: 'expiry', anchored: oneDay('2026-05-20'), held: [] });
    expect(metadata).to.include({ outcome: 'erased', affected: 3, remaining: 0 });
    expect(await tables('%_20260520')).to.deep.equal([]);
    const left = await base.db('relay.volumes').where({ processed_on: day('2026-05-20') });
    expect(left).to.deep.equal([]);
  });

  it('gives up a batch that the database keeps, and takes the next one', async () => {
    const [locked, free] = [await aProject(), await aProject()];
    const message = (project: string) => ({
      ...{ project, channel: 'slow', payload: Buffer.from('x'), type: null, door: 'http' as const },
      ...{ connection: 'con_1', ip: '203.0.113.7', userAgent: '' },
    });
    const doubtful: string[] = [];
    const between = await aDeafPath(base.url);
    // The connections of the log go by that path; everything else does not.
    const { config } = base.db.client;
    const client = { config: { ...config, connection: { ...config.connection, connectionString: between.url } } };
    const db = new Proxy(base.db, { get: (to, name) => (name === 'client' ? client : Reflect.get(to, name)) });
    const log = createLog({ ...house.engine, db } as never, {
      after() {},
      doubtful: (channels) => void doubtful.push(...channels.map(({ project }) => project)),
      notices: createNotices(house.engine),
      limitMs: 1000,
    });
    const outcome = (project: string) =>
      log.publish(message(project)).then(
        () => 'taken',
        (error) => error.code,
      );

    await log.prepare();
    const lock = await base.db.transaction();
    await lock('relay.projects').where({ id: locked.project }).forUpdate();
    expect(await outcome(locked.project)).to.equal('log.unavailable');
    expect(await outcome(free.project)).to.equal('taken');
    await lock.rollback();
    expect(await outcome(locked.project)).to.equal('taken');

    between.deafen();
    expect(await outcome(free.project)).to.equal('log.unavailable');
    expect(await outcome(free.project)).to.equal('taken');
    expect(doubtful).to.deep.equal([locked.project, free.project]);
    await log.stop();
    between.close();
  });

  it('writes the other messages of a batch when somebody holds the row of one project, and that one once it is free', async () => {
    const [locked, free, other] = [await aProject(), await aProject(), await aProject()];
    const order: string[] = [];
    const log = createLog(house.engine, {
      after: (messages) =>
        void order.push(...messages.map(({ project, payload }) => `${names.get(project)} ${payload}`)),
      doubtful() {},
      notices: createNotices(house.engine),
    });
    const names = new Map([
      [locked.project, 'locked'],
      [free.project, 'free'],
      [other.project, 'other'],
    ]);
    const publishTo = (project: string, text: string) =>
      log.publish({
        ...{ project, channel: 'mixed', payload: Buffer.from(text), type: null, door: 'http' },
        ...{ connection: 'con_1', ip: '203.0.113.7', userAgent: '' },
      });
    await log.prepare();
    const lock = await base.db.transaction();
    try {
      await lock('relay.projects').where({ id: locked.project }).forUpdate();
      // Of one turn of the loop, and so of one batch.
      const held = [publishTo(locked.project, '1'), publishTo(locked.project, '2')];
      await Promise.all([publishTo(free.project, '1'), publishTo(other.project, '1')]);
      // From then on nobody else waits, and the order of the held ones stays.
      held.push(publishTo(locked.project, '3'));
      await Promise.all([publishTo(free.project, '2'), publishTo(other.project, '2')]);
      expect(order.filter((name) => name.startsWith('locked'))).to.deep.equal([]);
      expect(log.healthy()).to.equal(true);
      await lock.rollback();
      expect((await Promise.all(held)).map(({ offset }) => offset)).to.deep.equal([1, 2, 3]);
      expect(order.filter((name) => name.startsWith('locked'))).to.deep.equal(['locked 1', 'locked 2', 'locked 3']);
      const usage = await base
        .db('relay.usage')
        .whereIn('project_id', [...names.keys()])
        .select('project_id', 'messages');
      const counts = usage.map(({ project_id: id, messages }) => [names.get(id), Number(messages)]);
      expect(Object.fromEntries(counts)).to.deep.equal({ locked: 3, free: 2, other: 2 });
    } finally {
      if (!lock.isCompleted()) await lock.rollback();
      await log.stop();
    }
  });

  it('goes on taking messages while a day is destroyed', async () => {
    const { token } = await aProject();
    house.clock.moveTo(Temporal.Instant.from('2026-05-25T09:00:00Z'));
    await publish(house.origin, token, 'busy', 'yesterday');
    house.clock.moveTo(Temporal.Instant.from('2026-05-26T09:00:00Z'));
    const [receipt, ...answers] = await Promise.all([
      erase(stores.payloads, { why: 'expiry', anchored: oneDay('2026-05-25'), held: [] }),
      ...Array.from({ length: 50 }, (_, index) => publish(house.origin, token, 'busy', `m${index}`)),
    ]);
    expect(receipt.outcome).to.equal('erased');
    expect(answers.every(({ status }) => status === 202)).to.equal(true);
  });

  it('erases a person: projects and tokens go, the log stays where its days may not go', async () => {
    const { token, subject, project } = await aProject();
    const other = await aProject();
    await publish(house.origin, token, 'person', 'mine');
    const projects = await erase(stores.projects, { why: 'request', subject, anchored: 'all' });
    expect(projects).to.include({ outcome: 'erased', remaining: 0 });
    expect(await base.db('relay.tokens').where({ project_id: project })).to.deep.equal([]);
    const payloads = await erase(stores.payloads, { why: 'request', subject, anchored: [] });
    expect(payloads).to.include({ outcome: 'retained', affected: 0, remaining: 1 });
    expect((await publish(house.origin, token, 'person', 'x')).status).to.equal(401);
    expect((await publish(house.origin, other.token, 'person', 'x')).status).to.equal(202);
    const again = await erase(stores.projects, { why: 'request', subject, anchored: 'all' });
    expect(again).to.include({ outcome: 'not_found', affected: 0 });
  });

  it('erases usage by its days, and holds stand in the way', async () => {
    const { token, subject } = await aProject();
    house.clock.moveTo(Temporal.Instant.from('2026-06-01T09:00:00Z'));
    await publish(house.origin, token, 'usage', 'x');
    const scope = { why: 'expiry', anchored: oneDay('2026-06-01') } as const;
    expect(await erase(stores.usage, { ...scope, held: [subject] })).to.include({ outcome: 'retained', remaining: 1 });
    expect(await erase(stores.usage, { ...scope, held: [] })).to.include({ outcome: 'erased', affected: 1 });
  });

  it('stops a person’s projects while processing is restricted, and lets them go on afterwards', async () => {
    const { token, subject } = await aProject();
    const { restrict } = stores.projects;
    if ('unsupported' in restrict) throw new Error(restrict.unsupported);
    await inStore((context) => restrict(subject, true, context));
    expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(403);
    await inStore((context) => restrict(subject, false, context));
    expect((await publish(house.origin, token, 'x', 'x')).status).to.equal(202);
  });

  describe('a look at it', () => {
    const specialist: Actor = { account: 'acc_specialist', subject: null, roles: ['specialist'], name: 'Инженер' };
    const dpo: Actor = { account: 'acc_dpo', subject: null, roles: ['dpo'], name: 'DPO' };
    const both: Actor = { ...dpo, account: 'acc_specialist', roles: ['dpo', 'specialist'] };
    let scope: { project: string; from: Temporal.PlainDate; before: Temporal.PlainDate; payload?: boolean };
    const need = 'Заявка ИБ-17 от 01.06.2026';

    before(async () => {
      const { token, project } = await aProject();
      house.clock.moveTo(Temporal.Instant.from('2026-06-10T09:00:00Z'));
      await publish(house.origin, token, 'look', 'содержание', { 'user-agent': 'probe/1' });
      scope = { project, from: day('2026-06-10'), before: day('2026-06-11') };
    });

    const refused = (promise: Promise<unknown>) =>
      promise.then(
        () => null,
        (error) => error.code,
      );

    it('is refused without purpose or need, for a forbidden purpose and to others; each attempt is recorded', async () => {
      expect(await refused(relay.logs.request(specialist, { need, scope }))).to.equal('log.no-purpose');
      expect(await refused(relay.logs.request(specialist, { purpose: 'diagnostics', scope }))).to.equal('log.no-need');
      expect(await refused(relay.logs.request(specialist, { purpose: 'marketing', need, scope }))).to.equal(
        'log.purpose-forbidden',
      );
      expect(await refused(relay.logs.request(dpo, { purpose: 'diagnostics', need, scope }))).to.equal('log.role');
      await house.engine.journal.sealUp();
      expect(await house.engine.journal.list({ action: 'log.access-refused' })).to.have.length(4);
    });

    it('needs another person, is recorded before the first row, ends with its hours, and reaches the auditor', async () => {
      const asked = await relay.logs.request(specialist, {
        purpose: 'diagnostics',
        need,
        scope: { ...scope, payload: true },
      });
      expect(await refused(relay.logs.view(asked.id, specialist))).to.equal('log.not-granted');
      expect(await refused(base.db.transaction((trx) => relay.logs.grant(trx, asked.id, both)))).to.equal(
        'log.own-request',
      );
      const granted = await base.db.transaction((trx) => relay.logs.grant(trx, asked.id, dpo));
      expect(granted.state).to.equal('granted');
      expect(await refused(relay.logs.view(asked.id, dpo))).to.equal('log.no-grant');

      const [row, ...more] = await relay.logs.view(asked.id, specialist);
      expect(more).to.deep.equal([]);
      expect(row).to.include({ channel: 'look', bytes: 20, userAgent: 'probe/1', ip: '127.0.0.1' });
      expect(row?.payload).to.deep.equal({ data: 'содержание' });
      await house.engine.journal.sealUp();
      const [entry] = await house.engine.journal.list({ action: 'log.viewed', about: asked.id });
      expect(entry?.actor).to.equal(specialist.account);
      expect(entry?.body).to.include({ purpose: 'diagnostics', project: scope.project });

      house.clock.moveTo(house.clock.now().add({ hours: house.law.operator.logAccess?.grantHours ?? 0 }));
      expect(await refused(relay.logs.view(asked.id, specialist))).to.equal('log.not-granted');

      await base.db.transaction((trx) =>
        relay.logs.report(trx, {
          from: Temporal.Instant.from('2026-06-01T00:00:00Z'),
          to: Temporal.Instant.from('2026-07-01T00:00:00Z'),
          by: 'acc_auditor',
        }),
      );
      const report = house.documents.at(-1);
      expect(report?.kind).to.equal('log-access-report');
      expect(report?.data.grants[0]).to.include({ grantedBy: 'acc_dpo', need, clause: 'Оферта 3.5.2' });
      expect(report?.data.grants[0].views[0]).to.include({ rows: 1 });
      expect(report?.data.refused.map((one: { why: string }) => one.why)).to.deep.equal([
        'не указана цель',
        'не указан документ о необходимости',
        'цель запрещена',
        'не технический специалист',
      ]);
      expect(report?.data.checkpoint.size).to.be.greaterThan(0);
    });

    it('shows no row when the journal cannot be written', async () => {
      const asked = await relay.logs.request(specialist, { purpose: 'security', need, scope });
      await base.db.transaction((trx) => relay.logs.grant(trx, asked.id, dpo));
      const { append } = house.engine.journal;
      house.engine.journal.append = async () => {
        throw new Error('no journal');
      };
      try {
        expect(await relay.logs.view(asked.id, specialist).catch((error) => error.message)).to.equal('no journal');
      } finally {
        house.engine.journal.append = append;
      }
      expect((await relay.logs.list({ state: 'granted' })).find(({ id }) => id === asked.id)).to.include({
        rowsShown: 0,
      });
    });

    it("leaves without addresses: a sender has one name within a project's day, and another one everywhere else", async () => {
      const { token, project } = await aProject();
      const agent = { 'user-agent': 'probe/1' };
      house.clock.moveTo(Temporal.Instant.from('2026-06-20T09:00:00Z'));
      await publish(house.origin, token, 'look', 'a day', agent);
      await publish(house.origin, token, 'look', 'the same day', agent);
      house.clock.moveTo(Temporal.Instant.from('2026-06-21T09:00:00Z'));
      await publish(house.origin, token, 'look', 'another day', agent);
      const asked = await relay.logs.request(specialist, {
        ...{ purpose: 'monitoring', need },
        scope: { project, from: day('2026-06-20'), before: day('2026-06-22') },
      });
      expect(await refused(relay.logs.export(asked.id, specialist))).to.equal('log.not-granted');
      await base.db.transaction((trx) => relay.logs.grant(trx, asked.id, dpo));

      const { rows, next } = await relay.logs.export(asked.id, specialist);
      expect(next).to.equal(null);
      const days = rows.map(({ processedOn, sender }) => [String(processedOn), sender]);
      expect(days.map(([on]) => on)).to.deep.equal(['2026-06-20', '2026-06-20', '2026-06-21']);
      const names = rows.map(({ sender }) => sender);
      expect(names[0]).to.match(/^[\w-]{16}$/);
      expect(names[1]).to.equal(names[0]);
      expect(names[2]).to.not.equal(names[0]);
      expect(JSON.stringify(rows)).to.not.match(/127\.0\.0\.1|probe\/1|con_/);
      expect((await relay.logs.export(asked.id, specialist)).rows.map(({ sender }) => sender)).to.deep.equal(names);

      const first = await relay.logs.export(asked.id, specialist, { limit: 2 });
      expect(first.next).to.equal(rows[1]?.message);
      const rest = await relay.logs.export(asked.id, specialist, { after: first.next as string, limit: 2 });
      expect([...first.rows, ...rest.rows]).to.deep.equal(rows);

      await house.engine.journal.sealUp();
      const entries = await house.engine.journal.list({ action: 'log.exported', about: asked.id });
      expect(entries).to.have.length(4);
      expect(entries[0]?.body?.pseudonyms).to.deep.equal({ rotated: 'day', days: ['2026-06-20', '2026-06-21'] });
      await house.engine.vault.shred([`metadata/2026-06-21/${project}`], { runId: 'swp_names' });
      const left = await relay.logs.export(asked.id, specialist);
      expect(left.rows.map(({ sender }) => sender)).to.deep.equal([names[0], names[0], null]);
    });

    it('makes no key of a day anew whose metadata are being destroyed in that very moment', async () => {
      const { token, project } = await aProject();
      const [early, late] = [day('2026-06-24'), day('2026-06-25')];
      for (const on of [early, late]) {
        house.clock.moveTo(Temporal.Instant.from(`${on}T09:00:00Z`));
        await publish(house.origin, token, 'race', 'x');
      }
      const nameOf = (on: Temporal.PlainDate): string => `metadata/${on}/${project}`;
      const { vault } = house.engine;
      const waiting = async (mode: string): Promise<boolean> => {
        const found = await base.db.raw(
          `select 1 from pg_locks where locktype = 'advisory' and mode = ? and not granted
           and database = (select oid from pg_database where datname = current_database())`,
          [mode],
        );
        return found.rows.length > 0;
      };
      const until = async (mode: string): Promise<void> => {
        for (let tries = 0; tries < 1000 && !(await waiting(mode)); tries++)
          await new Promise((done) => setTimeout(done, 5));
      };
      const destroy = (on: Temporal.PlainDate, own = vault) =>
        erase(stores.metadata, { why: 'expiry', anchored: oneDay(String(on)), held: [] }, undefined, { vault: own });

      // The destruction begins while the export seals: it waits, and the key that was used goes with the day.
      let destroying: Promise<unknown> | null = null;
      const slowSeal: typeof vault = Object.assign(Object.create(vault), {
        async seal(...order: Parameters<typeof vault.seal>) {
          destroying = destroy(early);
          await until('ExclusiveLock');
          return vault.seal(...order);
        },
      });
      expect((await createPseudonyms({ db: base.db, vault: slowSeal }).of(project, early))('192.0.2.1')).to.match(
        /^[\w-]{16}$/,
      );
      await destroying;
      expect(vault.has(nameOf(early))).to.equal(false);

      // The export asks while the destruction goes on: it waits, and finds the key gone.
      let naming: Promise<(address: string) => string | null> | null = null;
      const slowShred: typeof vault = Object.assign(Object.create(vault), {
        async shred(...order: Parameters<typeof vault.shred>) {
          naming = createPseudonyms({ db: base.db, vault }).of(project, late);
          await until('ShareLock');
          return vault.shred(...order);
        },
      });
      await destroy(late, slowShred);
      expect((await (naming as unknown as Promise<(address: string) => string | null>))('192.0.2.1')).to.equal(null);
      expect(vault.has(nameOf(late))).to.equal(false);
    });

    it('shows metadata only, unless the scope says payload', async () => {
      const asked = await relay.logs.request(specialist, { purpose: 'monitoring', need, scope });
      await base.db.transaction((trx) => relay.logs.grant(trx, asked.id, dpo));
      const [row] = await relay.logs.view(asked.id, specialist);
      expect(row).not.to.have.property('payload');
    });
  });
});
