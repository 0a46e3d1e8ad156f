import { expect } from 'chai';
import { createForesight } from '../../plugins/relay/foresight.ts';
import type { Waiting } from '../../plugins/relay/waiting.ts';

type Foreseen = Parameters<ReturnType<typeof createForesight>['of']>[0];
const waiting = (...messages: { channel: string; key?: string }[]): Foreseen =>
  messages.map((message) => ({ message: { project: 'p', ...message } }) as Waiting);
const logged = (channel: string, ...offsets: number[]) =>
  offsets.map((offset) => ({ ...{ project: 'p', channel }, offset }));
const firstOf = (foreseen: Map<string, number> | null) => foreseen && Object.fromEntries(foreseen);

describe('which offsets come next', () => {
  it('is foreseen once two batches of this node have followed on each other', () => {
    const foresight = createForesight();
    expect(foresight.of(waiting({ channel: 'a' }))).to.equal(null);
    foresight.learn(logged('a', 7, 8, 9));
    expect(foresight.of(waiting({ channel: 'a' }))).to.equal(null);
    foresight.learn(logged('a', 10));
    expect(firstOf(foresight.of(waiting({ channel: 'a' }, { channel: 'a' })))).to.deep.equal({ 'p a': 11 });
    // All channels of a batch, or none of it.
    expect(foresight.of(waiting({ channel: 'a' }, { channel: 'b' }))).to.equal(null);
  });

  it('is not foreseen while others write to the channel too, nor after it has come otherwise', () => {
    const foresight = createForesight();
    for (const offset of [1, 2]) foresight.learn(logged('a', offset));
    foresight.learn(logged('a', 4));
    expect(foresight.of(waiting({ channel: 'a' }))).to.equal(null);
    foresight.learn(logged('a', 5));
    expect(firstOf(foresight.of(waiting({ channel: 'a' })))).to.deep.equal({ 'p a': 6 });
    foresight.forget(['p a']);
    expect(foresight.of(waiting({ channel: 'a' }))).to.equal(null);
  });

  it('is not asked for repetitions, which are looked up first, nor for large batches', () => {
    const foresight = createForesight();
    for (const offset of [1, 2]) foresight.learn(logged('a', offset));
    expect(foresight.of(waiting({ channel: 'a', key: 'once' }))).to.equal(null);
    expect(foresight.of(waiting(...Array.from({ length: 64 }, () => ({ channel: 'a' }))))).to.equal(null);
  });
});
