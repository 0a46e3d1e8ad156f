import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type CoverageRow, checkPolicies, readCoverage } from '../../core/law/index.ts';

const project = fileURLToPath(new URL('../../', import.meta.url));
const source = join(project, 'policies');
const coverage = await readCoverage(source, project);

/** The families of the rule inventory: how many rules each has, numbered from one without a gap. */
const families: Record<string, number> = {
  ...{ 'O-ACC': 16, 'O-LIM': 7, 'O-LOG': 11, 'O-BLK': 8, 'O-PAY': 13, 'O-NTC': 12, 'O-TRM': 10, 'O-LIA': 7 },
  ...{ 'O-PRV': 3, 'O-DEF': 4, 'O-GEN': 20, 'O-CNF': 2, 'O-ASG': 1 },
  ...{ 'P-CAT': 8, 'P-RGT': 8, 'P-SEC': 4, 'P-RCP': 1, 'P-CHG': 2, 'P-CKE': 1, 'P-RET': 4, 'P-GEN': 11 },
  ...{ C2D: 14, XK: 10, AC: 10 },
  ...{ 'L-DSR': 16, 'L-RET': 9, 'L-INC': 4, 'L-RKN': 4, 'L-CNS': 4 },
};

/** Clauses with a text of their own, counted in the documents. */
const clauses: Record<string, number> = {
  ...{ 'qsockets-offer': 148, 'qsockets-policy': 42, chat2desk: 92, 'x-keeper': 33, activecloud: 31 },
};

const numbered = (family: string, last: number, width = 1): string[] =>
  Array.from({ length: last }, (_, index) => `${family}${String(index + 1).padStart(width, '0')}`);

/** A copy of the packs with one text replaced in one file; gone after the work. */
async function changed<T>(file: string, from: string, to: string, work: (root: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'srok-coverage-'));
  try {
    const root = join(folder, 'policies');
    cpSync(source, root, { recursive: true });
    const text = readFileSync(join(root, file), 'utf8');
    expect(text).to.include(from);
    writeFileSync(join(root, file), text.replace(from, to));
    return await work(root);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const problemsWith = (file: string, from: string, to: string): Promise<string[]> =>
  changed(file, from, to, async (root) => (await readCoverage(root, project)).problems.map(String));

describe('the coverage of the documents and the law', () => {
  const { rows, problems } = coverage;
  const row = (id: string): CoverageRow => rows.find((one) => one.id === id) as CoverageRow;
  const ids = rows.flatMap(({ id }) => id ?? []);

  it('leaves no rule and no clause without an answer to what carries it out', () => {
    expect(problems.map(String)).to.deep.equal([]);
    expect(rows.filter(({ status }) => status === null)).to.deep.equal([]);
  });

  it('has every rule of every family, numbered without a gap, once', () => {
    const wanted = [
      ...Object.entries(families).flatMap(([family, last]) => numbered(`${family}-`, last)),
      'P-PUR',
      ...numbered('C-', 43, 2),
      'C-19b',
      ...Object.entries({ 'C2D-C': 17, 'XK-C': 16, 'AC-C': 18 }).flatMap(([family, last]) => numbered(family, last)),
    ];
    expect(ids).to.have.members(wanted);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('has a row for every clause of every document', async () => {
    for (const [document, count] of Object.entries(clauses)) {
      const covered = new Set(rows.filter((one) => one.document === document).flatMap((one) => one.clauses));
      expect(covered.size, document).to.equal(count);
    }
  });

  it('gives a reason for what is informational or planned, and a place for everything else', () => {
    for (const { id, clauses: named, status, where, reason } of rows) {
      const said = status === 'informational' || status === 'planned' ? reason : where[0];
      expect(said, id ?? named.join(', '))
        .to.be.a('string')
        .and.not.equal('');
    }
  });

  it('calls nothing enforced that only a declared finding tells people', () => {
    expect(row('C-30')).to.include({ status: 'tracked' });
    expect(row('C-01').status).to.equal('enforced');
    expect(row('C-01').where.some((place) => /^policies\/.+\.test\.yaml:\d+$/.test(place))).to.equal(true);
  });

  describe('notices', () => {
    it('a name that no inventory has, and the check of the packs as well', async () => {
      const file = 'operators/qsockets/schedules.yaml';
      const says = /schedules\.yaml:\d+: "O-LGO-3" is in no inventory; near: .*O-LOG-3/;
      const misspelt = ['implements: [O-LOG-2,', 'implements: [O-LOG-2, O-LGO-3,'] as const;
      expect((await problemsWith(file, ...misspelt)).join('\n')).to.match(says);
      const report = await changed(file, ...misspelt, (root) => checkPolicies(root));
      expect(report.problems.map(String).join('\n')).to.match(says);
    });

    const changes: { title: string; file: string; from: string; to: string; says: RegExp }[] = [
      {
        title: 'a clause whose row is taken out',
        file: 'inventory/qsockets-policy.yaml',
        from: 'clauses: ["10.2", "13"]',
        to: 'clauses: ["13"]',
        says: /qsockets-policy\.yaml:\d+: clause 10\.2 has no row/,
      },
      {
        title: 'a clause that the document does not have',
        file: 'inventory/qsockets-policy.yaml',
        from: 'clauses: ["10.2", "13"]',
        to: 'clauses: ["10.2", "10.3", "13"]',
        says: /the document has no clause 10\.3/,
      },
      {
        title: 'a rule that two rows claim',
        file: 'inventory/law.yaml',
        from: 'id: L-RKN-4',
        to: 'id: L-RKN-3',
        says: /L-RKN-3 already has a row: policies\/inventory\/law\.yaml:\d+/,
      },
      {
        title: 'a test that is not there',
        file: 'inventory/law.yaml',
        from: 'shows a person nothing of anyone else, and no secret',
        to: 'shows a person everything',
        says: /L-DSR-5: there is no test "test\/contract\/stores\.test\.ts › shows a person everything"/,
      },
      {
        title: 'a test of a file that is not there',
        file: 'inventory/law.yaml',
        from: 'test/contract/stores.test.ts › shows a person nothing',
        to: 'test/contract/shops.test.ts › shows a person nothing',
        says: /L-DSR-5: there is no test/,
      },
      {
        title: 'an informational row that an entry names all the same',
        file: 'operators/qsockets/findings.yaml',
        from: 'inventory: [C-30]',
        to: 'inventory: [C-30, O-GEN-20]',
        says: /O-GEN-20: is called informational, and yet policies\/operators\/qsockets\/findings\.yaml:\d+ names it/,
      },
      {
        title: 'a planned row that is carried out already',
        file: 'operators/qsockets/schedules.yaml',
        from: 'implements: [O-LOG-2,',
        to: 'implements: [O-LOG-2, O-TRM-2,',
        says: /O-TRM-2: is called planned, and yet policies\/operators\/qsockets\/schedules\.yaml:\d+ carries it out/,
      },
      {
        title: 'a rule that nothing names any more',
        file: 'operators/qsockets/findings.yaml',
        from: 'inventory: [C-30]',
        to: 'inventory: [C-28]',
        says: /C-30: nothing names it/,
      },
      {
        title: 'a clause without a name of its own that says nothing and that no entry rests on',
        file: 'inventory/qsockets-policy.yaml',
        from: '\n    informational: "Вводные слова: что регулирует политика."',
        to: '',
        says: /Политика 1: nothing names it/,
      },
    ];
    for (const { title, file, from, to, says } of changes) {
      it(title, async () => {
        expect((await problemsWith(file, from, to)).join('\n')).to.match(says);
      });
    }
  });
});
