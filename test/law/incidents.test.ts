import { expect } from 'chai';
import fc from 'fast-check';
import { Temporal } from '../../core/base/index.ts';
import { cite, type IncidentClass, type Law, loadLaw } from '../../core/law/index.ts';

const root = new URL('../../policies/', import.meta.url);
const day = (iso: string) => Temporal.PlainDate.from(iso);
const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const on = day('2026-04-30');

describe('the class of an incident', () => {
  let law: Law;
  before(async () => {
    law = await loadLaw({ root, operator: 'qsockets' });
  });

  it('is the higher one, by people or by identifiers, and the lower one is named beside it', () => {
    const found = law.incidentClass({ subjects: 9_999, identifiers: 100_001 }, on) as IncidentClass;
    expect(found.part).to.equal('13');
    expect(found.fine).to.deep.equal({
      legal: { kopecks: [500_000_000, 1_000_000_000] },
      officials: { kopecks: [30_000_000, 50_000_000] },
    });
    const { winner, losers, digest } = found.because;
    expect(plain(winner.why ?? '')).to.equal('идентификаторов 100 001');
    expect(plain(cite(winner.cite, 'ru'))).to.equal(
      'ст. 13.11 ч. 13 КоАП РФ от 30.12.2001 № 195-ФЗ (420-ФЗ от 30.11.2024)',
    );
    expect(losers.map(({ cite: { part } }) => part)).to.deep.equal(['12']);
    expect(plain(losers[0]?.why ?? '')).to.equal('субъектов 9 999; более тяжёлая часть: ч. 13');
    expect(digest).to.equal(law.digest);
  });

  const edges: [what: 'subjects' | 'identifiers', count: number, part: string | null][] = [
    ['subjects', 0, null],
    ['subjects', 999, null],
    ['subjects', 1_000, '12'],
    ['subjects', 10_000, '12'],
    ['subjects', 10_001, '13'],
    ['subjects', 100_000, '13'],
    ['subjects', 100_001, '14'],
    ['identifiers', 9_999, null],
    ['identifiers', 10_000, '12'],
    ['identifiers', 100_000, '12'],
    ['identifiers', 100_001, '13'],
    ['identifiers', 1_000_000, '13'],
    ['identifiers', 1_000_001, '14'],
  ];
  for (const [what, count, part] of edges) {
    it(`${count} ${what}: ${part ? `part ${part}` : 'none'}`, () => {
      const incident = { subjects: 0, identifiers: 0, [what]: count };
      expect(law.incidentClass(incident, on)?.part ?? null).to.equal(part);
    });
  }

  it('after an earlier punishment is a share of the revenue inside its bounds', () => {
    const found = law.incidentClass({ subjects: 1_000, identifiers: 0, repeat: true }, on);
    expect(found?.part).to.equal('15');
    expect(found?.fine.legal).to.deep.equal({ percent: [1, 3], kopecks: [2_000_000_000, 50_000_000_000] });
    expect(found?.because.losers.map(({ cite: { part } }) => part)).to.deep.equal(['12']);
    expect(law.incidentClass({ subjects: 1, identifiers: 1, special: true, repeat: true }, on)?.part).to.equal('18');
  });

  it('rests on the certainty of its own part', () => {
    const certainty = (incident: Parameters<Law['incidentClass']>[0]) =>
      law.incidentClass(incident, on)?.because.winner.cite.certainty;
    expect(certainty({ subjects: 5_000, identifiers: 0 })).to.equal('A');
    expect(certainty({ subjects: 5_000, identifiers: 0, biometric: true })).to.equal('C');
  });

  it('did not exist before 30 May 2025', () => {
    const large = { subjects: 5_000_000, identifiers: 5_000_000, special: true, biometric: true, repeat: true };
    expect(law.incidentClass(large, day('2025-05-29'))).to.equal(null);
    expect(law.incidentClass(large, day('2025-05-30'))?.part).to.equal('18');
  });

  it('cannot be told from numbers that count nothing', () => {
    expect(() => law.incidentClass({ subjects: -1, identifiers: 0 }, on)).to.throw(RangeError);
    expect(() => law.incidentClass({ subjects: 0, identifiers: 1.5 }, on)).to.throw(RangeError);
  });

  it('never gets lighter as more people, more identifiers or heavier data come to light', () => {
    const count = fc.integer({ min: 0, max: 2_000_000 });
    const heaviness = (found: IncidentClass | null) => [
      found?.fine.legal.kopecks[1] ?? 0,
      found?.fine.officials.kopecks[1] ?? 0,
    ];
    const facts = fc.record({
      subjects: count,
      identifiers: count,
      special: fc.boolean(),
      biometric: fc.boolean(),
      repeat: fc.boolean(),
    });
    fc.assert(
      fc.property(facts, count, count, fc.boolean(), fc.boolean(), (incident, people, more, special, biometric) => {
        const later = {
          ...incident,
          subjects: incident.subjects + people,
          identifiers: incident.identifiers + more,
          special: incident.special || special,
          biometric: incident.biometric || biometric,
        };
        const [before, beforeOfficials] = heaviness(law.incidentClass(incident, on)) as [number, number];
        const [after, afterOfficials] = heaviness(law.incidentClass(later, on)) as [number, number];
        expect(after).to.be.at.least(before);
        if (after === before) expect(afterOfficials).to.be.at.least(beforeOfficials);
      }),
    );
  });
});

describe('the protection level of a system', () => {
  let law: Law;
  before(async () => {
    law = await loadLaw({ root, operator: 'qsockets' });
  });

  it('is the strictest that its data ask for, with the rows it rests on', () => {
    const { level, because } = law.protectionLevel({ threats: 3, data: ['other', 'special'], outsiders: 100_001 }, on);
    expect(level).to.equal(2);
    expect(because.winner.value).to.equal('УЗ-2');
    expect(plain(cite(because.winner.cite, 'ru'))).to.equal('п. 10е ПП РФ от 01.11.2012 № 1119');
    expect(because.losers.map(({ value }) => value)).to.deep.equal(['УЗ-3', 'УЗ-3', 'УЗ-4']);
  });

  it('is there for every kind of data, every type of threats and any number of people', () => {
    const kinds = fc.uniqueArray(fc.constantFrom('special', 'biometric', 'public', 'other'), { minLength: 1 });
    const threats = fc.constantFrom(1, 2, 3);
    fc.assert(
      fc.property(kinds, threats, fc.integer({ min: 0, max: 1_000_000 }), (data, type, outsiders) => {
        const level = (people: number) => law.protectionLevel({ threats: type, data, outsiders: people }, on).level;
        expect(level(outsiders)).to.be.within(1, 4);
        // More people never make it laxer.
        expect(level(outsiders + 1)).to.be.at.most(level(outsiders));
      }),
    );
  });

  it('is not asked for a system without personal data', () => {
    expect(() => law.protectionLevel({ threats: 3, data: [], outsiders: 0 }, on)).to.throw(RangeError);
  });
});
