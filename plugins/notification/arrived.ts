import PostalMime, { type Email } from 'postal-mime';
import { type AttachmentFile, Temporal } from '../../core/index.ts';

/** What a file of the mailbox turned out to be. */
export type Arrived =
  | { what: 'bounce'; messageId: string; code: string }
  | { what: 'delay' }
  | { what: 'automatic' }
  | {
      what: 'letter';
      email: string;
      name: string | null;
      text: string;
      receivedAt: Temporal.Instant | null;
      attachments: AttachmentFile[];
    };

export interface Parsed {
  messageId: string | null;
  arrived: Arrived;
}

/** Our own Message-IDs carry the id of the delivery. */
const ours = /<(dlv_[0-9a-z]{26}@[^<>\s]+)>/;

/**
 * Reads a letter as it came.
 * @throws Error in words when it is no letter one can answer
 */
export async function readArrived(raw: Buffer): Promise<Parsed> {
  const email = await PostalMime.parse(raw).catch((error) => {
    throw new Error(`not readable as mail: ${error instanceof Error ? error.message : error}`);
  });
  if (email.headers.length === 0) throw new Error('no headers');
  const messageId = email.messageId?.trim() || null;
  const type = header(email, 'content-type') ?? '';
  if (/multipart\/report/i.test(type) && /delivery-status/i.test(type)) {
    return { messageId, arrived: readReport(raw.toString('latin1')) };
  }
  const automatic = header(email, 'auto-submitted');
  if (automatic && !/^\s*no\b/i.test(automatic)) return { messageId, arrived: { what: 'automatic' } };
  const from = email.from && 'address' in email.from ? email.from : undefined;
  if (!from?.address?.includes('@')) throw new Error('no sender');
  const body = email.text?.trim() || plain(email.html ?? '');
  return {
    messageId,
    arrived: {
      what: 'letter',
      email: from.address,
      name: from.name?.trim() || null,
      text: [email.subject?.trim(), body].filter(Boolean).join('\n\n'),
      receivedAt: receivedAt(email),
      attachments: attachmentsOf(email),
    },
  };
}

/** Files that came with the letter, pictures inside its text as well: each may be a photo of a passport. */
function attachmentsOf({ attachments }: Email): AttachmentFile[] {
  return attachments.map(({ filename, mimeType, content }) => ({
    name: filename?.trim() || 'без названия',
    type: mimeType,
    bytes: typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as ArrayBuffer),
  }));
}

/** The letter as it came, without what was attached: of such a letter the head alone, its words are beside it. */
export function withoutAttachments(raw: Buffer): Buffer {
  const end = /\r?\n\r?\n/.exec(raw.toString('latin1'));
  return end ? raw.subarray(0, end.index) : raw;
}

/** A delivery status notification (RFC 3464): which of our letters, what became of it, and why. */
function readReport(raw: string): Arrived {
  const action = /^Action:\s*(\S+)/im.exec(raw)?.[1]?.toLowerCase();
  if (action === 'delayed' || action === 'relayed' || action === 'delivered') return { what: 'delay' };
  const code = /^Status:\s*(\d\.\d{1,3}\.\d{1,3})/im.exec(raw)?.[1] ?? '5.0.0';
  const messageId = ours.exec(raw)?.[1];
  if (!messageId) throw new Error('a delivery report about a letter that is not ours');
  return { what: 'bounce', messageId: `<${messageId}>`, code };
}

/**
 * When the mail system took the letter in: the newest `Received` line, which our own server wrote; else the date the
 * sender put on it.
 */
function receivedAt(email: Email): Temporal.Instant | null {
  const received = header(email, 'received');
  const text = received?.includes(';') ? received.slice(received.lastIndexOf(';') + 1) : header(email, 'date');
  const ms = Date.parse((text ?? '').replace(/\([^)]*\)/g, ' ').trim());
  return Number.isNaN(ms) ? null : Temporal.Instant.fromEpochMilliseconds(ms);
}

function header(email: Email, name: string): string | undefined {
  return email.headers.find(({ key }) => key === name)?.value;
}

function plain(html: string): string {
  return html
    .replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<(br|\/p|\/div|\/li|\/tr)\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/[ \t]+/g, ' ')
    .trim();
}
