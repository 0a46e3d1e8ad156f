import { Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import { type Because, cite, type Due } from '../law/index.ts';

/** What the sentences about a term are made of. */
export type Counted = Pick<Due, 'dueOn' | 'lateFrom' | 'skipped'> & { because: Because };

/** How a term was counted from its beginning, one sentence a step, as it is printed in answers and shown on screens. */
export function explainTerm({ dueOn, lateFrom, because, skipped }: Counted, zone: string): string[] {
  const steps = [`Срок: ${because.winner.value} — ${cite(because.winner.cite, 'ru')}.`];
  const off = skipped.map(({ day, why }) => `${ru(day)} (${why})`);
  if (off.length > 0) steps.push(`Не считаются нерабочие дни: ${off.join(', ')}.`);
  if (dueOn) steps.push(`Последний день: ${ru(dueOn)}, до 24:00 МСК.`);
  else if (lateFrom) steps.push(`Не позднее ${ru(dayOf(lateFrom, zone))} в ${timeOf(lateFrom, zone)} МСК.`);
  for (const loser of because.losers) {
    if (loser.on && loser.why) {
      steps.push(`${loser.value}: ${cite(loser.cite, 'ru')} — до ${ru(loser.on)}; ${loser.why}.`);
    }
  }
  return steps;
}

/** The days of an answer that was kept as JSON. */
export function revived(because: Because): Because {
  const step = ({ on, ...rest }: Because['winner']): Because['winner'] => ({
    ...rest,
    ...(on ? { on: Temporal.PlainDate.from(on) } : {}),
  });
  return { ...because, winner: step(because.winner), losers: because.losers.map(step) };
}

export function ru(day: Temporal.PlainDate): string {
  return `${String(day.day).padStart(2, '0')}.${String(day.month).padStart(2, '0')}.${day.year}`;
}

export function timeOf(at: Temporal.Instant, zone: string): string {
  const { hour, minute } = at.toZonedDateTimeISO(zone);
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}
