import { newId, Refusal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import type { Trx } from '../db/index.ts';
import type { DocumentData } from '../letters/index.ts';
import { type ActMatter, actContent, signedContent } from './act.ts';
import type { Room } from './room.ts';
import { type ActRow, findAct, insertAct, listActs, lockAct, updateAct } from './store.ts';
import type { Act, Retention } from './types.ts';

/** What is sealed of an act. */
type ActData = DocumentData['destruction-act'];

export interface Acts {
  room: Retention['acts'];
  /** Makes an act of what has just been destroyed, with its extract and its document. */
  make(
    trx: Trx,
    order: { run: string; plan?: string; subject?: string; matter: Omit<ActMatter, 'at' | 'madeOn' | 'keep'> },
  ): Promise<Act>;
}

const keyOf = (id: string): string => `evidence/${id}`;

export function createActs(room: Room): Acts {
  const { db, clock, law, journal, vault, letters, keeper } = room;

  const toAct = async (row: ActRow): Promise<Act> => {
    let signed: Act['signed'] = null;
    if (row.signed_at && row.signed_by) {
      const data = await open(row);
      signed = { at: row.signed_at, by: row.signed_by, name: data.signed?.name ?? '', post: data.signed?.post ?? '' };
    }
    return {
      id: row.id,
      number: row.number,
      system: row.system,
      run: row.run,
      plan: row.plan_id,
      subject: row.subject_id,
      madeAt: row.made_at,
      madeOn: row.made_on,
      records: row.records,
      keys: row.keys,
      document: row.document_id,
      basis: row.basis,
      keepUntil: keeper('destruction.evidence', row.made_on)?.keepUntil ?? null,
      signed,
    };
  };

  async function open(row: ActRow): Promise<ActData> {
    return JSON.parse((await vault.open(row.sealed, row.id)).toString('utf8')) as ActData;
  }

  const seal = (id: string, data: ActData): Promise<Buffer> =>
    vault.seal(keyOf(id), Buffer.from(JSON.stringify(data)), id);

  return {
    async make(trx, { run, plan, subject, matter }) {
      const now = clock.now();
      const madeOn = dayOf(now, law.zone);
      const keep = keeper('destruction.evidence', madeOn);
      const chain = await journal.checkpoint();
      const content = actContent(
        law,
        { ...matter, at: now, madeOn, keep },
        chain && { size: chain.size, root: chain.root },
      );
      const id = newId('act', now);
      const document = await letters.documents.create(trx, {
        kind: 'destruction-act',
        about: id,
        ...(subject ? { subject } : {}),
        data: content.data,
      });
      const systems = [...new Set(matter.lines.map(({ system }) => system))];
      const row: ActRow = {
        id,
        number: document.number,
        system: systems.join('; '),
        run,
        plan_id: plan ?? null,
        subject_id: subject ?? null,
        made_at: now,
        made_on: madeOn,
        records: content.records,
        keys: content.keys,
        document_id: document.id,
        basis: content.data.clause,
        sealed: await seal(id, content.data),
        signed_at: null,
        signed_by: null,
      };
      await insertAct(trx, row);
      await journal.append(trx, {
        action: 'act.made',
        about: id,
        body: {
          number: document.number,
          run,
          ...(plan ? { plan } : {}),
          ...(subject ? { subject } : {}),
          document: document.id,
          sha256: document.sha256,
          stores: matter.lines.map(({ store, receipt }) => ({
            store,
            records: receipt.affected,
            keys: receipt.keys ?? 0,
            from: receipt.from?.toString() ?? null,
            to: receipt.to?.toString() ?? null,
          })),
        },
      });
      return toAct(row);
    },

    room: {
      async list(filter = {}) {
        return Promise.all((await listActs(db, filter)).map((row) => toAct(row)));
      },
      async get(id, trx) {
        const row = await findAct(trx ?? db, id);
        if (!row) throw new Refusal('act.unknown', 'not-found', { act: id });
        return toAct(row);
      },
      /** The signer's name goes into the act; from then on it can no longer be changed. */
      async sign(trx, id, { by, name, post }) {
        const row = await lockAct(trx, id);
        if (!row) throw new Refusal('act.unknown', 'not-found', { act: id });
        if (row.signed_at) throw new Refusal('act.signed-already', 'conflict', { act: id });
        for (const [field, value] of Object.entries({ name, post })) {
          if (!value.trim()) throw new Refusal('act.incomplete', 'invalid', { field });
        }
        const at = clock.now();
        const signed = signedContent(await open(row), { name, post, at });
        const document = await letters.documents.replace(trx, row.document_id, signed);
        const change = { signed_at: at, signed_by: by, sealed: await seal(id, signed) };
        await updateAct(trx, id, change);
        await journal.append(trx, { action: 'act.signed', about: id, actor: by, body: { sha256: document.sha256 } });
        return toAct({ ...row, ...change });
      },
    },
  };
}
