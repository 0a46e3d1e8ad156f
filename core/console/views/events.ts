import { Temporal } from '../../base/index.ts';
import type { Words } from '../../http/index.ts';
import { cite, type FactField, type FactType, type IncidentClass, type Operator, requisites } from '../../law/index.ts';
import type { EventDuty, EventFact, EventPermission, EventStep, StaffEvent } from '../../obligations/index.ts';
import { toPath } from '../numbers.ts';
import { type Badge, deadlineBadge } from './deadline.ts';
import type { Today } from './requests.ts';

/** Fewer hours than this are red. */
const pressingHours = 6;

type Term = Pick<EventDuty, 'dueOn' | 'lateFrom' | 'dischargedAt' | 'late' | 'state' | 'problem'>;

/** Titles of the vocabularies begin with a small letter; a line on a screen does not. */
export function heading(title: string, { t }: Pick<Words, 't'>): string {
  const text = t(title);
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The badge of a duty: in days as everywhere, in hours where the law counts them. */
export function dutyBadge(term: Term, { now, today, calendar }: Today, words: Words): Badge {
  const { t } = words;
  if (term.state === 'discharged') {
    const day = words.date(term.dischargedAt);
    return term.late
      ? { tone: 'red', icon: 'done', text: t('исполнено с опозданием, {{day}}', { day }) }
      : { tone: 'green', icon: 'done', text: t('исполнено {{day}}', { day }) };
  }
  if (!term.lateFrom) {
    return { tone: 'amber', icon: 'late', text: term.problem ? t('срок не вычислен') : t('без срока') };
  }
  if (term.dueOn) return deadlineBadge({ dueOn: term.dueOn, today, calendar }, words);
  const minutes = Math.floor(now.until(term.lateFrom).total('minutes'));
  if (term.late) {
    return { tone: 'red', icon: 'late', text: t('просрочено {{time}}', { time: spell(-minutes, words) }) };
  }
  const tone = minutes < pressingHours * 60 ? 'red' : 'amber';
  return { tone, icon: 'clock', text: t('осталось {{time}}', { time: spell(minutes, words) }) };
}

/** «41 ч», «3 ч 20 мин»: minutes count when few hours are left. */
function spell(minutes: number, { t }: Words): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours >= pressingHours) return t('{{hours}} ч', { hours });
  return hours > 0 ? t('{{hours}} ч {{rest}} мин', { hours, rest }) : t('{{rest}} мин', { rest });
}

/** Until when, as it stands under the badge. */
export function until({ dueOn, lateFrom }: Pick<EventDuty, 'dueOn' | 'lateFrom'>, words: Words): string {
  if (dueOn) return words.date(dueOn);
  return lateFrom ? words.dateTime(lateFrom) : '—';
}

export interface EventLine {
  path: string;
  number: string;
  title: string;
  when: string;
  badge: Badge;
  due: string;
  stripe: string;
  duty: string;
  more: number; // open duties besides the one shown
  open: boolean;
}

/** A line of the list: the event, and what of it is most urgent. Nobody's name. */
export function eventRow(event: StaffEvent, today: Today, words: Words): EventLine {
  const [first] = event.duties;
  const open = event.duties.filter(({ state }) => state === 'open');
  const badge: Badge = first
    ? dutyBadge(first, today, words)
    : { tone: 'grey', icon: 'document', text: words.t('без обязанностей') };
  return {
    path: `/dpo/events/${toPath(event.number ?? event.id)}`,
    number: event.number ?? words.t('от сервиса'),
    title: heading(event.title, words),
    when: words.dateTime(event.at),
    badge,
    due: event.open && first ? until(first, words) : '',
    stripe: event.open && ['red', 'amber'].includes(badge.tone) ? badge.tone : '',
    duty: event.open && first ? words.t(first.title) : '',
    more: Math.max(open.length - 1, 0),
    open: event.open,
  };
}

/** Open duties of all events, and those that are late: for the menu. */
export function eventCounts(open: readonly StaffEvent[]): { count: number; late: number } {
  const late = open.filter(({ duties }) => duties.some((duty) => duty.state === 'open' && duty.late));
  return { count: open.length, late: late.length };
}

/** A duty of the event's page, with the sum in sentences and what is to be told. */
export function dutyCard(duty: EventDuty, today: Today, words: Words) {
  return {
    id: duty.duty,
    title: words.t(duty.title),
    badge: dutyBadge(duty, today, words),
    due: until(duty, words),
    open: duty.state === 'open',
    explained: duty.explained,
    outerOn: duty.outerOn ? words.date(duty.outerOn) : '',
    note: duty.because?.note ?? '',
    certainty: duty.because?.winner.cite.certainty ?? '',
    problem: duty.problem,
    extendable: duty.extendable,
    extended: duty.extendedAt ? words.dateTime(duty.extendedAt) : '',
    list: duty.list && {
      title: duty.list.title,
      cite: cite(duty.list.cite, words.locale),
      certainty: duty.list.cite.certainty,
      items: duty.list.items.map(({ point, title }) => ({ point, title })),
    },
  };
}

export function permissionLine({ title, mayFrom, because }: EventPermission, { today }: Today, words: Words) {
  return {
    title: words.t(title),
    from: words.date(mayFrom),
    now: Temporal.PlainDate.compare(mayFrom, today) <= 0,
    cite: cite(because.winner.cite, words.locale),
  };
}

/** A button: what may be told next. */
export function stepLine({ fact, discharges }: EventStep, path: string, words: Words) {
  return { href: `${path}/report?fact=${fact.fact}`, title: heading(fact.title, words), main: discharges.length > 0 };
}

/** The part of the code that a leak falls under, with its sums. */
export function classShown(found: IncidentClass, words: Words) {
  const range = ([min, max]: readonly [number, number]): string =>
    words.t('от {{min}} до {{max}}', { min: words.money(min), max: words.money(max) });
  const { legal, officials } = found.fine;
  const { winner } = found.because;
  return {
    part: found.part,
    title: found.title,
    cite: cite(winner.cite, words.locale),
    certainty: winner.cite.certainty,
    why: winner.why ?? '',
    legal: range(legal.kopecks),
    share: legal.percent
      ? words.t('от {{min}} до {{max}} % выручки', { min: legal.percent[0], max: legal.percent[1] })
      : '',
    officials: range(officials.kopecks),
  };
}

/** What was told, the newest first. Who is an account: its name is resolved by whoever may. */
export function factRows(
  facts: readonly EventFact[],
  types: readonly FactType[],
  words: Words,
  nameOf: (id: string) => string,
) {
  const byName = new Map(types.map((type) => [type.fact, type]));
  return [...facts].reverse().map(({ id, fact, title, at, by, reportedAt, fields, contains }) => ({
    id,
    what: heading(title, words),
    when: words.dateTime(at),
    who: by ? nameOf(by) : words.t('система'),
    told: reportedAt && reportedAt.since(at).total('minutes') >= 1 ? words.dateTime(reportedAt) : '',
    fields: fieldLines(byName.get(fact)?.fields ?? {}, fields, words),
    contains: contains.join(', '),
  }));
}

function fieldLines(types: FactType['fields'], fields: Readonly<Record<string, unknown>>, words: Words): string[] {
  return Object.entries(types).flatMap(([name, { title, titles }]) => {
    const value = fields[name];
    if (!title || value === undefined || value === false) return [];
    if (value === true) return [words.t(title)];
    const shown = typeof value === 'number' ? words.number(value) : (titles?.[String(value)] ?? String(value));
    return [`${words.t(title)}: ${words.t(shown)}`];
  });
}

export interface AskedField {
  name: string;
  label: string;
  kind: 'choice' | 'number' | 'flag' | 'text';
  required: boolean;
  options: [string, string][];
}

/** The fields of a fact as a form asks for them. */
export function askedFields({ fields }: Pick<FactType, 'fields'>, words: Words): AskedField[] {
  const kindOf = ({ type, values }: FactField): AskedField['kind'] =>
    values ? 'choice' : type === 'number' ? 'number' : type === 'flag' ? 'flag' : 'text';
  return Object.entries(fields).flatMap(([name, field]) => {
    if (!field.title) return [];
    const values = (field.values ?? []).map((value): [string, string] => [
      value,
      words.t(field.titles?.[value] ?? value),
    ]);
    return [
      {
        ...{ name, label: words.t(field.title), kind: kindOf(field), required: field.required },
        options: field.required ? values : [['', words.t('не указано')], ...values],
      },
    ];
  });
}

/** What of a notice is known already: to be copied into the regulator's form. */
export function knownFor(
  event: StaffEvent,
  fields: Readonly<Record<string, unknown>>,
  operator: Operator,
  words: Words,
) {
  const { t } = words;
  const { email } = requisites(operator, words.locale);
  const count = (value: unknown): string => (typeof value === 'number' ? words.number(value) : t('не указано'));
  const lines: [string, string | undefined][] = [
    [t('Оператор'), operator.name],
    [t('ИНН'), operator.inn],
    [t('Адрес'), operator.address],
    [t('Адрес для связи'), email],
    [t('Выявлен'), words.dateTime(event.at)],
    [t('Субъектов'), count(fields.subjects)],
    [t('Идентификаторов'), count(fields.identifiers)],
    [t('Для связи с Роскомнадзором'), [operator.dpo.name, operator.dpo.post].filter(Boolean).join(', ')],
  ];
  return lines.filter((line): line is [string, string] => Boolean(line[1]));
}
