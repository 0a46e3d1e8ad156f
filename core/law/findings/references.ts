import { clausesOf } from '../coverage.ts';
import { contradictions, type Found, type Lint, lawClause, listed, quote } from './lint.ts';

/** A clause that the pack rests on and the document does not have. */
export function clausesThatAreNotThere(lint: Lint): Found[] {
  const { clauses } = lint.known;
  if (!clauses || clauses.size === 0) return [];
  const missing = new Map<string, string[]>();
  for (const { text, where } of lint.pack.cited) {
    for (const [document, has] of clauses) {
      for (const clause of clausesOf(text, document).filter((one) => !has.has(one)))
        note(`${document} ${clause}`, where);
    }
    for (const part of text.split(';').map((one) => one.trim())) {
      // «Офферта 3.5.3»: a number of a document that nobody knows.
      const document = /^(\p{Lu}\p{Ll}+) \d/u.exec(part)?.[1];
      if (document && !clauses.has(document)) note(part, where);
    }
  }
  function note(clause: string, where: string): void {
    missing.set(clause, [...(missing.get(clause) ?? []), where]);
  }
  return [...missing].map(([clause, places]) => ({
    id: `clause-missing.${clause.replaceAll(' ', '-')}`,
    inventory: [],
    severity: 'error',
    rule: [...new Set(places)][0] as string,
    clauses: [quote(clause)],
    apply: 'Значение применяется; ссылка ведёт в никуда.',
    why: `Такого пункта в документе нет; на него ссылается пакет: ${listed([...new Set(places)])}.`,
    settle: 'Исправьте пункт в пакете или дополните перечень пунктов документа в policies/inventory.',
  }));
}

/** A recipient or a connector for a purpose that the operator does not have. */
export function purposesThatAreNotThere(lint: Lint): Found[] {
  const { operator } = lint.pack;
  const known = new Set(operator.purposes.map((purpose) => purpose.id));
  const recipients = operator.recipients.map((one) => ({ ...one, purposes: [one.purpose], kind: 'recipient' }));
  const connectors = operator.connectors.map((one) => ({
    ...{ id: String(one.id), kind: 'connector', clause: 'connectors.yaml' },
    purposes: one.purposes as string[],
  }));
  return [...recipients, ...connectors].flatMap((one) =>
    one.purposes
      .filter((purpose) => !known.has(purpose))
      .map((purpose) => ({
        id: `purpose-missing.${one.kind}.${one.id}`,
        inventory: contradictions(lint.pack.inventory.get(`${one.kind}.${one.id}`)),
        severity: 'warning',
        rule: one.id,
        clauses: [quote(one.clause), ...lawClause(lint, 'ru.152-fz.principles', 'ч. 2')],
        apply: 'В ответе на запрос цель названа так, как её называет словарь.',
        why: `Цели «${purpose}» у оператора нет, а ${one.kind === 'recipient' ? 'получатель её называет' : 'система её называет'}: ${one.id}.`,
        settle: 'Внесите цель с основанием в purposes.yaml или исправьте ссылку на неё.',
      })),
  );
}

/** A document that is made part of one that the pack does not have. */
export function documentsThatAreNotThere({ pack }: Lint): Found[] {
  const known = new Set(pack.operator.documents.map((document) => document.id));
  return [...pack.partOf]
    .filter(([, { whole }]) => !known.has(whole))
    .map(([id, { whole, clause }]) => ({
      id: `document-missing.${id}`,
      inventory: contradictions(pack.inventory.get(`document.${id}`)),
      severity: 'error',
      rule: id,
      clauses: [quote(clause)],
      apply: 'Документ показан сам по себе.',
      why: `Документ «${id}» объявлен частью документа «${whole}», которого в пакете нет.`,
      settle: 'Исправьте part_of или внесите документ в documents.yaml.',
    }));
}
