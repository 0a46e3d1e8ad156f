import type { IncomingHttpHeaders } from 'node:http';
import type { Locale } from './actor.ts';

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
