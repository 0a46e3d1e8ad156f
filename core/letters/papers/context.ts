import type { Temporal } from '../../base/index.ts';
import { type Operator, requisites } from '../../law/index.ts';
import type { Gone, Staying } from '../data.ts';
import type { PaperBlock } from '../pdf.ts';
import { bind, plainGround, type Words } from '../words.ts';

export interface PaperContext {
  number: string;
  operator: Operator;
  words: Words;
  madeOn: Temporal.PlainDate;
}

/**
 * Name, address and numbers of the operator, as every document opens; without an addressee beside them they take the
 * whole width and two lines.
 */
export function letterhead(
  { operator }: PaperContext,
  to?: { name?: string; email?: string; address?: string },
): PaperBlock {
  const stated = requisites(operator);
  const numbers = [
    stated.inn,
    operator.ogrn ? `ОГРН ${operator.ogrn}` : '',
    operator.rknNumber ? `рег. № в реестре операторов ${operator.rknNumber}` : '',
  ];
  const lines = [operator.shortName, numbers.filter(Boolean).join(', '), stated.address, stated.email];
  if (!to) return { kind: 'letterhead', lines: [lines.slice(0, 2).join(', '), lines.slice(2).join(', ')].map(bind) };
  return {
    kind: 'letterhead',
    lines: lines.map(bind),
    to: [to.name, to.address, to.email].filter((line) => line !== undefined),
  };
}

/** What stays, on which ground, until when. */
export function stayingTable(stays: readonly Staying[], { words }: PaperContext): PaperBlock {
  return {
    kind: 'table',
    columns: [
      { title: 'Что сохраняется', width: 34 },
      { title: 'Записей', width: 12, align: 'right' },
      { title: 'Основание', width: 36 },
      { title: 'По какой день', width: 18 },
    ],
    rows: stays.map(({ what, count, ground, until }) => [
      bind(what),
      count === undefined ? '—' : words.number(count),
      bind(plainGround(ground) || '—'),
      until ? words.day(until) : 'до наступления события, названного в основании',
    ]),
  };
}

export function goneTable(gone: readonly Gone[], { words }: PaperContext): PaperBlock {
  return {
    kind: 'table',
    columns: [
      { title: 'Что уничтожено', width: 38 },
      { title: 'Информационная система', width: 30 },
      { title: 'Записей', width: 12, align: 'right' },
      { title: 'Когда', width: 20 },
    ],
    rows: gone.map(({ what, system, count, at }) => [
      bind(what),
      bind(system ?? '—'),
      count === undefined ? '—' : words.number(count),
      at ? words.moment(at) : '—',
    ]),
  };
}
