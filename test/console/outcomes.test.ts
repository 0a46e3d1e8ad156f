import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { outcomeNames, outcomeShown } from '../../core/console/views/erasures.ts';

describe('what happened to a store, on the card of a request', () => {
  it('has a word before the erasure as well as for each of its outcomes', () => {
    for (const outcome of ['planned', ...Object.keys(outcomeNames)]) {
      expect(outcomeShown(outcome).name, outcome).to.match(/^[а-яё ]+$/);
    }
    expect(outcomeShown('planned')).to.deep.equal({ name: 'будет удалено', tone: 'amber' });
    expect(outcomeShown('failed').tone).to.equal('red');
  });

  it('is taken from that one list by the page', () => {
    const page = readFileSync(new URL('../../templates/pages/dpo/request.eta', import.meta.url), 'utf8');
    expect(page).to.include('t(o.name)').and.not.include("erased: '");
  });
});
