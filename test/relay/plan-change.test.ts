import { expect } from 'chai';
import type { TariffPlan } from '../../core/law/index.ts';
import billingPlugin, { billingOf } from '../../plugins/billing/index.ts';
import { type Client, connect, type Frame, publish, testLaw } from './engine.ts';
import { aStand, type Node, type Stand, until } from './stand.ts';

const payer = { name: 'ООО «Пример»', email: 'buh@example.org' };

/** «Мини» holds ten messages a day, two connections, 64 KiB and, here, five messages a second. */
const rate = 5;

describe('a project whose limits are raised', () => {
  let stand: Stand;
  let other: Node;
  let mini: TariffPlan & { limits: object };
  let start: TariffPlan & { limits: object };
  const asPublished: object[] = [];
  const open: Client[] = [];
  let payments = 0;

  before(async () => {
    const { plans } = (await testLaw()).operator;
    [mini, start] = ['mini', 'start'].map((id) => plans.find((plan) => plan.id === id)) as [TariffPlan, TariffPlan];
    asPublished.push(mini.limits, start.limits);
    mini.limits = { ...mini.limits, messagesPerSecond: rate };
    // Nine of ten messages are above four fifths of eleven, too.
    start.limits = { ...start.limits, messagesPerDay: 11, connections: 3 };
    stand = await aStand({ beside: [billingPlugin] });
    other = await stand.node({ rhythm: { beatMs: 50 } });
  });
  afterEach(() => {
    for (const { socket } of open.splice(0)) socket.terminate();
  });
  after(async () => {
    await other?.close();
    await stand?.close();
    [mini.limits, start.limits] = asPublished as [TariffPlan['limits'], TariffPlan['limits']];
  });

  async function aPaidProject(): Promise<{ project: string; token: string; subject: string }> {
    const { base, house, relay } = stand;
    const person = await house.aPerson();
    const { project } = await base.db.transaction((trx) =>
      relay.createProject(trx, { ...person, name: 'Чат', plan: 'mini' }),
    );
    await base.db.transaction((trx) =>
      billingOf(house.engine).recordPayment(trx, { ...money(project.id, 'mini'), months: 1, kopecks: 10_000 }),
    );
    const { token } = await base.db.transaction((trx) => relay.issueToken(trx, project.id));
    return { project: project.id, token, subject: person.subject };
  }

  const money = (project: string, plan: string) => ({
    ...{ externalId: `bank-${++payments}`, project, plan, payer, paidAt: stand.house.clock.now() },
  });

  async function raise(project: string, plan = 'start'): Promise<void> {
    const billing = billingOf(stand.house.engine);
    const { kopecks } = await billing.changeOffer(project, plan);
    await stand.base.db.transaction((trx) => billing.recordChange(trx, { ...money(project, plan), kopecks }));
  }

  /** Messages of so many seconds: a second takes five. */
  async function send(token: string, many: number): Promise<number[]> {
    const answers: number[] = [];
    for (let sent = 0; sent < many; sent++) {
      if (sent % rate === 0) stand.house.clock.moveTo(stand.house.clock.now().add({ seconds: 1 }));
      answers.push((await publish(stand.house.origin, token, 'news', `m${sent}`)).status);
    }
    return answers;
  }

  const notices = (): string[] =>
    stand.house.letters
      .filter(({ template }) => template?.startsWith('limit.'))
      .map(({ data }) => `${data.what} ${data.percent} % of ${data.limit}: ${data.used}`);

  async function join(origin: string, token: string): Promise<Client> {
    const client = await connect(origin, token);
    open.push(client);
    return client;
  }
  const outcome = (origin: string, token: string): Promise<string> =>
    join(origin, token).then(
      () => 'in',
      (error: Error) => error.message,
    );

  it('takes messages again in the same moment, on every node; what was counted stays, and 80 % is told of the new limit', async () => {
    const { project, token } = await aPaidProject();
    stand.house.letters.length = 0;
    expect(await send(token, 9)).to.deep.equal(Array(9).fill(202));
    expect(notices()).to.deep.equal(['messages 80 % of 10: 8']);
    expect(await send(token, 2)).to.deep.equal([202, 429]);
    expect((await publish(other.origin, token, 'news', 'x')).status).to.equal(429);
    expect(notices().slice(1)).to.deep.equal(['messages 100 % of 10: 10']);
    const before = await stand.relay.usage(project);
    expect(before.messages).to.include({ used: 10, limit: 10, percent: 100, dropped: 2 });

    await raise(project);
    expect(notices().slice(2)).to.deep.equal(['messages 80 % of 11: 10']);
    const after = await stand.relay.usage(project);
    expect(after).to.include({ plan: 'start' });
    expect(after.messages).to.include({ used: 10, limit: 11, percent: 90, dropped: 2 });
    expect(after.messages.exhaustedAt).to.equal(null);
    expect((await stand.relay.dayOfUse(project, after.on))?.limit).to.equal(11);
    expect(after.hours).to.deep.equal(before.hours);

    const offset = (await publish(other.origin, token, 'news', 'the eleventh')).body.offset;
    expect(offset).to.equal(11);
    expect(notices().slice(3)).to.deep.equal(['messages 100 % of 11: 11']);
    await raise(project, 'business');
    expect((await publish(stand.house.origin, token, 'news', 'on and on')).status).to.equal(202);
    expect(notices()).to.have.length(4);
  });

  it('lets in connections that were refused before, and leaves those alone that are open', async () => {
    const { project, token } = await aPaidProject();
    const first = await join(stand.house.origin, token);
    first.send({ subscribe: 'news' });
    await first.next((frame: Frame) => frame.subscribed);
    await join(other.origin, token);
    expect(await outcome(stand.house.origin, token)).to.equal('429');
    expect(await outcome(other.origin, token)).to.equal('429');
    stand.house.letters.length = 0;
    await raise(project);
    expect(notices()).to.deep.equal([]); // two of three: below four fifths
    expect(await outcome(stand.house.origin, token)).to.equal('in');
    expect(await outcome(other.origin, token)).to.equal('429');
    await raise(project, 'business');
    expect(await outcome(other.origin, token)).to.equal('in');
    await publish(other.origin, token, 'news', 'still here');
    expect((await first.next((frame: Frame) => frame.id)).data).to.equal('still here');
  });

  it('takes larger messages and more in a second, also over connections that were open before, on both nodes', async () => {
    const { project, token } = await aPaidProject();
    const clients = [await join(stand.house.origin, token), await join(other.origin, token)];
    const large = 'x'.repeat(65_537);
    let refs = 0;
    const answer = async (client: Client, data: string): Promise<string> => {
      const ref = ++refs;
      client.send({ publish: 'news', data, ref });
      const frame = await client.next((one: Frame) => one.ack === ref || one.error?.ref === ref);
      return frame.error?.code ?? 'taken';
    };
    for (const client of clients) expect(await answer(client, large)).to.equal('message.too-large');
    await raise(project);
    for (const client of clients) {
      await until(async () => (await answer(client, large)) === 'taken');
    }
    stand.house.clock.moveTo(stand.house.clock.now().add({ seconds: 1 }));
    const lines = Array.from({ length: 6 }, (_, index) => ({ channel: 'news', data: `m${index}` }));
    const { lines: answers } = await stand.batch(token, lines);
    expect(answers.map(({ error }) => error?.code ?? 'taken')).to.deep.equal(Array(6).fill('taken'));
  });

  it('on whose day nothing has come yet begins it with the new limit, and nothing is told', async () => {
    const { project, token } = await aPaidProject();
    stand.house.letters.length = 0;
    await raise(project);
    expect(notices()).to.deep.equal([]);
    expect((await publish(stand.house.origin, token, 'news', 'first')).status).to.equal(202);
    expect((await stand.relay.usage(project)).messages).to.include({ used: 1, limit: 11 });
  });

  it('is refused a plan that is not there, and when it is deleted; the same plan again changes nothing', async () => {
    const { base, relay } = stand;
    const { project } = await aPaidProject();
    const change = (plan: string) => base.db.transaction((trx) => relay.changePlan(trx, project, plan));
    const codeOf = (promise: Promise<unknown>) =>
      promise.then(
        () => 'done',
        (error) => error.code,
      );
    expect(await codeOf(change('nothing'))).to.equal('project.unknown-plan');
    expect(await codeOf(change('mini'))).to.equal('done');
    await stand.house.engine.journal.sealUp();
    expect(await stand.house.engine.journal.list({ about: project, prefix: 'project.plan' })).to.deep.equal([]);
    await base.db.transaction((trx) => relay.deleteProject(trx, project));
    expect(await codeOf(change('start'))).to.equal('project.not-active');
  });
});
