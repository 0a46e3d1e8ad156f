import { expect } from 'chai';
import { bind, clauseOf, createWords, plainGround, shortIds, sumInWords } from '../../core/letters/words.ts';

const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');

describe('words of letters', () => {
  it('spell sums of kopecks', () => {
    const cases: [number, string][] = [
      [0, 'Ноль рублей 00 копеек'],
      [101, 'Один рубль 01 копейка'],
      [222, 'Два рубля 22 копейки'],
      [1100, 'Одиннадцать рублей 00 копеек'],
      [490000, 'Четыре тысячи девятьсот рублей 00 копеек'],
      [100000, 'Одна тысяча рублей 00 копеек'],
      [211200, 'Две тысячи сто двенадцать рублей 00 копеек'],
      [100000000, 'Один миллион рублей 00 копеек'],
      [123456789, 'Один миллион двести тридцать четыре тысячи пятьсот шестьдесят семь рублей 89 копеек'],
      [200000000000, 'Два миллиарда рублей 00 копеек'],
    ];
    for (const [kopecks, words] of cases) expect(sumInWords(kopecks)).to.equal(words);
  });

  it('count records with the right form', () => {
    const ru = createWords('ru', 'Europe/Moscow');
    const of = (n: number): string => plain(ru.count(n, 'запись', 'записи', 'записей'));
    expect([1, 2, 5, 11, 21, 104, 1234].map(of)).to.deep.equal([
      ...['1 запись', '2 записи', '5 записей', '11 записей', '21 запись', '104 записи', '1 234 записи'],
    ]);
    expect(plain(createWords('en', 'Europe/Moscow').count(1, 'record', 'records'))).to.equal('1 record');
    expect(plain(createWords('en', 'Europe/Moscow').count(2, 'record', 'records'))).to.equal('2 records');
  });

  it('print days, moments, sums and sizes', () => {
    const ru = createWords('ru', 'Europe/Moscow');
    const en = createWords('en', 'Europe/Moscow');
    expect(ru.day('2026-06-01')).to.equal('01.06.2026');
    expect(plain(en.day('2026-06-01'))).to.equal('1 June 2026');
    expect(plain(ru.moment('2026-05-31T21:00:00Z'))).to.equal('01.06.2026, 00:00 МСК');
    expect(plain(ru.money(490050))).to.equal('4 900,50 ₽');
    expect(plain(ru.size(1536))).to.equal('1,5 КБ');
    expect(plain(createWords('ru', 'Asia/Omsk').moment('2026-05-31T21:00:00Z'))).to.equal(
      '01.06.2026, 03:00 UTC+06:00',
    );
  });

  it('bind numbers to their words', () => {
    expect(bind('по ст. 14 ч. 7 и № 152, 10 рабочих дней')).to.equal(
      'по ст.\u00a014 ч.\u00a07 и №\u00a0152, 10\u00a0рабочих дней',
    );
  });

  it('give one reason why something stays: the clause that won, or what outlives the contract', () => {
    expect(
      plainGround(
        '1 год: Выбор оператора; основание: Исполнение договора, стороной которого является субъект (ст. 6 ч. 1 п. 5 152-ФЗ), Исполнение обязанностей, возложенных законом (ст. 6 ч. 1 п. 2 152-ФЗ), Законные интересы оператора (ст. 6 ч. 1 п. 7 152-ФЗ)',
      ),
    ).to.equal(
      '1 год, срок установлен оператором; основание — исполнение обязанностей, возложенных законом (ст. 6 ч. 1 п. 2 152-ФЗ)',
    );
    expect(plainGround('3 года: Выбор оператора; ст. 196 п. 1 ГК РФ')).to.equal('3 года, срок установлен оператором');
    expect(plainGround('5 лет после окончания года: ст. 23 НК РФ; ст. 29 402-ФЗ; Выбор оператора')).to.equal(
      '5 лет после окончания года (ст. 23 НК РФ)',
    );
    expect(plainGround('запрет уничтожения до 01.02.2027')).to.equal('запрет уничтожения до 01.02.2027');
  });

  it('shorten ids in a text and say what they are of, once', () => {
    const id = '01kqrtvtj042fqa46vtzdf429d';
    expect(plain(shortIds(`План проверил acc_${id}.`))).to.equal('План проверил учётная запись …df429d.');
    expect(plain(shortIds(`проект prj_${id}, метаданные`))).to.equal('проект …df429d, метаданные');
    expect(shortIds('без номеров')).to.equal('без номеров');
  });

  it('cite clauses as people do', () => {
    expect(plain(clauseOf('Оферта 3.5.2'))).to.equal('Оферта, п. 3.5.2');
    expect(clauseOf('ст. 14 ч. 3 152-ФЗ')).to.equal('ст. 14 ч. 3 152-ФЗ');
  });
});
