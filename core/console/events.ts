import { randomUUID } from 'node:crypto';
import { Refusal, Temporal } from '../base/index.ts';
import {
  type Call,
  type FieldProblem,
  page,
  type RouteDefinition,
  redirect,
  route,
  type Schema,
} from '../http/index.ts';
import type { FactType } from '../law/index.ts';
import type { EventStep, StaffEventPage } from '../obligations/index.ts';
import { localTime } from './dpo.ts';
import { fromPath, toPath } from './numbers.ts';
import { by, form, line, maybe, type Shared } from './shared.ts';
import {
  askedFields,
  classShown,
  dutyCard,
  eventCounts,
  eventRow,
  factRows,
  heading,
  knownFor,
  permissionLine,
  stepLine,
} from './views/events.ts';

const readers = ['dpo', 'dpo-assistant'] as const;
const officer = ['dpo'] as const;

/** What a browser sends of a fact: text. */
interface Typed extends Record<string, unknown> {
  fact: string;
  at: string;
  person?: string;
  note?: string;
  key?: string;
  contains?: string[];
}

/** Screens of what staff report: the list with its clocks, the form, the event with its duties and next steps. */
export function eventPages(shared: Shared): RouteDefinition[] {
  const { events, law, clock, story, words } = shared;
  const types = law.facts();
  // Every field that some fact asks staff for: one form takes them all, the fact says which it wants.
  const asked = [...new Set(types.flatMap(({ fields }) => Object.keys(fields).filter((name) => fields[name]?.title)))];
  const local: Schema = { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2})?$' };
  const told = form(
    { fact: line(64), at: local },
    {
      ...{ person: maybe(64), note: maybe(10_000), key: maybe(64) },
      contains: { type: 'array', items: line(64), maxItems: 100 },
      ...Object.fromEntries(asked.map((name) => [name, maybe(64)])),
    },
  );

  const found = (call: Call): Promise<StaffEventPage> => events.get(fromPath(call.params.no ?? ''));
  const pathOf = ({ number, id }: Pick<StaffEventPage, 'number' | 'id'>): string =>
    `/dpo/events/${toPath(number ?? id)}`;
  const typeOf = (fact: unknown): FactType | undefined => types.find((type) => type.fact === fact);

  /** Tells what a form says; the fields come as the fact declares them. */
  async function report(call: Call<Typed>, about?: string): Promise<{ id: string; again: boolean }> {
    const { fact, at, person, note, key, contains } = call.body;
    const type = typeOf(fact);
    if (!type) throw new Refusal('fact.unknown', 'invalid', { field: 'fact' });
    const { account, roles } = by(call as unknown as Call);
    const order = {
      ...{ fact, at: momentOf(at), fields: fieldsOf(type, call.body), by: { account, roles } },
      ...(about ? { about } : {}),
      ...(person?.trim() ? { person: person.trim() } : {}),
      ...(note?.trim() ? { note } : {}),
      ...(key ? { key } : {}),
      ...(contains ? { contains } : {}),
    };
    return story((trx) => events.report(trx, order));
  }

  function momentOf(text: string): Temporal.Instant {
    try {
      return Temporal.PlainDateTime.from(text).toZonedDateTime(law.zone).toInstant();
    } catch {
      throw new Refusal('input.date', 'invalid', { field: 'at' });
    }
  }

  /** A form for a fact: of a new event, or of the next step of one. */
  function formModel(call: Call, type: FactType, values: object, problems: FieldProblem[] = []) {
    const w = words(call);
    return {
      fact: type.fact,
      title: heading(type.title, w),
      fields: askedFields(type, w),
      person: type.reported?.begins ? type.reported.person : null,
      values: { at: localTime(clock.now(), law.zone), key: randomUUID(), ...values },
      problems,
    };
  }

  async function newPage(call: Call, values: Record<string, unknown>, problems: FieldProblem[] = []) {
    const w = words(call);
    const type = events.beginnings().find(({ fact }) => fact === values.fact);
    if (!type) {
      const kinds = events.beginnings().map(({ fact, title }) => ({
        href: `/dpo/events/new?fact=${fact}`,
        title: heading(title, w),
        follows: law.duties(fact).map((duty) => w.t(law.dutyType(duty).title)),
      }));
      return page('dpo/event-kinds', { kinds });
    }
    return page('dpo/event-new', formModel(call, type, values, problems));
  }

  async function stepPage(call: Call, values: Record<string, unknown>, problems: FieldProblem[] = []) {
    const w = words(call);
    const event = await found(call);
    const step = event.steps.find(({ fact }) => fact.fact === values.fact);
    if (!step) throw new Refusal('event.not-next', 'conflict', { event: event.id });
    return page('dpo/event-report', {
      ...formModel(call, step.fact, values, problems),
      ...{ path: pathOf(event), number: event.number ?? event.id, of: heading(event.title, w) },
      ends: step.discharges.map((duty) => w.t(law.dutyType(duty).title)),
      lists: listsOf(event, step).map((list) => ({
        ...list,
        items: list.items.map(({ point, title }) => ({ point, title })),
      })),
    });
  }

  /** The lists of the duties that a step ends. */
  function listsOf({ duties }: StaffEventPage, { discharges }: EventStep) {
    const open = duties.filter(({ duty, state, list }) => state === 'open' && list && discharges.includes(duty));
    return open.map(({ list }) => list).filter((list) => list !== null);
  }

  async function eventPage(call: Call, notes: ReadonlyMap<string, string> | null = null) {
    const w = words(call);
    const today = shared.today();
    const event = await found(call);
    const nameOf = await shared.names();
    const mayReport = by(call).roles.includes('dpo');
    const path = pathOf(event);
    const isIncident = event.incident !== null;
    return page('dpo/event', {
      event,
      path,
      number: event.number ?? event.id,
      title: heading(event.title, w),
      row: eventRow(event, today, w),
      duties: event.duties.map((duty) => dutyCard(duty, today, w)),
      may: event.may.map((one) => permissionLine(one, today, w)),
      steps: mayReport ? event.steps.map((step) => stepLine(step, path, w)) : [],
      history: factRows(event.facts, types, w, nameOf).map((fact) => ({ ...fact, note: notes?.get(fact.id) ?? '' })),
      incident: event.incident && {
        class: event.incident.class && classShown(event.incident.class, w),
        measured: Object.values(event.incident.fields).some((value) => value !== undefined),
      },
      known: isIncident ? knownFor(event, event.incident?.fields ?? {}, law.operator, w) : [],
      plan: event.id.startsWith('pln_') ? `/dpo/erasures/${event.id}` : null,
      mayReport,
      noted: notes !== null,
      now: w.dateTime(today.now),
    });
  }

  return [
    route({
      method: 'get',
      path: '/dpo/events',
      roles: readers,
      query: form({}, { view: { enum: ['', 'all'] } }),
      async handler(call) {
        const w = words(call);
        const today = shared.today();
        const all = call.query.view === 'all';
        const shown = await events.list({ open: !all });
        return page('dpo/events', {
          rows: shown.map((event) => eventRow(event, today, w)),
          ...eventCounts(shown.filter(({ open }) => open)),
          all,
          mayReport: by(call).roles.includes('dpo'),
          now: w.dateTime(today.now),
        });
      },
    }),
    route({
      method: 'get',
      path: '/dpo/events/new',
      roles: officer,
      query: form({}, { fact: maybe(64) }),
      handler: (call) => newPage(call, { fact: call.query.fact }),
    }),
    route<Typed>({
      method: 'post',
      path: '/dpo/events/new',
      roles: officer,
      body: told,
      redraw: (call, problems) => newPage(call as Call, call.body, problems),
      async handler(call) {
        const { id } = await report(call);
        const event = await events.get(id);
        call.flash(words(call).t('Событие {{number}} зарегистрировано.', { number: event.number ?? event.id }));
        return redirect(pathOf(event));
      },
    }),
    route({ method: 'get', path: '/dpo/events/:no', roles: readers, handler: (call) => eventPage(call) }),
    // A look at the notes is written down; a GET changes nothing, so it is a button.
    route({
      method: 'post',
      path: '/dpo/events/:no/notes',
      roles: officer,
      handler: async (call) => eventPage(call, await events.notes((await found(call)).id, by(call).account)),
    }),
    route({
      method: 'get',
      path: '/dpo/events/:no/report',
      roles: officer,
      query: form({ fact: line(64) }),
      handler: (call) => stepPage(call, { fact: call.query.fact }),
    }),
    route<Typed>({
      method: 'post',
      path: '/dpo/events/:no/report',
      roles: officer,
      body: told,
      redraw: (call, problems) => stepPage(call as Call, call.body, problems),
      async handler(call) {
        const event = await found(call as unknown as Call);
        await report(call, event.id);
        call.flash(words(call).t('Записано: {{what}}.', { what: words(call).t(typeOf(call.body.fact)?.title ?? '') }));
        return redirect(pathOf(event));
      },
    }),
    route({
      method: 'get',
      path: '/dpo/events/:no/extend',
      roles: officer,
      query: form({ duty: line(64) }),
      handler: (call) => extendPage(call, { duty: call.query.duty }),
    }),
    route<{ duty: string; reason: string }>({
      method: 'post',
      path: '/dpo/events/:no/extend',
      roles: officer,
      body: form({ duty: line(64), reason: line(5_000) }),
      redraw: (call, problems) => extendPage(call as Call, call.body, problems),
      async handler(call) {
        const event = await found(call as unknown as Call);
        const { account } = by(call as unknown as Call);
        await story((trx) => events.extend(trx, { id: event.id, ...call.body, by: account }));
        call.flash(words(call).t('Срок продлён.'));
        return redirect(pathOf(event));
      },
    }),
  ];

  async function extendPage(call: Call, values: Record<string, unknown>, problems: FieldProblem[] = []) {
    const w = words(call);
    const event = await found(call);
    const duty = event.duties.find((one) => one.duty === values.duty && one.extendable);
    if (!duty) throw new Refusal('obligation.not-extendable', 'conflict', { about: event.id });
    return page('dpo/event-extend', {
      ...{ path: pathOf(event), number: event.number ?? event.id, of: heading(event.title, w), values, problems },
      duty: dutyCard(duty, shared.today(), w),
    });
  }
}

/** The fields of a fact out of a form's text; what is left empty was not said. */
function fieldsOf({ fields }: FactType, body: Typed): Record<string, unknown> {
  const said: Record<string, unknown> = {};
  for (const [name, { type, title }] of Object.entries(fields)) {
    const typed = body[name];
    if (!title || typeof typed !== 'string' || typed.trim() === '') continue;
    const text = typed.trim();
    said[name] = type === 'flag' ? true : type === 'number' ? Number(text.replaceAll(/\s/g, '')) : text;
  }
  return said;
}
