import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Refusal } from '../../core/base/index.ts';
import { checkPolicies, loadLaw, PolicyError } from '../../core/law/index.ts';

const source = fileURLToPath(new URL('../../policies/', import.meta.url));
const schedules = 'operators/qsockets/schedules.yaml';
const access = 'laws/152-fz.yaml';

/** A copy of the packs with one text replaced in one file; gone after the work. */
async function changed<T>(file: string, from: string, to: string, work: (root: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'srok-policies-'));
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

async function failure(file: string, from: string, to: string): Promise<PolicyError> {
  return changed(file, from, to, async (root) => {
    try {
      await loadLaw({ root, operator: 'qsockets' });
    } catch (error) {
      if (error instanceof PolicyError) return error;
      throw error;
    }
    throw new Error('it was loaded');
  });
}

/** The line of the first place of a text in a file of the packs. */
function lineOf(file: string, text: string): number {
  const before = readFileSync(join(source, file), 'utf8').split(text)[0] as string;
  return before.split('\n').length;
}

describe('a broken policy file stops the start', () => {
  it('names the file, the line and the unit it does not know', async () => {
    const error = await failure(schedules, 'keep: { months: 6 }', 'keep: { monthz: 6 }');
    const line = lineOf(schedules, 'keep: { months: 6 }');
    expect(error.message).to.equal(
      `policies/operators/qsockets/schedules.yaml:${line}: keep: unknown unit "monthz"; one of days, months, years`,
    );
  });

  it('refuses a key written twice', async () => {
    const error = await failure(schedules, 'keep: { months: 6 }', 'title: Ещё раз\n  keep: { months: 6 }');
    expect(error.reason).to.equal('duplicate key "title"');
    expect(error.line).to.equal(lineOf(schedules, 'keep: { months: 6 }'));
  });

  it('refuses a key it does not know', async () => {
    const error = await failure(schedules, 'keep: { months: 6 }', 'kept: { months: 6 }');
    expect(error.reason).to.match(/^unknown key "kept"; one of id, title, /);
  });

  it('refuses a tariff with a term of its own for the logs', async () => {
    const limits = 'payload_bytes: 65536 }';
    const error = await failure('operators/qsockets/plans.yaml', limits, `${limits}\n  keep: { months: 12 }`);
    expect(error.reason).to.match(/^unknown key "keep"; one of id, title, /);
  });

  it('refuses a value without a citation', async () => {
    const error = await failure(access, 'cite: { act: "152-ФЗ от 27.07.2006", article: "14", part: 3 }\n', 'note: x\n');
    expect(error.reason).to.match(/missing "cite"|unknown key "note"/);
  });

  it('refuses a day that does not exist', async () => {
    const error = await failure(access, 'from: 2022-09-01', 'from: 2022-09-31');
    expect(error.reason).to.equal('from: "2022-09-31" is not a date that exists');
    expect(error.line).to.equal(lineOf(access, 'from: 2022-09-01'));
  });

  it('refuses values that do not follow one another', async () => {
    const error = await failure(access, 'from: 2022-09-01', 'from: 2011-07-27');
    expect(error.reason).to.include('values must follow one another by date');
  });

  it('refuses values that overlap', async () => {
    const error = await failure(
      access,
      'from: 2011-07-27\n      days: 30',
      'from: 2011-07-27\n      until: 2022-09-10\n      days: 30',
    );
    expect(error.reason).to.include('overlaps the value before');
  });

  it('refuses a name that nothing defines, and offers the nearest', async () => {
    const error = await failure(schedules, 'category: message.payload', 'category: message.paylod');
    expect(error.reason).to.include('unknown category "message.paylod"; near: message.payload');
  });

  it('refuses rules that count from the end of each other', async () => {
    const file = 'operators/qsockets/promises.yaml';
    const within = 'starts: [account.blocked]\n  after: qsockets.inactivity.erase\n';
    const error = await failure(file, within, within.replace('erase\n', 'erase.within\n'));
    expect(error.reason).to.equal('after: the rules wait for each other');
  });

  it('refuses an act without its date: numbers of laws repeat every year', async () => {
    const error = await failure(access, 'act: "152-ФЗ от 27.07.2006"', 'act: "152-ФЗ"');
    expect(error.reason).to.include('act:');
  });

  it('refuses a calendar that does not add up', async () => {
    const error = await failure('calendars/ru.yaml', 'workdays: 248', 'workdays: 249');
    expect(error.reason).to.include('2024: the listed days make 248 working days, the source says 249');
  });

  it('refuses an operator that is not there, and offers the nearest names', async () => {
    for (const operator of ['qsokets', 'nobody', '../laws']) {
      await loadLaw({ root: source, operator }).then(
        () => expect.fail('it was loaded'),
        (error: Refusal) => {
          expect(error.code).to.equal('law.unknown-operator');
          expect(error.details.near).to.include('qsockets');
        },
      );
    }
  });

  it('is reported by the check, together with a sentence that no longer holds', async () => {
    await changed(access, 'working_days: 10\n', 'working_days: 11\n', async (root) => {
      const { problems } = await checkPolicies(root, ['qsockets']);
      expect(problems.map((one) => one.file)).to.include('policies/laws/152-fz.test.yaml');
      expect(problems[0]?.reason).to.match(/«.+»: due_on: expected/);
    });
  });
});

describe('the digest of the packs', () => {
  it('comments and the order of keys do not change the digest; a value does', async () => {
    const digest = (root: string) => loadLaw({ root, operator: 'qsockets' }).then((law) => law.digest);
    const now = await digest(source);
    expect(await changed(schedules, 'keep: { months: 6 }', 'keep: { months: 6 } # шесть', digest)).to.equal(now);
    expect(await changed(schedules, 'keep: { months: 6 }', 'keep: { months: 5 }', digest)).not.to.equal(now);
  });
});
