import { expect } from 'chai';
import type { RequestKind } from '../../core/index.ts';
import { triage as sort } from '../../plugins/notification/triage.ts';

const lawful: readonly RequestKind[] = [
  ...(['access', 'erasure', 'rectification', 'withdrawal', 'stop', 'objection', 'other'] as const),
];
const promised: readonly RequestKind[] = ['restriction', 'portability', 'interest-objection'];
const triage = (text: string) => sort(text, lawful);

describe('sorting letters', () => {
  const cases: [string, string][] = [
    ['Прошу сообщить, какие персональные данные обо мне вы обрабатываете.', 'access'],
    ['Здравствуйте! Что вы обо мне храните? Пришлите копию.', 'access'],
    ['Запрос по ст. 14 152-ФЗ', 'access'],
    ['Прошу предоставить мне доступ к моим персональным данным', 'access'],
    ['Пожалуйста, удалите мой аккаунт и все данные.', 'erasure'],
    ['Требую уничтожить мои персональные данные', 'erasure'],
    ['Сотрите мою учётную запись', 'erasure'],
    ['Хочу, чтобы мои данные были удалены', 'erasure'],
    ['Отзываю согласие на обработку персональных данных', 'withdrawal'],
    ['Отзыв согласия', 'withdrawal'],
    ['Прошу прекратить обработку моих персональных данных', 'stop'],
    ['В профиле неверно указана фамилия, исправьте её', 'rectification'],
    ['Измените, пожалуйста, мой адрес электронной почты', 'rectification'],
    ['Возражаю против решения, принятого автоматически', 'objection'],
    ['Не работает кнопка оплаты', 'other'],
    ['', 'other'],
  ];
  for (const [text, kind] of cases) {
    it(`«${text}» is ${kind}`, () => {
      expect(triage(text).kind).to.equal(kind);
    });
  }

  it('takes the strictest reading when a letter asks for several things, and is not sure', () => {
    const answer = triage('Отзываю согласие и прошу удалить мои данные');
    expect(answer.kind).to.equal('withdrawal');
    expect(answer.sure).to.equal(false);
    expect(answer.found).to.include('erasure');
    expect(triage('Удалите мой аккаунт').sure).to.equal(true);
  });

  it('knows the rights that only a promise gives where the operator has promised them', () => {
    const letters: [string, RequestKind, RequestKind][] = [
      ['Прошу ограничить обработку моих данных', 'restriction', 'other'],
      ['Передайте мои данные другому оператору', 'portability', 'other'],
      ['Пришлите мои данные в машиночитаемом виде', 'portability', 'other'],
      ['Возражаю против обработки на основании законного интереса', 'interest-objection', 'objection'],
    ];
    for (const [text, there, elsewhere] of letters) {
      expect(sort(text, [...lawful, ...promised]).kind, text).to.equal(there);
      expect(triage(text).kind, text).to.equal(elsewhere);
    }
  });

  it('does not read what is only quoted', () => {
    expect(triage('Спасибо, вопрос решён.\n> Прошу удалить мои данные').kind).to.equal('other');
  });
});
