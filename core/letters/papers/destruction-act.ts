import type { DocumentData } from '../data.ts';
import type { Paper, PaperBlock } from '../pdf.ts';
import { bind, capital, shortIds } from '../words.ts';
import { letterhead, type PaperContext, stayingTable } from './context.ts';

export function destructionAct(data: DocumentData['destruction-act'], context: PaperContext): Paper {
  const { words, number } = context;
  const { signed, extract, stays, journal } = data;
  const kept = data.keepUntil ? `Хранить по ${words.day(data.keepUntil)} включительно` : 'Срок хранения не определён';
  return {
    title: `Акт № ${number} об уничтожении персональных данных`,
    // On every page: no sheet of a draft passes for the real thing.
    footer: `Акт № ${number}${signed ? '' : ' · ПРОЕКТ, не подписан'}`,
    blocks: [
      letterhead(context),
      {
        kind: 'title',
        text: `Акт № ${number}\nоб уничтожении персональных данных`,
        below: [bind(`${data.drawnUpLater ? 'составлен' : 'дата уничтожения'}: ${words.moment(data.destroyedAt)}`)],
      },
      ...(signed ? [] : ([{ kind: 'status', text: 'ПРОЕКТ, не подписан' }] satisfies PaperBlock[])),
      {
        kind: 'fields',
        rows: [
          ...data.fields.map(({ title, value }) => ({
            label: bind(title),
            value: Array.isArray(value) ? value.map(bind) : bind(value),
          })),
          ...(data.checked ? [{ label: 'Проверка плана', value: bind(shortIds(data.checked)) }] : []),
          {
            label: 'Выгрузка из журнала',
            value: extract
              ? {
                  text: `Приложение 1: ${words.count(extract.rows.length, 'запись', 'записи', 'записей')}`,
                  under: `SHA-256: ${extract.sha256}`,
                }
              : 'Не составляется: данные обрабатывались без средств автоматизации',
          },
        ],
      },
      {
        kind: 'signatures',
        lines: data.performers.map(({ post, name }) => ({
          post: bind(capital(post)),
          ...(name ? { name } : {}),
          note: 'подпись',
        })),
      },
      ...(signed ? ([{ kind: 'para', text: `Подписан ${words.moment(signed.at)}.` }] satisfies PaperBlock[]) : []),
      {
        kind: 'code',
        lines: [
          bind(`Форма: ${data.clause}.${data.note ? ` ${data.note}` : ''}`),
          bind(`${kept}${data.keepClause ? ` (${data.keepClause})` : ''}.`),
          ...(journal
            ? [
                bind(
                  `Журнал оператора при составлении акта: ${words.count(journal.size, 'запись', 'записи', 'записей')}, корень дерева ${journal.root}.`,
                ),
              ]
            : []),
          extract ? 'В QR-коде — номер акта и контрольная сумма выгрузки.' : 'В QR-коде — номер акта.',
        ],
        qr: extract ? `act:${number} extract-sha256:${extract.sha256}` : `act:${number}`,
      },
      ...(extract ? extractOf(extract, number) : []),
      ...(stays.length
        ? ([
            { kind: 'heading', text: bind(`Приложение ${extract ? 2 : 1} к акту № ${number}. Что сохраняется`) },
            stayingTable(stays, context),
          ] satisfies PaperBlock[])
        : []),
    ],
  };
}

function extractOf(
  { rows, columns, clause, sha256 }: NonNullable<DocumentData['destruction-act']['extract']>,
  number: PaperContext['number'],
): PaperBlock[] {
  return [
    { kind: 'heading', text: bind(`Приложение 1 к акту № ${number}. Выгрузка из журнала регистрации событий`) },
    { kind: 'para', small: true, text: bind(`Состав сведений: ${clause}. SHA-256 выгрузки: ${sha256}.`) },
    {
      kind: 'table',
      columns: columns.map((title, index) => ({
        title: bind(title),
        width: widthOf(title, rows, index),
        ...(rows.every((row) => /^[\d\s]+$/.test(row[index] ?? '')) ? { align: 'right' as const } : {}),
      })),
      rows: rows.map((row) => row.map(bind)),
    },
  ];
}

function widthOf(title: string, rows: readonly string[][], index: number): number {
  const longest = rows.slice(0, 50).reduce((most, row) => Math.max(most, row[index]?.length ?? 0), 0);
  const word = Math.max(...title.split(/\s+/).map((part) => part.length));
  return Math.min(Math.max(longest, word * 1.4, 10), 26);
}
