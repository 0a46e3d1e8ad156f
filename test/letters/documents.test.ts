import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Refusal } from '../../core/base/index.ts';
import type { DocumentData, DocumentKind } from '../../core/letters/index.ts';
import { day, type House, openHouse, root } from './house.ts';

const kinds: DocumentKind[] = [
  ...(['request-receipt', 'access-answer', 'no-data-answer', 'erasure-answer'] as const),
  ...(['destruction-act', 'log-access-report', 'invoice'] as const),
];

function sample<K extends DocumentKind>(kind: K): DocumentData[K] {
  const file = new URL(`templates/pdf/${kind}.schema.json`, root);
  return JSON.parse(readFileSync(file, 'utf8')).examples[0];
}

function textOf(pdf: Buffer, ...options: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'srok-pdf-'));
  try {
    const file = join(folder, 'a.pdf');
    writeFileSync(file, pdf);
    return execFileSync('pdftotext', [...options, file, '-'], { encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const flat = (text: string): string => text.replace(/\s+/g, ' ');

describe('documents', () => {
  let house: House;
  before(async () => {
    house = await openHouse('2026-05-20T10:00:00Z');
  });
  after(() => house.close());

  for (const kind of kinds) {
    it(`${kind} is a PDF whose Cyrillic can be taken out again`, async () => {
      const made = await house.story((trx) =>
        house.letters.documents.create(trx, { kind, about: `req_${kind}`, data: sample(kind) }),
      );
      const pdf = await house.letters.documents.pdf(made.id);
      expect(pdf.subarray(0, 5).toString()).to.equal('%PDF-');
      const text = flat(textOf(pdf));
      expect(text).to.include('ООО «КЬЮ-СТАРТ»');
      expect(text).to.include(made.number);
      expect(text).to.include(`стр. 1 из ${made.pages}`);
      expect(pdf.toString('latin1'))
        .to.match(/\/Lang \(ru-RU\)/)
        .and.match(/\/StructTreeRoot/)
        .and.match(/\/Outlines/);
    });
  }

  it('the answer to a request for access has every point of the list, the day with its count, tables and volumes', async () => {
    const data = sample('access-answer');
    const { id } = await house.story((trx) =>
      house.letters.documents.create(trx, { kind: 'access-answer', about: 'req_a', data }),
    );
    const text = flat(textOf(await house.letters.documents.pdf(id)));
    for (const { point, title } of data.points) expect(text).to.include(`${point}. ${title}`);
    for (const step of data.computed) expect(text).to.include(step);
    expect(text).to.include('alsu@example.org').and.include('41 234').and.include('700 МБ');
  });

  it('an act is a draft until it is signed, under the same number, and the journal knows both digests', async () => {
    const { story, letters } = house;
    const draft = await story((trx) =>
      letters.documents.create(trx, { kind: 'destruction-act', about: 'swp_1', data: sample('destruction-act') }),
    );
    expect(textOf(await letters.documents.pdf(draft.id))).to.include('ПРОЕКТ, не подписан');
    const signed = await story((trx) =>
      letters.documents.replace(trx, draft.id, {
        ...sample('destruction-act'),
        signed: { at: '2026-05-20T11:00:00Z', name: 'А. В. Соколова', post: 'Ответственный' },
      }),
    );
    expect(signed.number).to.equal(draft.number);
    expect(signed.sha256).not.to.equal(draft.sha256);
    const text = flat(textOf(await letters.documents.pdf(draft.id)));
    expect(text).not.to.include('ПРОЕКТ');
    expect(text).to.include('Подписан 20.05.2026, 14:00 МСК.').and.include('А. В. Соколова');
    await house.journal.sealUp();
    const [entry] = await house.journal.list({ action: 'document.replaced' });
    expect(entry?.body).to.deep.include({ was: draft.sha256, sha256: signed.sha256, version: 2 });
  });

  it('an act keeps its signature with its table, and only a draft has the red box', async () => {
    const { story, letters } = house;
    const data = sample('destruction-act');
    // However long the table, the signature never opens a page alone.
    for (const extra of [0, 2, 4, 6, 8, 10, 12]) {
      const more = Array.from({ length: extra }, (_one, n) => ({
        point: `я${n}`,
        title: `Сведение ${n}`,
        value: 'есть',
      }));
      const { id } = await story((trx) =>
        letters.documents.create(trx, {
          kind: 'destruction-act',
          about: `swp_keep_${extra}`,
          data: {
            ...data,
            fields: [...data.fields, ...more],
            signed: { at: '2026-05-20T11:00:00Z', name: 'А', post: 'Б' },
          },
        }),
      );
      const pages = textOf(await letters.documents.pdf(id), '-layout').split('\f');
      const page = pages.find((text) => text.includes('подпись\n') || /подпись\s*$/m.test(text)) ?? '';
      expect(page.trimStart(), `with ${extra} more rows`).not.to.match(/^(?:Ответственный|Подписан|подпись)/);
      expect(page).to.include('Выгрузка из журнала').and.include('Подписан 20.05.2026');
    }
  });

  it('an act tells in one breath why something stays', async () => {
    const { story, letters } = house;
    const ground =
      '1 год: Выбор оператора; основание: Исполнение договора (ст. 6 ч. 1 п. 5 152-ФЗ), Законные интересы оператора (ст. 6 ч. 1 п. 7 152-ФЗ)';
    const data = { ...sample('destruction-act'), stays: [{ what: 'Письма', ground, until: '2027-06-12', count: 3 }] };
    const { id } = await story((trx) =>
      letters.documents.create(trx, { kind: 'destruction-act', about: 'swp_why', data }),
    );
    const text = flat(textOf(await letters.documents.pdf(id)));
    expect(text).to.include('законные интересы оператора (ст. 6 ч. 1 п. 7 152-ФЗ)');
    expect(text).not.to.match(/Выбор оператора|основание: |Исполнение договора/);
  });

  it('the report prints names large and ids small, below them', async () => {
    const { story, letters } = house;
    const data = sample('log-access-report');
    const who = 'Ким Андрей (acc_01kqrtvtj042fqa46vtzdf429z)';
    data.grants = data.grants.map((grant) => ({ ...grant, who }));
    data.refused = data.refused.map((one) => ({ ...one, who }));
    const { id } = await story((trx) => letters.documents.create(trx, { kind: 'log-access-report', about: 'r', data }));
    const text = textOf(await letters.documents.pdf(id));
    expect(text).to.include('учётная запись acc_01kqrtvtj042fqa46vtzdf429z').and.include('№ …df429z');
    expect(text).not.to.include('Ким Андрей (');
  });

  it('keeps every value inside its column, however long the word', async () => {
    const data = sample('destruction-act');
    const long = 'ы'.repeat(600);
    if (!data.extract) throw new Error('the sample has an extract');
    data.extract.rows = [
      [long, long, 'a', 'b', 'c'],
      ...Array.from({ length: 80 }, (_v, n) => [`строка ${n}`, 'x', 'y', 'z', 'w']),
    ];
    const { id, pages } = await house.story((trx) =>
      house.letters.documents.create(trx, { kind: 'destruction-act', about: 'swp_2', data }),
    );
    expect(pages).to.be.above(3);
    const pdf = await house.letters.documents.pdf(id);
    const boxes = [...textOf(pdf, '-bbox').matchAll(/xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)" yMax="([\d.]+)"/g)];
    for (const [, left, right, low] of boxes) {
      expect(Number(left)).to.be.at.least(70);
      expect(Number(right)).to.be.at.most(553.5);
      expect(Number(low)).to.be.at.most(842);
    }
    const text = textOf(pdf);
    expect(text.match(/ы/g)?.length).to.be.at.least(1200);
    expect(text.match(/Категории/g)?.length, 'the head of the table is repeated').to.be.at.least(3);
  });

  it('numbers a series without gaps, also when a transaction is taken back, and begins anew each year', async () => {
    const { letters, story } = house;
    const take = () => story((trx) => letters.number(trx, 'ЗС', 2026));
    expect(await take()).to.equal('ЗС-2026-0001');
    await story(async (trx) => {
      await letters.number(trx, 'ЗС', 2026);
      throw new Error('no');
    }).catch(() => {});
    const numbers = await Promise.all(Array.from({ length: 10 }, take));
    expect(numbers.sort()).to.deep.equal(
      Array.from({ length: 10 }, (_v, n) => `ЗС-2026-${String(n + 2).padStart(4, '0')}`),
    );
    expect(await story((trx) => letters.number(trx, 'ЗС', 2027))).to.equal('ЗС-2027-0001');
  });

  it('refuses data that do not fit, and names the field', async () => {
    const { total: _t, ...data } = { ...sample('invoice'), total: 0, totalKopecks: -1 };
    const refusal = await house
      .story((trx) => house.letters.documents.create(trx, { kind: 'invoice', about: 'inv_1', data }))
      .catch((error) => error);
    expect(refusal).to.be.instanceOf(Refusal);
    expect(refusal.code).to.equal('document.data');
    expect(refusal.details.field).to.equal('/totalKopecks');
  });

  it('keeps other files sealed beside the documents of a case', async () => {
    const { letters, story, db } = house;
    const zip = Buffer.from('PK тайна');
    const { id, sha256 } = await story((trx) =>
      letters.documents.attachment(trx, { about: 'req_z', name: 'data.zip', type: 'application/zip', bytes: zip }),
    );
    expect((await letters.documents.file(id)).bytes.equals(zip)).to.equal(true);
    const [found] = await letters.documents.find({ about: 'req_z' });
    expect(found).to.include({ id, kind: 'attachment', name: 'data.zip', sha256, size: zip.length });
    const row = await db('core.documents').where({ id }).first();
    expect(row.body.includes(Buffer.from('тайна'))).to.equal(false);
    expect(row.anchored_on).to.equal(null);
    await story((trx) => letters.documents.anchor(trx, 'req_z', day('2026-06-01')));
    expect((await db('core.documents').where({ id }).first()).anchored_on.toString()).to.equal('2026-06-01');
  });
});
