import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { checkPolicies, readCases } from '../../core/law/index.ts';

const root = new URL('../../policies/', import.meta.url);
const operators = readdirSync(new URL('operators/', root)).sort();
const cases = (
  await Promise.all(
    operators.map(async (operator, index) => {
      const found = await readCases(root, operator);
      // The sentences of the law are the same for all.
      return index === 0 ? found : found.filter(({ file }) => file.includes('/operators/'));
    }),
  )
).flat();

describe('the sentences beside the rules', () => {
  for (const one of cases) {
    it(`${one.file.split('/').slice(-2).join('/')}:${one.line} ${one.case.name}`, () => {
      expect(one.run()).to.equal(null);
    });
  }

  it('are all run by the check of the packs, which walks over every boundary as well', async () => {
    const report = await checkPolicies(root);
    expect(report.problems.map(String)).to.deep.equal([]);
    expect(report.cases).to.equal(cases.length);
    expect(report.files).to.be.greaterThan(20);
  });
});
