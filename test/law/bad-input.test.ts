import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type Refusal, Temporal } from '../../core/base/index.ts';
import { checkPolicies, loadLaw, PolicyError } from '../../core/law/index.ts';

const source = fileURLToPath(new URL('../../policies/', import.meta.url));
const today = Temporal.PlainDate.from('2026-11-20');
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

describe('a finding comes and goes with its cause', () => {
  const ids = (root: string) =>
    loadLaw({ root, operator: 'qsockets' }).then((law) => law.lint(today).map((finding) => finding.id));

  const mutations: [title: string, finding: string, file: string, from: string, to: string][] = [
    [
      'a schedule shorter than the law asks',
      'schedule-under-floor.qsockets.payload',
      schedules,
      'keep: { months: 6 }',
      'keep: { months: 5 }',
    ],
    [
      'a schedule longer than the law allows',
      'over-ceiling.qsockets.payload',
      schedules,
      'keep: { months: 6 }',
      'keep: { months: 7 }',
    ],
    [
      'a ceiling under a floor',
      'ceiling-under-floor.message.payload',
      'laws/149-fz.yaml',
      'keep: at-most\n  for: { category: message.payload }\n  starts: [message.processed]\n  implements: [C-01]\n  period:\n    - from: 2018-07-01\n      months: 6',
      'keep: at-most\n  for: { category: message.payload }\n  starts: [message.processed]\n  implements: [C-01]\n  period:\n    - from: 2018-07-01\n      months: 5',
    ],
    [
      'a recipient abroad',
      'recipient-abroad.timeweb',
      'operators/qsockets/recipients.yaml',
      'name: "Timeweb Cloud"\n  country: RU',
      'name: "Timeweb Cloud"\n  country: KZ',
    ],
    [
      'a notice without a channel',
      'no-channel.limits',
      'operators/qsockets/channels.yaml',
      'limits: [email, dashboard]',
      'limits: []',
    ],
    [
      'an edition that takes effect too soon',
      'edition-too-soon.offer.2026-04-30',
      'operators/qsockets/documents.yaml',
      'effective: 2026-05-15',
      'effective: 2026-05-14',
    ],
    [
      'a category without a purpose',
      'no-purpose.letter.body',
      'operators/qsockets/purposes.yaml',
      '[account.profile, letter.body, notice',
      '[account.profile, notice',
    ],
    [
      'a settlement whose finding is gone',
      'settlement-without-finding.nothing',
      'operators/qsockets/settles.yaml',
      '[]',
      '- { finding: nothing, reason: "x", by: "x", on: 2026-11-20 }',
    ],
  ];
  for (const [title, finding, file, from, to] of mutations) {
    it(title, async () => {
      expect(await ids(source)).not.to.include(finding);
      expect(await changed(file, from, to, ids)).to.include(finding);
    });
  }

  it('a promise as strict as the law is no finding', async () => {
    const file = 'operators/qsockets/promises.yaml';
    expect(await ids(source)).to.include('promise-looser.qsockets.answer');
    expect(
      await changed(file, 'term: { days: 30 }\n  restates', 'term: { working_days: 10 }\n  restates', ids),
    ).not.to.include('promise-looser.qsockets.answer');
  });

  it('a settled finding stays in the list, with who decided it', async () => {
    await changed(
      'operators/qsockets/settles.yaml',
      '[]',
      '- { finding: day-zone, reason: "Так решено", by: "Владелец", on: 2026-11-20 }',
      async (root) => {
        const finding = (await loadLaw({ root, operator: 'qsockets' }))
          .lint(today)
          .find((one) => one.id === 'day-zone');
        expect(finding?.settled).to.equal(true);
        expect(finding?.settle).to.include('Владелец');
      },
    );
  });

  it('values past their review are named, and a year without a calendar before it begins', async () => {
    const law = await loadLaw({ root: source, operator: 'qsockets' });
    const on = (iso: string) => law.lint(Temporal.PlainDate.from(iso)).map((finding) => finding.id);
    expect(on('2027-02-28')).not.to.include('review-due.152-fz');
    expect(on('2027-03-01')).to.include('review-due.152-fz');
    expect(on('2027-09-30')).not.to.include('calendar-missing.2028');
    expect(on('2027-10-01')).to.include('calendar-missing.2028');
  });

  it('comments and the order of keys do not change the digest; a value does', async () => {
    const digest = (root: string) => loadLaw({ root, operator: 'qsockets' }).then((law) => law.digest);
    const now = await digest(source);
    expect(await changed(schedules, 'keep: { months: 6 }', 'keep: { months: 6 } # шесть', digest)).to.equal(now);
    expect(await changed(schedules, 'keep: { months: 6 }', 'keep: { months: 5 }', digest)).not.to.equal(now);
  });
});
