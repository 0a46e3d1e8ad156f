import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { actionWords, loadLaw, loadWords, Temporal } from '../../core/index.ts';

const root = new URL('../../', import.meta.url);
const dictionary = loadWords(new URL('templates/locales/', root), 'Europe/Moscow');
const ru = dictionary.in('ru');
const en = dictionary.in('en');

const read = (folder: string, ending: string): string[] =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(new URL(`${folder}${name}`, root), 'utf8'));

/** Every text handed to `t`, the tables of names in the views, and the actions of the journal. */
function texts(): Set<string> {
  const found = new Set<string>(Object.values(actionWords));
  const all = [...read('templates/pages/', '.eta'), ...read('core/console/', '.ts')];
  for (const text of all) for (const [, key] of text.matchAll(/\bt\(\s*'([^']+)'/g)) found.add(key as string);
  for (const text of read('core/console/views/', '.ts')) {
    for (const [, key] of text.matchAll(/'([^'\n]*[а-яё][^'\n]*)'/gi)) found.add(key as string);
  }
  return found;
}

describe('the words of the screens', () => {
  it('have an English text each', () => {
    const without = [...texts()].filter((text) => !dictionary.has('en', text));
    expect(without).to.deep.equal([]);
    expect(texts().size).to.be.greaterThan(400);
  });

  it('name in English everything that staff may report, and every duty', async () => {
    const law = await loadLaw({ root: new URL('policies/', root), operator: 'qsockets' });
    const facts = law.facts().filter(({ reported }) => reported !== null);
    const fields = facts.flatMap((fact) => Object.values(fact.fields).filter(({ title }) => title));
    const named = [
      ...[...facts, ...law.dutyTypes()].map(({ title }) => title),
      ...fields.flatMap(({ title = '', titles = {} }) => [title, ...Object.values(titles)]),
    ];
    expect(named.length).to.be.greaterThan(80);
    expect(named.filter((text) => !dictionary.has('en', text))).to.deep.equal([]);
  });

  it('keep the same gaps in both languages', () => {
    const gaps = (text: string): string[] => (text.match(/\{\{\w+\}\}/g) ?? []).sort();
    const file = JSON.parse(readFileSync(new URL('templates/locales/en.json', root), 'utf8')) as Record<string, string>;
    for (const text of texts()) {
      const translated = file[text] ?? file[`${text}_other`] ?? '';
      expect(gaps(translated), text).to.deep.equal(gaps(text));
    }
  });

  it('count as Russians count', () => {
    const days = [1, 2, 5, 11, 21, 22].map((count) =>
      ru.t('{{count}} рабочий день', { count }).replaceAll('\u00a0', ' '),
    );
    expect(days).to.deep.equal([
      '1 рабочий день',
      '2 рабочих дня',
      '5 рабочих дней',
      '11 рабочих дней',
      '21 рабочий день',
      '22 рабочих дня',
    ]);
    expect(en.t('{{count}} рабочий день', { count: 1 }).replaceAll('\u00a0', ' ')).to.equal('1 working day');
  });

  it('write dates, times and sums as each language does', () => {
    const at = Temporal.Instant.from('2026-11-20T15:40:00Z');
    expect(ru.dateTime(at)).to.equal('20.11.2026, 18:40 МСК');
    expect(en.dateTime(at)).to.equal('20 Nov 2026, 18:40 MSK');
    expect(ru.date(Temporal.PlainDate.from('2026-03-05'))).to.equal('05.03.2026');
    expect(ru.money(490000).replaceAll('\u00a0', ' ')).to.equal('4 900 ₽');
    expect(ru.money(490050).replaceAll('\u00a0', ' ')).to.equal('4 900,50 ₽');
    expect(ru.bytes(1536)).to.equal('1,5 КБ'.replace(' ', '\u00a0'));
    expect(ru.percent(83, 100)).to.equal('83\u00a0%');
    expect(ru.date(null)).to.equal('—');
  });
});
