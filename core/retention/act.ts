import { createHash } from 'node:crypto';
import { Temporal } from '../base/index.ts';
import type { EraseReceipt } from '../datamap/index.ts';
import { cite, type Keep, type Law, requisites } from '../law/index.ts';
import type { DocumentData, Staying } from '../letters/index.ts';
import type { Person } from './types.ts';

type Day = Temporal.PlainDate;
type Performer = DocumentData['destruction-act']['performers'][number];

/** One store's part in an act. */
export interface ActLine {
  store: string;
  title: string;
  system: string;
  categories: string[];
  receipt: EraseReceipt;
}

export interface ActMatter {
  at: Temporal.Instant;
  madeOn: Day;
  lines: ActLine[];
  stays: Staying[];
  reason: string;
  /** The person whose data went; without one the act is of an automatic sweep and names projects and accounts by id. */
  person?: Person & { subject: string };
  /** Who looked at the plan, or that it ran by itself. */
  checked: string;
  /** How long the act itself is kept; null: nothing says. */
  keep: Keep | null;
  signed?: { name: string; post: string; at: Temporal.Instant };
}

/** The document's data, and the sums that the list of acts shows. */
export interface ActContent {
  data: DocumentData['destruction-act'];
  records: number;
  keys: number;
}

/** So many ids stand in a printed cell; the extract continues in further rows. */
const idsInRow = 100;

/** The letter of order 179 under which the person who destroyed signs. */
const signersPoint = 'г';

/**
 * Builds the act and the extract of the event journal (order 179 of Roskomnadzor). The labels and what they rest on
 * come from the law of the day; after the order has ended the same fields stay as the operator's choice. Never names
 * what was destroyed beyond its categories. Papers that no program processed stand in the act alone, with their
 * carriers and sheets: where nothing else was destroyed there is no extract.
 *
 * @param chain the size and root of the journal at the newest checkpoint
 */
export function actContent(law: Law, matter: ActMatter, chain: { size: number; root: string } | null): ActContent {
  const act = law.actFields(matter.madeOn);
  const keep = matter.keep;
  return {
    data: {
      fields: act.fields.map(({ point, title }) => ({ point, title, value: fieldValue(law, matter, point) })),
      clause: cite(act.cite, 'ru'),
      ...(act.note ? { note: act.note } : {}),
      destroyedAt: matter.at,
      ...(matter.lines.some(({ receipt }) => receipt.doneOn && !receipt.doneOn.equals(matter.madeOn))
        ? { drawnUpLater: true }
        : {}),
      performers: performersOf(signerOf(law, matter), byHand(matter)),
      checked: matter.checked,
      signed: matter.signed ?? null,
      extract: extractOf(law, matter),
      stays: matter.stays,
      keepUntil: keep?.keepUntil ?? null,
      ...(keep ? { keepClause: cite(keep.because.winner.cite, 'ru') } : {}),
      ...(chain ? { journal: chain } : {}),
    },
    records: sum(matter.lines.map(({ receipt }) => receipt.affected)),
    keys: sum(matter.lines.map(({ receipt }) => receipt.keys ?? 0)),
  };
}

/** The same act with the name of who signed it, beside those who destroyed something by hand. */
export function signedContent(
  data: DocumentData['destruction-act'],
  signed: { name: string; post: string; at: Temporal.Instant },
): DocumentData['destruction-act'] {
  const [, ...hands] = data.performers;
  const performers = performersOf({ name: signed.name, post: signed.post }, hands);
  // Where no program destroyed anything, who signs only confirms what others did.
  const destroyers = data.extract ? performers : hands;
  const value = destroyers.map(({ name, post }) => `${name}, ${post}`);
  return {
    ...data,
    fields: data.fields.map((field) =>
      field.point === signersPoint ? { ...field, value: value.length === 1 ? (value[0] as string) : value } : field,
    ),
    performers,
    signed: { ...signed, at: signed.at.toString() },
  };
}

/** Whoever signs stands first; nobody stands twice. */
function performersOf(signer: Performer, hands: readonly Performer[]): Performer[] {
  return [signer, ...hands.filter(({ name, post }) => name !== signer.name || post !== signer.post)];
}

/** Who destroyed carriers with their own hands. */
function byHand({ lines }: ActMatter): Performer[] {
  const all = new Map<string, Performer>();
  for (const { receipt } of lines) {
    if (receipt.carriers) all.set(JSON.stringify(receipt.carriers.by), receipt.carriers.by);
  }
  return [...all.values()];
}

const isAutomated = ({ receipt }: ActLine): boolean => receipt.automation !== 'none';

/** The extract tells of information systems; null where only papers were destroyed. */
function extractOf(law: Law, matter: ActMatter): DocumentData['destruction-act']['extract'] {
  const automated = matter.lines.filter(isAutomated);
  if (automated.length === 0) return null;
  const extract = law.extractFields(matter.madeOn);
  const rows = automated.flatMap((line) => extractRows(matter, line));
  return {
    columns: [...extract.fields.map(({ title }) => title), 'Записей'],
    rows: rows.map((row) => [...extract.fields.map(({ point }) => row.cells[point] ?? '—'), String(row.records)]),
    clause: cite(extract.cite, 'ru'),
    sha256: createHash('sha256').update(JSON.stringify(rows)).digest('hex'),
  };
}

function signerOf(law: Law, { signed }: ActMatter): Performer {
  const { name, post } = signed ?? law.operator.dpo;
  return name ? { name, post } : { post };
}

/** Which of our words answers which letter of the order. */
function fieldValue(law: Law, matter: ActMatter, point: string): string | string[] {
  const { operator } = law;
  switch (point) {
    case 'а':
      return [operator.name, requisites(operator).inn, requisites(operator).address].join(', ');
    case 'б':
      return processors(law);
    case 'в':
      return describeSubject(matter);
    case signersPoint:
      return destroyersOf(matter);
    case 'д':
      return unique(matter.lines.flatMap(({ categories }) => categories));
    case 'е':
      return carriersOf(matter);
    case 'ж':
      return systemsOf(matter);
    case 'з':
      return unique(matter.lines.flatMap(methodsOf));
    case 'и':
      return matter.reason;
    case 'к':
      return daysOf(matter);
    default:
      return 'Не применяется';
  }
}

function destroyersOf(matter: ActMatter): string | string[] {
  const hands = byHand(matter).map(({ name, post }) => `${name}, ${post}`);
  if (hands.length > 0 && !matter.lines.some(isAutomated)) return hands;
  const signer = matter.signed
    ? `${matter.signed.name}, ${matter.signed.post}`
    : 'Уничтожение выполнено программой автоматически; заполняется при подписании';
  return hands.length > 0 ? unique([signer, ...hands]) : signer;
}

/** Each carrier with the number of its sheets. */
function carriersOf({ lines }: ActMatter): string | string[] {
  const named = lines.flatMap(({ receipt }) => receipt.carriers?.list ?? []);
  if (named.length > 0) return named.map(({ name, sheets }) => `${name} — листов: ${sheets}`);
  // Told by somebody who was not asked yet: the system was marked as papers later.
  if (!lines.every(isAutomated)) return 'Носители и число листов не названы';
  return 'Не применяется: обработка автоматизированная, материальные носители не уничтожались';
}

function systemsOf({ lines }: ActMatter): string | string[] {
  const systems = unique(lines.filter(isAutomated).map(({ system }) => system));
  return systems.length > 0 ? systems : 'Не применяется: данные обрабатывались без средств автоматизации';
}

/** The day of the act, and the days on which people did their part before it. */
function daysOf({ lines, madeOn }: ActMatter): string | string[] {
  const days = lines.map(({ receipt }) => receipt.doneOn ?? madeOn);
  const sorted = unique(days.map(String)).sort();
  return sorted.length === 1 ? ru(days[0] as Day) : sorted.map((day) => ru(Temporal.PlainDate.from(day)));
}

interface ExtractRow {
  cells: Record<string, string>; // by the letter of the order
  records: number;
}

function extractRows(matter: ActMatter, line: ActLine): ExtractRow[] {
  const row = (subject: string, records: number): ExtractRow => ({
    cells: {
      а: subject,
      б: `${line.title}: ${line.categories.join('; ')}`,
      в: line.system,
      г: matter.reason,
      д: ru(line.receipt.doneOn ?? matter.madeOn),
    },
    records,
  });
  const { affected } = line.receipt;
  if (matter.person) return [row(describeSubject(matter), affected)];
  const ids = idsOf(line.receipt);
  const period = periodOf(line.receipt);
  if (ids.length === 0) return [row(`Записи ${period}`, affected)];
  const rows: ExtractRow[] = [];
  for (let start = 0; start < ids.length; start += idsInRow) {
    const some = ids.slice(start, start + idsInRow).join(', ');
    rows.push(row(`${some} ${period}`, start === 0 ? affected : 0));
  }
  return rows;
}

/** A person by name and address; an automatic sweep by the ids of projects and accounts, and the period. */
function describeSubject(matter: ActMatter): string {
  const { person } = matter;
  if (person) {
    const known = [person.name, person.email, person.caseNumber && `дело ${person.caseNumber}`].filter(Boolean);
    return known.length > 0 ? known.join(', ') : `идентификатор субъекта ${person.subject}`;
  }
  const ids = unique(matter.lines.flatMap(({ receipt }) => idsOf(receipt)));
  const spans = unique(matter.lines.map(({ receipt }) => periodOf(receipt)));
  if (ids.length === 0) return `Лица, к которым относятся записи ${spans.join('; ')}`;
  const shown = ids.slice(0, idsInRow).join(', ');
  const more = ids.length > idsInRow ? ` и ещё ${ids.length - idsInRow} (перечень в выгрузке)` : '';
  return `Лица, к которым относятся записи по идентификаторам ${shown}${more} ${spans.join('; ')}`;
}

const things = /\b(?:prj|acc|req|pln|act)_[0-9a-z]+/g;

function idsOf(receipt: EraseReceipt): string[] {
  return unique([...(receipt.ids ?? []), ...(receipt.keyNames ?? []).flatMap((name) => name.match(things) ?? [])]);
}

function periodOf({ from, to }: EraseReceipt): string {
  if (!from) return 'за истёкший срок хранения';
  return to && !to.equals(from) ? `за период с ${ru(from)} по ${ru(to)}` : `за ${ru(from)}`;
}

/** How it was destroyed: what lay on carriers also as the person says. */
function methodsOf(line: ActLine): string[] {
  const { carriers } = line.receipt;
  if (!isAutomated(line)) return [capital(carriers?.way ?? 'физическое уничтожение носителей')];
  return [methodOf(line.receipt), ...(carriers ? [capital(carriers.way)] : [])];
}

function methodOf(receipt: EraseReceipt): string {
  const rows = receipt.outcome === 'anonymised' ? 'обезличивание записей' : 'удаление записей из базы данных';
  return receipt.keys ? `Уничтожение ключей шифрования (${receipt.keys}) и ${rows}` : capital(rows);
}

function processors(law: Law): string {
  const names = law.operator.recipients
    .filter(({ role }) => role === 'processor')
    .map(({ name, address }) => (address ? `${name}, ${address}` : name));
  return names.join('; ') || 'Не привлекались';
}

/** A day as an act prints it. */
export function ru(day: Day): string {
  return `${String(day.day).padStart(2, '0')}.${String(day.month).padStart(2, '0')}.${day.year}`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const unique = <T>(list: readonly T[]): T[] => [...new Set(list)];
const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0);
