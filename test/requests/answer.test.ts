import { globSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import type { RegisteredStore, Volume } from '../../core/datamap/index.ts';
import { type Law, loadLaw } from '../../core/law/index.ts';
import { actionWords } from '../../core/requests/actions.ts';
import { createLabels, fieldWords, type Labels, reflow, valueWords } from '../../core/requests/labels.ts';
import { tablesOf, toCsv, volumesOf } from '../../core/requests/package.ts';
import { type PlantedHouse, plantHouse } from '../support/store-contract.ts';

const root = new URL('../../', import.meta.url);

/** Latin words that stand in Russian documents as they are. */
const adopted = /\b(?:IP|SHA-256|API|JSON|CSV|HTTP|WebSocket|e-mail)\b/g;
const latinWord = /[A-Za-z]{2,}/;
/** A word of a program: small Latin letters, perhaps with hyphens or underscores, and nothing else. */
const machineWord = /^[a-z]+(?:[-_.][a-z]+)*$/;

function anEntry(store: Partial<RegisteredStore['store']> = {}): RegisteredStore {
  return {
    key: 'shop.orders',
    owner: 'shop',
    store: {
      title: { ru: 'Заказы', en: 'Orders' },
      system: { ru: 'ИСПДн «Магазин»', en: 'Shop' },
      columns: { 'shop.orders.shoe_size': 'activity', 'shop.orders.row_state': 'technical' },
      schedule: 'account.profile',
      ...store,
    },
  } as RegisteredStore;
}

describe('what a person is answered', () => {
  let law: Law;
  let labels: Labels;
  before(async () => {
    law = await loadLaw({ root: new URL('policies/', root), operator: 'qsockets' });
    labels = createLabels(law);
  });

  describe('out of every store of an installation', function () {
    this.timeout(120_000);
    let house: PlantedHouse;
    before(async () => {
      house = await plantHouse();
    });
    after(() => house.close());

    it('has Russian heads, each of the dictionary, and no word of a program among its values', async () => {
      const wrong: string[] = [];
      let seen = 0;
      await house.lend(async (copy) => {
        for (const entry of copy.datamap.stores()) {
          for (const { subject } of house.couples.flatMap(({ anna, boris }) => [anna, boris])) {
            const { rows, summary = [] } = await copy.trial((context) => entry.store.collect(subject, context));
            seen += rows.length;
            const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
            for (const column of columns) {
              if (!fieldWords[column] && !fieldWords[`${entry.key}.${column}`]) wrong.push(`${entry.key}: ${column}`);
            }
            for (const head of labels.heads(entry, columns)) {
              if (latinWord.test(head.replace(adopted, ''))) wrong.push(`${entry.key}: ${head}`);
            }
            for (const row of rows) {
              for (const [column, value] of Object.entries(row)) {
                for (const on of ['paper', 'file'] as const) {
                  const said = labels.say(entry, column, value, on);
                  if (typeof said !== 'string') continue;
                  const closed = column in valueWords || `${entry.key}.${column}` in valueWords;
                  if (machineWord.test(said) || (closed && latinWord.test(said.replace(adopted, ''))))
                    wrong.push(`${entry.key}.${column}: ${said}`);
                }
              }
            }
            for (const { what } of summary) if (latinWord.test(what.replace(adopted, ''))) wrong.push(what);
          }
        }
      });
      expect(seen).to.be.above(100);
      expect([...new Set(wrong)]).to.deep.equal([]);
    });
  });

  it('gives the reasons of a store that cannot do something in Russian', () => {
    const reasons = globSync('{core,plugins}/**/*stores.ts', { cwd: root }).flatMap((file) =>
      [...readFileSync(new URL(file, root), 'utf8').matchAll(/unsupported:\s+'([^']+)'/g)].map(
        ([, why]) => why as string,
      ),
    );
    expect(reasons.length).to.be.above(15);
    expect(reasons.filter((why) => !/^[А-ЯЁ]/.test(why))).to.deep.equal([]);
  });

  it('calls every action of the journal by a name', () => {
    const used = globSync('{core,plugins}/**/*.ts', { cwd: root })
      .filter((file) => !file.startsWith('core/cli/demo/'))
      .flatMap((file) => [
        ...readFileSync(new URL(file, root), 'utf8').matchAll(/append\([^;]*?action: '([a-z.-]+)'/gs),
      ])
      .map(([, action]) => action as string);
    expect(used.length).to.be.above(30);
    expect([...new Set(used)].filter((action) => !actionWords[action])).to.deep.equal([]);
  });

  it('names a field that nobody knows by the category of its column, or of its store, and never twice alike', () => {
    expect(labels.heads(anEntry(), ['email', 'shoeSize', 'rowState', 'nowhere'])).to.deep.equal([
      'Электронная почта',
      'Действия в сервисе',
      'Регистрационные данные',
      'Регистрационные данные (2)',
    ]);
  });

  it('says values of closed vocabularies, plans and documents in words, days and moments as people write them', () => {
    const say = (column: string, value: unknown) => labels.say(anEntry(), column, value, 'paper');
    expect(say('outcome', 'wrong-code')).to.equal('неверный код');
    expect(say('plan', 'free')).to.equal('Бесплатный');
    expect(say('document', 'offer')).to.equal('оферта');
    expect(say('via', 'registration')).to.equal('при регистрации');
    expect(say('locale', 'ru')).to.equal('русский');
    expect(say('kopecks', 490000)).to.equal('4900,00');
    expect(say('day', Temporal.PlainDate.from('2026-06-15'))).to.equal('15.06.2026');
    expect(say('at', '2026-06-15T07:00:00Z')).to.equal('15.06.2026, 10:00\u00a0МСК');
    const project = labels.say({ ...anEntry(), key: 'relay.projects' }, 'state', 'deleted', 'paper');
    expect(project).to.equal('удалён');
  });

  it('shortens ids and digests on paper and keeps them whole in a file', () => {
    const id = 'acc_01kqrtvtj042fqa46vtzdf429d';
    const sum = 'e713a21188a743fd445e8f7dffdd131533d41426086e352dde98bcd83b4f2048';
    expect(labels.say(anEntry(), 'account', id, 'paper')).to.equal('…df429d');
    expect(labels.say(anEntry(), 'about', id, 'paper')).to.equal('учётная запись …df429d');
    expect(labels.say(anEntry(), 'account', id, 'file')).to.equal(id);
    expect(labels.say(anEntry(), 'sha256', sum, 'paper')).to.equal('e713a211…3b4f2048');
    expect(labels.say(anEntry(), 'sha256', sum, 'file')).to.equal(sum);
  });

  it('joins the lines that a mail program broke and leaves lists and signatures alone', () => {
    const letter = [
      'Здравствуйте!',
      '',
      'На основании статьи 14 Закона о персональных данных прошу сообщить, какие',
      'мои персональные данные вы обрабатываете, с какой целью, на каком основании',
      'и до какого времени, и прислать их копию.',
      '',
      '- почта, с которой я писал из дома и на которую никто мне так и не ответил',
      '- имя',
      '',
      'С уважением,',
      'Егор Смирнов',
    ].join('\r\n');
    expect(reflow(letter).split('\n')).to.deep.equal([
      'Здравствуйте!',
      '',
      'На основании статьи 14 Закона о персональных данных прошу сообщить, какие мои персональные данные вы обрабатываете, с какой целью, на каком основании и до какого времени, и прислать их копию.',
      '',
      '- почта, с которой я писал из дома и на которую никто мне так и не ответил',
      '- имя',
      '',
      'С уважением,',
      'Егор Смирнов',
    ]);
  });

  it('gives tables for office programs: a byte-order mark, semicolons, Russian heads, and formulas that do not run', () => {
    const csv = toCsv(labels, anEntry(), [
      { email: 'ada@example.ru', state: 'active', name: '=1+1' },
      { email: 'ada@example.ru', state: 'blocked', name: 'Ада; Лавлейс' },
    ]);
    expect(csv.split('\r\n')).to.deep.equal([
      '\ufeffЭлектронная почта;Состояние;Имя',
      "ada@example.ru;действует;'=1+1",
      'ada@example.ru;доступ заблокирован;"Ада; Лавлейс"',
      '',
    ]);
  });

  it('leaves out empty columns and tells the mostly empty ones of a wide table in words', () => {
    const rows = Array.from({ length: 4 }, (_one, n) => ({
      ...{ fact: 'учётная запись создана', at: '2026-06-15T07:00:00Z', email: 'a@b.ru', name: 'А', number: n },
      ...{ position: null, plan: n === 0 ? 'free' : null, kind: n === 0 ? 'login' : null, months: n === 1 ? 3 : null },
    }));
    const [table] = tablesOf(law, [{ entry: anEntry(), collected: { rows, source: 'получены от субъекта' } }]);
    expect(table?.columns).to.deep.equal(['Событие', 'Время', 'Электронная почта', 'Имя', 'Номер', 'Подробности']);
    expect(table?.rows.map((row) => row.at(-1))).to.deep.equal([
      'Тариф: Бесплатный\nВид: вход',
      'Месяцев: 3',
      null,
      null,
    ]);
  });

  it('prints the beginning of a long text and of a long table, and says where the rest is', () => {
    const rows = Array.from({ length: 50 }, () => ({ text: 'слово '.repeat(500) }));
    const [table] = tablesOf(law, [{ entry: anEntry(), collected: { rows, source: 'получены от субъекта' } }]);
    expect(table).to.include({ count: 50 });
    expect(table?.source).to.include('напечатаны первые 40 строк из 50');
    expect(String(table?.rows[0]?.[0]))
      .to.have.length.below(650)
      .and.match(/полностью — в приложении\]$/);
  });

  it('lists the volumes of a log with count, size, days and last day, and a long log by months', () => {
    const entry = anEntry({ schedule: 'message.payload' });
    const today = Temporal.PlainDate.from('2026-05-20');
    const volume = (day: string, until: string): Volume => ({
      ...{ what: 'Содержание сообщений', count: 2, bytes: 10 },
      ...{ from: Temporal.PlainDate.from(day), until: Temporal.PlainDate.from(until) },
    });
    const part = (summary: Volume[]) => [{ entry, collected: { rows: [], summary, source: 'переданы субъектом' } }];
    const [one] = volumesOf(law, part([volume('2026-05-12', '2026-11-12')]), today);
    expect(one).to.include({ count: 2, bytes: 10, from: '2026-05-12', until: '2026-11-12' });
    expect(one?.ground).to.match(/^6\sмесяцев: ст\./);
    const days = Array.from({ length: 40 }, (_one, n) => Temporal.PlainDate.from('2026-04-01').add({ days: n }));
    const months = volumesOf(
      law,
      part(days.map((day) => volume(day.toString(), day.add({ months: 6 }).toString()))),
      today,
    );
    expect(months.map(({ count, bytes, from, to, until }) => ({ count, bytes, from, to, until }))).to.deep.equal([
      { count: 60, bytes: 300, from: '2026-04-01', to: '2026-04-30', until: '2026-10-30' },
      { count: 20, bytes: 100, from: '2026-05-01', to: '2026-05-10', until: '2026-11-10' },
    ]);
  });
});
