import { Refusal, Temporal } from '../../base/index.ts';
import { cite } from '../cite.ts';
import { keepOf } from '../keep.ts';
import { describeValue } from '../term.ts';
import type { LintKnown, Purpose, Rule } from '../types.ts';
import { contradictions, type Found, type Lint, lawClause, namesOfRules, quote, small, valueNow } from './lint.ts';

/** A category that purposes name and no schedule ends. */
export function categoriesWithoutSchedule(lint: Lint): Found[] {
  const { pack } = lint;
  return categoriesIn(pack.operator.purposes)
    .filter(([category]) => !pack.scheduleOf.has(category))
    .map(([category, purposes]) => ({
      id: `no-schedule.${category}`,
      inventory: namesOf(lint, purposes),
      severity: 'warning',
      rule: category,
      clauses: [...clausesOf(purposes), ...lawClause(lint, 'ru.152-fz.principles', 'ч. 7')],
      apply: 'Ничего из этой категории не уничтожается автоматически.',
      why: `Срок хранения не задан: ${small(titleOf(lint, category))}.`,
      settle:
        'Назовите срок в документе и внесите его в schedules.yaml; если документ молчит — с пометкой own и причиной.',
    }));
}

/** A category that is kept and that no purpose names. */
export function categoriesWithoutPurpose(lint: Lint): Found[] {
  const used = new Set(lint.pack.operator.purposes.flatMap((purpose) => purpose.processing));
  return [...lint.pack.scheduleOf.values()]
    .filter((schedule) => !used.has(schedule.category))
    .map((schedule) => ({
      id: `no-purpose.${schedule.category}`,
      inventory: namesOfRules(lint.pack.rules.get(schedule.id)),
      severity: 'error',
      rule: schedule.id,
      clauses: [quote(schedule.clause), ...lawClause(lint, 'ru.152-fz.principles', 'ч. 2')],
      apply: 'Срок исполняется; в реестре обработки категория показана без цели.',
      why: `Ни одна цель не называет эту категорию: ${small(titleOf(lint, schedule.category))}.`,
      settle: 'Назовите цель в purposes.yaml или уберите срок: без цели данные не собирают.',
    }));
}

/** A category all of whose purposes are without a basis. */
export function categoriesWithoutBasis(lint: Lint): Found[] {
  return categoriesIn(lint.pack.operator.purposes)
    .filter(([, purposes]) => purposes.every((purpose) => purpose.bases.length === 0))
    .map(([category, purposes]) => ({
      id: `no-basis-for.${category}`,
      inventory: namesOf(lint, purposes),
      severity: 'error',
      rule: category,
      clauses: [...clausesOf(purposes), ...lawClause(lint, 'ru.152-fz.grounds')],
      apply: 'В ответе на запрос и в реестре обработки цели этой категории показаны без основания.',
      why: `Ни у одной цели нет основания для этой категории: ${small(titleOf(lint, category))}.`,
      settle: 'Назовите основание хотя бы одной из целей; без него данные обрабатывать нельзя.',
    }));
}

/** A purpose without a legal basis. */
export function purposesWithoutBasis(lint: Lint): Found[] {
  return lint.pack.operator.purposes
    .filter((purpose) => purpose.bases.length === 0)
    .map((purpose) => ({
      id: `no-basis.${purpose.id}`,
      inventory: namesOf(lint, [purpose]),
      severity: 'error',
      rule: purpose.id,
      clauses: [quote(purpose.clause), ...lawClause(lint, 'ru.152-fz.grounds')],
      apply: 'В ответе на запрос и в реестре обработки цель показана без основания.',
      why: `У цели нет правового основания: ${small(purpose.title)}.`,
      settle: 'Назовите основание цели в документе и в purposes.yaml (bases) со ссылкой на норму.',
    }));
}

/** A category that the documents call depersonalised although it tells whose it is. */
export function saidDepersonalised(lint: Lint): Found[] {
  const { pack } = lint;
  return pack.operator.claims
    .filter((one) => one.claim === 'depersonalised' && pack.categories.get(one.category)?.personal)
    .map((one) => ({
      id: `said-depersonalised.${one.id}`,
      inventory: contradictions(pack.inventory.get(`claim.${one.id}`)),
      severity: 'warning',
      rule: one.category,
      clauses: [
        quote(one.clause),
        ...(one.against ? [quote(one.against)] : []),
        ...lawClause(lint, 'ru.152-fz.definitions'),
      ],
      apply: one.apply,
      why: `Документ называет обезличенным то, по чему можно узнать человека: ${small(titleOf(lint, one.category))}.`,
      settle:
        'Исправьте формулировку в документе: обезличенные данные нельзя отнести к человеку без дополнительных сведений.',
    }));
}

/** A term that the documents do not give: the pack's default, for the owner to decide. */
export function ownSchedules(lint: Lint): Found[] {
  const { pack } = lint;
  return [...pack.scheduleOf.values()]
    .filter((schedule) => schedule.own)
    .map((schedule) => {
      const rule = pack.rules.get(schedule.id) as Rule;
      const term = rule.values.map((value) => describeValue(rule, value)).join(', ');
      const laws = (pack.byCategory.get(schedule.category) ?? []).filter((one) => one.layer === 'law');
      const bounds = laws.flatMap((one) => valueNow(lint, one.id)?.cite ?? []).map((one) => cite(one, 'ru'));
      const other = bounds.length > 0 ? bounds : lawClause(lint, 'ru.152-fz.principles', 'ч. 7');
      return {
        id: `own-schedule.${schedule.id}`,
        inventory: namesOfRules(rule),
        severity: 'info',
        rule: schedule.id,
        clauses: [...new Set([quote(schedule.clause), ...other])],
        apply: `Применяется умолчание пакета: ${small(schedule.title)} — ${term}. ${schedule.why ?? ''}`.trim(),
        why: `Документы оператора не называют срока: ${small(titleOf(lint, schedule.category))}.`,
        settle:
          'Решает владелец: внесите срок в документ и его пункт в пакет или подтвердите умолчание в settles.yaml.',
      };
    });
}

/** A sum that the documents do not name: the owner's choice, for the owner to confirm. */
export function ownAmounts({ pack }: Lint): Found[] {
  return pack.operator.amounts
    .filter(({ own }) => own)
    .map((rule) => ({
      id: `own-amount.${rule.id}`,
      inventory: contradictions(rule.implements),
      severity: 'info',
      rule: rule.id,
      clauses: [quote(rule.clause)],
      apply: `Применяется умолчание пакета: ${small(rule.title)}. ${rule.note ?? ''}`.trim(),
      why: `Документы оператора не говорят, как считать сумму: ${small(rule.title)}.`,
      settle:
        'Решает владелец: внесите правило в документ и его пункт в пакет или подтвердите умолчание в settles.yaml.',
    }));
}

/** A term that no store and no connector carries out, or only one that destroys later. */
export function schedulesNotEnforced(lint: Lint): Found[] {
  const { pack, known } = lint;
  if (!known.stores) return [];
  const places = [...known.stores, ...pack.operator.connectors.map(placeOf)];
  return [...pack.scheduleOf.values()].flatMap((schedule): Found[] => {
    const { oriStatus } = pack.rules.get(schedule.id) as Rule;
    if (oriStatus && !oriStatus.includes(pack.operator.oriStatus)) return [];
    if (places.some((place) => place.schedule === schedule.category)) return [];
    const holding = places.filter((place) => Object.values(place.columns).includes(schedule.category));
    const late = holding.find((place) => !isGoneInTime(lint, schedule.category, place.schedule));
    if (holding.length > 0 && !late) return [];
    const longer = late && `вместе с данными «${titleOf(lint, late.schedule)}», срок которых длиннее`;
    return [
      {
        id: `not-enforced.${schedule.id}`,
        inventory: namesOfRules(pack.rules.get(schedule.id)),
        severity: late ? 'error' : 'warning',
        rule: schedule.id,
        clauses: [quote(schedule.clause), ...lawClause(lint, 'ru.152-fz.purpose-reached')],
        apply: longer
          ? `Данные уничтожаются ${longer}.`
          : 'Срок вычисляется и показывается, но уничтожать по нему нечего: таких записей программа не хранит.',
        why: longer
          ? `Срок нарушается: ${small(schedule.title)} — уничтожаются ${longer}.`
          : `Срок никто не исполняет: ${small(schedule.title)}.`,
        settle: longer
          ? 'Приведите сроки к одному или храните эти данные отдельно.'
          : `Если эти данные лежат в другой системе, опишите её в connectors.yaml (schedule: ${schedule.category}); если их нет — подтвердите это в settles.yaml.`,
      },
    ];
  });
}

type Place = NonNullable<LintKnown['stores']>[number];

function placeOf(connector: Readonly<Record<string, unknown>>): Place {
  const columns = (connector.columns ?? connector.fields ?? {}) as Record<string, string>;
  return { schedule: String(connector.schedule), columns };
}

/** Does what is destroyed by the term of one category go no later than the term of another asks? */
function isGoneInTime({ pack, days }: Lint, category: string, schedule: string): boolean {
  try {
    return days.every((from) => {
      const [wanted, done] = [keepOf(pack, category, { from }), keepOf(pack, schedule, { from })];
      return Temporal.PlainDate.compare(done.destroyBy, wanted.destroyBy) <= 0;
    });
  } catch (error) {
    // A category without a term is destroyed by nobody.
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function categoriesIn(purposes: readonly Purpose[]): [category: string, purposes: Purpose[]][] {
  return [...new Set(purposes.flatMap((purpose) => purpose.processing))].map((category) => [
    category,
    purposes.filter((purpose) => purpose.processing.includes(category)),
  ]);
}

const clausesOf = (purposes: readonly Purpose[]) => [...new Set(purposes.map((purpose) => quote(purpose.clause)))];

function namesOf({ pack }: Lint, purposes: readonly Purpose[]): string[] {
  return contradictions(...purposes.map((purpose) => pack.inventory.get(`purpose.${purpose.id}`)));
}

function titleOf({ pack }: Lint, category: string): string {
  return pack.categories.get(category)?.title ?? category;
}
