import { cite } from '../cite.ts';
import { contradictions, type Found, type Lint, lawClause, listed, quote, small, titled, valueNow } from './lint.ts';

/** A right whose list in the document is shorter than the law's. */
export function rightsNarrower(lint: Lint): Found[] {
  const { pack } = lint;
  return pack.operator.rights.flatMap((right): Found[] => {
    const list = pack.rights.get(right.id)?.list;
    const items = (list && valueNow(lint, list)?.items) || [];
    const missing = items.filter((item) => right.points && !right.points.includes(item.point));
    if (!list || missing.length === 0) return [];
    return [
      {
        id: `right-narrower.${right.id}`,
        inventory: contradictions(pack.inventory.get(`right.${right.id}`)),
        severity: 'warning',
        rule: list,
        clauses: [quote(right.clause), ...lawClause(lint, list)],
        apply: `Применяется перечень закона: пунктов — ${items.length}.`,
        why: `${titled(right.title)}: документ не называет пунктов ${listed(missing.map((item) => item.point))}: ${missing.map((item) => small(item.title)).join('; ')}.`,
        settle: 'Приведите перечень документа к перечню закона и дополните points в rights.yaml.',
      },
    ];
  });
}

/** Rights that the law gives and the documents pass over. */
export function rightsUnnamed(lint: Lint): Found[] {
  const { pack } = lint;
  const named = new Map(pack.operator.rights.map((right) => [right.id, right]));
  const silent = [...pack.rights.values()].filter(
    (type) => type.cite && (!named.has(type.id) || named.get(type.id)?.own),
  );
  if (silent.length === 0) return [];
  const clauses = pack.operator.rights.filter((right) => !right.own).map((right) => quote(right.clause));
  const policy = pack.operator.documents.find((document) => document.kind === 'policy');
  const documents = clauses.length > 0 ? clauses : policy ? [titled(policy.title)] : [];
  return [
    {
      id: 'rights-unnamed',
      inventory: contradictions(...silent.map((type) => pack.inventory.get(`right.${type.id}`))),
      severity: 'info',
      rule: 'rights',
      clauses: [...new Set([...documents, ...silent.flatMap((type) => (type.cite ? [cite(type.cite, 'ru')] : []))])],
      apply: 'Права действуют по закону: обращение о любом из них принимается.',
      why: `Документы не называют прав, которые даёт закон: ${silent.map((type) => small(type.title)).join('; ')}.`,
      settle: 'Назовите эти права в политике и их пункты в rights.yaml.',
    },
  ];
}
