import { Refusal, Temporal } from '../../base/index.ts';
import type { Calendar } from '../../calendar/index.ts';
import type { IconName, Tone, Words } from '../../http/index.ts';
import type { Due } from '../../law/index.ts';

type Day = Temporal.PlainDate;

/** Words, icon and tone of a deadline: never colour alone. */
export interface Badge {
  tone: Tone;
  icon: IconName;
  text: string;
}

export type Urgency = 'late' | 'today' | 'soon' | 'later' | 'done' | 'none';

/** Working days in (from, to]; null where the calendar does not know the year: better no count than a guess. */
export function workingDaysBetween(calendar: Calendar, from: Day, to: Day): number | null {
  let count = 0;
  try {
    for (let day = from.add({ days: 1 }); Temporal.PlainDate.compare(day, to) <= 0; day = day.add({ days: 1 })) {
      if (calendar.isWorkingDay(day)) count++;
    }
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
  return count;
}

const soonWorkingDays = 3;

export interface DeadlineQuestion {
  dueOn: Day | null;
  answeredOn?: Day | null;
  /** The person must act; the term runs on all the same. */
  waiting?: boolean;
  today: Day;
  calendar: Calendar;
}

/** How near a deadline is. Reminders count in working days; the deadline itself is the law's. */
export function urgency({ dueOn, answeredOn, today, calendar }: DeadlineQuestion): Urgency {
  if (answeredOn) return 'done';
  if (!dueOn) return 'none';
  const order = Temporal.PlainDate.compare(dueOn, today);
  if (order < 0) return 'late';
  if (order === 0) return 'today';
  const left = workingDaysBetween(calendar, today, dueOn) ?? today.until(dueOn).days;
  return left <= soonWorkingDays ? 'soon' : 'later';
}

/** The badge of a deadline (the table of the visual guide). */
export function deadlineBadge(question: DeadlineQuestion, { t, shortDate }: Words): Badge {
  const { dueOn, answeredOn, waiting, today, calendar } = question;
  const state = urgency(question);
  if (state === 'none' || !dueOn) {
    if (state === 'done' && answeredOn)
      return { tone: 'green', icon: 'done', text: t('ответ {{day}}', { day: shortDate(answeredOn) }) };
    return { tone: 'grey', icon: 'clock', text: t('без срока') };
  }
  if (state === 'done' && answeredOn) {
    if (Temporal.PlainDate.compare(answeredOn, dueOn) <= 0) {
      return { tone: 'green', icon: 'done', text: t('ответ {{day}}', { day: shortDate(answeredOn) }) };
    }
    return {
      tone: 'red',
      icon: 'done',
      text: t('с опозданием {{amount}}', { amount: amount(calendar, dueOn, answeredOn, t) }),
    };
  }
  if (state === 'late') {
    return {
      tone: 'red',
      icon: 'late',
      text: t('просрочено {{amount}}', { amount: amount(calendar, dueOn, today, t) }),
    };
  }
  if (waiting) return { tone: 'violet', icon: 'pause', text: t('ждём субъекта') };
  if (state === 'today') return { tone: 'amber', icon: 'late', text: t('сегодня до 24:00') };
  const left = workingDaysBetween(calendar, today, dueOn);
  const text =
    left === null
      ? t('{{count}} день', { count: today.until(dueOn).days })
      : t('{{count}} рабочий день', { count: left });
  return { tone: state === 'soon' ? 'amber' : 'grey', icon: 'clock', text };
}

/** «1 р. д.», or days where the calendar is silent or nothing but days off lies between. */
function amount(calendar: Calendar, from: Day, to: Day, t: Words['t']): string {
  const working = workingDaysBetween(calendar, from, to);
  return working ? t('{{count}} р. д.', { count: working }) : t('{{count}} дн.', { count: from.until(to).days });
}

/** Red and amber stripes of a row. */
export function stripe(question: DeadlineQuestion): 'red' | 'amber' | '' {
  const state = urgency(question);
  if (state === 'late') return 'red';
  return state === 'today' || state === 'soon' ? 'amber' : '';
}

export interface StripDay {
  day: Day;
  number: number;
  name: string;
  mark: string;
  tones: string;
}

/** The days from receipt to the last day, each with what it is. Long terms are cut: the strip is for terms of days. */
export function strip(
  { from, due, today, calendar }: { from: Day; due: Due; today: Day; calendar: Calendar },
  { t, locale, shortDate }: Words,
): StripDay[] {
  if (!due.dueOn || from.until(due.dueOn).days > 60) return [];
  const weekday = new Intl.DateTimeFormat(locale === 'ru' ? 'ru-RU' : 'en-GB', { weekday: 'short', timeZone: 'UTC' });
  const days: StripDay[] = [];
  let number = 0;
  for (let day = from; Temporal.PlainDate.compare(day, due.dueOn) <= 0; day = day.add({ days: 1 })) {
    const skipped = due.skipped.find((one) => one.day.equals(day));
    const isStart = day.equals(from);
    const isDue = day.equals(due.dueOn);
    if (!isStart && !skipped) number++;
    const known = calendar.knows(day.year);
    const tones = [isStart ? 'start' : '', isDue ? 'due' : '', skipped ? 'off' : '', day.equals(today) ? 'today' : ''];
    days.push({
      day,
      number,
      name: `${weekday.format(day.toZonedDateTime('UTC').epochMilliseconds)}, ${shortDate(day)}`,
      mark: isStart ? t('получено') : skipped ? skipped.why : known ? t('{{number}}-й день', { number }) : '',
      tones: tones.filter(Boolean).join(' '),
    });
  }
  return days;
}
