import { Refusal, type Temporal } from '../base/index.ts';
import type { Edition } from '../consents/index.ts';
import type { ConsoleDeps } from './ports.ts';

export interface RegistrationForm {
  email: string;
  password: string;
  name: string;
  position?: string;
  locale?: 'ru' | 'en';
  accepts: string[]; // edn_…
  acquaints: string[];
}

type Deps = Pick<ConsoleDeps, 'db' | 'accounts' | 'consents' | 'law' | 'clock'>;

/** The editions in force that a newcomer accepts (contracts) and gets to know (policies). */
export async function editionsToSee(
  { db, consents, law }: Deps,
  today: Temporal.PlainDate,
): Promise<{ accept: Edition[]; acquaint: Edition[] }> {
  const of = async (kind: string): Promise<Edition[]> => {
    const wanted = law.operator.documents.filter((document) => document.kind === kind);
    const found = await Promise.all(wanted.map(({ id }) => consents.editions.current(db, id, today)));
    return found.filter((edition) => edition !== null);
  };
  return { accept: await of('contract'), acquaint: await of('policy') };
}

/**
 * Takes a user in, in one transaction: the account, the acceptance of the offer and the acquaintance with the policy,
 * each by its edition. Writes no consent.
 * @throws Refusal `registration.no-offer` | `registration.not-accepted` | `registration.not-acquainted` | `account.*`
 */
export async function register(deps: Deps, form: RegistrationForm): Promise<{ account: string; subject: string }> {
  const { db, accounts, consents, law, clock } = deps;
  const today = clock.now().toZonedDateTimeISO(law.zone).toPlainDate();
  const needed = await editionsToSee(deps, today);
  if (needed.accept.length === 0) {
    throw new Refusal('registration.no-offer', 'unavailable', {
      message: 'Регистрация закрыта: действующая редакция оферты ещё не опубликована.',
    });
  }
  missing(needed.accept, form.accepts, 'accepts', 'registration.not-accepted', 'Примите условия оферты.');
  missing(needed.acquaint, form.acquaints, 'acquaints', 'registration.not-acquainted', 'Ознакомьтесь с политикой.');
  const { email, password, name, position, locale } = form;
  return db.transaction(async (trx) => {
    const made = await accounts.registerUser(trx, {
      email,
      password,
      name,
      position: position || null,
      ...(locale ? { locale } : {}),
    });
    for (const { id } of needed.accept) await consents.accept(trx, made.account, id, { via: 'registration' });
    for (const { id } of needed.acquaint) await consents.acquaint(trx, made.account, id, { via: 'registration' });
    return made;
  });
}

function missing(needed: Edition[], given: string[], field: string, code: string, message: string): void {
  const absent = needed.filter(({ id }) => !given.includes(id));
  if (absent.length > 0) {
    throw new Refusal(code, 'invalid', { field, message, editions: absent.map(({ id }) => id) });
  }
}
