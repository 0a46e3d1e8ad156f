import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, Refusal } from '../base/index.ts';
import type { Db } from '../db/index.ts';
import type { Law } from '../law/index.ts';
import { findOperator, insertOperator, ownersOfTables } from './store.ts';

/** In the data map: what the room keeps of its own. */
export const installationImpersonal = {
  'core.installation': 'The name of the operator whose installation this is; names no person.',
};

/**
 * Refuses to work in the database of another operator, or to leave out a plugin that has left data about people here:
 * nobody would answer for them any more. Looks only; call it before the migrations.
 * @throws Refusal `installation.other-operator` | `installation.plugin-left-out`, each a line that says what to do
 */
export async function checkInstallation(db: Db, { operator }: Law): Promise<void> {
  const owner = await findOperator(db);
  if (owner && owner !== operator.id) throw otherOperator(owner, operator.id);
  const known = ['core', ...operator.plugins];
  const leftOut = (await ownersOfTables(db)).filter((name) => !known.includes(name));
  if (leftOut.length === 0) return;
  throw new Refusal('installation.plugin-left-out', 'conflict', {
    plugins: leftOut,
    message: `This database has data of the plugin ${leftOut.join(', ')}, which operators/${operator.id}/operator.yaml does not list (plugins). List it, or choose another folder with --home DIR.`,
  });
}

/** In the data folder: the operator's name, so that a command need not be told it again. The database decides. */
export const operatorFile = 'operator';

/**
 * Writes down, at the first start, whose installation this is. Call it after the migrations.
 * @throws Refusal `installation.other-operator` when another operator's process was faster
 */
export async function rememberOperator(
  db: Db,
  { clock, law, home }: { clock: Clock; law: Law; home: string },
): Promise<void> {
  await insertOperator(db, { operator: law.operator.id, since_at: clock.now() });
  const owner = await findOperator(db);
  if (owner && owner !== law.operator.id) throw otherOperator(owner, law.operator.id);
  const file = join(home, operatorFile);
  if (!existsSync(file)) writeFileSync(file, `${law.operator.id}\n`);
}

function otherOperator(owner: string, wanted: string): Refusal {
  return new Refusal('installation.other-operator', 'conflict', {
    operator: owner,
    message: `This installation belongs to the operator ${owner}, not to ${wanted}; nothing was changed. Start it with --operator ${owner}, or choose another folder with --home DIR (or another DATABASE_URL) for ${wanted}.`,
  });
}
