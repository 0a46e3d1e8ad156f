import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { loadWords } from '../../core/index.ts';

const root = new URL('../../', import.meta.url);
const locales = ['ru', 'en'] as const;
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const words = Object.fromEntries(
  locales.map((locale) => [locale, JSON.parse(read(`templates/locales/${locale}.json`)) as Record<string, string>]),
) as Record<(typeof locales)[number], Record<string, string>>;

/** Every code that a payment can be refused with. */
function codes(): string[] {
  const files = [
    ...readdirSync(new URL('plugins/billing/', root))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `plugins/billing/${name}`),
    'core/law/plan-change.ts',
  ];
  return files.flatMap((file) =>
    [...read(file).matchAll(/new Refusal\(\s*'([\w.-]+)'/g)].map(([, code]) => code ?? ''),
  );
}

describe('what billing refuses', () => {
  it('has words in both languages, with the same gaps', () => {
    expect(codes()).to.include.members(['payment.differs', 'payment.before-project', 'law.free-plan']);
    expect(codes().length).to.be.greaterThan(12);
    const gaps = (text = ''): string[] => (text.match(/\{\{[^}]+\}\}/g) ?? []).sort();
    for (const code of codes()) {
      const [ru, en] = locales.map((locale) => words[locale][`refusal:${code}`]);
      expect(ru, code).to.match(/[а-я]/);
      expect(en, code).to.be.a('string').and.not.match(/[а-я]/);
      expect(gaps(en), code).to.deep.equal(gaps(ru));
    }
  });

  it('names sums in roubles, and periods one after the other', () => {
    const dictionary = loadWords(new URL('templates/locales/', root), 'Europe/Moscow');
    const said = (code: string, values: object) =>
      locales.map((locale) =>
        dictionary
          .in(locale)
          .t(`refusal:${code}`, { ...values })
          .replaceAll('\u00a0', ' '),
      );
    expect(said('payment.wrong-amount', { title: 'Старт', expected: 297_000, kopecks: 99_050 })).to.deep.equal([
      'Тариф «Старт»: полагается 2 970 ₽, пришло 990,50 ₽.',
      'Plan “Старт”: RUB 2,970 is due, and RUB 990.50 came.',
    ]);
    expect(said('payment.wrong-period', { title: 'Старт', periods: [1, 3, 12] })).to.deep.equal([
      'Тариф «Старт» оплачивают на 1, 3, 12 мес.',
      'The plan “Старт” is paid for by periods of months: 1, 3, 12.',
    ]);
  });
});
