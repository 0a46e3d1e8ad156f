import { expect } from 'chai';
import { createTurn, leadOne } from '../../core/db/index.ts';
import { cloneDatabase } from '../support/database.ts';

describe('processes that share a database', () => {
  let base: Awaited<ReturnType<typeof cloneDatabase>>;

  before(async () => {
    base = await cloneDatabase();
  });
  after(() => base?.drop());

  it('do in turns what only one may do at a time, and a failure keeps nobody waiting', async () => {
    const turns = [createTurn(base.url, 'test.one'), createTurn(base.url, 'test.one')];
    let inside = 0;
    let most = 0;
    const done: number[] = [];
    const work = (number: number) => async () => {
      most = Math.max(most, ++inside);
      await base.db.raw('select pg_sleep(0.002)');
      inside--;
      if (number % 5 === 0) throw new Error(`no ${number}`);
      done.push(number);
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, number) => (turns[number % 2] as (typeof turns)[0]).take(work(number))),
    );
    expect(most).to.equal(1);
    expect(done).to.have.length(16);
    expect(outcomes.filter(({ status }) => status === 'rejected')).to.have.length(4);
    // Work of another name goes on beside it, and a line that broke is laid again.
    const other = createTurn(base.url, 'test.two');
    await turns[0]?.take(() => other.take(async () => {}));
    await base.db.raw(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like '%advisory_unlock%' and pid <> pg_backend_pid()",
    );
    await turns[0]?.take(async () => void done.push(99));
    expect(done.at(-1)).to.equal(99);
    for (const turn of [...turns, other]) await turn.close();
  });

  it('have one that does the jobs, and another as soon as that one is gone', async () => {
    const told: string[] = [];
    let wake: () => void = () => {};
    const tell = async (words: string): Promise<void> => {
      told.push(words);
      wake();
    };
    const one = (name: string): (() => Promise<void>) =>
      leadOne(base.url, 'test.lead', {
        begin: () => tell(`${name} begins`),
        end: () => tell(`${name} ends`),
        failed: () => {},
      });
    const until = async (words: string): Promise<void> => {
      while (!told.includes(words)) {
        await new Promise<void>((done) => {
          wake = done;
        });
      }
    };
    const stopFirst = one('first');
    await until('first begins');
    const stopSecond = one('second');
    await base.db.raw(
      'select pg_terminate_backend(pid) from pg_locks where locktype = ? and granted and pid <> pg_backend_pid()',
      ['advisory'],
    );
    await until('second begins');
    expect(told.slice(0, 3)).to.deep.equal(['first begins', 'first ends', 'second begins']);
    await stopFirst();
    await stopSecond();
    expect(told.at(-1)).to.equal('second ends');
  });
});
