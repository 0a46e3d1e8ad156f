import { cite } from '../cite.ts';
import { valueOn } from '../term.ts';
import type { Operator, Rule } from '../types.ts';
import { contradictions, type Found, type Lint, lawClause, listed, namesOfRules, titled } from './lint.ts';

/** Whether the law on organisers of message exchange binds the operator is not decided. */
export function openStatus({ pack, today }: Lint): Found[] {
  const { oriStatus } = pack.operator;
  if (oriStatus !== 'declared' && oriStatus !== 'disputed') return [];
  const rules = [...pack.rules.values()];
  const laws = rules.filter((rule) => rule.oriStatus && rule.layer === 'law');
  // What the law asks for under one status alone is what the open question is about.
  const disputed = laws.filter((rule) => rule.oriStatus?.length === 1).map((rule) => rule.category);
  const bound = (rule: Rule, categories: readonly (string | null)[]) =>
    rule.layer === 'operator' && rule.category !== null && categories.includes(rule.category);
  const names = namesOfRules(...rules.filter((rule) => bound(rule, disputed)));
  const categories = laws.map((rule) => rule.category);
  const own = rules.filter(
    (rule) =>
      !pack.scheduleOf.get(rule.category ?? '')?.own &&
      (bound(rule, categories) || (rule.layer === 'operator' && rule.implements.some((id) => names.includes(id)))),
  );
  const clauses = [...own, ...laws].flatMap((rule) => {
    const cited = valueOn(rule, today)?.cite;
    return cited ? cite(cited, 'ru').split('; ') : [];
  });
  return [
    {
      id: 'ori-status.open',
      inventory: names,
      severity: 'warning',
      rule: laws[0]?.id ?? 'operator',
      clauses: [...(own.length === 0 ? policyOf(pack) : []), ...new Set(clauses)],
      apply: 'Сроки хранения сообщений применяются; минимальная запись о пользователе не ведётся.',
      why: `Обязан ли оператор как организатор распространения информации, не решено (ori_status: ${oriStatus}).`,
      settle: 'Решает владелец с юристом: укажите ori_status в operator.yaml.',
    },
  ];
}

/** The operator's number in the regulator's register is not known. */
export function registerNumberMissing(lint: Lint): Found[] {
  const law = lawClause(lint, 'ru.152-fz.regulator.notice');
  if (lint.pack.operator.rknNumber || law.length === 0) return [];
  return [
    {
      id: 'rkn-number.missing',
      inventory: ['L-RKN-1'],
      severity: 'warning',
      rule: 'operator',
      clauses: law,
      apply: 'Документы печатаются без номера в реестре операторов.',
      why: 'Номер в реестре операторов Роскомнадзора не указан: не видно, что уведомление подано до начала обработки.',
      settle: 'Подайте уведомление, если его не было, и внесите rkn_number в operator.yaml.',
    },
  ];
}

/** The software that destroys is not certified as a tool of destruction. */
export function toolNotCertified(lint: Lint): Found[] {
  const law = lawClause(lint, 'ru.152-fz.security.certified');
  if (lint.pack.operator.destructionTool === 'certified' || law.length === 0) return [];
  return [
    {
      id: 'destruction-tool.not-certified',
      inventory: [],
      severity: 'warning',
      rule: 'operator',
      clauses: [...law, ...lawClause(lint, 'ru.152-fz.destruction.confirmed')],
      apply: 'Уничтожение выполняется и подтверждается актом и выгрузкой; акт не называет программу сертифицированной.',
      why: 'Программа не проходила оценку соответствия как средство уничтожения информации.',
      settle: 'Решает ответственное лицо: назовите в settles.yaml, кто и почему применяет программу без оценки.',
    },
  ];
}

/** Requisites that the documents leave out. */
export function requisitesMissing(lint: Lint): Found[] {
  const { operator } = lint.pack;
  const wanted: [keyof Operator, string][] = [
    ['inn', 'ИНН'],
    ['address', 'адреса'],
    ['email', 'адреса электронной почты'],
  ];
  const missing = wanted.filter(([key]) => !operator[key]).map(([, title]) => title);
  if (missing.length === 0) return [];
  return [
    {
      id: 'requisites-missing',
      inventory: contradictions(lint.pack.inventory.get('operator')),
      severity: 'error',
      rule: 'operator',
      clauses: [
        ...policyOf(lint.pack),
        ...lawClause(lint, 'ru.152-fz.access.points', '4'),
        ...lawClause(lint, 'ru.152-fz.policy.publication'),
      ],
      apply: 'На страницах, в письмах и в ответах на их месте сказано, что документы их не называют.',
      why: `Документы не называют ${listed(missing)} оператора: субъект не узнает, к кому и куда обратиться.`,
      settle: 'Назовите реквизиты в политике и внесите их в operator.yaml.',
    },
  ];
}

/** The policy as a whole: where it is silent there is no clause to name. */
function policyOf({ operator }: Lint['pack']): string[] {
  const policy = operator.documents.find((document) => document.kind === 'policy');
  return policy ? [titled(policy.title)] : [];
}
