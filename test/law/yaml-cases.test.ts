import { expect } from 'chai';
import { checkPolicies, readCases } from '../../core/law/index.ts';

const root = new URL('../../policies/', import.meta.url);
const cases = await readCases(root, 'qsockets');

describe('the sentences beside the rules', () => {
  for (const one of cases) {
    it(`${one.file.split('/').at(-1)}:${one.line} ${one.case.name}`, () => {
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
