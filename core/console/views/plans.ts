import type { Words } from '../../http/index.ts';
import { cite, type Law, type TariffPlan } from '../../law/index.ts';
import type { ChangeOfferView } from '../ports.ts';

/** What is paid for another plan, until when it holds, and how the sum was found. */
export function offerShown(
  { kopecks, lastDay, because }: ChangeOfferView,
  title: string,
  { operator }: Pick<Law, 'operator'>,
  { locale, ...w }: Words,
) {
  const clause = cite(because.winner.cite, locale);
  const own = operator.amounts.some((rule) => rule.id === because.winner.rule && rule.own);
  return {
    title,
    sum: w.money(kopecks),
    until: w.date(lastDay),
    how: because.winner.value,
    clause,
    whose: own
      ? w.t(
          'Увеличить лимиты внутри оплаченного периода можно по документам ({{clause}}); цены в них нет, порядок её расчёта установил сам оператор.',
          { clause },
        )
      : clause,
  };
}

/** What a plan costs for each of its periods. */
export function periodPrices({ priceKopecks, periods }: TariffPlan, { t, money }: Words) {
  return periods.map((months) => ({
    months: t('{{count}} месяц', { count: months }),
    sum: money(priceKopecks * months),
  }));
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
