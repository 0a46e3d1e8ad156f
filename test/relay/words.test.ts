import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { blockGrounds, type StaffGround, staffGrounds } from '../../core/index.ts';
import type { Ground } from '../../plugins/relay/index.ts';
import { stopped } from '../../plugins/relay/stopped.ts';
import { languageOf, reasonOf } from '../../plugins/relay/words.ts';
import { publish } from './engine.ts';
import { pathOf, peerOf, signed } from './pusher.ts';
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

  it('names the state of a stopped project, and every ground in words', () => {
    const say = (
      state: 'waiting' | 'suspended' | 'deleted',
      grounds: Ground[] = [],
      coded: StaffGround | null = null,
    ) => {
      const refusal = stopped({ state, grounds, block_ground: coded });
      return [refusal.details.grounds, refusal.details.message, reasonOf(refusal, 'ru')];
    };
    expect(say('waiting')).to.deep.equal([[], 'The project waits for payment.', 'Проект ждёт оплаты.']);
    expect(say('deleted')).to.deep.equal([[], 'The project is deleted.', 'Проект удалён.']);
    expect(say('suspended', ['dispute', 'violation'], 'bypass')).to.deep.equal([
      ['dispute', 'bypass'],
      'The project is suspended: the payment is disputed, a bypass of the limits of the service.',
      'Проект приостановлен: платёж оспорен, обход ограничений сервиса.',
    ]);
    const others: Ground[] = ['account', 'dispute', 'period-ended', 'restricted'];
    for (const [grounds, coded] of [
      ...others.map((ground) => [[ground], null] as const),
      ...staffGrounds.map((ground) => [['violation'], ground] as const),
    ]) {
      const said = say('suspended', [...grounds] as Ground[], coded);
      const code = coded ?? grounds[0];
      expect(said).to.deep.equal([
        [code],
        `The project is suspended: ${words.en[`ground:${code}`]}.`,
        `Проект приостановлен: ${words.ru[`ground:${code}`]}.`,
      ]);
      if (coded) expect(words.ru[`ground:${code}`]).to.equal(blockGrounds[coded].ru);
    }
  });

  it('names the ground that staff coded at each door, without a language in English as everything else', async () => {
    const { project, token } = await stand.aProject();
    const key = await stand.base.db.transaction((trx) => stand.relay.issuePusherKey(trx, project));
    const [reader, peer] = [await stand.join(token), await peerOf(stand.house.origin, pathOf(key))];
    const why = { ground: 'unlawful', reason: 'Жалоба', by: 'acc_dpo' } as const;
    await stand.base.db.transaction((trx) => stand.relay.block(trx, project, why));
    const closed = 'the project is suspended: unlawful';
    expect(await reader.closed).to.deep.include({ code: 4403, reason: closed });
    expect(await peer.closed).to.deep.include({ code: 4003, reason: closed });
    const en = 'The project is suspended: unlawful use of the service.';
    const ru = 'Проект приостановлен: использование сервиса в противоправных целях.';
    for (const [headers, said] of [
      [{}, en],
      [{ 'accept-language': 'en' }, en],
      [{ 'accept-language': 'ru' }, ru],
    ] as const) {
      const answers = [
        await publish(stand.house.origin, token, 'x', 'x', headers),
        await stand.call('GET', 'connect', token, undefined, headers),
        await signed(stand.house.origin, key, { body: '{"name":"e","channels":["x"],"data":"x"}', headers }),
      ];
      for (const { status, body } of answers) {
        expect([status, body.code, body.state, body.grounds, body.detail]).to.deep.equal([
          ...[403, 'project.stopped', 'suspended', ['unlawful'], said],
        ]);
      }
      const away = await (await peerOf(stand.house.origin, pathOf(key), headers)).closed;
      // A close frame holds no more than 123 bytes.
      const held = said === ru ? 'Проект приостановлен: использование сервиса в противоправных…' : said;
      expect(away).to.deep.include({ code: 4003, reason: held });
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
