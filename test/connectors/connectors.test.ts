import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Refusal, Temporal } from '../../core/base/index.ts';
import { type Connectors, createConnectors } from '../../core/connectors/index.ts';
import type { EraseReceipt, Store, StoreContext } from '../../core/datamap/index.ts';
import type { Db, Trx } from '../../core/db/index.ts';
import { type House, moscow, openHouse } from '../retention/house.ts';
import { cloneDatabase } from '../support/database.ts';

const code = (error: unknown): string => (error instanceof Refusal ? error.code : String(error));
const words = (text: string) => ({ ru: text, en: text });
const common = { subject: 'customer', purposes: ['communication'], schedule: 'support.letter' };

/** A system of somebody else's, with one ticket of each person. */
function helpDesk() {
  const asked: { path: string; body: Record<string, unknown>; token: string | undefined }[] = [];
  const tickets = new Map<string, { text: string; closedOn: string }[]>();
  let broken = false;
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    asked.push({ path: request.url ?? '', body, token: request.headers.authorization });
    response.setHeader('content-type', 'application/json');
    if (broken) return response.writeHead(500).end('{}');
    const mine = tickets.get(body.subject) ?? [];
    if (request.url === '/desk/collect')
      return response.end(JSON.stringify({ rows: mine, source: 'получены от субъекта' }));
    if (request.url === '/desk/anchors') {
      const all = body.subject ? mine : [...tickets.values()].flat();
      return response.end(JSON.stringify({ anchors: all.map(({ closedOn }) => ({ day: closedOn, count: 1 })) }));
    }
    if (request.url === '/desk/erase') {
      const affected = body.why === 'request' ? mine.length : 0;
      tickets.delete(body.subject);
      const receipt = { outcome: affected > 0 ? 'erased' : 'not_found', affected, remaining: 0 };
      return response.end(JSON.stringify(receipt));
    }
    return response.writeHead(404).end('{}');
  });
  const breakDown = (on: boolean): void => {
    broken = on;
  };
  return { server, asked, tickets, breakDown };
}

describe('stores built from the operator’s pack', () => {
  let house: House;
  let other: { db: Db; url: string; drop(): Promise<void> };
  let desk: ReturnType<typeof helpDesk>;
  let connectors: Connectors;
  let ada: string;
  let bob: string;

  beforeEach(async () => {
    house = await openHouse('2026-05-15T10:00');
    other = await cloneDatabase();
    await other.db.raw(
      'create schema crm; create table crm.contacts (customer text, phone text, note text, closed timestamptz)',
    );
    desk = helpDesk();
    await new Promise<void>((ready) => desk.server.listen(0, '127.0.0.1', ready));
    const { port } = desk.server.address() as AddressInfo;
    connectors = createConnectors({
      ...{ db: house.db, clock: house.clock, zone: house.law.zone, vault: house.vault },
      ...{ journal: house.journal, datamap: house.datamap },
      env: { CRM_URL: other.url, DESK_TOKEN: 'secret' },
      connectors: [
        {
          ...{ id: 'crm', kind: 'postgres', title: words('Контакты'), system: words('ИСПДн «CRM»'), ...common },
          ...{ urlFrom: 'CRM_URL', table: 'crm.contacts', subjectColumn: 'customer', anchorColumn: 'closed' },
          ...{ columns: { phone: 'account.profile', note: 'support.letter' }, source: 'получены от субъекта' },
        },
        {
          ...{ id: 'desk', kind: 'http', title: words('Поддержка'), system: words('ИСПДн «Поддержка»'), ...common },
          ...{ url: `http://127.0.0.1:${port}/desk/`, tokenFrom: 'DESK_TOKEN', timeoutMs: 1000 },
          ...{ fields: { text: 'support.letter' }, rights: ['collect', 'erase', 'anchors'] },
        },
        {
          ...{ id: 'cupboard', kind: 'manual', title: words('Шкаф'), system: words('Бумажный архив'), ...common },
          schedule: 'account.profile',
          ...{ fields: { paper: 'support.letter' }, instructions: words('Откройте шкаф.') },
        },
      ],
    });
    ada = await house.aPerson();
    bob = await house.aPerson({ email: 'bob@example.ru', name: 'Боб' });
    await other.db('crm.contacts').insert([
      { customer: ada, phone: '+7 900 000-00-01', note: 'Ада', closed: '2025-05-10T22:30:00Z' },
      { customer: bob, phone: '+7 900 000-00-02', note: 'Боб', closed: '2025-05-10T22:30:00Z' },
    ]);
    desk.tickets.set(ada, [{ text: 'Не работает', closedOn: '2026-05-01' }]);
  });
  afterEach(async () => {
    await connectors.close();
    desk.server.closeAllConnections();
    await new Promise((done) => desk.server.close(done));
    await other.drop();
    await house.close();
  });

  const within = <T>(runId: string, work: (context: StoreContext) => Promise<T>): Promise<T> =>
    house.story((trx: Trx) => {
      const { db, vault, clock, law, journal } = house;
      return work({ trx, db, vault, clock, law, journal, runId });
    });
  const erase = (store: Store | undefined, subject: string, runId = 'pln_1'): Promise<EraseReceipt> => {
    if (typeof store?.erase !== 'function') throw new Error('it cannot erase');
    const work = store.erase;
    return within(runId, (context) => work({ why: 'request', subject, anchored: 'all' }, context));
  };

  it('read and erase one person in a table of another database', async () => {
    const { crm } = connectors.stores;
    const shown = await within('req_1', (context) => crm?.collect(ada, context) ?? Promise.reject());
    expect(shown.rows).to.deep.equal([{ phone: '+7 900 000-00-01', note: 'Ада' }]);
    expect(await erase(crm, ada)).to.include({ outcome: 'erased', affected: 1, remaining: 0 });
    expect(await erase(crm, ada)).to.include({ outcome: 'not_found', affected: 0 });
    expect(await other.db('crm.contacts').pluck('customer')).to.deep.equal([bob]);
  });

  it('count the days of another database in the operator’s zone, and sweep them when their term has ended', async () => {
    const anchors = await house.story((trx) => connectors.stores.crm?.anchors?.(trx) ?? Promise.resolve([]));
    expect(anchors.map(({ day, count }) => [day?.toString(), count])).to.deep.equal([['2025-05-11', 2]]);
    const span = (from?: string) =>
      connectors.stores.crm?.span?.(house.db, from ? Temporal.PlainDate.from(from) : undefined);
    const only = Temporal.PlainDate.from('2025-05-11');
    expect(await span()).to.deep.equal({ first: only, last: only });
    expect(await span('2025-05-11')).to.deep.equal({ first: only, last: only });
    expect(await span('2025-05-12')).to.equal(null);
    await house.retention.sweep({ jobId: 'test' });
    expect(await other.db('crm.contacts')).to.deep.equal([]);
    const [act] = await house.retention.acts.list();
    expect(act).to.include({ system: 'ИСПДн «CRM»', records: 2 });
  });

  it('ask a system over HTTP, with its token and the run as the key', async () => {
    const { desk: store } = connectors.stores;
    const shown = await within('req_1', (context) => store?.collect(ada, context) ?? Promise.reject());
    expect(shown.rows).to.have.length(1);
    expect(await erase(store, ada, 'pln_7')).to.include({ outcome: 'erased', affected: 1 });
    const last = desk.asked.at(-1);
    expect(last?.body).to.deep.equal({ why: 'request', subject: ada, anchored: 'all', runId: 'pln_7' });
    expect(last?.token).to.equal('Bearer secret');
    expect(store?.restrict).to.have.property('unsupported');
  });

  it('do not take silence or nonsense for an answer', async () => {
    desk.breakDown(true);
    expect(await erase(connectors.stores.desk, ada).catch(code)).to.equal('connector.failed');
    expect(await connectors.check()).to.deep.equal([{ connector: 'desk', problem: 'status 500' }]);
    // A silent system does not keep ours from being swept.
    await house.retention.sweep({ jobId: 'test' });
    expect(await other.db('crm.contacts')).to.deep.equal([]);
  });

  it('leave a plan open until a person has done what only a person can, and then finish it', async () => {
    const plan = await house.story((trx) =>
      house.retention.plan(trx, ada, { cause: { kind: 'request', about: 'req_1' }, by: 'acc_a' }),
    );
    await house.story((trx) => house.retention.check(trx, plan.id, 'acc_b'));
    await house.jobs.idle();
    const partly = await house.retention.plans.get(plan.id);
    expect(partly.state).to.equal('partly');
    expect(partly.items.find(({ store }) => store === 'connectors.cupboard')?.receipt?.outcome).to.equal(
      'not_attempted',
    );
    const [task] = await connectors.tasks.list({ open: true });
    expect(task).to.include({ connector: 'cupboard', action: 'erase', run: plan.id, subject: ada });
    await house.story((trx) => connectors.tasks.done(trx, task?.id ?? '', { by: 'acc_clerk', records: 3 }));
    await house.advanceTo('2026-05-16T00:01');
    const executed = await house.retention.plans.get(plan.id);
    expect(executed.state).to.equal('executed');
    expect(executed.items.find(({ store }) => store === 'connectors.cupboard')?.receipt).to.include({
      outcome: 'erased',
      affected: 3,
    });
    const twice = house.story((trx) => connectors.tasks.done(trx, task?.id ?? '', { by: 'acc_clerk', records: 3 }));
    expect(await twice.catch(code)).to.equal('task.done-already');
  });

  it('tell a person to restrict, and later to lift it again', async () => {
    const { cupboard } = connectors.stores;
    const order = (on: boolean) =>
      within(on ? 'req_5' : 'req_5-lift', (context) => {
        if (typeof cupboard?.restrict !== 'function') throw new Error('it cannot restrict');
        return cupboard.restrict(ada, on, context);
      });
    for (const on of [true, false]) {
      expect(await order(on)).to.include({ outcome: 'not_attempted' });
      const [task] = await connectors.tasks.list({ open: true });
      expect(task?.action).to.equal(on ? 'restrict' : 'lift');
      await house.story((trx) => connectors.tasks.done(trx, task?.id ?? '', { by: 'acc_clerk', records: 1 }));
      expect(await order(on)).to.deep.equal({ outcome: 'done', affected: 1 });
    }
  });

  it('bring what a person found into the answer to a request', async () => {
    const request = await house.story((trx) =>
      house.requests.receive(trx, {
        channel: 'post',
        kind: 'access',
        receivedAt: moscow('2026-05-15T09:00'),
        from: { name: 'Ада' },
      }),
    );
    const identity = { subject: ada, method: 'passport', by: 'acc_dpo' };
    await house.story((trx) => house.requests.identify(trx, request.id, identity));
    let task = (await connectors.tasks.list({ open: true }))[0];
    while (!task) {
      await new Promise((done) => setTimeout(done, 20));
      task = (await connectors.tasks.list({ open: true }))[0];
    }
    const found = { by: 'acc_clerk', records: 1, rows: [{ document: 'Заявление от 03.02.2024' }] };
    await house.jobs.idle();
    expect((await house.requests.history(request.id)).map(({ step }) => step).slice(-1)).to.deep.equal([
      'collection-waits',
    ]);
    await house.story((trx) => connectors.tasks.done(trx, task.id, found));
    await house.advanceTo('2026-05-16T12:00');
    const parts = await house.requests.parts(request.id);
    expect(parts.find(({ store }) => store === 'connectors.cupboard')).to.include({ outcome: 'collected', rows: 1 });
  });

  it('refuse a malformed pack and a missing address in words', () => {
    const build = (list: unknown, env = {}) => {
      try {
        const { db, clock, vault, journal, datamap } = house;
        createConnectors({ db, clock, zone: 'Europe/Moscow', vault, journal, datamap, connectors: list, env });
        return '';
      } catch (error) {
        return error instanceof Refusal ? error.message : String(error);
      }
    };
    expect(build([{ id: 'x', kind: 'carrier-pigeon' }])).to.match(/^connectors\/0/);
    const crm = {
      ...{ id: 'crm2', kind: 'postgres', title: words('К'), system: words('С'), ...common, urlFrom: 'CRM_URL' },
      ...{ table: 'crm.contacts', subjectColumn: 'customer', columns: { phone: 'account.profile' }, source: 'x' },
    };
    expect(build([crm])).to.match(/needs the environment variable CRM_URL/);
    expect(build([{ ...crm, table: 'crm.contacts; drop table x' }])).to.match(/^connectors\/0\/table/);
  });
});
