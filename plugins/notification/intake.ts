import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, parse } from 'node:path';
import { type Engine, Refusal, Temporal } from '../../core/index.ts';
import { type Parsed, readArrived, withoutAttachments } from './arrived.ts';
import { takeBounce } from './deliver.ts';
import { settleIncoming, takeIncoming } from './store.ts';
import { triage } from './triage.ts';

/** Larger letters are put aside for a person. */
const largestBytes = 25 * 1024 * 1024;

/** Makes the folders of the mailbox and answers where they are. */
export function openMailbox(mailDir: string): { in: string; done: string; bad: string; out: string } {
  const folders = {
    in: join(mailDir, 'in'),
    done: join(mailDir, 'in', 'done'),
    bad: join(mailDir, 'in', 'bad'),
    out: join(mailDir, 'out'),
  };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folders;
}

/** Letters that lie in the mailbox, in the order of their names. Files still being written end otherwise. */
export function waitingFiles(mailDir: string): string[] {
  try {
    return readdirSync(join(mailDir, 'in'), { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith('.eml') && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
}

/** The job `notification.intake`: every letter in the mailbox, each in a transaction of its own. */
export async function takeIn(engine: Engine): Promise<void> {
  const folders = openMailbox(engine.config.mailDir);
  let failure: unknown;
  for (const name of waitingFiles(engine.config.mailDir)) {
    const file = join(folders.in, name);
    try {
      // After the commit: whoever dies in between finds the letter again and knows it by its digest.
      const place = await takeFile(engine, file);
      // A request lies sealed in its case and goes by its terms: no second copy stays behind in plain text.
      if (place === 'case') rmSync(file);
      else renameSync(file, freePlace(folders[place], name));
    } catch (error) {
      // A letter that cannot be dealt with now keeps no other waiting: their terms run.
      failure ??= error;
    }
  }
  if (failure) throw failure;
}

/** A mail program may use a name again: what lies there already stays, and the newcomer gets a number. */
function freePlace(folder: string, file: string): string {
  const { name, ext } = parse(file);
  let place = join(folder, file);
  for (let number = 2; existsSync(place); number++) place = join(folder, `${name}-${number}${ext}`);
  return place;
}

/** @returns where the letter is from now on: in its case, among the machines' letters that are done with, or put aside */
async function takeFile(engine: Engine, file: string): Promise<'case' | 'done' | 'bad'> {
  let raw: Buffer;
  let parsed: Parsed;
  try {
    if (statSync(file).size > largestBytes) throw new Error('too large');
    raw = readFileSync(file);
    parsed = await readArrived(raw);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) throw error;
    await putAside(engine, file, error instanceof Error ? error.message : String(error));
    return 'bad';
  }
  const digest = digestOf(parsed, raw);
  try {
    await engine.db.transaction(async (trx) => {
      if (!(await takeIncoming(trx, digest, engine.clock.now()))) return;
      const { arrived } = parsed;
      if (arrived.what === 'bounce') {
        const known = await takeBounce(trx, engine, arrived.messageId, arrived.code);
        await settleIncoming(trx, digest, 'bounce', null);
        await note(engine, trx, 'mail.bounce-taken', digest, { code: arrived.code, known });
      } else if (arrived.what === 'letter') {
        const { kind, sure } = triage(arrived.text, engine.requests.kinds());
        const request = await engine.requests.receive(trx, {
          channel: 'email',
          kind,
          receivedAt: notLater(arrived.receivedAt, engine.clock.now()),
          from: { email: arrived.email, ...(arrived.name ? { name: arrived.name } : {}) },
          text: arrived.text,
          raw: arrived.attachments.length > 0 ? withoutAttachments(raw) : raw,
          attachments: arrived.attachments,
        });
        await settleIncoming(trx, digest, 'request', request.id);
        await note(engine, trx, 'mail.taken', digest, { request: request.id, kind, sure });
      } else {
        await settleIncoming(trx, digest, arrived.what, null);
        await note(engine, trx, 'mail.set-aside', digest, { what: arrived.what });
      }
    });
    return parsed.arrived.what === 'letter' ? 'case' : 'done';
  } catch (error) {
    const why = error instanceof Refusal ? error.code : dataFault(error);
    if (!why) throw error;
    await putAside(engine, file, why);
    return 'bad';
  }
}

/**
 * What makes a letter the same letter: its Message-ID with sender and words, since the id alone is the sender's to
 * choose, and a second letter under it would be lost.
 */
function digestOf({ messageId, arrived }: Parsed, raw: Buffer): string {
  const hash = createHash('sha256').update(messageId ?? raw);
  if (messageId && arrived.what === 'letter') hash.update(`\n${arrived.email}\n${arrived.text}`);
  return hash.digest('hex');
}

/** The database refuses what the letter holds (class 22): asking again is of no use, a person has to look. */
function dataFault(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^22[0-9A-Z]{3}$/.test(code) ? `not storable (${code})` : null;
}

/** The sender's clock may be ahead; a request is not received in the future. */
function notLater(at: Temporal.Instant | null, now: Temporal.Instant): Temporal.Instant {
  return at && Temporal.Instant.compare(at, now) < 0 ? at : now;
}

type Trx = Parameters<Engine['journal']['append']>[0];

async function note(engine: Engine, trx: Trx, action: string, digest: string, body: object): Promise<void> {
  await engine.journal.append(trx, { action, actor: 'system', body: { digest, ...body } });
}

/** A person has to look: said in the journal and the log by the digest, never by name. */
async function putAside(engine: Engine, file: string, why: string): Promise<void> {
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  await engine.db.transaction((trx) => note(engine, trx, 'mail.unreadable', digest, { why }));
  engine.log.warn({ digest, why }, 'A letter could not be taken in; it lies in mail/in/bad.');
}
