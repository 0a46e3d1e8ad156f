import { expect } from 'chai';
import { Refusal, Temporal } from '../../core/base/index.ts';
import { type Law, loadLaw, type Rule } from '../../core/law/index.ts';

const root = new URL('../../policies/', import.meta.url);
const day = (iso: string) => Temporal.PlainDate.from(iso);

/** The inventory's rules of law: each is carried by a rule of the law packs. */
const inventory: Record<string, number> = { 'L-DSR': 16, 'L-RET': 9, 'L-INC': 4, 'L-RKN': 4, 'L-CNS': 4 };

describe('the law packs', () => {
  let law: Law;
  let rules: Rule[];
  before(async () => {
    law = await loadLaw({ root, operator: 'qsockets' });
    rules = law.rules().filter((rule) => rule.layer === 'law');
  });

  it('carry every rule of law of the inventory; what a person alone can order, a hold, stands in the operator’s sentences', () => {
    const named = new Set(rules.flatMap((rule) => rule.implements));
    const missing = Object.entries(inventory)
      .flatMap(([group, last]) => Array.from({ length: last }, (_, i) => `${group}-${i + 1}`))
      .filter((id) => !named.has(id));
    expect(missing).to.deep.equal(['L-RET-3']);
  });

  it('name an act with its date for every value, and no value stands without it', () => {
    for (const rule of rules) {
      for (const { cite } of rule.values) expect(cite.act, rule.id).to.match(/от \d\d\.\d\d\.\d{4}/);
    }
    expect(rules.length).to.be.greaterThan(80);
  });

  it('ask to be reviewed before the known change of the law on personal data', () => {
    for (const rule of rules.filter(({ id }) => id.startsWith('ru.152-fz.'))) {
      const last = rule.values.at(-1);
      if (last?.until) continue; // repealed: there is nothing left to review
      expect(String(last?.reviewBy), rule.id).to.equal('2027-03-01');
    }
  });

  it('keep old values beside the new ones', () => {
    const periods = (id: string) => law.rule(id).values.map(({ from, period }) => [String(from), period]);
    expect(periods('ru.152-fz.access.answer')).to.deep.equal([
      ['2011-07-27', { days: 30 }],
      ['2022-09-01', { workingDays: 10 }],
    ]);
    expect(periods('ru.149-fz.message-facts')).to.deep.equal([
      ['2014-08-01', { months: 6 }],
      ['2016-07-20', { years: 1 }],
      ['2026-01-01', { years: 3 }],
    ]);
    expect(periods('ru.tax-code.documents')).to.deep.equal([
      ['2000-01-01', { years: 4 }],
      ['2021-03-17', { years: 5 }],
    ]);
  });

  it('every rule with a term bounds a duty or a category that exists, and every list has its points once', () => {
    for (const rule of rules) {
      for (const value of rule.values) {
        if (value.items) {
          const points = value.items.map((item) => item.point);
          expect(new Set(points).size, `${rule.id} from ${value.from}`).to.equal(points.length);
        } else {
          expect(rule.duties.length + (rule.category ? 1 : 0), rule.id).to.be.greaterThan(0);
        }
      }
    }
  });

  it('a consent that is part of the offer is a fault from 1 September 2025 and was none before', () => {
    const bundled = (on: string) => law.lint(day(on)).some((one) => one.id.startsWith('consent-bundled.'));
    expect(bundled('2025-08-31')).to.equal(false);
    expect(bundled('2025-09-02')).to.equal(true);
  });

  it('an operator without a number in the register is told so', () => {
    const missing = law.lint(day('2026-11-20')).find((one) => one.inventory.includes('L-RKN-1'));
    expect(missing?.severity).to.equal('warning');
    expect(law.operator.rknNumber).to.equal(undefined);
  });
});

describe('a year without a calendar', () => {
  let law: Law;
  before(async () => {
    law = await loadLaw({ root, operator: 'qsockets' });
  });

  it('stops a term in working days, and the error names the year', () => {
    const refused = () => law.due('access.answer', { from: day('2027-12-17') });
    expect(refused).to.throw(Refusal).with.property('code', 'calendar.missing');
    expect(refused).to.throw(Refusal).with.nested.property('details.year', 2028);
  });

  it('does not stop a term in calendar days: only its other reading is missing, and the answer says why', () => {
    const due = law.due('purpose-reached.destroy', { from: day('2029-01-10') });
    expect(String(due.dueOn)).to.equal('2029-02-09');
    expect(due.outerOn).to.equal(null);
    expect(due.because.note).to.equal('Другое чтение срока не вычислено: нет производственного календаря на 2029 год.');
  });

  it('names the next year where the term ends on the last days off of the last known one', () => {
    const due = law.due('purpose-reached.destroy', { from: day('2027-12-01') });
    expect(String(due.dueOn)).to.equal('2027-12-31');
    expect(due.outerOn).to.equal(null);
    expect(due.because.note).to.include('на 2028 год');
  });

  it('is not missed where the last day is worked', () => {
    const due = law.due('purpose-reached.destroy', { from: day('2027-11-30') });
    expect(String(due.dueOn)).to.equal('2027-12-30');
    expect(due.outerOn).to.equal(null);
    expect(due.because.note).to.equal(undefined);
  });

  it('does not stop retention either', () => {
    const keep = law.keep('billing.document', { from: day('2030-05-06') });
    expect(String(keep.keepUntil)).to.equal('2035-12-31');
    expect(keep.outerOn).to.equal(null);
    expect(keep.because.note).to.include('на 2035 год');
  });
});
