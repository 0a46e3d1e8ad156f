import { stringify } from 'csv-stringify/sync';
import { Refusal, type Temporal } from '../base/index.ts';
import type { Trx } from '../db/index.ts';
import type { Actor, Call, Schema, Words } from '../http/index.ts';
import type { Finding } from '../law/index.ts';
import type { ConsoleDeps } from './ports.ts';
import type { Today } from './views/requests.ts';

/** What the screens of one console share: today, words, names, one transaction per click. */
export interface Shared extends ConsoleDeps {
  today(): Today;
  words(call: Pick<Call, 'locale'>): Words;
  story<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
  /** Names of staff by account id; an id that is not staff stays an id. */
  names(): Promise<(id: string) => string>;
  /** What the linter says today, worst first; asked of the packs once a day, for they do not change while we run. */
  findings(): Promise<readonly Finding[]>;
}

export function share(deps: ConsoleDeps): Shared {
  let looked: { on: Temporal.PlainDate; findings: Promise<Finding[]> } | null = null;
  const look = async (on: Temporal.PlainDate) =>
    deps.law.lint(on, {
      clauses: await deps.clauses(),
      stores: deps.datamap.stores().map(({ store }) => store),
    });
  return {
    ...deps,
    today: () => todayOf(deps.clock.now(), deps),
    words: (call) => deps.http.ui.words(call.locale),
    story: (work) => deps.db.transaction(work),
    async names() {
      const known = new Map((await deps.accounts.staff.list()).map(({ account, name }) => [account, name]));
      return (id) => known.get(id) || id;
    },
    findings() {
      const { today } = todayOf(deps.clock.now(), deps);
      if (!looked?.on.equals(today)) looked = { on: today, findings: look(today) };
      return looked.findings;
    },
  };
}

export function todayOf(now: Temporal.Instant, { law }: Pick<ConsoleDeps, 'law'>): Today {
  return { now, today: now.toZonedDateTimeISO(law.zone).toPlainDate(), calendar: law.calendar, zone: law.zone };
}

/** The person who asks; the guard has already let them in. */
export function by(call: Pick<Call, 'actor'>): Actor {
  if (!call.actor) throw new Refusal('session.missing', 'unauthenticated');
  return call.actor;
}

/** The subject of a relay user. @throws Refusal for staff, who are no one's customer */
export function subjectOf(call: Pick<Call, 'actor'>): string {
  const { subject } = by(call);
  if (!subject) throw new Refusal('account.not-a-user', 'forbidden');
  return subject;
}

/** A form's fields: the required ones may not be empty, the others may. */
export function form(required: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

export const line = (maxLength = 200): Schema => ({ type: 'string', minLength: 1, maxLength });
export const maybe = (maxLength = 200): Schema => ({ type: 'string', maxLength });
/** A page of ours to go on to; never another host. */
export const innerPath: Schema = { type: 'string', pattern: '^/(?![/\\\\])[\\w./@%-]*$', maxLength: 300 };

/** @throws Refusal naming the field: a request cannot have come tomorrow */
export function notInFuture(at: Temporal.Instant, now: Temporal.Instant, field: string): void {
  if (at.epochMilliseconds <= now.epochMilliseconds) return;
  throw new Refusal('input.future', 'invalid', { field, message: 'Это время ещё не наступило.' });
}

/**
 * A wrong password is no missing session, a forbidden purpose no wrong page: the form is drawn again with the sentence,
 * instead of an error page that would lead back to the form.
 */
export async function asInput<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal && ['unauthenticated', 'forbidden'].includes(error.kind)) {
      throw new Refusal(error.code, 'invalid', { ...error.details });
    }
    throw error;
  }
}

/** A table for spreadsheets as they are set up here; what looks like a formula is no formula. */
export function csv(rows: readonly (readonly (string | number)[])[]): string {
  return stringify([...rows] as (string | number)[][], {
    ...{ delimiter: ';', bom: true, escape_formulas: true, record_delimiter: 'windows' },
  });
}
