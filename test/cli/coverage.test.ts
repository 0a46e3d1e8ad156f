import { expect } from 'chai';
import { misfits, srok } from './run.ts';

interface Answer {
  rows: { status: string; document: string; reason: string | null }[];
  totals: Record<string, number>;
  problems: unknown[];
}

describe('srok coverage', () => {
  it('prints rows, totals and problems in the shape of its schema', async () => {
    const { code, json } = await srok(['coverage', '--json']);
    const answer: Answer = json();
    expect(misfits('coverage', answer)).to.deep.equal([]);
    expect(answer.problems).to.deep.equal([]);
    expect(code).to.equal(0);
    const counted = Object.values(answer.totals).reduce((sum, count) => sum + count, 0);
    expect(counted).to.equal(answer.rows.length);
  });

  it('narrows the rows to one state and one operator, with the totals of that operator', async () => {
    const answer: Answer = (await srok(['coverage', '--operator', 'qsockets', '--status', 'planned', '--json'])).json();
    expect(answer.rows).to.have.length(answer.totals.planned as number);
    for (const { status, document, reason } of answer.rows) {
      expect(status).to.equal('planned');
      expect(document).to.match(/^qsockets-/);
      expect(reason).to.be.a('string');
    }
  });

  it('prints a table for people, and offers the names it has for an operator it does not know', async () => {
    const { out } = await srok(['coverage', '--operator', 'qsockets']);
    expect(out).to.match(/^O-LOG-2 +qsockets-offer 3\.5\.3; 5\.1\.4; 8\.3\.1 +enforced +policies\/\S+:\d+/m);
    expect(out).to.match(/^enforced: \d+$/m);
    const unknown = await srok(['coverage', '--operator', 'qsocket', '--json']);
    expect(unknown.code).to.equal(2);
    const { error }: { error: { code: string; near: string[] } } = unknown.json();
    expect(error).to.deep.include({ code: 'law.unknown-operator', near: ['qsockets'] });
  });
});
