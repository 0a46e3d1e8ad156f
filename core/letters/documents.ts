import { createHash } from 'node:crypto';
import { type Clock, newId, Refusal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Law } from '../law/index.ts';
import type { Vault } from '../vault/index.ts';
import type { DocumentKind } from './data.ts';
import { papers } from './papers/index.ts';
import { renderPdf } from './pdf.ts';
import {
  anchorDocuments,
  type DocumentRow,
  findDocument,
  insertDocument,
  listDocuments,
  lockDocument,
  updateDocument,
} from './store.ts';
import type { Templates } from './templates.ts';
import type { DocumentRecord, Documents } from './types.ts';
import { createWords } from './words.ts';

/** Series of numbers, and whether the term begins on the day the document is made (else with `anchor`). */
const kinds: Record<DocumentKind, { series: string; fromDay: boolean }> = {
  'request-receipt': { series: 'РП', fromDay: false },
  'access-answer': { series: 'ОТ', fromDay: false },
  'no-data-answer': { series: 'ОТ', fromDay: false },
  'erasure-answer': { series: 'ОТ', fromDay: false },
  'destruction-act': { series: 'АУ', fromDay: true },
  'log-access-report': { series: 'ОД', fromDay: true },
  invoice: { series: 'СЧ', fromDay: true },
};

export function createDocuments(deps: {
  db: Db;
  clock: Clock;
  vault: Vault;
  journal: Journal;
  law: Law;
  templates: Templates;
  number(trx: Trx, series: string, year: number): Promise<string>;
}): Documents {
  const { db, clock, vault, journal, law, templates } = deps;
  const words = createWords('ru', law.zone);

  const today = () => clock.now().toZonedDateTimeISO(law.zone).toPlainDate();

  async function render(kind: DocumentKind, number: string, data: unknown): Promise<{ bytes: Buffer; pages: number }> {
    const checked = templates.checkDocument(kind, data);
    const paper = papers[kind] as (typeof papers)[DocumentKind];
    const made = (paper as (data: unknown, about: unknown) => ReturnType<typeof paper>)(checked, {
      number,
      operator: law.operator,
      words,
      madeOn: today(),
    });
    return renderPdf(made, { at: clock.now(), author: law.operator.shortName });
  }

  async function store(
    trx: Trx,
    row: Omit<DocumentRow, 'key_name' | 'body' | 'sha256' | 'size' | 'made_at' | 'version'>,
    bytes: Buffer,
  ) {
    const at = clock.now();
    // A key of its own, so that a document of six years does not keep alive one of three.
    const key = `document/${today().toString().slice(0, 7)}/${row.id}`;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await insertDocument(trx, {
      ...row,
      key_name: key,
      body: await vault.seal(key, bytes, row.id),
      sha256,
      size: bytes.length,
      version: 1,
      made_at: at,
    });
    await journal.append(trx, {
      action: 'document.made',
      about: row.id,
      actor: 'system',
      body: { kind: row.kind, number: row.number, for: row.about_id, sha256 },
    });
    return { sha256, size: bytes.length };
  }

  async function need(id: string, trx?: Trx): Promise<DocumentRow> {
    const row = await findDocument(trx ?? db, id);
    if (!row) throw new Refusal('document.unknown', 'not-found', { document: id });
    return row;
  }

  return {
    async create(trx, { kind, about, subject, data, number: given }) {
      const day = today();
      const number = given ?? (await deps.number(trx, kinds[kind].series, day.year));
      const { bytes, pages } = await render(kind, number, data);
      const id = newId('doc', clock.now());
      const { sha256 } = await store(
        trx,
        {
          id,
          kind,
          number,
          name: `${kind}-${latin(number)}.pdf`,
          type: 'application/pdf',
          about_id: about,
          subject_id: subject ?? null,
          pages,
          anchored_on: kinds[kind].fromDay ? day : null,
        },
        bytes,
      );
      return { id, number, sha256, pages };
    },

    async replace(trx, id, data) {
      const row = await lockDocument(trx, id);
      if (!row?.number || row.kind === 'attachment')
        throw new Refusal('document.unknown', 'not-found', { document: id });
      const { bytes, pages } = await render(row.kind as DocumentKind, row.number, data);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const version = row.version + 1;
      const body = await vault.seal(row.key_name, bytes, row.id);
      await updateDocument(trx, id, { body, sha256, size: bytes.length, pages, version });
      await journal.append(trx, {
        action: 'document.replaced',
        about: id,
        actor: 'system',
        body: { kind: row.kind, number: row.number, was: row.sha256, sha256, version },
      });
      return { number: row.number, sha256, pages, version };
    },

    async attachment(trx, { about, name, type, bytes, subject }) {
      const id = newId('doc', clock.now());
      const made = await store(
        trx,
        {
          id,
          kind: 'attachment',
          number: null,
          name,
          type,
          about_id: about,
          subject_id: subject ?? null,
          pages: 0,
          anchored_on: null,
        },
        bytes,
      );
      return { id, ...made };
    },

    async pdf(id) {
      const row = await need(id);
      return vault.open(row.body, row.id);
    },

    async file(id, trx) {
      const row = await need(id, trx);
      return { name: row.name, type: row.type, bytes: await vault.open(row.body, row.id) };
    },

    async get(id, trx) {
      return toRecord(await need(id, trx));
    },

    async find(filter, trx) {
      return (await listDocuments(trx ?? db, filter)).map(toRecord);
    },

    anchor: anchorDocuments,
  };
}

function toRecord(row: Omit<DocumentRow, 'body'>): DocumentRecord {
  return {
    id: row.id,
    kind: row.kind as DocumentRecord['kind'],
    number: row.number,
    name: row.name,
    type: row.type,
    about: row.about_id,
    subject: row.subject_id,
    sha256: row.sha256,
    size: row.size,
    pages: row.pages,
    madeAt: row.made_at,
    version: row.version,
  };
}

/** Numbers in names of files: series are Cyrillic, file names travel better in Latin. */
function latin(number: string): string {
  const letters: Record<string, string> = {
    ...{ А: 'a', Б: 'b', В: 'v', Г: 'g', Д: 'd', Е: 'e', Ж: 'zh', З: 'z', И: 'i', К: 'k', Л: 'l', М: 'm', Н: 'n' },
    ...{ О: 'o', П: 'p', Р: 'r', С: 's', Т: 't', У: 'u', Ф: 'f', Х: 'h', Ц: 'c', Ч: 'ch', Ш: 'sh', Щ: 'sch' },
    ...{ Э: 'e', Ю: 'yu', Я: 'ya' },
  };
  return [...number].map((letter) => letters[letter] ?? letter.toLowerCase()).join('');
}
