import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { deadlineBadge, strip, stripe, workingDaysBetween } from '../../core/console/views/deadline.ts';
import { loadWords, Temporal } from '../../core/index.ts';
import { type Law, loadLaw } from '../../core/law/index.ts';

const day = Temporal.PlainDate.from;
const words = loadWords(new URL('../../templates/locales/', import.meta.url), 'Europe/Moscow').in('ru');

describe('the badge of a deadline', () => {
  let law: Law;
  before(async () => {
    law = await loadLaw({ root: fileURLToPath(new URL('../../policies/', import.meta.url)), operator: 'qsockets' });
  });
  const badge = (dueOn: string | null, today: string, more: { answeredOn?: string; waiting?: boolean } = {}) => {
    const { tone, icon, text } = deadlineBadge(
      {
        dueOn: dueOn ? day(dueOn) : null,
        answeredOn: more.answeredOn ? day(more.answeredOn) : null,
        waiting: more.waiting ?? false,
        today: day(today),
        calendar: law.calendar,
      },
      words,
    );
    return [tone, icon, text.replaceAll('\u00a0', ' ')];
  };

  it('says how late it is, in working days', () => {
    expect(badge('2026-11-19', '2026-11-20')).to.deep.equal(['red', 'late', 'просрочено 1 р. д.']);
    expect(badge('2026-11-13', '2026-11-20')).to.deep.equal(['red', 'late', 'просрочено 5 р. д.']);
  });

  it('counts days when only days off lie between', () => {
    expect(badge('2026-11-20', '2026-11-21')).to.deep.equal(['red', 'late', 'просрочено 1 дн.']);
  });

  it('turns amber on the last day and three working days before', () => {
    expect(badge('2026-11-20', '2026-11-20')).to.deep.equal(['amber', 'late', 'сегодня до 24:00']);
    expect(badge('2026-11-24', '2026-11-20')).to.deep.equal(['amber', 'clock', '2 рабочих дня']);
    expect(badge('2026-11-25', '2026-11-20')).to.deep.equal(['amber', 'clock', '3 рабочих дня']);
    expect(badge('2026-11-26', '2026-11-20')).to.deep.equal(['grey', 'clock', '4 рабочих дня']);
  });

  it('passes over 4 November, which is a holiday', () => {
    expect(workingDaysBetween(law.calendar, day('2026-11-02'), day('2026-11-05'))).to.equal(2);
  });

  it('waits in violet for the person, but not past the term', () => {
    expect(badge('2026-12-03', '2026-11-20', { waiting: true })).to.deep.equal(['violet', 'pause', 'ждём субъекта']);
    expect(badge('2026-11-19', '2026-11-20', { waiting: true })[0]).to.equal('red');
  });

  it('is green when answered in time and red when late', () => {
    expect(badge('2026-11-20', '2026-12-20', { answeredOn: '2026-11-18' })).to.deep.equal([
      'green',
      'done',
      'ответ 18.11',
    ]);
    expect(badge('2026-11-20', '2026-12-20', { answeredOn: '2026-11-23' })).to.deep.equal([
      'red',
      'done',
      'с опозданием 1 р. д.',
    ]);
  });

  it('never guesses working days for a year without a calendar', () => {
    expect(workingDaysBetween(law.calendar, day('2030-01-10'), day('2030-01-20'))).to.equal(null);
    expect(badge('2030-01-20', '2030-01-10')).to.deep.equal(['grey', 'clock', '10 дней']);
  });

  it('gives the row its stripe', () => {
    const at = (dueOn: string) => stripe({ dueOn: day(dueOn), today: day('2026-11-20'), calendar: law.calendar });
    expect([at('2026-11-19'), at('2026-11-20'), at('2026-12-20')]).to.deep.equal(['red', 'amber', '']);
  });

  it('lays the days out, from receipt to the last, with what each one is', () => {
    const due = law.due('access.answer', { from: Temporal.Instant.from('2026-10-28T07:14:00Z') });
    const days = strip({ from: day('2026-10-28'), due, today: day('2026-11-02'), calendar: law.calendar }, words);
    expect(days[0]?.mark).to.equal('получено');
    expect(days.find((one) => one.day.equals(day('2026-11-04')))?.tones).to.contain('off');
    expect(days.at(-1)?.day.toString()).to.equal(due.dueOn?.toString());
    expect(days.at(-1)?.mark).to.equal('10-й день');
  });
});
