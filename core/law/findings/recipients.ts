import type { Recipient } from '../types.ts';
import { contradictions, type Found, type Lint, lawClause, listed, quote, valueNow } from './lint.ts';

/** A recipient in another country than the one whose databases the law asks for. */
export function recipientsAbroad(lint: Lint): Found[] {
  const { operator } = lint.pack;
  return operator.recipients
    .filter((one) => one.country !== operator.region)
    .map((one) => ({
      id: `recipient-abroad.${one.id}`,
      inventory: namesOf(lint, one),
      severity: 'error',
      rule: 'ru.152-fz.localisation',
      clauses: [
        ...new Set([quote(one.clause), quote(operator.crossBorder.clause)]),
        ...lawClause(lint, 'ru.152-fz.localisation'),
        ...lawClause(lint, 'ru.152-fz.cross-border'),
      ],
      apply: 'Сам движок этому получателю ничего не передаёт; в ответе на запрос он назван среди получателей.',
      why: `${one.name}: получатель находится за пределами страны хранения (${one.country}).`,
      settle:
        'Уведомите Роскомнадзор о трансграничной передаче до её начала и храните данные сначала в России или откажитесь от получателя; решение — в settles.yaml.',
    }));
}

/** Recipients that the published policy does not name. */
export function recipientsUndisclosed(lint: Lint): Found[] {
  const { recipients } = lint.pack.operator;
  const hidden = recipients.filter((one) => !one.disclosed);
  if (hidden.length === 0) return [];
  const disclosed = recipients.filter((one) => one.disclosed).map((one) => quote(one.clause));
  return [
    {
      id: 'recipients-undisclosed',
      inventory: contradictions(...hidden.map((one) => namesOf(lint, one))),
      severity: 'warning',
      rule: 'recipients',
      clauses: [
        ...new Set([...hidden.map((one) => quote(one.clause)), ...disclosed]),
        ...lawClause(lint, 'ru.152-fz.access.points', '4'),
      ],
      apply: 'Ответ на запрос о доступе перечисляет всех получателей.',
      why: `Перечень получателей в политике не называет: ${listed(hidden.map((one) => one.name))}.`,
      settle: 'Назовите их в политике и отметьте disclosed: true.',
    },
  ];
}

/** A recipient that keeps the data as long as its own rules say. */
export function externalTerms(lint: Lint): Found[] {
  return lint.pack.operator.recipients
    .filter((one) => one.term === 'external')
    .map((one) => ({
      id: `term-external.${one.id}`,
      inventory: namesOf(lint, one),
      severity: 'warning',
      rule: one.id,
      clauses: [quote(one.termClause ?? one.clause), ...lawClause(lint, 'ru.152-fz.access.points', '6')],
      apply: 'Срок у получателя движок не исполняет: по правилам оператора уничтожается только то, что хранит он сам.',
      why: `${one.name}: срок хранения отдан на усмотрение получателя, а субъекту нужно назвать сроки.`,
      settle: 'Назовите срок, который действует у получателя, или дайте в политике ссылку на его правила.',
    }));
}

/** Processing on somebody's behalf without all that the law wants said in the instruction. */
export function instructionsIncomplete(lint: Lint): Found[] {
  const { recipients, instructions } = lint.pack.operator;
  const list = valueNow(lint, 'ru.152-fz.instruction')?.items ?? [];
  if (list.length === 0) return [];
  const given = new Set(instructions.map((one) => one.recipient));
  const silent = recipients
    .filter((one) => one.role === 'processor' && !given.has(one.id))
    .map((one) => ({
      ...{ id: one.id, title: one.name, clause: one.clause, elements: [] as readonly string[] },
      names: namesOf(lint, one),
    }));
  const written = instructions.map((one) => ({
    ...one,
    names: contradictions(lint.pack.inventory.get(`instruction.${one.id}`)),
  }));
  return [...written, ...silent].flatMap((one): Found[] => {
    const missing = list.filter((item) => !one.elements.includes(item.point));
    if (missing.length === 0) return [];
    return [
      {
        id: `instruction-incomplete.${one.id}`,
        inventory: one.names,
        severity: 'warning',
        rule: 'ru.152-fz.instruction',
        clauses: [quote(one.clause), ...lawClause(lint, 'ru.152-fz.instruction')],
        apply:
          'Движок обрабатывает эти данные только для передачи, хранения и уничтожения по своим срокам; недостающие условия он не заменяет.',
        why: `${one.title}: в поручении нет условий — ${missing.map((item) => item.title).join('; ')}.`,
        settle: 'Дополните договор с обрабатывающим лицом и перечислите условия в instructions.yaml (elements).',
      },
    ];
  });
}

function namesOf({ pack }: Lint, one: Recipient): string[] {
  return contradictions(pack.inventory.get(`recipient.${one.id}`));
}
