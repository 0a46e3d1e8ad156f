import { Refusal, Temporal } from '../../base/index.ts';
import { cite } from '../cite.ts';
import { dueOf } from '../due.ts';
import type { Due, OperatorDocument } from '../types.ts';
import { contradictions, type Found, type Lint, lawClause, quote, small, titled } from './lint.ts';

type Edition = OperatorDocument['editions'][number];

/** An edition that takes effect before the promised days have passed in full. */
export function editionsTooSoon(lint: Lint): Found[] {
  return perEdition(lint, (document, edition, { mayFrom, because }) => {
    if (!edition.effective || !mayFrom || Temporal.PlainDate.compare(edition.effective, mayFrom) >= 0) return null;
    return {
      id: `edition-too-soon.${document.id}.${edition.published}`,
      inventory: contradictions(lint.pack.inventory.get(`document.${document.id}`)),
      severity: 'error',
      rule: because.winner.rule,
      clauses: [cite(because.winner.cite, 'ru'), named(document, edition)],
      apply: `Редакция действует с ${mayFrom}.`,
      why: `${titled(document.title)}: редакция от ${edition.published} объявлена действующей с ${edition.effective}, а ${because.winner.value} должны пройти полностью.`,
      settle: `Назовите днём вступления в силу ${mayFrom} или более поздний.`,
    };
  });
}

/** An edition that does not say when it takes effect. */
export function editionsWithoutEffect(lint: Lint): Found[] {
  return perEdition(lint, (document, edition, { mayFrom, because }) => {
    if (edition.effective) return null;
    return {
      id: `edition-without-effect.${document.id}.${edition.published}`,
      inventory: contradictions(lint.pack.inventory.get(`document.${document.id}`)),
      severity: 'info',
      rule: because.winner.rule,
      clauses: [named(document, edition), cite(because.winner.cite, 'ru')],
      apply: `Редакция действует с ${mayFrom}.`,
      why: `${titled(document.title)}: редакция от ${edition.published} не называет дня, с которого действует.`,
      settle: 'Назовите этот день в документе и внесите его в documents.yaml (effective).',
    };
  });
}

/** A notice that has no channel reaching the user. */
export function noticesWithoutChannel(lint: Lint): Found[] {
  const { channels, noticeChannels, limits } = lint.pack.operator;
  const titles = { documents: 'об изменении документов', limits: 'о лимитах' };
  return (['documents', 'limits'] as const).flatMap((use): Found[] => {
    // Who has no limits gives no notice of them.
    if (use === 'limits' && !limits) return [];
    const reaching = noticeChannels[use].filter((id) => channels.find((one) => one.id === id)?.to.includes('user'));
    if (reaching.length > 0) return [];
    return [
      {
        id: `no-channel.${use}`,
        inventory: [],
        severity: 'error',
        rule: use,
        clauses: [quote(noticeChannels.clause), ...channels.map((one) => quote(one.clause))],
        apply: 'Уведомления не отправляются: их некуда отправить.',
        why: `Для уведомлений ${titles[use]} не назван ни один канал, который доходит до пользователя.`,
        settle: 'Назовите канал в channels.yaml (notices).',
      },
    ];
  });
}

/** Ways of turning to the operator that the law opens and the documents leave out. */
export function requestWaysNarrow(lint: Lint): Found[] {
  const { requestWays } = lint.pack.operator;
  const list = lint.pack.rules.get('ru.152-fz.request.ways');
  if (!requestWays || !list) return [];
  const items = list.values.findLast(({ from }) => Temporal.PlainDate.compare(from, lint.today) <= 0)?.items ?? [];
  const missing = items.filter((item) => !requestWays.ways.includes(item.point));
  if (missing.length === 0) return [];
  return [
    {
      id: 'request-ways-narrow',
      inventory: contradictions(lint.pack.inventory.get('requests')),
      severity: 'warning',
      rule: list.id,
      clauses: [quote(requestWays.clause), ...lawClause(lint, list.id)],
      apply: 'Обращение принимается, каким бы путём оно ни пришло; срок идёт с его получения.',
      why: `Документ не называет путей обращения, которые даёт закон: ${missing.map((item) => small(item.title)).join('; ')}.`,
      settle: 'Назовите в документе все пути обращения и перечислите их в channels.yaml (requests).',
    },
  ];
}

function perEdition(
  { pack }: Lint,
  look: (document: OperatorDocument, edition: Edition, due: Due) => Found | null,
): Found[] {
  return pack.operator.documents.flatMap((document) =>
    document.editions.flatMap((edition) => {
      const due = change(pack, document, edition);
      return (due && look(document, edition, due)) ?? [];
    }),
  );
}

/** When the edition may take effect; null where nothing promises a notice. */
function change(pack: Lint['pack'], document: OperatorDocument, edition: Edition): Due | null {
  const duty = document.kind === 'price' ? 'change.price' : 'change.document';
  try {
    return dueOf(pack, duty, { from: edition.published });
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

function named(document: OperatorDocument, edition: Edition): string {
  const { day, month, year } = edition.published;
  return `${titled(document.title)}, редакция от ${String(day).padStart(2, '0')}.${String(month).padStart(2, '0')}.${year}`;
}
