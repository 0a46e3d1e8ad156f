import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { loadLaw } from '../../core/law/index.ts';
import { declaredStores } from '../../main.ts';
import { startApp, type TestApp } from '../support/app.ts';

const root = new URL('../../policies/', import.meta.url);
const today = Temporal.PlainDate.from('2026-11-20');

describe('the stores that the linter is told of without a database', () => {
  let running: TestApp;
  before(async () => {
    running = await startApp();
  });
  after(() => running.close());

  it('are those of a running installation, with the same terms and columns', async () => {
    const { datamap, law } = running.app.engine;
    const shape = ({ schedule, columns, tables }: { schedule: string; columns: object; tables: string[] }) =>
      JSON.stringify({ schedule, columns, tables });
    const declared = (await declaredStores(law)).map(shape);
    expect(declared).to.have.members(datamap.stores().map(({ store }) => shape(store)));
  });
});

describe('the terms of QSockets that nobody carries out', () => {
  it('are those of data that the program does not keep', async () => {
    const law = await loadLaw({ root, operator: 'qsockets' });
    const found = law.lint(today, { stores: await declaredStores(law) });
    expect(found.map(({ id }) => id).filter((id) => id.startsWith('not-enforced'))).to.deep.equal([
      'not-enforced.qsockets.billing-contact',
      'not-enforced.qsockets.support',
    ]);
  });

  it('are not looked for when nobody says which stores there are', async () => {
    const law = await loadLaw({ root, operator: 'qsockets' });
    expect(law.lint(today).filter(({ id }) => id.startsWith('not-enforced'))).to.deep.equal([]);
  });
});
