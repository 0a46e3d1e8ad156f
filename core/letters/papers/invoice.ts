import { requisites } from '../../law/index.ts';
import type { DocumentData } from '../data.ts';
import type { Paper, PaperBlock } from '../pdf.ts';
import { bind, sumInWords } from '../words.ts';
import { letterhead, type PaperContext } from './context.ts';

export function invoice(data: DocumentData['invoice'], context: PaperContext): Paper {
  const { words, number, operator } = context;
  const { payer, lines, bank } = data;
  const stated = requisites(operator);
  const money = (kopecks: number): string => words.money(kopecks);
  return {
    title: `Счёт № ${number}`,
    footer: `Счёт № ${number}`,
    blocks: [
      letterhead(context),
      { kind: 'title', text: bind(`Счёт № ${number} от ${words.day(data.issuedOn)}`) },
      ...(data.paidAt ? [{ kind: 'para', text: `Оплачен ${words.moment(data.paidAt)}.` } satisfies PaperBlock] : []),
      {
        kind: 'fields',
        rows: [
          { label: 'Поставщик', value: [operator.name, stated.inn, bind(stated.address)] },
          ...(bank
            ? [
                {
                  label: 'Банк поставщика',
                  value: [
                    bank.name,
                    `БИК ${bank.bik}`,
                    bind(`р/с № ${bank.account}`),
                    bind(`к/с № ${bank.correspondent}`),
                  ],
                },
              ]
            : []),
          {
            label: 'Покупатель',
            value: [
              payer.name,
              [payer.inn ? `ИНН ${payer.inn}` : '', payer.kpp ? `КПП ${payer.kpp}` : ''].filter(Boolean).join(', '),
              payer.address ?? '',
              payer.email ?? '',
            ].filter(Boolean),
          },
          { label: 'Основание', value: bind(data.basis) },
          ...(data.dueOn ? [{ label: 'Оплатить не позднее', value: words.day(data.dueOn) }] : []),
        ],
      },
      {
        kind: 'table',
        columns: [
          { title: '№', width: 5, align: 'right' },
          { title: 'Наименование', width: 44 },
          { title: 'Кол-во', width: 9, align: 'right' },
          { title: 'Ед.', width: 8 },
          { title: 'Цена', width: 17, align: 'right' },
          { title: 'Сумма', width: 17, align: 'right' },
        ],
        rows: lines.map(({ title, quantity, unit, priceKopecks, sumKopecks }, index) => [
          String(index + 1),
          bind(title),
          words.number(quantity),
          unit,
          money(priceKopecks),
          money(sumKopecks),
        ]),
        foot: ['', 'Итого', '', '', '', money(data.totalKopecks)],
      },
      { kind: 'para', text: bind(data.vat) },
      {
        kind: 'para',
        text: bind(
          `Всего наименований ${words.number(lines.length)}, на сумму ${money(data.totalKopecks)}\n${sumInWords(data.totalKopecks)}`,
        ),
      },
      ...(data.signatory ? [{ kind: 'signatures', lines: [data.signatory] } satisfies PaperBlock] : []),
    ],
  };
}
