import { expect } from 'chai';
import { createShared, createTurns } from '../../plugins/relay/turns.ts';

/** Work that is done when it is told to be. */
function aWork() {
  const begun: { done(value: number): void; fail(error: Error): void }[] = [];
  const work = (): Promise<number> => new Promise((done, fail) => begun.push({ done, fail }));
  return { begun, work };
}

const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

describe('the same question of many', () => {
  it('is asked once for the first and once for all who came meanwhile, never before who is answered by it', async () => {
    const share = createShared<number>(createTurns(8));
    const { begun, work } = aWork();
    const first = share('a', work);
    const others = [share('a', work), share('a', work), share('a', work)];
    expect(begun).to.have.length(1);
    begun[0]?.done(1);
    expect(await first).to.equal(1);
    await settled();
    expect(begun).to.have.length(2);
    const late = share('a', work);
    begun[1]?.done(2);
    expect(await Promise.all(others)).to.deep.equal([2, 2, 2]);
    await settled();
    begun[2]?.done(3);
    expect(await late).to.equal(3);
    const again = share('a', work);
    expect(begun).to.have.length(4);
    begun[3]?.done(4);
    expect(await again).to.equal(4);
  });

  it('is asked again for those who wait when it has failed, and another question waits for neither', async () => {
    const share = createShared<number>(createTurns(8));
    const { begun, work } = aWork();
    const first = share('a', work).catch((error: Error) => error.message);
    const second = share('a', work);
    const other = share('b', work);
    expect(begun).to.have.length(2);
    begun[1]?.done(5);
    expect(await other).to.equal(5);
    begun[0]?.fail(new Error('away'));
    expect(await first).to.equal('away');
    await settled();
    begun[2]?.done(6);
    expect(await second).to.equal(6);
  });
});
