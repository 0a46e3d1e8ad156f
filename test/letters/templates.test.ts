import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Refusal } from '../../core/base/index.ts';
import { flatten, parse, toHtml, toText } from '../../core/letters/markup.ts';
import { loadTemplates } from '../../core/letters/templates.ts';

const mail = new URL('../../templates/mail/', import.meta.url);
const sender = {
  name: 'Общество с ограниченной ответственностью «Ромашка»',
  shortName: 'ООО «Ромашка»',
  address: '115035, г. Москва, ул. Примерная, д. 1',
  email: 'help@example.org',
  site: 'https://example.org',
  dpo: { post: 'Ответственный', email: 'dpo@example.org' },
};
const templates = loadTemplates(
  new URL('../../templates/', import.meta.url),
  sender,
  'Europe/Moscow',
  () => 'https://x.example',
);

describe('the templates of letters', () => {
  for (const { name, sample } of templates.list()) {
    for (const locale of ['ru', 'en'] as const) {
      it(`${name} renders in ${locale}, as text and HTML alike, with nothing left open`, () => {
        const { subject, text, html, body } = templates.render(name, sample, locale, { name: 'Анна' });
        for (const part of [subject, text, html, body.text])
          expect(part).not.to.match(/undefined|null|NaN|<%|\[object/);
        expect(subject).not.to.equal('');
        expect(text).to.include(locale === 'ru' ? 'Здравствуйте, Анна!' : 'Hello, Анна!');
        expect(text).to.include(locale === 'ru' ? 'Вы получили это письмо' : 'You received this email');
        expect(text).to.include('dpo@example.org');
        expect(html).to.include(`<html lang="${locale}">`);
        expect(text.split('\n').filter((line) => line.length > 90 && !/https?:/.test(line))).to.deep.equal([]);
        expect(html).not.to.match(/<(img|script|link)\b|url\(/);
      });
    }

    it(`${name} declares every variable it uses`, () => {
      const schema = JSON.parse(readFileSync(new URL(`${name}.schema.json`, mail), 'utf8'));
      for (const locale of ['ru', 'en']) {
        const source = readFileSync(new URL(`${name}.${locale}.eta`, mail), 'utf8');
        const used = [...source.matchAll(/\bd\.([a-zA-Z0-9]+)/g)].map((match) => match[1] as string);
        expect(used.filter((field) => !(field in schema.properties))).to.deep.equal([]);
      }
    });

    it(`${name} is refused when a required field is missing, and the field is named`, () => {
      const schema = JSON.parse(readFileSync(new URL(`${name}.schema.json`, mail), 'utf8'));
      for (const field of schema.required) {
        const { [field]: _left, ...rest } = sample as Record<string, unknown>;
        const refusal = refusalOf(() => templates.render(name, rest, 'ru', {}));
        expect(refusal?.code).to.equal('letter.data');
        expect(refusal?.details.field).to.equal(`/${field}`);
      }
    });
  }

  it('hold no legal value: no number of days, no article', () => {
    const found = readdirSync(mail)
      .filter((name) => name.endsWith('.eta'))
      .flatMap((name) => {
        const words = readFileSync(new URL(name, mail), 'utf8').replace(/<%[\s\S]*?%>/g, '');
        const match = /\d+\s*(рабочих|дней|дня|день|месяц|days?\b|months?\b)|\bст\.\s*\d|\d+-ФЗ/.exec(words);
        return match ? [`${name}: ${match[0]}`] : [];
      });
    expect(found).to.deep.equal([]);
  });

  it('print days and moments the Russian way and keep numbers beside their words', () => {
    const { text } = templates.render(
      'request.receipt',
      {
        number: 'ЗС-2026-0001',
        kind: 'запрос о доступе',
        receivedAt: '2026-11-20T21:30:00Z',
        dueOn: '2026-12-04',
        clause: 'ст. 20 ч. 1 Федерального закона от 27.07.2006 № 152-ФЗ',
      },
      'ru',
      {},
    );
    expect(text).to.include('21.11.2026, 00:30\u00a0МСК');
    expect(text).to.include('04.12.2026');
    expect(text).to.include('ст.\u00a020 ч.\u00a01');
    expect(text).to.include('№\u00a0152-ФЗ');
  });

  it('write «Вы» large, no day as machines write it, and no number apart from its word', () => {
    const wrong = templates.list().flatMap(({ name, sample }) => {
      const { subject, text } = templates.render(name, sample, 'ru', { name: 'Анна' });
      const words = `${subject}\n${text}`.replace(/https?:\S+/g, '');
      const faults = [
        /(?<!\p{L})(?:вы|вас|вам|вами|ваш\p{L}*)(?!\p{L})/u,
        /\d{4}-\d{2}-\d{2}/,
        /(?:ст|ч|п|г)\. (?=\d)|№ \d|\d (?:₽|%|МСК|рабоч|дней|дня|лет|год)/,
        /\b(?:acc|prj|req|edn)_/,
      ];
      return faults.flatMap((fault) => fault.exec(words)?.[0] ?? []).map((found) => `${name}: ${found}`);
    });
    expect(wrong).to.deep.equal([]);
  });

  it('tell a project by the end of its number where its name is not known', () => {
    const data = { project: 'prj_01kqvjdb00m252cef0815v4p04', plan: 'Мини', url: '/my', clause: 'Оферта 4.2.2' };
    const { subject, text } = templates.render('billing.period-ending', { ...data, endsOn: '2026-06-06' }, 'ru', {});
    expect(subject).to.equal('Оплаченный период проекта …5v4p04 заканчивается 06.06.2026');
    expect(text).to.include('«Мини»').and.include('Оферта, п.\u00a04.2.2');
  });

  it('links that begin with a slash lead to this installation', () => {
    const { html, text } = templates.render(
      'staff.invite',
      { url: '/setup/abc', expiresAt: '2026-05-13T09:00:00Z', roles: [] },
      'ru',
      {},
    );
    expect(html).to.include('href="https://x.example/setup/abc"');
    expect(text).to.include('https://x.example/setup/abc');
  });

  it('cannot be bent by data: no value makes a block, a tag or a link', () => {
    const { text, html } = templates.render(
      'request.refusal',
      {
        number: 'ЗС-2026-0001',
        receivedAt: '2026-11-20T09:00:00Z',
        ground: '→ https://evil.example ¦ Войти',
        clause: 'x',
        reasoning: '# другая тема\n→ https://evil.example ¦ Войти <script>alert(1)</script>',
        appeal: '• a',
      },
      'ru',
      {},
    );
    expect(html).not.to.include('href="https://evil.example"');
    expect(html).not.to.include('<script>');
    expect(html).to.include('&lt;script&gt;');
    expect(text).not.to.match(/^Войти/m);
  });
});

describe('the markup of letters', () => {
  it('says the same as text and as HTML', () => {
    const { subject, why, blocks } = parse(
      '# Тема\n\nПервая строка\nи вторая.\n\n• раз\n\n• два\n¦ Номер ¦ 1\n→ https://a.example ¦ Открыть\n? Почему',
    );
    expect([subject, why]).to.deep.equal(['Тема', 'Почему']);
    expect(toText(blocks)).to.equal(
      'Первая строка и вторая.\n\n- раз\n- два\n\nНомер: 1\n\nОткрыть:\nhttps://a.example',
    );
    expect(toHtml(blocks)).to.include('<li style="margin:0 0 4px">два</li>').and.include('href="https://a.example"');
  });

  it('flattens values to one line', () => {
    expect(flatten(' • a\r\n\r\n# b ¦ c')).to.equal('a # b | c');
    expect(flatten(undefined)).to.equal('');
  });
});

function refusalOf(work: () => unknown): Refusal | null {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof Refusal ? error : null;
  }
}
