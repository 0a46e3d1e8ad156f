import { stringify } from 'csv-stringify/sync';
import { ZipFile } from 'yazl';
import type { Temporal } from '../base/index.ts';
import { describePeriod } from '../calendar/index.ts';
import type { Collected, RegisteredStore, Volume } from '../datamap/index.ts';
import { type Basis, type Citation, cite, type Law, type Purpose, requisites } from '../law/index.ts';
import type { DocumentData } from '../letters/index.ts';
import { type Cell, cell, createLabels, type Labels } from './labels.ts';

/** One store's part of the package, opened. */
export interface OpenPart {
  entry: RegisteredStore;
  collected: Collected;
}

/** What a package says of itself. */
export interface PackageHead {
  number: string;
  operator: string;
  madeAt: Temporal.Instant;
}

/** So many rows of a table are printed; all of them are in the annex. */
const rowsInPrint = 40;

/** More columns than this do not stand side by side; what is mostly empty then goes into the last one. */
const columnsInPrint = 6;

/** So many days of a log are printed one by one; more of them are printed by months. */
const daysInPrint = 31;

/**
 * Every row of every store as JSON, under the names of machines, and as CSV with Russian heads and words, in one ZIP.
 */
export async function buildZip(law: Law, parts: readonly OpenPart[], about: PackageHead): Promise<Buffer> {
  const mtime = new Date(about.madeAt.epochMilliseconds);
  const zip = new ZipFile();
  const chunks: Buffer[] = [];
  const done = new Promise<void>((resolve, reject) => {
    zip.outputStream.on('data', (chunk: Buffer) => chunks.push(chunk));
    zip.outputStream.on('end', resolve);
    zip.outputStream.on('error', reject);
  });
  const add = (name: string, text: string): void => zip.addBuffer(Buffer.from(text), name, { mtime });

  const labels = createLabels(law);
  add('README.txt', readme(about.number, parts));
  add('data.json', jsonOf(labels, parts, about));
  for (const { entry, collected } of parts) {
    const rows = collected.rows.length > 0 ? collected.rows : (collected.summary ?? []).map(plainVolume);
    if (rows.length > 0) add(`csv/${entry.key}.csv`, toCsv(labels, entry, rows));
  }
  zip.end();
  await done;
  return Buffer.concat(chunks);
}

/** Every row of these stores as JSON alone, for another program: what a person takes along to another operator. */
export function buildJson(law: Law, parts: readonly OpenPart[], about: PackageHead): Buffer {
  return Buffer.from(jsonOf(createLabels(law), parts, about));
}

function jsonOf(labels: Labels, parts: readonly OpenPart[], about: PackageHead): string {
  const data = {
    number: about.number,
    operator: about.operator,
    madeAt: about.madeAt.toString(),
    stores: parts.map(({ entry, collected }) => ({
      store: entry.key,
      title: entry.store.title.ru,
      system: entry.store.system.ru,
      source: collected.source,
      columns: headsOf(labels, entry, collected.rows),
      rows: collected.rows,
      volumes: (collected.summary ?? []).map(plainVolume),
    })),
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}

/** Semicolons, a byte-order mark and escaped formulas: opened by a double click, and nothing in it runs. */
export function toCsv(labels: Labels, entry: RegisteredStore, rows: readonly Record<string, unknown>[]): string {
  const columns = columnsOf(rows);
  return stringify(
    [
      labels.heads(entry, columns),
      ...rows.map((row) => columns.map((column) => labels.say(entry, column, row[column], 'file'))),
    ],
    {
      delimiter: ';',
      bom: true,
      escape_formulas: true,
      record_delimiter: 'windows',
    },
  );
}

/** The tables of the printed answer. */
export function tablesOf(law: Law, parts: readonly OpenPart[]): DocumentData['access-answer']['tables'] {
  const labels = createLabels(law);
  return parts
    .filter(({ collected }) => collected.rows.length > 0)
    .map(({ entry, collected }) => {
      const more = collected.rows.length - rowsInPrint;
      const rest =
        more > 0 ? `; напечатаны первые ${rowsInPrint} строк из ${collected.rows.length}, все — в приложении` : '';
      return {
        title: entry.store.title.ru,
        source: `${collected.source}${rest}`,
        count: collected.rows.length,
        ...tableOf(labels, entry, collected.rows.slice(0, rowsInPrint)),
      };
    });
}

/** Columns in which nothing stands are left out; in a wide table the mostly empty ones are told in words. */
function tableOf(
  labels: Labels,
  entry: RegisteredStore,
  rows: readonly Record<string, unknown>[],
): { columns: string[]; rows: Cell[][] } {
  const filled = (column: string): number => rows.filter((row) => !isEmpty(row[column])).length;
  const used = columnsOf(rows).filter((column) => filled(column) > 0);
  const wide = rows.length > 1 && used.length > columnsInPrint;
  const [main, rare] = [
    used.filter((column) => !wide || filled(column) * 2 > rows.length),
    used.filter((column) => wide && filled(column) * 2 <= rows.length),
  ];
  const rareHeads = labels.heads(entry, rare);
  const say = (row: Record<string, unknown>, column: string): Cell => labels.say(entry, column, row[column], 'paper');
  return {
    columns: [...labels.heads(entry, main), ...(rare.length > 0 ? ['Подробности'] : [])],
    rows: rows.map((row) => {
      const details = rare.flatMap((column, index) =>
        isEmpty(row[column]) ? [] : [`${rareHeads[index]}: ${say(row, column)}`],
      );
      return [...main.map((column) => say(row, column)), ...(rare.length > 0 ? [details.join('\n') || null] : [])];
    }),
  };
}

/**
 * Data that is not handed out itself: how much there is, of which days, until when and on which ground. A long row of
 * days is told by months; a month has the last day of its last one.
 */
export function volumesOf(
  law: Law,
  parts: readonly OpenPart[],
  today: Temporal.PlainDate,
): DocumentData['access-answer']['volumes'] {
  return parts.flatMap(({ entry, collected }) =>
    byMonths(collected.summary ?? []).map(({ what, count, bytes, from, to, until }: Volume) => {
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

function byMonths(volumes: readonly Volume[]): readonly Volume[] {
  if (volumes.length <= daysInPrint) return volumes;
  const months = new Map<string, Volume>();
  for (const volume of volumes) {
    const { what, count, bytes, from, to, until } = volume;
    const key = `${what} ${from?.toPlainYearMonth() ?? ''}`;
    const known = months.get(key);
    const last = to ?? from;
    months.set(key, {
      ...(known ?? volume),
      count: (known?.count ?? 0) + count,
      ...(bytes === undefined ? {} : { bytes: (known?.bytes ?? 0) + bytes }),
      ...(known && last ? { to: last } : {}),
      ...(until ? { until } : {}),
    });
  }
  return [...months.values()];
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

/** What is said of a purpose for which the operator's documents name no basis. */
const noBasis = 'правовое основание в документах оператора не указано';
const noneStands = 'действующее правовое основание в документах оператора не указано';

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
    '2': purposes.map((purpose) => groundsOf(law, purpose, today)),
    '3': [
      `Цели: ${purposes.map(({ title }) => small(title)).join('; ')}.`,
      `Способы: ${waysOf(parts)} — сбор, запись, систематизация, накопление, хранение, уточнение, извлечение, использование, передача получателям из пункта 4, блокирование, уничтожение.`,
    ],
    '4': [
      `Оператор: ${operator.name}, ${requisites(operator).address}.`,
      ...operator.recipients.map(
        ({ name, address, purpose, what }) =>
          `${address ? `${name}, ${address}` : name}: ${small(what)}. Цель: ${small(titleOf(purpose))}.`,
      ),
    ],
    '5': parts.map(({ entry, collected }) => {
      const volumes = (collected.summary ?? []).reduce((sum, { count }) => sum + count, 0);
      const amount = collected.rows.length > 0 ? collected.rows.length : volumes;
      return `${entry.store.title.ru}: записей — ${amount}; источник: ${collected.source}.`;
    }),
    '6': schedules.map((category) => termOf(law, category, today)),
    '7': [...operator.rightsHowTo],
    '8': [operator.crossBorder.text],
    '9':
      processors.length > 0
        ? processors.map(
            ({ name, address, purpose }) =>
              `${address ? `${name}, ${address}` : name}. Цель: ${small(titleOf(purpose))}.`,
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

/** By a program, without one, or both, as far as this person's data go. */
function waysOf(parts: readonly OpenPart[]): string {
  const byHand = parts.filter(({ entry }) => entry.store.automation === 'none').length;
  if (byHand === 0) return 'автоматизированная обработка';
  if (byHand === parts.length) return 'обработка без средств автоматизации';
  return 'смешанная обработка, с использованием средств автоматизации и без них';
}

/** What a purpose rests on today. A ground that the law has taken away is not passed over: the documents still name it. */
function groundsOf(law: Law, purpose: Purpose, today: Temporal.PlainDate): string {
  const { standing, repealed } = law.grounds(purpose, today);
  const said = (basis: Basis): string => `${small(basis.text)} (${cite(basis.cite, 'ru')})`;
  const none = repealed.length > 0 ? noneStands : noBasis;
  const gone = repealed.map(
    ({ basis, how }) =>
      ` Документы оператора называют${standing.length > 0 ? ' ещё' : ''} основание «${small(basis.text)}» (${cite(basis.cite, 'ru')}): оно утратило силу (${how}) и не применяется.`,
  );
  return `${purpose.title} — ${standing.map(said).join('; ') || none}.${gone.join('')}`;
}

function sourceOf(citation: Citation): string {
  const text = cite(citation, 'ru');
  return text === 'Выбор оператора' ? 'срок установлен оператором' : text;
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
    return `${title}: хранятся до события ${starts}, затем уничтожаются; срок уничтожения — ${value} (${sourceOf(from)}).`;
  }
  const counted = starts ? ` после события ${starts}` : '';
  return `${title}: хранятся ${because.winner.value}${counted} (${sourceOf(because.winner.cite)}).`;
}

function readme(number: string, parts: readonly OpenPart[]): string {
  const lines = parts.map(({ entry, collected }) => {
    const only = collected.rows.length > 0 ? '' : ' (только объём и сроки)';
    return `- ${entry.store.title.ru}: csv/${entry.key}.csv${only}`;
  });
  return [
    `Приложение к ответу на обращение ${number}.`,
    '',
    'В папке csv — Ваши данные таблицами: их открывают Excel, LibreOffice и другие редакторы таблиц (UTF-8, разделитель — точка с запятой).',
    'В файле data.json — те же данные в машиночитаемом виде: время указано по UTC, названия полей поясняет раздел columns.',
    ...(parts.some(({ collected }) => collected.summary?.length)
      ? ['Содержание сообщений из журналов не прикладывается: указаны его объём и срок хранения.']
      : []),
    '',
    ...lines,
    '',
  ].join('\r\n');
}

function headsOf(
  labels: Labels,
  entry: RegisteredStore,
  rows: readonly Record<string, unknown>[],
): Record<string, string> {
  const columns = columnsOf(rows);
  const heads = labels.heads(entry, columns);
  return Object.fromEntries(columns.map((column, index) => [column, heads[index] ?? column]));
}

function columnsOf(rows: readonly Record<string, unknown>[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

function isEmpty(value: unknown): boolean {
  const plain = cell(value);
  return plain === null || plain === '';
}

/** Titles begin with a capital letter, a sentence goes on with a small one; abbreviations stay. */
export function small(text: string): string {
  return /^\p{Lu}[\p{Ll}\s]/u.test(text) ? `${text[0]?.toLowerCase()}${text.slice(1)}` : text;
}

function plainVolume(volume: Volume): Record<string, unknown> {
  return JSON.parse(JSON.stringify(volume)) as Record<string, unknown>;
}
