import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MovableClock, movableClock, Temporal } from '../../core/base/index.ts';
import type { Db, Trx } from '../../core/db/index.ts';
import { createJournal, type Journal, loadSigningKeys } from '../../core/journal/index.ts';
import { type Law, loadLaw } from '../../core/law/index.ts';
import { createLetters, type Letters } from '../../core/letters/index.ts';
import { createVault, type Vault } from '../../core/vault/index.ts';
import { cloneDatabase } from '../support/database.ts';

export const root = new URL('../../', import.meta.url);
export const at = (text: string): Temporal.Instant => Temporal.Instant.from(text);
export const day = (text: string): Temporal.PlainDate => Temporal.PlainDate.from(text);

export interface House {
  db: Db;
  clock: MovableClock;
  law: Law;
  vault: Vault;
  journal: Journal;
  letters: Letters;
  story<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The rooms up to the letters, real, on a database of its own. */
export async function openHouse(start = '2026-05-12T09:00:00Z', operator = 'qsockets'): Promise<House> {
  const { db, drop } = await cloneDatabase();
  const home = mkdtempSync(join(tmpdir(), 'srok-letters-'));
  const clock = movableClock(at(start));
  const law = await loadLaw({ root: new URL('policies/', root), operator });
  const vault = createVault({ folder: join(home, 'keystore'), clock });
  const journal = createJournal({
    ...{ db, clock, seal: vault.seal, open: vault.open },
    keys: loadSigningKeys(join(home, 'keys')),
  });
  const letters = createLetters({
    ...{ db, clock, vault, journal, law },
    root: new URL('templates/', root),
    publicUrl: () => 'https://srok.example',
  });
  return {
    ...{ db, clock, law, vault, journal, letters },
    story: (work) => db.transaction(work),
    async close() {
      await vault.close();
      await drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
