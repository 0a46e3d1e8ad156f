import type { DocumentData } from '../data.ts';
import type { Paper, PaperBlock } from '../pdf.ts';
import { bind } from '../words.ts';
import { goneTable, letterhead, type PaperContext, stayingTable } from './context.ts';

const footer = (number: string): string => `Исх. № ${number}`;

/** Number and day of the answer, and what it answers. */
function opening(
  data: { requestNumber: string; receivedAt: unknown; to: { name?: string; email?: string; address?: string } },
  title: string,
  context: PaperContext,
): PaperBlock[] {
  const { words, number, madeOn } = context;
  return [
    letterhead(context, data.to),
    {
      kind: 'title',
      text: title,
      below: [
        `№ ${number} от ${words.day(madeOn)}`,
        `на обращение № ${data.requestNumber}, полученное ${words.moment(String(data.receivedAt))}`,
      ].map(bind),
    },
  ];
}

function closing(appeal: string, signatory: { name?: string; post: string }): PaperBlock[] {
  return [
    { kind: 'para', text: bind(appeal) },
    { kind: 'signatures', lines: [signatory] },
  ];
}

function steps(title: string, computed: readonly string[]): PaperBlock[] {
  if (computed.length === 0) return [];
  return [
    { kind: 'para', text: title },
    { kind: 'list', items: computed.map(bind) },
  ];
}

export function requestReceipt(data: DocumentData['request-receipt'], context: PaperContext): Paper {
  const { words, number, madeOn } = context;
  return {
    title: `Расписка № ${number} о приёме обращения`,
    footer: `Расписка № ${number}`,
    blocks: [
      letterhead(context, data.to),
      {
        kind: 'title',
        text: 'Расписка о приёме обращения',
        below: [bind(`№ ${number} от ${words.day(madeOn)}`)],
      },
      {
        kind: 'fields',
        rows: [
          { label: 'Номер обращения', value: data.requestNumber },
          { label: 'Вид обращения', value: data.kind },
          { label: 'Способ подачи', value: data.channel },
          { label: 'Получено', value: words.moment(data.receivedAt) },
          { label: 'Ответ не позднее', value: words.day(data.dueOn) },
          { label: 'Основание', value: bind(data.clause) },
        ],
      },
      ...steps('Как посчитан срок ответа:', data.computed),
      { kind: 'para', text: 'Срок ответа идёт с момента получения обращения и не прерывается проверкой личности.' },
    ],
  };
}

export function accessAnswer(data: DocumentData['access-answer'], context: PaperContext): Paper {
  const { words, number } = context;
  const { points, tables, volumes, annexes } = data;
  return {
    title: `Ответ № ${number} на обращение № ${data.requestNumber}`,
    footer: footer(number),
    blocks: [
      ...opening(data, 'Ответ на запрос о доступе к персональным данным', context),
      {
        kind: 'fields',
        rows: [
          { label: 'Последний день ответа', value: words.day(data.dueOn) },
          { label: 'Как он посчитан', value: data.computed.map(bind) },
          { label: 'Основание', value: bind(data.clause) },
        ],
      },
      ...points.flatMap(({ point, title, body }): PaperBlock[] => [
        { kind: 'heading', text: bind(`${point}. ${title}`) },
        ...(Array.isArray(body) ? body : [body]).map((text): PaperBlock => ({ kind: 'para', text: bind(text) })),
      ]),
      { kind: 'heading', text: 'Персональные данные, которые обрабатываются' },
      {
        kind: 'para',
        small: true,
        text: 'Номера записей и контрольные суммы напечатаны сокращённо; целиком они есть в приложении.',
      },
      ...tables.flatMap(({ title, source, count, columns, rows }): PaperBlock[] => [
        { kind: 'heading', level: 3, text: bind(title) },
        {
          kind: 'para',
          small: true,
          text: bind(`Источник: ${source}. Записей: ${words.number(count ?? rows.length)}.`),
        },
        ...(rows.length ? [asTable(columns, rows)] : []),
      ]),
      ...(volumes.length ? volumeBlocks(volumes, context) : []),
      ...(annexes.length
        ? ([
            { kind: 'heading', text: 'Приложения' },
            {
              kind: 'table',
              columns: [
                { title: 'Файл', width: 34 },
                { title: 'Размер', width: 14, align: 'right' },
                { title: 'Контрольная сумма SHA-256', width: 52 },
              ],
              rows: annexes.map(({ name, size, sha256 }) => [name, words.size(size), sha256]),
            },
          ] satisfies PaperBlock[])
        : []),
      ...closing(data.appeal, data.signatory),
    ],
  };
}

/** Up to six columns of short values stand side by side; other rows are turned, one record under the other. */
function asTable(columns: string[], rows: (string | number | null)[][]): PaperBlock {
  const text = (value: string | number | null | undefined): string =>
    value === null || value === undefined ? '—' : bind(String(value));
  const long = rows.some((row) => row.some((value) => String(value ?? '').length > 150));
  if (columns.length <= 6 && !long) {
    return {
      kind: 'table',
      columns: columns.map((title, index) => ({ title, width: weightOf(title, rows, index) })),
      rows: rows.map((row) => row.map(text)),
    };
  }
  return {
    kind: 'fields',
    rows: rows.flatMap((row, index) => [
      ...(rows.length > 1 ? [{ label: `Запись ${index + 1} из ${rows.length}`, value: '' }] : []),
      ...columns
        .map((label, column) => ({ label, value: row[column] === null ? '' : text(row[column]) }))
        .filter(({ value }) => value !== ''),
    ]),
  };
}

/** Columns get room by what stands in them, between a narrow and a wide bound. */
function weightOf(title: string, rows: (string | number | null)[][], index: number): number {
  const longest = rows
    .slice(0, 50)
    .reduce((most, row) => Math.max(most, String(row[index] ?? '').length), title.length);
  return Math.min(Math.max(longest, 8), 36);
}

function volumeBlocks(volumes: DocumentData['access-answer']['volumes'], { words }: PaperContext): PaperBlock[] {
  return [
    { kind: 'heading', text: 'Журналы: объём и сроки хранения' },
    {
      kind: 'para',
      text: 'Содержание этих записей не прилагается: они зашифрованы, и оператор открывает их только в случаях, предусмотренных законом и договором. В таблице указано, сколько записей хранится, за какие дни и по какой день включительно.',
    },
    ...(volumes.some(({ to }) => to)
      ? ([
          {
            kind: 'para',
            small: true,
            text: 'Если строка охватывает несколько дней, указан срок последнего из них: записи за более ранние дни уничтожаются раньше.',
          },
        ] satisfies PaperBlock[])
      : []),
    {
      kind: 'table',
      columns: [
        { title: 'Что', width: 24 },
        { title: 'Записей', width: 11, align: 'right' },
        { title: 'Объём', width: 11, align: 'right' },
        { title: 'За дни', width: 19 },
        { title: 'Хранится по', width: 14 },
        { title: 'Основание', width: 25 },
      ],
      rows: volumes.map(({ what, count, bytes, from, to, until, ground }) => [
        bind(what),
        words.number(count),
        bytes === undefined ? '—' : words.size(bytes),
        from ? `${words.day(from)}${to && String(to) !== String(from) ? ` –\n${words.day(to)}` : ''}` : '—',
        until ? words.day(until) : '—',
        bind(ground ?? '—'),
      ]),
    },
  ];
}

export function noDataAnswer(data: DocumentData['no-data-answer'], context: PaperContext): Paper {
  const { words, number } = context;
  return {
    title: `Ответ № ${number} на обращение № ${data.requestNumber}`,
    footer: footer(number),
    blocks: [
      ...opening(data, 'Ответ: персональные данные не обрабатываются', context),
      {
        kind: 'para',
        text: bind(
          `Поиск проведён ${words.moment(data.searchedAt)}. Персональных данных заявителя не найдено; обрабатываются только само обращение и этот ответ.`,
        ),
      },
      {
        kind: 'fields',
        rows: [
          { label: 'По каким сведениям искали', value: data.by },
          { label: 'Где искали', value: data.systems.map(bind) },
          { label: 'Последний день ответа', value: words.day(data.dueOn) },
          { label: 'Основание', value: bind(data.clause) },
        ],
      },
      ...closing(data.appeal, data.signatory),
    ],
  };
}

export function erasureAnswer(data: DocumentData['erasure-answer'], context: PaperContext): Paper {
  const { words, number } = context;
  return {
    title: `Ответ № ${number} на обращение № ${data.requestNumber}`,
    footer: footer(number),
    blocks: [
      ...opening(data, 'Ответ об уничтожении персональных данных', context),
      {
        kind: 'fields',
        rows: [
          { label: 'Уничтожено', value: words.moment(data.erasedAt) },
          { label: 'Акты об уничтожении', value: data.acts.join(', ') || '—' },
          { label: 'Последний день', value: words.day(data.dueOn) },
          { label: 'Основание', value: bind(data.clause) },
        ],
      },
      { kind: 'heading', text: 'Что уничтожено' },
      goneTable(data.gone, context),
      ...(data.stays.length
        ? ([{ kind: 'heading', text: 'Что сохраняется' }, stayingTable(data.stays, context)] satisfies PaperBlock[])
        : []),
      ...closing(data.appeal, data.signatory),
    ],
  };
}
