import type { Tone, Words } from '../../http/index.ts';
import type { Act, LedgerEntry, Plan, PlanItem, PlanState } from '../../retention/index.ts';
import { toPath } from '../numbers.ts';
import { type Badge, deadlineBadge } from './deadline.ts';
import type { Today } from './requests.ts';

export const planStates: Record<PlanState, { name: string; tone: Tone }> = {
  waiting: { name: 'Ждёт проверки', tone: 'amber' },
  approved: { name: 'Проверен', tone: 'blue' },
  executing: { name: 'Выполняется', tone: 'blue' },
  partly: { name: 'Выполнен частично', tone: 'red' },
  executed: { name: 'Выполнен', tone: 'green' },
  cancelled: { name: 'Отменён', tone: 'grey' },
};

const causes: Record<Plan['cause']['kind'], string> = {
  'account-deleted': 'Удаление учётной записи пользователем',
  inactivity: 'Длительная неактивность',
  request: 'Обращение субъекта',
};

export interface PlanRow {
  id: string;
  path: string;
  subject: string;
  cause: string;
  state: { name: string; tone: Tone };
  badge: Badge;
  due: string;
  goes: string;
  stays: string;
}

const sum = (items: readonly PlanItem[]): number => items.reduce((total, { count }) => total + count, 0);

export function planRow(plan: Plan, today: Today, words: Words): PlanRow {
  const state = planStates[plan.state];
  const question = {
    dueOn: plan.eraseBy,
    answeredOn: plan.executedAt?.toZonedDateTimeISO(today.zone).toPlainDate() ?? null,
    today: today.today,
    calendar: today.calendar,
  };
  const badge = deadlineBadge(question, words);
  return {
    id: plan.id,
    path: `/dpo/erasures/${plan.id}`,
    subject: plan.subject,
    cause: words.t(causes[plan.cause.kind]),
    state: { name: words.t(state.name), tone: state.tone },
    badge: plan.executedAt
      ? { ...badge, text: words.t('удалено {{day}}', { day: words.date(plan.executedAt) }) }
      : badge,
    due: words.date(plan.eraseBy),
    goes: words.number(sum(plan.items.filter(({ outcome }) => outcome === 'erase'))),
    stays: words.number(sum(plan.items.filter(({ outcome }) => outcome === 'retain'))),
  };
}

/** Two tables: what goes, and what stays on which ground until when. Empty stores are left out. */
export function planItems(items: readonly PlanItem[], words: Words) {
  const line = (item: PlanItem) => ({
    title: item.title,
    system: item.system,
    categories: item.categories.join(', '),
    count: words.number(item.receipt?.affected ?? item.count),
    bytes: item.bytes ? words.bytes(item.bytes) : '',
    because: item.receipt?.because ?? item.because ?? '',
    until: (item.receipt?.until ?? item.until) ? words.date(item.receipt?.until ?? item.until) : '',
    done: item.receipt ? words.t(outcomeNames[item.receipt.outcome]) : '',
    failed: item.receipt ? ['failed', 'not_attempted'].includes(item.receipt.outcome) : false,
  });
  return {
    goes: items.filter(({ outcome, count }) => outcome === 'erase' && count > 0).map(line),
    stays: items.filter(({ outcome, count }) => outcome === 'retain' && count > 0).map(line),
    goesCount: sum(items.filter(({ outcome }) => outcome === 'erase')),
  };
}

export const outcomeNames: Record<LedgerEntry['outcome'], string> = {
  erased: 'удалено',
  anonymised: 'обезличено',
  blocked: 'заблокировано',
  retained: 'сохраняется',
  not_found: 'данных нет',
  not_attempted: 'не выполнялось',
  failed: 'ошибка',
};

/** What happened to a store, or will: the word and the colour of its dot. */
export function outcomeShown(outcome: string): { name: string; tone: string } {
  if (outcome === 'planned') return { name: 'будет удалено', tone: 'amber' };
  const name = outcomeNames[outcome as LedgerEntry['outcome']] ?? outcome;
  if (outcome === 'failed' || outcome === 'not_attempted') return { name, tone: 'red' };
  return { name, tone: outcome === 'retained' ? 'violet' : 'green' };
}

export interface ActRow {
  number: string;
  path: string;
  date: string;
  system: string;
  reason: string;
  records: string;
  keys: string;
  signed: string | null;
  keepUntil: string;
}

export function actRow(act: Act, words: Words): ActRow {
  return {
    number: act.number,
    path: `/dpo/acts/${toPath(act.number)}`,
    date: words.date(act.madeOn),
    system: act.system,
    reason: act.plan ? words.t('Удаление по плану') : words.t('Истечение срока хранения'),
    records: words.number(act.records),
    keys: words.number(act.keys),
    signed: act.signed ? `${act.signed.name}, ${words.date(act.signed.at)}` : null,
    keepUntil: words.date(act.keepUntil),
  };
}

export function ledgerRows(entries: readonly LedgerEntry[], titleOf: (store: string) => string, words: Words) {
  return entries.map((entry) => ({
    store: titleOf(entry.store),
    system: entry.system,
    outcome: words.t(outcomeNames[entry.outcome]),
    affected: words.number(entry.affected),
    remaining: words.number(entry.remaining),
    keys: words.number(entry.keys),
    period: entry.from ? [words.date(entry.from), words.date(entry.to)].join(' – ') : '—',
    because: entry.because ?? '',
    until: entry.until ? words.date(entry.until) : '',
  }));
}
