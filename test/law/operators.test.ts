import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { type Law, loadLaw, readCoverage, requisites } from '../../core/law/index.ts';

const root = new URL('../../policies/', import.meta.url);
const project = new URL('../../', import.meta.url);
const today = Temporal.PlainDate.from('2026-11-20');
const names = readdirSync(new URL('operators/', root)).sort();
/** What every operator keeps because it works with this program, whatever its documents say. */
const kept = [
  'account.profile',
  'account.security',
  'session',
  'acceptance',
  'consent.proof',
  'billing.document',
  'letter.body',
  'notice',
  'support.letter',
  'request.case-file',
  'request.identity-document',
  'destruction.evidence',
  'journal.entry',
];

for (const name of names) {
  describe(`the pack of ${name}`, () => {
    let law: Law;
    before(async () => {
      law = await loadLaw({ root, operator: name });
    });

    it('has a term for everything that the program itself keeps', () => {
      for (const category of kept) expect(String(law.keep(category, { from: today }).destroyBy)).to.match(/^20\d\d-/);
    });

    it('opens no duty without a term, whoever the customer is', () => {
      for (const customer of ['business', 'consumer'] as const) {
        for (const { fact } of law.facts()) {
          for (const duty of law.duties(fact, { customer })) {
            const { dueOn, lateFrom, mayFrom } = law.due(duty, { from: today, customer });
            expect(String(dueOn ?? lateFrom ?? mayFrom), duty).to.match(/^20\d\d-/);
          }
        }
      }
      expect(law.duties('claim.received', { customer: 'consumer' })).to.deep.equal([
        'claim.answer',
        'consumer.money-claim',
      ]);
      const answered = name === 'qsockets' ? ['claim.answer'] : [];
      expect(law.duties('claim.received', { customer: 'business' })).to.deep.equal(answered);
    });

    it('has a purpose for every category it keeps, and a term or a finding for every category of its purposes', () => {
      const used = new Set(law.operator.purposes.flatMap((purpose) => purpose.processing));
      const scheduled = new Set(law.operator.schedules.map((one) => one.category));
      expect([...scheduled].filter((category) => !used.has(category))).to.deep.equal([]);
      const found = new Set(law.lint(today).map((finding) => finding.id));
      const without = [...used].filter((category) => !scheduled.has(category));
      expect(without.filter((category) => !found.has(`no-schedule.${category}`))).to.deep.equal([]);
    });

    it('keeps nothing of a special category', () => {
      const special = new Set(law.categories().flatMap((one) => (one.special ? [one.id] : [])));
      expect(special.size).to.be.greaterThan(0);
      expect(law.operator.purposes.flatMap((one) => one.processing).filter((id) => special.has(id))).to.deep.equal([]);
    });

    it('has a public summary of every document that is not empty and leaves nothing open', () => {
      for (const document of law.operator.documents.filter(({ kind }) => kind === 'policy' || kind === 'contract')) {
        const items = law.summary(document.id, today).flatMap((section) => section.items);
        expect(items).to.not.have.length(0);
        for (const { text, clause } of items) {
          expect(text).to.not.match(/undefined|null|\[object|через сразу/);
          expect(clause).to.match(/^\p{L}/u);
        }
      }
    });

    it('names every contradiction of its inventory when it is linted', async () => {
      const { rows } = await readCoverage(root, project);
      const declared = rows.filter((row) => row.document === `${name}-contradictions`).map((row) => row.id);
      const found = new Set(law.lint(today).flatMap((finding) => finding.inventory));
      expect(declared).to.not.have.length(0);
      expect(declared.filter((id) => !found.has(id ?? ''))).to.deep.equal([]);
    });
  });
}

describe('the other operators', () => {
  const load = (operator: string) => loadLaw({ root, operator });

  it('Chat2Desk is named as its policy names it', async () => {
    const { operator } = await load('chat2desk');
    expect(requisites(operator)).to.deep.equal({
      inn: 'ИНН 7811527760',
      address: '197110, г. Санкт-Петербург, ул. Малая Разночинная, дом № 9, литер А, комната 3, помещения 10-Н',
      postal: '197227, г. Санкт-Петербург, ул. Гаккелевская, д. 21, лит. А, ячейка № 9',
      email: 'info@chat2desk.com',
      contact: 'info@chat2desk.com',
    });
    expect(operator.ogrn).to.equal('1127847409557');
    expect(operator.site).to.equal('https://chat2desk.com');
    expect(operator.oriStatus).to.equal('disputed');
  });

  it('X-Keeper is named as its policy names it, and what it leaves out is said to be left out', async () => {
    const { operator } = await load('x-keeper');
    expect(requisites(operator)).to.deep.equal({
      inn: 'ИНН не указан в документах',
      address: 'адрес не указан в документах',
      postal: 'почтовый адрес не указан в документах',
      email: 'info@x-keeper.ru',
      contact: 'info@x-keeper.ru',
    });
    expect(operator.phone).to.equal('+7 (495) 589-52-16');
  });

  it('ActiveCloud sends everybody to its site, and names nothing else', async () => {
    const { operator } = await load('activecloud');
    expect(requisites(operator).contact).to.equal('https://www.activecloud.ru');
    expect(requisites(operator).email).to.equal('адрес электронной почты не указан в документах');
    expect([operator.inn, operator.ogrn, operator.address, operator.postal, operator.phone]).to.deep.equal(
      Array(5).fill(undefined),
    );
  });

  it('give what they say of recipients abroad: countries, and where the country is not known', async () => {
    const abroad = async (operator: string) =>
      (await load(operator)).operator.recipients
        .filter(({ country }) => country !== 'RU')
        .map(({ id, country }) => `${id} ${country}`);
    expect(await abroad('chat2desk')).to.deep.equal([
      'google-analytics US',
      'whatsapp US',
      'facebook US',
      'skype US',
      'viber LU',
      'telegram AE',
      'wechat CN',
    ]);
    expect(await abroad('x-keeper')).to.deep.equal([]);
    expect(await abroad('activecloud')).to.deep.equal([
      'google-analytics US',
      'google-search-console US',
      'vendors-abroad ZZ',
      'telegram AE',
      'skype US',
      'viber LU',
    ]);
  });

  it('X-Keeper writes to its users in five ways, each with its own rule of receipt', async () => {
    const { channels, marketing } = (await load('x-keeper')).operator;
    expect(marketing?.channels.map((id) => channels.find((one) => one.id === id)?.receipt)).to.deep.equal([
      'sent-unless-bounced',
      'placed',
      'delivered',
      'delivered',
      'spoken',
    ]);
  });

  it('ActiveCloud promises more rights than the law gives, and honours each by its own term', async () => {
    const law = await load('activecloud');
    const promised = law.operator.rights.filter(({ source }) => source === 'promise');
    expect(promised.map(({ id }) => id)).to.deep.equal(['restriction', 'portability', 'interest-objection']);
    for (const { duty } of promised) {
      expect(String(law.due(duty ?? '', { from: today }).dueOn)).to.equal('2026-12-20');
    }
  });

  it('do not decide whether the law on organisers binds them by silence: only Chat2Desk leaves it open', async () => {
    const open = async (operator: string) =>
      (await load(operator)).lint(today).some(({ id }) => id === 'ori-status.open');
    expect([await open('chat2desk'), await open('x-keeper'), await open('activecloud')]).to.deep.equal([
      true,
      false,
      false,
    ]);
  });
});
