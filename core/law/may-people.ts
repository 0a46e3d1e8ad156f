import { Refusal, Temporal } from '../base/index.ts';
import { sameEnd } from './due.ts';
import type { Pack } from './pack.ts';
import type { LawStep } from './types.ts';
import {
  byLaw,
  type Day,
  dayIn,
  needed,
  no,
  notAfter,
  own,
  type Predicate,
  silence,
  type When,
  yes,
} from './verdict.ts';

/** Questions about people and their data. */
export interface PeopleInputs {
  /** May this person have an account? */
  registration: { born?: Day | null; on: Day };
  /** May data be processed for this purpose of the operator? */
  processing: { purpose: string; at: When; consentedAt?: When | null; withdrawnAt?: When | null };
  /** Is this a valid consent? `proven`: what can be shown of it. */
  consent: { on: Day; separate: boolean; proven?: readonly ConsentProof[] };
  /** May this message be sent? `service`: it is about the service and advertises nothing. */
  marketing: {
    at: When;
    service?: boolean;
    consentedAt?: When | null;
    stoppedAt?: When | null;
    client?: boolean;
    ownAddress?: boolean;
    letterHas?: readonly ('reason' | 'opt-out')[];
    channel?: string;
  };
  /** May this category be collected? `by`: what allows it. */
  'special-category': { category: string; by?: 'law' | 'contract' | null };
  /** May these data be collected at all? */
  collection: { what: string };
  /** May data go to this recipient? */
  recipient: { country: string; on: Day; noticedOn?: Day | null };
  /** May the contact that a user has entered for somebody else be written to? */
  'user-contact': { confirmed: boolean; stopped?: boolean };
  /** May correspondence be shown to somebody else? */
  'correspondence-disclosure': { writtenConsent: boolean; lawfulDemand?: boolean };
}

export type ConsentProof = 'who' | 'when' | 'text' | 'purpose' | 'way';
const proofs: Record<ConsentProof, string> = {
  who: 'кто дал',
  when: 'когда',
  text: 'редакция текста',
  purpose: 'цель',
  way: 'способ',
};
const promised = { reason: 'объяснения, почему оно пришло', 'opt-out': 'способа отказаться' };
const allowing = { law: 'закон', contract: 'договор' };

export const people: { [What in keyof PeopleInputs]: Predicate<PeopleInputs[What]> } = {
  registration({ operator }, { born, on }) {
    if (!operator.age) return yes('no-age-rule', 'возраст документами не ограничен', silence('age'));
    const rule = own('age', operator.age.clause);
    const { minimum } = operator.age;
    if (!born || Temporal.PlainDate.compare(born, needed(on, 'on')) > 0) {
      return no('age-unknown', `не подтверждено, что человеку есть ${minimum} лет`, rule);
    }
    const from = born.add({ years: minimum });
    // Born on the 29th of February: the age is reached when that day is over, not the day before.
    const reached = from.day === born.day ? from : from.add({ days: 1 });
    const old = Temporal.PlainDate.compare(reached, on) <= 0;
    return old
      ? yes('of-age', `есть ${minimum} лет`, rule)
      : no('under-age', `моложе ${minimum} лет до ${reached}`, rule, { from: reached });
  },

  processing(pack, { purpose: id, at, consentedAt, withdrawnAt }) {
    const purpose = pack.operator.purposes.find((one) => one.id === id);
    if (!purpose) return no('no-purpose', 'такой цели документы оператора не называют', silence('purposes'));
    const rule = own(`purpose.${purpose.id}`, purpose.clause);
    if (!purpose.consent) return yes('other-ground', 'обработка опирается не на согласие', rule);
    if (!given(pack, consentedAt, needed(at, 'at'))) {
      return no('no-consent', 'цель опирается на согласие, а его нет', rule);
    }
    if (ended(pack, consentedAt, withdrawnAt, at)) {
      return no('consent-withdrawn', 'согласие отозвано', byLaw(pack, 'ru.152-fz.consent.withdrawal', dayIn(pack, at)));
    }
    return yes('consent', 'согласие дано и не отозвано', rule);
  },

  consent(pack, { on, separate, proven }) {
    const form = byLaw(pack, 'ru.152-fz.consent.separate', needed(on, 'on'));
    if (!needed(separate, 'separate') && form.inForce) {
      return no('not-separate', 'согласие оформлено вместе с другими документами', form);
    }
    const lacking = proven && (Object.keys(proofs) as ConsentProof[]).filter((part) => !proven.includes(part));
    if (lacking && lacking.length > 0) {
      const missing = lacking.map((part) => proofs[part]).join(', ');
      return no('not-proven', `согласия нет: не доказано, ${missing}`, byLaw(pack, 'ru.152-fz.consent.proof', on));
    }
    const note = separate ? {} : { note: 'Дано по прежнему правилу, вместе с другим документом: переспросите.' };
    return yes(separate ? 'separate' : 'old-rule', 'согласие действительно', form, note);
  },

  marketing(pack, input) {
    const { at, service, consentedAt, stoppedAt, channel } = input;
    const on = dayIn(pack, needed(at, 'at'));
    const law = byLaw(pack, 'ru.152-fz.marketing.consent', on);
    if (service) return yes('service', 'служебное сообщение: согласие на рекламу не нужно', law);
    const rules = pack.operator.marketing;
    if (!given(pack, consentedAt, at)) {
      return no('no-consent', 'нет предварительного согласия на рекламу', law, { losers: besides(pack, on) });
    }
    if (ended(pack, consentedAt, stoppedAt, at)) {
      return no('stopped', 'человек отказался от рекламы', byLaw(pack, 'ru.152-fz.marketing.stop', on));
    }
    if (!rules) return yes('consent', 'согласие на рекламу есть', law);
    const rule = own('marketing', rules.clause);
    if (rules.audience === 'clients' && !input.client) {
      return no('not-a-client', 'рассылка обещана только действующим клиентам', rule);
    }
    if (rules.ownAddressOnly && !input.ownAddress) {
      return no('foreign-address', 'рассылка обещана только на адрес, который клиент указал сам', rule);
    }
    if (channel && rules.channels.length > 0 && !rules.channels.includes(channel)) {
      return no('other-channel', 'для рекламы такой канал документами не назван', rule);
    }
    const lacking = rules.letterHas.filter((part) => !input.letterHas?.includes(part));
    if (lacking.length > 0) {
      return no('letter-lacks', `в сообщении нет ${lacking.map((part) => promised[part]).join(' и ')}`, rule);
    }
    return yes('consent', 'согласие на рекламу есть', law);
  },

  'special-category'({ operator, categories }, { category: id, by }) {
    const category = categories.get(needed(id, 'category'));
    if (!category) throw new Refusal('law.unknown-category', 'not-found', { category: id });
    const rules = operator.specialCategories;
    const rule = rules ? own('special-categories', rules.clause) : silence('special-categories');
    if (!category.special) return yes('ordinary', 'категория не специальная', rule);
    if (rules && by && rules.allowedBy.includes(by)) return yes('allowed', `допускает ${allowing[by]}`, rule);
    return no('special', 'специальные категории без такого основания не собираются', rule);
  },

  collection({ operator }, { what }) {
    const found = operator.notCollected.find((one) => one.what === needed(what, 'what'));
    if (found) return no('not-collected', found.why, own('not-collected', found.clause));
    return yes('not-listed', 'среди того, что не собирается, этого нет', silence('not-collected'));
  },

  recipient(pack, { country, on, noticedOn }) {
    const { crossBorder, region } = pack.operator;
    const law = byLaw(pack, 'ru.152-fz.cross-border', needed(on, 'on'));
    const rule = own('cross-border', crossBorder.clause);
    if (needed(country, 'country') === region) return yes('at-home', 'получатель в той же стране', law);
    if (!crossBorder.planned) return no('not-planned', 'трансграничная передача документами не предусмотрена', rule);
    if (!noticedOn || !notAfter(pack, noticedOn, on)) {
      return no('not-noticed', 'Роскомнадзор о трансграничной передаче не уведомлён', law);
    }
    return yes('noticed', 'Роскомнадзор уведомлён до начала передачи', law, {
      note: `Сбор и хранение остаются в России: ${byLaw(pack, 'ru.152-fz.localisation', on).rule}.`,
    });
  },

  'user-contact'({ operator }, { confirmed, stopped }) {
    const rules = operator.userContacts;
    if (!rules) return yes('no-rule', 'о чужих контактах документы молчат', silence('user-contacts'));
    const rule = own('user-contacts', rules.clause);
    if (rules.stop && stopped) return no('stopped', 'владелец контакта отказался от уведомлений', rule);
    if (rules.confirmation && !needed(confirmed, 'confirmed')) {
      return no('not-confirmed', 'владелец контакта его не подтвердил', rule);
    }
    return yes('confirmed', 'контакт подтверждён', rule);
  },

  'correspondence-disclosure'({ operator }, { writtenConsent, lawfulDemand }) {
    const rules = operator.correspondence;
    const rule = rules ? own('correspondence', rules.clause) : silence('correspondence');
    if (lawfulDemand) return yes('lawful-demand', 'раскрытия требует закон', rule);
    if (needed(writtenConsent, 'writtenConsent')) return yes('written-consent', 'письменное согласие есть', rule);
    return no('no-consent', 'без письменного согласия переписка не раскрывается', rule);
  },
};

/** A consent counts from the moment it was given. */
function given(pack: Pack, consentedAt: When | null | undefined, at: When): consentedAt is When {
  return Boolean(consentedAt && notAfter(pack, consentedAt, at));
}

/** A refusal counts at once, until a later consent. */
function ended(pack: Pack, consentedAt: When | null | undefined, endedAt: When | null | undefined, at: When): boolean {
  if (!endedAt || !notAfter(pack, endedAt, at)) return false;
  return !consentedAt || notAfter(pack, consentedAt, endedAt);
}

/** What stands beside the law on marketing: the law on advertising says the same; the operator's own words give way. */
function besides(pack: Pack, on: Day): LawStep[] {
  const advertising = byLaw(pack, 'ru.38-fz.consent', on);
  const rules = pack.operator.marketing;
  return [
    { rule: advertising.rule, value: 'предварительное согласие', cite: advertising.cite, why: sameEnd },
    ...(rules
      ? [
          {
            rule: 'marketing',
            value: 'рассылка по документам оператора',
            cite: own('marketing', rules.clause).cite,
            why: 'документ оператора не заменяет согласия, которого требует закон',
          },
        ]
      : []),
  ];
}
