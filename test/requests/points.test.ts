import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import type { RegisteredStore } from '../../core/datamap/index.ts';
import { type Law, loadLaw } from '../../core/law/index.ts';
import { type OpenPart, pointsOf } from '../../core/requests/package.ts';

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
  const answer = async (operator: string): Promise<Map<string, string>> => {
    const law = await loadLaw({ root, operator });
    return new Map(pointsOf(law, [aPart(law)], today).map(({ point, body }) => [point, body.join('\n')]));
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

  it('name the recipients abroad and the cross-border transfer', async () => {
    const points = await answer('activecloud');
    expect(points.get('4')).to.include('Вендоры и дистрибьюторы за рубежом');
    expect(points.get('8')).to.include('в том числе за рубеж');
  });
});
