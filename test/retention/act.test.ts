import { expect } from 'chai';
import { loadLaw } from '../../core/law/index.ts';
import { type ActMatter, actContent } from '../../core/retention/act.ts';
import { day, moscow } from './house.ts';

describe('an act of destruction', () => {
  const matter = (on: string, change: Partial<ActMatter> = {}): ActMatter => ({
    at: moscow(on),
    madeOn: day(on),
    lines: [
      {
        store: 'relay.payloads',
        title: 'Содержание сообщений',
        system: 'ИСПДн «Журнал сообщений»',
        categories: ['Содержание электронных сообщений'],
        receipt: {
          ...{ outcome: 'erased', affected: 7, remaining: 0, keys: 2, from: day('2026-05-12'), to: day('2026-05-13') },
          keyNames: ['payload/2026-05-12/prj_01abc', 'payload/2026-05-13/prj_01def'],
        },
      },
    ],
    stays: [],
    reason: 'Истёк срок хранения',
    checked: 'Не требуется',
    keep: null,
    ...change,
  });
  const law = loadLaw({ root: new URL('../../policies/', import.meta.url), operator: 'qsockets' });
  const plain = (text: unknown): string => JSON.stringify(text).replaceAll('\u00a0', ' ');

  it('has every field of order 179, and the extract too', async () => {
    const { data, records, keys } = actContent(await law, matter('2026-11-16'), null);
    expect(data.fields.map(({ point }) => point).join('')).to.equal('абвгдежзик');
    expect(data.fields.every(({ value }) => value.length > 0)).to.equal(true);
    expect(plain(data.clause)).to.include('№ 179');
    expect(data.extract?.rows).to.have.length(1);
    expect(data.extract?.columns).to.have.length(data.extract?.rows[0]?.length ?? 0);
    expect(data.extract?.sha256).to.match(/^[0-9a-f]{64}$/);
    expect([records, keys]).to.deep.equal([7, 2]);
  });

  it('of an automatic sweep names projects and the period', async () => {
    const { data } = actContent(await law, matter('2026-11-16'), null);
    const who = plain(data.fields.find(({ point }) => point === 'в')?.value);
    expect(who).to.include('prj_01abc, prj_01def').and.to.include('с 12.05.2026 по 13.05.2026');
  });

  it('of a person names the person and the case', async () => {
    const person = { subject: 'sub_1', name: 'Ада Лавлейс', email: 'ada@example.ru', caseNumber: 'ЗС-2026-0001' };
    const { data } = actContent(await law, matter('2026-11-16', { person }), null);
    expect(data.extract?.rows[0]?.[0]).to.equal('Ада Лавлейс, ada@example.ru, дело ЗС-2026-0001');
  });

  it('after the order has ended rests on the law itself and keeps the fields as the operator’s choice', async () => {
    const { data } = actContent(await law, matter('2029-06-01'), null);
    expect(plain(data.clause)).to.match(/ст\. 21 ч\. 7 152-ФЗ/);
    expect(data.note).to.be.a('string');
    expect(data.fields.map(({ point }) => point).join('')).to.equal('абвгдежзик');
  });
});
