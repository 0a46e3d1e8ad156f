import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Operator } from '../law/index.ts';
import type { Vault } from '../vault/index.ts';
import {
  countByDay,
  countRows,
  deleteParts,
  deleteRows,
  findPart,
  type LetterPart,
  listDocuments,
  listOf,
  type ScopeRows,
  spanOfDays,
} from './store.ts';

type Day = Temporal.PlainDate;

interface Words {
  ru: string;
  en: string;
}

type Scope =
  | { why: 'request'; subject: string; anchored: { from: Day; before: Day }[] | 'all' }
  | { why: 'expiry'; anchored: { from: Day; before: Day }[]; held: string[] };

interface Context {
  trx: Trx;
  vault: Vault;
  runId: string;
}

interface Receipt {
  outcome: 'erased' | 'not_found';
  affected: number;
  remaining: number;
  keys: number;
  keyNames: string[];
  tables: string[];
  from?: Day;
  to?: Day;
}

/** A store as the data map wants it; that room is to the right of this one, so the shape is written down here too. */
export interface LetterStore {
  title: Words;
  system: Words;
  subject: string;
  tables: string[];
  columns: Record<string, string>;
  purposes: string[];
  schedule: string;
  anchors(trx: Trx, subject?: string, until?: Day): Promise<{ day: Day | null; count: number }[]>;
  span(db: Db | Trx, from?: Day): Promise<{ first: Day; last: Day } | null>;
  locate?(trx: Trx, id: string): Promise<{ from: Day | null; subject: string | null } | null>;
  collect(subject: string, context: Context): Promise<{ rows: Record<string, unknown>[]; source: string }>;
  erase(scope: Scope, context: Context): Promise<Receipt>;
  rectify: { unsupported: string };
  restrict: { unsupported: string };
}

const correspondence: Words = { ru: 'ИСПДн «Переписка»', en: 'Correspondence' };

function scopeRows(scope: Scope, kinds?: readonly string[]): ScopeRows {
  const who = scope.why === 'request' ? { subject: scope.subject } : { held: scope.held };
  return { ...who, ranges: scope.anchored, ...(kinds ? { kinds } : {}) };
}

interface Deleted {
  affected: number;
  keys: string[];
  days: Day[];
}

/** What was deleted, as a receipt; the keys that sealed nothing else are shredded. */
async function receiptOf(
  { affected, keys, days }: Deleted,
  { remaining, tables, run }: { remaining: number; tables: string[]; run: string },
  { vault, runId }: Context,
): Promise<Receipt> {
  if (keys.length) await vault.shred(keys, { runId: `${runId}/${run}` });
  const sorted = days.map(String).sort();
  const first = days.find((day) => day.toString() === sorted[0]);
  const last = days.find((day) => day.toString() === sorted.at(-1));
  return {
    outcome: affected > 0 ? 'erased' : 'not_found',
    affected,
    remaining,
    keys: keys.length,
    keyNames: keys,
    tables,
    ...(first && last ? { from: first, to: last } : {}),
  };
}

/** Of whom, or of all, and to which day. */
function asked(subject: string | undefined, until: Day | undefined): Pick<ScopeRows, 'subject' | 'until'> {
  return { ...(subject ? { subject } : {}), ...(until ? { until } : {}) };
}

const leftOf = (scope: Scope): ScopeRows =>
  scope.why === 'request' ? { subject: scope.subject } : { ranges: scope.anchored };

async function eraseLetters(part: LetterPart, scope: Scope, context: Context): Promise<Receipt> {
  const { trx } = context;
  const deleted = await deleteParts(trx, part, scopeRows(scope));
  const remaining = await countRows(trx, 'core.letters', { ...leftOf(scope), part });
  return receiptOf(deleted, { remaining, tables: letterTables, run: `core.letters/${part}` }, context);
}

async function erasePapers(kinds: readonly string[], scope: Scope, context: Context): Promise<Receipt> {
  const { trx } = context;
  const deleted = await deleteRows(trx, 'core.documents', scopeRows(scope, kinds));
  const remaining = await countRows(trx, 'core.documents', { ...leftOf(scope), kinds });
  return receiptOf(deleted, { remaining, tables: ['core.documents'], run: `core.documents/${kinds[0]}` }, context);
}

const letterTables = ['core.letters', 'core.deliveries'];
const letterColumns = (category: string): Record<string, string> => ({
  'core.letters.template': 'technical',
  'core.letters.version': 'technical',
  'core.letters.locale': 'technical',
  'core.letters.attachments': 'technical',
  'core.letters.key_name': 'technical',
  'core.letters.body': category,
  'core.deliveries.channel': 'technical',
  'core.deliveries.state': 'technical',
  'core.deliveries.code': 'technical',
});

async function locateLetter(part: LetterPart, trx: Trx, id: string) {
  const row = await findPart(trx, part, id);
  return row ? { from: row.settled_on, subject: row.subject_id } : null;
}

const letters: LetterStore = {
  title: { ru: 'Письма', en: 'Letters' },
  system: correspondence,
  subject: 'any',
  tables: letterTables,
  columns: letterColumns('letter.body'),
  purposes: ['communication', 'compliance'],
  schedule: 'letter.body',
  anchors: (trx, subject, until) => countByDay(trx, 'core.letters', { part: 'letters', ...asked(subject, until) }),
  span: (db, from) => spanOfDays(db, 'letters', from),
  locate: (trx, id) => locateLetter('letters', trx, id),
  async collect(subject, { trx, vault }) {
    const rows: Record<string, unknown>[] = [];
    for (const letter of await listOf(trx, subject, 'letters')) {
      if (!letter.body) continue;
      const { subject: title, text, to } = JSON.parse((await vault.open(letter.body, letter.id)).toString('utf8'));
      rows.push({ id: letter.id, queued_at: letter.queued_at.toString(), to: to.email ?? '', subject: title, text });
    }
    return { rows, source: 'созданы оператором: письма, отправленные субъекту' };
  },
  erase: (scope, context) => eraseLetters('letters', scope, context),
  rectify: { unsupported: 'Отправленное письмо не меняется; ошибка исправляется новым письмом.' },
  restrict: { unsupported: 'Отправленные письма не используются повторно, обрабатывать в них больше нечего.' },
};

/** What stands on people's dashboards: mostly letters that were also sent, so that the text lies there once. */
const notices: LetterStore = {
  title: { ru: 'Уведомления в личном кабинете', en: 'Notices of the dashboard' },
  system: correspondence,
  subject: 'any',
  tables: letterTables,
  columns: letterColumns('notice'),
  purposes: ['communication', 'compliance'],
  schedule: 'notice',
  anchors: (trx, subject, until) => countByDay(trx, 'core.letters', { part: 'notices', ...asked(subject, until) }),
  span: (db, from) => spanOfDays(db, 'notices', from),
  locate: (trx, id) => locateLetter('notices', trx, id),
  async collect(subject, { trx, vault }) {
    const rows: Record<string, unknown>[] = [];
    for (const { id, body, placed_at, read_at } of await listOf(trx, subject, 'notices')) {
      if (!body) continue;
      const { subject: title, text } = JSON.parse((await vault.open(body, id)).toString('utf8'));
      rows.push({
        ...{ id, placed_at: placed_at?.toString() ?? null, read_at: read_at?.toString() ?? null },
        ...{ subject: title, text },
      });
    }
    return { rows, source: 'созданы оператором: уведомления, размещённые в личном кабинете' };
  },
  erase: (scope, context) => eraseLetters('notices', scope, context),
  rectify: { unsupported: 'Размещённое уведомление не меняется; ошибка исправляется новым уведомлением.' },
  restrict: { unsupported: 'Уведомление видит только тот, кому оно адресовано; обрабатывать в нём больше нечего.' },
};

/** Documents of one kind of term each: the table is shared, the category and the schedule are not. */
function papers(title: Words, category: string, kinds: readonly string[], purposes: string[]): LetterStore {
  return {
    title,
    system: correspondence,
    subject: 'any',
    tables: ['core.documents'],
    columns: {
      'core.documents.kind': 'technical',
      'core.documents.number': 'technical',
      'core.documents.name': 'technical',
      'core.documents.type': 'technical',
      'core.documents.key_name': 'technical',
      'core.documents.sha256': 'technical',
      'core.documents.body': category,
    },
    purposes,
    schedule: category,
    anchors: (trx, subject, until) => countByDay(trx, 'core.documents', { kinds, ...asked(subject, until) }),
    span: (db, from) => spanOfDays(db, kinds, from),
    async collect(subject, { trx }) {
      const found = (await listDocuments(trx, { subject })).filter(({ kind }) => kinds.includes(kind));
      return {
        rows: found.map(({ id, kind, number, name, made_at, sha256 }) => ({
          ...{ id, kind, number, name, made_at: made_at.toString(), sha256 },
        })),
        source: 'составлены оператором',
      };
    },
    erase: (scope, context) => erasePapers(kinds, scope, context),
    rectify: { unsupported: 'Выданный документ не меняется; ошибка исправляется новым документом.' },
    restrict: { unsupported: 'Документ хранится как доказательство и ни для чего другого не используется.' },
  };
}

/** The tables of this room that are about no one. */
export const letterImpersonal: Record<string, string> = {
  'core.counters': 'Счётчики номеров документов; ни о ком не говорят.',
};

/** The stores of this room: letters, and documents by the term they follow, of the kinds that this operator makes. */
export function createStores({
  logAccess,
  plugins,
}: Pick<Operator, 'logAccess' | 'plugins'>): Record<string, LetterStore> {
  const stores = allStores();
  return Object.fromEntries(
    Object.entries(stores).filter(
      ([name]) => (name !== 'log-access' || logAccess) && (name !== 'invoices' || plugins.includes('billing')),
    ),
  );
}

function allStores(): Record<string, LetterStore> {
  return {
    letters,
    notices,
    acts: papers(
      { ru: 'Акты об уничтожении (документы)', en: 'Acts of destruction (documents)' },
      'destruction.evidence',
      ['destruction-act'],
      ['compliance'],
    ),
    cases: papers(
      { ru: 'Ответы на обращения (документы)', en: 'Answers to requests (documents)' },
      'request.case-file',
      ['request-receipt', 'access-answer', 'no-data-answer', 'erasure-answer', 'attachment'],
      ['compliance'],
    ),
    'log-access': papers(
      { ru: 'Отчёты о доступе к логам (документы)', en: 'Reports of log access (documents)' },
      'log.access',
      ['log-access-report'],
      ['protection', 'compliance'],
    ),
    invoices: papers(
      { ru: 'Счета (документы)', en: 'Invoices (documents)' },
      'billing.document',
      ['invoice'],
      ['payments'],
    ),
  };
}
