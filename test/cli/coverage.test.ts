import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';

const srok = fileURLToPath(new URL('../../bin/srok.js', import.meta.url));
const schema = new URL('../../policies/schema/cli/coverage.schema.json', import.meta.url);

function coverage(...more: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [srok, 'coverage', ...more], {
    encoding: 'utf8',
    maxBuffer: 2 ** 24,
  });
  return { status, stdout, stderr };
}

describe('srok coverage', () => {
  it('prints rows, totals and problems in the shape of its schema', () => {
    const { status, stdout } = coverage('--json');
    const answer = JSON.parse(stdout);
    const validate = new Ajv2020({ validateSchema: false }).compile(JSON.parse(readFileSync(schema, 'utf8')));
    expect(validate(answer), JSON.stringify(validate.errors)).to.equal(true);
    expect(answer.problems).to.deep.equal([]);
    expect(status).to.equal(0);
    const counted = Object.values<number>(answer.totals).reduce((sum, count) => sum + count, 0);
    expect(counted).to.equal(answer.rows.length);
  });

  it('narrows the rows to one state and one operator, with the totals of that operator', () => {
    const { rows, totals } = JSON.parse(coverage('--operator', 'qsockets', '--status', 'planned', '--json').stdout);
    expect(rows).to.have.length(totals.planned);
    for (const { status, document, reason } of rows) {
      expect(status).to.equal('planned');
      expect(document).to.match(/^qsockets-/);
      expect(reason).to.be.a('string');
    }
  });

  it('prints a table for people, and offers the names it has for an operator it does not know', () => {
    const { stdout } = coverage('--operator', 'qsockets');
    expect(stdout).to.match(/^O-LOG-2 +qsockets-offer 3\.5\.3; 5\.1\.4; 8\.3\.1 +enforced +policies\/\S+:\d+/m);
    expect(stdout).to.match(/^enforced: \d+$/m);
    const unknown = coverage('--operator', 'qsocket', '--json');
    expect(unknown.status).to.equal(2);
    expect(JSON.parse(unknown.stdout).error.near).to.include('qsockets');
  });
});
