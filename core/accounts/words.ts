import type { Staying } from '../letters/index.ts';
import type { PlanItem } from '../retention/index.ts';
import type { BlockGround } from './types.ts';

type Both<T> = Record<'ru' | 'en', T>;

/** The grounds on which a person blocks; inactivity is the clock's own. */
export const staffGrounds = ['violation', 'unlawful', 'third-party-rights', 'security', 'bypass'] as const;

/** What a letter calls the ground of a block. */
export const blockGrounds: Record<BlockGround, Both<string>> = {
  violation: { ru: 'нарушение условий договора', en: 'a breach of the terms' },
  unlawful: { ru: 'использование сервиса в противоправных целях', en: 'unlawful use of the service' },
  'third-party-rights': { ru: 'нарушение прав третьих лиц', en: 'a violation of the rights of others' },
  security: { ru: 'угроза безопасности сервиса', en: 'a threat to the security of the service' },
  bypass: { ru: 'обход ограничений сервиса', en: 'a bypass of the limits of the service' },
  inactivity: { ru: 'длительная неактивность', en: 'a long time without activity' },
};

/** How to come back, or to object. */
export const howToReturn: Both<(contact: string) => string> = {
  ru: (contact) =>
    `Чтобы восстановить доступ или возразить, обратитесь к оператору: ${contact}. Пишите с адреса, указанного при регистрации.`,
  en: (contact) =>
    `To regain access or to object, turn to the operator: ${contact}. Write from the address of your registration.`,
};

export const erasedForInactivity: Both<string> = {
  ru: 'учётная запись оставалась заблокированной за неактивность, и за восстановлением никто не обратился',
  en: 'the account stayed blocked for inactivity and nobody asked for it back',
};

/** What paid time is lost, for a letter. */
export const lostTime: Both<(until: string, days: number) => string> = {
  ru: (until, days) => `доступ оплачен по ${until}, неиспользованных дней: ${days}`,
  en: (until, days) => `access is paid to ${until}; days not used: ${days}`,
};

/** The lines of a plan that stay, as letters list them. */
export function stays(items: readonly PlanItem[]): Staying[] {
  return items
    .filter(({ outcome, receipt }) => (receipt ? receipt.outcome === 'retained' : outcome === 'retain'))
    .map(({ title, count, because, until, receipt }) => ({
      what: title,
      ground: receipt?.because ?? because ?? '',
      until: receipt?.until ?? until ?? null,
      count: receipt?.remaining ?? count,
    }));
}

/** The lines of a plan that go. */
export function goes(items: readonly PlanItem[]): string[] {
  return items.filter(({ outcome, count }) => outcome === 'erase' && count > 0).map(({ title }) => title);
}
