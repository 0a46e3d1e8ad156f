import { Refusal, Temporal } from '../base/index.ts';
import { describePeriod } from '../calendar/index.ts';
import { cite } from './cite.ts';
import { dueOf, sameEnd } from './due.ts';
import { keepOf } from './keep.ts';
import type { Pack } from './pack.ts';
import type { Because, Due, SummarySection } from './types.ts';

type Day = Temporal.PlainDate;
/** How a term of no length is called. */
const atOnce = describePeriod({}, 'ru');
/** What the operator's documents say in so many words. */
const stated = { act: 'документы оператора', certainty: 'A' } as const;
const ru = new Intl.ListFormat('ru', { type: 'disjunction' });

/**
 * The rules that are really applied to those who live under a document, in Russian, made from the data: to be printed
 * beside an edition as a summary that is not the document.
 * @throws Refusal `law.unknown-document`
 */
export function summaryOf(pack: Pack, document: string, on: Day): SummarySection[] {
  const parts = pack.summaries.get(document);
  if (!parts) {
    throw new Refusal('law.unknown-document', 'not-found', { document, near: [...pack.summaries.keys()] });
  }
  return parts
    .map((part) => ({
      heading: part.heading,
      items: [
        ...(part.texts ?? []).map(({ text, clause }) => ({ text, clause: cite({ ...stated, clause }, 'ru') })),
        ...(part.categories ?? []).map((id) => retention(pack, id, on)),
        ...(part.duties ?? []).flatMap((id) => terms(pack, id, on)),
        ...(part.effective ?? []).map((kind) => change(pack, kind, on)),
      ],
    }))
    .filter((section) => section.items.length > 0);
}

function retention(pack: Pack, id: string, on: Day) {
  const { because, destroyBecause } = keepOf(pack, id, { from: on });
  const title = pack.scheduleOf.get(id)?.title ?? pack.categories.get(id)?.title ?? id;
  const starts = startsOf(pack, because.winner.rule);
  const kept =
    because.winner.value === atOnce ? `до события: ${starts}` : `${because.winner.value} (начало срока: ${starts})`;
  return {
    text: `${title}: срок хранения — ${kept}; уничтожение — ${within(destroyBecause.winner.value)}.`,
    clause: grounds(because),
  };
}

function terms(pack: Pack, id: string, on: Day) {
  // Where the term depends on who asks, each gets a line.
  const apart = (pack.byDuty.get(id) ?? []).some((rule) => rule.customer) && pack.byDuty.get(id)?.length !== 1;
  if (!apart) return [term(pack, id, dueNear(pack, id, on), '')];
  return (['business', 'consumer'] as const).map((customer) =>
    term(
      pack,
      id,
      dueNear(pack, id, on, customer),
      customer === 'consumer' ? ' (потребителю)' : ' (организации и предпринимателю)',
    ),
  );
}

function term(pack: Pack, id: string, { because, lateFrom, mayFrom }: Due, whom: string) {
  const title = `${pack.duties.get(id)?.title ?? id}${whom}`;
  const rule = pack.rules.get(because.winner.rule);
  const extension = rule?.values.at(-1)?.extension;
  const more = extension ? `, с мотивированным уведомлением ещё ${describePeriod(extension, 'ru')}` : '';
  const first = mayFrom && lateFrom ? because.losers.find((step) => step.rule === rule?.after) : undefined;
  const wait = first ? `не раньше чем через ${first.value}, затем ` : '';
  const { value } = because.winner;
  const bound = lateFrom ? within(value) : `не раньше чем через ${value}`;
  return {
    text: `${title} — ${wait}${bound}${more} (начало срока: ${startsOf(pack, because.winner.rule)}).`,
    clause: [...new Set([grounds(because), ...(first ? [cite(first.cite, 'ru')] : [])])].join('; '),
  };
}

function change(pack: Pack, kind: 'document' | 'price', on: Day) {
  const { because } = dueNear(pack, `change.${kind}`, on);
  const title = pack.duties.get(`change.${kind}`)?.title ?? kind;
  const { value } = because.winner;
  return {
    text:
      value === atOnce
        ? `${title} — со дня опубликования, если сама редакция не назовёт более поздний.`
        : `${title} — не раньше чем через ${value} после опубликования; эти дни должны пройти полностью.`,
    clause: [because.winner, ...because.losers].map((step) => cite(step.cite, 'ru')).join('; '),
  };
}

/** The same question where there is a calendar: a summary names terms, not days. */
function dueNear(pack: Pack, id: string, on: Day, customer?: 'business' | 'consumer'): Due {
  const who = customer ? { customer } : {};
  try {
    return dueOf(pack, id, { from: on, ...who });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'calendar.missing') throw error;
    const year = pack.calendar.years().at(-1) as number;
    return dueOf(pack, id, { from: Temporal.PlainDate.from({ year, month: 7, day: 1 }), ...who });
  }
}

function within(value: string): string {
  return value === atOnce ? 'сразу, в тот же день' : `не позднее чем через ${value}`;
}

function startsOf(pack: Pack, rule: string): string {
  return ru.format((pack.rules.get(rule)?.starts ?? []).map((fact) => pack.facts.get(fact)?.title ?? fact));
}

function grounds(because: Because): string {
  const same = because.losers.filter((step) => step.why === sameEnd);
  return [...new Set([because.winner, ...same].map((step) => cite(step.cite, 'ru')))].join('; ');
}
