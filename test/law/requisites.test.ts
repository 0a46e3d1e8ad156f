import { expect } from 'chai';
import { requisites } from '../../core/law/index.ts';

const bare = {
  name: 'Общество с ограниченной ответственностью «Ромашка»',
  shortName: 'ООО «Ромашка»',
  site: 'https://example.org',
  dpo: { post: 'Ответственный' },
};

describe('the requisites of an operator', () => {
  it('are said to be left out where the documents leave them out, in both languages', () => {
    expect(requisites(bare)).to.deep.equal({
      inn: 'ИНН не указан в документах',
      address: 'адрес не указан в документах',
      postal: 'почтовый адрес не указан в документах',
      email: 'адрес электронной почты не указан в документах',
      contact: 'https://example.org',
    });
    expect(Object.values(requisites(bare, 'en')).join(' ')).not.to.match(/undefined|null|не указан/);
  });

  it('are printed as they are stated; who answers for personal data is written to first', () => {
    const stated = requisites({
      ...bare,
      inn: '7811527760',
      address: 'г. Санкт-Петербург',
      email: 'info@example.org',
      dpo: { post: 'Ответственный', email: 'dpo@example.org' },
    });
    expect(stated).to.deep.equal({
      inn: 'ИНН 7811527760',
      address: 'г. Санкт-Петербург',
      postal: 'г. Санкт-Петербург',
      email: 'dpo@example.org',
      contact: 'info@example.org',
    });
  });

  it('name a telephone where there is no address to write to', () => {
    expect(requisites({ ...bare, phone: '+7 (495) 000-00-00' }).contact).to.equal('+7 (495) 000-00-00');
  });
});
