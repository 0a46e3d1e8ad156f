import { expect } from 'chai';
import type { Calendar } from '../../core/calendar/index.ts';
import { openPolicies } from '../../core/law/files.ts';
import type { Rule } from '../../core/law/index.ts';
import { type Pack, readPack } from '../../core/law/pack.ts';
import { walk } from '../../core/law/walk.ts';

const root = new URL('../../policies/', import.meta.url);
const reader = await openPolicies(root);
const operators = await reader.operators();

describe('the walk over every boundary of every value', () => {
  for (const operator of operators) {
    it(`finds nothing wrong around the boundaries of ${operator}`, async () => {
      const problems = walk(await readPack(root, operator, reader));
      expect(problems.map(String)).to.deep.equal([]);
    });
  }

  /** What the walk says of a pack whose calendar counts working days in some other way. */
  async function countedBy(workingDayAfter: Calendar['workingDayAfter']): Promise<string[]> {
    const pack = await readPack(root, 'qsockets', reader);
    return walk({ ...pack, calendar: { ...pack.calendar, workingDayAfter } }).map(({ reason }) => reason);
  }

  it('notices a term that ends before its event', async () => {
    const reasons = await countedBy((day) => day - 3);
    expect(reasons.join('\n')).to.match(/^access\.answer: from 2022-09-01 leads back to 2022-08-29$/m);
  });

  it('notices a later event that leads to an earlier day', async () => {
    const reasons = await countedBy((day, count) => day + count + (day % 2) * 9);
    expect(reasons.join('\n')).to.match(/^access\.answer: an event on .+ leads to .+, and the day before led to /m);
  });

  it('excuses the day on which a value itself changes', async () => {
    const reasons = await countedBy((day, count) => day + count);
    expect(reasons).to.deep.equal([]);
  });

  it('notices a value that is not in force on its own days', async () => {
    const pack = await readPack(root, 'qsockets', reader);
    const rule = pack.rules.get('ru.152-fz.access.answer') as Rule;
    const turned: Rule = { ...rule, values: rule.values.toReversed() };
    const broken: Pack = { ...pack, rules: new Map([...pack.rules, [rule.id, turned]]) };
    const [problem] = walk(broken);
    expect(problem?.message).to.match(
      /^policies\/laws\/152-fz\.yaml:\d+: ru\.152-fz\.access\.answer: on .+ another value is in force/,
    );
  });
});
