import { createSecretKey, type KeyObject, randomBytes, randomFillSync } from 'node:crypto';
import { unwrapKey, wrapKey } from './box.ts';
import {
  bindingOfKey,
  bindingOfTranche,
  commitmentOf,
  type DataKey,
  encodeKey,
  encodeTranche,
  firstBindingOf,
  keyOfRecord,
  type Tranche,
} from './keystore.ts';

/*
 * Which keys lie together. A destruction wraps anew the neighbours of what it destroys, and one key per tranche: with
 * tranches about as large as they are many that is least.
 */

/** As many keys share a tranche at most. */
export const trancheSize = 128;
/** Tranches as small as this are put together when an epoch ends anyway; else they would only become more. */
const smallTranche = 32;

/** The key of an epoch and its number. */
export interface EpochKey {
  number: number;
  key: Buffer | KeyObject;
}

/** A tranche as it is to be written in the next epoch. */
export interface Renewed {
  tranche: Tranche;
  wrapped: Buffer;
  record: Buffer;
}

/** A key with the record that it will have. */
export interface Moved {
  key: DataKey;
  anew: DataKey;
}

export function makeTranche(number: number, epoch: EpochKey): Tranche {
  const plain = randomFillSync(Buffer.alloc(32));
  const wrapped = wrapKey(epoch.key, plain, bindingOfTranche(epoch.number, number));
  const ready = createSecretKey(plain);
  plain.fill(0);
  return { number, wrapped, record: encodeTranche(number, wrapped), members: new Set(), ready };
}

/** A new key in this tranche, lying open. */
export function makeKey(name: string, tranche: Tranche, epoch: EpochKey): DataKey {
  const open = randomFillSync(Buffer.alloc(32));
  const identity = { id: randomBytes(16), name, commitment: commitmentOf(open) };
  return { ...inTranche(identity, open, tranche, epoch), open };
}

/** The open key in memory of its own: whoever asks wipes it. */
export function plainOf(key: DataKey, epoch: EpochKey): Buffer {
  const { tranche } = key;
  if (!tranche) return unwrapKey(epoch.key, key.wrapped, firstBindingOf(epoch.number, key));
  return unwrapKey(keyOfTranche(tranche, epoch), key.wrapped, bindingOfKey(tranche.number, key));
}

/** The same tranche under the key of another epoch; its members' records stay as they are. */
export function renew(tranche: Tranche, from: EpochKey, to: EpochKey): Renewed {
  const plain = unwrapKey(from.key, tranche.wrapped, bindingOfTranche(from.number, tranche.number));
  const wrapped = wrapKey(to.key, plain, bindingOfTranche(to.number, tranche.number));
  plain.fill(0);
  return { tranche, wrapped, record: encodeTranche(tranche.number, wrapped) };
}

/** The same key in a tranche of the next epoch. */
export function move(key: DataKey, tranche: Tranche, from: EpochKey, to: EpochKey): Moved {
  const plain = key.open ?? plainOf(key, from);
  const anew = inTranche(key, plain, tranche, to);
  if (plain !== key.open) plain.fill(0);
  return { key, anew };
}

/**
 * What stays as it is when these keys are destroyed, and which keys need a new tranche: those beside a destroyed one,
 * those that never had one, and those of small tranches, as long as all of them fit into one.
 */
export function arrange(
  keys: Iterable<DataKey>,
  tranches: readonly Tranche[],
  doomed: readonly DataKey[],
): { staying: Tranche[]; moving: DataKey[] } {
  const gone = new Set(doomed);
  const touched = new Set(doomed.map((key) => key.tranche));
  const moving = [...keys].filter((key) => !gone.has(key) && (key.tranche === null || touched.has(key.tranche)));
  const joining = new Set<Tranche>();
  let room = trancheSize - moving.length;
  for (const tranche of tranches) {
    if (touched.has(tranche) || tranche.members.size > Math.min(smallTranche, room)) continue;
    joining.add(tranche);
    room -= tranche.members.size;
  }
  // One that would only become the same again stays.
  if (joining.size === 1 && moving.length === 0) joining.clear();
  for (const tranche of joining) moving.push(...tranche.members);
  return { staying: tranches.filter((each) => !touched.has(each) && !joining.has(each)), moving };
}

export const mayTakeMore = (tranche: Tranche | undefined): tranche is Tranche =>
  tranche !== undefined && tranche.members.size < trancheSize;

/** The number of a tranche that none of these has. */
export const nextNumber = (tranches: readonly Tranche[]): number =>
  1 + tranches.reduce((most, { number }) => Math.max(most, number), 0);

function keyOfTranche(tranche: Tranche, epoch: EpochKey): KeyObject {
  if (!tranche.ready) {
    const plain = unwrapKey(epoch.key, tranche.wrapped, bindingOfTranche(epoch.number, tranche.number));
    tranche.ready = createSecretKey(plain);
    plain.fill(0);
  }
  return tranche.ready;
}

function inTranche(
  identity: Pick<DataKey, 'id' | 'name' | 'commitment'>,
  plain: Buffer,
  tranche: Tranche,
  epoch: EpochKey,
): DataKey {
  const wrapped = wrapKey(keyOfTranche(tranche, epoch), plain, bindingOfKey(tranche.number, identity));
  return keyOfRecord(encodeKey(tranche.number, identity, wrapped), tranche);
}
