import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from '../../core/journal/index.ts';
import { edgeFrom, emptyEdge, leafOf, push, rootOf } from '../../core/journal/tree.ts';

/** The vectors that implementations of RFC 6962 share: eight leaves, and the root after each. */
const data = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('the tree of the journal', () => {
  it('has the roots of RFC 6962 at every size', () => {
    const edge = emptyEdge();
    expect(rootOf(edge).equals(createHash('sha256').digest())).to.equal(true);
    for (const [i, hex] of data.entries()) {
      push(edge, leafOf(Buffer.from(hex, 'hex')));
      expect(rootOf(edge).toString('hex')).to.equal(roots[i]);
    }
  });

  it('grows on from its kept edge as if it had never been put away', () => {
    const whole = emptyEdge();
    let kept = emptyEdge();
    for (let i = 0; i < 200; i++) {
      push(whole, leaf(i));
      push(kept, leaf(i));
      kept = edgeFrom(kept.size, Buffer.concat(kept.roots));
      expect(rootOf(kept).equals(rootOf(whole))).to.equal(true);
    }
    expect(() => edgeFrom(3, Buffer.alloc(32))).to.throw(RangeError);
  });

  it('proves every leaf in every tree, and no other', () => {
    for (let size = 1; size <= 33; size++) {
      const leaves = Array.from({ length: size }, (_, i) => leaf(i));
      const root = rootOfAll(leaves);
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(leaves, index);
        expect(verifyInclusion(leaf(index), index, size, proof, root)).to.equal(true);
        expect(verifyInclusion(leaf(index + 1), index, size, proof, root)).to.equal(false);
        if (size > 1) expect(verifyInclusion(leaf(index), (index + 1) % size, size, proof, root)).to.equal(false);
      }
    }
  });

  it('proves that a tree is the beginning of a later one, and that a rewritten one is not', () => {
    for (let size = 1; size <= 33; size++) {
      const leaves = Array.from({ length: size }, (_, i) => leaf(i));
      const after = { size, root: rootOfAll(leaves) };
      for (let m = 0; m <= size; m++) {
        const proof = consistencyProof(leaves, m);
        expect(
          verifyConsistency({ size: m, root: rootOfAll(leaves.slice(0, m)) }, after, proof),
          `${m} of ${size}`,
        ).to.equal(true);
        if (m > 0) expect(verifyConsistency({ size: m, root: leaf(99) }, after, proof)).to.equal(false);
      }
    }
  });
});

function leaf(n: number): Buffer {
  return leafOf(Buffer.from([n]));
}

function rootOfAll(leaves: Buffer[]): Buffer {
  const edge = emptyEdge();
  for (const each of leaves) push(edge, each);
  return rootOf(edge);
}
