import { createHash } from 'node:crypto';

/*
 * The Merkle tree of RFC 6962, section 2.1: leaf = SHA-256(0x00 || data), node = SHA-256(0x01 || left || right).
 */
const nodePrefix = Buffer.from([1]);
const leafPrefix = Buffer.from([0]);

export function leafOf(data: Buffer): Buffer {
  return createHash('sha256').update(leafPrefix).update(data).digest();
}

function nodeOf(left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(nodePrefix).update(left).update(right).digest();
}

/** The right edge of a growing tree: the roots of its perfect subtrees, largest first. At most one per bit of the size. */
export interface Edge {
  size: number;
  roots: Buffer[];
}

export function emptyEdge(): Edge {
  return { size: 0, roots: [] };
}

/** Adds a leaf in place. */
export function push(edge: Edge, leaf: Buffer): void {
  let node = leaf;
  for (let rest = edge.size; rest % 2 === 1; rest = (rest - 1) / 2) node = nodeOf(edge.roots.pop() as Buffer, node);
  edge.roots.push(node);
  edge.size++;
}

export function rootOf({ roots }: Edge): Buffer {
  if (roots.length === 0) return createHash('sha256').digest();
  return roots.reduceRight((right, left) => nodeOf(left, right));
}

/** @throws RangeError when the bytes cannot be the edge of a tree of this size */
export function edgeFrom(size: number, bytes: Buffer): Edge {
  const ones = size.toString(2).replaceAll('0', '').length;
  if (bytes.length !== ones * 32) throw new RangeError(`The edge of a tree of ${size} has ${ones} roots.`);
  return { size, roots: Array.from({ length: ones }, (_, i) => Buffer.from(bytes.subarray(i * 32, i * 32 + 32))) };
}

function rootOfLeaves(leaves: readonly Buffer[]): Buffer {
  const edge = emptyEdge();
  for (const leaf of leaves) push(edge, leaf);
  return rootOf(edge);
}

/** The largest power of two below n. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The hashes that prove that the leaf at `index` (from 0) lies in the tree of these leaves. */
export function inclusionProof(leaves: readonly Buffer[], index: number): Buffer[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...inclusionProof(leaves.slice(0, k), index), rootOfLeaves(leaves.slice(k))]
    : [...inclusionProof(leaves.slice(k), index - k), rootOfLeaves(leaves.slice(0, k))];
}

export function verifyInclusion(
  leaf: Buffer,
  index: number,
  size: number,
  proof: readonly Buffer[],
  root: Buffer,
): boolean {
  if (index < 0 || index >= size) return false;
  let [at, last, node] = [index, size - 1, leaf];
  for (const hash of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      node = nodeOf(hash, node);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else node = nodeOf(node, hash);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && node.equals(root);
}

/** The hashes that prove that the tree of the first `size` leaves is the beginning of the tree of all. */
export function consistencyProof(leaves: readonly Buffer[], size: number): Buffer[] {
  const prove = (part: readonly Buffer[], m: number, whole: boolean): Buffer[] => {
    if (m === part.length) return whole ? [] : [rootOfLeaves(part)];
    const k = split(part.length);
    return m <= k
      ? [...prove(part.slice(0, k), m, whole), rootOfLeaves(part.slice(k))]
      : [...prove(part.slice(k), m - k, false), rootOfLeaves(part.slice(0, k))];
  };
  return size === 0 ? [] : prove(leaves, size, true);
}

export function verifyConsistency(
  before: { size: number; root: Buffer },
  after: { size: number; root: Buffer },
  proof: readonly Buffer[],
): boolean {
  if (before.size > after.size) return false;
  if (before.size === after.size) return proof.length === 0 && before.root.equals(after.root);
  if (before.size === 0) return proof.length === 0;
  // A tree of a power of two is itself the first node of the proof (RFC 9162, section 2.1.4.2).
  const path = Number.isInteger(Math.log2(before.size)) ? [before.root, ...proof] : [...proof];
  const first = path.shift();
  if (!first) return false;
  let [at, last, old, present] = [before.size - 1, after.size - 1, first, first];
  while (at % 2 === 1) {
    at = (at - 1) / 2;
    last = Math.floor(last / 2);
  }
  for (const hash of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      old = nodeOf(hash, old);
      present = nodeOf(hash, present);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else present = nodeOf(present, hash);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && old.equals(before.root) && present.equals(after.root);
}
