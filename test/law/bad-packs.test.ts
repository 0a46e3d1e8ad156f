import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { checkPolicies, loadLaw, loadLaws, PolicyError } from '../../core/law/index.ts';

const source = fileURLToPath(new URL('../../policies/', import.meta.url));

/** A rule of law that is right; the tests put a fault into one of its lines. */
const aRule = `- id: ru.152-fz.made-up
  title: Придуманное правило
  kind: deadline
  direction: at-most
  duty: [access.answer]
  starts: [request.received]
  period:
    - from: 2011-07-27
      until: 2022-08-31
      days: 30
      cite: { act: "152-ФЗ от 27.07.2006", article: "20" }
      certainty: A
    - from: 2022-09-01
      working_days: 10
      cite: { act: "152-ФЗ от 27.07.2006", article: "14" }
      certainty: A
`;
const aSchedule = `- id: x-keeper.made-up
  title: Придуманный срок
  for: { category: call.recording }
  system: "ИСПДн «Придуманная»"
  starts: [call.recorded]
  keep: { months: 3 }
  clause: "Политика 1"
`;
const aPromise = `- id: x-keeper.made-up
  title: Придуманное обещание
  kind: deadline
  direction: at-most
  duty: [access.answer]
  starts: [request.received]
  term: { days: 5 }
  clause: "Политика 1"
`;

type Fault = [what: string, from: string, to: string, line: number, reason: string | RegExp];

/** Faults of rules of law: the line is counted from the first of the rule. */
const inLaw: Fault[] = [
  ['a key written twice', '  kind: deadline\n', '  kind: deadline\n  kind: right\n', 4, 'duplicate key "kind"'],
  ['a key that nobody knows', '  starts:', '  begins:', 6, /^unknown key "begins"; one of id, title, kind/],
  ['a key of a value that nobody knows', 'days: 30', 'dayz: 30', 10, /unknown key "dayz"; one of from, until/],
  ['no unit', '      days: 30\n', '', 8, /^needs a unit: hours, working_days, days/],
  ['a unit that is no number', 'days: 30', 'days: "30"', 10, /days: must be integer/],
  ['a unit below nothing', 'days: 30', 'days: -30', 10, /days: must be >= 0/],
  ['part of a unit', 'days: 30', 'days: 1.5', 10, /days: must be integer/],
  [
    'a day that does not exist',
    'from: 2022-09-01',
    'from: 2022-02-30',
    13,
    'from: "2022-02-30" is not a date that exists',
  ],
  [
    'a month that does not exist',
    'until: 2022-08-31',
    'until: 2022-13-01',
    9,
    'until: "2022-13-01" is not a date that exists',
  ],
  [
    'a leap day of another year',
    'from: 2011-07-27',
    'from: 2011-02-29',
    8,
    'from: "2011-02-29" is not a date that exists',
  ],
  [
    'an end before the beginning',
    'until: 2022-08-31',
    'until: 2011-07-26',
    8,
    'until: 2011-07-26 comes before 2011-07-27',
  ],
  [
    'values in the wrong order',
    'from: 2022-09-01',
    'from: 2011-07-27',
    13,
    'from: values must follow one another by date; 2011-07-27 does not come after 2011-07-27',
  ],
  [
    'values that overlap',
    'until: 2022-08-31',
    'until: 2022-09-01',
    13,
    'from: overlaps the value before, which holds until 2022-09-01',
  ],
  ['no citation', '      cite: { act: "152-ФЗ от 27.07.2006", article: "20" }\n', '', 8, /missing "cite"/],
  [
    'an act without its date',
    'act: "152-ФЗ от 27.07.2006", article: "20"',
    'act: "152-ФЗ", article: "20"',
    11,
    'act: "152-ФЗ" has no date that exists; an act is written like «152-ФЗ от 27.07.2006»',
  ],
  ['no certainty', 'article: "20" }\n      certainty: A\n', 'article: "20" }\n', 8, /missing "certainty"/],
  [
    'a certainty that is none',
    'article: "20" }\n      certainty: A',
    'article: "20" }\n      certainty: E',
    12,
    /^certainty: unknown value "E"; one of A, B, C, D/,
  ],
  [
    'a kind that is none',
    'kind: deadline',
    'kind: deadlines',
    3,
    /^kind: unknown value "deadlines"; one of deadline, /,
  ],
  [
    'a duty that nothing defines',
    'access.answer',
    'access.anwser',
    5,
    /^duty: unknown duty "access.anwser"; near: access.answer/,
  ],
  [
    'a fact that nothing defines',
    'request.received',
    'request.recieved',
    6,
    /^starts: unknown fact "request.recieved"; near: request.received/,
  ],
  [
    'a rule to follow that is not there',
    '  period:',
    '  after: ru.152-fz.acces.answer\n  period:',
    7,
    /^after: unknown rule "ru.152-fz.acces.answer"; near: ru.152-fz.access.answer/,
  ],
  [
    'an id that is taken',
    'ru.152-fz.made-up',
    'ru.152-fz.access.answer',
    1,
    'id: "ru.152-fz.access.answer" is already taken by another rule',
  ],
  ['no direction', '  direction: at-most\n', '', 1, 'a rule with "duty" needs "direction"'],
  [
    'a term that nothing is counted by',
    '  duty: [access.answer]\n',
    '',
    1,
    'a rule with "period" needs "duty" or "for": else nothing is counted by it',
  ],
  ['a term without a beginning', '  starts: [request.received]\n', '', 1, 'a rule with "period" needs "starts"'],
  [
    'hours beside days',
    'working_days: 10',
    'working_days: 10\n      hours: 24',
    15,
    'hours: stands alone, without another unit',
  ],
  [
    'a day of the next month beside days',
    'working_days: 10',
    'working_days: 10\n      day_of_next_month: 15',
    15,
    'day_of_next_month: stands alone, without another unit',
  ],
  [
    'an extension in hours',
    'working_days: 10',
    'working_days: 10\n      extension: { hours: 24 }',
    15,
    'extension: is added to the last day: not in hours',
  ],
  [
    'an extension of hours',
    'working_days: 10',
    'hours: 10\n      extension: { working_days: 5 }',
    15,
    'extension: a term in hours has no last day to add to',
  ],
  [
    'whole calendar months counted in days',
    '  period:\n    - from: 2011-07-27\n      until',
    '  counting: calendar-months\n  period:\n    - from: 2011-07-27\n      until',
    11,
    'days: whole calendar months are counted in months or years',
  ],
  [
    'an act of a day that does not exist',
    'от 27.07.2006", article: "20"',
    'от 31.02.2006", article: "20"',
    11,
    /^act: "152-ФЗ от 31.02.2006" has no date that exists/,
  ],
  ['a line that is no YAML', 'title: Придуманное правило', 'title: "Придуманное', 2, /^Missing closing "quote/],
  ['an indent that fits nothing', '  kind: deadline', '   kind: deadline', 2, /^Nested mappings are not allowed/],
];
const inSchedules: Fault[] = [
  ['a key written twice', '  system:', '  title: Ещё раз\n  system:', 4, 'duplicate key "title"'],
  ['a key that nobody knows', '  keep:', '  kept:', 6, /^unknown key "kept"; one of id, title/],
  ['a unit that nobody knows', 'months: 3', 'monthz: 3', 6, 'keep: unknown unit "monthz"; one of days, months, years'],
  ['hours, which keep nothing', 'months: 3', 'hours: 3', 6, 'keep: unknown unit "hours"; one of days, months, years'],
  ['no unit', '{ months: 3 }', '{}', 6, /^keep: needs at least one of days, months, years/],
  ['no clause', '  clause: "Политика 1"\n', '', 1, /missing "clause"/],
  [
    'a category that nothing defines',
    'call.recording',
    'call.recordng',
    3,
    'for: unknown category "call.recordng"; near: call.recording',
  ],
  ['a fact that nothing defines', 'call.recorded', 'call.recoded', 5, /^starts: unknown fact "call.recoded"/],
  [
    'a duty of destruction that nothing defines',
    '  clause:',
    '  destroyed_by: nothing.destroy\n  clause:',
    7,
    /^destroyed_by: unknown duty "nothing.destroy"/,
  ],
  [
    'a day that does not exist',
    '  clause:',
    '  from: 2026-02-30\n  clause:',
    7,
    'from: "2026-02-30" is not a date that exists',
  ],
];
/** Things of an operator that are no rules; the fault is in the text itself. */
const inOthers: [path: string, what: string, text: string, line: number, reason: string | RegExp][] = [
  [
    'operators/x-keeper/documents.yaml',
    'an edition of a day that does not exist',
    '- id: made-up\n  title: "Придуманный документ"\n  kind: policy\n  editions:\n    - { published: 2026-02-30 }\n',
    5,
    'published: "2026-02-30" is not a date that exists',
  ],
  [
    'operators/x-keeper/documents.yaml',
    'editions in the wrong order',
    '- id: made-up\n  title: "Придуманный документ"\n  kind: policy\n  editions:\n    - { published: 2026-02-03 }\n    - { published: 2026-02-02 }\n',
    6,
    'published: editions must follow one another; 2026-02-02 does not come after 2026-02-03',
  ],
  [
    'operators/x-keeper/documents.yaml',
    'a document twice',
    '- { id: policy, title: "Придуманный документ", kind: policy, editions: [] }\n',
    1,
    'id: "policy" is already taken',
  ],
  [
    'operators/x-keeper/purposes.yaml',
    'a purpose twice',
    '- { id: access, title: "Придуманная цель", clause: "Политика 1", processing: [account.profile], bases: [] }\n',
    1,
    'id: "access" is already taken',
  ],
  [
    'operators/x-keeper/recipients.yaml',
    'a recipient twice',
    ['user', 'user']
      .map(
        (id) =>
          `- { id: made-${id}, name: "Придуманный", role: processor, country: RU, purpose: access, what: "—", disclosed: true, clause: "Политика 1" }\n`,
      )
      .join(''),
    2,
    'id: "made-user" is already taken',
  ],
  [
    'operators/x-keeper/purposes.yaml',
    'a purpose that nothing defines',
    '- id: acess\n  title: "Придуманная цель"\n  clause: "Политика 1"\n  processing: [account.profile]\n  bases: []\n',
    1,
    'id: unknown purpose "acess"; near: access',
  ],
  [
    'operators/x-keeper/recipients.yaml',
    'a recipient without a country',
    '- { id: made-up, name: "Придуманный", role: processor, purpose: access, what: "—", clause: "Политика 1" }\n',
    1,
    'missing "country"',
  ],
  [
    'taxonomy/facts.yaml',
    'a fact that is there already',
    '- { fact: request.received, title: "Ещё раз", about: request }\n',
    1,
    'fact: "request.received" is already taken',
  ],
  [
    'taxonomy/facts.yaml',
    'free text that staff would write into a fact',
    '- fact: made.up\n  title: "Придумано"\n  about: claim\n  reported: { by: [dpo], begins: mdp }\n  fields:\n    who: { type: text, title: "Кто" }\n',
    6,
    'who: free text says too much; name its values',
  ],
  [
    'taxonomy/facts.yaml',
    'a value that staff choose and that has no name',
    '- fact: made.up\n  title: "Придумано"\n  about: claim\n  reported: { by: [dpo], begins: mdp }\n  fields:\n    of: { type: text, title: "О чём", values: [a, b], titles: { a: "А" } }\n',
    6,
    'of: there is no title for b',
  ],
  [
    'taxonomy/facts.yaml',
    'a fact of staff that follows nothing',
    '- { fact: made.up, title: "Придумано", about: claim, reported: { by: [dpo], after: [claim.recieved] } }\n',
    1,
    /^after: unknown fact "claim.recieved"; near: claim.received/,
  ],
  [
    'taxonomy/duties.yaml',
    'a list that no rule has',
    '- { id: made-up, title: "Придуманная", kind: act, opens: [], discharged: [], asked: "—", list: ru.nothing }\n',
    1,
    /^list: unknown rule "ru.nothing"/,
  ],
  [
    'taxonomy/duties.yaml',
    'a duty that a made-up fact opens',
    '- id: made-up\n  title: "Придуманная"\n  kind: act\n  opens: [{ fact: nothing.happened }]\n  discharged: []\n',
    4,
    /unknown fact "nothing.happened"/,
  ],
];
const inPromises: Fault[] = [
  [
    'a rule to repeat that is not there',
    '  clause:',
    '  restates: [ru.152-fz.nothing]\n  clause:',
    8,
    /^restates: unknown rule "ru.152-fz.nothing"/,
  ],
  ['hours beside days', '{ days: 5 }', '{ days: 5, hours: 3 }', 7, 'hours: stands alone, without another unit'],
  ['neither a term nor keeping', '  term: { days: 5 }\n', '', 1, /needs either "term"/],
  [
    'a day that does not exist',
    '  clause:',
    '  from: 2026-02-30\n  clause:',
    8,
    'from: "2026-02-30" is not a date that exists',
  ],
  [
    'a customer that is none',
    '  clause:',
    '  customer: friend\n  clause:',
    8,
    /^customer: unknown value "friend"; one of business, consumer/,
  ],
];

describe('a fault in a pack stops the loading of all', () => {
  let folder: string;
  let root: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'srok-bad-'));
    root = join(folder, 'policies');
    cpSync(source, root, { recursive: true });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** What is said about a file with this text at its end, and on which of its lines; null when all of it is loaded. */
  async function saidOf(path: string, added: string): Promise<{ error: PolicyError; line: number } | null> {
    const file = join(root, path);
    const text = readFileSync(file, 'utf8');
    const start = text.split('\n').length - 1;
    try {
      writeFileSync(file, text + added);
      await loadLaws({ root });
      return null;
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      return { error, line: error.line - start };
    } finally {
      writeFileSync(file, text);
    }
  }

  for (const [path, right, faults] of [
    ['laws/152-fz.yaml', aRule, inLaw],
    ['operators/x-keeper/schedules.yaml', aSchedule, inSchedules],
    ['operators/x-keeper/promises.yaml', aPromise, inPromises],
  ] as const) {
    it(`${path}: what is right is loaded`, async () => {
      expect(await saidOf(path, right)).to.equal(null);
    });
    for (const [what, from, to, line, reason] of faults) {
      it(`${path}: ${what}`, async () => {
        expect(right).to.include(from);
        const said = await saidOf(path, right.replace(from, to));
        expect(said?.error.file).to.equal(`policies/${path}`);
        if (typeof reason === 'string') expect(said?.error.reason).to.equal(reason);
        else expect(said?.error.reason).to.match(reason);
        expect(said?.line).to.equal(line);
      });
    }
  }

  for (const [path, what, text, line, reason] of inOthers) {
    it(`${path}: ${what}`, async () => {
      const said = await saidOf(path, text);
      expect(said?.error.file).to.equal(`policies/${path}`);
      if (typeof reason === 'string') expect(said?.error.reason).to.equal(reason);
      else expect(said?.error.reason).to.match(reason);
      expect(said?.line).to.equal(line);
    });
  }

  for (const [path, reason] of [
    ['operators/x-keeper/promise.yaml', /^a pack has no part "promise"; near: promises/],
    ['operators/x-keeper/plans.yml', /^the name of a policy file ends in "\.yaml"/],
    ['laws/made-up.YAML', /^the name of a policy file ends in "\.yaml"/],
    ['laws/drafts/made-up.yaml', /^a folder in this place is not read/],
    ['calendars/by.yaml', /^nothing reads this file; calendars has ru/],
    ['taxonomy/fact.yaml', /^nothing reads this file; taxonomy has categories, duties, facts/],
  ] as const) {
    it(`${path}: a file that would be passed over`, async () => {
      const file = join(root, path);
      const there = path.includes('drafts') ? join(root, 'laws/drafts') : file;
      try {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, aPromise);
        const error = await loadLaws({ root }).then(
          () => null,
          (said: PolicyError) => said,
        );
        expect(error?.reason).to.match(reason);
        expect(`policies/${path}`.startsWith(error?.file ?? 'nothing')).to.equal(true);
      } finally {
        rmSync(there, { recursive: true });
      }
    });
  }

  it('a channel, a tariff or a declared finding that is there twice', async () => {
    for (const [path, list] of [
      ['operators/qsockets/channels.yaml', 'channels'],
      ['operators/qsockets/plans.yaml', null],
      ['operators/qsockets/findings.yaml', null],
    ] as const) {
      const file = join(root, path);
      const text = readFileSync(file, 'utf8');
      const document = parseDocument(text);
      const things = (list ? document.get(list) : document.contents) as YAMLSeq<YAMLMap>;
      const [first] = things.items as [YAMLMap];
      things.add(first.clone() as YAMLMap);
      writeFileSync(file, document.toString());
      const error = await loadLaws({ root }).then(
        () => null,
        (said: PolicyError) => said,
      );
      writeFileSync(file, text);
      expect(error?.file, path).to.equal(`policies/${path}`);
      expect(error?.reason).to.equal(`id: "${first.get('id')}" is already taken`);
    }
  });

  it('but not the loading of an operator whose pack is right', async () => {
    const file = join(root, 'operators/x-keeper/promises.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, `${text}${aPromise.replace('days: 5', 'dayz: 5')}`);
    const law = await loadLaw({ root, operator: 'qsockets' });
    const [problem] = (await checkPolicies(root, ['x-keeper'])).problems;
    writeFileSync(file, text);
    expect(law.operator.id).to.equal('qsockets');
    expect(problem?.message).to.match(/^policies\/operators\/x-keeper\/promises\.yaml:\d+: term: unknown unit "dayz"/);
  });

  it('a sentence with a day that does not exist is named by the check', async () => {
    const path = 'laws/149-fz.test.yaml';
    const file = join(root, path);
    const text = readFileSync(file, 'utf8');
    const sentence = `- name: "такого дня нет"
  keep: message.payload
  given: { message.processed: 2026-02-30 }
  expect: { keep_until: 2026-08-30 }
`;
    writeFileSync(file, text + sentence);
    const { problems } = await checkPolicies(root, ['qsockets']);
    writeFileSync(file, text);
    expect(problems.map(({ file: where, line }) => [where, line])).to.deep.equal([
      [`policies/${path}`, text.split('\n').length],
    ]);
    expect(problems[0]?.reason).to.match(/^«такого дня нет»: .*day/);
  });
});
