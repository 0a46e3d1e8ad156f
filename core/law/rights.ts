import type { PolicyFile } from './files.ts';
import { citation, keyed, need, type RawCite } from './raw.ts';
import type { Citation, Right, RightType, Rule } from './types.ts';

type RawRightType = {
  id: string;
  title: string;
  cite?: RawCite;
  certainty?: Citation['certainty'];
  list?: string;
};
type RawRight = {
  id: string;
  title: string;
  clause: string;
  duty?: string;
  points?: string[];
  source: Right['source'];
  own?: boolean;
};

/** The closed vocabulary of rights. @throws PolicyError for an unknown rule in `list` */
export function rightTypesOf(file: PolicyFile, rules: Map<string, unknown>): Map<string, RightType> {
  const types = keyed(file, 'id') as Map<string, RawRightType>;
  return new Map(
    [...types.values()].map((raw, index) => {
      if (raw.list) need(file, [index, 'list'], rules, raw.list, 'rule');
      const cite = raw.cite && raw.certainty ? citation(raw.cite, raw.certainty) : null;
      return [raw.id, { id: raw.id, title: raw.title, cite, list: raw.list ?? null }] as const;
    }),
  );
}

/**
 * The rights that an operator's documents name; a pack without the file names none.
 * @throws PolicyError for an unknown right or duty, and for points that the law's list does not have
 */
export function rightsOf(
  file: PolicyFile | undefined,
  known: { rights: Map<string, RightType>; duties: Map<string, unknown>; rules: Map<string, Rule> },
): Right[] {
  if (!file) return [];
  keyed(file, 'id');
  return (file.data as RawRight[]).map((raw, index) => {
    need(file, [index, 'id'], known.rights, raw.id, 'right');
    if (raw.duty) need(file, [index, 'duty'], known.duties, raw.duty, 'duty');
    const type = known.rights.get(raw.id) as RightType;
    if (raw.points) {
      if (!type.list) throw file.fail([index, 'points'], `points: the law has no list for "${raw.id}"`);
      const listed = pointsOf(known.rules.get(type.list));
      for (const point of raw.points) need(file, [index, 'points'], listed, point, 'point');
    }
    if (raw.source === 'law' && !type.cite) {
      throw file.fail([index, 'source'], `source: the law does not give "${raw.id}", only a promise does`);
    }
    return {
      id: raw.id,
      title: raw.title,
      clause: raw.clause,
      duty: raw.duty ?? null,
      points: raw.points ?? null,
      source: raw.source,
      own: raw.own ?? false,
    };
  });
}

/** The points that a list of the law has or had, with their titles. */
export function pointsOf(rule: Rule | undefined): Map<string, string> {
  return new Map(rule?.values.flatMap(({ items }) => (items ?? []).map(({ point, title }) => [point, title] as const)));
}
