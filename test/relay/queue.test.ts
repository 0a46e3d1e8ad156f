import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { createQueue, type Part, type Turn } from '../../plugins/relay/queue.ts';
import { Waiting } from '../../plugins/relay/waiting.ts';

/** A batch that somebody is writing. */
interface Writing extends Turn {
  messages: Waiting[];
  names: string[];
  finish(parts?: Part[]): void;
}

const receivedAt = Temporal.Instant.from('2026-05-12T09:00:00Z');

function waiting(project: string, name: string, fail: (error: Error) => void = () => {}): Waiting {
  const message = {
    ...{ project, channel: name, payload: Buffer.alloc(1), type: null },
    ...{ door: 'ws' as const, connection: 'con', ip: '', userAgent: '' },
  };
  return new Waiting(message, { id: name, receivedAt, sealed: null }, { done() {}, fail });
}

/** A queue, and its batches in the order in which they are begun. */
function aQueue() {
  const batches: Writing[] = [];
  const queue = createQueue({
    write: (batch, order) =>
      new Promise((done) => {
        const names = batch.map(({ message }) => message.channel);
        batches.push({ ...order, messages: batch, names, finish: (parts = []) => done(parts) });
      }),
    tooLate: () => new Error('too late'),
  });
  const add = (project: string, count: number, from = 0): void => {
    for (let each = 0; each < count; each++) queue.add(waiting(project, `${project}${from + each}`));
  };
  return { queue, batches, add };
}

const turns = async (): Promise<void> => {
  for (let each = 0; each < 4; each++) await turn();
};

describe('the queue before the log', () => {
  it('lets the parts of a batch go by themselves, each with what comes after it, and a held one in nobody’s place', async () => {
    const { batches, queue, add } = aQueue();
    for (const project of ['a', 'b']) add(project, 2);
    await turns();
    expect(batches.map(({ names }) => names)).to.deep.equal([['a0', 'a1', 'b0', 'b1']]);
    add('a', 1, 2);
    add('b', 1, 2);
    const { messages } = batches[0] as Writing;
    batches[0]?.finish([
      { messages: messages.slice(0, 2), locked: true },
      { messages: messages.slice(2), locked: false },
    ]);
    await turns();
    expect(batches.slice(1).map(({ names, locked }) => [names, locked])).to.deep.equal([
      [['a0', 'a1'], true],
      [['b0', 'b1'], false],
    ]);
    // The free one is over: what waited behind it goes, and four others find a place beside the held one.
    batches[2]?.finish();
    await turns();
    for (const project of ['c', 'd', 'e']) {
      add(project, 1);
      await turns();
    }
    expect(batches.slice(3).map(({ names }) => names)).to.deep.equal([['b2'], ['c0'], ['d0'], ['e0']]);
    batches[1]?.finish();
    await turns();
    for (const { finish } of batches.slice(3)) finish();
    await turns();
    expect(batches.at(-1)?.names).to.deep.equal(['a2']);
    batches.at(-1)?.finish();
    await queue.empty();
  });

  it('sends what waits close behind a batch that has its offsets, and not before', async () => {
    const { batches, add } = aQueue();
    add('a', 10);
    await turns();
    add('a', 150, 10);
    await turns();
    expect(batches.length).to.equal(1);
    batches[0]?.placed();
    await turns();
    expect(batches.map(({ names }) => names.length)).to.deep.equal([10, 150]);
    expect(batches[1]?.names[0]).to.equal('a10');
    // Nothing goes behind the second before the first is over.
    batches[1]?.placed();
    add('a', 150, 160);
    await turns();
    expect(batches.length).to.equal(2);
    batches[0]?.finish();
    await turns();
    expect(batches.map(({ names }) => names[0])).to.deep.equal(['a0', 'a10', 'a160']);
  });

  it('tells a batch when the one before it has been told', async () => {
    const { batches, add } = aQueue();
    add('a', 10);
    await turns();
    batches[0]?.placed();
    add('a', 128, 10);
    await turns();
    let told = false;
    void batches[1]?.before?.then(() => {
      told = true;
    });
    await turns();
    expect([batches[0]?.before, told]).to.deep.equal([null, false]);
    batches[0]?.finish();
    await turns();
    expect(told).to.equal(true);
  });

  it('lets few wait for the next batch, and others go on beside it', async () => {
    const { batches, add } = aQueue();
    add('a', 10);
    await turns();
    batches[0]?.placed();
    add('a', 127, 10);
    add('b', 1);
    await turns();
    expect(batches.map(({ names }) => names)).to.deep.equal([
      Array.from({ length: 10 }, (_, each) => `a${each}`),
      ['b0'],
    ]);
    batches[0]?.finish();
    await turns();
    expect(batches[2]?.names.length).to.equal(127);
  });

  it('is empty when everything that waited has been written', async () => {
    const { queue, batches, add } = aQueue();
    add('a', 10);
    await turns();
    batches[0]?.placed();
    add('a', 128, 10);
    await turns();
    const empty = queue.empty();
    batches[0]?.finish();
    batches[1]?.finish();
    await empty;
    expect(queue.size()).to.equal(0);
  });

  it('tells each message once what has become of it, and a twin of the same key with it', () => {
    const told: string[] = [];
    const settles = { done: () => void told.push('done'), fail: () => void told.push('fail') };
    const { message } = waiting('a', 'a0');
    const [first, twin] = ['1', '2'].map((id) => new Waiting(message, { id, receivedAt, sealed: null }, settles));
    first?.takeAlong(twin as Waiting);
    first?.done({ id: '1', channel: 'a0', offset: 1, repeated: false });
    first?.fail(new Error('too late'));
    expect(told).to.deep.equal(['done', 'done']);
  });
});
