import { type Locale, loadWords, type Refusal } from '../../core/index.ts';

export { languageOf } from '../../core/index.ts';

// Refusals name days and times as programs do: the zone is of no account.
const dictionary = loadWords(new URL('../../templates/locales/', import.meta.url), 'UTC');

/** Why something is refused, in the words of the house; without a language, in the refusal's own. */
export function reasonOf(
  { code, details }: Pick<Refusal, 'code' | 'details'>,
  language: Locale | null,
): string | undefined {
  const key = `refusal:${code}`;
  if (language && dictionary.has(language, key)) return dictionary.in(language).t(key, details);
  return details.message === undefined ? undefined : String(details.message);
}
