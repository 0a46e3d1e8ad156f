import { Refusal, type Temporal } from '../base/index.ts';
import { cite } from './cite.ts';
import { because } from './due.ts';
import { type PeopleInputs, people } from './may-people.ts';
import { type RequestInputs, requests } from './may-requests.ts';
import { type ServiceInputs, service } from './may-service.ts';
import type { Pack } from './pack.ts';
import { nearest } from './raw.ts';
import type { Because } from './types.ts';
import type { Predicate } from './verdict.ts';

/** Every question that has an answer, with what it is answered from. */
export type PermissionInputs = PeopleInputs & ServiceInputs & RequestInputs;

/** An answer to "may this be done?". */
export interface Permission {
  what: keyof PermissionInputs;
  allowed: boolean;
  reason: string; // one word of a closed list, for the caller
  why: string; // in Russian
  clause: string; // what it rests on, as it is printed
  from: Temporal.PlainDate | null; // the first day on which it is allowed, where a day decides
  because: Because;
}

const predicates = { ...people, ...service, ...requests };
/** The names of the questions. */
export const permissions = Object.keys(predicates).sort() as (keyof PermissionInputs)[];

/**
 * May this be done, by the law and by the operator's documents? Where both speak, the stricter one answers.
 * @throws Refusal `law.unknown-permission` (with `near`), `law.permission-input` (which field), `law.no-section` (the
 *   operator has no such rule and cannot be asked), and those of the sums it rests on
 */
export function mayOf<What extends keyof PermissionInputs>(
  pack: Pack,
  what: What,
  input: PermissionInputs[What],
): Permission {
  const predicate = predicates[what] as Predicate<PermissionInputs[What]> | undefined;
  if (!predicate) {
    throw new Refusal('law.unknown-permission', 'not-found', {
      permission: what,
      near: nearest(what, permissions),
      message: `There is no question "${what}".`,
    });
  }
  const { allowed, reason, why, rule, cite: place, from, losers, note } = predicate(pack, input);
  return {
    what,
    allowed,
    reason,
    why,
    clause: cite(place, 'ru'),
    from: from ?? null,
    because: because(pack, { rule, value: why, cite: place }, losers ?? [], note ? [note] : []),
  };
}
