import { Refusal, Temporal } from '../../../base/index.ts';
import { mailTo, receiveMail } from '../mail.ts';
import { expectStatus, type Scene, user, type World } from '../world.ts';
import { addEdition } from './people.ts';
import { settle } from './relay.ts';

/** Chapter 4: a new edition of the offer, its notices, and who is governed by what. */
export const documents: Scene[] = [
  {
    at: '2026-06-01T09:00',
    chapter: 4,
    title: 'новая редакция оферты',
    async play(world) {
      const { engine } = world.app;
      const refusal = await addEdition(world, 'offer-2026-06-16.md', 'offer', '2026-06-01', '2026-06-15').then(
        () => null,
        (error: unknown) => error,
      );
      const early = refusal instanceof Refusal ? { code: refusal.code, ...refusal.details } : null;
      world.report.check(
        4,
        'an effect on 2026-06-15 is refused, naming the clause and the earliest day',
        JSON.stringify(early)?.includes('2026-06-16') === true && /5\.1\.2|9\.[23]/.test(JSON.stringify(early)),
        early,
      );
      const edition = await addEdition(world, 'offer-2026-06-16.md', 'offer', '2026-06-01', '2026-06-16');
      world.kept.offer2 = edition.id;
      await settle(world);
      const notices = await engine.consents.notices(engine.db, edition.id);
      const living = await engine.accounts.living(engine.db, { limit: 1000 });
      world.report.check(
        4,
        'every user is told, and the public too',
        living.every(({ id }) => notices.some(({ account }) => account === id)) &&
          notices.some(({ account }) => account === null),
        { told: notices.length, living: living.length },
      );
      const anna = user(world, 'anna');
      const shown = expectStatus(await anna.browser.get('/api/v1/notices'), 200).body as { template: string }[];
      world.report.check(
        4,
        'the notice stands in the dashboard',
        shown.some(({ template }) => template === 'document.changed'),
      );
      const letter = notices.find(({ account }) => account === user(world, 'dina').account)?.letter as string;
      world.kept.dinaLetter = letter;
      const deliveries = await deliveriesOf(world, letter);
      const mail = deliveries.find(({ channel }) => channel === 'email');
      world.report.check(
        4,
        'e-mail, dashboard and publication are received at the moment of offer 12.4.2',
        notices.length > 0 && mail?.receivedAt != null,
        deliveries,
      );
      world.report.figures(4, { edition: edition.id, letters: notices.length, editionSha256: edition.sha256 });
      await bounce(world, await messageIdTo(world, user(world, 'dina').email));
    },
  },
  {
    at: '2026-06-02T10:00',
    chapter: 4,
    title: 'возврат письма',
    async play(world) {
      const deliveries = await deliveriesOf(world, world.kept.dinaLetter as string);
      const mail = deliveries.find(({ channel }) => channel === 'email');
      world.report.check(
        4,
        'a bounced e-mail counts as not received',
        mail?.state === 'bounced' && mail.receivedAt === null,
        mail,
      );
      world.report.check(
        4,
        'the dashboard notice stands all the same',
        deliveries.some(({ channel, receivedAt }) => channel === 'dashboard' && receivedAt !== null),
      );
    },
  },
  {
    at: '2026-06-15T23:59',
    chapter: 4,
    title: 'последний день прежней редакции',
    async play(world) {
      const governing = await governingOf(world, 'anna', '2026-06-15');
      world.report.check(
        4,
        'until 2026-06-15 24:00 the old edition governs those who accepted it',
        governing?.edition.id === world.kept.offer && governing?.acceptedAt !== null,
      );
    },
  },
  {
    at: '2026-06-16T00:01',
    chapter: 4,
    title: 'первый день новой редакции',
    async play(world) {
      const governing = await governingOf(world, 'anna', '2026-06-16');
      world.report.check(4, 'from 2026-06-16 the new edition governs', governing?.edition.id === world.kept.offer2);
      world.report.check(4, 'who does nothing is not recorded as having accepted', governing?.acceptedAt === null);
    },
  },
];

async function governingOf(world: World, key: string, on: string) {
  const { consents, db } = world.app.engine;
  return consents.editions.governing(db, user(world, key).account, 'offer', Temporal.PlainDate.from(on));
}

async function deliveriesOf(world: World, letter: string) {
  const found = await world.app.engine.letters.list({
    subject: user(world, 'dina').subject,
    template: 'document.changed',
  });
  return found.find(({ id }) => id === letter)?.deliveries ?? [];
}

/** The Message-ID of the newest letter that left for this address. */
async function messageIdTo(world: World, address: string): Promise<string> {
  const messageId = (await mailTo(world, address)).at(-1)?.messageId;
  if (!messageId) throw new Error('No letter to this address has left.');
  return messageId;
}

/** What a mail server sends back when there is no such mailbox (RFC 3464), dropped into the incoming mail. */
async function bounce(world: World, messageId: string): Promise<void> {
  const { email } = user(world, 'dina');
  const at = 'Mon, 01 Jun 2026 09:05:00 +0300';
  const text = [
    `Received: by mail.qsockets.example; ${at}`,
    'From: MAILER-DAEMON@mail.example.org',
    'To: help@qsockets.example',
    'Subject: Undelivered Mail Returned to Sender',
    `Date: ${at}`,
    'Message-ID: <bounce-1@mail.example.org>',
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"',
    '',
    '--b1',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'The mail could not be delivered.',
    '',
    '--b1',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mail.example.org',
    '',
    `Final-Recipient: rfc822; ${email}`,
    'Action: failed',
    'Status: 5.1.1',
    'Diagnostic-Code: smtp; 550 5.1.1 no such mailbox',
    '',
    '--b1',
    'Content-Type: text/rfc822-headers',
    '',
    `Message-ID: ${messageId}`,
    `To: ${email}`,
    '',
    '--b1--',
    '',
  ].join('\r\n');
  receiveMail(world, 'bounce-1.eml', Buffer.from(text));
}
