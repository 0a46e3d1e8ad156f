import { newId, Refusal, type Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Vault } from '../vault/index.ts';
import { type AttachmentRow, attachmentsOf, findAttachment, insertAttachment, updateAttachment } from './store.ts';
import type { Attachment, AttachmentFile } from './types.ts';

/** Sealed apart from the case, so that the key of a passport can be destroyed while the case is kept. */
const identityKey = (request: string): string => `identity/${request}`;
const caseKey = (request: string): string => `case/${request}`;

/**
 * Files that came with a request. Until somebody has looked, each may be a document of identity and lies under a key of
 * its own; the check says which are, and they go by the term of such documents. The others stay in the case.
 */
export function createAttachments({ vault }: { vault: Pick<Vault, 'seal' | 'open'> }) {
  const open = async ({ id, type, sealed }: AttachmentRow): Promise<AttachmentFile> => {
    const { name, base64 } = JSON.parse((await vault.open(sealed, id)).toString('utf8'));
    return { name, type, bytes: Buffer.from(base64, 'base64') };
  };
  const sealUnder = (key: string, id: string, { name, bytes }: AttachmentFile): Promise<Buffer> =>
    vault.seal(key, Buffer.from(JSON.stringify({ name, base64: bytes.toString('base64') })), id);

  return {
    async add(trx: Trx, request: string, files: readonly AttachmentFile[], at: Temporal.Instant): Promise<void> {
      for (const file of files) {
        const id = newId('att', at);
        const key_name = identityKey(request);
        const sealed = await sealUnder(key_name, id, file);
        const size = file.bytes.length;
        await insertAttachment(trx, { id, request_id: request, type: typeOf(file), size, key_name, sealed });
      }
    },

    async list(request: string, source: Trx | Db): Promise<Attachment[]> {
      return (await attachmentsOf(source, request)).map(({ id, type, size, proves_identity, checked_on }) => ({
        ...{ id, type, size, provesIdentity: proves_identity, checkedOn: checked_on },
      }));
    },

    /** @throws Refusal `request.attachment-unknown`, also for one of another request */
    async open(request: string, id: string, source: Trx | Db): Promise<AttachmentFile> {
      const row = await findAttachment(source, id);
      if (!row || row.request_id !== request) {
        throw new Refusal('request.attachment-unknown', 'not-found', { attachment: id });
      }
      return open(row);
    },

    /**
     * Says which of those nobody has looked at prove who asks: their term begins today. The others join the case.
     * @returns how many do
     * @throws Refusal `request.attachment-unknown`
     */
    async sort(trx: Trx, request: string, proofs: readonly string[], today: Temporal.PlainDate): Promise<number> {
      const waiting = (await attachmentsOf(trx, request)).filter(({ proves_identity }) => proves_identity === null);
      const stranger = proofs.find((id) => !waiting.some((one) => one.id === id));
      if (stranger) {
        throw new Refusal('request.attachment-unknown', 'invalid', {
          field: 'identityDocuments',
          attachment: stranger,
          message: 'Такого приложения у обращения нет, или о нём уже решено.',
        });
      }
      for (const row of waiting) {
        if (proofs.includes(row.id)) {
          await updateAttachment(trx, row.id, { proves_identity: true, checked_on: today });
          continue;
        }
        const key_name = caseKey(request);
        const sealed = await sealUnder(key_name, row.id, await open(row));
        await updateAttachment(trx, row.id, { proves_identity: false, key_name, sealed });
      }
      return proofs.length;
    },
  };
}

/** The sender writes the type of a file; what is none is just bytes. */
function typeOf({ type }: AttachmentFile): string {
  return /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/.test(type) ? type : 'application/octet-stream';
}

/** Does a text ask for a copy of somebody's papers? Unless there is no other way, that is more than the check needs. */
export function asksForCopy(text: string): boolean {
  return copies.some((pattern) => pattern.test(text.replaceAll('\u00a0', ' ')));
}

const papers = '(?:паспорт|удостоверен|документ\\S* о личности|документ\\S*,? удостоверяющ|водительск|СНИЛС)';
const copies = [
  new RegExp(`(?:скан|копи[июяей]|фото|снимок|снимк)\\S*[^.!?\\n]{0,60}${papers}`, 'iu'),
  new RegExp(`${papers}[^.!?\\n]{0,60}(?:скан|копи[июяей]|фото|снимок|снимк)`, 'iu'),
  /\b(?:scan|copy|photo|picture)\b[^.!?\n]{0,60}\b(?:passport|identity|driving licen[cs]e|ID)\b/iu,
];
