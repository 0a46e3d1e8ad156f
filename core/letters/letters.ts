import { type Clock, newId, Refusal, type Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Law } from '../law/index.ts';
import type { Vault } from '../vault/index.ts';
import type { LetterTemplate } from './data.ts';
import { createDocuments } from './documents.ts';
import {
  adoptLetters,
  cancelDeliveries,
  type DeliveryRow,
  findLetter,
  firstWaiting,
  hasOpenDelivery,
  insertLetter,
  type LetterRow,
  listLetters,
  listPlaced,
  lockDelivery,
  lockWaiting,
  markNoticeRead,
  nextNumber,
  type PlacedRow,
  updateDelivery,
  updateLetter,
} from './store.ts';
import { createStores } from './stores.ts';
import { loadTemplates, type Rendered } from './templates.ts';
import type { Delivery, LetterChannel, Letters, Locale, Notice, Settled } from './types.ts';

type Instant = Temporal.Instant;

/** A mail server that does not answer is asked again with growing pauses, for about two days. */
const tries = 12;
const firstPauseMinutes = 1;
const longestPauseMinutes = 360;

/** What is sealed of a letter. */
interface Sealed extends Rendered {
  to: { email?: string; name?: string };
}

/**
 * @param deps.root      the folder `templates/`
 * @param deps.publicUrl the address of this installation, for links; the operator's site where it is not given
 */
export function createLetters(deps: {
  db: Db;
  clock: Clock;
  vault: Vault;
  journal: Journal;
  law: Law;
  root: URL;
  publicUrl?: () => string;
}): Letters {
  const { db, clock, vault, journal, law } = deps;
  const templates = loadTemplates(deps.root, law.operator, law.zone, () =>
    (deps.publicUrl?.() || law.operator.site).replace(/\/$/, ''),
  );

  const dayOf = (at: Instant) => at.toZonedDateTimeISO(law.zone).toPlainDate();

  async function number(trx: Trx, series: string, year: number): Promise<string> {
    return `${series}-${year}-${String(await nextNumber(trx, series, year)).padStart(4, '0')}`;
  }

  const documents = createDocuments({ db, clock, vault, journal, law, templates, number });

  /** When nothing waits any more the term begins, or the letter is wiped. */
  async function settle(trx: Trx, letterId: string, at: Instant): Promise<void> {
    if (await hasOpenDelivery(trx, letterId)) return;
    const letter = await findLetter(trx, letterId);
    if (!letter) return;
    await updateLetter(trx, letterId, {
      settled_on: dayOf(at),
      ...(letter.forget_once_sent ? { body: null, subject_id: null, account_id: null } : {}),
    });
  }

  async function settled(trx: Trx, row: DeliveryRow, receivedAt: Instant | null): Promise<Settled | null> {
    const letter = await findLetter(trx, row.letter_id);
    if (!letter) return null;
    return {
      delivery: row.id,
      letter: letter.id,
      channel: row.channel,
      subject: letter.subject_id,
      about: letter.about_id,
      receivedAt,
    };
  }

  async function unseal(letter: LetterRow): Promise<Sealed> {
    if (!letter.body) throw new Refusal('letter.erased', 'not-found', { letter: letter.id });
    return JSON.parse((await vault.open(letter.body, letter.id)).toString('utf8'));
  }

  async function bounce(trx: Trx, row: DeliveryRow, at: Instant, code: string): Promise<Settled | null> {
    const answer = await settled(trx, row, null);
    await updateDelivery(trx, row.id, {
      state: 'bounced',
      bounced_at: at,
      received_at: null,
      next_try_at: null,
      code,
    });
    await settle(trx, row.letter_id, at);
    await journal.append(trx, {
      action: 'letter.bounced',
      about: row.letter_id,
      actor: 'system',
      body: { delivery: row.id, channel: row.channel, code },
    });
    return answer;
  }

  async function asNotice(row: PlacedRow): Promise<Notice> {
    const { subject, body } = await unseal(row);
    return {
      id: row.id,
      template: row.template,
      subject,
      ...body,
      about: row.about_id,
      placedAt: row.placed_at,
      readAt: row.read_at,
    };
  }

  return {
    async queue(trx, order) {
      const { to, locale = 'ru', channels = ['email'], attachments = [] } = order;
      if (channels.length === 0) throw new Refusal('letter.no-channel', 'invalid', { template: order.template });
      if (channels.includes('email') && !to.email) throw noAddress(order.template, 'email');
      if (channels.includes('dashboard') && !to.subject) throw noAddress(order.template, 'dashboard');
      if (channels.includes('publication') && (channels.length > 1 || to.email || to.name || to.subject)) {
        throw new Refusal('letter.addressed-publication', 'invalid', {
          message: 'A publication is a letter of its own, addressed to no one.',
        });
      }
      const rendered = templates.render(order.template, order.data, locale, to.name ? { name: to.name } : {});
      const at = clock.now();
      const id = newId('ltr', at);
      // A key per month and person, so that erasing one person needs no one else's; per case while nobody is known.
      const owner = order.forgetOnceSent ? 'none' : (to.subject ?? order.about ?? 'none');
      const key = `letter/${dayOf(at).toString().slice(0, 7)}/${owner}`;
      const sealed: Sealed = { ...rendered, to: pick(to) };
      const row: LetterRow = {
        id,
        template: order.template,
        version: templates.version(order.template),
        locale,
        subject_id: to.subject ?? null,
        account_id: to.account ?? null,
        about_id: order.about ?? null,
        attachments,
        queued_at: at,
        key_name: key,
        body: await vault.seal(key, Buffer.from(JSON.stringify(sealed)), id),
        forget_once_sent: order.forgetOnceSent ?? false,
        settled_on: null,
      };
      const deliveries = channels.map(
        (channel): DeliveryRow => ({
          id: newId('dlv', at),
          letter_id: id,
          channel,
          state: 'waiting',
          attempts: 0,
          next_try_at: at,
          sent_at: null,
          received_at: null,
          bounced_at: null,
          read_at: null,
          message_id: null,
          code: null,
        }),
      );
      await insertLetter(trx, row, deliveries);
      await journal.append(trx, {
        action: 'letter.queued',
        about: id,
        actor: 'system',
        body: { template: order.template, version: row.version, for: order.about ?? null, channels },
      });
      return id;
    },

    async waiting(trx, channel, limit) {
      return (await lockWaiting(trx, channel, clock.now(), limit)).map(toDelivery);
    },

    nextWaiting: firstWaiting,

    async sent(trx, deliveryId, { at, messageId }) {
      const row = await lockDelivery(trx, { id: deliveryId });
      if (!row || !['waiting', 'failed'].includes(row.state)) return null;
      // The rule of the channel decides whether this is a receipt; what bounces later is taken back.
      const receivedAt = law.receipt(row.channel, { sent: at, placed: at }).receivedOn ? at : null;
      await updateDelivery(trx, row.id, {
        state: 'received',
        attempts: row.attempts + 1,
        sent_at: at,
        received_at: receivedAt,
        next_try_at: null,
        message_id: messageId ?? null,
        code: null,
      });
      const answer = await settled(trx, row, receivedAt);
      await settle(trx, row.letter_id, at);
      await journal.append(trx, {
        action: 'letter.sent',
        about: row.letter_id,
        actor: 'system',
        body: { delivery: row.id, channel: row.channel },
      });
      return answer;
    },

    async bounced(trx, which, { at, code }) {
      const row = await lockDelivery(
        trx,
        'messageId' in which ? { message_id: which.messageId } : { id: which.deliveryId },
      );
      if (!row || row.state === 'bounced' || row.state === 'cancelled') return null;
      return bounce(trx, row, at, code);
    },

    async failed(trx, deliveryId, { at, code }) {
      const row = await lockDelivery(trx, { id: deliveryId });
      if (!row || !['waiting', 'failed'].includes(row.state)) return { bounced: null };
      const attempts = row.attempts + 1;
      if (attempts >= tries) return { bounced: await bounce(trx, { ...row, attempts }, at, code) };
      const pause = Math.min(firstPauseMinutes * 2 ** (attempts - 1), longestPauseMinutes);
      await updateDelivery(trx, row.id, { state: 'failed', attempts, next_try_at: at.add({ minutes: pause }), code });
      return { bounced: null };
    },

    async cancel(trx, which) {
      if (!which.about && !which.subject && !which.template) return 0;
      const ids = await cancelDeliveries(trx, which);
      const at = clock.now();
      for (const id of ids) {
        await settle(trx, id, at);
        await journal.append(trx, { action: 'letter.cancelled', about: id, actor: 'system' });
      }
      return ids.length;
    },

    adopt: (trx, about, subject) => adoptLetters(trx, about, subject),

    async open(id, trx) {
      const letter = await findLetter(trx ?? db, id);
      if (!letter) throw new Refusal('letter.unknown', 'not-found', { letter: id });
      const { subject, text, html, to } = await unseal(letter);
      const attachments = [];
      for (const document of letter.attachments)
        attachments.push({ id: document, ...(await documents.file(document, trx)) });
      return { id, subject, text, html, to, attachments, about: letter.about_id };
    },

    async list(filter) {
      return (await listLetters(db, filter)).map((row) => ({
        id: row.id,
        template: row.template,
        version: row.version,
        locale: row.locale,
        subject: row.subject_id,
        about: row.about_id,
        queuedAt: row.queued_at,
        attachments: row.attachments,
        deliveries: row.deliveries.map(toDelivery),
      }));
    },

    async notices(subject, { unread = false, limit = 50 } = {}) {
      return Promise.all((await listPlaced(db, { channel: 'dashboard', subject, unread, limit })).map(asNotice));
    },

    async markRead(trx, id, subject) {
      await markNoticeRead(trx, id, subject, clock.now());
    },

    async publications({ locale, limit = 50 } = {}) {
      const filter = { channel: 'publication' as const, limit, ...(locale ? { locale } : {}) };
      return Promise.all((await listPlaced(db, filter)).map(asNotice));
    },

    number,
    documents,

    preview(template, data, locale: Locale = 'ru') {
      const { subject, text, html } = templates.render(template, data, locale, {});
      return { subject, text, html };
    },

    templates: () => templates.list(),
    stores: createStores(law.operator),
  };
}

function noAddress(template: LetterTemplate, channel: LetterChannel): Refusal {
  return new Refusal('letter.no-address', 'invalid', {
    template,
    channel,
    message: `The letter ${template} has no address for the channel ${channel}.`,
  });
}

function pick({ email, name }: { email?: string; name?: string }): { email?: string; name?: string } {
  return { ...(email ? { email } : {}), ...(name ? { name } : {}) };
}

function toDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    letter: row.letter_id,
    channel: row.channel,
    state: row.state,
    attempts: row.attempts,
    sentAt: row.sent_at,
    receivedAt: row.received_at,
    bouncedAt: row.bounced_at,
    code: row.code,
    readAt: row.read_at,
  };
}
