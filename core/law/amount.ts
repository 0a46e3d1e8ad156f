import { Refusal, Temporal } from '../base/index.ts';
import { describePeriod } from '../calendar/index.ts';
import { because } from './due.ts';
import type { PolicyFile } from './files.ts';
import type { Pack } from './pack.ts';
import { camel, citation, keyed, nearest, need, type RawCite } from './raw.ts';
import type { Amount, AmountFormula, AmountInput, AmountRule, Citation, LawStep } from './types.ts';

type Day = Temporal.PlainDate;
type Figure = 'percent' | 'kopecks' | 'months';

/** Read it as a table: which figures each formula takes from the pack. */
const figures: Record<AmountFormula, readonly Figure[]> = {
  'per-day-percent': ['percent'],
  'lesser-of-share-and-sum': ['percent', 'kopecks', 'months'],
  'unused-days': [],
  'all-if-whole-period': [],
  'paid-minus-expenses': [],
  'difference-for-unused-days': [],
  nothing: [],
};

/** Asked for by what they are for, not by a name: there can be one of each. */
const onlyOnce: readonly AmountFormula[] = ['difference-for-unused-days'];

const nbsp = '\u00a0';
const roubles = new Intl.NumberFormat('ru', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const plain = new Intl.NumberFormat('ru', { maximumFractionDigits: 3 });

/** As it is written in the pack; what the formula does not need is not there. */
type RawAmount = Pick<AmountRule, 'id' | 'title' | 'formula' | 'clause'> & {
  percent?: number;
  kopecks?: number;
  months?: number;
  customer?: 'business' | 'consumer';
  onlyIf?: 'deferred';
  specialTo?: string[];
  own?: boolean;
  note?: string;
  implements?: string[];
  exceptions?: (Omit<AmountRule['exceptions'][number], 'cite'> & {
    cite: RawCite;
    certainty: Citation['certainty'];
  })[];
};

/** The money rules of an operator; none where its pack has no such file. @throws PolicyError */
export function amountsOf(file: PolicyFile | undefined): AmountRule[] {
  if (!file) return [];
  const known = keyed(file, 'id');
  const all = camel(file.data) as RawAmount[];
  return all.map((raw, index) => {
    checkFigures(file, index, raw);
    if (onlyOnce.includes(raw.formula) && all.findIndex(({ formula }) => formula === raw.formula) < index) {
      throw file.fail([index, 'formula'], `formula: there is another "${raw.formula}" already`);
    }
    for (const id of raw.specialTo ?? []) need(file, [index, 'special_to'], known, id, 'money rule');
    if (raw.customer && raw.exceptions?.some(({ when }) => when === 'consumer')) {
      throw file.fail([index, 'exceptions'], 'exceptions: a rule for one kind of customer says nothing of consumers');
    }
    return {
      id: raw.id,
      title: raw.title,
      formula: raw.formula,
      clause: raw.clause,
      percent: raw.percent ?? null,
      kopecks: raw.kopecks ?? null,
      months: raw.months ?? null,
      customer: raw.customer ?? null,
      onlyIf: raw.onlyIf ?? null,
      specialTo: raw.specialTo ?? [],
      exceptions: (raw.exceptions ?? []).map(({ when, answer, why, cite, certainty }) => ({
        when,
        answer,
        why,
        cite: citation(cite, certainty),
      })),
      own: raw.own ?? false,
      note: raw.note ?? null,
      implements: raw.implements ?? [],
    };
  });
}

function checkFigures(file: PolicyFile, index: number, raw: RawAmount): void {
  for (const name of ['percent', 'kopecks', 'months'] as const) {
    const wanted = figures[raw.formula].includes(name);
    if (wanted && raw[name] === undefined) throw file.fail([index], `"${raw.formula}" needs "${name}"`);
    if (!wanted && raw[name] !== undefined) {
      throw file.fail([index, name], `${name}: "${raw.formula}" has no such figure`);
    }
  }
  if (raw.percent !== undefined && Math.abs(raw.percent * 1000 - Math.round(raw.percent * 1000)) > 1e-6) {
    throw file.fail([index, 'percent'], `percent: ${raw.percent} has more than three decimals`);
  }
}

/**
 * What a money rule of the operator's documents comes to, in whole kopecks; a part of a kopeck is rounded to the
 * nearest one, a half upwards. Where the law puts something else in the rule's place, that is the answer: a person
 * decides, or there is no limit. Who does not know what kind of customer it is gets what protects a consumer.
 *
 * @throws Refusal `law.unknown-amount` (with `near`), `law.amount-input` (which field), `law.amount-not-for`
 */
export function amountOf(pack: Pack, id: string, input: AmountInput): Amount {
  const rules = new Map(pack.operator.amounts.map((one) => [one.id, one]));
  const rule = rules.get(id);
  if (!rule) {
    throw new Refusal('law.unknown-amount', 'not-found', {
      amount: id,
      near: nearest(id, [...rules.keys()]),
      message: `There is no money rule "${id}".`,
    });
  }
  if (rule.customer && input.customer && rule.customer !== input.customer) {
    throw new Refusal('law.amount-not-for', 'invalid', { field: 'customer', amount: id, only: rule.customer });
  }
  const { kopecks, words, note } = sumOf(rule, input);
  const step = { rule: rule.id, value: words, cite: ownCite(rule) };
  const exception = rule.exceptions.find(({ when }) =>
    when === 'consumer' ? input.customer !== 'business' : input.breach === when,
  );
  if (exception) {
    return {
      rule: rule.id,
      kopecks: null,
      decision: exception.answer,
      because: because(
        pack,
        { rule: rule.id, value: exception.why, cite: exception.cite },
        [{ ...step, why: exception.why }],
        input.customer ? [] : ['Вид заказчика не известен: взят порядок для потребителя.'],
      ),
    };
  }
  const general = rule.specialTo.map((other): LawStep => {
    const { title, ...one } = rules.get(other) as AmountRule;
    return { rule: other, value: title, cite: ownCite(one), why: 'специальное условие действует вместо общего' };
  });
  return {
    rule: rule.id,
    kopecks,
    decision: kopecks === null ? 'human' : 'sum',
    because: because(pack, step, general, note ? [note] : []),
  };
}

function ownCite({ clause, own }: Pick<AmountRule, 'clause' | 'own'>): Citation {
  return { act: 'документы оператора', clause, certainty: own ? 'C' : 'A' };
}

interface Sum {
  kopecks: number | null; // null: the documents leave it to a person
  words: string;
  note?: string;
}

const sums: Record<AmountFormula, (rule: AmountRule, input: AmountInput) => Sum> = {
  'per-day-percent'(rule, input) {
    const owed = money(input, 'owed');
    const days = Math.max(0, dayFrom(input, 'dueOn').until(dayFrom(input, 'paidOn')).days);
    return {
      kopecks: share(owed, thousandths(rule) * BigInt(days), 100_000n),
      words: `${inRoubles(owed)} × ${percentOf(rule)} × ${inDays(days)}`,
    };
  },
  'lesser-of-share-and-sum'(rule, input) {
    const on = dayFrom(input, 'on');
    const after = on.subtract({ months: rule.months as number });
    const payments = input.payments ?? missing('payments');
    const paid = payments
      .filter((one) => Temporal.PlainDate.compare(one.on, after) > 0 && Temporal.PlainDate.compare(one.on, on) <= 0)
      .reduce((sum, one) => sum + whole('payments', one.kopecks), 0);
    const limit = rule.kopecks as number;
    return {
      kopecks: Math.min(share(paid, thousandths(rule), 100_000n), limit),
      words: `меньшее из двух: ${percentOf(rule)} от ${inRoubles(paid)} за ${describePeriod({ months: rule.months as number }, 'ru')} и ${inRoubles(limit)}`,
    };
  },
  'unused-days'(_rule, input) {
    const paid = money(input, 'paid');
    const total = periodDays(input);
    const unused = unusedDays(input, total, 'endedOn');
    return {
      kopecks: share(paid, BigInt(unused), BigInt(total)),
      words: `${inRoubles(paid)} × ${unused} / ${inDays(total)}`,
    };
  },
  'all-if-whole-period'(_rule, input) {
    const paid = money(input, 'paid');
    const total = periodDays(input);
    const down = whole('downDays', input.downDays ?? missing('downDays'));
    if (down > total) throw wrong('downDays', `В периоде ${total} дн.`);
    const words = `доступа не было ${down} из ${inDays(total)}, уплачено ${inRoubles(paid)}`;
    if (down === 0) return { kopecks: 0, words };
    if (down < total) return { kopecks: null, words, note: 'О части периода документы молчат: решает человек.' };
    if (!(input.proven ?? missing('proven'))) {
      return { kopecks: null, words, note: 'Данные мониторинга этого не подтверждают: решает человек.' };
    }
    return { kopecks: paid, words };
  },
  'paid-minus-expenses'(_rule, input) {
    const paid = money(input, 'paid');
    const expenses = money(input, 'expenses');
    return { kopecks: Math.max(0, paid - expenses), words: `${inRoubles(paid)} − ${inRoubles(expenses)}` };
  },
  'difference-for-unused-days'(_rule, input) {
    const [paid, price] = [money(input, 'paid'), money(input, 'price')];
    if (price < paid)
      throw wrong('price', 'Новый тариф не дешевле уплаченного: внутри периода ничего не возвращается.');
    const total = periodDays(input);
    const unused = unusedDays(input, total, 'changedOn');
    return {
      kopecks: share(price - paid, BigInt(unused), BigInt(total)),
      words: `(${inRoubles(price)} − ${inRoubles(paid)}) × ${unused} / ${inDays(total)}`,
    };
  },
  nothing: () => ({ kopecks: 0, words: 'возврата нет' }),
};

function sumOf(rule: AmountRule, input: AmountInput): Sum {
  if (rule.onlyIf === 'deferred' && !(input.deferred ?? missing('deferred'))) {
    return { kopecks: 0, words: 'отсрочка платежа не предоставлена' };
  }
  return sums[rule.formula](rule, input);
}

/** `sum × part / of`, exact, rounded to the nearest kopeck, a half upwards. */
function share(sum: number, part: bigint, of: bigint): number {
  return Number((BigInt(sum) * part * 2n + of) / (of * 2n));
}

/** A percentage as whole thousandths of a per cent: 0.1 is 100. */
function thousandths(rule: AmountRule): bigint {
  return BigInt(Math.round((rule.percent as number) * 1000));
}

/** A paid period is counted from the day after `from` (ГК РФ ст. 191) to the whole of `until`. */
function periodDays(input: AmountInput): number {
  const days = dayFrom(input, 'from').until(dayFrom(input, 'until')).days;
  if (days <= 0) throw wrong('until', 'Период кончается не раньше дня, следующего за его началом.');
  return days;
}

/** Days of a period after the last one that was used. */
function unusedDays(input: AmountInput, total: number, lastUsed: 'endedOn' | 'changedOn'): number {
  return Math.min(total, Math.max(0, dayFrom(input, lastUsed).until(dayFrom(input, 'until')).days));
}

function money(input: AmountInput, field: 'paid' | 'price' | 'owed' | 'expenses'): number {
  return whole(field, input[field] ?? missing(field));
}

function whole(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw wrong(field, `${field}: целое число не меньше нуля; суммы — в копейках.`);
}

function dayFrom(
  input: AmountInput,
  field: 'from' | 'until' | 'endedOn' | 'changedOn' | 'dueOn' | 'paidOn' | 'on',
): Day {
  return input[field] ?? missing(field);
}

function missing(field: string): never {
  throw wrong(field, `Для этой суммы нужно поле ${field}.`);
}

function wrong(field: string, message: string): Refusal {
  return new Refusal('law.amount-input', 'invalid', { field, message });
}

/** A sum as the Russian texts have it: `2 018,06 ₽`. */
export function inRoubles(kopecks: number): string {
  return `${roubles.format(kopecks / 100)}${nbsp}₽`;
}

function inDays(days: number): string {
  return describePeriod({ days }, 'ru');
}

function percentOf(rule: AmountRule): string {
  return `${plain.format(rule.percent as number)}${nbsp}%`;
}
