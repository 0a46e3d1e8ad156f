import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Because } from '../../core/law/index.ts';
import { declaredStores } from '../../main.ts';
import { misfits, type Said, srok } from './run.ts';

const policies = fileURLToPath(new URL('../../policies/', import.meta.url));
const operators = ['qsockets', 'chat2desk', 'x-keeper', 'activecloud'];

interface DueAnswer {
  duty: string;
  dueOn: string | null;
  lateFrom: string | null;
  outerOn: string | null;
  mayFrom: string | null;
  because: Because;
  skipped: { day: string; why: string }[];
}
interface KeepAnswer {
  keepUntil: string;
  destroyFrom: string;
  destroyBy: string;
  outerOn: string | null;
  because: Because;
}
interface ErrorAnswer {
  error: { code: string; message: string; near: string[] };
}

const line = (text: string): Promise<Said> => srok([...text.split(' '), '--json']);

async function answer<T>(shape: string, text: string): Promise<T> {
  const said = await line(text);
  expect(said.code, said.out).to.equal(0);
  const given = said.json() as T;
  expect(misfits(shape, given), text).to.deep.equal([]);
  return given;
}
const due = (text: string) => answer<DueAnswer>('due', `due ${text}`);
const keep = (text: string) => answer<KeepAnswer>('keep', `keep ${text}`);

async function refusal(text: string): Promise<ErrorAnswer['error']> {
  const said = await line(text);
  expect(said.code, text).to.equal(2);
  expect(said.err, text).to.equal('');
  const given = said.json() as ErrorAnswer;
  expect(misfits('error', given), text).to.deep.equal([]);
  return given.error;
}

describe('srok due', () => {
  // Every duty that other programs ask for by name, and what follows from an event on 15 May 2026.
  const asked: Record<string, Partial<DueAnswer>> = {
    'access.answer': { dueOn: '2026-05-29' },
    'access.refuse': { dueOn: '2026-05-29' },
    'rectification.apply': { dueOn: '2026-05-26' },
    'unneeded.destroy': { dueOn: '2026-05-26' },
    'unlawful.stop': { dueOn: '2026-05-20' },
    'unlawful.destroy': { dueOn: '2026-05-29' },
    'incident.notice': { dueOn: null, lateFrom: '2026-05-16T12:00:00+03:00' },
    'incident.result': { dueOn: null, lateFrom: '2026-05-18T12:00:00+03:00' },
    'purpose-reached.destroy': { dueOn: '2026-06-14', outerOn: '2026-06-15' },
    'consent-withdrawn.destroy': { dueOn: '2026-06-14', outerOn: '2026-06-15' },
    'processing.stop': { dueOn: '2026-05-29' },
    'impossible.destroy': { dueOn: '2026-11-15', outerOn: '2026-11-16' },
    'regulator.answer': { dueOn: '2026-05-29' },
    'regulator.change-notice': { dueOn: '2026-06-15' },
    'regulator.termination-notice': { dueOn: '2026-05-29' },
    'automated-decision.objection': { dueOn: '2026-06-14', outerOn: '2026-06-15' },
    'account-deleted.erase': { dueOn: '2026-05-22', lateFrom: '2026-05-23T00:00:00+03:00' },
    'termination.effective': { mayFrom: '2026-05-30', dueOn: null, lateFrom: null },
    'termination.erase': { dueOn: '2026-05-22' },
    'inactivity.notice': { mayFrom: '2027-06-01', dueOn: null },
    'inactivity.block': { mayFrom: '2026-06-15', dueOn: null },
    'inactivity.erase': { mayFrom: '2026-08-14', dueOn: '2026-08-20' },
    'force-majeure.notice': { dueOn: '2026-05-20' },
    'force-majeure.terminate': { mayFrom: '2026-06-15', dueOn: null },
    'claim.answer': { dueOn: '2026-05-25' },
    'consumer.money-claim': { dueOn: '2026-05-25' },
    'assignment.notice': { dueOn: '2026-05-29' },
    'authority-data.user': { dueOn: '2026-05-19' },
  };

  it('answers every duty that other programs know by name', async () => {
    for (const [duty, wanted] of Object.entries(asked)) {
      const given = await due(`${duty} --operator qsockets --from 2026-05-15`);
      expect({ ...given, ...wanted }, duty).to.deep.equal(given);
      expect(given.duty).to.equal(duty);
    }
  });

  it('answers every operator in the same shape, or says that nothing binds it', async () => {
    for (const operator of operators) {
      for (const duty of Object.keys(asked)) {
        const said = await line(`due ${duty} --operator ${operator} --from 2026-05-15`);
        const given = said.json() as DueAnswer & ErrorAnswer;
        expect(misfits(said.code === 0 ? 'due' : 'error', given), `${operator} ${duty}`).to.deep.equal([]);
        if (said.code !== 0) expect([said.code, given.error.code]).to.deep.equal([2, 'law.no-value']);
      }
    }
  });

  it('takes a day for its noon, and an instant in any offset for the Moscow day it falls on', async () => {
    const late = async (from: string) => (await due(`incident.notice --from ${from}`)).lateFrom;
    expect(await late('2026-05-15')).to.equal('2026-05-16T12:00:00+03:00');
    expect(await late('2026-05-15T09:00:00Z')).to.equal('2026-05-16T12:00:00+03:00');
    expect(await late('2026-05-15T22:00:00.5+13:00')).to.equal('2026-05-16T12:00:00.5+03:00');
    const on = async (from: string) => (await due(`account-deleted.erase --from ${from}`)).dueOn;
    expect(await on('2026-05-14T21:00:00Z')).to.equal('2026-05-22');
    expect(await on('2026-05-14T20:59:59Z')).to.equal('2026-05-21');
    expect(await on('2026-05-15T01:30+05:00')).to.equal('2026-05-21');
  });

  it('extends a term that may be extended, and names the days it passes over', async () => {
    const usual = await due('access.answer --from 2026-04-30T10:00:00+03:00');
    const longer = await due('access.answer --from 2026-04-30T10:00:00+03:00 --extended');
    expect([usual.dueOn, longer.dueOn]).to.deep.equal(['2026-05-18', '2026-05-25']);
    expect(longer.because.winner.value.replaceAll('\u00a0', ' ')).to.equal('10 рабочих дней и ещё 5 рабочих дней');
    expect(usual.skipped.map(({ day }) => day)).to.deep.equal([
      ...[
        '2026-05-01',
        '2026-05-02',
        '2026-05-03',
        '2026-05-09',
        '2026-05-10',
        '2026-05-11',
        '2026-05-16',
        '2026-05-17',
      ],
    ]);
    expect(usual.because.losers[0]?.why).to.be.a('string');
    expect(usual.because.digest).to.equal(longer.because.digest);
  });

  it('takes the earlier date while the customer is not known, and says so', async () => {
    const unknown = await due('claim.answer --from 2026-05-15');
    expect([unknown.dueOn, unknown.because.note]).to.deep.equal([
      '2026-05-25',
      'Вид заказчика не известен: взят более ранний срок.',
    ]);
    expect((await due('claim.answer --from 2026-05-15 --customer business')).dueOn).to.equal('2026-05-29');
    expect((await due('claim.answer --from 2026-05-15 --customer consumer')).dueOn).to.equal('2026-05-25');
  });

  it('knows only what was in force by the day that is asked for', async () => {
    const on = async (more: string) => (await due(`access.refuse --from 2022-09-01${more}`)).dueOn;
    expect(await on('')).to.equal('2022-09-15');
    expect(await on(' --as-of 2022-09-01')).to.equal('2022-09-15');
    expect(await on(' --as-of 2022-08-31')).to.equal('2022-10-01');
    expect((await refusal('due incident.notice --from 2026-05-15 --as-of 2000-01-01')).code).to.equal('law.no-value');
  });

  it('says why there is no other reading where that needs a year without a calendar', async () => {
    const given = await due('account-deleted.erase --from 2029-05-15');
    expect([given.dueOn, given.outerOn]).to.deep.equal(['2029-05-22', null]);
    expect(given.because.note).to.contain('2029');
  });

  it('refuses working days in a year without a calendar, and names the year', async () => {
    const { code, message } = await refusal('due access.answer --from 2031-02-01');
    expect([code, message]).to.deep.equal([
      'calendar.missing',
      'Нет производственного календаря на 2031 год: добавьте его в policies/calendars.',
    ]);
  });

  it('is told in Russian to people', async () => {
    const { out, code } = await srok(['due', 'purpose-reached.destroy', '--from', '2026-05-15']);
    expect(code).to.equal(0);
    expect(out.replaceAll('\u00a0', ' ')).to.equal(
      [
        'Уничтожить данные по достижении цели',
        'последний день: 14.06.2026',
        'поздно с: 15.06.2026 00:00 МСК',
        'другое прочтение (ст. 193 ГК РФ): 15.06.2026',
        'потому что: 30 дней — ст. 21 ч. 4 152-ФЗ от 27.07.2006 (ru.152-fz.purpose-reached)',
        '',
      ].join('\n'),
    );
  });
});

describe('srok keep', () => {
  const asked: Record<string, [string, string, string]> = {
    'message.payload': ['2026-11-15', '2026-11-16', '2026-12-15'],
    'message.metadata': ['2029-05-15', '2029-05-16', '2029-06-14'],
    'account.profile': ['2026-05-15', '2026-05-15', '2026-05-22'],
    'billing.document': ['2031-12-31', '2032-01-01', '2032-01-30'],
    'destruction.evidence': ['2029-05-15', '2029-05-16', '2029-06-14'],
    'request.case-file': ['2029-05-15', '2029-05-16', '2029-06-14'],
  };
  const days = ({ keepUntil, destroyFrom, destroyBy }: KeepAnswer) => [keepUntil, destroyFrom, destroyBy];

  it('answers every category that other programs know by name', async () => {
    for (const [category, wanted] of Object.entries(asked)) {
      expect(days(await keep(`${category} --operator qsockets --from 2026-05-15`)), category).to.deep.equal(wanted);
    }
    expect(days(await keep('call.recording --operator activecloud --from 2026-05-15'))[0]).to.equal('2026-08-15');
    expect(days(await keep('webvisor.recording --operator activecloud --from 2026-05-15'))[0]).to.equal('2026-05-22');
  });

  it('answers every operator in the same shape, or says that it has no schedule', async () => {
    for (const operator of operators) {
      for (const category of [...Object.keys(asked), 'call.recording', 'webvisor.recording']) {
        const said = await line(`keep ${category} --operator ${operator} --from 2026-05-15`);
        const given = said.json() as KeepAnswer & ErrorAnswer;
        expect(misfits(said.code === 0 ? 'keep' : 'error', given), `${operator} ${category}`).to.deep.equal([]);
        if (said.code !== 0) expect([said.code, given.error.code]).to.deep.equal([2, 'law.no-schedule']);
      }
    }
  });

  it('counts both days of a hold, and several holds in a row', async () => {
    const held = async (...holds: string[]) =>
      days(await keep(`message.payload --from 2026-05-15 ${holds.map((hold) => `--hold ${hold}`).join(' ')}`));
    expect(await held('2026-11-01..2027-02-01')).to.deep.equal(['2027-02-01', '2027-02-02', '2027-03-03']);
    expect(await held('2026-12-15..2026-12-15')).to.deep.equal(['2026-12-15', '2026-12-16', '2027-01-14']);
    expect(await held('2026-12-16..2027-02-01')).to.deep.equal(['2026-11-15', '2026-11-16', '2026-12-15']);
    const both = await held('2026-11-01..2027-02-01', '2027-02-01..2027-04-30');
    expect(both[0]).to.equal('2027-04-30');
  });

  it('says where the last day comes from, apart from why it is kept', async () => {
    const { because } = await keep('message.payload --from 2026-05-15');
    expect(because.winner.rule).to.equal('ru.149-fz.message-content');
    expect((because as Because & { destroy: Because }).destroy.winner.rule).to.equal('ru.152-fz.purpose-reached');
    const { out } = await srok(['keep', 'message.payload', '--from', '2026-05-15']);
    expect(out.replaceAll('\u00a0', ' ')).to.contain(
      'уничтожить до: 15.12.2026 (30 дней — ст. 21 ч. 4 152-ФЗ от 27.07.2006)',
    );
  });
});

describe('srok effective', () => {
  it('counts fourteen full days between the publication and the effect, for documents and prices', async () => {
    for (const kind of ['document', 'price']) {
      const given = await answer<{ effectiveOn: string }>('effective', `effective ${kind} --published 2026-05-12`);
      expect(given.effectiveOn).to.equal('2026-05-27');
    }
    const { code, near } = await refusal('effective documnt --published 2026-05-12');
    expect([code, near]).to.deep.equal(['usage', ['document', 'price']]);
    expect((await refusal('effective price --published 2026-05-12T10:00:00Z')).code).to.equal('day.malformed');
  });
});

describe('srok lint', () => {
  it('gives every operator’s findings in the shape of its schema, and exit code 1 while an error is not settled', async () => {
    for (const operator of operators) {
      const said = await srok(['lint', '--operator', operator, '--on', '2026-11-20', '--json'], {
        stores: declaredStores,
      });
      const given = said.json() as { findings: { severity: string; settled: boolean }[] };
      expect(misfits('lint', given), operator).to.deep.equal([]);
      const open = given.findings.some(({ severity, settled }) => severity === 'error' && !settled);
      expect(said.code, operator).to.equal(open ? 1 : 0);
      expect(given.findings, operator).to.not.be.empty;
    }
  });

  it('tells people what is wrong, where, what is applied and how to settle it', async () => {
    const { out } = await srok(['lint', '--on', '2026-11-20'], { stores: declaredStores });
    const block = out.split('\n\n').find((text) => text.includes('C-02')) as string;
    expect(block).to.match(/^(внимание|ошибка|решено|к сведению): C-02/);
    for (const word of ['где: ', 'применяется: ']) expect(block).to.contain(`\n  ${word}`);
  });
});

describe('srok calendar', () => {
  interface Year {
    year: number;
    workdays: number;
    source: string;
    months: { month: number; workdays: number; days: { day: string; working: boolean; why: string | null }[] }[];
  }

  it('gives a year day by day, with its source and its sums', async () => {
    const year = await answer<Year>('calendar', 'calendar 2026');
    expect([year.workdays, year.source]).to.deep.equal([247, 'ПП РФ от 24.09.2025 № 1466']);
    const days = year.months.flatMap(({ days: all }) => all);
    expect(days).to.have.length(365);
    expect(days.filter(({ working }) => working)).to.have.length(247);
    expect(year.months.map(({ workdays }) => workdays)).to.deep.equal([15, 19, 21, 22, 19, 21, 23, 21, 22, 22, 20, 22]);
    for (const { working, why } of days) expect(why === null).to.equal(working);
  });

  it('draws the months for people, days off marked', async () => {
    const { out } = await srok(['calendar', '2027']);
    const february = out.split('\n\n').find((month) => month.startsWith('февраль')) as string;
    expect(february.split('\n').slice(0, 5)).to.deep.equal([
      'февраль, рабочих дней 19',
      ' пн  вт  ср  чт  пт  сб  вс ',
      '  1   2   3   4   5   6*  7*',
      '  8   9  10  11  12  13* 14*',
      ' 15  16  17  18  19  20  21*',
    ]);
  });

  it('refuses a year that it does not know, and what is no year', async () => {
    const { code, near } = await refusal('calendar 2035');
    expect([code, near.includes('2027')]).to.deep.equal(['calendar.missing', true]);
    expect((await refusal('calendar next')).code).to.equal('year.malformed');
  });
});

describe('srok diff', () => {
  interface Diff {
    changes: {
      on: string;
      rule: string;
      what: string;
      before: { value: string } | null;
      after: { value: string } | null;
      items: { added: { point: string }[] } | null;
      examples: { of: string; before: Record<string, string>; after: Record<string, string> }[];
    }[];
    editions: { document: string; effective: string }[];
  }
  const between = (from: string, to: string, more = '') =>
    answer<Diff>('diff', `diff --from ${from} --to ${to}${more}`);

  it('shows what begins on a day, with one event answered before and after', async () => {
    const { changes } = await between('2022-08-31', '2022-09-01');
    const access = changes.find(({ rule }) => rule === 'ru.152-fz.access.answer');
    expect(access).to.deep.include({ on: '2022-09-01', what: 'changes' });
    const [example] = access?.examples ?? [];
    expect([example?.of, example?.before.dueOn, example?.after.dueOn]).to.deep.equal([
      'access.answer',
      '2022-10-01',
      '2022-09-15',
    ]);
    const incident = changes.find(({ rule }) => rule === 'ru.152-fz.incident.notice');
    expect([incident?.what, incident?.before, incident?.examples[0]?.before]).to.deep.equal([
      'begins',
      null,
      { refused: 'law.no-value' },
    ]);
    const points = changes.find(({ rule }) => rule === 'ru.152-fz.access.points');
    expect(points?.items?.added.map(({ point }) => point)).to.deep.equal(['9.1']);
  });

  it('leaves the first day out and takes the last one in', async () => {
    expect((await between('2022-09-01', '2022-09-02')).changes).to.deep.equal([]);
    expect((await between('2022-09-01', '2022-09-01')).changes).to.deep.equal([]);
    const { editions } = await between('2026-05-14', '2026-05-15');
    // The policy names no day: it is in force from the earliest, as the linter and a timeline say too.
    expect(editions.map(({ document, effective }) => `${document} ${effective}`)).to.deep.equal([
      'offer 2026-05-15',
      'policy 2026-05-15',
    ]);
    expect((await between('2026-04-29', '2026-05-14')).editions).to.deep.equal([]);
  });

  it('shows what ends by itself', async () => {
    const { changes } = await between('2029-02-28', '2029-03-02');
    const ended = changes.filter(({ what }) => what === 'ends');
    expect(ended.map(({ rule }) => rule)).to.include('ru.rkn-179.act');
    for (const { before, after } of ended) expect([before === null, after]).to.deep.equal([false, null]);
  });

  it('reaches terms that already run where the law says so', async () => {
    const { changes } = await between('2025-12-31', '2026-01-01');
    const facts = changes.find(({ rule }) => rule === 'ru.149-fz.message-facts');
    expect(facts).to.deep.include({ on: '2026-01-01' });
    expect([facts?.before?.value, facts?.after?.value].map((text) => text?.replaceAll('\u00a0', ' '))).to.deep.equal([
      '1 год',
      '3 года',
    ]);
    const { out } = await srok(['diff', '--from', '2025-12-31', '--to', '2026-01-01']);
    expect(out).to.contain('распространяется и на сроки, которые уже идут');
  });

  it('names no day for what an operator has always said', async () => {
    const { changes }: { changes: { layer: string }[] } = (await line('diff --from 1900-01-01 --to 2010-12-31')).json();
    expect(changes.map(({ layer }) => layer))
      .to.include('law')
      .and.not.include('operator');
  });

  it('refuses days in the wrong order', async () => {
    expect((await refusal('diff --from 2026-01-02 --to 2026-01-01')).code).to.equal('days.reversed');
  });
});

describe('a question that cannot be understood', () => {
  it('is answered with a code, a sentence and the nearest names, in the shape of an error, with exit code 2', async () => {
    const cases: Record<string, [code: string, near: string | null]> = {
      'due acess.answer --from 2026-05-15': ['law.unknown-duty', 'access.answer'],
      'due destroy --from 2026-05-15': ['law.unknown-duty', 'impossible.destroy'],
      'keep mesage.payload --from 2026-05-15': ['law.unknown-category', 'message.payload'],
      'due access.answer --from 2026-05-15 --operator chat2dsk': ['law.unknown-operator', 'chat2desk'],
      'keep message.payload --from 2026-05-15 --operator ../laws': ['law.unknown-operator', 'qsockets'],
      'lint --operator nobody': ['law.unknown-operator', 'qsockets'],
      'effective price --published 2026-05-15 --operator X-KEEPER': ['law.unknown-operator', 'x-keeper'],
      'due access.answer --from 2026-02-30': ['day.malformed', null],
      'due access.answer --from 2026-02-29': ['day.malformed', null],
      'due access.answer --from 15.05.2026': ['day.malformed', null],
      'due access.answer --from 20260515': ['day.malformed', null],
      'due access.answer --from 2026-05-15T10:00:00': ['instant.no-offset', null],
      'due access.answer --from 2026-05-15T10:00': ['instant.no-offset', null],
      'due access.answer --from 2026-02-30T10:00:00Z': ['day.malformed', null],
      'due access.answer --from 2026-05-15T25:00:00Z': ['instant.malformed', null],
      'due access.answer --from 2016-12-31T23:59:60Z': ['instant.malformed', null],
      'due access.answer --from 2026-05-15T10:00:00+25:00': ['instant.malformed', null],
      'due access.answer --from 2026-05-15T10:00:00[Europe/Moscow]': ['instant.malformed', null],
      'due access.answer --from 2026-05-15 --as-of tomorrow': ['day.malformed', null],
      'keep message.payload --from 2026-05-15 --hold 2026-06-01': ['hold.malformed', null],
      'keep message.payload --from 2026-05-15 --hold 2026-06-02..2026-06-01': ['hold.malformed', null],
      'keep message.payload --from 2026-05-15 --hold 2026-06-31..2026-07-01': ['day.malformed', null],
      'keep message.payload --from 2026-05-15 --hold a..b..c': ['hold.malformed', null],
      'due access.answer': ['usage', null],
      'due access.answer --from 2026-05-15 --extnded': ['usage', '--extended'],
      'due access.answer more --from 2026-05-15': ['usage', null],
      'due claim.answer --from 2026-05-15 --customer somebody': ['usage', 'consumer'],
      'du access.answer': ['usage', 'due'],
    };
    for (const [text, [code, near]] of Object.entries(cases)) {
      const error = await refusal(text);
      expect(error.code, text).to.equal(code);
      if (near) expect(error.near, text).to.include(near);
      expect(error.message, text).to.match(/\p{Script=Cyrillic}/u);
    }
  });

  it('is answered in one or two lines on the other stream where no program reads along', async () => {
    const { out, err, code } = await srok(['due', 'acess.answer', '--from', '2026-05-15']);
    expect([out, code]).to.deep.equal(['', 2]);
    expect(err).to.equal('Обязанности «acess.answer» нет.\nБлижайшие: access.answer, request.answer\n');
    expect((await srok(['due', 'access.answer'])).err).to.equal(
      'Не указан обязательный параметр --from <instant or day>.\n',
    );
  });

  it('offers names also where none is alike', async () => {
    for (const [text, known] of [
      ['due no.such.duty --from 2026-05-15', 'law.unknown-duty'],
      ['keep zzz --from 2026-05-15', 'law.unknown-category'],
      ['lint --operator zzz', 'law.unknown-operator'],
    ] as const) {
      const { code, near } = await refusal(text);
      expect(code).to.equal(known);
      expect(near, text).to.have.length.within(3, 4);
    }
  });

  it('of instants says that they carry an offset', async () => {
    const { message } = await refusal('due access.answer --from 2026-05-15T10:00:00');
    expect(message).to.contain('instants carry an offset').and.to.contain('2026-05-15T10:00:00+03:00');
  });

  it('shows help where a command is only begun, and on request', async () => {
    const begun = await srok(['policies']);
    expect([begun.code, begun.out]).to.deep.equal([2, '']);
    expect(begun.err).to.contain('Команды:').and.to.contain('check');
    const help = await srok(['due', '--help']);
    expect([help.code, help.err]).to.deep.equal([0, '']);
    expect(help.out).to.match(/^Запуск: srok due/);
  });
});

describe('packs that cannot be loaded', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'srok-packs-'));
    cpSync(policies, join(folder, 'policies'), { recursive: true });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('are answered with file, line and reason, by every question alike', async () => {
    const SROK_POLICIES = join(folder, 'policies');
    const file = join(SROK_POLICIES, 'operators/qsockets/schedules.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('keep: { months: 6 }', 'keep: { monthz: 6 }'));
    const questions = [
      ['due', 'access.answer', '--from', '2026-05-15'],
      ['keep', 'message.payload', '--from', '2026-05-15'],
      ['effective', 'price', '--published', '2026-05-15'],
      ['lint'],
      ['diff', '--from', '2026-01-01', '--to', '2026-01-02'],
      ['calendar', '2026'],
    ];
    for (const question of questions) {
      const said = await srok([...question, '--operator', 'qsockets', '--json'], { env: { SROK_POLICIES } });
      const { error } = said.json() as ErrorAnswer;
      expect(misfits('error', { error })).to.deep.equal([]);
      expect([said.code, error.code], question.join(' ')).to.deep.equal([2, 'policies.invalid']);
      expect(error.message).to.match(
        /^policies\/operators\/qsockets\/schedules\.yaml:\d+: keep: unknown unit "monthz"/,
      );
    }
    const check = await srok(['policies', 'check', '--json'], { env: { SROK_POLICIES } });
    const report = check.json() as { problems: { file: string; line: number }[] };
    expect(misfits('policies-check', report)).to.deep.equal([]);
    expect([check.code, report.problems[0]?.file]).to.deep.equal([1, 'policies/operators/qsockets/schedules.yaml']);
  });
});
