import { type Actor, type Engine, Refusal, type Temporal } from '../../core/index.ts';
import { metadataAad } from './log.ts';
import type { createLooks } from './looks.ts';
import { createPseudonyms, type Pseudonym } from './pseudonyms.ts';
import { opened } from './sealers.ts';
import { type LogLine, logRows, rowsOfDays } from './store.ts';
import type { ExportedRow } from './types.ts';

/** What a file may hold: whoever needs more takes fewer days, or page by page. */
export const rowsPerFile = 100_000;
const rowsPerRead = 10_000;

/**
 * Metadata that leave the log: without addresses, programs and connections; who sent it is told by a pseudonym that
 * holds within a project's day. Each export is in the journal, with the keys it used.
 */
export function createLogExports(engine: Engine, looks: ReturnType<typeof createLooks>) {
  const { db, vault } = engine;
  const pseudonyms = createPseudonyms(engine);

  return async function export_(
    id: string,
    actor: Actor,
    { after = '', limit }: { after?: string; limit?: number } = {},
  ): Promise<{ rows: ExportedRow[]; next: string | null }> {
    const look = await looks.begin(id, actor, 'log.exported', async ({ scope }) => {
      const days = await rowsOfDays(db, scope);
      const count = days.reduce((sum, { count }) => sum + count, 0);
      if (limit === undefined && count > rowsPerFile) throw tooMany(count);
      return { after, pseudonyms: { rotated: 'day', days: days.map(({ day }) => day.toString()) } };
    });
    const { scope } = look;
    const names = new Map<string, Pseudonym>();
    const nameOf = async (on: Temporal.PlainDate): Promise<Pseudonym> => {
      const known = names.get(on.toString()) ?? (await pseudonyms.of(scope.project, on));
      names.set(on.toString(), known);
      return known;
    };

    async function exported(row: LogLine): Promise<ExportedRow> {
      const on = row.processed_on;
      const aad = metadataAad(on.toString(), scope.project, row.connection);
      const personal = await opened(vault, row.personal, aad);
      return {
        message: row.id,
        channel: row.channel,
        offset: row.offset,
        processedOn: on,
        receivedAt: row.received_at,
        storedAt: row.stored_at,
        bytes: row.bytes,
        type: row.content_type,
        door: row.door,
        sender: personal && (await nameOf(on))(JSON.parse(personal.toString('utf8')).ip),
      };
    }

    const most = limit ?? rowsPerFile;
    const rows: ExportedRow[] = [];
    let full = true;
    while (full && rows.length < most) {
      const wanted = Math.min(rowsPerRead, most - rows.length);
      const from = rows.at(-1)?.message ?? after;
      const read = await logRows(db, { ...scope, payload: false, after: from, limit: wanted });
      for (const row of read) rows.push(await exported(row));
      full = read.length === wanted;
    }
    await look.end(rows.length);
    return { rows, next: full ? (rows.at(-1)?.message ?? null) : null };
  };
}

function tooMany(count: number): Refusal {
  return new Refusal('log.export-too-large', 'invalid', {
    ...{ count, limit: rowsPerFile },
    message: `В этих днях ${count} записей, в файл помещается ${rowsPerFile}. Запросите доступ к меньшему числу дней или выгружайте по частям (after).`,
  });
}
