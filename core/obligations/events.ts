import { type Clock, newId, Refusal, Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import type { DataMap } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Journal } from '../journal/index.ts';
import type { Law } from '../law/index.ts';
import type { Letters } from '../letters/index.ts';
import { termOf } from './due.ts';
import type {
  DutyList,
  EventDuty,
  EventFact,
  EventPermission,
  Events,
  StaffEvent,
  StaffEventPage,
  StaffReport,
} from './event-types.ts';
import { explainTerm, revived, ru, timeOf } from './explain.ts';
import type { Obligations, Report } from './obligations.ts';
import { checkMoment, checkOrder, checkReport, markOf, vocabularyOf } from './staff.ts';
import {
  aboutsToWatch,
  type EventRow,
  type FactRow,
  factsOf,
  findEvent,
  insertEvent,
  listEvents,
  listReports,
  lockAbout,
  type ObligationRow,
  obligationsOf,
  takeKey,
} from './store.ts';

export interface EventsDeps {
  db: Db;
  clock: Clock;
  law: Law;
  journal: Pick<Journal, 'append' | 'list' | 'sealUp'>;
  letters: Pick<Letters, 'number'>;
  datamap: Pick<DataMap, 'subjects'>;
  obligations: Pick<Obligations, 'extend'>;
  report: Report;
  /** Whose an account is; null for one that is not there. */
  subjectOf(trx: Trx, account: string): Promise<string | null>;
}

const watched = 500;
const ofIncidents = 'incident';

/** What staff report, because no program can know it: an incident, a claim, a letter to the regulator. */
export function createEvents(deps: EventsDeps): Events {
  const { db, clock, law, journal, letters, datamap, obligations } = deps;
  const words = vocabularyOf(law);
  const titleOf = (fact: string): string => words.types.get(fact)?.title ?? fact;
  const kindOf = (fact: string): string => words.types.get(fact)?.about ?? '';

  /* Reporting */

  async function personOf(trx: Trx, person: string): Promise<string> {
    const subject = person.startsWith('acc_') ? await deps.subjectOf(trx, person) : person;
    const known = subject ? await datamap.subjects.get(trx, subject) : null;
    if (!known) throw new Refusal('event.person-unknown', 'invalid', { field: 'person' });
    await datamap.subjects.alive(trx, known.id);
    return known.id;
  }

  /** Whose a new event is. */
  async function subjectOfNew(trx: Trx, { person }: StaffReport, wanted: string | null): Promise<string | null> {
    if (person && !wanted) throw new Refusal('event.no-person', 'invalid', { field: 'person' });
    if (!person && wanted === 'required') throw new Refusal('event.whose', 'invalid', { field: 'person' });
    return person ? personOf(trx, person) : null;
  }

  /** A step: what it belongs to has had a fact it may follow, and is still waiting for it. */
  async function placeOf(trx: Trx, { fact, about }: { fact: string; about: string }) {
    const event = await findEvent(trx, about);
    const id = event?.id ?? about;
    await lockAbout(trx, id);
    const [told, duties] = [await factsOf(trx, [id]), await obligationsOf(trx, [id])];
    const [first] = told;
    if (!first || duties.some(({ about_kind }) => about_kind === 'request')) {
      throw new Refusal('event.unknown', 'not-found', { event: about });
    }
    const open = duties.filter(({ state }) => state === 'open').map(({ duty }) => duty);
    const steps = words.steps(new Set(told.map(({ name }) => name)), open);
    const step = steps.find(({ fact: type }) => type.fact === fact);
    if (!step) throw new Refusal('event.not-next', 'conflict', { event: id, fact });
    const before = told.filter(({ name }) => step.fact.reported?.after.includes(name));
    return { id, subject: first.subject_id, notBefore: before[0]?.at ?? first.at };
  }

  const report: Events['report'] = async (trx, told) => {
    const { type, reported, fields } = checkReport(words, told);
    const { fact, at, by, note } = told;
    const now = clock.now();
    const begins = told.about === undefined;
    if (begins && !reported.begins) throw new Refusal('event.needs-event', 'invalid', { field: 'about', fact });
    if (begins && !words.beginnings.includes(type))
      throw new Refusal('event.not-offered', 'invalid', { field: 'fact' });
    checkOrder(at, now, null);
    checkMoment(law, { name: fact, fields, at });
    const contains = checkList(fact, told.contains ?? [], at);
    const id = newId('fct', now);
    const made = begins ? newId(reported.begins as string, now) : await idOf(trx, told.about as string);
    const row = {
      fact_id: id,
      about: made,
      by: by.account,
      reported_at: now,
      contains,
      ...markOf({ ...told, ...(begins ? {} : { about: made }) }),
    };
    const before = await takeKey(trx, row);
    if (before) {
      if (!before.said.equals(row.said)) throw new Refusal('event.key-taken', 'key-reused', { field: 'key' });
      return { id: before.about, again: true };
    }
    const place = begins ? null : await placeOf(trx, { fact, about: made });
    if (place) checkOrder(at, now, place.notBefore);
    const subject = place ? place.subject : await subjectOfNew(trx, told, reported.person);
    if (begins) {
      const series = type.about === ofIncidents ? 'ИН' : 'СБ';
      const number = await letters.number(trx, series, dayOf(at, law.zone).year);
      await insertEvent(trx, { id: made, number, fact, fact_id: id, subject_id: subject, at });
    }
    await deps.report(trx, { id, name: fact, about: made, at, fields, ...(subject ? { subject } : {}) });
    await journal.append(trx, {
      action: begins ? 'event.reported' : 'event.followed',
      about: made,
      actor: by.account,
      body: { fact, told: id, at: at.toString(), contains, ...(note?.trim() ? { note: note.trim() } : {}) },
    });
    return { id: made, again: false };
  };

  async function idOf(trx: Trx, about: string): Promise<string> {
    return (await findEvent(trx, about))?.id ?? about;
  }

  /** The points a report says were told or done, checked against the lists of the duties that it may end. */
  function checkList(fact: string, contains: readonly string[], at: Temporal.Instant): string[] {
    const lists = law
      .dutyTypes()
      .flatMap((duty) => (duty.discharged.includes(fact) ? (listOf(duty.id, at) ?? []) : []));
    const points = new Set(lists.flatMap(({ items }) => items.map(({ point }) => point)));
    const unknown = contains.find((point) => !points.has(point));
    if (unknown !== undefined) throw new Refusal('event.no-such-point', 'invalid', { field: 'contains' });
    return [...new Set(contains)];
  }

  /* Showing */

  function listOf(duty: string, at: Temporal.Instant): DutyList | null {
    const { list } = law.dutyType(duty);
    if (!list) return null;
    try {
      const { items, cite } = law.value(list, dayOf(at, law.zone));
      return items ? { title: law.rule(list).title, cite, items } : null;
    } catch (error) {
      if (error instanceof Refusal && error.code === 'law.no-value') return null;
      throw error;
    }
  }

  function dutyOf(row: ObligationRow, openedBy: string): EventDuty {
    const now = clock.now();
    const until = row.discharged_at ?? now;
    const open = row.state === 'open';
    const because = row.because && revived(row.because);
    const skipped = because ? daysOff(row) : [];
    const extendable =
      open && !row.extended_at && isLonger(termOf(law, row.duty, { ...row.query, extended: now }), row);
    const term = { dueOn: row.due_on, lateFrom: row.late_from, because, skipped };
    const began = `${openedBy}: ${ru(dayOf(row.opened_at, law.zone))} в ${timeOf(row.opened_at, law.zone)} МСК.`;
    return {
      ...{ id: row.id, duty: row.duty, title: law.dutyType(row.duty).title, openedBy, openedAt: row.opened_at },
      ...{ ...term, outerOn: row.outer_on, state: row.state, problem: row.problem, extendable },
      late: row.late_from !== null && Temporal.Instant.compare(until, row.late_from) >= 0,
      ...{ dischargedAt: row.discharged_at, extendedAt: row.extended_at },
      explained: because ? [capital(began), ...explainTerm({ ...term, because }, law.zone)] : [capital(began)],
      list: listOf(row.duty, row.opened_at),
    };
  }

  /** Days off inside a term, as the packs of today count them; none where they would count to another day. */
  function daysOff({ duty, query, extended_at, due_on }: ObligationRow): EventDuty['skipped'] {
    const from = Temporal.Instant.from(query.from);
    const due = law.due(duty, { ...query, from, ...(extended_at ? { extended: extended_at } : {}) });
    return due_on && due.dueOn?.equals(due_on) ? due.skipped : [];
  }

  function eventOf(id: string, event: EventRow | undefined, facts: FactRow[], all: ObligationRow[]): StaffEvent {
    const names = new Map(facts.map((fact) => [fact.id, titleOf(fact.name)]));
    const rows = event ? all : all.filter(isWatched);
    const open = rows.filter(({ state }) => state === 'open');
    const done = rows.filter(({ state }) => state !== 'open');
    const began = event?.fact_id ?? (open[0] ?? done[0])?.fact_id;
    const first = facts.find((fact) => fact.id === began);
    const fact = event?.fact ?? first?.name ?? facts[0]?.name ?? '';
    return {
      ...{ id, number: event?.number ?? null, fact, title: titleOf(fact), kind: kindOf(fact) },
      at: event?.at ?? first?.at ?? (facts[0] as FactRow).at,
      subject: event?.subject_id ?? first?.subject_id ?? null,
      open: open.length > 0,
      lateFrom: open.find(({ late_from }) => late_from)?.late_from ?? null,
      duties: [...open, ...done].map((row) => dutyOf(row, names.get(row.fact_id) ?? titleOf(fact))),
    };
  }

  /** Steps that may be taken from a day on: permissions that the facts have opened and nothing has ended. */
  function mayOf(facts: readonly FactRow[]): EventPermission[] {
    const told = new Set(facts.map(({ name }) => name));
    return facts.flatMap(({ name, fields, at }) =>
      law.duties(name, fields).flatMap((duty): EventPermission[] => {
        const { kind, title, discharged } = law.dutyType(duty);
        if (kind !== 'permission' || discharged.some((fact) => told.has(fact))) return [];
        try {
          const { mayFrom, because } = law.due(duty, { from: at });
          return mayFrom ? [{ duty, title, mayFrom, because }] : [];
        } catch (error) {
          // A year without a calendar: better no day than a guess.
          if (error instanceof Refusal) return [];
          throw error;
        }
      }),
    );
  }

  /** The class of a leak by the numbers told last. */
  function incidentOf({ kind, at }: StaffEvent, facts: readonly FactRow[]): StaffEventPage['incident'] {
    if (kind !== ofIncidents) return null;
    const fields: Record<string, unknown> = Object.assign({}, ...facts.map((fact) => fact.fields));
    const { subjects, identifiers, special, biometric, repeat } = fields;
    const known = [subjects, identifiers].some((count) => typeof count === 'number') || special || biometric;
    const leak = {
      ...{ subjects: Number(subjects ?? 0), identifiers: Number(identifiers ?? 0) },
      ...{ special: special === true, biometric: biometric === true, repeat: repeat === true },
    };
    const shown = { subjects, identifiers, special, biometric, repeat };
    return { fields: shown, class: known ? law.incidentClass(leak, dayOf(at, law.zone)) : null };
  }

  const get: Events['get'] = async (idOrNumber, source = db) => {
    const event = await findEvent(source, idOrNumber);
    const id = event?.id ?? idOrNumber;
    const facts = await factsOf(source, [id]);
    const rows = await obligationsOf(source, [id]);
    const reports = await listReports(source, id);
    const ours = event !== undefined || rows.some((row) => isWatched(row));
    if (!ours || facts.length === 0) throw new Refusal('event.unknown', 'not-found', { event: idOrNumber });
    const page = eventOf(id, event, facts, rows);
    const told = new Map(reports.map((row) => [row.fact_id, row]));
    // Of an account or a plan only what has to do with these duties.
    const matters = new Set(rows.filter(isWatched).flatMap((row) => [row.fact_id, row.discharged_by]));
    const shown = facts.filter((fact) => event || told.has(fact.id) || matters.has(fact.id));
    const open = page.duties.filter(({ state }) => state === 'open').map(({ duty }) => duty);
    return {
      ...page,
      may: mayOf(shown),
      facts: shown.map(({ id: fct, name, at, fields }): EventFact => {
        const by = told.get(fct);
        return {
          ...{ id: fct, fact: name, title: titleOf(name), at, fields },
          ...{ by: by?.by ?? null, reportedAt: by?.reported_at ?? null, contains: by?.contains ?? [] },
        };
      }),
      steps: words.steps(new Set(facts.map(({ name }) => name)), open),
      incident: incidentOf(page, facts),
    };
  };

  const isWatched = ({ about_kind, duty }: ObligationRow): boolean =>
    about_kind !== 'request' && (about_kind !== 'account' || words.duties.includes(duty));

  return {
    report,

    async extend(trx, { id, duty, reason, by }) {
      const event = await get(id, trx);
      if (!reason.trim()) throw new Refusal('event.extension-reason', 'invalid', { field: 'reason' });
      const at = clock.now();
      await obligations.extend(trx, { about: event.id, duty, at, reason: 'event.extended' });
      const body = { duty, note: reason.trim() };
      await journal.append(trx, { action: 'event.extended', about: event.id, actor: by, body });
    },

    beginnings: () => words.beginnings,

    async list({ open = false, limit = 200 } = {}) {
      const urgent = await aboutsToWatch(db, words.duties, watched);
      const known = await listEvents(db, urgent, open ? 0 : limit);
      const rest = known
        .filter(({ id }) => !urgent.includes(id))
        .sort((a, b) => Temporal.Instant.compare(b.at, a.at))
        .map(({ id }) => id);
      const ids = [...urgent, ...rest].slice(0, limit);
      const [facts, rows] = await Promise.all([factsOf(db, ids), obligationsOf(db, ids)]);
      return ids.flatMap((id) => {
        const mine = facts.filter(({ about }) => about === id);
        const event = known.find((row) => row.id === id);
        if (mine.length === 0) return [];
        return [
          eventOf(
            id,
            event,
            mine,
            rows.filter(({ about }) => about === id),
          ),
        ];
      });
    },

    get,

    async notes(id, by) {
      const event = await get(id);
      // The look is on record before anything is shown; what was written a moment ago is shown too.
      await db.transaction((trx) => journal.append(trx, { action: 'event.notes-read', about: event.id, actor: by }));
      await journal.sealUp();
      const entries = await journal.list({ about: event.id, prefix: 'event.', limit: watched });
      return new Map(
        entries.flatMap(({ body }) =>
          typeof body?.note === 'string' && typeof body.told === 'string' ? [[body.told, body.note] as const] : [],
        ),
      );
    },
  };
}

function isLonger({ late_from }: { late_from: Temporal.Instant | null }, row: ObligationRow): boolean {
  return late_from !== null && row.late_from !== null && Temporal.Instant.compare(late_from, row.late_from) > 0;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
