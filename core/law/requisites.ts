import type { Operator } from './types.ts';

/** The part of an operator's pack that names it. */
export type Named = Pick<
  Operator,
  'name' | 'shortName' | 'inn' | 'address' | 'postal' | 'email' | 'phone' | 'site' | 'dpo'
>;

/** What papers, letters and pages say about the operator; see `requisites`. */
export interface Requisites {
  inn: string; // «ИНН 7811527760»
  address: string;
  postal: string;
  email: string; // of whoever answers for personal data
  contact: string; // where to turn to: an address, a telephone, or the operator's site
}

const absent = {
  ru: {
    inn: 'ИНН не указан в документах',
    address: 'адрес не указан в документах',
    postal: 'почтовый адрес не указан в документах',
    email: 'адрес электронной почты не указан в документах',
  },
  en: {
    inn: 'ИНН not stated in the documents',
    address: 'address not stated in the documents',
    postal: 'postal address not stated in the documents',
    email: 'e-mail address not stated in the documents',
  },
};

/**
 * The operator's requisites as they are printed. What its documents leave out is said to be left out: nothing is put in
 * its place, and the linter names it.
 */
export function requisites(operator: Named, locale: 'ru' | 'en' = 'ru'): Requisites {
  const none = absent[locale];
  const email = operator.dpo.email ?? operator.email;
  return {
    inn: operator.inn ? `ИНН ${operator.inn}` : none.inn,
    address: operator.address ?? none.address,
    postal: operator.postal ?? operator.address ?? none.postal,
    email: email ?? none.email,
    contact: operator.email ?? email ?? operator.phone ?? operator.site,
  };
}
