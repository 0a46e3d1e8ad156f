import type { DocumentData } from '../data.ts';
import type { Paper, PaperBlock, PaperCell } from '../pdf.ts';
import { bind, clauseOf, shortIds } from '../words.ts';
import { letterhead, type PaperContext } from './context.ts';

export function logAccessReport(data: DocumentData['log-access-report'], context: PaperContext): Paper {
  const { words, number, madeOn } = context;
  const { grants, refused, chain, checkpoint } = data;
  const shown = grants.reduce((sum, { views }) => sum + views.reduce((rows, view) => rows + view.rows, 0), 0);
  return {
    title: `Отчёт № ${number} о доступе к журналам сообщений`,
    footer: `Отчёт № ${number}`,
    blocks: [
      letterhead(context),
      {
        kind: 'title',
        text: 'Отчёт о доступе к журналам сообщений',
        below: [
          bind(`№ ${number} от ${words.day(madeOn)}, за период с ${words.day(data.from)} по ${words.day(data.to)}`),
        ],
      },
      {
        kind: 'fields',
        rows: [
          { label: 'Кто запросил отчёт', value: person(data.orderedBy) },
          { label: 'Выдано разрешений', value: words.number(grants.length) },
          { label: 'Показано строк', value: words.number(shown) },
          { label: 'Отказано в доступе', value: words.number(refused.length) },
          {
            label: 'Проверка цепочки журнала',
            value: [
              chain.ok ? 'Цепочка цела' : `Цепочка нарушена: ${chain.what ?? 'см. журнал'}`,
              `Проверено ${words.moment(chain.checkedAt)}: ${words.count(chain.size, 'запись', 'записи', 'записей')}`,
              `Корень дерева: ${chain.root}`,
            ],
          },
        ],
      },
      { kind: 'heading', text: 'Разрешения и просмотры' },
      ...(grants.length
        ? grants.flatMap((grant) => grantBlocks(grant, context))
        : [nothing('Разрешений за период не выдавалось.')]),
      { kind: 'heading', text: 'Отказы' },
      refused.length
        ? {
            kind: 'table',
            columns: [
              { title: 'Когда', width: 15 },
              { title: 'Кто', width: 17 },
              { title: 'Заявленная цель', width: 20 },
              { title: 'Документ о необходимости', width: 18 },
              { title: 'Почему отказано', width: 30 },
            ],
            rows: refused.map(({ at, who, purpose, need, why, clause }) => [
              words.moment(at),
              person(who, 'short'),
              bind(purpose || 'не названа'),
              bind(need || 'не представлен'),
              bind(`${why} (${clauseOf(clause)})`),
            ]),
          }
        : nothing('Отказов за период не было.'),
      { kind: 'heading', text: 'Подтверждение' },
      ...(checkpoint
        ? ([
            {
              kind: 'code',
              lines: [
                `Контрольная точка журнала от ${words.moment(checkpoint.at)}: ${words.count(checkpoint.size, 'запись', 'записи', 'записей')}.`,
                `Корень дерева: ${checkpoint.root}`,
                `Подпись Ed25519: ${checkpoint.signature}`,
                `Открытый ключ: ${checkpoint.key}`,
                'В QR-коде — те же число записей и корень. Сверьте их с контрольной точкой, полученной раньше, или с выгрузкой журнала.',
              ],
              qr: `journal size:${checkpoint.size} root:${checkpoint.root}`,
            },
          ] satisfies PaperBlock[])
        : [nothing('Контрольной точки ещё нет.')]),
    ],
  };
}

/** «Имя (acc_…)» with the id below the name, in small print. */
function person(who: string, id: 'whole' | 'short' = 'whole'): PaperCell {
  const [, name, number] = /^(.+) \(([a-z]{3}_[0-9a-z]{26})\)$/.exec(who) ?? [];
  if (!name || !number) return shortIds(who);
  return { text: name, under: id === 'short' ? `№ …${number.slice(-6)}` : `учётная запись ${number}` };
}

function nothing(text: string): PaperBlock {
  return { kind: 'para', text };
}

function grantBlocks(
  grant: DocumentData['log-access-report']['grants'][number],
  { words }: PaperContext,
): PaperBlock[] {
  const rows = grant.views.reduce((sum, view) => sum + view.rows, 0);
  return [
    {
      kind: 'fields',
      rows: [
        { label: 'Кому разрешено', value: person(grant.who) },
        { label: 'Кто разрешил', value: person(grant.grantedBy) },
        { label: 'Когда разрешено', value: words.moment(grant.grantedAt) },
        { label: 'Разрешение действовало до', value: words.moment(grant.expiresAt) },
        { label: 'Документ о необходимости', value: bind(grant.need) },
        { label: 'Цель', value: bind(`${grant.purpose} (${clauseOf(grant.clause)})`) },
        { label: 'Объём', value: bind(shortIds(grant.scope)) },
        {
          label: 'Просмотры и выгрузки',
          value: grant.views.length
            ? [
                `Всего показано: ${words.count(rows, 'строка', 'строки', 'строк')}`,
                ...grant.views.map((view) =>
                  bind(
                    `${words.moment(view.at)} — ${words.count(view.rows, 'строка', 'строки', 'строк')}${view.exported ? ', выгрузка без адресов' : ''}, запись журнала ${shortIds(view.entry)}`,
                  ),
                ),
              ]
            : 'не было',
        },
        { label: 'Номер разрешения', value: grant.id },
      ],
    },
  ];
}
