import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import type { RegisteredStore } from '../../core/datamap/index.ts';
import { type Law, loadLaw, type Purpose } from '../../core/law/index.ts';
import type { DocumentData } from '../../core/letters/index.ts';
import { otherBases } from '../../core/requests/kinds.ts';
import { type OpenPart, pointsOf } from '../../core/requests/package.ts';
import { openHouse } from '../letters/house.ts';

const root = new URL('../../policies/', import.meta.url);
const today = Temporal.PlainDate.from('2026-11-20');

/** A part of an answer out of one store that serves every purpose of the operator. */
function aPart(law: Law): OpenPart {
  const store = {
    title: { ru: 'Учётные записи', en: 'Accounts' },
    system: { ru: 'ИСПДн «Учётные записи»', en: 'Accounts' },
    purposes: law.operator.purposes.map(({ id }) => id),
    schedule: 'account.profile',
    columns: {},
  };
  return {
    entry: { key: 'accounts.profiles', owner: 'accounts', store } as unknown as RegisteredStore,
    collected: { rows: [{ email: 'ada@example.org' }], source: 'указаны при регистрации' },
  } as unknown as OpenPart;
}

describe('the points of an answer about access', () => {
  const answer = async (operator: string, on = today): Promise<Map<string, string>> => {
    const law = await loadLaw({ root, operator });
    return new Map(pointsOf(law, [aPart(law)], on).map(({ point, body }) => [point, body.join('\n')]));
  };

  for (const operator of readdirSync(new URL('operators/', root)).sort()) {
    it(`are all filled from the pack of ${operator}`, async () => {
      const points = await answer(operator);
      expect([...points.keys()]).to.deep.equal(['1', '2', '3', '4', '5', '6', '7', '8', '9', '9.1', '10']);
      for (const [point, body] of points) {
        expect(body, point).to.not.equal('');
        expect(body, point).to.not.match(/undefined|null|— \.|: \.|\[object/);
      }
    });
  }

  it('say so where the documents name no basis and no address', async () => {
    const points = await answer('x-keeper');
    expect(points.get('2')).to.include(
      'Идентификация стороны в рамках соглашений — правовое основание в документах оператора не указано.',
    );
    expect(points.get('2')).to.include('Новости и специальные предложения — предварительное согласие субъекта');
    expect(points.get('4')).to.include('адрес не указан в документах');
  });

  it('name a ground that has been repealed as such, and not among those that stand', async () => {
    const said = ((await answer('chat2desk')).get('2') ?? '').replaceAll('\u00a0', ' ');
    const [line] = said.split('\n').filter((one) => one.startsWith('Идентификация пользователей сервисов'));
    expect(line).to.equal(
      'Идентификация пользователей сервисов — исполнение договора, стороной которого является субъект (ст. 6 ч. 1 п. 5 152-ФЗ от 27.07.2006). ' +
        'Документы оператора называют ещё основание «доступ неограниченного круга лиц к данным предоставлен субъектом либо по его просьбе (Политика 5.5)» (ст. 6 ч. 1 п. 10 152-ФЗ от 27.07.2006): ' +
        'оно утратило силу (отменён 519-ФЗ от 30.12.2020) и не применяется.',
    );
  });

  it('say the same on paper', async () => {
    const house = await openHouse('2026-11-20T09:00:00Z', 'chat2desk');
    try {
      const example = readFileSync(new URL('../templates/pdf/access-answer.schema.json', root), 'utf8');
      const points = pointsOf(house.law, [aPart(house.law)], today);
      const data = { ...JSON.parse(example).examples[0], points } as DocumentData['access-answer'];
      const { id } = await house.story((trx) =>
        house.letters.documents.create(trx, { kind: 'access-answer', about: 'req_a', data }),
      );
      const file = join(mkdtempSync(join(tmpdir(), 'srok-answer-')), 'answer.pdf');
      writeFileSync(file, await house.letters.documents.pdf(id));
      const text = execFileSync('pdftotext', [file, '-'], { encoding: 'utf8' }).replace(/\s+/g, ' ');
      rmSync(join(file, '..'), { recursive: true });
      expect(text).to.match(
        /ст\. 6 ч\. 1 п\. 10 152-ФЗ от 27\.07\.2006\): оно утратило силу \(отменён 519-ФЗ от 30\.12\.2020\)/,
      );
      expect(text.match(/п\. 10 152-ФЗ/g), 'named once, as what it is').to.have.length(1);
    } finally {
      await house.close();
    }
  });

  it('name it as a ground while it stood', async () => {
    const said = (await answer('chat2desk', Temporal.PlainDate.from('2021-02-28'))).get('2') ?? '';
    expect(said.replaceAll('\u00a0', ' ')).to.include('(Политика 5.5) (ст. 6 ч. 1 п. 10 152-ФЗ от 27.07.2006).');
    expect(said).to.not.include('утратило силу');
  });

  it('do not let a purpose go on after an objection by a ground that has been repealed', async () => {
    const law = await loadLaw({ root, operator: 'chat2desk' });
    const purpose = law.operator.purposes.find(({ id }) => id === 'identification') as Purpose;
    const [contract, gone] = purpose.bases as [Purpose['bases'][0], Purpose['bases'][0]];
    expect(otherBases(law, purpose, today)).to.deep.equal([contract]);
    expect(otherBases(law, { ...purpose, bases: [gone] }, today)).to.deep.equal([]);
  });

  it('name the recipients abroad and the cross-border transfer', async () => {
    const points = await answer('activecloud');
    expect(points.get('4')).to.include('Вендоры и дистрибьюторы за рубежом');
    expect(points.get('8')).to.include('в том числе за рубеж');
  });
});
