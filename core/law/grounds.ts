import type { PolicyFile } from './files.ts';
import { keyed, type RawCite } from './raw.ts';
import type { Ground } from './types.ts';

type RawGround = { id: Ground; title: string; cites: RawCite[] };

/** Tells the ground of a purpose by the norm that it cites; null for a norm that stands for none of the known grounds. */
export type GroundOf = (cite: RawCite) => Ground | null;

const keyOf = ({ act, article, part, point }: RawCite): string =>
  [act, article, part, point].map((one) => String(one ?? '')).join('|');

/** @param file `taxonomy/grounds.yaml` */
export function groundsOf(file: PolicyFile): GroundOf {
  const known = new Map<string, Ground>();
  for (const { id, cites } of keyed(file, 'id').values() as Iterable<RawGround>) {
    for (const cite of cites) known.set(keyOf(cite), id);
  }
  return (cite) => known.get(keyOf(cite)) ?? null;
}
