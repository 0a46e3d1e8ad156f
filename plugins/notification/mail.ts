import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { LetterContent, Operator, Temporal } from '../../core/index.ts';

/** Why a letter was not taken. `permanent`: asking again is of no use. */
export class NotTaken extends Error {
  readonly code: string;
  readonly permanent: boolean;

  constructor(code: string, permanent: boolean) {
    super(code);
    this.name = 'NotTaken';
    this.code = code;
    this.permanent = permanent;
  }
}

export interface Carrier {
  /** @throws NotTaken */
  send(deliveryId: string, letter: LetterContent, at: Temporal.Instant): Promise<{ messageId: string }>;
  close(): void;
}

/** Who letters come from. Operators whose documents name no address are given one by `MAIL_FROM`. */
export interface Sender {
  operator: Operator;
  address: string | undefined;
}

export function senderOf(operator: Operator, mailFrom?: string): Sender {
  return { operator, address: operator.email ?? mailFrom };
}

/** The same Message-ID for every try of a delivery: who gets a letter twice can see that it is one. */
export function messageIdOf(deliveryId: string, { address }: Sender): string {
  return `<${deliveryId}@${address?.split('@')[1] ?? 'localhost'}>`;
}

const composer = createTransport({
  ...{ streamTransport: true, buffer: true, newline: 'windows' },
  // The file names and addresses of attachments are ours; nothing is fetched from anywhere.
  ...{ disableFileAccess: true, disableUrlAccess: true },
});

function optionsOf(
  deliveryId: string,
  letter: LetterContent,
  at: Temporal.Instant,
  sender: Sender & { address: string },
): SendMailOptions {
  const { operator, address } = sender;
  return {
    from: { name: operator.shortName, address },
    to: { name: letter.to.name ?? '', address: letter.to.email ?? '' },
    replyTo: operator.dpo.email ?? address,
    subject: letter.subject,
    text: letter.text,
    html: letter.html,
    messageId: messageIdOf(deliveryId, sender),
    date: new Date(at.epochMilliseconds),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Srok-Letter': letter.id,
      ...(letter.about ? { 'X-Srok-About': letter.about } : {}),
    },
    attachments: letter.attachments.map(({ name, type, bytes }) => ({
      filename: name,
      contentType: type,
      content: bytes,
    })),
  };
}

/**
 * The letter as it goes over the wire, and who it goes to.
 * @throws NotTaken for good: what makes no letter now makes none later either; without a sender the letter waits
 */
async function compose(
  deliveryId: string,
  letter: LetterContent,
  at: Temporal.Instant,
  { operator, address }: Sender,
): Promise<{ envelope: { from: string; to: string[] }; raw: Buffer }> {
  if (!address) throw new NotTaken('ENOSENDER', false);
  try {
    const { envelope, message } = await composer.sendMail(optionsOf(deliveryId, letter, at, { operator, address }));
    if (!envelope.from || envelope.to.length === 0) throw new Error('no address');
    return { envelope: { from: envelope.from, to: envelope.to }, raw: message as Buffer };
  } catch {
    throw new NotTaken('ECOMPOSE', true);
  }
}

/** Letters as files, for a machine without a mail server: `out/dlv_….eml`, whole or not at all. */
export function fileCarrier(folder: string, sender: Sender): Carrier {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    async send(deliveryId, letter, at) {
      const { raw } = await compose(deliveryId, letter, at, sender);
      const file = join(folder, `${deliveryId}.eml`);
      try {
        writeFileSync(`${file}.part`, raw, { mode: 0o600 });
        renameSync(`${file}.part`, file);
      } catch (error) {
        throw new NotTaken((error as NodeJS.ErrnoException).code ?? 'EFILE', false);
      }
      return { messageId: messageIdOf(deliveryId, sender) };
    },
    close() {},
  };
}

/** A mail server. */
export function smtpCarrier(url: string, sender: Sender): Carrier {
  const transport = createTransport(url, { disableFileAccess: true, disableUrlAccess: true });
  return {
    async send(deliveryId, letter, at) {
      const composed = await compose(deliveryId, letter, at, sender);
      try {
        await transport.sendMail(composed);
      } catch (error) {
        const { responseCode, code } = error as { responseCode?: number; code?: string };
        throw new NotTaken(String(responseCode ?? code ?? 'ESMTP'), (responseCode ?? 0) >= 500);
      }
      return { messageId: messageIdOf(deliveryId, sender) };
    },
    close: () => transport.close(),
  };
}
