/**
 * The transport of the outbox: carries letters by e-mail (files or SMTP), places notices and publications, takes in
 * what arrives in the mailbox as requests, and reports what was sent, received or came back. Knows neither why a letter
 * is written nor what a request leads to.
 */
import { type Engine, type Plugin, Temporal } from '../../core/index.ts';
import { deliver } from './deliver.ts';
import { openMailbox, takeIn, waitingFiles } from './intake.ts';
import { type Carrier, fileCarrier, senderOf, smtpCarrier } from './mail.ts';

export { type Triage, triage } from './triage.ts';

/** Past this, readiness says that letters wait. */
const lateAfterMinutes = 60;

const carriers = new Map<Engine, Carrier>();

function carrierOf(engine: Engine): Carrier {
  let carrier = carriers.get(engine);
  if (!carrier) {
    const { smtpUrl, mailDir, mailFrom } = engine.config;
    const sender = senderOf(engine.law.operator, mailFrom);
    carrier = smtpUrl ? smtpCarrier(smtpUrl, sender) : fileCarrier(openMailbox(mailDir).out, sender);
    carriers.set(engine, carrier);
  }
  return carrier;
}

export default {
  name: 'notification',
  contract: 1,
  migrations: new URL('./migrations/', import.meta.url),
  impersonal: {
    'notification.incoming':
      'Отпечатки принятых писем и идентификаторы обращений, чтобы не принять письмо дважды; никого не называют.',
  },
  facts: ['letter.sent', 'letter.received', 'letter.bounced'],
  jobs: {
    'notification.deliver': (_data, _job, engine) => deliver(engine, carrierOf(engine)),
    'notification.intake': (_data, _job, engine) => takeIn(engine),
  },
  sources: [
    {
      name: 'notification.deliver',
      job: 'notification.deliver',
      next: (db, engine) => engine.letters.nextWaiting(db),
    },
    {
      name: 'notification.intake',
      job: 'notification.intake',
      next: async (_db, engine) => (waitingFiles(engine.config.mailDir).length ? engine.clock.now() : null),
    },
  ],
  async ready(engine) {
    const next = await engine.letters.nextWaiting(engine.db);
    const late = engine.clock.now().subtract({ minutes: lateAfterMinutes });
    return next && Temporal.Instant.compare(next, late) < 0 ? `letters wait to be sent since ${next}` : null;
  },
  async start(engine) {
    openMailbox(engine.config.mailDir);
    if (senderOf(engine.law.operator, engine.config.mailFrom).address) return;
    engine.log.warn({}, "the operator's documents name no e-mail address: letters wait until MAIL_FROM is set");
  },
  async stop() {
    for (const carrier of carriers.values()) carrier.close();
    carriers.clear();
  },
} satisfies Plugin;
