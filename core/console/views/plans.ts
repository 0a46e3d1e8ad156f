import type { Words } from '../../http/index.ts';
import { cite, type TariffPlan } from '../../law/index.ts';
import type { ChangeOfferView } from '../ports.ts';

/** What is paid for another plan, until when it holds, and how the sum was found. */
export function offerShown({ kopecks, lastDay, because }: ChangeOfferView, title: string, { locale, ...w }: Words) {
  return {
    title,
    sum: w.money(kopecks),
    until: w.date(lastDay),
    how: because.winner.value,
    clause: cite(because.winner.cite, locale),
  };
}

/** The limits of the present plan, and beside them those of the chosen one. */
export function limitRows(now: TariffPlan, next: TariffPlan | null, { t, number, bytes }: Words) {
  const perSecond = (limit: number | undefined): string => (limit === undefined ? t('без ограничения') : number(limit));
  const rows: [string, (limits: TariffPlan['limits']) => string][] = [
    [t('Сообщений в сутки'), ({ messagesPerDay }) => number(messagesPerDay)],
    [t('Соединений'), ({ connections }) => number(connections)],
    [t('Наибольшее сообщение'), ({ payloadBytes }) => bytes(payloadBytes)],
  ];
  if ([now, next].some((plan) => plan?.limits.messagesPerSecond !== undefined)) {
    rows.push([t('Сообщений в секунду'), ({ messagesPerSecond }) => perSecond(messagesPerSecond)]);
  }
  return rows.map(([name, of]) => ({ name, now: of(now.limits), next: next ? of(next.limits) : null }));
}
