import { Refusal } from '../base/index.ts';

/**
 * The roles of the house, a closed list. `admin` runs the installation and sees no personal data; `relay-user` is the
 * person the service is for.
 */
export const accountRoles = [
  'dpo',
  'dpo-assistant',
  'specialist',
  'auditor',
  'billing',
  'admin',
  'relay-user',
] as const;

export type AccountRole = (typeof accountRoles)[number];

/** What letters and screens call a role. */
export const roleTitles: Record<AccountRole, { ru: string; en: string }> = {
  dpo: { ru: 'ответственный за обработку персональных данных', en: 'data protection officer' },
  'dpo-assistant': { ru: 'помощник ответственного', en: 'assistant of the data protection officer' },
  specialist: { ru: 'технический специалист', en: 'technical specialist' },
  auditor: { ru: 'аудитор', en: 'auditor' },
  billing: { ru: 'бухгалтер', en: 'bookkeeper' },
  admin: { ru: 'администратор', en: 'administrator' },
  'relay-user': { ru: 'пользователь', en: 'user' },
};

/** Who is asking, as ids and roles. The name is for screens only. */
export interface AccountActor {
  account: string; // acc_…
  subject: string | null; // sub_… of a user; null for staff
  roles: readonly AccountRole[];
  name: string;
  locale?: 'ru' | 'en';
}

// Read it as a matrix: who may do what. A right that is not here belongs to no one.
const rights = {
  'requests.read': ['dpo', 'dpo-assistant'],
  'requests.work': ['dpo', 'dpo-assistant'],
  'requests.answer': ['dpo'],
  'erasures.read': ['dpo', 'dpo-assistant', 'auditor'],
  'erasures.check': ['dpo', 'dpo-assistant'],
  'acts.read': ['dpo', 'dpo-assistant', 'auditor'],
  'acts.sign': ['dpo'],
  'holds.place': ['dpo'],
  'journal.read': ['dpo', 'auditor'],
  'journal.export': ['auditor'],
  'logs.request': ['specialist'],
  'logs.grant': ['dpo'],
  'logs.report': ['dpo', 'auditor'],
  'payments.record': ['billing'],
  'editions.add': ['dpo'],
  'accounts.restore': ['dpo', 'dpo-assistant'],
  'accounts.block': ['dpo'],
  'staff.manage': ['admin'],
  'own.account': ['relay-user'],
  'own.projects': ['relay-user'],
} as const satisfies Record<string, readonly AccountRole[]>;

type Right = keyof typeof rights;

/** Whether this actor holds a right. Nobody, no role, an unknown right: no. */
export function can(actor: Pick<AccountActor, 'roles'> | null | undefined, right: Right): boolean {
  const allowed: readonly AccountRole[] = Object.hasOwn(rights, right) ? rights[right] : [];
  return actor?.roles.some((role) => allowed.includes(role)) ?? false;
}

/**
 * Passes only the holder of a right.
 * @throws Refusal `actor.unknown` when nobody is signed in, `actor.not-allowed` naming the right
 */
export function mustHave(actor: AccountActor | null | undefined, right: Right): AccountActor {
  if (!actor) throw new Refusal('actor.unknown', 'unauthenticated', { right });
  if (!can(actor, right)) throw new Refusal('actor.not-allowed', 'forbidden', { right });
  return actor;
}

/**
 * Roles from outside, checked against the closed list.
 * @throws Refusal `account.unknown-role` naming the word that is no role
 */
export function rolesFrom(words: readonly string[]): AccountRole[] {
  const known: readonly string[] = accountRoles;
  const stranger = words.find((word) => !known.includes(word));
  if (stranger !== undefined || words.length === 0) {
    throw new Refusal('account.unknown-role', 'invalid', { field: 'roles', one: accountRoles });
  }
  return [...new Set(words)] as AccountRole[];
}
