import { Refusal, Temporal } from '../base/index.ts';
import type { Edition } from '../consents/index.ts';
import type { ConsoleDeps } from './ports.ts';

export interface RegistrationForm {
  email: string;
  password: string;
  name: string;
  position?: string;
  locale?: 'ru' | 'en';
  /** Day of birth, where the operator asks for it: looked at once, and kept nowhere. */
  born?: string;
  accepts: string[]; // edn_…
  acquaints: string[];
}

type Deps = Pick<ConsoleDeps, 'db' | 'accounts' | 'consents' | 'law' | 'clock'>;

/** The editions in force that a newcomer accepts (contracts) and gets to know (policies). */
interface ToSee {
  accept: Edition[];
  acquaint: Edition[];
  /** Is there what a newcomer must see: the contract, or the policy of an operator that has no contract here? */
  open: boolean;
}

export async function editionsToSee({ db, consents, law }: Deps, today: Temporal.PlainDate): Promise<ToSee> {
  const of = async (kind: string): Promise<Edition[]> => {
    const wanted = law.operator.documents.filter((document) => document.kind === kind);
    const found = await Promise.all(wanted.map(({ id }) => consents.editions.current(db, id, today)));
    return found.filter((edition) => edition !== null);
  };
  const [accept, acquaint] = [await of('contract'), await of('policy')];
  const hasContract = law.operator.documents.some(({ kind }) => kind === 'contract');
  return { accept, acquaint, open: (hasContract ? accept : acquaint).length > 0 };
}

/**
 * The operator may serve grown people only. The day is compared and forgotten.
 * @throws Refusal `registration.no-birth-day`, `registration.under-age` with the clause
 */
function mustBeOfAge(law: Deps['law'], born: string | undefined, today: Temporal.PlainDate): void {
  const { age } = law.operator;
  const { allowed, reason, clause } = law.may('registration', {
    born: born ? Temporal.PlainDate.from(born) : null,
    on: today,
  });
  if (!age || allowed) return;
  if (reason === 'age-unknown') {
    throw new Refusal('registration.no-birth-day', 'invalid', { field: 'born', message: 'Укажите дату рождения.' });
  }
  throw new Refusal('registration.under-age', 'invalid', {
    ...{ field: 'born', minimum: age.minimum, clause },
    message: `Минимальный возраст для регистрации — ${age.minimum} (${clause}).`,
  });
}

/**
 * Takes a user in, in one transaction: the account, the acceptance of the offer and the acquaintance with the policy,
 * each by its edition. Writes no consent, and no day of birth.
 * @throws Refusal `registration.no-offer` | `registration.no-birth-day` | `registration.under-age` | `registration.not-accepted` | `registration.not-acquainted` | `account.*`
 */
export async function register(deps: Deps, form: RegistrationForm): Promise<{ account: string; subject: string }> {
  const { db, accounts, consents, law, clock } = deps;
  const today = clock.now().toZonedDateTimeISO(law.zone).toPlainDate();
  const needed = await editionsToSee(deps, today);
  if (!needed.open) {
    throw new Refusal('registration.no-offer', 'unavailable', {
      message: 'Регистрация закрыта: действующая редакция документов ещё не опубликована.',
    });
  }
  mustBeOfAge(law, form.born, today);
  missing(needed.accept, form.accepts, 'accepts', 'registration.not-accepted', 'Примите условия.');
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
