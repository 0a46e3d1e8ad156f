import type { IncomingHttpHeaders } from 'node:http';
import { type Locale, loadWords, type Refusal } from '../../core/index.ts';

// Refusals name days and times as programs do: the zone is of no account.
const dictionary = loadWords(new URL('../../templates/locales/', import.meta.url), 'UTC');
const spoken: readonly Locale[] = ['ru', 'en'];

/**
 * The language of ours that a caller asks for first (Accept-Language, RFC 9110); null when it asks for none: programs
 * are told a refusal as the code has it.
 */
export function languageOf(headers: IncomingHttpHeaders): Locale | null {
  const asked = (headers['accept-language'] ?? '').split(',').map((one) => {
    const [range = '', weight = 'q=1'] = one.split(';').map((part) => part.trim().toLowerCase());
    return { language: range.split('-', 1)[0], weight: Number(weight.replace('q=', '')) };
  });
  const known = asked.filter(({ language, weight }) => weight > 0 && spoken.some((one) => one === language));
  known.sort((a, b) => b.weight - a.weight);
  return (known[0]?.language as Locale | undefined) ?? null;
}

/** Why something is refused, in the words of the house; without a language, in the refusal's own. */
export function reasonOf(
  { code, details }: Pick<Refusal, 'code' | 'details'>,
  language: Locale | null,
): string | undefined {
  const key = `refusal:${code}`;
  if (language && dictionary.has(language, key)) return dictionary.in(language).t(key, details);
  return details.message === undefined ? undefined : String(details.message);
}
