import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import type { LetterData } from '../../core/index.ts';
import { deliver } from '../../plugins/notification/deliver.ts';
import { takeIn } from '../../plugins/notification/intake.ts';
import { type Carrier, fileCarrier, NotTaken, senderOf, smtpCarrier } from '../../plugins/notification/mail.ts';
import { startApp, type TestApp } from '../support/app.ts';

const limit: LetterData['limit.warning'] = {
  ...{ what: 'messages', project: 'Сборка', plan: 'Стартовый', used: 80, limit: 100, percent: 80 },
  ...{ url: '/my', clause: 'Оферта, п. 6.3' },
};

describe('the notification plugin', () => {
  let house: TestApp;
  beforeEach(async () => {
    house = await startApp({ at: '2026-05-12T12:00' });
  });
  afterEach(() => house.close());

  const engine = () => house.app.engine;
  const mail = (...parts: string[]): string => join(house.home, 'mail', ...parts);
  const files = (...parts: string[]): string[] =>
    existsSync(mail(...parts)) ? readdirSync(mail(...parts)).filter((name) => name.endsWith('.eml')) : [];

  async function work(): Promise<void> {
    await engine().jobs.wake(house.clock.now());
    await engine().jobs.idle();
  }

  async function queue(channels: ('email' | 'dashboard')[] = ['email'], subject = 'sub_ada'): Promise<string> {
    return engine().db.transaction((trx) =>
      engine().letters.queue(trx, {
        ...{ template: 'limit.warning', to: { subject, email: 'ada@example.org', name: 'Ада' }, data: limit },
        ...{ about: 'prj_1', channels },
      }),
    );
  }

  const facts = async (about: string): Promise<string[]> =>
    (await engine().db('core.facts').where({ about }).orderBy('id')).map(
      ({ name, fields }: { name: string; fields: { channel: string } }) => `${name} ${fields.channel}`,
    );

  function drop(name: string, text: string): void {
    mkdirSync(mail('in'), { recursive: true });
    writeFileSync(mail('in', name), text.replaceAll('\n', '\r\n'));
  }

  const requestLetter = (
    id = 'r1',
  ): string => `Received: from mx.example.org by mail.qsockets.ru; Tue, 12 May 2026 11:40:05 +0300 (MSK)
Received: from pc by mx.example.org; Tue, 12 May 2026 10:00:00 +0300
From: =?UTF-8?B?${Buffer.from('Ада Лавлейс').toString('base64')}?= <ada@example.org>
To: help@qsockets.ru
Subject: =?UTF-8?B?${Buffer.from('Запрос о моих данных').toString('base64')}?=
Date: Tue, 12 May 2026 09:00:00 +0300
Message-ID: <${id}@example.org>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

${Buffer.from('Прошу сообщить, какие персональные данные обо мне вы обрабатываете.').toString('base64')}
`;

  it('writes letters as whole files, and reports that they were sent and are received', async () => {
    const id = await queue(['email', 'dashboard']);
    await work();
    const [file] = files('out');
    const email = await PostalMime.parse(readFileSync(mail('out', file ?? '')));
    expect(email.subject).to.equal('Проект «Сборка»: использовано 80\u00a0% лимита сообщений за сутки');
    expect(email.to?.[0]).to.include({ address: 'ada@example.org', name: 'Ада' });
    expect(email.from).to.include({ address: 'help@qsockets.ru', name: 'ООО «КЬЮ-СТАРТ»' });
    expect(email.date).to.equal('2026-05-12T09:00:00.000Z');
    expect(email.text).to.include('Здравствуйте, Ада!');
    expect(email.html).to.include('<html lang="ru">');
    const headers = Object.fromEntries(email.headers.map(({ key, value }) => [key, value]));
    expect(headers['auto-submitted']).to.equal('auto-generated');
    expect(email.messageId).to.match(/^<dlv_[0-9a-z]{26}@qsockets\.ru>$/);
    expect(await facts(id)).to.deep.equal([
      ...['letter.sent dashboard', 'letter.received dashboard', 'letter.sent email', 'letter.received email'],
    ]);
    expect(await engine().letters.notices('sub_ada')).to.have.length(1);
    await work();
    expect(files('out')).to.have.length(1);
  });

  it('sends the documents with the letter', async () => {
    const { db, letters } = engine();
    await db.transaction(async (trx) => {
      const bytes = Buffer.from([0, 1, 2, 255, 13, 10]);
      const zip = await letters.documents.attachment(trx, {
        about: 'req_1',
        name: 'данные.zip',
        type: 'application/zip',
        bytes,
      });
      await letters.queue(trx, {
        ...{ template: 'limit.warning', to: { email: 'ada@example.org' }, data: limit, attachments: [zip.id] },
      });
    });
    await work();
    const email = await PostalMime.parse(readFileSync(mail('out', files('out')[0] ?? '')));
    const [attached] = email.attachments;
    expect(attached?.filename).to.equal('данные.zip');
    expect(Buffer.from(attached?.content as ArrayBuffer)).to.deep.equal(Buffer.from([0, 1, 2, 255, 13, 10]));
  });

  it('without an address in the documents letters wait until the machine is told one', async () => {
    const { email: _left, ...nameless } = engine().law.operator;
    const letter = { id: 'ltr_1', subject: 's', text: 't', html: 'h', attachments: [], about: null };
    const order = ['dlv_1', { ...letter, to: { email: 'ada@example.org' } }, house.clock.now()] as const;
    const refused = await fileCarrier(mail('out'), senderOf(nameless))
      .send(...order)
      .catch((error) => error);
    expect(refused).to.include({ code: 'ENOSENDER', permanent: false });

    await fileCarrier(mail('out'), senderOf(nameless, 'robot@example.org')).send(...order);
    const sent = await PostalMime.parse(readFileSync(mail('out', files('out')[0] ?? '')));
    expect(sent.from?.address).to.equal('robot@example.org');
  });

  it('a letter that is none is refused for good, and one that fails takes no other with it', async () => {
    const carrier = fileCarrier(mail('out'), senderOf(engine().law.operator));
    const empty = { id: 'ltr_1', subject: 's', text: 't', html: 'h', to: {}, attachments: [], about: null };
    const refused = await carrier.send('dlv_1', empty, house.clock.now()).catch((error) => error);
    expect(refused).to.be.instanceOf(NotTaken);
    expect(refused).to.include({ code: 'ECOMPOSE', permanent: true });

    const ids = [await queue(), await queue(['email'], 'sub_eve'), await queue(['email'], 'sub_bob')];
    let asked = 0;
    const odd: Carrier = {
      ...carrier,
      send: (...order) => (asked++ === 1 ? Promise.reject(new Error('odd')) : carrier.send(...order)),
    };
    await deliver(engine(), odd);
    const letters = await engine().letters.list({ about: 'prj_1' });
    const states = ids.map((id) => letters.find((letter) => letter.id === id)?.deliveries[0]?.state);
    expect(states.sort()).to.deep.equal(['failed', 'received', 'received']);
    expect(files('out')).to.have.length(2);
    house.clock.moveTo(house.clock.now().add({ minutes: 2 }));
    await deliver(engine(), carrier);
    expect(files('out')).to.have.length(3);
  });

  it('a letter that came back counts as not received', async () => {
    const id = await queue();
    await work();
    const sent = readFileSync(mail('out', files('out')[0] ?? ''), 'utf8');
    const messageId = /^Message-ID: (.*)$/m.exec(sent)?.[1]?.trim();
    drop(
      'bounce.eml',
      `From: MAILER-DAEMON@mx.example.org
To: help@qsockets.ru
Subject: Undelivered
Message-ID: <b1@mx.example.org>
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: text/plain

It did not work.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ada@example.org
Action: failed
Status: 5.1.1

--x
Content-Type: text/rfc822-headers

Message-ID: ${messageId}
To: ada@example.org

--x--
`,
    );
    house.clock.moveTo(house.clock.now().add({ minutes: 5 }));
    await work();
    expect((await facts(id)).at(-1)).to.equal('letter.bounced email');
    const [record] = await engine().letters.list({ about: 'prj_1' });
    expect(record?.deliveries[0]).to.include({ state: 'bounced', code: '5.1.1', receivedAt: null });
    expect(files('in', 'done')).to.deep.equal(['bounce.eml']);
    expect(await engine().requests.list()).to.deep.equal([]);
  });

  it('a letter becomes a request, received when our mail server took it', async () => {
    drop('1.eml', requestLetter());
    await work();
    const [request] = await engine().requests.list();
    expect(request).to.include({ kind: 'access', channel: 'email' });
    expect(request?.receivedAt.toString()).to.equal('2026-05-12T08:40:05Z');
    // Sealed in its case, it lies nowhere in plain text.
    expect([...files('in'), ...files('in', 'done'), ...files('in', 'bad')]).to.deep.equal([]);
    const file = await engine().requests.open(request?.id ?? '', 'acc_dpo');
    expect(file).to.include({ email: 'ada@example.org', name: 'Ада Лавлейс' });
    expect(file.text).to.include('какие персональные данные');
  });

  it('what is attached to it lies apart from the letter, so that a passport can go while the case stays', async () => {
    const parts = [
      'Content-Type: text/plain; charset=utf-8\n\nПрошу сообщить, какие персональные данные вы обрабатываете.',
      'Content-Type: image/jpeg; name="pasport.jpg"\nContent-Disposition: attachment; filename="pasport.jpg"\n' +
        `Content-Transfer-Encoding: base64\n\n${Buffer.from('снимок паспорта').toString('base64')}`,
    ];
    const head = requestLetter().split('\n\n')[0] as string;
    const body = parts.map((part) => `--cut\n${part}\n`).join('');
    const whole = `${head.replace(/^(Content|MIME)-.*\n?/gim, '').trim()}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="cut"\n\n${body}--cut--\n`;
    drop('1.eml', whole);
    await work();
    const { requests } = engine();
    const [request] = await requests.list();
    const file = await requests.open(request?.id ?? '', 'acc_dpo');
    expect(file.text).to.include('какие персональные данные');
    const raw = Buffer.from(file.raw ?? '', 'base64').toString('utf8');
    expect(raw).to.include('Message-ID').and.not.include(Buffer.from('снимок').toString('base64').slice(0, 12));
    const [attached] = await requests.attachments(request?.id ?? '');
    expect(attached).to.include({ type: 'image/jpeg', provesIdentity: null });
    const opened = await requests.attachment(request?.id ?? '', attached?.id ?? '', 'acc_dpo');
    expect([opened.name, opened.bytes.toString('utf8')]).to.deep.equal(['pasport.jpg', 'снимок паспорта']);
  });

  it('the same letter twice is one request', async () => {
    drop('1.eml', requestLetter());
    drop('2.eml', requestLetter());
    drop('3.eml', requestLetter('another'));
    await work();
    expect(await engine().requests.list()).to.have.length(2);
    expect(files('in')).to.deep.equal([]);
  });

  it('another letter under the id of an earlier one is not lost', async () => {
    drop('1.eml', requestLetter());
    drop('2.eml', requestLetter().replace('ada@example.org', 'boris@example.org'));
    await work();
    expect(await engine().requests.list()).to.have.length(2);
  });

  it('under the name of an earlier file takes none of its place, done or bad', async () => {
    const robot = (id: string) => requestLetter(id).replace('To: help', 'Auto-Submitted: auto-replied\nTo: help');
    drop('1.eml', robot('first'));
    drop('bad.eml', 'Subject: one\n\ntext');
    await work();
    drop('1.eml', robot('second'));
    drop('bad.eml', 'Subject: two\n\ntext');
    await work();
    expect(files('in', 'done').sort()).to.deep.equal(['1-2.eml', '1.eml']);
    expect(readFileSync(mail('in', 'done', '1.eml'), 'utf8')).to.include('<first@example.org>');
    expect(files('in', 'bad').sort()).to.deep.equal(['bad-2.eml', 'bad.eml']);
  });

  it('that cannot be dealt with now keeps no other waiting, and is taken when it can be', async () => {
    drop('1.eml', requestLetter('first'));
    drop('2.eml', requestLetter('second'));
    let asked = 0;
    const receive: typeof requests.receive = (trx, intake) =>
      asked++ === 0 ? Promise.reject(new Error('for now')) : requests.receive(trx, intake);
    const { requests } = engine();
    const moody = { ...engine(), requests: { ...requests, receive } };
    const failure = await takeIn(moody).catch((error: Error) => error.message);
    expect(failure).to.equal('for now');
    expect(files('in')).to.deep.equal(['1.eml']);
    await takeIn(engine());
    expect(files('in')).to.deep.equal([]);
    expect(await requests.list()).to.have.length(2);
  });

  it('that no column can hold is put aside for a person', async () => {
    drop('1.eml', requestLetter());
    const refused = Object.assign(new Error('invalid byte sequence'), { code: '22021' });
    const { requests } = engine();
    const receive = () => Promise.reject(refused);
    await takeIn({ ...engine(), requests: { ...requests, receive } });
    expect(files('in', 'bad')).to.deep.equal(['1.eml']);
  });

  it('is never received in the future of the clock', async () => {
    drop('1.eml', requestLetter().replaceAll('12 May 2026', '12 May 2027'));
    await work();
    const [request] = await engine().requests.list();
    expect(request?.receivedAt.toString()).to.equal(house.clock.now().toString());
  });

  it('puts aside what is no letter, says so in the journal, and opens no request', async () => {
    drop('bad.eml', '\u0000\u0001\u0002');
    drop('nobody.eml', 'Subject: hi\n\ntext');
    drop('auto.eml', requestLetter('auto').replace('To: help', 'Auto-Submitted: auto-replied\nTo: help'));
    await work();
    expect(files('in', 'bad')).to.deep.equal(['bad.eml', 'nobody.eml']);
    expect(files('in', 'done')).to.deep.equal(['auto.eml']);
    expect(await engine().requests.list()).to.deep.equal([]);
    await engine().journal.sealUp();
    expect(await engine().journal.list({ action: 'mail.unreadable' })).to.have.length(2);
    expect(await engine().journal.list({ action: 'mail.set-aside' })).to.have.length(1);
  });

  it('says that letters wait when they cannot leave', async () => {
    await queue();
    const plugin = (await import('../../plugins/notification/index.ts')).default;
    expect(await plugin.ready(engine())).to.equal(null);
    house.clock.moveTo(house.clock.now().add({ hours: 2 }));
    expect(await plugin.ready(engine())).to.match(/^letters wait to be sent since/);
  });

  describe('over SMTP', () => {
    let server: SMTPServer;
    let carrier: Carrier;
    let answer: { responseCode: number } | null = null;
    const taken: string[] = [];

    beforeEach(async () => {
      taken.length = 0;
      answer = null;
      server = new SMTPServer({
        authOptional: true,
        disabledCommands: ['STARTTLS'],
        logger: false,
        onRcptTo(_address, _session, done) {
          done(answer ? Object.assign(new Error('no'), answer) : undefined);
        },
        onData(stream, _session, done) {
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('end', () => {
            taken.push(Buffer.concat(chunks).toString('utf8'));
            done();
          });
        },
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const { port } = server.server.address() as { port: number };
      carrier = smtpCarrier(`smtp://127.0.0.1:${port}`, senderOf(engine().law.operator));
    });
    afterEach(async () => {
      carrier.close();
      await new Promise<void>((done) => server.close(done));
    });

    it('hands letters to the mail server', async () => {
      const id = await queue();
      await queue(['email'], 'sub_eve');
      await deliver(engine(), carrier);
      expect(taken).to.have.length(2);
      expect(taken[0]).to.match(/Message-ID: <dlv_/i);
      expect(await facts(id)).to.deep.equal(['letter.sent email', 'letter.received email']);
    });

    it('tries again when the server is busy, and not when it says no', async () => {
      const id = await queue();
      answer = { responseCode: 451 };
      await deliver(engine(), carrier);
      const [busy] = await engine().letters.list({ about: 'prj_1' });
      expect(busy?.deliveries[0]).to.include({ state: 'failed', attempts: 1, code: '451' });
      answer = { responseCode: 550 };
      house.clock.moveTo(house.clock.now().add({ minutes: 2 }));
      await deliver(engine(), carrier);
      const [refused] = await engine().letters.list({ about: 'prj_1' });
      expect(refused?.deliveries[0]).to.include({ state: 'bounced', code: '550' });
      expect(await facts(id)).to.deep.equal(['letter.bounced email']);
    });

    it('keeps letters when there is no server at all', async () => {
      await queue();
      await new Promise<void>((done) => server.close(done));
      await deliver(engine(), carrier);
      const [waiting] = await engine().letters.list({ about: 'prj_1' });
      expect(waiting?.deliveries[0]).to.include({ state: 'failed' });
    });
  });
});
