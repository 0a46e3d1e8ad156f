import { Refusal } from '../base/index.ts';
import type { Operator } from './types.ts';

/** The parts of an operator's way of working that not every operator has. */
export type OptionalSection = 'limits' | 'logAccess' | 'recovery' | 'inactivity' | 'paidPeriodNotices';

/**
 * A part of the operator's pack that the caller cannot work without. A pack that lists a plugin has what the plugin
 * needs, so a plugin asks once, when it is made.
 * @throws Refusal `law.no-section` naming the operator and the section of `process.yaml`
 */
export function sectionOf<Name extends OptionalSection>(operator: Operator, name: Name): NonNullable<Operator[Name]> {
  const section = operator[name];
  if (section !== null) return section as NonNullable<Operator[Name]>;
  const key = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  throw new Refusal('law.no-section', 'unavailable', {
    section: key,
    message: `В пакете оператора ${operator.id} нет раздела ${key} (process.yaml).`,
  });
}
