import { stringify } from 'csv-stringify/sync';
import { ZipFile } from 'yazl';
import { Temporal } from '../base/index.ts';
import { dayOf, describePeriod } from '../calendar/index.ts';
import type { Collected, RegisteredStore, Volume } from '../datamap/index.ts';
import { cite, type Law } from '../law/index.ts';
import type { DocumentData } from '../letters/index.ts';
import { ru, timeOf } from './due.ts';
import { fieldWords } from './words.ts';

/** One store's part of the package, opened. */
export interface OpenPart {
  entry: RegisteredStore;
  collected: Collected;
}

/** So many rows of a table are printed; all of them are in the annex. */
const rowsInPrint = 40;

/** Every row of every store as JSON and as CSV in one ZIP; CSV opens in the usual office programs. */
export async function buildZip(
  parts: readonly OpenPart[],
  about: { number: string; operator: string; madeAt: Temporal.Instant },
): Promise<Buffer> {
  const mtime = new Date(about.madeAt.epochMilliseconds);
  const zip = new ZipFile();
  const chunks: Buffer[] = [];
  const done = new Promise<void>((resolve, reject) => {
    zip.outputStream.on('data', (chunk: Buffer) => chunks.push(chunk));
    zip.outputStream.on('end', resolve);
    zip.outputStream.on('error', reject);
  });
  const add = (name: string, text: string): void => zip.addBuffer(Buffer.from(text), name, { mtime });

  const data = {
    number: about.number,
    operator: about.operator,
    madeAt: about.madeAt.toString(),
    stores: parts.map(({ entry, collected }) => ({
      store: entry.key,
      title: entry.store.title.ru,
      system: entry.store.system.ru,
      source: collected.source,
      rows: collected.rows,
      volumes: (collected.summary ?? []).map(plainVolume),
    })),
  };
  add('README.txt', readme(about.number, parts));
  add('data.json', `${JSON.stringify(data, null, 2)}\n`);
  for (const { entry, collected } of parts) {
    if (collected.rows.length === 0) continue;
    add(`csv/${entry.key}.csv`, toCsv(collected.rows));
  }
  zip.end();
  await done;
  return Buffer.concat(chunks);
}

/** Semicolons, a byte-order mark and escaped formulas: opened by a double click, and nothing in it runs. */
export function toCsv(rows: readonly Record<string, unknown>[]): string {
  const columns = columnsOf(rows);
  return stringify(
    rows.map((row) => columns.map((column) => cell(row[column]))),
    { header: true, columns, delimiter: ';', bom: true, escape_formulas: true, record_delimiter: 'windows' },
  );
}

/** The tables of the printed answer. */
export function tablesOf(parts: readonly OpenPart[], zone: string): DocumentData['access-answer']['tables'] {
  return parts
    .filter(({ collected }) => collected.rows.length > 0)
    .map(({ entry, collected }) => {
      const columns = columnsOf(collected.rows);
      const more = collected.rows.length - rowsInPrint;
      const rest =
        more > 0 ? `; напечатаны первые ${rowsInPrint} строк из ${collected.rows.length}, все — в приложении` : '';
      return {
        title: entry.store.title.ru,
        source: `${collected.source}${rest}`,
        columns: columns.map((column) => fieldWords[column] ?? column),
        rows: collected.rows.slice(0, rowsInPrint).map((row) => columns.map((column) => printed(row[column], zone))),
      };
    });
}

/** Data that is not handed out itself: how much there is, of which days, until when and on which ground. */
export function volumesOf(
  law: Law,
  parts: readonly OpenPart[],
  today: Temporal.PlainDate,
): DocumentData['access-answer']['volumes'] {
  return parts.flatMap(({ entry, collected }) =>
    (collected.summary ?? []).map(({ what, count, bytes, from, to, until }: Volume) => {
      const { winner } = law.keep(entry.store.schedule, { from: from ?? today }).because;
      return {
        what,
        count,
        ...(bytes === undefined ? {} : { bytes }),
        ...(from ? { from: from.toString() } : {}),
        ...(to ? { to: to.toString() } : {}),
        ...(until ? { until: until.toString() } : {}),
        ground: `${winner.value}: ${cite(winner.cite, 'ru')}`,
      };
    }),
  );
}

/** All points that the law lists, in its order, filled from the stores and the operator's pack. */
export function pointsOf(
  law: Law,
  parts: readonly OpenPart[],
  today: Temporal.PlainDate,
): { point: string; title: string; body: string[] }[] {
  const bodies = pointBodies(law, parts, today);
  return law.answerPoints(today).map(({ point, title }) => ({
    point,
    title,
    body: bodies[point] ?? ['Иных сведений закон не предусматривает.'],
  }));
}

function pointBodies(law: Law, parts: readonly OpenPart[], today: Temporal.PlainDate): Record<string, string[]> {
  const { operator } = law;
  const used = new Set(parts.flatMap(({ entry }) => entry.store.purposes));
  const purposes = operator.purposes.filter(({ id }) => used.has(id));
  const systems = [...new Set(parts.map(({ entry }) => entry.store.system.ru))];
  const schedules = [...new Set(parts.map(({ entry }) => entry.store.schedule))];
  const caseFile = operator.schedules.find(({ category }) => category === 'request.case-file');
  const titleOf = (id: string): string => operator.purposes.find((purpose) => purpose.id === id)?.title ?? id;
  const processors = operator.recipients.filter(({ role }) => role === 'processor');
  return {
    '1': [`${operator.name} обрабатывает Ваши персональные данные в системах: ${systems.join('; ')}.`],
    '2': purposes.map(
      ({ title, bases }) =>
        `${title}: ${bases.map((basis) => `${basis.text} (${cite(basis.cite, 'ru')})`).join('; ')}.`,
    ),
    '3': [
      `Цели: ${purposes.map(({ title }) => title).join('; ')}.`,
      'Способы: автоматизированная обработка — сбор, запись, систематизация, накопление, хранение, уточнение, извлечение, использование, передача получателям из пункта 4, блокирование, уничтожение.',
    ],
    '4': [
      `Оператор: ${operator.name}, ${operator.address}.`,
      ...operator.recipients.map(
        ({ name, address, purpose, what }) =>
          `${address ? `${name}, ${address}` : name}. Цель: ${titleOf(purpose)}. ${what}.`,
      ),
    ],
    '5': parts.map(({ entry, collected }) => {
      const volumes = (collected.summary ?? []).reduce((sum, { count }) => sum + count, 0);
      const amount = collected.rows.length > 0 ? `строк — ${collected.rows.length}` : `записей — ${volumes}`;
      return `${entry.store.title.ru}: ${amount}; источник: ${collected.source}.`;
    }),
    '6': schedules.map((category) => termOf(law, category, today)),
    '7': [...operator.rightsHowTo],
    '8': [operator.crossBorder.text],
    '9':
      processors.length > 0
        ? processors.map(
            ({ name, address, purpose }) => `${address ? `${name}, ${address}` : name}. Цель: ${titleOf(purpose)}.`,
          )
        : ['Обработка другим лицам не поручена.'],
    '9.1': [...operator.measures],
    '10': [
      operator.complaint,
      ...(caseFile
        ? [
            `Материалы этого обращения хранятся ${describePeriod(caseFile.keep, 'ru')} после его закрытия; документы о личности уничтожаются после проверки.`,
          ]
        : []),
    ],
  };
}

/** How long a category is kept: the operator's own term, what is really applied, and what it counts from. */
function termOf(law: Law, category: string, today: Temporal.PlainDate): string {
  const schedule = law.operator.schedules.find((one) => one.category === category);
  const { because, destroyBecause, keepUntil } = law.keep(category, { from: today });
  const title = schedule?.title ?? law.category(category).title;
  const titles = new Map(law.facts().map((fact) => [fact.fact, fact.title]));
  const starts = (schedule?.starts ?? []).map((fact) => `«${titles.get(fact) ?? fact}»`).join(' или ');
  if (keepUntil.equals(today)) {
    const { value, cite: from } = destroyBecause.winner;
    return `${title}: до события ${starts}, затем уничтожаются — ${value} (${cite(from, 'ru')}).`;
  }
  const counted = starts ? ` с события ${starts}` : '';
  return `${title}: ${because.winner.value}${counted} (${cite(because.winner.cite, 'ru')}).`;
}

function readme(number: string, parts: readonly OpenPart[]): string {
  const lines = parts.map(({ entry, collected }) => {
    const file = collected.rows.length > 0 ? `csv/${entry.key}.csv` : 'только объём и сроки';
    return `- ${entry.store.title.ru}: ${file}`;
  });
  return [
    `Приложение к ответу на обращение ${number}.`,
    '',
    'data.json — все сведения в машиночитаемом виде; csv — те же сведения таблицами (разделитель — точка с запятой).',
    'Содержание сообщений из журналов не прикладывается: указаны его объём и срок хранения.',
    '',
    ...lines,
    '',
  ].join('\r\n');
}

function columnsOf(rows: readonly Record<string, unknown>[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

/** Days and moments as people write them; the annex keeps them as machines do. */
function printed(value: unknown, zone: string): string | number | null {
  const plain = cell(value);
  if (typeof plain !== 'string') return plain;
  if (/^\d{4}-\d{2}-\d{2}$/.test(plain)) return ru(Temporal.PlainDate.from(plain));
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(plain)) {
    const at = Temporal.Instant.from(plain);
    return `${ru(dayOf(at, zone))}, ${timeOf(at, zone)} МСК`;
  }
  return plain;
}

function cell(value: unknown): string | number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'да' : 'нет';
  // Days and instants have a text of their own; anything else is written as JSON.
  return Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value)
    ? JSON.stringify(value)
    : String(value);
}

function plainVolume(volume: Volume): Record<string, unknown> {
  return JSON.parse(JSON.stringify(volume)) as Record<string, unknown>;
}
