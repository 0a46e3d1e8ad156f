import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { languageOf, reasonOf } from '../../plugins/relay/words.ts';
import { publish } from './engine.ts';
import { aStand, type Stand, until } from './stand.ts';

const root = new URL('../../', import.meta.url);
const locales = ['ru', 'en'] as const;
const words = Object.fromEntries(
  locales.map((locale) => [
    locale,
    JSON.parse(readFileSync(new URL(`templates/locales/${locale}.json`, root), 'utf8')),
  ]),
);

/** Every code that the plugin hands to a refusal, or has in a list of what it refuses. */
function codes(): string[] {
  const folder = new URL('plugins/relay/', root);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const found = new Set<string>();
  for (const file of files) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    const thrown = text.matchAll(/\b(?:new Refusal|refuse|bad)\(\s*'([a-z0-9-]+[.-][a-z0-9.-]+)'/g);
    const listed = text.matchAll(/\bcode[ =:]+'([a-z][a-z0-9.-]+)'/g);
    const answered = text.matchAll(/\[status, code, details\] = \[\d+, '([a-z0-9.-]+)'/g);
    for (const [, code] of [...thrown, ...listed, ...answered]) found.add(code as string);
  }
  return [...found];
}

describe('what the relay refuses', () => {
  let stand: Stand;

  before(async () => {
    stand = await aStand();
  });

  after(() => stand.close());
  afterEach(() => stand.hangUp());

  it('has words in both languages, with the same gaps', () => {
    const all = codes();
    expect(all.length).to.be.greaterThan(95);
    expect(all).to.include.members(['log.export-too-large', 'limit.rate', 'offset.ahead', 'pusher.no-cache']);
    const gaps = (text: string): string[] =>
      (text.match(/\{\{[\w.]+\}\}/g) ?? []).filter((gap) => gap !== '{{message}}').sort();
    for (const code of all) {
      const key = `refusal:${code}`;
      for (const locale of locales) expect(words[locale][key], `${key} ${locale}`).to.be.a('string');
      expect(gaps(words.en[key]), key).to.deep.equal(gaps(words.ru[key]));
    }
  });

  it('is told in the language that is asked for first; without one of ours, as the code has it', () => {
    const asks = (value?: string) => languageOf(value === undefined ? {} : { 'accept-language': value });
    expect(asks('ru-RU,ru;q=0.9,en;q=0.8')).to.equal('ru');
    expect(asks('de, en-US;q=0.7, ru;q=0.3')).to.equal('en');
    expect(asks('ru;q=0, en;q=0.1')).to.equal('en');
    for (const other of [undefined, '*', 'de-DE', '', ';;,q=', 'ru;q=nonsense']) expect(asks(other)).to.equal(null);
    const tooMany = { code: 'log.export-too-large', details: { count: 100_001, limit: 100_000, message: 'its own' } };
    expect(reasonOf(tooMany, 'en')).to.contain('100001 entries, and a file holds 100000');
    expect(reasonOf(tooMany, 'ru')).to.contain('100001 записей, а в файл помещается 100000');
    expect(reasonOf(tooMany, null)).to.equal('its own');
    expect(reasonOf({ code: 'not.known', details: { message: 'its own' } }, 'en')).to.equal('its own');
  });

  it('is told so by each door: to a request, to a line, to a frame', async () => {
    const { token } = await stand.aProject();
    const ahead = {
      ru: 'Такого сообщения ещё нет: последнее в этом канале — № 1.',
      en: 'the newest of this channel is 1.',
    };
    await publish(stand.house.origin, token, 'words', 'one');
    for (const locale of locales) {
      const headers = { 'accept-language': `${locale}, *;q=0.1` };
      const pulled = await stand.call('GET', 'channels/words/messages?after=7', token, undefined, headers);
      expect(pulled.body.detail).to.contain(ahead[locale]);
      expect(pulled.body.errors[0].message).to.contain(ahead[locale]);

      const { lines } = await stand.batch(token, ['[]'], headers);
      expect(lines[0].error.message).to.equal(words[locale]['refusal:line.not-object']);

      const reader = await stand.join(token, { headers });
      reader.send({ subscribe: 'words', after: 7, ref: 1 });
      const { error } = await until(() => reader.frames.find((frame) => frame.error));
      expect(error).to.include({ code: 'offset.ahead', ref: 1 });
      expect(error.message).to.contain(ahead[locale]);
    }
  });

  it('is told so where a rate is exceeded, also by the way that takes single messages before HTTP', async () => {
    const plan = stand.house.law.operator.plans.find(({ id }) => id === 'start') as { limits: object };
    const { limits } = plan;
    plan.limits = { ...limits, messagesPerSecond: 1 };
    try {
      const { token } = await stand.aProject('start');
      await publish(stand.house.origin, token, 'rate', 'x');
      for (const locale of locales) {
        const over = await publish(stand.house.origin, token, 'rate', 'x', { 'accept-language': locale });
        expect(over.body.code).to.equal('limit.rate');
        const said = {
          ru: 'Лимит сообщений в секунду (1) исчерпан',
          en: 'The limit of messages a second (1) is reached',
        };
        expect(over.body.detail).to.contain(said[locale]);
        expect(over.body.detail).to.contain('Оферта 4.5.2');
      }
    } finally {
      plan.limits = limits;
    }
  });
});
