import { expect } from 'chai';
import { triage } from '../../plugins/notification/triage.ts';

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

  it('does not read what is only quoted', () => {
    expect(triage('Спасибо, вопрос решён.\n> Прошу удалить мои данные').kind).to.equal('other');
  });
});
