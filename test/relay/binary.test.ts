import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { Refusal, Temporal } from '../../core/base/index.ts';
import { binary } from '../../plugins/relay/binary.ts';
import { wholeFrame } from '../../plugins/relay/channel.ts';
import { text } from '../../plugins/relay/frames.ts';
import { schemaNames, wrongBy } from './schemas.ts';

const page = readFileSync(new URL('../../docs/relay-protocol.md', import.meta.url), 'utf8');
const id = 'msg_01jv2x8c0fzzzzzzzzzzzzzzzz';
const at = Temporal.Instant.from('2026-05-12T09:00:00.123Z');

/** The content of a whole frame, which goes without a mask from server to client. */
function contentOf(frame: Buffer): Buffer {
  const length = (frame[1] as number) & 0x7f;
  expect((frame[1] as number) & 0x80).to.equal(0);
  return frame.subarray(length < 126 ? 2 : length === 126 ? 4 : 10);
}
const hexOf = (frame: Buffer) => contentOf(frame).toString('hex');
const asciiHex = (value: string) => Buffer.from(value).toString('hex');

/** Frames as docs/relay-protocol.md shows them: a line of hex, with spaces between the parts. */
function shown(name: string): string {
  const found = new RegExp(`^\\| ${name} \\| \`([0-9a-f ]+)\` \\|`, 'm').exec(page);
  if (!found) throw new Error(`The page shows no example "${name}".`);
  return (found[1] as string).replaceAll(' ', '');
}

describe('srok.v1.bin', () => {
  it('writes each frame byte by byte as its page says', () => {
    expect(hexOf(binary.subscribed('news', 7))).to.equal(
      `81 00 00000000 0000000000000007 0004 ${asciiHex('news')}`.replaceAll(' ', ''),
    );
    const message = { channel: 'news', offset: 8, id, at, type: 'text/plain', payload: Buffer.from([0, 0xff, 0x0a]) };
    expect(hexOf(binary.message(message))).to.equal(
      ['82', '04', '00000000', '0000000000000008', '0000019e1b6a1efb', `001e${asciiHex(id)}`, `0004${asciiHex('news')}`]
        .concat(`000a${asciiHex('text/plain')}`, '00ff0a')
        .join(''),
    );
    expect(hexOf(binary.message({ ...message, type: null, payload: Buffer.alloc(0) }))).to.equal(
      [
        '82',
        '00',
        '00000000',
        '0000000000000008',
        '0000019e1b6a1efb',
        `001e${asciiHex(id)}`,
        `0004${asciiHex('news')}`,
      ].join(''),
    );
    expect(hexOf(binary.ack(9, id, 8))).to.equal(`8301000000090000000000000008001e${asciiHex(id)}`);
    expect(hexOf(binary.lost('news', 0, 3, 'recovery-window'))).to.equal(
      `84000000000000000000000000000000000000000003${`0004${asciiHex('news')}`}000f${asciiHex('recovery-window')}`,
    );
    const error = { code: 'frame.malformed', message: 'x' };
    expect(hexOf(binary.error(error, 9))).to.equal(`850100000009${asciiHex(JSON.stringify(error))}`);
    expect(hexOf(binary.error(error, undefined))).to.equal(`850000000000${asciiHex(JSON.stringify(error))}`);
  });

  it('is shown on its page with frames that are really written and read so', () => {
    expect(hexOf(binary.subscribed('news', 7))).to.equal(shown('subscribed'));
    const payload = Buffer.from([0, 0xff]);
    expect(hexOf(binary.message({ channel: 'news', offset: 8, id, at, type: 'image/png', payload }))).to.equal(
      shown('message'),
    );
    expect(hexOf(binary.ack(1, id, 8))).to.equal(shown('ack'));
    expect(hexOf(binary.lost('news', 0, 3, 'recovery-window'))).to.equal(shown('lost'));
    expect(hexOf(binary.error({ code: 'frame.text', message: 'x' }, undefined))).to.equal(shown('error'));
    const read = (name: string) => binary.read(Buffer.from(shown(name), 'hex'), true);
    expect(read('subscribe')).to.deep.equal({
      ref: undefined,
      frame: { does: 'subscribe', channel: 'news', after: 6 },
    });
    expect(read('unsubscribe')).to.deep.equal({ ref: undefined, frame: { does: 'unsubscribe', channel: 'news' } });
    expect(read('publish')).to.deep.equal({
      ref: 1,
      frame: { does: 'publish', channel: 'news', type: 'image/png', payload },
    });
    expect(read('ticket')).to.deep.equal({ ref: undefined, frame: { does: 'ticket', ticket: 'tkt_1' } });
  });

  it('names what is wrong with a frame, and repeats its reference where it can be read', () => {
    const wrong: [string, string, unknown][] = [
      ['', 'frame.malformed', undefined],
      ['0100', 'frame.malformed', undefined],
      ['7f0000000000', 'frame.unknown', undefined],
      ['810000000000', 'frame.unknown', undefined],
      ['010100000005', 'frame.malformed', 5], // no channel
      ['0101000000050004', 'frame.malformed', 5], // a shorter channel than it says
      ['01010000000500026e', 'frame.malformed', 5],
      [`010300000005000161`, 'frame.malformed', 5], // says it has an offset and has none
      [`0101000000050001610000`, 'frame.malformed', 5], // something behind its end
      [`0104000000000001610000`, 'frame.malformed', undefined], // a flag of another kind
      ['01f100000005000161', 'frame.malformed', 5],
      ['010100000005000120', 'channel.bad-name', 5],
      ['0101000000050000', 'channel.bad-name', 5],
      ['0101000000050002c328', 'frame.malformed', 5], // no UTF-8
      ['010300000005000161ffffffffffffffff', 'number.malformed', 5],
      ['0305000000050001610000', 'message.bad-type', 5],
      ['030500000005000161000107', 'message.bad-type', 5],
    ];
    for (const [hex, code, ref] of wrong) {
      const read = binary.read(Buffer.from(hex, 'hex'), true);
      expect('refusal' in read ? read.refusal.code : 'read', hex).to.equal(code);
      expect(read.ref, hex).to.equal(ref);
    }
    const asText = binary.read(Buffer.from('{"subscribe":"x"}'), false);
    expect('refusal' in asText && asText.refusal.code).to.equal('frame.text');
  });

  it('reads any bytes without failing in another way, and so does srok.v1', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, isBinary) => {
        for (const codec of [text, binary]) {
          const read = codec.read(Buffer.from(bytes), isBinary);
          expect('frame' in read || read.refusal instanceof Refusal).to.equal(true);
        }
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.json(), (json) => {
        const read = text.read(Buffer.from(json), false);
        const fits = wrongBy('client-frame.json', JSON.parse(json)) === null;
        // What the schema does not allow is refused; what is read fits it.
        if ('frame' in read) expect(fits).to.equal(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('frames of every length have the head that RFC 6455 asks for', () => {
    for (const bytes of [0, 125, 126, 65_535, 65_536, 1_000_000]) {
      const { frame, start } = wholeFrame(2, bytes);
      expect(frame.length).to.equal(start + bytes);
      expect(frame[0]).to.equal(0x82);
      const said = start === 2 ? frame[1] : start === 4 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
      expect(said).to.equal(bytes);
    }
  });
});

describe('the schemas of the relay', () => {
  const good: Record<string, unknown[]> = {
    'client-frame.json': [
      { subscribe: 'ch' },
      { subscribe: 'ch', after: 0, ref: null },
      { unsubscribe: 'ch' },
      { publish: 'ch', data: 'x', encoding: 'base64', type: 'a/b', ref: 1 },
      { ticket: 'tkt_x' },
    ],
    'server-frame.json': [
      { subscribed: 'ch', offset: 0 },
      { ack: 'x', id, offset: 1 },
      { lost: 'ch', after: 0, before: 1, reason: 'recovery-window' },
      { channel: 'ch', offset: 1, id, at: '2026-05-12T09:00:00.123Z', data: 'x' },
      { error: { code: 'a.b', message: 'x', limit: { name: 'messages-per-day', value: 10 }, clause: 'Оферта 4.5.2' } },
    ],
    'batch-line.json': [{ channel: 'ch', data: 'x', key: 'k' }],
    'batch-answer.json': [{ id, channel: 'ch', offset: 1 }, { error: { code: 'a', message: 'b' } }],
    'ticket-order.json': [{ channels: ['a', 'b-*', '*'], rights: ['subscribe'], seconds: 900 }],
    'pulled.json': [{ channel: 'ch', newest: 0, messages: [] }],
    'settings.json': [{ origins: ['*'], maxPayloadBytes: null, clientPublishing: true }],
  };
  const bad: Record<string, unknown[]> = {
    'client-frame.json': [
      { subscribe: 'a b' },
      { subscribe: '..' },
      { subscribe: 'ch', after: -1 },
      { publish: 'ch', data: { a: 1 } },
      { publish: 'ch', data: 'x', encoding: 'hex' },
      { subscribe: 'ch', unsubscribe: 'ch' },
      {},
    ],
    'server-frame.json': [
      { channel: 'ch', offset: 0, id, at: '2026-05-12T09:00:00.123Z', data: 'x' },
      { channel: 'ch', offset: 1, id, at: '2026-05-12T09:00:00.123Z', data: { a: 1 } },
      { lost: 'ch', after: 0, before: 1 },
      { error: { message: 'no code' } },
    ],
    'batch-line.json': [{ channel: 'ch' }, { channel: 'ch', data: 'x', key: '' }],
    'ticket-order.json': [
      { channels: [], rights: ['subscribe'] },
      { channels: ['a*b'], rights: ['subscribe'] },
      { channels: ['a'], rights: ['admin'] },
      { channels: ['a'], rights: ['read'], seconds: 901 },
    ],
    'settings.json': [{ origins: [] }],
  };

  it('take what is right and refuse what is wrong', () => {
    for (const [name, values] of Object.entries(good))
      for (const value of values) expect(wrongBy(name, value)).to.equal(null);
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) expect(wrongBy(name, value), JSON.stringify(value)).to.be.a('string');
    }
  });

  it('are each reached from the page of the protocol', () => {
    for (const name of schemaNames) expect(page, name).to.contain(`schema/${name}`);
  });
});
