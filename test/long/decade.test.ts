import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { stride } from './decade/people.ts';
import { createWitness } from './decade/witness.ts';
import { openWorld, type World } from './decade/world.ts';

const first = Temporal.PlainDate.from('2026-05-05');
const years = Number(process.env.DECADE_YEARS ?? 10);
const people = Number(process.env.DECADE_PEOPLE ?? 2_000);
const seed = Number(process.env.DECADE_SEED ?? 1);
const only = process.env.DECADE_ONLY?.split(',');
const end = first.add({ years });
const days = first.until(end, { largestUnit: 'days' }).days;

describe(`ten years of an installation under law that is made up for it`, () => {
  let world: World | undefined;

  before(async () => {
    world = await openWorld({ first: first.toString(), days, people, seed, only });
  });
  after(() => world?.close());

  it('destroys nothing before its floor or under a hold, keeps nothing past its last day, has an act for every destruction, and brings every duty to its discharge or calls it overdue', async () => {
    const { live, app } = world as World;
    const witness = createWitness(world as World);
    let looked = 0;
    for (let day = first; Temporal.PlainDate.compare(day, end) <= 0; day = day.add({ days: stride })) {
      await live(day);
      if (day.month === looked) continue;
      looked = day.month;
      expect(await witness.look(), `looked at on ${day}`).to.deep.equal([]);
      if (process.env.DECADE_TRACE)
        console.log(day.toString(), Math.round(process.uptime()), JSON.stringify(witness.tally));
    }
    expect(await witness.look()).to.deep.equal([]);
    for (const [what, count] of Object.entries(witness.tally)) {
      expect(count, `a decade without ${what} proves nothing`).to.be.greaterThan(0);
    }
    const verified = await app.engine.journal.verify();
    expect(verified.problem).to.equal(undefined);
    expect(verified.ok).to.equal(true);
  });
});
